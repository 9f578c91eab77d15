"""The numbers: on a shop small enough to count by hand, on shops where there is little to count, on CDNOW.

The figures of CDNOW were counted from the raw file with a few lines of Python, apart from the code under
test: scores by counting who is strictly worse, ABC by walking down the sorted list, months from the dates.
"""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapters.shopify.sandbox import ShopifySandbox
from connector.cli import main
from connector.database import hold
from connector.metrics.rfm import name_of
from tests import test_cdnow
from tests.shopfloor import Floor, customer, order, people, put, shopfloor

master = test_cdnow.master


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    """The ten of `people`, and Ida, who came back after 397 days."""
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        put(opened.shop, [order(171, 1009, 3, 10)])
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.done("pull")
        yield opened


def figures(floor: Floor, *arguments: str) -> Any:
    (found,) = floor.done("report", "--json", *arguments).json()
    return found["report"]


def lines(floor: Floor) -> list[str]:
    """The screen, with single spaces."""
    return [" ".join(line.split()) for line in floor.done("report").out.splitlines()]


# By hand


def test_a_window_counts_customers_orders_and_value(floor: Floor) -> None:
    year, half = figures(floor)["windows"]
    assert (year["days"], half["days"]) == (365, 180)
    names = ("customers", "repeaters", "returning", "orders", "spent", "net_sales")
    assert [year[name] for name in names] == [6, 3, 1, 15, 132000, 123365]
    assert [half[name] for name in names] == [4, 1, 1, 8, 110000, 102806]
    assert (year["repeat_rate"], half["repeat_rate"]) == (0.5, 0.25)
    assert year["returning_rate"] == pytest.approx(0.166667, abs=1e-6)
    assert (year["frequency"], year["aov_spent"]) == (2.5, 8800.0)
    assert year["aov_spent"] * year["frequency"] == pytest.approx(22000)  # V / N


def test_average_order_value_goes_by_order_number(floor: Floor) -> None:
    year = figures(floor)["windows"][0]
    assert [(each["number"], each["orders"], each["aov_spent"]) for each in year["by_order_number"]] == [
        (1, 5, 7400.0),
        (2, 4, 7250.0),
        (3, 2, 11000.0),
        (4, 2, 11000.0),
        (5, 2, 11000.0),
    ]


def test_gaps_are_days_between_successive_orders(floor: Floor) -> None:
    gaps = figures(floor)["gaps"]
    assert (gaps["count"], gaps["median"]) == (10, 20.5)
    assert (gaps["second_orders"], gaps["median_to_second"]) == (4, 70.0)
    assert gaps["came_back"] == {"lapse_days": 180, "lapsed": 3, "came_back": 1, "share": 1 / 3}
    assert gaps["suggested"] == {
        "lapse_days": None,
        "why_not": "it takes 24 months and 300 gaps; so far 13 months and 10 gaps",
        "came_back": None,
    }


def test_churn_is_of_those_active_at_the_start(floor: Floor) -> None:
    churn = figures(floor)["churn"]
    assert (churn["active_at_start"], churn["lost"], churn["rate"], churn["lapsed_now"]) == (1, 0, 0.0, 2)


def test_lifetime_value_has_a_margin_only_where_one_is_configured(floor: Floor) -> None:
    value = figures(floor)["lifetime_value"]
    assert value["spent"]["period"] == pytest.approx(22000)
    assert value["spent"]["historic"] == pytest.approx(136000 / 6)
    assert value["spent"]["simple"] is None  # nobody was lost
    assert value["net_sales"]["period"] == pytest.approx(123365 / 6)
    assert value["margin"] is None
    floor.set(margin="0.4")
    assert figures(floor)["lifetime_value"]["margin"]["period"] == pytest.approx(8224.333, abs=1e-3)


def test_everybody_is_in_exactly_one_stage(floor: Floor) -> None:
    stages = {each["name"]: each["customers"] for each in figures(floor)["lifecycle"]}
    assert stages == {"beginner": 4, "new": 2, "active": 1, "regular": 1, "potential": 0, "dormant": 2}


def test_abc_tells_what_each_class_contributes(floor: Floor) -> None:
    classes = figures(floor)["abc"]
    assert [(each["name"], each["customers"], each["spent"], each["bought_once"]) for each in classes] == [
        ("A", 1, 100000, 0),
        ("B", 2, 22000, 0),
        ("C", 3, 10000, 2),
    ]
    assert [each["share_of_customers"] for each in classes] == pytest.approx([1 / 6, 1 / 3, 1 / 2])
    assert [each["share_of_bought_once"] for each in classes] == [0.0, 0.0, 1.0]


