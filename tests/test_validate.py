"""What spans several options of a config, what its rules say, and what lies outside the file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from connector import validate
from connector.config import BrokenConfigError, Config, OutletConfig, Secret, ShopConfig, parse

SHOP = """\
[shops.roastery]
adapter = "memory"

"""


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    return tmp_path / "stammkunde.toml"


def problems(path: Path, text: str) -> list[str]:
    """What is wrong with a text, a line each, without the name of the file."""
    path.write_text(text, encoding="utf-8")
    try:
        validate.load(path)
    except BrokenConfigError as error:
        return str(error).replace("stammkunde.toml", "").splitlines()
    return []


def test_a_right_config_has_no_problems(config_file: Path) -> None:
    text = (
        SHOP
        + """\
[groups.regulars]
members = "number_of_orders > 3"
tag = "regular"

[ladders.value]
steps = [{ name = "A", members = "abc_class = 'A'", tag = "a" }, { name = "B", members = "abc_class = 'B'" }]

[campaigns.thanks]
group = "value/A"
coupon = { percent = 10 }
deliver = ["metafield"]
"""
    )
    assert problems(config_file, text) == []


def test_problems_of_types_and_of_meaning_come_together(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROASTERY_SECRET", raising=False)
    text = """\
[shops.roastery]
adapter = "memory"
pusch = true
push = true
webhook_secret = { env = "ROASTERY_SECRET" }

[groups.big]
members = "amount_spent > "
tag = "big"

[groups.huge]
members = "amount_spent > 900"
tag = "Big"

[groups.broken]
members = 7

[campaigns.thanks]
active = true
group = "broken"
coupon = {}
deliver = ["metafield"]
shops = ["rostery"]
"""
    key = config_file.with_name("stammkunde.key")
    assert problems(config_file, text) == [
        (
            f"  key_file: there is no key file at {key}. "
            "Restore it from the backup. A new installation gets one from `stammkunde init --key`."
        ),
        ":3  shops.roastery.pusch: unknown option. Did you mean 'push'?",
        (
            ":4  shops.roastery.push: push = true with no limits. "
            "Add limits = { losing = 0.10, gaining = 0.30, coupons = 500 }."
        ),
        (
            ":5  shops.roastery.webhook_secret: the environment variable ROASTERY_SECRET is not set. "
            "Put the secret there."
        ),
        ":8  groups.big.members: The rule ends too early: a value is missing.",
        "      amount_spent > ",
        "                    ^",
        ":13  groups.huge.tag: 'Big' is the tag of 'big' too. Give each its own: tags ignore case.",
        ":16  groups.broken.members: must be text. Put it in quotes.",
        ":19  campaigns.thanks.active: active with no budget. Add budget = { coupons = 100 }.",
        ":21  campaigns.thanks.coupon: gives nothing. Add percent = 10 or amount = 5.",
        ":23  campaigns.thanks.shops: there is no shop 'rostery'. Did you mean 'roastery'?",
    ]


def test_push_needs_limits(config_file: Path) -> None:
    text = SHOP.replace("\n\n", "\npush = true\n")
    assert problems(config_file, text) == [
        (
            ":3  shops.roastery.push: push = true with no limits. "
            "Add limits = { losing = 0.10, gaining = 0.30, coupons = 500 }."
        )
    ]
    assert problems(config_file, text + "limits = { losing = 0.05 }\n") == []


def test_a_config_needs_a_shop(config_file: Path) -> None:
    assert problems(config_file, "lapse_days = 90\n") == [
        "  has no shop. Add [shops.NAME], or let `stammkunde init` write a config."
    ]


def test_a_text_that_is_no_toml_has_one_problem(config_file: Path) -> None:
    assert len(problems(config_file, "[shops.roastery\n")) == 1


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("abc = { a = 95, b = 80 }", ":3  shops.roastery.abc: A must end below B. Write a = 80 and b = 95."),
        (
            'exclude = { tags = ["SK:dormant"] }',
            (
                ":3  shops.roastery.exclude.tags: 'SK:dormant' is a tag of ours. "
                "Leave out by a tag of your own: ours would come and go with it."
            ),
        ),
    ],
)
def test_options_of_a_shop_that_do_not_fit(config_file: Path, option: str, problem: str) -> None:
    assert problems(config_file, SHOP.replace("\n\n", f"\n{option}\n")) == [problem]


# Groups


def test_an_unknown_group_in_a_rule_gets_the_nearest_name(config_file: Path) -> None:
    text = (
        SHOP
        + """\
