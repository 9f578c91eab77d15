"""The rights of the people in the mirror, as commands."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import click
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from connector import __version__, mirror, privacy
from connector import sync as line
from connector.adapter import adapter_class
from connector.cli.context import Installation, json_option, pass_installation
from connector.cli.output import say, show, show_json, warn
from connector.cli.shops import each_shop, leave, wait_option
from connector.database import hold
from connector.errors import StammkundeError
from connector.outlet import outlet_class
from connector.privacy import Held, Receipt
from connector.quantity import counted
from connector.shop import Shop, kept_fields

shop_option = click.option("--shop", help="In this shop only.")
_PAGES = Environment(
    loader=PackageLoader("connector.cli"), autoescape=select_autoescape(("html",)), undefined=StrictUndefined
)
person_argument = click.argument("person", metavar="ID|EMAIL")


@click.command()
@person_argument
@shop_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@json_option
@pass_installation
def forget(
    installation: Installation, person: str, shop: str | None, yes: bool, wait: float, as_json: bool
) -> None:
    """Remove a person from here, and our tags and codes of theirs from the shop.

    Everything of the person goes: records, history, ledger. Orders stay as nobody's. A hash of ids and
    addresses is kept, so that the next pull does not bring them back. The receipt is for your files.
    """
    if not yes:
        click.confirm(f"Remove everything about {person}? This cannot be undone.", abort=True, err=True)

    def work(opened: Shop) -> Receipt | None:
        opened.info()
        receipt = privacy.forget(opened, person)
        line.work_out(opened)
        opened.watch.close()
        return receipt

    receipts, code = each_shop(installation, (shop,) if shop else (), "forget", wait, work)
    receipts += [] if shop else _forget_in_former_shops(installation, person, wait)
    done = [each for each in receipts if each is not None]
    if as_json:
        show_json(done)
    for receipt in done if not as_json else ():
        _show_receipt(receipt)
    if not done and not code:
        say(f"Nobody called {person} is stored. An address is remembered as a hash all the same.")
    leave(code or int(any(each.left_in_shop for each in done)))


def _forget_in_former_shops(installation: Installation, person: str, wait: float) -> list[Receipt | None]:
    """Shops that left the config left their customers in the database."""
    receipts = []
    for name in _stored_shops(installation):
        if name not in installation.config.shops:
            db, now = installation.database, installation.now()
            with hold(db.path, name, wait=wait, holder="forget"):
                receipts.append(privacy.forget_here(db, mirror.open_shop(db, name), name, person, now))
    return receipts


def _stored_shops(installation: Installation) -> list[str]:
    """Every shop that the database knows, whether or not the config still does."""
    return [row["name"] for row in installation.database.rows("SELECT name FROM shops ORDER BY shop")]


def _show_receipt(receipt: Receipt) -> None:
    at = receipt.at.astimezone()
    show(f"{receipt.shop}: forgotten on {at.day} {at:%b %Y at %H:%M}.")
    show(f"  Removed here: {counted(receipt.records, 'customer record')} with history, groups and ledger.")
    show(f"  Made anonymous: {counted(receipt.orders, 'order')}.")
    show(
        f"  In the shop: our tags taken off {counted(receipt.tags_removed, 'record')},"
        f" {counted(receipt.codes_disabled, 'code')} disabled."
    )
    for sentence in receipt.left_in_shop:
        warn(f"  Left in the shop: {sentence}")
    say("  The shop itself, its backups and your newsletter tool have records of their own.")


@click.command()
@person_argument
@shop_option
@click.option(
    "--html", "page", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page."
)
@json_option
@pass_installation
def subject(
    installation: Installation, person: str, shop: str | None, page: Path | None, as_json: bool
) -> None:
    """Show everything that is stored of a person, for a request under Art. 15 GDPR."""
    db = installation.database
    names = [each.name for each in installation.shops((shop,))] if shop else _stored_shops(installation)
    found = [held for name in names if (held := privacy.held(db, mirror.open_shop(db, name), name, person))]
    if not found:
        raise StammkundeError(f"Nothing is stored of '{person}'.")
    if page is not None:
        _write_page(page, person, found)
        say(f"Written: {page}")
    elif as_json:
        show_json(found)
    else:
        for each in found:
            _show_held(each)


def _show_held(held: Held) -> None:
    show(held.shop)
    for title, rows in held.tables.items():
        show(f"\n  {title}")
        for row in rows:
            show("    " + ", ".join(f"{name}: {value}" for name, value in row.items()))


def _write_page(path: Path, person: str, found: list[Held]) -> None:
    text = _PAGES.get_template("subject.html").render(person=person, found=found)
    try:
        with os.fdopen(
            os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            if path.is_file():  # it may have been there, for everybody to read
                path.chmod(0o600)
            file.write(text)
    except OSError as error:
        raise StammkundeError(f"{path} cannot be written: {error.strerror}.") from error


@click.command()
@person_argument
@click.option("--withdraw", is_flag=True, help="Take the objection back.")
@shop_option
@wait_option
@pass_installation
def objection(installation: Installation, person: str, withdraw: bool, shop: str | None, wait: float) -> None:
    """Note that a person objects to profiling: out of every group, figure and campaign.

    The person gets the tag sk:no-profiling in the shop. You can also give it there by hand.
    """

    def work(opened: Shop) -> int:
        changed = privacy.object_to_profiling(opened, person, withdraw=withdraw)
        line.work_out(opened)
        opened.watch.close()
        return changed

    changed, code = each_shop(installation, (shop,) if shop else (), "objection", wait, work)
    if not sum(changed) and not code:
        raise StammkundeError(f"Nobody called '{person}' is stored.")
    if sum(changed):
        what = "withdrawn" if withdraw else "noted"
        say(f"Objection {what}: {counted(sum(changed), 'customer record')} changed in the shop.")
    leave(code)


_FIELDS = {
    "en": {"names": "first and last name", "phone": "telephone", "birthday": "birthday", "gender": "gender"},
    "de": {
        "names": "Vor- und Nachname",
        "phone": "Telefon",
        "birthday": "Geburtstag",
        "gender": "Geschlecht",
    },
}
_BASIS = {
    "en": ("consent, Art. 6 (1) (a) GDPR", "section 7 (3) of the German Unfair Competition Act"),
    "de": ("Einwilligung, Art. 6 Abs. 1 lit. a DSGVO", "§ 7 Abs. 3 UWG"),
}
#: Outlets that are named by their host instead.
_OWN = {"webhook"}


@click.command("privacy")
@click.option("--language", type=click.Choice(("de", "en")), default="de", show_default=True)
@pass_installation
def texts(installation: Installation, language: str) -> None:
    """Print drafts for the privacy policy and the record of processing (Art. 30), from the config."""
    config = installation.config
    groups = [*config.groups, *config.ladders]
    campaigns = {name: each for name, each in config.campaigns.items() if each.active}
    # Whatever has a table gets groups, too, so it is named whether or not a campaign delivers there.
    tools = config.outlets.values()
    outlets = {outlet_class(each.outlet).title for each in tools if each.outlet not in _OWN}
    urls = [each.url for each in config.receivers.values()]
    urls += [str(each.settings["url"]) for each in tools if each.outlet == "webhook"]
    hosts = {urlsplit(each).hostname or "" for each in urls}
    existing = config.consent.basis == "existing-customer"
    kept = {field for shop in config.shops for field in kept_fields(config, shop)}
    page = _PAGES.get_template(f"privacy.{language}.md").render(
        shops=list(config.shops),
        platforms=sorted({adapter_class(each.adapter).title for each in config.shops.values()}),
        fields=[text for name, text in _FIELDS[language].items() if name in kept],
        groups=groups,
        campaigns=list(campaigns),
        recipients=sorted(outlets | hosts),
        existing_customers=existing,
        basis=_BASIS[language][existing],
        gone_days=config.privacy.gone_after_days,
        inactive_days=config.privacy.inactive_after_days,
        version=__version__,
    )
    show(page.rstrip())