def test_abc_gives_the_classes_that_groups_use(floor: Floor) -> None:
    stored = floor.rows("SELECT abc_class, count(*) FROM facts WHERE abc_class IS NOT NULL GROUP BY 1")
    assert stored == [("A", 1), ("B", 2), ("C", 3)]


def test_equal_customers_score_equally(floor: Floor) -> None:
    rfm = figures(floor)["rfm"]
    assert [
        (each["recency"], each["frequency"], each["monetary"], each["group"]) for each in rfm["cells"]
    ] == [
        (5, 3, 2, "ACTIVE"),  # Ida
        (5, 1, 1, "NEW"),  # Ben; as many orders as Kim
        (4, 5, 5, "LOYAL"),  # Ada; as many orders as Dora
        (3, 1, 3, "NEEDS_ATTENTION"),  # Kim
        (2, 5, 4, "PREVIOUSLY_LOYAL"),  # Dora
        (1, 3, 5, "AT_RISK"),  # Cem; as many orders as Ida
    ]
    assert (rfm["groups"][-1]["name"], rfm["groups"][-1]["customers"]) == ("PROSPECTS", 4)


def test_the_docs_have_the_table_of_names() -> None:
    page = (Path(__file__).parents[1] / "docs" / "definitions.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if re.match(r"\| [1-5] \| ", line)]
    frequencies = [((1, 1), (1, 2)), ((2, 2), (2, 3)), ((3, 3), (3, 4)), ((4, 4),), ((4, 5), (5, 5))]
    assert [
        [row[0], *({name_of(int(row[0]), *each) for each in some} for some in frequencies)] for row in rows
    ] == [[row[0], *({name} for name in row[1:])] for row in rows]
    assert len(rows) == 5


def test_a_month_that_is_not_over_is_blank_and_never_0(floor: Floor) -> None:
    cohorts = {each["month"]: each["ordered"] for each in figures(floor)["cohorts"]}
    assert next(iter(cohorts)) == "2025-07"
    assert cohorts["2025-08"] == [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, None]
    assert cohorts["2026-01"] == [1, 0, 1, 1, 1, None]
    assert cohorts["2026-05"] == [2, None]
    assert cohorts["2026-06"] == [None]


def test_a_past_date_knows_nothing_of_later_orders_and_says_what_it_knows(floor: Floor) -> None:
    found = figures(floor, "--as-of", "2026-01-01")
    year = found["windows"][0]
    assert (year["customers"], year["orders"], year["spent"]) == (3, 8, 26000)
    assert {each["name"]: each["customers"] for each in found["lifecycle"]} == {
        "beginner": 6,  # Kim, a guest, was nobody then
        "new": 0,
        "active": 1,
        "regular": 1,
        "potential": 1,
        "dormant": 0,
    }
    assert found["churn"]["rate"] is None
    told = floor.done("report", "--as-of", "2026-01-01").out.splitlines()
    assert told[2] == (
        "Every order counts as it is known today (1 Jun 2026), with what was refunded or cancelled"
        " after 1 Jan 2026."
    )


def test_a_month_that_ended_with_a_past_date_is_over(floor: Floor) -> None:
    cohorts = {each["month"]: each["ordered"] for each in figures(floor, "--as-of", "2026-05-31")["cohorts"]}
    assert cohorts["2026-01"] == [1, 0, 1, 1, 1]
    assert cohorts["2026-05"] == [2]


# The command


def test_report_takes_no_lock_and_writes_nothing(floor: Floor) -> None:
    def dump() -> list[str]:
        with closing(sqlite3.connect(floor.database)) as connection:
            return list(connection.iterdump())

    before = dump()
    with hold(floor.database, "roastery", wait=0, holder="somebody else"):
        floor.done("report")
    assert dump() == before


def test_the_screen_says_which_money_it_is(floor: Floor) -> None:
    told = lines(floor)
    assert told[1] == (
        "roastery as of 1 Jun 2026: 6 customers with 16 orders since 27 Apr 2025:"
        " 1,360.00 EUR spent, 1,271.03 EUR net sales."
    )
    assert "Average order value, spent 88.00 EUR 137.50 EUR" in told
    assert "Simple, by yearly churn – –" in told
    assert "2025-08 1 0 0 100 0 0 0 0 0 0" in told


def test_the_screen_says_where_the_history_starts(floor: Floor) -> None:
    floor.set(history_starts="2025-04-01")
    assert lines(floor)[2] == "There are orders only since 1 Apr 2025: whoever came earlier looks new here."


def test_csv_has_one_figure_a_line(floor: Floor, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(floor.done("report", "--csv", "-").out)))
    aov = [each for each in rows if each["figure"] == "average order value" and each["row"] == "365 days"]
    assert [(each["of"], each["value"], each["currency"]) for each in aov] == [
        ("spent", "88.00", "EUR"),
        ("net sales", "82.24", "EUR"),
    ]
    kept = {each["figure"]: each["value"] for each in rows if each["row"] == "2026-05"}
    assert kept == {"customers": "2", "retention 0": "1.0", "retention 1": ""}
    file = tmp_path / "figures.csv"
    written = floor.done("report", "--csv", str(file))
    assert (written.out, written.err) == ("", f"All figures are in {file}.\n")
    assert list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))) == rows


