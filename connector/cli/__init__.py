"""The command line: the only place that prints or picks an exit code.

Commands are found through `connector.cli.contents`. They take what they work on from `connector.cli.context`
and print with `connector.cli.output`; failures are told in `connector.cli.failure`.
"""

from datetime import datetime
from pathlib import Path

import click

from connector import __version__
from connector.cli.contents import Contents
from connector.cli.context import Installation, Moment
from connector.cli.logs import set_up
from connector.cli.streams import prepare_stdout


@click.group(cls=Contents, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="STAMMKUNDE_CONFIG",
    metavar="FILE",
    help="The config [$STAMMKUNDE_CONFIG, ./stammkunde.toml].",
)
@click.option("-v", "--verbose", is_flag=True, help="Say more of what happens.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what needs attention.")
@click.option(
    "--log-format",
    type=click.Choice(("text", "json")),
    default="text",
    hidden=True,
    help="How log lines are written: for people, or an object a line for a collector of logs.",
)
@click.option("--now", type=Moment(), hidden=True)
@click.version_option(__version__, message="%(prog)s %(version)s", help="Show the version.")
@click.pass_context
def main(
    context: click.Context,
    config: Path | None,
    verbose: bool,
    quiet: bool,
    log_format: str,
    now: datetime | None,
) -> None:
    """Turns a shop's buyers into regular customers."""
    prepare_stdout()
    set_up(verbose=verbose, quiet=quiet, as_json=log_format == "json")
    context.obj = Installation(config, now, verbose, quiet)
