"""The dashboard in a real browser: every page, both languages, by keyboard, on a phone, in the dark.

axe-core, which finds what keeps people with disabilities out, comes through npm; it is used in tests only.
"""

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.browser import PHONE, SCREEN, Tab, browser, needed
from tests.dashboard import PAGES, demo_shop, served
from tests.shopfloor import Floor, shopfloor

PACKAGE = "axe-core@4.10.3"
CACHE = Path(__file__).parent.parent / ".cache" / "axe"
#: Rows of tables whose cells, as far as they are seen, are not as many as the heads above them.
CROOKED = """[...document.querySelectorAll('table')].flatMap((table) => {
    const wide = (row) => [...row.cells].filter((each) => getComputedStyle(each).display !== 'none')
        .reduce((sum, each) => sum + each.colSpan, 0);
    return [...table.tBodies].flatMap((body) => [...body.rows])
        .filter((row) => wide(row) !== wide(table.tHead.rows[0])).map((row) => row.innerText);
})"""
#: The contrast of each of the eleven colours with its letters, and with the small ones among them.
CONTRASTS = """(() => {
    const rgba = (text) => text.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((each, n) => each * a + below[n] * (1 - a));
    const light = (rgb) => rgb.map((each) => each / 255)
        .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
        .reduce((sum, each, n) => sum + each * [0.2126, 0.7152, 0.0722][n], 0);
    const cell = document.querySelector('td.heat'), small = cell.querySelector('small');
    const surface = rgba(getComputedStyle(cell.closest('section')).backgroundColor);
    return [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((n) => {
        cell.className = `heat h${n}`;
        const ground = over(rgba(getComputedStyle(cell).backgroundColor), surface);
        return [cell, small].map((each) => {
            const look = getComputedStyle(each), [r, g, b] = rgba(look.color);
            const pair = [light(ground), light(over([r, g, b, Number(look.opacity)], ground))].sort();
            return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        });
    });
})()"""
PAPER = 718  #: pixels of a page of A4 between its margins

pytestmark = pytest.mark.browser


@cache
def axe() -> str:
    """The script, as its maintainers publish it."""
    target = CACHE / f"{PACKAGE}.js"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(dir=CACHE) as own:
                packed = subprocess.run(
                    ["npm", "pack", "--silent", PACKAGE],
                    cwd=own, check=True, capture_output=True, text=True, timeout=120,
                )  # fmt: skip
                with tarfile.open(Path(own, packed.stdout.split()[-1])) as archive:
                    member = archive.extractfile("package/axe.min.js")
                    assert member is not None
                    Path(own, target.name).write_bytes(member.read())
                Path(own, target.name).replace(target)
        except (OSError, subprocess.SubprocessError) as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"axe-core cannot be had: {error}")
    return target.read_text(encoding="utf-8")


class Demo:
    """The demo's shop with its pages, and a browser in front of them."""

    def __init__(self, floor: Floor, address: str, tab: Tab) -> None:
        self.floor = floor
        self.address = address
        self.tab = tab

    def open(self, page: str, language: str = "en") -> Tab:
        """A page of the shop, in that language, with nothing wrong on it."""
        self.tab.speak(language)
        self.tab.open(f"{self.address}/shops/roastery/{page}")
        assert self.tab.status == 200, page
        return self.tab

    def customer(self) -> str:
        """The page of somebody with many orders."""
        (row,) = self.floor.rows("SELECT person FROM facts ORDER BY orders DESC LIMIT 1")
        return f"customers/{row[0]}"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    needed()
    with shopfloor(tmp_path_factory.mktemp("browser")) as floor:
        demo_shop(floor, customers=120)  # axe looks at every row
        with served(floor) as address, browser() as tab:
            yield Demo(floor, address, tab)


@pytest.fixture(autouse=True)
def _nothing_wrong(demo: Demo) -> Iterator[None]:
    """No page asks for anything elsewhere, breaks the policy, or has an error in its script."""
    demo.tab.look(SCREEN)
    demo.tab.requests.clear()
    demo.tab.complaints.clear()
    yield
    assert {each for each in demo.tab.requests if not each.startswith((demo.address, "about:"))} == set()
    assert demo.tab.complaints == []


def pages(demo: Demo) -> dict[str, str]:
    ((run,),) = demo.floor.rows("SELECT run FROM runs ORDER BY began_at LIMIT 1")
    return {**PAGES, "customer": demo.customer(), "run": f"runs/{run}"}


