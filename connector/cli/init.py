"""Writing a config: from what the shop says, what the owner answers, and defaults for the rest."""

import os
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from string import Template
from typing import Any, TypeVar, get_args

import click

from connector.adapter import adapter_class, adapters
from connector.cli.context import FILE_NAME, Installation, is_there, pass_installation
from connector.cli.failure import sentence
from connector.cli.output import day, say
from connector.cli.snippet import shop_table
from connector.config import (
    BrokenConfigError,
    Secret,
    Setting,
    ShopConfig,
    nearest,
    open_adapter,
    parse,
    read_setting,
    settings_of,
)
from connector.errors import ConfigError, StammkundeError
from connector.model import CountWhen, ShopInfo
from connector.quantity import counted

T = TypeVar("T")

#: Customer groups that are seldom customers. Only a suggestion; the owner decides.
DEALERS = re.compile(
    "händler|handel|dealer|reseller|wholesale|b2b|staff|mitarbeiter|employee|personal", re.IGNORECASE
)
COMMENTS = {
    "push": "Whether anything may be written to the shop. Look at `stammkunde plan` first.",
    "exclude": "Who is in no group, no figure and no campaign: dealers, staff, marketplaces.",
    "count_when": "When an order counts, by payment method; the others count once they are paid or shipped.",
    "settle_days": "So many days after shipping an order no longer comes back.",
    "margin": "Your margin on net sales.",
    "history_starts": "The first day of the orders here. Rules that look further back are not pushed.",
    "limits": "Beyond these shares of people and this number of coupons a plan is only shown, not pushed.",
}
STARTER = Path(__file__).with_name("starter.toml")


@click.command()
@click.option("--adapter", metavar="NAME", help="The platform; `stammkunde adapters` lists them.")
@click.option("--shop", metavar="NAME", help="What to call the shop here, such as 'roastery'.")
@click.option(
    "--set",
    "given",
    metavar="SETTING=VALUE",
    multiple=True,
    help="A setting of the adapter; a secret as env:NAME or file:PATH.",
)
@click.option("--yes", is_flag=True, help="Ask nothing: take the defaults.")
@click.option("--key", "key_only", is_flag=True, help="Only write the key file of a config that is there.")
@pass_installation
def init(
    installation: Installation,
    adapter: str | None,
    shop: str | None,
    given: tuple[str, ...],
    yes: bool,
    key_only: bool,
) -> None:
    """Write a commented config, looking into the shop and asking.

    Every question has a default. An existing config is never overwritten, and nothing is written to the shop.
    """
    if key_only:
        _write_key_of_config(installation)
        return
    path = installation.given or Path(FILE_NAME)
    if is_there(path):
        raise StammkundeError(f"{path} exists already and is left as it is. Another: --config FILE.")
    asking = Questions(yes=yes)
    platform = _choose_adapter(asking, adapter, given)
    found = _ask_settings(asking, platform, shop, given)
    options = _ask_options(asking, _look_into(found))
    text = Template(STARTER.read_text(encoding="utf-8")).substitute(shop=_shop_text(found, options))
    config, problems = parse(text, path)
    if problems:
        raise BrokenConfigError(path, problems)
    _write_private(path, text)
    _write_key(config.key_file)
    _say_next(path, found)


class Questions:
    """Asks on stderr until an answer is right, or takes every default."""

    def __init__(self, *, yes: bool) -> None:
        self.yes = yes

    def ask(self, text: str, default: str, read: Callable[[str], T]) -> T:
        """What `read` makes of an answer; where it raises `click.BadParameter`, the question comes again."""
        if self.yes:
            return read(default)
        return click.prompt(text, default=default, value_proc=read, err=True, show_default=bool(default))

    def ask_list(self, text: str, default: Sequence[str] = ()) -> list[str]:
        """Several answers, separated by commas."""
        answer = self.ask(f"{text} (separated by commas)", ", ".join(default), str)
        return [each.strip() for each in answer.split(",") if each.strip()]


# The adapter and its settings


def _choose_adapter(asking: Questions, name: str | None, given: Iterable[str]) -> str:
    """The one named, or else by default the first that has the settings which were given."""
    known = adapters()
    if name is None:
        settings = {each.partition("=")[0] for each in given}
        likely = (each for each in known if each != "memory" and settings <= _names_of_settings(each))
        name = asking.ask("Platform", next(likely, "memory"), str)
    if name not in known:
        raise ConfigError(f"There is no adapter '{name}'. {nearest(name, known)}")
    return name


def _names_of_settings(adapter: str) -> set[str]:
    try:
        return {setting.name for setting in settings_of(adapter)}
    except ConfigError:  # it does not load; whoever names it is told so
        return set()


