"""The config file: what is understood, and what is said of the rest."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.config import BrokenConfigError, Config, Secret, load, open_adapter, parse, read
from connector.errors import ConfigError


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    return tmp_path / "stammkunde.toml"


def refusal(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BrokenConfigError) as caught:
        load(path)
    return str(caught.value)


def understood(text: str) -> Config:
    config, problems = parse(text)
    assert problems == []
    return config


def test_defaults(config_file: Path) -> None:
    config_file.write_text('[shops.roastery]\nadapter = "memory"\n', encoding="utf-8")
    config = load(config_file)
    shop = config.shops["roastery"]
    assert config.path == config_file
    assert config.database == config_file.parent / "stammkunde.sqlite"
    assert config.key_file == config_file.parent / "stammkunde.key"
    assert (config.tag_prefix, config.lapse_days) == ("sk:", 180)
    assert (shop.name, shop.push, shop.settle_days, shop.margin, shop.history_starts) == (
        "roastery",
        False,
        30,
        None,
        None,
    )
    assert (shop.abc.window_days, shop.abc.a, shop.abc.b) == (365, 80, 95)
    assert (shop.limits.losing, shop.limits.gaining, shop.limits.coupons, shop.limits.coupon_value) == (
        Decimal("0.10"),
        Decimal("0.30"),
        500,
        None,
    )
    assert not shop.has_limits


def test_everything_that_can_be_said() -> None:
    config = understood("""
        database = "/var/lib/stammkunde/data.sqlite"
        lapse_days = 90
        [shops.roastery]
        adapter = "memory"
        page_size = 7
        push = true
        exclude = { customer_groups = ["Händler"], tags = ["b2b"], email_domains = ["@Relay.Amazon.de"] }
        count_when = { "Rechnung" = "placed", "Vorkasse" = "paid" }
        history_starts = 2019-03-04
        margin = 0.4
        abc = { window_days = 730, a = 70, b = 90 }
        limits = { losing = 0.2, coupon_value = 2000 }
        [groups.dormant]
        members = "last_order_date < -180d"
        shops = ["roastery"]
        [ladders.value]
        steps = [{ name = "A", members = "abc_class = 'A'", tag = "a" }, { name = "B", members = "true" }]
        [campaigns.come-back]
        group = "dormant"
        coupon = { amount = 5, minimum = 30.50 }
        deliver = ["metafield"]
        budget = { coupons = 100 }
    """)
    shop, campaign = config.shops["roastery"], config.campaigns["come-back"]
    assert config.database == Path("/var/lib/stammkunde/data.sqlite")
    assert shop.settings == {"page_size": 7}
    assert shop.exclude.email_domains == ("relay.amazon.de",)
    assert shop.count_when == {"rechnung": "placed", "vorkasse": "paid"}
    assert shop.history_starts == date(2019, 3, 4)
    assert shop.limits.coupon_value == Decimal(2000)
    assert shop.has_limits
    assert config.groups["dormant"].applies_to("roastery")
    assert not config.groups["dormant"].applies_to("tea-shop")
    assert [step.tag for step in config.ladders["value"].steps] == ["a", None]
    assert (campaign.active, campaign.title, campaign.coupon.bound, campaign.coupon.prefix) == (
        False,
        "come-back",
        "best",
        "SK",
    )
    assert (campaign.coupon.amount, campaign.coupon.minimum) == (Decimal(5), Decimal("30.50"))


def test_all_problems_come_at_once_with_line_and_mend(config_file: Path) -> None:
    assert (
        refusal(
            config_file,
            """\
tag_prefx = "x:"
lapse_days = "180"

[shops.roastery]
adapter = "memory"
page_sise = 3
webhook_secret = "hunter2-the-secret"
push = "yes"
exclude = { tags = "b2b", custmer_groups = [] }
count_when = { Rechnung = "plced" }
margin = 40
history_starts = "2019-03-04"

[shops.Tea]
adapter = "memry"

[groups.vip]
tag = 5

[ladders.value]
steps = [
    { name = "A" },
    { name = "B", members = "x", tg = "b" },
]

[campaigns.come-back]
group = "vip"
coupon = { percent = 101, bound = "custmer", prefix = "abc" }
deliver = ["brevo"]
budget = {}
""",
        )
        == """\
