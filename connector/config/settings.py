"""The settings of adapters: a constructor's signature is the schema of a shop's table."""

import inspect
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, cast, get_args, get_origin

from pydantic import SecretStr, create_model

from connector.adapter import Adapter, adapter_class
from connector.config.options import ShopConfig
from connector.config.secret import Day, Flag, Number, Options, Secret, Whole
from connector.errors import ConfigError

_STRICT: Mapping[object, Any] = {bool: Flag, int: Whole, Decimal: Number, date: Day, SecretStr: Secret}


class Setting(NamedTuple):
    """One setting of an adapter. `default` means nothing where it is `required`."""

    name: str
    kind: str  #: such as "str" or "secret"
    required: bool
    default: Any
    text: str  #: what the adapter says of it


@cache
def settings_model(adapter: str) -> type[Options]:
    """The settings of an adapter, as a model made from its constructor.

    Raises:
        ConfigError: there is no such adapter, or it does not load.
    """
    fields: dict[str, Any] = {
        each.name: (_as_option(each.annotation), ... if each.default is each.empty else each.default)
        for each in parameters_of(adapter_class(adapter))
    }
    return create_model(f"{adapter} settings", __base__=Options, **fields)


def settings_of(adapter: str) -> list[Setting]:
    """The settings of an adapter, for showing them.

    Raises:
        ConfigError: there is no such adapter, or it does not load.
    """
    made = adapter_class(adapter)
    texts = argument_texts(made)
    return [
        Setting(
            each.name,
            "secret" if is_secret(each.annotation) else inspect.formatannotation(each.annotation),
            each.default is each.empty,
            None if each.default is each.empty else each.default,
            texts.get(each.name, ""),
        )
        for each in parameters_of(made)
    ]


def parameters_of(made: type[Any]) -> list[inspect.Parameter]:
    """The parameters of a constructor that a file can hold, their annotations evaluated.

    Functions, such as a clock for tests, are left out: they need a default.
    """
    by_name = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return [
        each
        for each in inspect.signature(made, eval_str=True).parameters.values()
        if each.kind in by_name and get_origin(each.annotation) is not Callable
    ]


def argument_texts(made: type[Any]) -> dict[str, str]:
    """What a class says of its parameters under "Args:" in its docstring."""
    _, _, section = (inspect.getdoc(made) or "").partition("Args:\n")
    texts: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if not line.startswith("    "):
            break
        if not line.startswith("     "):
            name, _, line = line.strip().partition(": ")
        texts[name] = f"{texts.get(name, '')} {line.strip()}".strip()
    return texts


def is_secret(annotation: object) -> bool:
    """Whether a parameter of that type is a secret."""
    return annotation in {SecretStr, Secret} or any(is_secret(each) for each in get_args(annotation))


def open_adapter(shop: ShopConfig) -> Adapter:
    """The adapter of a shop with its settings and secrets. No I/O but reading the secrets.

    Raises:
        ConfigError: a secret is missing, or the adapter refuses its settings.
    """
    make = cast("type[Any]", adapter_class(shop.adapter))
    settings = {}
    for name, value in shop.settings.items():
        try:
            settings[name] = value.read() if isinstance(value, Secret) else value
        except ConfigError as error:
            raise ConfigError(f"shops.{shop.name}.{name}: {error}.") from None
    try:
        return cast("Adapter", make(**settings))
    except ConfigError as error:
        raise ConfigError(f"shops.{shop.name}: {error}") from None


def _as_option(annotation: Any) -> Any:
    """The type of a setting in the file: nothing is guessed from text, and a secret is only pointed at."""
    parts = get_args(annotation)
    if NoneType in parts and len(parts) == 2:
        return _as_option(next(part for part in parts if part is not NoneType)) | None
    return _STRICT.get(annotation, annotation)
