"""Who is told what happens: the owner's own tools, and the mailbox for trouble."""

import click

from connector import outbox
from connector.cli.context import Installation, json_option, pass_installation
from connector.cli.output import say, show_json, show_table


@click.command()
@click.option("--test", "name", metavar="NAME", help="Send a test message to this receiver, or to 'mail'.")
@json_option
@pass_installation
def receivers(installation: Installation, name: str | None, as_json: bool) -> None:
    """Show who is told what happens, and what waits to be sent."""
    if name is not None:
        outbox.test(installation.config, name, installation.now())
        say(f"{name} took the test message.")
        return
    found = outbox.standings(installation.database, installation.config)
    if as_json:
        show_json(found)
        return
    show_table(
        ["Receiver", "Waiting", "Delivered", "Given up", "Trouble"],
        [(each.receiver, each.waiting, each.delivered, each.given_up, each.error) for each in found],
        empty="Nobody is told anything: there is no [receivers.NAME] and no [alerts.mail] in the config.",
    )