stammkunde.toml:1  tag_prefx: unknown option. Did you mean 'tag_prefix'?
stammkunde.toml:2  lapse_days: must be a whole number. Write it without quotes or decimals, such as 30.
stammkunde.toml:6  shops.roastery.page_sise: unknown option. Did you mean 'page_size'?
stammkunde.toml:7  shops.roastery.webhook_secret: a secret must not stand in the config. \
Write { env = "NAME" } or { file = "/path" }, and replace the secret if others saw it.
stammkunde.toml:8  shops.roastery.push: must be true or false. Write it without quotes.
stammkunde.toml:9  shops.roastery.exclude.tags: must be a list. Write it in brackets: ["one", "two"].
stammkunde.toml:9  shops.roastery.exclude.custmer_groups: unknown option. Did you mean 'customer_groups'?
stammkunde.toml:10  shops.roastery.count_when.Rechnung: must be 'paid-or-shipped', 'paid', 'shipped', \
'placed' or 'never'. Did you mean 'placed'?
stammkunde.toml:11  shops.roastery.margin: is more than 1. Write a share: 0.1 is 10 %.
stammkunde.toml:12  shops.roastery.history_starts: must be a date. Write it without quotes: 2019-03-04.
stammkunde.toml:14  shops.Tea: is not a name we can use. Use only a-z, 0-9 and '-'.
stammkunde.toml:15  shops.Tea.adapter: there is no adapter 'memry'. Did you mean 'memory'?
stammkunde.toml:17  groups.vip.members: is missing. Add members = "number_of_orders > 3".
stammkunde.toml:18  groups.vip.tag: must be text. Put it in quotes.
stammkunde.toml:22  ladders.value.steps.1.members: is missing. Add members = "number_of_orders > 3".
stammkunde.toml:23  ladders.value.steps.2.tg: unknown option. Did you mean 'tag'?
stammkunde.toml:28  campaigns.come-back.coupon.percent: is more than 100. Write a smaller number.
stammkunde.toml:28  campaigns.come-back.coupon.bound: must be 'best', 'customer', 'group', 'email' \
or 'nobody'. Did you mean 'customer'?
stammkunde.toml:28  campaigns.come-back.coupon.prefix: cannot begin a code. Use up to five of A-Z and 2-9.
stammkunde.toml:30  campaigns.come-back.budget.coupons: is missing. Add the largest number of coupons."""
    )


def test_options_of_ours_are_suggested_beside_the_adapters(config_file: Path) -> None:
    text = '[shops.roastery]\nadapter = "memory"\nsetle_days = 3\nwebhook_sercet = "x"\n'
    assert refusal(config_file, text) == (
        "stammkunde.toml:3  shops.roastery.setle_days: unknown option. Did you mean 'settle_days'?\n"
        "stammkunde.toml:4  shops.roastery.webhook_sercet: unknown option. Did you mean 'webhook_secret'?"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "a = = 1\n",
            "stammkunde.toml:1  is not TOML: invalid value. Check quotes, brackets and equals signs",
        ),
        ("shops = 5\n", "stammkunde.toml:1  shops: must be a table. "),
        ("[shops]\nroastery = 5\n", "stammkunde.toml:2  shops.roastery: must be a table. "),
        ("[shops.a]\n", 'stammkunde.toml:1  shops.a.adapter: is missing. Add adapter = "shopify".'),
        ("[shops.a]\nadapter = 7\n", "stammkunde.toml:2  shops.a.adapter: must be text. Put it in quotes."),
        ("lapse_days = true\n", "stammkunde.toml:1  lapse_days: must be a whole number."),
        ("lapse_days = 1.5\n", "stammkunde.toml:1  lapse_days: must be a whole number."),
        ("lapse_days = 0\n", "stammkunde.toml:1  lapse_days: is less than 1. Write a larger number."),
        ("database = 5\n", "stammkunde.toml:1  database: must be the name of a file. Put it in quotes."),
        ('[groups."a/b"]\nmembers = "x"\n', "stammkunde.toml:1  groups.a/b: is not a name we can use."),
        ('[campaigns."a:b"]\n', "stammkunde.toml:1  campaigns.a:b: is not a name we can use."),
        ("[ladders.value]\nsteps = []\n", "stammkunde.toml:2  ladders.value.steps: is empty."),
        (
            '[shops.a]\nadapter = "memory"\nmargin = nan\n',
            "stammkunde.toml:3  shops.a.margin: must be a number.",
        ),
        (
            '[shops.a]\nadapter = "memory"\nexclude.email_domains = ["info@example.org"]\n',
            "shops.a.exclude.email_domains.1: must be the part of an address behind the @. Write it as in",
        ),
        (
            '[shops.a]\nadapter = "memory"\ncount_when = { Rechnung = "placed", rechnung = "paid" }\n',
            "stammkunde.toml:3  shops.a.count_when: names one payment method twice. Keep one of the two.",
        ),
    ],
)
def test_one_problem(config_file: Path, text: str, sentence: str) -> None:
    assert sentence in refusal(config_file, text)


def test_only_what_is_wrong_is_left_out_of_what_was_understood() -> None:
    config, problems = parse(
        '[shops.a]\nadapter = "memory"\nmargin = "x"\nsettle_days = 14\n[groups.b]\ntag = "b"\n'
        '[groups.c]\nmembers = "x"\n'
    )
    assert [problem.place for problem in problems] == ["shops.a.margin", "groups.b.members"]
    assert config.shops["a"].settle_days == 14
    assert list(config.groups) == ["c"]
    assert config.is_spoiled(("groups", "b"))
    assert not config.is_spoiled(("groups", "c"))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no config at .*\. `stammkunde init` writes one\.$"):
        load(tmp_path / "stammkunde.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes('tag_prefix = "ä:"\n'.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"is not UTF-8 text: save it as UTF-8 in your editor\.$"):
        load(tmp_path / "latin.toml")


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(config_file: Path) -> None:
    config_file.write_bytes(b'\xef\xbb\xbftag_prefix = "x:"\r\nlapse_dys = 3\r\n')
    config, problems = read(config_file)
    assert config.tag_prefix == "x:"
    assert [(problem.place, problem.line) for problem in problems] == [("lapse_dys", 2)]


# Secrets

SECRET = '[shops.roastery]\nadapter = "memory"\nwebhook_secret = '


def test_a_secret_is_read_when_the_shop_is_opened_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    config = understood(SECRET + '{ env = "ROASTERY_SECRET" }')
    monkeypatch.setenv("ROASTERY_SECRET", "shpat_123456")
    shop = config.shops["roastery"]
    assert shop.settings["webhook_secret"].read() == SecretStr("shpat_123456")
    open_adapter(shop).close()
    assert "shpat_123456" not in repr(config) + str(config.model_dump())


def test_a_secret_in_a_file_stands_beside_the_config_and_loses_its_line_end(config_file: Path) -> None:
    config_file.with_name("token").write_text("shpat_123456\n", encoding="utf-8")
    config_file.write_text(SECRET + '{ file = "token" }', encoding="utf-8")
    secret = load(config_file).shops["roastery"].settings["webhook_secret"]
    assert isinstance(secret, Secret)
    assert secret.read().get_secret_value() == "shpat_123456"


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        ('{ env = "ROASTERY_SECRET" }', "the environment variable ROASTERY_SECRET is not set."),
        ('{ file = "/nowhere/shpat_123456" }', "its file cannot be read (No such file or directory)."),
    ],
)
def test_a_missing_secret_is_named_by_its_setting(
    monkeypatch: pytest.MonkeyPatch, secret: str, sentence: str
) -> None:
    monkeypatch.delenv("ROASTERY_SECRET", raising=False)
    with pytest.raises(ConfigError) as caught:
        open_adapter(understood(SECRET + secret).shops["roastery"])
    assert str(caught.value) == f"shops.roastery.webhook_secret: {sentence}"


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        ('"shpat_123456"', "a secret must not stand in the config."),
        ("123456", "a secret must not stand in the config."),
        ('{ env = "shpat_123456" }', "is not the name of an environment variable."),
        ('{ vault = "shpat_123456" }', "unknown option."),
        ('{ env = "A", file = "shpat_123456" }', "has both env and file. Keep one of the two."),
        ("{}", "does not say where the secret is."),
    ],
)
def test_what_may_be_a_secret_is_never_repeated(config_file: Path, secret: str, sentence: str) -> None:
    text = refusal(config_file, SECRET + secret)
    assert sentence in text
    assert "123456" not in text
