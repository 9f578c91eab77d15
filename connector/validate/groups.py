"""Groups and ladders: names, rules, what they refer to, people named one by one, tags."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import combinations

from connector.config import Config, Problem, nearest
from connector.config.listed import read_list
from connector.errors import ConfigError
from connector.rules import Rule, RuleError, parse
from connector.validate.described import (
    Described,
    described,
    is_spoiled_name,
    known_names,
    listed,
    meet,
    not_there,
    widen,
)

LONGEST_TAG = 100  #: with its prefix; shops allow more, their admin pages do not show it


def name_problems(config: Config) -> Iterator[Problem]:
    for name in config.ladders.keys() & config.groups.keys():
        yield config.problem(("ladders", name), "there is a group of that name too", "Rename one of them.")
    for name, ladder in config.ladders.items():
        names = [step.name for step in ladder.steps]
        for position, step in enumerate(names):
            if step in names[:position]:
                place = ("ladders", name, "steps", position, "name")
                yield config.problem(place, f"there is a step '{step}' before it", "Rename one of them.")


def readable_rules(config: Config) -> tuple[dict[str, Rule], list[Problem]]:
    """The rules that can be read, by the name of their group or step, and a problem for each other one."""
    rules, bad = {}, []
    for each in described(config):
        try:
            rules[each.name] = parse(each.members)
        except RuleError as error:
            place = (*each.place, "members")
            bad.append(config.problem(place, error.pretty(), "", below=error.line - 1))
    return rules, bad


def reference_problems(config: Config, rules: Mapping[str, Rule]) -> Iterator[Problem]:
    known = known_names(config)
    for each in described(config):
        place = (*each.place, "members")
        for name in sorted(rules[each.name].groups if each.name in rules else ()):
            if name not in known:
                if not is_spoiled_name(config, name):
                    yield config.problem(place, f"there is no group '{name}'", nearest(name, known))
            elif shops := not_there(config, each.scope, known[name]):
                yield config.problem(place, f"there is no '{name}' in {listed(shops)}", widen(name))


def loop_problems(config: Config, rules: Mapping[str, Rule]) -> Iterator[Problem]:
    places = {each.name: each.place for each in described(config)}
    graph = {name: _targets(rule, places) for name, rule in rules.items()}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            loop = _from_first([*reversed(error.args[1])][:-1], list(places))
            shown = " → ".join([*loop, loop[0]])
            message = f"groups refer to each other in a loop: {shown}"
            yield config.problem((*places[loop[0]], "members"), message, "Take one of them out of a rule.")
            del graph[loop[0]]
        else:
            return


def _targets(rule: Rule, names: Iterable[str]) -> set[str]:
    """The groups and steps a rule refers to; a ladder stands for all of its steps."""
    return {name for name in names if name in rule.groups or name.partition("/")[0] in rule.groups}


def _from_first(loop: list[str], order: list[str]) -> list[str]:
    """The same loop, told from the group that stands first in the file."""
    start = loop.index(min(loop, key=order.index))
    return loop[start:] + loop[:start]


def list_problems(config: Config) -> Iterator[Problem]:
    for each in described(config):
        for option in ("include_file", "exclude_file"):
            file = getattr(each.said, option, None)
            try:
                if file is not None:
                    read_list(file)
            except ConfigError as error:
                yield config.problem((*each.place, option), str(error), "Mend the file, or name another.")


def tag_problems(config: Config) -> Iterator[Problem]:
    if fault := _fault_of_tag(config.tag_prefix):
        yield config.problem(("tag_prefix",), *fault)
    places = [
        *described(config),
        *(
            Described(name, ("campaigns", name), campaign, "", campaign.tag)
            for name, campaign in config.campaigns.items()
        ),
    ]
    tagged = [(each, each.tag) for each in places if each.tag is not None]
    for each, tag in tagged:
        fault = _fault_of_tag(tag) or _fault_with_prefix(tag, config.tag_prefix)
        if fault:
            yield config.problem((*each.place, "tag"), *fault)
    for (one, tag), (other, same) in combinations(tagged, 2):
        if tag.casefold() == same.casefold() and meet(config, one.scope, other.scope):
            message = f"'{same}' is the tag of '{one.name}' too"
            yield config.problem((*other.place, "tag"), message, "Give each its own: tags ignore case.")


def _fault_of_tag(tag: str) -> tuple[str, str] | None:
    if tag != tag.strip():
        return "begins or ends with a space", "Remove it: shops do."
    if "," in tag:
        return "contains a comma", "Remove it: shops would make two tags of it."
    if not tag.isprintable():
        return "contains a character that cannot be seen", "Write it anew."
    return None


def _fault_with_prefix(tag: str, prefix: str) -> tuple[str, str] | None:
    if tag.casefold().startswith(prefix.casefold()):
        return f"begins with '{prefix}' already", f"Write only '{tag[len(prefix) :]}'."
    if len(prefix + tag) > LONGEST_TAG:
        return f"is longer than {LONGEST_TAG} characters with its prefix", "Shorten it."
    return None