def test_the_policy_and_elsewhere_are_seen_by_this_test(demo: Demo) -> None:
    """What the other tests rely on: a broken page would be noticed."""
    tab = demo.open("")
    tab.ask("(() => { const s = document.createElement('script'); s.textContent = '1';"
            " document.head.append(s); new Image().src = 'http://127.0.0.1:9/x.png'; })()")  # fmt: skip
    tab.wait("true")
    tab.ask("new Promise((done) => setTimeout(done, 300))")
    assert len(tab.complaints) == 2
    tab.complaints.clear()
    tab.requests.clear()


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_opens_in_both_languages_and_fits_a_phone(demo: Demo, language: str) -> None:
    for size in (SCREEN, PHONE):
        demo.tab.look(size)
        for name, path in pages(demo).items():
            tab = demo.open(path, language)
            assert tab.ask("document.documentElement.lang") == language
            assert tab.ask("document.querySelectorAll('h1').length") == 1, name
            assert tab.ask("document.documentElement.scrollWidth") <= size[0], (name, size)
            assert tab.ask(CROOKED) == [], (name, size)


def test_a_telephone_does_not_enlarge_the_page_when_one_types(demo: Demo) -> None:
    """As iOS does for fields with letters of less than 16 pixels."""
    demo.tab.look(PHONE)
    for path in ("search", "rule", "groups/stammkunden"):
        tab = demo.open(path)
        sizes = "[...document.querySelectorAll('input:not([type=hidden]), textarea')]"
        assert set(tab.ask(f"{sizes}.map((each) => getComputedStyle(each).fontSize)")) == {"16px"}, path


def test_a_page_on_paper_is_whole_and_not_that_of_a_telephone(demo: Demo) -> None:
    for name, path in pages(demo).items():
        tab = demo.open(path, "de")
        tab.print_to(PAPER)
        beyond = "[...document.querySelectorAll('main *')].filter((each) => each.checkVisibility() &&"
        over = tab.ask(
            f"{beyond} each.getBoundingClientRect().right > {PAPER}).map((each) => each.outerHTML)"
        )
        assert over == [], name
        if name == "overview":
            assert tab.ask("getComputedStyle(document.querySelector('td.chart')).display") == "table-cell"
        tab.look(SCREEN)


@pytest.mark.network
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_axe_finds_nothing(demo: Demo, language: str, dark: bool) -> None:
    demo.tab.look(SCREEN, dark=dark)
    # In the dark only the colours differ.
    found = {name: wrong(demo.open(path, language), dark) for name, path in pages(demo).items()}
    demo.tab.speak(language)
    demo.tab.open(f"{demo.address}/shops/nowhere/")
    found["no such page"] = wrong(demo.tab, dark)
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.network
@pytest.mark.parametrize("language", ["en", "de"])
def test_axe_finds_nothing_in_the_report(demo: Demo, language: str) -> None:
    file = demo.floor.folder / f"report-{language}.html"
    demo.floor.done("report", "--html", str(file), "--language", language)
    tab = demo.tab
    tab.call("Page.setBypassCSP", enabled=True)  # it allows no script, not even axe
    try:
        for dark in (False, True):
            for size in (SCREEN, PHONE):
                tab.look(size, dark=dark)
                tab.open(file.as_uri())
                assert wrong(tab, dark) == [], (dark, size)
                assert tab.ask("document.documentElement.scrollWidth") <= size[0]
                assert tab.ask(CROOKED) == []
    finally:
        tab.call("Page.setBypassCSP", enabled=False)
        tab.open("about:blank")
        tab.requests.clear()


