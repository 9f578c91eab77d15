"""Newsletter tools and receivers: their settings and secrets, and who writes over whom."""

from collections.abc import Iterator
from itertools import combinations

from connector.config import Config, OutletConfig, Problem, open_outlet
from connector.config.problems import Place
from connector.errors import ConfigError
from connector.validate.described import listed, meet
from connector.validate.secrets import secret_problems, setting_secret


def outlet_problems(config: Config) -> Iterator[Problem]:
    for name, outlet in config.outlets.items():
        place = ("outlets", name)
        found = [
            problem for each in outlet.settings.items() for problem in setting_secret(config, place, *each)
        ]
        yield from found
        if not found and not config.is_spoiled(place):
            yield from _outlet_setting_problems(config, outlet, place)


def _outlet_setting_problems(config: Config, outlet: OutletConfig, place: Place) -> Iterator[Problem]:
    try:
        opened = open_outlet(outlet)
    except ConfigError as error:
        # Several sentences, of which the last says what to do.
        reason, _, mend = str(error).removeprefix(f"outlets.{outlet.name}: ").partition(". ")
        mend = mend or f"docs/outlets.md shows the settings of {outlet.outlet}."
        yield config.problem(place, reason.rstrip("."), mend)
        return
    opened.close()
    if opened.fields:
        yield from _field_rivals(config, outlet, place)


def _field_rivals(config: Config, outlet: OutletConfig, place: Place) -> Iterator[Problem]:
    """A contact has each of our fields once: two shops, or two campaigns, would write over each other."""
    shops = [name for name in config.shops if outlet.applies_to(name)]
    if len(shops) > 1:
        mend = f'Name one: shops = ["{shops[0]}"]. For the others add a table with other names in fields.'
        yield config.problem(place, f"{listed(shops)} would write over each other's fields", mend)
    mine = [(name, each) for name, each in config.campaigns.items() if outlet.name in each.deliver]
    for (one, first), (other, second) in combinations([each for each in mine if each[1].active], 2):
        if (first.beside_others or second.beside_others) and meet(config, first, second):
            message = f"somebody may hold a code of '{one}' too, and '{outlet.name}' keeps one"
            mend = f"Add a table such as [outlets.{outlet.name}-2] with other names in fields."
            yield config.problem(("campaigns", other, "deliver"), message, mend)


def receiver_problems(config: Config) -> Iterator[Problem]:
    for name, receiver in config.receivers.items():
        yield from secret_problems(config, ("receivers", name, "secret"), receiver.secret)
    mail = config.alerts.mail
    if mail is not None and mail.password is not None:
        yield from secret_problems(config, ("alerts", "mail", "password"), mail.password)
    if mail is not None and (mail.user is None) != (mail.password is None):
        mend = "Give both, or neither."
        yield config.problem(("alerts", "mail"), "has one of user and password without the other", mend)