def test_what_cannot_be_reported(floor: Floor) -> None:
    ahead = floor.run("report", "--as-of", "2026-06-02")
    assert (ahead.code, ahead.err) == (2, "2026-06-02 lies ahead. The numbers go up to 2026-06-01.\n")
    both = floor.run("report", "--json", "--csv", "-")
    assert (both.code, both.err.splitlines()[-1]) == (
        2,
        "Error: --html, --csv and --json are different formats. Ask for one of them.",
    )
    nowhere = floor.run("report", "--csv", str(floor.folder / "none" / "a.csv"))
    assert (nowhere.code, nowhere.err.endswith("cannot be written: No such file or directory.\n")) == (
        1,
        True,
    )


# Little to count


@pytest.fixture
def corner(tmp_path: Path) -> Iterator[Floor]:
    """A shop with nothing in it."""
    with shopfloor(tmp_path) as opened:
        opened.open_shop("corner")
        yield opened


def test_a_shop_that_was_never_pulled_says_so(corner: Floor) -> None:
    ran = corner.run("report")
    assert (ran.code, ran.err) == (2, "corner was never pulled. Run `stammkunde pull corner` first.\n")


def test_an_empty_shop_shows_dashes(corner: Floor) -> None:
    corner.done("pull")
    told = lines(corner)
    assert told[1] == "corner as of 1 Jun 2026: no orders."
    assert "Repeat customer rate – –" in told
    assert "Median gap between orders: – (0 gaps)" in told
    found = figures(corner)
    assert [each["share"] for each in found["lifecycle"]] == [None] * 6
    assert found["rfm"]["cells"] == []
    assert found["lifetime_value"]["spent"] == {"period": None, "historic": None, "simple": None}


def test_one_customer_is_the_best_and_the_worst(corner: Floor) -> None:
    put(corner.shop, [customer(1, "ada@example.com"), order(1, 1, 5, 30)])
    corner.done("pull")
    found = figures(corner)
    (cell,) = found["rfm"]["cells"]
    assert (cell["recency"], cell["frequency"], cell["monetary"]) == (5, 5, 5)
    assert [each["customers"] for each in found["abc"]] == [1, 0, 0]
    assert found["gaps"]["median"] is None


def test_when_all_are_equal_all_score_the_lowest_rank(corner: Floor) -> None:
    for each in range(1, 6):
        put(corner.shop, [customer(each, f"a{each}@example.com"), order(each, each, 5, 30)])
    corner.done("pull")
    found = figures(corner)
    (cell,) = found["rfm"]["cells"]
    assert (cell["recency"], cell["frequency"], cell["monetary"], cell["customers"]) == (1, 1, 1, 5)
    assert [each["customers"] for each in found["abc"]] == [4, 0, 1]


def test_a_lapse_is_suggested_from_enough_gaps_with_those_who_came_back_anyway(corner: Floor) -> None:
    put(corner.shop, [customer(1, "ada@example.com"), customer(2, "ben@example.com")])
    ago = 1000
    put(corner.shop, [order(1, 1, ago), order(2, 2, ago)])
    for nth, gap in enumerate([2] * 260 + [10] * 41 + [30]):
        ago -= gap
        put(corner.shop, [order(10 + nth, 1, ago)])
    corner.done("pull")
    assert figures(corner)["gaps"]["suggested"] == {
        "lapse_days": 10,
        "why_not": None,
        "came_back": {"lapse_days": 10, "lapsed": 2, "came_back": 1, "share": 0.5},
    }