[groups.dormant]
members = "last_order_date < -180d"

[groups.lost]
members = "in_group('dormnt') AND in_group('value/A') AND in_group('value')"

[ladders.value]
steps = [{ name = "A", members = "abc_class = 'A'" }]
"""
    )
    assert problems(config_file, text) == [
        ":8  groups.lost.members: there is no group 'dormnt'. Did you mean 'dormant'?"
    ]


def test_a_group_that_could_not_be_understood_is_not_unknown(config_file: Path) -> None:
    text = (
        SHOP
        + """\
[groups.dormant]
members = 5

[groups.lost]
members = "in_group('dormant')"
"""
    )
    assert problems(config_file, text) == [":5  groups.dormant.members: must be text. Put it in quotes."]


def test_a_loop_of_groups_is_told_with_its_name(config_file: Path) -> None:
    text = (
        SHOP
        + """\
[groups.one]
members = "in_group('two')"
[groups.two]
members = "in_group('three')"
[groups.three]
members = "in_group('one') OR number_of_orders > 3"
[groups.self]
members = "NOT in_group('self')"
"""
    )
    assert problems(config_file, text) == [
        (
            ":5  groups.one.members: groups refer to each other in a loop: one → two → three → one. "
            "Take one of them out of a rule."
        ),
        (
            ":11  groups.self.members: groups refer to each other in a loop: self → self. "
            "Take one of them out of a rule."
        ),
    ]


def test_a_loop_through_a_ladder(config_file: Path) -> None:
    text = (
        SHOP
        + """\
[groups.best]
members = "in_group('value')"
[ladders.value]
steps = [{ name = "A", members = "in_group('best')" }, { name = "B", members = "abc_class = 'B'" }]
"""
    )
    assert problems(config_file, text) == [
        (
            ":5  groups.best.members: groups refer to each other in a loop: best → value/A → best. "
            "Take one of them out of a rule."
        )
    ]


def test_a_rule_of_several_lines_has_the_line_of_its_fault(config_file: Path) -> None:
    text = (
        SHOP
        + """\
[groups.regulars]
members = '''
number_of_orders > 3
AND amount_spnt > 500
'''
"""
    )
    assert problems(config_file, text) == [
        ":7  groups.regulars.members: There is no attribute 'amount_spnt'. Did you mean 'amount_spent'?",
        "      AND amount_spnt > 500",
        "          ^",
    ]


TWO_SHOPS = """\
[shops.de]
adapter = "memory"
[shops.jp]
adapter = "memory"
"""


def test_a_group_must_be_where_it_is_used(config_file: Path) -> None:
    text = (
        TWO_SHOPS
        + """\
[groups.big]
members = "amount_spent > 500"
shops = ["de"]
[groups.big-and-loyal]
members = "in_group('big') AND number_of_orders > 3"
[campaigns.thanks]
group = "big"
coupon = { percent = 5 }
deliver = ["metafield"]
shops = []
"""
    )
    assert problems(config_file, text) == [
        (
            ":9  groups.big-and-loyal.members: there is no 'big' in shops.jp. "
            "Add these shops to 'big', or name fewer shops here."
        ),
        ":14  campaigns.thanks.shops: names no shop. Remove the line: it then holds in all shops.",
    ]
    assert ":11  campaigns.thanks.group: there is no 'big' in shops.jp." in "\n".join(
        problems(config_file, text.replace("shops = []\n", ""))
    )


def test_names_of_steps_and_ladders(config_file: Path) -> None:
    text = (
        SHOP
        + """\
