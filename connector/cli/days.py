"""A past day, asked for on the command line."""

from datetime import date, datetime

import click

from connector.errors import ConfigError

as_of_option = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="As of the end of that day, as 2026-05-31. [today]",
)


def day_asked(as_of: datetime | None, today: date) -> date:
    """The day that was asked for, or today.

    Raises:
        ConfigError: it lies ahead.
    """
    if as_of is not None and as_of.date() > today:
        raise ConfigError(f"{as_of.date()} lies ahead: nobody knows yet. Today is {today} in the shop.")
    return as_of.date() if as_of else today
