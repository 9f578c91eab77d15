"""What pydantic finds wrong, in the owner's words.

A value is never repeated unless it had to be one of a few words: it may be a secret in the wrong place.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from connector.config.problems import Place, nearest
from connector.config.settings import is_secret

_A_NUMBER = ("must be a number", "Write it without quotes, such as 0.1 or 30.")
_A_WHOLE = ("must be a whole number", "Write it without quotes or decimals, such as 30.")
_A_TABLE = ("must be a table", "Write it under its own [header] or in { braces }.")
_A_LIST = ("must be a list", 'Write it in brackets: ["one", "two"].')
_PLAIN: Mapping[str, tuple[str, str]] = {
    "bool_type": ("must be true or false", "Write it without quotes."),
    "int_type": _A_WHOLE,
    "int_from_float": _A_WHOLE,
    "finite_number": _A_NUMBER,
    "float_type": _A_NUMBER,
    "string_type": ("must be text", "Put it in quotes."),
    "path_type": ("must be the name of a file", "Put it in quotes."),
    "date_type": ("must be a date", "Write it without quotes: 2019-03-04."),
    "dict_type": _A_TABLE,
    "mapping_type": _A_TABLE,
    "model_type": _A_TABLE,
    "tuple_type": _A_LIST,
    "list_type": _A_LIST,
    "too_short": ("is empty", "Name at least one."),
    "string_too_short": ("is empty", "Fill it in or remove the line."),
}
_BOUNDS = {
    "greater_than_equal": "is less than {ge}",
    "greater_than": "is not more than {gt}",
    "less_than_equal": "is more than {le}",
    "less_than": "is not less than {lt}",
    "string_too_long": "is longer than {max_length} characters",
}
_PATTERNS = {
    "^[a-z0-9-]+$": ("is not a name we can use", "Use only a-z, 0-9 and '-'."),
    r"^[\w-]+$": ("is not a name we can use", "Use only letters, digits, '_' and '-'."),
    "^[A-Z_][A-Z0-9_]*$": (
        "is not the name of an environment variable",
        'Write its name, such as { env = "SHOP_TOKEN" }, never the secret itself.',
    ),
    "^[A-Z]{3}$": ("is not a currency", "Write its three letters, such as EUR."),
    "^[A-Z2-9]{0,5}$": ("cannot begin a code", "Use up to five of A-Z and 2-9."),
}
_MISSING = {
    "members": 'Add members = "number_of_orders > 3".',
    "adapter": 'Add adapter = "shopify".',
    "group": "Add the group that gets the coupons.",
    "coupon": "Add coupon = { percent = 10 }.",
    "coupons": "Add the largest number of coupons.",
    "deliver": 'Add deliver = ["metafield"].',
    "steps": 'Add steps = [{ name = "A", members = "abc_class = \'A\'" }].',
}


def words(
    details: ErrorDetails, model: type[BaseModel], place: Place, besides: Collection[str]
) -> tuple[str, str]:
    """Message and mend of an error at a place below a model.

    Args:
        besides: options that stand in the same table and are not the model's.
    """
    kind, context = details["type"], details.get("ctx", {})
    name = str(place[-1]) if place else ""
    if kind == "ours":
        return context["message"], context["mend"]
    if kind == "extra_forbidden":
        return "unknown option", nearest(name, [*_options(model, place[:-1]), *besides])
    if kind == "missing":
        return "is missing", _MISSING.get(name, _add(name, model))
    if kind == "literal_error":
        allowed = re.findall("'([^']*)'", context["expected"])
        return f"must be {_either(allowed)}", _nearest_value(details["input"], allowed)
    if kind == "string_pattern_mismatch" and context["pattern"] in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**context), _bound_mend(kind, context)
    return _PLAIN.get(kind, (details["msg"][:1].lower() + details["msg"][1:], "Change it."))


def _bound_mend(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "string_too_long":
        return "Shorten it."
    if context.get("le") == 1:
        return "Write a share: 0.1 is 10 %."
    return "Write a larger number." if kind.startswith("greater") else "Write a smaller number."


def _either(allowed: list[str]) -> str:
    quoted = [f"'{word}'" for word in allowed]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}" if len(quoted) > 1 else quoted[0]


def _nearest_value(value: object, allowed: list[str]) -> str:
    if len(allowed) == 1:
        return "So far there is no other."
    mend = nearest(value, allowed) if isinstance(value, str) else ""
    return mend if mend.startswith("Did") else "Write one of these."


def _add(name: str, model: type[BaseModel]) -> str:
    field = model.model_fields.get(name)
    return f'Add {name} = {{ env = "NAME" }}.' if field and is_secret(field.annotation) else f"Add {name}."


def _options(annotation: Any, place: Place) -> list[str]:
    """The options of the table at a place below a model."""
    for part in place:
        annotation = _step(annotation, part)
    while get_args(annotation):
        annotation = get_args(annotation)[0]
    return list(annotation.model_fields)


def _step(annotation: Any, part: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_fields[str(part)].annotation
    arguments = get_args(annotation)
    if get_origin(annotation) in {dict, tuple}:
        return arguments[1] if get_origin(annotation) is dict else arguments[0]
    return _step(arguments[0], part)
