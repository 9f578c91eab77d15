"""The report as one file: whole without a network, safe under a strict policy, and true to the figures."""

import base64
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from connector.html import charts
from tests.shopfloor import Floor, customer, order, people, put, shopfloor

IN_ENGLISH = '[dashboard]\nlanguage = "en"\n'  # whatever this machine speaks

# Elements that have no end.
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Reads a page: its elements, whether each one ends, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.pieces: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words += data.split()
            self.pieces.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def headings(self) -> int:
        return sum(tag == "h2" for tag, _ in self.elements)


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    with shopfloor(tmp_path) as opened:
        put(opened.open_shop(), people())
        put(opened.shop, [order(171, 1009, 3, 10)])
        opened.set(exclude='{ tags = ["b2b"] }')
        opened.write_config(top=IN_ENGLISH)
        opened.done("pull")
        yield opened


def made(floor: Floor, *arguments: str) -> str:
    file = floor.folder / "report.html"
    ran = floor.done("report", "--html", str(file), *arguments)
    assert (ran.out, ran.err) == ("", f"The page is in {file}: open it with a browser.\n")
    return file.read_text(encoding="utf-8")


def test_it_asks_nobody_for_anything_and_runs_nothing(floor: Floor) -> None:
    text = made(floor)
    read = Reader(text)
    assert read.open == []
    assert text.startswith("<!doctype html>")
    assert "http://" not in text
    assert "https://" not in text
    assert not re.search(r"url\(|@import|@font-face", text)
    tags = {tag for tag, _ in read.elements}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    names = {name for _, attributes in read.elements for name in attributes}
    assert names.isdisjoint({"style", "src", "href", "srcset"})
    assert not {name for name in names if name.startswith("on")}
    assert len(text) < 150_000


def test_its_policy_allows_its_own_style_and_nothing_else(floor: Floor) -> None:
    text = made(floor)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")


def test_it_shows_the_figures_and_says_which_money_they_are(floor: Floor) -> None:
    text = Reader(made(floor)).text
    assert (
        "6 customers with 16 orders since 27 Apr 2025, as of 1 Jun 2026:"
        " €1,360.00 spent, €1,271.03 net sales." in text
    )
    assert "Repeat customer rate 50.0% 25.0%" in text
    assert "Average order value, spent €88.00 €137.50" in text
    assert "2. → 3. 4 50.0% 66.7%" in text
    assert "A 1 16.7% €1,000.00 75.8%" in text
    assert "stammkunden 2" in text
    assert "No margin is configured, so no profit is shown: nothing is assumed." in text
    assert "Who moved From 3 Dec 2025 (rows) to 1 Jun 2026 (columns)." in text


def test_a_margin_and_a_spend_have_their_tables(floor: Floor) -> None:
    floor.set(margin="0.5", acquisition_spend="{ 2026-01 = 100, 2026-06 = 10 }")
    text = Reader(made(floor)).text
    assert "spent net sales margin 50.0% Period €220.00 €205.61 €102.80" in text
    assert "Jan 2026 €100.00 1 €100.00 €467.30 +2" in text
    assert "Jun 2026 €10.00" in text


def test_every_figure_has_its_definition_on_hover_and_in_text(floor: Floor) -> None:
    read = Reader(made(floor))
    hints = [
        attributes["title"]
        for tag, attributes in read.elements
        if tag in {"th", "div"} and "title" in attributes
    ]
    assert "Customers with 2 orders or more / customers." in hints
    assert "What was charged less refunds: V." in hints
    notes = sum(attributes.get("class") == "note" for _, attributes in read.elements)
    assert notes >= read.headings() >= 10


def texts_of(read: Reader) -> set[str]:
    """Every text of a page, also those on hover and for screen readers."""
    titles = (
        value
        for _, attributes in read.elements
        for name, value in attributes.items()
        if name in {"title", "aria-label"} and value
    )
    return {" ".join(each.split()) for each in [*read.pieces, *titles]}


def test_it_is_in_german_too_with_german_numbers_days_and_money(floor: Floor) -> None:
    read = Reader(made(floor, "--language", "de"))
    assert ("html", {"lang": "de"}) in read.elements
    assert (
        "6 Kunden mit 16 Bestellungen seit 27. Apr. 2025, Stand 1. Juni 2026:"
        " 1.360,00 € Umsatz, 1.271,03 € Nettoumsatz." in read.text
    )
    assert "Wiederkaufrate 50,0 % 25,0 %" in read.text
    assert "2. → 3. 4 50,0 % 66,7 %" in read.text
    assert "Wanderung Vom 3. Dez. 2025 (Zeilen) zum 1. Juni 2026 (Spalten)." in read.text


def test_no_text_of_it_stays_in_english(floor: Floor) -> None:
    """Whatever reads alike in both languages is a name, a number or a sign."""
    floor.set(margin="0.5", acquisition_spend="{ 2026-01 = 100, 2026-06 = 10 }")
    english, german = (texts_of(Reader(made(floor, "--language", each))) for each in ("en", "de"))
    alike = {each for each in english & german if re.search(r"[^\W\d_]{2}", each)}
    assert alike == {"FM 4", "CAC", "Rösterei Sandkasten", *("stammkunden", "big", "new", "dormant")}


def test_a_sentence_beside_the_figures_is_german_on_a_german_page(floor: Floor) -> None:
    text = Reader(made(floor, "--language", "de", "--as-of", "2026-01-01")).text
    assert "Jede Bestellung zählt, wie sie heute bekannt ist (1. Juni 2026)" in text
    assert "nach dem 1. Jan. 2026 erstattet" in text


