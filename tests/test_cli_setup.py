"""The command line: its table of contents, its failures, and the commands of the first day."""

import io
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from adapters.memory import MemoryShop
from connector.cli import main
from connector.cli.contents import CONTENTS
from connector.cli.output import Onlooker, money, number, share, show_table, watching
from connector.config import load

HARBOR = '''\
"""A platform that another package brings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from connector.errors import AuthError, ConfigError, TemporaryError
from connector.model import Feature, ShopInfo


class HarborAdapter:
    """Connects to a Harbor shop.

    Args:
        domain: the address of the shop,
            without https://.
        token: an access token.
        password: instead of a token.
    """

    name = "harbor"
    title = "Harbor"
    reread = {}

    def __init__(
        self,
        *,
        domain: str,
        token: SecretStr | None = None,
        password: SecretStr | None = None,
        pages: int = 50,
        prices: Literal["gross", "net"] | None = None,
        states: Mapping[str, list[str]] | None = None,
        moves: tuple[tuple[str, str], ...] = (),
        mirrored: bool = False,
        tax: Decimal | None = None,
    ) -> None:
        if token is None and password is None:
            raise ConfigError("neither token nor password is given.")
        self.domain = domain

    def check(self) -> ShopInfo:
        if self.domain == "down.harbor.example":
            raise TemporaryError("Harbor does not answer.")
        if self.domain == "denied.harbor.example":
            raise AuthError("Harbor does not accept the setting `token`.")
        if self.domain == "bug.harbor.example":
            raise KeyError("anna@example.org")
        return ShopInfo(
            name="Hafenrösterei",
            currency="EUR",
            time_zone="Europe/Berlin",
            features=frozenset({Feature.TAGS}),
            orders_visible_from=datetime(2026, 9, 23, 4, tzinfo=UTC),
            missing_scopes=("read_all_orders",),
            scope_help="Grant it under Settings, Apps.",
            notes=("The plan of this shop has no webhooks.",),
            customer_count=31204,
            order_count=48310,
            tag_length=12,
            payment_methods=("Rechnung", "PayPal"),
            customer_groups=("Händler", "Endkunden", "Staff"),
        )

    def close(self) -> None:
        pass


class HarborSandbox:
    """A Harbor shop on this machine.

    Args:
        customers: how many customers it has.
    """

    name = "harbor"

    def __init__(
        self, *, port: int = 0, customers: int = 100, mood: Literal["calm", "storm"] = "calm",
        from_csv: Path | None = None, slow: bool = False,
    ) -> None:
        if customers < 1:
            raise ValueError("a shop needs customers.")
        self.url = f"http://127.0.0.1:{port or 4711}"
        self.admin_url = f"{self.url}/admin"
        self.told = (customers, mood, from_csv, slow)

    def settings(self) -> dict[str, object]:
        return {"domain": "127.0.0.1:4711", "token": SecretStr("sandbox-token")}

    def start(self) -> None:
        print("started with", *self.told, flush=True)

    def stop(self) -> None:
        print("stopped", flush=True)
'''
COMMAND = """\
import click


@click.command()
def weather() -> None:
    click.echo("fair")


@click.command()
@click.argument("what")
def fail(what: str) -> None:
    if what == "stopped":
        raise KeyboardInterrupt
    raise KeyError("anna@example.org")
"""
ENTRY_POINTS = """\
[stammkunde.adapters]
harbor = harbor:HarborAdapter

[stammkunde.sandboxes]
harbor = harbor:HarborSandbox

[stammkunde.commands]
weather = harbor_command:weather
fail = harbor_command:fail
pull = harbor_command:weather
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder, with the package `stammkunde-harbor` installed."""
    packages = tmp_path / "packages"
    info = packages / "stammkunde_harbor-2.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stammkunde-harbor\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (packages / "harbor.py").write_text(HARBOR, encoding="utf-8")
    (packages / "harbor_command.py").write_text(COMMAND)
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.setenv("PYTHONPATH", str(packages))
    monkeypatch.delenv("STAMMKUNDE_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    yield work
    for name in ("harbor", "harbor_command"):
        sys.modules.pop(name, None)


def run(*arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=answers)


def write_config(folder: Path, *domains: str, more: str = "") -> None:
    shops = "".join(
        f'[shops.{domain.partition(".")[0]}]\nadapter = "harbor"\ndomain = "{domain}"\n'
        'token = { env = "HARBOR_TOKEN" }\n'
        for domain in domains
    )
    (folder / "stammkunde.toml").write_text(shops + more, encoding="utf-8")


# The table of contents


def test_help_is_a_table_of_contents_that_fits_a_screen(folder: Path) -> None:
    result = run("--help")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        "Usage: main [OPTIONS] COMMAND [ARGS]...",
        "",
        "Set up     init       Write a config: looks into the shop and asks.",
    ]
    assert "Every day  sync       Pull, sort into groups, plan and push." in lines
    assert "More       fail       From stammkunde-harbor." in lines
    assert "           weather    From stammkunde-harbor." in lines
    assert "jtl, woocommerce" in " ".join(map(str.strip, lines))  # each needed by one platform only
    assert len(lines) - 2 <= 24  # without the foreign ones
    assert max(map(len, lines)) <= 80


