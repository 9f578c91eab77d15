"""Doing the same with several shops: each is opened, locked and closed, and none stops another."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import click

from connector import outbox
from connector.cli.context import Installation
from connector.cli.failure import defect, sentence
from connector.cli.output import warn, watching
from connector.config import ShopConfig
from connector.errors import StammkundeError
from connector.shop import Shop

T = TypeVar("T")

# These end the command and are no defects: usage errors, an answer of no, a reader that went away.
_ENDING = (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError)

wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="How long to wait where another run is active. [0]",
)


@contextmanager
def opened(installation: Installation, settings: ShopConfig) -> Iterator[Shop]:
    """A shop with its adapter and somebody looking on. Takes no lock."""
    with installation.adapter(settings) as adapter, watching(settings.name) as watch:
        yield Shop(installation.database, installation.config, settings, adapter, installation.now, watch)


def each_shop(
    installation: Installation, names: Sequence[str], doing: str, wait: float, work: Callable[[Shop], T]
) -> tuple[list[T], int]:
    """Do `work` with each shop under its lock. Failures are told as they come and stop no other shop.

    Returns:
        What came of those that went well, and the exit code: 0, or the one that all failures share, else 1.
    """
    done: list[T] = []
    codes: dict[str, int] = {}
    for settings in installation.shops(names):
        try:
            with opened(installation, settings) as shop, shop.lock(doing, wait):
                done.append(work(shop))
                outbox.feed(shop.db, shop.key, shop.name, shop.config, shop.now())
        except StammkundeError as error:
            warn(_named(settings.name, sentence(error)))
            codes[settings.name] = error.exit_code
        except _ENDING:
            raise
        except Exception as error:  # noqa: BLE001  a defect met in one shop must not stop the next
            warn(_named(settings.name, defect(error, verbose=installation.verbose)))
            codes[settings.name] = 1
    if done:  # else there may be no database to look into
        outbox.send_waiting(installation.database, installation.config, installation.now())
    _tell_failed(list(codes), len(done) + len(codes))
    different = set(codes.values())
    return done, different.pop() if len(different) == 1 else int(bool(different))


def _tell_failed(failed: Sequence[str], tried: int) -> None:
    """Once more at the end: of forty shops, the sentences about three scroll away."""
    if failed and tried > 1:
        warn(f"\nOf {tried} shops {len(failed)} did not go through: {', '.join(failed)}.")


def leave(code: int) -> None:
    """End the command with that exit code."""
    if code:
        raise click.exceptions.Exit(code)


def _named(shop: str, text: str) -> str:
    return text if shop in text else f"{shop}: {text}"