[groups.value]
members = "number_of_orders > 3"
[ladders.value]
steps = [
    { name = "A", members = "abc_class = 'A'" },
    { name = "A", members = "abc_class = 'B'" },
]
"""
    )
    assert problems(config_file, text) == [
        ":6  ladders.value: there is a group of that name too. Rename one of them.",
        ":9  ladders.value.steps.2.name: there is a step 'A' before it. Rename one of them.",
    ]


# Tags


@pytest.mark.parametrize(
    ("tag", "problem"),
    [
        ("vip,gold", "contains a comma. Remove it: shops would make two tags of it."),
        (" vip", "begins or ends with a space. Remove it: shops do."),
        ("vi\\tp", "contains a character that cannot be seen. Write it anew."),
        ("SK:vip", "begins with 'sk:' already. Write only 'vip'."),
        ("x" * 98, "is longer than 100 characters with its prefix. Shorten it."),
    ],
)
def test_a_tag_that_shops_would_change(config_file: Path, tag: str, problem: str) -> None:
    text = f'{SHOP}[groups.vip]\nmembers = "number_of_orders > 3"\ntag = "{tag}"\n'
    assert problems(config_file, text) == [f":6  groups.vip.tag: {problem}"]


def test_a_prefix_that_shops_would_change(config_file: Path) -> None:
    assert problems(config_file, 'tag_prefix = "a,"\n' + SHOP) == [
        ":1  tag_prefix: contains a comma. Remove it: shops would make two tags of it."
    ]


def test_one_tag_is_right_where_groups_never_meet(config_file: Path) -> None:
    text = (
        TWO_SHOPS
        + """\
[groups.big-de]
members = "amount_spent > 500"
tag = "big"
shops = ["de"]
[groups.big-jp]
members = "amount_spent > 80000"
tag = "big"
shops = ["jp"]
"""
    )
    assert problems(config_file, text) == []


# Campaigns

CAMPAIGN = (
    SHOP
    + """\
[groups.dormant]
members = "last_order_date < -180d"

[ladders.value]
steps = [{ name = "A", members = "abc_class = 'A'" }]

[campaigns.come-back]
deliver = ["metafield"]
"""
)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            'group = "dormnt"\ncoupon = { percent = 10 }',
            ":12  campaigns.come-back.group: there is no group 'dormnt'. Did you mean 'dormant'?",
        ),
        (
            'group = "value"\ncoupon = { percent = 10 }',
            ":12  campaigns.come-back.group: 'value' is a ladder. Name one of its steps: value/A.",
        ),
        (
            'group = "value/B"\ncoupon = { percent = 10 }',
            ":12  campaigns.come-back.group: there is no group 'value/B'. Did you mean 'value/A'?",
        ),
        (
            'group = "dormant"\ncoupon = { percent = 10, amount = 5 }',
            ":13  campaigns.come-back.coupon: has both percent and amount. Keep one of the two.",
        ),
        (
            'group = "dormant"\ncoupon = { amount = 20, minimum = 10 }',
            (
                ":13  campaigns.come-back.coupon.minimum: is less than the amount: goods would be free. "
                "Raise minimum to at least the amount, or remove it."
            ),
        ),
    ],
)
def test_a_campaign_that_cannot_be(config_file: Path, options: str, problem: str) -> None:
    assert problems(config_file, f"{CAMPAIGN}{options}\n") == [problem]


# The key file


@pytest.mark.parametrize(
    ("key", "mode", "problem"),
    [
        ("0" * 64, 0o600, ""),
        ("0" * 64, 0o644, "others can read the key file. Run `chmod 600 {key}`."),
        ("0" * 31, 0o600, "the key file is too short: codes could be guessed. Restore it from the backup."),
    ],
)
def test_the_key_file_of_an_active_campaign(config_file: Path, key: str, mode: int, problem: str) -> None:
    path = config_file.with_name("stammkunde.key")
    path.write_text(key)
    path.chmod(mode)
    text = CAMPAIGN + 'active = true\ngroup = "dormant"\ncoupon.percent = 10\nbudget.coupons = 5\n'
    expected = [f"  key_file: {problem.format(key=path)}"] if problem else []
    assert problems(config_file, text) == expected


def test_files_that_get_in_each_others_way(config_file: Path) -> None:
    assert problems(config_file, 'key_file = "stammkunde.sqlite"\n' + SHOP) == [
        ":1  key_file: is the database's file too. Give each its own."
    ]
    config_file.with_name("data").mkdir()
    assert problems(config_file, 'database = "data"\n' + SHOP) == [
        ":1  database: is a folder. Name a file in it."
    ]


# Every option, in config.example.toml and in the docs

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "config.example.toml"


def tables(model: type[BaseModel], name: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every kind of table a config can have, with its options."""
    filled_in = {"name", "settings"} if model in {ShopConfig, OutletConfig} else set()
    yield name or "the top", set(model.model_fields) - filled_in
    for option, field in model.model_fields.items():
        for inner in models(field.annotation):
            yield from tables(inner, f"{name}.{option}".removeprefix("."))


