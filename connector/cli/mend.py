"""Taking over, taking back, and going on."""

import click

from connector import ledger, mirror
from connector import push as pushing
from connector.cli import report
from connector.cli.context import Installation, json_option, pass_installation, shops_argument
from connector.cli.output import say, show, show_json, warn
from connector.cli.shops import each_shop, leave, wait_option
from connector.config import nearest
from connector.errors import ConfigError
from connector.plan import unknown_tags
from connector.push import Pushed
from connector.quantity import counted
from connector.shop import Shop


@click.command()
@shops_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@pass_installation
def adopt(installation: Installation, shops: tuple[str, ...], yes: bool, wait: float) -> None:
    """Take over tags with our prefix that were in the shop before us.

    From then on they are ours: who does not belong to the group loses the tag with the next push.
    """

    def work(shop: Shop) -> None:
        count = unknown_tags(shop.db, shop.key)
        if not count:
            show(f"{shop.name}: there is nothing to adopt.")
        elif yes or click.confirm(f"{shop.name}: adopt {counted(count, 'tag')}?", err=True):
            run = ledger.begin(shop.db, shop.key, "adopt", shop.now())
            ledger.adopt_tags(shop.db, shop.key, run)
            ledger.end(shop.db, run, shop.now(), "done", {"tags": count})
            show(f"{shop.name}: {counted(count, 'tag')} adopted. Next: `stammkunde plan {shop.name}`.")

    leave(each_shop(installation, shops, "adopt", wait, work)[1])


@click.command()
@click.argument("run")
@wait_option
@json_option
@pass_installation
def undo(installation: Installation, run: str, wait: float, as_json: bool) -> None:
    """Reverse one push: RUN is its name, as `push` and `status` show it.

    Takes back tags and disables unredeemed codes that are still as that push left them, never anything
    foreign, and says what it could not take back. Pushing to that shop is held until `resume`.
    """
    name = _shop_of(installation, run)

    def work(shop: Shop) -> Pushed:
        undone = pushing.undo(shop, run)
        shop.watch.close()
        if not as_json:
            _say_undone(shop, run, undone)
        return undone

    done, code = each_shop(installation, (name,), "undo", wait, work)
    if as_json:
        show_json(done)
    leave(code or int(any(each.refused for each in done)))


def _shop_of(installation: Installation, run: str) -> str:
    found = ledger.find_run(installation.database, run)
    if found is None:
        names = [row["run"] for row in installation.database.rows("SELECT run FROM runs WHERE kind = 'push'")]
        raise ConfigError(f"There is no run '{run}'. {nearest(run, names)}")
    shop, what = found
    if what.kind != "push":
        raise ConfigError(f"{run} is not a push: there is nothing to take back.")
    row = installation.database.row("SELECT name FROM shops WHERE shop = ?", (shop,))
    assert row is not None  # noqa: S101  every run has its shop
    return str(row["name"])


def _say_undone(shop: Shop, run: str, undone: Pushed) -> None:
    show(f"{shop.name}: {counted(undone.done, 'change')} of {run} taken back, {len(undone.refused)} refused.")
    for change, error in undone.refused:
        warn(f"  refused: {report.about(change)}: {error}")
    for sentence in undone.left:
        warn(f"  left: {sentence}")
    say(f"Pushing to {shop.name} is held. `stammkunde resume {shop.name}` lets it go on.")


@click.command()
@shops_argument
@pass_installation
def resume(installation: Installation, shops: tuple[str, ...]) -> None:
    """Let a held shop be pushed to again."""
    for settings in installation.shops(shops):
        shop = mirror.open_shop(installation.database, settings.name)
        held = ledger.why_held(installation.database, shop)
        ledger.hold(installation.database, shop, None)
        show(f"{settings.name}: {'pushing goes on' if held else 'was not held'}.")
        if held:
            say(f"The groups are as before: look at `stammkunde plan {settings.name}` before the next push.")