@pytest.mark.parametrize(
    ("config", "system", "language"),
    [
        ("de", "en_GB.UTF-8", "de"),
        ("en", "de_AT.UTF-8", "en"),
        ("browser", "de_AT.UTF-8", "de"),
        ("browser", "fr_FR.UTF-8", "en"),
        ("browser", "C", "en"),
    ],
)
def test_its_language_is_the_config_s_or_the_system_s(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, config: str, system: str, language: str
) -> None:
    monkeypatch.setenv("LC_ALL", system)
    monkeypatch.delenv("LANGUAGE", raising=False)
    floor.write_config(top=f'[dashboard]\nlanguage = "{config}"\n')
    assert f'<html lang="{language}">' in made(floor)


def test_the_language_is_one_of_a_page(floor: Floor) -> None:
    ran = floor.run("report", "--language", "de")
    assert (ran.code, "--language is that of the page." in ran.err) == (2, True)


def test_the_histogram_is_a_table_too(floor: Floor) -> None:
    text = Reader(made(floor)).text
    assert "The same as a table Days Gaps 0–15 " in text


def test_a_past_day_has_the_groups_of_that_day_and_says_how_it_counts(floor: Floor) -> None:
    text = Reader(made(floor, "--as-of", "2026-01-01", "--since", "2025-05-01")).text
    assert "Every order counts as it is known today (1 Jun 2026)" in text
    assert "stammkunden 1" in text  # Dora; Ada had not ordered yet
    assert "From 1 May 2025 (rows) to 1 Jan 2026 (columns)." in text


def test_what_a_shop_calls_itself_is_text(floor: Floor) -> None:
    name = """<script>alert("1")</script> & 'Söhne'"""
    with closing(sqlite3.connect(floor.database)) as connection, connection:
        connection.execute("UPDATE shops SET info = json_set(info, '$.name', ?)", (name,))
    read = Reader(made(floor))
    assert read.text.startswith(name + " · 1 Jun 2026 " + name)
    assert "script" not in {tag for tag, _ in read.elements}


def test_where_returns_are_unknown_each_value_says_so(floor: Floor) -> None:
    with closing(sqlite3.connect(floor.database)) as connection, connection:
        connection.execute("UPDATE shops SET info = json_set(info, '$.returns_unknown', json('true'))")
    floor.set(margin="0.5")
    text = Reader(made(floor)).text
    assert "Returns unknown: this shop does not tell what came back or was refunded." in text
    assert "Average order value, spent, returns unknown €88.00" in text
    assert not re.search(r"\b(spent|net sales) €?\d", text)
    (told,) = floor.done("report", "--json").json()
    assert told["returns_unknown"] is True
    screen = [" ".join(line.split()) for line in floor.done("report").out.splitlines()]
    assert "Value, spent, returns unknown (V) 1,320.00 EUR 1,100.00 EUR" in screen
    assert "Stage Customers Share Spent, returns unknown Net sales, returns unknown" in screen
    rows = floor.done("report", "--csv", "-").out
    assert ',"spent, returns unknown",' in rows
    assert ",spent," not in rows
    assert "Returns unknown" in floor.done("reconcile").out


def test_an_empty_shop_has_a_page_too(tmp_path: Path) -> None:
    with shopfloor(tmp_path) as floor:
        floor.open_shop()
        floor.write_config(
            top=IN_ENGLISH, rules="""[ladders.value]\nsteps = [{ name = "A", members = "abc_class = 'A'" }]"""
        )
        floor.done("pull")
        text = Reader(made(floor)).text
        assert "No orders up to 1 Jun 2026." in text
        assert "Churn –" in text


def test_several_shops_stand_in_one_file_and_one_that_was_never_pulled_is_told(floor: Floor) -> None:
    put(floor.open_shop("outlet"), [customer(1, "ada@example.com"), order(1, 1, 5, 30)])
    floor.done("pull")
    assert made(floor).count("<main>") == 2
    floor.open_shop("third")
    file = floor.folder / "two.html"
    ran = floor.run("report", "--html", str(file))
    assert (ran.code, ran.err.splitlines()[0]) == (
        2,
        "third was never pulled. Run `stammkunde pull third` first.",
    )
    assert file.read_text(encoding="utf-8").count("<main>") == 2


# Charts


def test_a_column_chart_is_as_high_as_its_highest_column() -> None:
    chart = charts.columns([0, 5, 10], ["a", "b", "c"], {0: "0"}, mark=(1.5, "here"))
    assert [each.height for each in chart.columns] == [0.0, 80.0, 160.0]
    assert [each.top for each in chart.columns] == [160.0, 80.0, 0.0]
    assert chart.mark == (50.0, "here")


def test_a_stacked_bar_is_full() -> None:
    slices = charts.stacked(
        {"main": 1, "waiting": 1, "lapsed": 2}, dict.fromkeys(("main", "waiting", "lapsed"), "")
    )
    assert [(each.start, each.width) for each in slices] == [(0.0, 25.0), (25.0, 25.0), (50.0, 50.0)]
    nothing = charts.stacked({"main": 0}, {"main": ""})
    assert [each.width for each in nothing] == [0.0]


@pytest.mark.parametrize(
    ("value", "strongest", "strength"),
    [(0, 10, 0), (None, 10, 0), (1, 1000, 1), (10, 10, 10), (5, 10, 5), (3, 0, 0)],
)
def test_only_nothing_has_no_colour(value: float | None, strongest: float, strength: int) -> None:
    assert charts.strength(value, strongest) == strength
