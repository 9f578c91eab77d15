"""`make bench`: how fast the line is, as figures and as ratios within one run.

Aims are reported, never gates.
"""

import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from connector.cli.output import show, show_json, show_table

ROOT = Path(__file__).parents[2]


def measure(script: str, **arguments: object) -> dict[str, Any]:
    """Run one measurement in a process of its own, so that its memory is its own too."""
    given = [f"{name}={value}" for name, value in arguments.items()]
    command = [sys.executable, "-m", f"tests.benchmarks.{script}", *given]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["pull", "store", "facts", "large"]))
@click.option("--customers", default=25_000, show_default=True, help="Of the shop that is pulled.")
@click.option("--people", default=200_000, show_default=True, help="Of the shop whose facts are worked out.")
@click.option("--orders", default=1_000_000, show_default=True, help="Of that shop.")
@click.option("--large", default=1_000_000, show_default=True, help="Customers of the large shop.")
@click.option("--json", "as_json", is_flag=True)
def bench(
    names: tuple[str, ...], customers: int, people: int, orders: int, large: int, as_json: bool
) -> None:
    """Measure pulling, storing, facts and groups; only those NAMES, if given.

    The large shop takes ten minutes and three gigabytes of disk: it is measured only by its name.
    """
    chosen = set(names or ("pull", "store", "facts"))
    found: dict[str, Any] = {"machine": f"{platform.machine()}, Python {platform.python_version()}"}
    with tempfile.TemporaryDirectory(prefix="stammkunde-bench-") as folder:
        export = Path(folder) / "orders.jsonl"
        if chosen & {"pull", "store"}:
            found["bulk"] = measure("pulling", way="bulk", customers=customers, export=export)
        if "pull" in chosen:
            found["pages"] = measure("pulling", way="pages", customers=customers)
            found["a quarter, bulk"] = measure("pulling", way="bulk", customers=customers // 4)
        if "store" in chosen:
            found["line"] = measure("storing", way="line", export=export)
            found["plain"] = measure("storing", way="plain", export=export)
        if "facts" in chosen:
            found["facts"] = measure("working_out", people=people, orders=orders)
        if "large" in chosen:
            found |= _measure_large(Path(folder), large)
    if as_json:
        show_json(found)
    else:
        _show(found)


def _measure_large(folder: Path, customers: int) -> dict[str, Any]:
    """A tenth of it first, for the growth; then the same aggregates by DuckDB over the same file."""
    file = folder / "large.sqlite"
    tenth = customers // 10
    return {
        "tenth": measure("large", file=folder / "tenth.sqlite", customers=tenth, orders=5 * tenth),
        "large": measure("large", file=file, customers=customers, orders=5 * customers),
        "duckdb": measure("comparing", file=file),
    }


def _show(found: Mapping[str, Any]) -> None:
    show(found["machine"])
    for name, table in (("pages", _show_pull), ("line", _show_store), ("facts", _show_facts)):
        if name in found:
            table(found)
    if "large" in found:
        _show_large(found["tenth"], found["large"], found["duckdb"])


def _show_pull(found: Mapping[str, Any]) -> None:
    show_table(
        ["Pull", "Customers", "Orders", "Records/s", "Waiting for the shop", "Peak memory"],
        [
            (
                way,
                found[way]["customers"],
                found[way]["orders"],
                round(found[way]["records"] / found[way]["seconds"]),
                f"{found[way]['waiting']:.0%}",
                f"{found[way]['megabytes']} MB",
            )
            for way in ("bulk", "pages", "a quarter, bulk")
        ],
        right={"Waiting for the shop", "Peak memory"},
        title="\nFrom the sandbox into the mirror",
    )


def _show_store(found: Mapping[str, Any]) -> None:
    show_table(
        ["Orders with their lines, from JSONL into SQLite", "Orders/s of one core"],
        [
            ("Stammkunde: decode, translate, judge, store (aim 30,000)", round(found["line"]["per_second"])),
            ("A plain msgspec loop with prepared inserts", round(found["plain"]["per_second"])),
        ],
        title=f"\nRatio to a plain loop: {found['line']['per_second'] / found['plain']['per_second']:.2f}",
    )


def _show_facts(found: Mapping[str, Any]) -> None:
    facts = found["facts"]
    show_table(
        ["Facts and ten groups", "Seconds"],
        [
            ("In full (aim 5 s)", f"{facts['full']:.2f}"),
            ("Joining people, once after a first load", f"{facts['people']:.2f}"),
            ("After 100 changed customers (aim 0.1 s)", f"{facts['incremental']:.3f}"),
        ],
        right={"Seconds"},
        title=f"\n{facts['people_count']:,} people, {facts['orders']:,} orders:"
        f" incremental is {facts['full'] / facts['incremental']:.0f} times as fast",
    )


# What a figure of the large shop is the sum of.
SUMS = {
    "In full (aim 60 s)": ("facts", "groups", "cohorts"),
    "  facts, ABC and RFM, with joining people": ("facts",),
    "    of that, joining people": ("people",),
    "  twenty groups, three of them on products": ("groups",),
    "  cohorts": ("cohorts",),
    "After 1,000 changed orders (aim 1 s)": ("changed facts", "changed groups"),
    "On the next day": ("next day's facts", "next day's groups"),
}


def _show_large(tenth: Mapping[str, Any], large: Mapping[str, Any], duckdb: Mapping[str, Any]) -> None:
    show_table(
        ["Large shop", "Seconds", "Of one core", "A tenth of it, of one core", "Growth"],
        [_large_row(name, parts, tenth, large) for name, parts in SUMS.items()],
        right={"Seconds", "Of one core", "A tenth of it, of one core", "Growth"},
        title=f"\n{large['customers']:,} customers, {large['orders']:,} orders, {large['lines']:,} lines:"
        f" {large['megabytes']} MB of memory at most (aim 1,000), a file of {large['file']:,} MB",
    )
    ours = sum(large["clock"][part] for part in ("facts", "groups", "cohorts")) - large["clock"]["people"]
    same = "the same groups" if large["sizes"] == duckdb["sizes"] else "OTHER GROUPS, which is a defect"
    show(
        f"\nDuckDB, on all cores, with people already joined: {duckdb['full']:.1f} s, {same};"
        f" that takes us {ours / duckdb['full']:.1f} times as long."
    )


def _large_row(
    name: str, parts: tuple[str, ...], tenth: Mapping[str, Any], large: Mapping[str, Any]
) -> tuple[str, ...]:
    clock, core, small = (
        sum(figures[part] for part in parts) for figures in (large["clock"], large["core"], tenth["core"])
    )
    return name, f"{clock:.1f}", f"{core:.1f}", f"{small:.2f}", f"{core / small:.1f} times"


if __name__ == "__main__":
    bench()