def test_help_is_fast() -> None:
    script = Path(sys.executable).with_name("stammkunde")
    began = time.perf_counter()
    shown = subprocess.run([script, "--help"], check=True, capture_output=True, text=True)
    assert time.perf_counter() - began < 2.0  # 0.1 s where nothing else runs
    assert shown.stdout.startswith("Usage: stammkunde [OPTIONS] COMMAND [ARGS]...\n")
    code = """
import sys
from connector.cli import main
main(["--help"], standalone_mode=False)
sys.exit(bool({"pydantic", "rich", "sqlite3", "requests"} & sys.modules.keys()))
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("name", [entry.name for entry in CONTENTS])
def test_every_command_of_the_contents_is_there_and_explains_itself(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0, result.output
    assert f" {name} " in result.stdout.splitlines()[0]


def test_a_foreign_command_is_found_and_replaces_none_of_ours(folder: Path) -> None:
    assert run("weather").stdout == "fair\n"
    assert "fair" not in run("pull", "--help").stdout


def test_an_unknown_command_gets_the_nearest_name() -> None:
    result = run("chek")
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: There is no command 'chek'. Did you mean 'check'?\n")


# Failures


def test_no_config(folder: Path) -> None:
    result = run("check")
    assert result.exit_code == 2
    assert result.stderr == "There is no config at stammkunde.toml. `stammkunde init` writes one.\n"
    assert result.stdout == ""


def test_the_config_is_found_by_option_by_variable_here_and_at_home(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    assert "at given.toml." in run("--config", "given.toml", "check").stderr
    monkeypatch.setenv("STAMMKUNDE_CONFIG", "named.toml")
    assert "at named.toml." in run("check").stderr
    monkeypatch.delenv("STAMMKUNDE_CONFIG")
    at_home = Path(click.get_app_dir("stammkunde")) / "stammkunde.toml"
    at_home.parent.mkdir(parents=True)
    at_home.write_text("lapse_dys = 1\n")
    assert "lapse_dys" in run("check").stderr
    (folder / "stammkunde.toml").write_text("tag_prefx = 1\n")
    assert "tag_prefx" in run("check").stderr


def test_all_problems_of_the_config_are_shown(folder: Path) -> None:
    write_config(folder, "roastery.harbor.example", more="pusch = true\n[groups.a]\ntag = 5\n")
    result = run("check")
    assert result.exit_code == 2
    assert result.stderr == (
        "stammkunde.toml:4  shops.roastery.token: the environment variable HARBOR_TOKEN is not set. "
        "Put the secret there.\n"
        "stammkunde.toml:5  shops.roastery.pusch: unknown option. Did you mean 'push'?\n"
        'stammkunde.toml:6  groups.a.members: is missing. Add members = "number_of_orders > 3".\n'
        "stammkunde.toml:7  groups.a.tag: must be text. Put it in quotes.\n"
    )


def test_an_unknown_shop_gets_the_nearest_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARBOR_TOKEN", "secret-1")
    write_config(folder, "roastery.harbor.example")
    result = run("check", "rostery")
    assert result.exit_code == 2
    assert result.stderr == ("There is no shop 'rostery' in stammkunde.toml. Did you mean 'roastery'?\n")


def test_a_defect_is_told_as_one_without_anybodys_data(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = run("fail", "badly")
    assert result.exit_code == 1
    told = re.fullmatch(
        r"This is a defect in Stammkunde \(KeyError in harbor_command\.py, line 14\)\. "
        r"Please report it with what is in (\S+)\.\n",
        result.stderr,
    )
    assert told is not None
    details = Path(told[1])
    assert "Traceback" in details.read_text(encoding="utf-8")
    assert stat.S_IMODE(details.stat().st_mode) == 0o600
    assert "Traceback" in run("--verbose", "fail", "badly").stderr


def test_a_defect_is_told_where_no_file_can_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder / "nowhere"))
    result = run("fail", "badly")
    assert (result.exit_code, result.stderr) == (
        1,
        (
            "This is a defect in Stammkunde (KeyError in harbor_command.py, line 14)."
            " Please report it with what -v shows.\n"
        ),
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_help_onto_a_full_disk_ends_in_a_sentence() -> None:
    command = [sys.executable, "-c", "from connector.cli import main; main()", "--help"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "There is no room left on the disk for the output.\n")


def test_data_for_programs_is_utf_8_whatever_the_system_has() -> None:
    shown = "from connector.cli.streams import prepare_stdout; prepare_stdout(); print('−1 Łódź')"
    done = subprocess.run(
        [sys.executable, "-c", shown],
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert done.stdout.decode("utf-8").split() == ["−1", "Łódź"]


def test_a_folder_that_may_not_be_looked_into_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", forbidden)
    monkeypatch.setattr(Path, "read_bytes", forbidden)
    result = run("check")
    assert (result.exit_code, result.stderr) == (
        2,
        "The config stammkunde.toml cannot be read: Permission denied.\n",
    )


class Terminal(io.StringIO):
    """Something that says it is one."""

    def isatty(self) -> bool:
        return True


def drawn(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A table on a terminal of so many columns."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    show_table(
        ["Class", "Of customers", "Spent", "Of bought once", "Why"],
        [("A", "27.4 %", "49,535.31 EUR", "4.4 %", "in value/A, in big-spenders")],
        right={"Of customers", "Spent", "Of bought once"},
    )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    return [line.rstrip() for line in plain.splitlines()]


def test_a_table_fits_the_terminal_and_loses_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(100, monkeypatch) == [
        "Class  Of customers          Spent  Of bought once  Why",
        "A            27.4 %  49,535.31 EUR           4.4 %  in value/A, in big-spenders",
    ]
    assert drawn(64, monkeypatch) == [
        "                                     Of",
        "              Of                 bought",
        "Class  customers          Spent    once  Why",
        "A         27.4 %  49,535.31 EUR   4.4 %  in value/A, in",
        "                                         big-spenders",
    ]
    assert drawn(40, monkeypatch) == [  # the terminal breaks the lines
        "Class  Of customers          Spent  Of bought once  Why",
        "A            27.4 %  49,535.31 EUR           4.4 %  in value/A, in big-spenders",
    ]


def test_ctrl_c_says_that_nothing_is_lost(folder: Path) -> None:
    result = run("fail", "stopped")
    assert result.exit_code == 130
    assert result.stderr == "Stopped. Nothing was lost; run the same command to go on.\n"


def test_a_reader_that_goes_away_is_no_failure_of_ours(folder: Path) -> None:
    script = Path(sys.executable).with_name("stammkunde")
    running = subprocess.Popen(
        [script, "adapters", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    running.stdout.close()
    _, told = running.communicate(timeout=20)
    assert told == ""


# Output


def test_figures_read_as_people_write_them() -> None:
    assert number(31204) == "31,204"
    assert money(123450, "EUR") == "1,234.50 EUR"
    assert money(1234, "JPY") == "1,234 JPY"
    assert share(31, 100) == "31 %"
    assert share(0, 0) == "–"


def test_a_table_is_aligned_text_where_there_is_no_terminal() -> None:
    @click.command()
    def listing() -> None:
        rows = [("Müller", 1234, "12.00 EUR"), ("李\x1b[31m", 7, None)]
        show_table(["Name", "Orders", "Spent"], rows, right={"Spent"})

    assert CliRunner().invoke(listing).stdout == (
        "Name     Orders      Spent\nMüller    1,234  12.00 EUR\n李 [31m       7\n"
    )


def test_an_onlooker_sums_up_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    onlooker = Onlooker("roastery")
    onlooker.step("customers", 250, 31204)
    onlooker.step("customers", 31204, 31204)
    onlooker.step("orders", 48310, None)
    onlooker.close()
    assert capsys.readouterr().err == "roastery: 31,204 customers, 48,310 orders\n"


def test_the_first_ctrl_c_stops_at_the_next_safe_point_and_the_second_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), watching("roastery") as onlooker:  # noqa: PT012
        assert not onlooker.should_stop()
        signal.raise_signal(signal.SIGINT)
        assert onlooker.should_stop()
        signal.raise_signal(signal.SIGINT)
    assert capsys.readouterr().err == "Stopping after the current page … (Ctrl-C again: at once)\n"
    assert signal.getsignal(signal.SIGINT) is before


# check


def test_check_says_what_shop_it_is_and_goes_on_after_a_failure(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARBOR_TOKEN", "secret-1")
    rules = """
