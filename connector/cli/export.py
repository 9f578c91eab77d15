"""Codes and groups as a file, for whatever has no outlet of its own."""

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import click

from connector import handover
from connector.campaigns.candidates import members
from connector.cli.context import Installation, pass_installation
from connector.cli.output import number, say, warn
from connector.cli.report import grouped
from connector.cli.shops import each_shop, leave, wait_option
from connector.config import nearest
from connector.delivery import gives, last_day
from connector.errors import ConfigError, StammkundeError
from connector.handover import Batch, Contact
from connector.quantity import counted
from connector.shop import Shop, definitions_of

COLUMNS = ("shop", "customer_id", "email", "first_name", "last_name", "language")
CODE_COLUMNS = ("code", "code_in_groups", "ends", "gives", "campaign", "reminder")

# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@click.command()
@click.argument("name", metavar="CAMPAIGN|GROUP")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), default="-", help="The file. [stdout]")
@click.option("--again", is_flag=True, help="Codes that were handed over before, too.")
@click.option("--shop", "shops", multiple=True, help="From this shop only.")
@wait_option
@pass_installation
def export(
    installation: Installation, name: str, to: Path, again: bool, shops: tuple[str, ...], wait: float
) -> None:
    """Write the members of a group, or the open codes of a campaign, as CSV.

    Only those who may be written to: who confirmed it, or as `consent` in the config says. Codes of a
    campaign count as handed over from then on, and their validity starts.
    """
    config = installation.config
    names = [
        *config.campaigns,
        *(each.name for shop in config.shops for each in definitions_of(config, shop)),
    ]
    if name not in names:
        raise ConfigError(f"There is no campaign or group '{name}'. {nearest(name, names)}")
    rows: list[tuple[Shop, Batch]] = []

    def work(shop: Shop) -> int:
        batch = _batch(installation, shop, name, again=again)
        _say_left_out(shop, batch)
        rows.append((shop, batch))
        _write(to, _table(shop, batch, with_codes=name in config.campaigns), first=len(rows) == 1)
        handover.note_handed(shop, batch.contacts)
        shop.watch.close()
        say(f"{shop.name}: {counted(len(batch.contacts), 'contact')} written.")
        return len(batch.contacts)

    leave(each_shop(installation, shops, "export", wait, work)[1])


def _batch(installation: Installation, shop: Shop, name: str, *, again: bool) -> Batch:
    campaign = next((each for each in shop.campaigns(active=False) if each.name == name), None)
    if campaign is None:
        _warn_of_holdout(installation, shop, name)
        return handover.group_batch(shop, members(shop.db, shop.key, name))
    batch = handover.code_batch(shop, campaign, again=again)
    if handover.start_validity(shop, campaign, batch.contacts):
        batch = handover.code_batch(shop, campaign, again=again)
    return batch


def _warn_of_holdout(installation: Installation, shop: Shop, group: str) -> None:
    """Whoever writes to the whole group writes to those held out, too."""
    for name, each in installation.config.campaigns.items():
        held = "SELECT count(*) FROM assignments WHERE shop = ? AND campaign = ? AND arm = 'holdout'"
        if each.group == group and shop.db.value(held, (shop.key, name)):
            warn(
                f"{shop.name}: this holds people whom campaign {name} holds out. To write about that"
                f" campaign, take `stammkunde export {name}`."
            )


def _say_left_out(shop: Shop, batch: Batch) -> None:
    for why, count in batch.left_out.most_common():
        say(f"{shop.name}: left out: {number(count)} who {why}")


def _table(shop: Shop, batch: Batch, *, with_codes: bool) -> Iterator[tuple[str, ...]]:
    yield (*COLUMNS, *CODE_COLUMNS) if with_codes else COLUMNS
    zone = ZoneInfo(shop.info().time_zone)
    for each in batch.contacts:
        plain = (shop.name, each.customer_id, each.email, each.first_name, each.last_name, each.language)
        yield tuple(
            harmless(cell or "") for cell in (*plain, *(_code_cells(each, zone) if with_codes else ()))
        )


def _code_cells(contact: Contact, zone: ZoneInfo) -> tuple[str, ...]:
    """What the customer is told, in the customer's language."""
    code = contact.code
    if code is None:
        return ("",) * len(CODE_COLUMNS)
    reminder = "yes" if contact.reminder else "no"
    return (
        code.code,
        grouped(code.code),
        last_day(code.ends_at, zone).isoformat(),
        gives(code.terms, contact.language),
        code.campaign,
        reminder,
    )


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: what looks like one gets an apostrophe before it."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _write(to: Path, rows: Iterable[Sequence[str]], *, first: bool) -> None:
    """The rows; behind those of the shop before, without another header."""
    kept = list(rows)[0 if first else 1 :]
    if str(to) == "-":
        _write_rows(sys.stdout, kept)
        return
    try:
        to.touch(mode=0o600)
        if to.is_file():  # it may have been there, for everybody to read
            to.chmod(0o600)
        with to.open("w" if first else "a", encoding="utf-8", newline="") as file:
            _write_rows(file, kept)
    except OSError as error:
        raise StammkundeError(
            f"{to} cannot be written: {error.strerror}. Nothing was handed over."
        ) from error


def _write_rows(file: TextIO, rows: Iterable[Sequence[str]]) -> None:
    csv.writer(file, lineterminator="\n").writerows(rows)
