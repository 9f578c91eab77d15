"""`stammkunde jtl unmatched`: what the shop and its books do not know of each other."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import click
import msgspec

from connector.adapter import Adapter
from connector.errors import ConfigError

if TYPE_CHECKING:  # loaded when used, so that `--help` stays fast
    from adapters.jtl.two_sources import Unmatched


class Installation(Protocol):
    """What the command line hands to every command."""

    def shops(self, names: Sequence[str]) -> list[Any]:
        """The shops of these names."""
        ...

    def adapter(self, shop: Any) -> AbstractContextManager[Adapter]:
        """The adapter of a shop, closed at the end."""
        ...


@click.command()
@click.argument("shop")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@click.pass_obj
def unmatched(installation: Installation, shop: str, as_json: bool) -> None:
    """List orders and customers that only one of JTL-Shop and JTL-Wawi knows.

    For a shop with `orders_from`. Reads both whole, which takes as long as a first pull, and writes nothing.
    """
    from adapters.jtl.adapter import JtlAdapter

    (found,) = installation.shops((shop,))
    with installation.adapter(found) as adapter:
        if not isinstance(adapter, JtlAdapter):
            raise ConfigError(f'{shop} is no shop with `adapter = "jtl"`.')
        rows = list(adapter.unmatched())
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return
    for row in rows:
        click.echo("  ".join(cell for cell in _cells(row) if cell))
    click.echo(_summary(rows), err=True)


def _cells(row: "Unmatched") -> tuple[str | None, ...]:
    return (row.kind, row.number or row.id, f"({row.system})", row.channel, row.email, f"- {row.why}")


def _summary(rows: "Sequence[Unmatched]") -> str:
    if not rows:
        return "Everything has its partner."
    counts = Counter((row.kind, row.system) for row in rows)
    parts = [
        f"{count} {kind}{'' if count == 1 else 's'} in {system} only"
        for (kind, system), count in counts.items()
    ]
    return f"{', '.join(parts)}."