[groups.regulars]
members = "number_of_orders > 3"
[groups.recent]
members = "last_order_date >= -30d"
"""
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    names = ("down", "denied", "bug", "roastery")
    write_config(folder, *(f"{name}.harbor.example" for name in names), more=rules)
    result = run("--now", "2026-11-22T06:00:00Z", "check")
    assert result.exit_code == 1
    assert result.stdout == (
        "roastery: Hafenrösterei (Harbor), EUR, Europe/Berlin\n"
        "  31,204 customers, 48,310 orders, history only since 23 Sep 2026\n"
        "  The plan of this shop has no webhooks.\n"
    )
    assert re.sub(r"line \d+|/\S+\.txt", "…", result.stderr) == (
        "down: Harbor does not answer. Nothing was removed; the next run tries again.\n"
        "denied: Harbor does not accept the setting `token`.\n"
        "bug: This is a defect in Stammkunde (KeyError in harbor.py, …). "
        "Please report it with what is in ….\n"
        "  Missing permission: read_all_orders. Grant it under Settings, Apps.\n"
        "  regulars cannot be pushed: it depends on a customer's whole history, "
        "and the shop shows orders only since 23 Sep 2026.\n"
    )
    assert "secret-1" not in result.output


def test_check_says_which_tag_the_shop_cannot_keep(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARBOR_TOKEN", "secret-1")
    rules = '[groups.recent]\nmembers = "last_order_date >= -30d"\ntag = "' + "recently" + '"\n'
    write_config(folder, "roastery.harbor.example", more=rules + rules.replace("recent", "frequent"))
    result = run("--now", "2026-11-22T06:00:00Z", "check")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[1] == (
        "  frequent cannot be pushed: its tag sk:frequently has 13 characters, and the shop keeps at most 12."
    )


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8080", "10.1.2.3", "[::1]", "192.168.0.7", "server:5883", "shop.local"]
)
def test_in_the_own_network_a_plain_address_will_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HARBOR_TOKEN", "secret-1")
    write_shop(folder, f"http://{host}/api")
    result = run("check")
    assert result.exit_code == 0, result.stderr
    assert "in clear" not in result.stderr


@pytest.mark.parametrize("host", ["shop.example", "8.8.8.8", "local.example:8080", "[2a00::1]"])
def test_check_warns_where_keys_and_data_would_go_in_clear(
    folder: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HARBOR_TOKEN", "secret-1")
    more = (
        f'[receivers.crm]\nurl = "http://{host}/hook"\nsecret = {{ env = "HARBOR_TOKEN" }}\n'
        'events = ["alert"]\n'
    )
    write_shop(folder, f"HTTP://{host}/api", more)
    result = run("check")
    assert result.exit_code == 0, result.stderr
    for place in ("shops.shop.domain", "receivers.crm.url"):
        told = f"  {place} is a plain http:// address: keys and data of customers go there in clear. Use https://."
        assert told in result.stderr.splitlines()
    write_shop(folder, f"https://{host}/api", more.replace("http:", "https:"))
    assert "in clear" not in run("check").stderr


def write_shop(folder: Path, domain: str, more: str = "") -> None:
    table = f'[shops.shop]\nadapter = "harbor"\ndomain = "{domain}"\ntoken = {{ env = "HARBOR_TOKEN" }}\n'
    (folder / "stammkunde.toml").write_text(table + more, encoding="utf-8")


def test_check_remembers_what_it_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARBOR_TOKEN", "secret-1")
    write_config(folder, "roastery.harbor.example")
    result = run("--now", "2026-11-22T06:00:00Z", "check", "roastery", "--json")
    assert result.exit_code == 0
    [found] = json.loads(result.stdout)
    assert (found["shop"], found["platform"], found["error"]) == ("roastery", "Harbor", None)
    assert found["orders_since"] == "2026-09-23"
    assert found["info"]["missing_scopes"] == ["read_all_orders"]
    with sqlite3.connect(folder / "stammkunde.sqlite") as connection:
        row = connection.execute("SELECT name, currency, time_zone, checked_at FROM shops").fetchone()
    connection.close()
    moment = int(datetime(2026, 11, 22, 6, tzinfo=UTC).timestamp() * 1000)
    assert row == ("roastery", "EUR", "Europe/Berlin", moment)


# adapters


def test_adapters_are_listed(folder: Path) -> None:
    result = run("adapters", "--json")
    listed = {each["name"]: each for each in json.loads(result.stdout)}
    assert listed["harbor"] == {
        "name": "harbor",
        "title": "Harbor",
        "package": "stammkunde-harbor 2.1",
        "sandbox": True,
        "problem": None,
    }
    assert {"memory", "shopify"} <= listed.keys()
    assert re.search(r"^harbor +Harbor +stammkunde-harbor 2\.1 +yes$", run("adapters").stdout, re.MULTILINE)


def test_the_settings_of_an_adapter_are_its_constructors(folder: Path) -> None:
    assert run("adapters", "harbor").stdout == (
        "Setting   Type                    Default     Meaning\n"
        "domain    text                    (required)  the address of the shop, without https://.\n"
        "token     secret                              an access token.\n"
        "password  secret                              instead of a token.\n"
        "pages     whole number            50\n"
        "prices    'gross' or 'net'\n"
        "states    table of lists of text\n"
        "moves     list of [text, text]\n"
        "mirrored  true or false           false\n"
        "tax       number\n"
    )
    result = run("adapters", "harbour")
    assert result.exit_code == 2
    assert result.stderr == "There is no adapter 'harbour'. Did you mean 'harbor'?\n"


# init


def test_init_takes_defaults_and_what_it_is_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROASTERY_TOKEN", "secret-1")
    result = run("init", "--yes", "--adapter", "harbor", "--set", "domain=roastery.harbor.example")
    assert result.exit_code == 0, result.output
    text = (folder / "stammkunde.toml").read_text(encoding="utf-8")
    assert (
        """\
