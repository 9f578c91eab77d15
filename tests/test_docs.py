"""What README and docs show is run, and what the product has is in them."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from connector.cli.contents import CONTENTS
from tests import pages
from tests.pages import DOCS, PAGES, README, ROOT, Block, agrees, blocks, desk, expected_code

LABELS = {"sh", "console", "toml", "toml stammkunde.toml", "json", "text"}
CONFIGS = [block for page in PAGES for block in blocks(page) if block.label.startswith("toml")]
LINKED = [*PAGES, *sorted(pages.ELSEWHERE)]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_says_what_becomes_of_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert {block.label for block in blocks(page)} <= LABELS
    assert len(re.findall(r"^\s*```", text, re.MULTILINE)) == 2 * len(blocks(page))


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.label in {"sh", "console"} for block in blocks(page))],
    ids=name,
)
def test_every_command_runs_and_shows_what_the_page_shows(page: Path) -> None:
    with desk() as opened:
        for step in opened.play(page):
            place = f"{step.block.where()}: {step.command}"
            assert step.code == expected_code(step.command), f"{place}\n{step.output}"
            if step.shown is not None:
                assert agrees(step.shown, step.output), (
                    f"{place}\nshows this now (`python -m tests.pages` writes it anew):\n{step.output}"
                )


def test_the_pages_show_what_they_are_to_show() -> None:
    shown = [block for page in PAGES for block in blocks(page) if block.label in {"sh", "console"}]
    typed = {word for block in shown for word in re.findall(r"\bstammkunde ([a-z]+)", block.text)}
    assert typed >= {"init", "check", "pull", "groups", "plan", "push", "undo", "resume", "sync", "status"}


@pytest.mark.parametrize("block", CONFIGS, ids=Block.where)
def test_every_config_is_right(block: Block, tmp_path: Path) -> None:
    if block.label == "toml":
        assert pages.config_problems(block.text, tmp_path) == ""
    else:  # put in force while the page is played, where it meets the rest of the config
        tomllib.loads(block.text)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_json_is_json(page: Path) -> None:
    for block in blocks(page):
        if block.label == "json":
            json.loads(block.text)


def test_every_command_is_on_the_page_with_all_its_options() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert pages.tables(page) == ["stammkunde", *(entry.name for entry in CONTENTS)]
    assert page == pages.filled(page), "`python -m tests.pages` writes the tables anew"


@pytest.mark.parametrize("page", LINKED, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name(page)}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{name(page)}: {target}"


def anchors(page: Path) -> set[str]:
    """The anchors GitHub gives to headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_index() -> None:
    index = DOCS / "README.md"
    linked = {
        (DOCS / target.partition("#")[0]).resolve()
        for target in re.findall(r"\]\(([^)\s]+)\)", index.read_text(encoding="utf-8"))
    }
    assert {page for page in PAGES if page.is_relative_to(DOCS)} - {index} - linked == set()
    assert "(docs/README.md)" in README.read_text(encoding="utf-8")


def test_every_dependency_is_named_with_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    page = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", page, re.MULTILINE)
    names = sorted(re.split(r"[<>=~!\[ ]", each)[0] for each in needed)
    assert sorted(package for package, _ in rows) == names
    assert all(len(reason.split()) >= 4 for _, reason in rows)


@pytest.mark.parametrize("backup", [True, False], ids=["restored", "begun anew"])
def test_a_shop_goes_on_after_a_restore_as_operations_and_privacy_say(backup: bool) -> None:
    with desk() as opened:

        def done(command: str) -> str:
            output, code = opened.do(f"stammkunde {command}")
            assert code == 0, output
            return output

        opened.begin()
        if backup:
            (opened.folder / "backup").write_bytes((opened.folder / "stammkunde.sqlite").read_bytes())
        opened.put_in_force(next(block.text for block in CONFIGS if block.page == DOCS / "campaigns.md"))
        opened.put_in_force('[groups.buyers]\nmembers = "number_of_orders >= 1"\ntag = "buyer"\n')
        done("plan --approve")
        done("push")
        before = opened.shop.codes()
        assert len(before) == 5
        for file in opened.folder.glob("stammkunde.sqlite*"):
            if file.is_file():
                file.unlink()
        if backup:
            (opened.folder / "backup").rename(opened.folder / "stammkunde.sqlite")
        done("pull")
        assert "tags with our prefix are not ours" in done("status")
        done("adopt --yes")
        assert "nothing to change" in done("plan")
        assert opened.shop.codes() == before


def test_the_version_of_the_changelog_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (newest, *_) = re.findall(r"^## \[(\S+)\]", changes, re.MULTILINE)
    assert newest == project["version"]


def test_pictures_ask_nobody_for_anything() -> None:
    pictures = sorted((DOCS / "pictures").glob("*.svg"))
    assert pictures
    for picture in pictures:
        text = picture.read_text(encoding="utf-8")
        assert re.search(r"@font-face|@import|url\(\s*['\"]?https?:|href=\"https?:|<script", text) is None
        assert picture.stat().st_size < 150_000
