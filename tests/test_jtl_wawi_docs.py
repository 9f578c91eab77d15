"""docs/platforms/jtl-wawi.md says what the adapter of JTL-Wawi can be told, needs and takes for granted."""

from pathlib import Path

from adapters.jtl.wawi import WawiAdapter
from adapters.jtl.wawi.assumptions import ASSUMPTIONS, UNTRIED
from adapters.jtl.wawi.registration import READ_SCOPE, optional_scopes
from connector.config.settings import argument_texts, parameters_of

PAGE = Path(__file__).parents[1] / "docs" / "platforms" / "jtl-wawi.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_assumption_is_on_the_page_with_its_source_and_no_other() -> None:
    _, _, listed = TEXT.partition("## What it takes for granted\n")
    numbered = [line for line in listed.splitlines() if line[:1].isdigit()]
    assert numbered == [
        f"{number}. {each.what} *({each.source})*" for number, each in enumerate(ASSUMPTIONS, 1)
    ]
    assert len(ASSUMPTIONS) > 20


def test_the_note_of_check_leads_to_the_page() -> None:
    assert "docs/platforms/jtl-wawi.md" in UNTRIED
    assert "Nobody has tried this on a real Wawi yet" in TEXT


def test_every_setting_is_on_the_page_in_the_words_of_the_adapter() -> None:
    texts = argument_texts(WawiAdapter)
    rows = {
        line.split("|")[1].strip(" `"): line.split("|")[3].strip()
        for line in TEXT.partition("## All settings\n")[2].partition("\n## ")[0].splitlines()
        if line.startswith("| `")
    }
    assert rows == {each.name: texts[each.name] for each in parameters_of(WawiAdapter)}


def test_every_permission_that_is_asked_for_is_explained() -> None:
    asked = (READ_SCOPE, *optional_scopes(tags=True, groups=True, run_as=True))
    assert [scope for scope in asked if f"`{scope}`" not in TEXT] == []