def test_nine_of_ten_gaps_are_within_the_lapse_that_is_suggested(corner: Floor) -> None:
    """271 of 302 gaps are two days long, which is less than nine of ten; 18 days would hold no more."""
    put(corner.shop, [customer(1, "ada@example.com"), order(1, 1, 1200)])
    ago = 1200
    for nth, gap in enumerate([2] * 271 + [20] * 31):
        ago -= gap
        put(corner.shop, [order(10 + nth, 1, ago)])
    corner.done("pull")
    assert figures(corner)["gaps"]["suggested"]["lapse_days"] == 20


# CDNOW


@pytest.fixture(scope="module")
def cdnow(master: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Reports of the end of June 1998, and of 1997."""
    folder = tmp_path_factory.mktemp("cdnow")
    now = test_cdnow.NOW
    sandbox = ShopifySandbox(from_csv=master, restore_rate=1e6, bucket=1e6, now=lambda: now)
    sandbox.start()
    try:
        config = folder / "stammkunde.toml"
        text = test_cdnow.CONFIG.format(domain=sandbox.settings()["domain"], url=sandbox.url)
        spend = "margin = 0.4\nacquisition_spend = { 1997-01 = 156920, 1998-06 = 1000, 1998-07 = 1000 }"
        config.write_text(text.replace("abc = { window_days = 1000 }", spend), encoding="utf-8")

        def run(*arguments: str) -> Any:
            started = ["--quiet", "--config", str(config), "--now", now.isoformat(), *arguments, "--json"]
            ran = CliRunner().invoke(main, started, env={"CDNOW_TOKEN": "shpat_sandbox"})
            assert ran.exit_code == 0, ran.output
            return json.loads(ran.stdout)

        run("pull")
        return {
            "1998-06-30": run("report", "--as-of", "1998-06-30", "--since", "1997-12-31")[0]["report"],
            "1997-12-31": run("report", "--as-of", "1997-12-31")[0]["report"],
        }
    finally:
        sandbox.stop()


def test_cdnow_repeat_customers(cdnow: dict[str, Any]) -> None:
    found = cdnow["1998-06-30"]
    assert (found["customers"], found["gaps"]["second_orders"]) == (23_570, 11_662)
    assert (found["orders"], found["spent"]) == (69_659, 250_031_563)
    names = ("customers", "repeaters", "returning", "orders", "spent")
    year, half = found["windows"]
    assert [year[name] for name in names] == [8_332, 5_163, 8_332, 28_131, 106_935_650]
    assert [half[name] for name in names] == [5_360, 2_678, 5_360, 12_694, 47_405_686]


def test_cdnow_time_between_orders(cdnow: dict[str, Any]) -> None:
    gaps = cdnow["1998-06-30"]["gaps"]
    assert (gaps["count"], gaps["median"], gaps["median_to_second"]) == (46_089, 31.0, 54.0)
    assert (gaps["came_back"]["lapsed"], gaps["came_back"]["came_back"]) == (21_784, 4_968)
    assert gaps["suggested"]["lapse_days"] is None  # 17 months


def test_cdnow_lifecycle_and_churn(cdnow: dict[str, Any]) -> None:
    found = cdnow["1998-06-30"]
    assert {each["name"]: each["customers"] for each in found["lifecycle"]} == {
        "beginner": 0,
        "new": 0,
        "active": 1_549,
        "regular": 3_825,
        "potential": 11_908,
        "dormant": 6_288,
    }
    assert (found["churn"]["active_at_start"], found["churn"]["lost"]) == (23_570, 18_196)


def test_cdnow_abc_of_a_year(cdnow: dict[str, Any]) -> None:
    assert [(each["customers"], each["spent"]) for each in cdnow["1998-06-30"]["abc"]] == [
        (3_079, 85_548_487),
        (2_650, 16_039_030),
        (2_603, 5_348_133),
    ]


def test_cdnow_scores_with_their_ties(cdnow: dict[str, Any]) -> None:
    rfm = cdnow["1998-06-30"]["rfm"]
    by_score = {
        score: [
            sum(each["customers"] for each in rfm["cells"] if each[score] == value) for value in range(1, 6)
        ]
        for score in ("recency", "frequency", "monetary")
    }
    assert by_score == {
        "recency": [4_735, 4_712, 4_702, 4_720, 4_701],
        "frequency": [11_908, 0, 4_079, 3_658, 3_925],  # half of all bought once: no 2 is left
        "monetary": [4_817, 4_615, 4_710, 4_715, 4_713],
    }
    groups = {each["name"]: each["customers"] for each in rfm["groups"]}
    assert groups == {
        "CHAMPIONS": 3_912,
        "LOYAL": 3_004,
        "ACTIVE": 2_864,
        "NEW": 0,
        "PROMISING": 2_402,
        "NEEDS_ATTENTION": 1_941,
        "ALMOST_LOST": 4_220,
        "AT_RISK": 755,
        "PREVIOUSLY_LOYAL": 44,
        "DORMANT": 4_428,
        "PROSPECTS": 0,
    }


def test_cdnow_cohorts(cdnow: dict[str, Any]) -> None:
    january, february, march, *rest = cdnow["1997-12-31"]["cohorts"]
    assert january["ordered"] == [7_846, 1_157, 964, 810, 679, 736, 720, 582, 559, 594, 673, 634]
    assert february["ordered"][:3] == [8_476, 1_312, 980]
    assert march["retention"][1] == pytest.approx(1_032 / 7_248)
    assert [each["customers"] for each in rest] == [0] * 9


def test_cdnow_next_orders(cdnow: dict[str, Any]) -> None:
    names = ("order", "reached", "again", "waiting", "lapsed")
    assert [tuple(each[name] for name in names) for each in cdnow["1998-06-30"]["next_order"]] == [
        (1, 23_570, 11_662, 0, 11_908),
        (2, 11_662, 7_583, 721, 3_358),
        (3, 7_583, 5_366, 828, 1_389),
        (4, 5_366, 3_925, 770, 671),
        (5, 3_925, 2_930, 633, 362),
    ]


def test_cdnow_histogram_of_gaps(cdnow: dict[str, Any]) -> None:
    bars = cdnow["1998-06-30"]["gaps"]["histogram"]
    assert [(each["first"], each["last"], each["gaps"]) for each in bars[:3]] == [
        (0, 15, 15_384),
        (16, 30, 7_321),
        (31, 45, 4_674),
    ]
    assert bars[-1] == {"first": 361, "last": None, "gaps": 982}
    assert sum(each["gaps"] for each in bars) == 46_089


def test_cdnow_migration_between_two_dates(cdnow: dict[str, Any]) -> None:
    abc, lifecycle, *_, ladder = cdnow["1998-06-30"]["migration"]["matrices"]
    moved = [(each["then"], each["now"], each["customers"]) for each in abc["moves"]]
    assert moved == [
        ("A", "A", 2_894),
        ("A", "B", 1_892),
        ("A", "C", 846),
        ("A", None, 2_818),
        ("B", "A", 151),
        ("B", "B", 607),
        ("B", "C", 1_319),
        ("B", None, 5_929),
        ("C", "A", 34),
        ("C", "B", 151),
        ("C", "C", 438),
        ("C", None, 6_491),
    ]
    assert [(each["then"], each["now"], each["customers"]) for each in lifecycle["moves"]] == [
        ("active", "active", 311),
        ("active", "regular", 838),
        ("active", "dormant", 1_793),
        ("regular", "regular", 2_279),
        ("regular", "dormant", 1_129),
        ("potential", "active", 916),
        ("potential", "regular", 102),
        ("potential", "potential", 11_908),
        ("dormant", "active", 322),
        ("dormant", "regular", 606),
        ("dormant", "dormant", 3_366),
    ]
    # its steps are the classes, told by rules
    assert (ladder["of"], ladder["moves"]) == ("value", abc["moves"])


def test_cdnow_acquisition_is_paid_back_by_the_cohort_of_the_month(cdnow: dict[str, Any]) -> None:
    january, june = cdnow["1998-06-30"]["acquisition"]  # July lies ahead
    assert january == {
        "month": "1997-01",
        "spend": 15_692_000,
        "customers": 7_846,
        "cac": 2000.0,
        "margin_per_customer": pytest.approx(4522.853, abs=1e-3),
        "payback": 2,  # 15.25, 18.36, 20.94 dollars of margin
    }
    assert (june["customers"], june["cac"], june["margin_per_customer"], june["payback"]) == (
        0,
        None,
        None,
        None,
    )