def _ask_settings(asking: Questions, adapter: str, name: str | None, given: Iterable[str]) -> ShopConfig:
    """The shop as far as its adapter needs it."""
    known = {setting.name: setting for setting in settings_of(adapter)}
    settings = dict(_given_setting(adapter, each, known) for each in given)
    for setting in known.values():
        if setting.required and setting.kind != "secret" and setting.name not in settings:
            settings[setting.name] = _ask_required(asking, adapter, setting)
    name = _shop_name(name) if name else _ask_name(asking, _suggest_name(adapter, settings))
    for setting in _wanted_secrets(adapter, known, settings):
        settings[setting.name] = _ask_secret(asking, setting, name)
    return ShopConfig(name=name, adapter=adapter, settings=settings)


def _given_setting(adapter: str, text: str, known: dict[str, Setting]) -> tuple[str, Any]:
    # A value is never repeated in an error: it may be a secret that somebody put there.
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError("--set takes SETTING=VALUE.")
    if name not in known:
        raise click.UsageError(f"There is no setting '{name}'. {nearest(name, known)}")
    if known[name].kind == "secret":
        return name, _to_secret(value)
    try:
        return name, read_setting(adapter, name, value)
    except ValueError as error:
        raise click.UsageError(f"--set {name} {error}.") from error


def _to_secret(text: str) -> Secret:
    kind, _, where = text.partition(":")
    if kind == "env" and re.fullmatch("[A-Z_][A-Z0-9_]*", where):
        return Secret(env=where)
    if kind == "file" and where:
        return Secret(file=Path(where).expanduser().absolute())
    raise click.BadParameter("A secret is given as env:NAME (a variable's name in capitals) or file:PATH.")


def _ask_required(asking: Questions, adapter: str, setting: Setting) -> Any:
    if asking.yes:
        raise click.UsageError(f"--yes needs --set {setting.name}=…: {setting.text or 'it has no default.'}")

    def read(answer: str) -> Any:
        try:
            return read_setting(adapter, setting.name, answer)
        except ValueError as error:
            raise click.BadParameter(f"{setting.name} {error}.") from error

    return click.prompt(f"{setting.name} ({setting.text.rstrip('.')})", value_proc=read, err=True)


def _ask_name(asking: Questions, suggestion: str) -> str:
    return asking.ask("What shall the shop be called here", suggestion, _shop_name)


def _shop_name(text: str) -> str:
    if not re.fullmatch("[a-z0-9-]+", text):
        raise click.BadParameter(f"'{text}' is no name of a shop: use only a-z, 0-9 and '-'.")
    return text


def _suggest_name(adapter: str, settings: dict[str, Any]) -> str:
    """The first word of the shop's address, where there is one."""
    address = next((each for each in settings.values() if isinstance(each, str) and "." in each), adapter)
    word = re.sub(r"^[a-z]+://", "", address.casefold()).removeprefix("www.").partition(".")[0]
    # Of an address made of numbers, as of a shop on this machine, the first word says nothing.
    return adapter if word.isdecimal() else re.sub("[^a-z0-9-]+", "-", word).strip("-") or adapter


def _wanted_secrets(adapter: str, known: dict[str, Setting], settings: dict[str, Any]) -> list[Setting]:
    """The secrets that must be there; where the adapter takes one of several, the first that fits.

    What was given already tells which: with `client_id` it is `client_secret` that is missing.
    """
    missing = [each for each in known.values() if each.kind == "secret" and each.name not in settings]
    required = [each for each in missing if each.required]
    if required or len(missing) < sum(each.kind == "secret" for each in known.values()):
        return required
    make: Any = adapter_class(adapter)
    try:
        make(**settings).close()
    except ConfigError:
        begun = {name.split("_")[0] for name in settings}
        return sorted(missing, key=lambda each: each.name.split("_")[0] not in begun)[:1]
    return []


def _ask_secret(asking: Questions, setting: Setting, shop: str) -> Secret:
    variable = f"{'SHOP_' if shop[0] in '-0123456789' else ''}{shop}_{setting.name}"
    about = f"Where is the secret '{setting.name}'? env:NAME or file:PATH, never the secret itself"
    return asking.ask(about, f"env:{variable.replace('-', '_').upper()}", _to_secret)


# What the shop says, and what the owner adds


