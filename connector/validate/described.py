"""Groups and ladder steps as a config describes them, and where each of them holds."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connector.config import Config
from connector.config.options import Membership, Scoped
from connector.config.problems import Place


class Described(NamedTuple):
    """A group or a ladder's step: where it stands, and what it says."""

    name: str  #: of a group, or "ladder/step"
    place: Place
    scope: Scoped
    members: str
    tag: str | None
    said: Membership | None = None  #: how people are named besides


def described(config: Config) -> Iterator[Described]:
    for name, group in config.groups.items():
        yield Described(name, ("groups", name), group, group.members, group.tag, group)
    for name, ladder in config.ladders.items():
        for position, step in enumerate(ladder.steps):
            place = ("ladders", name, "steps", position)
            yield Described(f"{name}/{step.name}", place, ladder, step.members, step.tag, step)


def known_names(config: Config) -> dict[str, Scoped]:
    """What a rule may name: groups, steps, and ladders for all of their steps."""
    return {each.name: each.scope for each in described(config)} | dict(config.ladders)


def is_spoiled_name(config: Config, name: str) -> bool:
    ladder = name.partition("/")[0]
    return config.is_spoiled(("groups", name)) or config.is_spoiled(("ladders", ladder))


def not_there(config: Config, user: Scoped, used: Scoped) -> list[str]:
    return [shop for shop in config.shops if user.applies_to(shop) and not used.applies_to(shop)]


def listed(shops: Iterable[str]) -> str:
    return ", ".join(f"shops.{shop}" for shop in shops)


def widen(name: str) -> str:
    return f"Add these shops to '{name}', or name fewer shops here."


def meet(config: Config, one: Scoped, other: Scoped) -> bool:
    return any(one.applies_to(shop) and other.applies_to(shop) for shop in config.shops)