def models(annotation: object) -> Iterator[type[BaseModel]]:
    if annotation is Secret:  # where a secret stands is shown with a shop's
        return
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models(argument)


def uncommented(text: str, *, defaults_only: bool) -> str:
    """The example with what stands behind "#" in force, without the other choices it shows."""
    lines = []
    for line in text.splitlines():
        shown = re.match("#[a-z_]+(\\.[a-z_]+)? = ", line)
        lines.append(line[1:] if shown and not (defaults_only and "default: none" in line) else line)
    return "\n".join(lines)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ROASTERY_TOKEN", "secret-1")
    return EXAMPLE.read_text(encoding="utf-8")


def test_the_example_has_no_problems(config_file: Path, example: str) -> None:
    for name in ("friends.txt", "no-friends.txt"):
        config_file.with_name(name).write_text("ada@example.com\n")
    assert problems(config_file, example) == []
    assert problems(config_file, uncommented(example, defaults_only=False)) == []


def test_the_example_shows_every_option(example: str) -> None:
    config, found = parse(uncommented(example, defaults_only=False))
    assert found == []
    shown = {name: set[str]() for name, _ in tables(Config)}
    note_set_options(config, "", shown)
    assert shown == dict(tables(Config))
    assert "# coupon.amount = 5" in example


def note_set_options(value: object, name: str, shown: dict[str, set[str]]) -> None:
    if isinstance(value, BaseModel) and not isinstance(value, Secret):
        if name in shown or not name:
            filled_in = {"name", "settings"} if isinstance(value, ShopConfig | OutletConfig) else set()
            shown[name or "the top"] |= value.model_fields_set - filled_in
        for option in type(value).model_fields:
            note_set_options(getattr(value, option), f"{name}.{option}".removeprefix("."), shown)
    elif isinstance(value, dict | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            note_set_options(each, name, shown)


def test_a_default_in_the_example_is_the_default(example: str) -> None:
    without, _ = parse(example)
    with_defaults, found = parse(uncommented(example, defaults_only=True))
    assert found == []
    assert with_defaults.model_dump() == without.model_dump()
    assert uncommented(example, defaults_only=True) != example


@pytest.mark.parametrize("page", ["configuration.md"])
def test_every_config_in_the_docs_has_no_problems(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, page: str, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROASTERY_TOKEN", "secret-1")
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall("^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "outlet").write_text("secret-2")
    assert len(blocks) == 6
    for block in blocks:
        assert problems(config_file, block.replace("/run/secrets/", f"{tmp_path}/")) == []


def test_the_docs_name_every_option() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    options = {option for _, options in tables(Config) for option in options}
    assert {option for option in options if not re.search(rf"\b{option}\b", text)} == set()