def _look_into(shop: ShopConfig) -> ShopInfo | None:
    """What the shop says of itself, or None with the reason told: a config can be written without it."""
    try:
        adapter = open_adapter(shop)
        try:
            info = adapter.check()
        finally:
            adapter.close()
    except StammkundeError as error:
        say(f"The shop could not be looked into: {sentence(error)}")
        say("The questions have their usual defaults.")
        return None
    say(f"Found {info.name}: {info.currency}, {info.time_zone}.")
    if info.customer_count is not None and info.order_count is not None:
        say(f"{counted(info.customer_count, 'customer')}, {counted(info.order_count, 'order')}.")
    if info.orders_visible_from is not None:
        say(f"It shows orders only since {day(info.orders_visible_from.date())}.")
    return info


def _ask_options(asking: Questions, info: ShopInfo | None) -> dict[str, object]:
    """The shop's options that differ from their defaults."""
    options: dict[str, object] = {
        "exclude": _ask_exclude(asking, info.customer_groups if info else ()),
        "count_when": _ask_count_when(asking, info.payment_methods if info else ()),
        "settle_days": int(
            asking.ask("Days until a parcel can no longer come back", "30", click.IntRange(0))
        ),
        "margin": _ask_margin(asking),
        "history_starts": _ask_history(asking),
    }
    return {name: value for name, value in options.items() if value not in ({}, None)}


def _ask_exclude(asking: Questions, groups: Sequence[str]) -> dict[str, list[str]]:
    chosen: list[str] = []
    if groups:
        say(f"Customer groups in the shop: {', '.join(groups)}.")
        likely = [group for group in groups if DEALERS.search(group)]
        chosen = asking.ask_list("Groups to leave out, such as dealers and staff", likely)
    tags = asking.ask_list("Customers to leave out by tag, such as b2b, staff")
    domains = asking.ask_list("Customers to leave out by e-mail domain, such as marketplaces")
    found = {"customer_groups": chosen, "tags": tags, "email_domains": domains}
    return {name: value for name, value in found.items() if value}


def _days(text: str) -> int:
    if not text.strip().isdecimal():
        raise click.BadParameter(f"'{text}' is no number of days.")
    return int(text)


def _ask_count_when(asking: Questions, methods: Sequence[str]) -> dict[str, str]:
    """When orders count, for the payment methods that need another rule than paid or shipped."""
    found = {}
    for method in methods:
        text = f"Orders by {method} count when ({', '.join(get_args(CountWhen))})"
        when = asking.ask(text, "paid-or-shipped", _moment)
        if when != "paid-or-shipped":
            found[method] = when
    return found


def _moment(text: str) -> str:
    choices: click.Choice[str] = click.Choice(get_args(CountWhen))
    return choices.convert(text, None, None)


def _ask_margin(asking: Questions) -> Decimal | None:
    return asking.ask("Margin on net sales, such as 40 % (empty: no profit figures)", "", _margin)


def _margin(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        share = Decimal(text.strip().removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        raise click.BadParameter(f"'{text}' is no margin such as 0.4 or 40 %.") from None
    share = share / 100 if "%" in text else share
    if not 0 <= share <= 1:
        raise click.BadParameter("A margin is between 0 and 100 %.")
    return share


def _ask_history(asking: Questions) -> date | None:
    text = "First day of the orders here, if older ones are elsewhere (empty: all are here)"
    return asking.ask(text, "", _first_day)


def _first_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise click.BadParameter(f"'{text}' is no day such as 2019-03-04.") from None


# Writing


def _shop_text(shop: ShopConfig, options: dict[str, object]) -> str:
    first = {"adapter": shop.adapter, **shop.settings, "push": False}
    limits = {"losing": Decimal("0.10"), "gaining": Decimal("0.30"), "coupons": 500}
    return shop_table(shop.name, {**first, **options, "limits": limits}, COMMENTS)


def _write_private(path: Path, text: str) -> None:
    """A new file for its owner alone, never over another one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise StammkundeError(f"{path} exists already and is left as it is.") from None
    except OSError as error:
        raise StammkundeError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        path.unlink()  # half a key or config is worse than none
        raise StammkundeError(f"{path} cannot be written: {error.strerror}.") from error


def _write_key(path: Path) -> None:
    if is_there(path):
        say(f"The key file {path} is there already and is kept.")
    else:
        _write_private(path, secrets.token_hex(32) + "\n")
        say(f"Wrote the key file {path}. Back it up with the database: coupon codes depend on it.")


def _write_key_of_config(installation: Installation) -> None:
    from connector.config import load

    _write_key(load(installation.path).key_file)


def _say_next(path: Path, shop: ShopConfig) -> None:
    say(f"Wrote {path}. Look it over: it says in words what will happen, and push = false.")
    unset = [each.env for each in shop.settings.values() if isinstance(each, Secret) and each.env]
    for variable in unset:
        if not os.environ.get(variable):
            say(f"Set the secret in the environment: export {variable}=…")
    say("Next: stammkunde check")