[shops.roastery]
adapter = "harbor"
domain = "roastery.harbor.example"
token = { env = "ROASTERY_TOKEN" }

# Whether anything may be written to the shop. Look at `stammkunde plan` first.
push = false

# Who is in no group, no figure and no campaign: dealers, staff, marketplaces.
exclude = { customer_groups = ["Händler", "Staff"] }
"""
        in text
    )
    assert result.stdout == ""
    assert "Found Hafenrösterei: EUR, Europe/Berlin.\n31,204 customers, 48,310 orders.\n" in result.stderr
    assert "secret-1" not in text + result.output
    config = load(folder / "stammkunde.toml")
    assert list(config.groups) == ["big-spenders", "new", "stammkunden", "dormant"]
    assert list(config.ladders) == ["value"]
    assert config.campaigns["come-back"].active is False
    assert config.shops["roastery"].has_limits
    for name in ("stammkunde.toml", "stammkunde.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert re.fullmatch("[0-9a-f]{64}\n", (folder / "stammkunde.key").read_text())
    assert run("check").exit_code == 0


def test_init_asks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARBOR_PASSWORD", "secret-1")
    answers = [
        "roastery.harbor.example",
        "coffee",
        "Händler",
        "b2b, intern",
        "marketplace.amazon.de",
        "placed",
        "",
        "14",
        "400 %",
        "40 %",
        "2019-03-04",
    ]
    result = run(
        "init",
        "--adapter",
        "harbor",
        "--set",
        "password=env:HARBOR_PASSWORD",
        answers="\n".join([*answers, ""]),
    )
    assert result.exit_code == 0, result.output
    assert "Error: A margin is between 0 and 100 %.\n" in result.stderr
    shop = load(folder / "stammkunde.toml").shops["coffee"]
    assert (shop.settings["domain"], shop.settings["password"].env) == (
        "roastery.harbor.example",
        "HARBOR_PASSWORD",
    )
    assert shop.exclude.customer_groups == ("Händler",)
    assert shop.exclude.tags == ("b2b", "intern")
    assert shop.exclude.email_domains == ("marketplace.amazon.de",)
    assert shop.count_when == {"rechnung": "placed"}
    assert (shop.settle_days, str(shop.margin), str(shop.history_starts)) == (14, "0.4", "2019-03-04")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://127.0.0.1:8080", "harbor"),
        ("192.168.0.7", "harbor"),
        ("https://www.roastery.example", "roastery"),
        ("4711.example", "harbor"),
    ],
)
def test_init_suggests_a_name_from_an_address_that_has_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, address: str, name: str
) -> None:
    monkeypatch.setenv(f"{name.upper()}_TOKEN", "secret-1")
    result = run("init", "--yes", "--adapter", "harbor", "--set", f"domain={address}")
    assert result.exit_code == 0, result.output
    assert list(load(folder / "stammkunde.toml").shops) == [name]


def test_init_takes_a_setting_of_any_type(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROASTERY_TOKEN", "secret-1")
    given = {
        "domain": "roastery.harbor.example",
        "prices": "net",
        "states": '{ paid = ["bezahlt", "erledigt"] }',
        "moves": '[["Gast", "Stammkunde"]]',
        "mirrored": "true",
        "tax": "19.5",
        "pages": "7",
    }
    said = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    result = run("init", "--yes", "--adapter", "harbor", *said)
    assert result.exit_code == 0, result.output
    settings = dict(load(folder / "stammkunde.toml").shops["roastery"].settings)
    assert settings.pop("token").env == "ROASTERY_TOKEN"
    assert settings == {
        "domain": "roastery.harbor.example",
        "prices": "net",
        "states": {"paid": ["bezahlt", "erledigt"]},
        "moves": (("Gast", "Stammkunde"),),
        "mirrored": True,
        "tax": Decimal("19.5"),
        "pages": 7,
    }


def test_what_init_writes_stays_true_when_push_is_switched_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROASTERY_TOKEN", "secret-1")
    run("init", "--yes", "--adapter", "harbor", "--set", "domain=roastery.harbor.example")
    text = (folder / "stammkunde.toml").read_text(encoding="utf-8")
    assert re.findall("^.*push = .*$", text, re.MULTILINE) == ["push = false"]


def test_init_never_overwrites(folder: Path) -> None:
    (folder / "stammkunde.toml").write_text("# mine\n")
    (folder / "stammkunde.key").write_text("key\n")
    result = run("init", "--yes", "--adapter", "memory")
    assert result.exit_code == 1
    assert result.stderr == "stammkunde.toml exists already and is left as it is. Another: --config FILE.\n"
    assert run("--config", "other.toml", "init", "--yes", "--adapter", "memory").exit_code == 0
    assert (folder / "stammkunde.toml").read_text() == "# mine\n"
    assert (folder / "stammkunde.key").read_text() == "key\n"


def test_init_goes_on_without_the_shop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOWN_TOKEN", raising=False)
    result = run("init", "--yes", "--adapter", "harbor", "--set", "domain=down.harbor.example")
    assert result.exit_code == 0
    assert result.stderr.startswith(
        "The shop could not be looked into: shops.down.token: "
        "the environment variable DOWN_TOKEN is not set.\n"
        "The questions have their usual defaults.\n"
    )
    assert "Set the secret in the environment: export DOWN_TOKEN=…\n" in result.stderr


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("token=shpat_123456", "A secret is given as env:NAME (a variable's name in capitals) or file:PATH."),
        ("token=env:shpat_123456", "A secret is given as env:NAME (a variable's name in capitals) or"),
        ("tokn=shpat_123456", "There is no setting 'tokn'. Did you mean 'token'?"),
        ("shpat_123456", "--set takes SETTING=VALUE."),
        ("pages=many", "--set pages takes: whole number."),
        ("prices=both", "--set prices takes: 'gross' or 'net'."),
        ("states=paid", "--set states takes: table of lists of text."),
        ('states={ paid = "yes" }', "--set states takes: table of lists of text."),
        ("pages=5", "--yes needs --set domain=…: the address of the shop, without https://."),
    ],
)
def test_what_init_is_given_wrongly(folder: Path, given: str, sentence: str) -> None:
    result = run("init", "--yes", "--adapter", "harbor", "--set", given)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "123456" not in result.output
    assert not list(folder.iterdir())


def test_init_makes_a_key_for_a_config_that_is_there(folder: Path) -> None:
    (folder / "stammkunde.toml").write_text('key_file = "keys/codes"\n')
    assert run("init", "--key").exit_code == 0
    key = (folder / "keys" / "codes").read_text()
    assert re.fullmatch("[0-9a-f]{64}\n", key)
    assert run("init", "--key").exit_code == 0
    assert (folder / "keys" / "codes").read_text() == key


def test_init_looks_into_a_memory_shop(folder: Path) -> None:
    MemoryShop("corner", currency="CHF", time_zone="Europe/Zurich")
    result = run("init", "--yes", "--adapter", "memory", "--set", "name=corner")
    assert "Found corner: CHF, Europe/Zurich.\n" in result.stderr


# sandbox


def test_sandboxes_are_listed_by_what_their_platforms_are_called(folder: Path) -> None:
    told = run("sandbox", "--help").stdout
    assert re.search(r"\n  csv +CSV\n", told)
    assert re.search(r"\n  jtl +JTL-Shop\n", told)
    assert "Run a shop on this machine that speaks as JTL-Shop does, until Ctrl-C." in " ".join(
        run("sandbox", "jtl", "--help").stdout.split()
    )


def test_sandbox_options_are_its_constructors(folder: Path) -> None:
    result = run("sandbox", "harbor", "--help")
    assert re.search(r"--customers INTEGER +how many customers it has\. +\[default: 100\]", result.stdout)
    assert "--mood [calm|storm]" in result.stdout
    assert "--from-csv PATH" in result.stdout
    assert "--slow / --no-slow" in result.stdout
    assert run("sandbox", "harbor", "--customers", "0").stderr.endswith(
        "Error: The sandbox cannot start: a shop needs customers.\n"
    )
    assert run("sandbox", "harbour").stderr.endswith(
        "Error: There is no sandbox 'harbour'. Did you mean 'harbor'?\n"
    )


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_sandbox_runs_until_it_is_stopped(folder: Path, by: signal.Signals) -> None:
    script = Path(sys.executable).with_name("stammkunde")
    command = [str(script), "sandbox", "harbor", "--customers", "7", "--mood", "storm", "--slow"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert running.stdout is not None
    shown = []
    for line in running.stdout:
        shown.append(line)
        if line.startswith("export"):
            break
    time.sleep(0.2)
    running.send_signal(by)
    rest, told = running.communicate(timeout=20)
    assert running.returncode == 0
    assert (
        "".join(shown)
        == """\
started with 7 storm None True
# The shop: http://127.0.0.1:4711   its admin page: http://127.0.0.1:4711/admin
# In stammkunde.toml:
[shops.sandbox]
adapter = "harbor"
domain = "127.0.0.1:4711"
token = { env = "SANDBOX_TOKEN" }

# In the shell that runs stammkunde:
export SANDBOX_TOKEN=sandbox-token
"""
    )
    assert rest == "stopped\n"
    assert told.endswith("The sandbox has stopped.\n")
