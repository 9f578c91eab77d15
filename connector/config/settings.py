"""The settings of adapters: a constructor's signature is the schema of a shop's table."""

import inspect
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple, cast, get_args, get_origin

from pydantic import SecretStr, TypeAdapter, ValidationError, create_model

from connector.adapter import Adapter, adapter_class
from connector.config.options import OutletConfig, ShopConfig
from connector.config.secret import Day, Flag, Number, Options, Secret, Whole
from connector.errors import ConfigError
from connector.outlet import Outlet, outlet_class

_STRICT: Mapping[object, Any] = {bool: Flag, int: Whole, Decimal: Number, date: Day, SecretStr: Secret}
_WORDS: Mapping[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    Decimal: "number",
    bool: "true or false",
    date: "date",
    Path: "path",
}


class Setting(NamedTuple):
    """One setting of an adapter. `default` means nothing where it is `required`."""

    name: str
    kind: str  #: in the owner's words, such as "text" or "secret"
    required: bool
    default: Any
    text: str  #: what the adapter says of it


@cache
def settings_model(adapter: str) -> type[Options]:
    """The settings of an adapter, as a model made from its constructor.

    Raises:
        ConfigError: there is no such adapter, or it does not load.
    """
    return _model_of(adapter, adapter_class(adapter))


@cache
def outlet_settings_model(outlet: str) -> type[Options]:
    """The settings of an outlet, as a model made from its constructor.

    Raises:
        ConfigError: there is no such outlet, or it does not load.
    """
    return _model_of(outlet, outlet_class(outlet))


def _model_of(name: str, made: type[Any]) -> type[Options]:
    fields: dict[str, Any] = {
        each.name: (_as_option(each.annotation), ... if each.default is each.empty else each.default)
        for each in parameters_of(made)
    }
    return create_model(f"{name} settings", __base__=Options, **fields)


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
            kind_of(each.annotation),
            each.default is each.empty,
            None if each.default is each.empty else each.default,
            texts.get(each.name, ""),
        )
        for each in parameters_of(made)
    ]


def kind_of(annotation: Any) -> str:
    """What a setting of that type takes, in the owner's words: "text", "'net' or 'gross'", "list of text"."""
    if is_secret(annotation):
        return "secret"
    parts = [each for each in get_args(annotation) if each not in {NoneType, ...}]
    origin = get_origin(annotation)
    if origin is Literal:
        *first, last = (f"'{each}'" for each in parts)
        return f"{', '.join(first)} or {last}" if first else last
    if origin is tuple and ... not in get_args(annotation):
        return f"[{', '.join(map(kind_of, parts))}]"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"table of {_several(parts[1])}"
    if isinstance(origin, type) and issubclass(origin, Collection):
        return f"list of {_several(parts[0])}"
    if origin is not None:  # alternatives; that it may be left out is seen from its default
        return " or ".join(map(kind_of, parts))
    return _WORDS.get(annotation) or inspect.formatannotation(annotation)


def _several(annotation: Any) -> str:
    return re.sub("^(table|list|whole number|number|date|path)", r"\1s", kind_of(annotation))


def read_setting(adapter: str, name: str, text: str) -> Any:
    """A setting from a command line: the text as it is where the setting takes that, else read as TOML.

    Raises:
        ValueError: it is neither. The text is not repeated.
    """
    (annotation,) = (each.annotation for each in parameters_of(adapter_class(adapter)) if each.name == name)
    taken: TypeAdapter[Any] = TypeAdapter(_as_option(annotation))
    try:
        return taken.validate_python(text)
    except ValidationError:
        pass
    try:
        return taken.validate_python(tomllib.loads(f"value = {text}", parse_float=Decimal)["value"])
    except (ValidationError, tomllib.TOMLDecodeError):
        raise ValueError(f"takes: {kind_of(annotation)}") from None


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
    return cast("Adapter", _open(f"shops.{shop.name}", adapter_class(shop.adapter), shop.settings))


def open_outlet(outlet: OutletConfig) -> Outlet:
    """An outlet with its settings and secrets. No I/O but reading the secrets.

    Raises:
        ConfigError: a secret is missing, or the outlet refuses its settings.
    """
    return cast("Outlet", _open(f"outlets.{outlet.name}", outlet_class(outlet.outlet), outlet.settings))


def _open(place: str, make: type[Any], given: Mapping[str, Any]) -> object:
    settings = {}
    for name, value in given.items():
        try:
            settings[name] = value.read() if isinstance(value, Secret) else value
        except ConfigError as error:
            raise ConfigError(f"{place}.{name}: {error}.") from None
    try:
        return make(**settings)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None


def _as_option(annotation: Any) -> Any:
    """The type of a setting in the file: nothing is guessed from text, and a secret is only pointed at."""
    parts = get_args(annotation)
    if NoneType in parts and len(parts) == 2:
        return _as_option(next(part for part in parts if part is not NoneType)) | None
    return _STRICT.get(annotation, annotation)