def wrong(tab: Tab, dark: bool) -> list[Any]:
    """What axe says of a page, at any level; in the dark of its colours only."""
    tab.ask("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    tab.ask(f"{axe()}; null")
    chosen = "runOnly: ['color-contrast']," if dark else ""
    answer = tab.ask(f"axe.run({{ {chosen} resultTypes: ['violations'] }})")
    assert answer["passes"], "axe did not look"
    return [
        (each["id"], each["impact"], each["nodes"][0]["html"][:160], each["nodes"][0]["failureSummary"])
        for each in answer["violations"]
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_stands_on_a_colour_can_be_read(demo: Demo, dark: bool) -> None:
    """WCAG 2.2 asks for 4.5 to 1; the small letters of the RFM grid had 3.6 on the seventh colour."""
    demo.tab.look(SCREEN, dark=dark)
    tab = demo.open("rfm")
    ratios = tab.ask(CONTRASTS)
    assert len(ratios) == 22
    assert min(ratios) >= 4.5, ratios


def test_the_keyboard_reaches_the_content_and_every_link_of_the_pages(demo: Demo) -> None:
    tab = demo.open("")
    tab.press("Tab", 9)
    assert tab.ask("document.activeElement.className") == "skip"
    assert tab.ask("document.activeElement.getBoundingClientRect().top") >= 0  # it comes into view
    reached = set()
    for _ in range(30):
        tab.press("Tab", 9)
        reached.add(tab.ask("document.activeElement.getAttribute('href')"))
        outline = tab.ask("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", tab.ask("document.activeElement.outerHTML")
    assert {f"/shops/roastery/{page}" for page in ("groups", "plan", "runs", "rule", "settings")} <= reached


def test_every_page_can_be_used_by_tab_and_shows_where_one_is(demo: Demo) -> None:
    """What has the focus has an outline, and stands in sight."""
    seen = """(() => { const e = document.activeElement, r = e.getBoundingClientRect();
        return e === document.body || getComputedStyle(e).outlineStyle !== 'none'
            && r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth; })()"""
    for name, path in pages(demo).items():
        tab = demo.open(path)
        tab.ask("document.activeElement.blur()")
        for _ in range(25):
            tab.press("Tab", 9)
            assert tab.ask(seen), (name, tab.ask("document.activeElement.outerHTML"))


def test_a_box_to_search_in_has_the_focus_where_nothing_else_is_to_do(demo: Demo) -> None:
    tab = demo.open("search")
    assert tab.ask("document.activeElement.id") == "q"
    assert tab.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_number_says_what_it_means_when_the_keyboard_is_on_it(demo: Demo) -> None:
    tab = demo.open("")
    assert tab.ask("getComputedStyle(document.getElementById('tip-churn')).display") == "none"
    tab.ask("document.querySelector('[aria-describedby=tip-churn]').focus()")
    assert tab.ask("getComputedStyle(document.getElementById('tip-churn')).display") == "block"


def test_the_dark_is_dark_and_print_is_light_and_bare(demo: Demo) -> None:
    demo.tab.look(SCREEN, dark=True)
    tab = demo.open("")
    assert tab.ask("getComputedStyle(document.body).backgroundColor") == "rgb(22, 22, 21)"
    tab.call("Emulation.setEmulatedMedia", media="print", features=[])
    assert tab.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    tab.call("Emulation.setEmulatedMedia", media="", features=[])
    assert tab.pdf().startswith(b"%PDF")


def test_the_rule_editor_counts_as_one_types_and_shows_where_it_is_wrong(demo: Demo) -> None:
    (found,) = demo.floor.done("rule", "number_of_orders > 3", "--json").json()
    tab = demo.open("rule", "de")
    tab.type("#rule", "number_of_ordres")
    tab.wait("document.querySelector('#tried .bad')")
    assert "Meinten Sie „number_of_orders“?" in tab.text()
    assert tab.ask("document.querySelector('#rule').getAttribute('aria-invalid')") == "true"
    tab.ask("document.querySelector('#rule').select()")
    tab.type("#rule", "number_of_orders > 3")
    tab.wait("document.querySelector('#tried .count')")
    assert tab.ask("document.querySelector('#tried .count b').textContent") == str(found["members"])
    assert tab.ask("document.querySelector('#rule').getAttribute('aria-invalid')") == "false"
    tab.type("#rule", " AND amount_spent >")
    tab.wait("document.querySelector('pre.caret')")
    tab.click("pre.caret")
    assert tab.ask("document.activeElement.id") == "rule"
    assert tab.ask("document.activeElement.selectionStart") == len("number_of_orders > 3 AND amount_spent >")


def test_a_customer_is_found_and_the_address_shown_on_demand(demo: Demo) -> None:
    ((email,),) = demo.floor.rows(
        "SELECT email_key FROM people WHERE email_key IS NOT NULL AND customer IS NOT NULL LIMIT 1"
    )
    tab = demo.open("")
    tab.type("#find", email)
    tab.leave(lambda: tab.press("Enter", 13, "\r"))
    assert "/customers/" in tab.ask("location.pathname")
    assert email not in tab.ask("document.documentElement.outerHTML")
    tab.follow(".head form button")
    assert email in tab.text()


def test_what_one_looked_at_is_approved_pushed_and_undone(demo: Demo) -> None:
    """The last one, as it changes the shop."""
    tab = demo.open("plan")
    tab.wait("document.querySelector('form button.main')")  # the list comes behind the page
    assert "This would be the first push to roastery." in tab.text()
    assert demo.floor.mutations() == []
    tab.follow("form button.main")
    assert "Approve and push?" in tab.text()
    assert demo.floor.mutations() == []
    tab.follow("form button.main")
    tab.wait("document.body.innerText.includes('changes made')")
    assert demo.floor.mutations()
    assert "Nothing to change. The shop is as it should be." in demo.open("plan").text()
    demo.open("runs").follow("tbody tr:first-child a")
    tab.follow("button.danger")
    assert "Undo this push?" in tab.text()
    tab.follow("button.danger")
    tab.wait("document.body.innerText.includes('changes made')")
    assert "was undone" in demo.open("").text()
