"""The words of the dashboard: everything is translated, and what is shipped is what people edited."""

import re

import pytest

from tests.catalog import FOLDER, LANGUAGES, compiled, known, missing, updated, written
from tests.catalog import file_of as path_of

MEND = "`python -m tests.catalog` brings it up to date"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_pages_is_translated(language: str) -> None:
    assert [each.id for each in missing(updated(language))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalog_has_the_texts_of_the_pages_and_no_others(language: str) -> None:
    assert path_of(language).read_bytes() == written(updated(language)), MEND


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_shipped_was_compiled_from_what_people_edit(language: str) -> None:
    shipped = path_of(language).with_suffix(".mo").read_bytes()
    assert shipped == compiled(known(language)), MEND


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_places_of_its_text(language: str) -> None:
    for each in known(language):
        texts = each.id if isinstance(each.id, list | tuple) else [each.id]
        strings = each.string if isinstance(each.string, list | tuple) else [each.string]
        wanted = set(re.findall(r"%\((\w+)\)s", texts[-1]))
        for string in map(str, strings):
            assert set(re.findall(r"%\((\w+)\)s", string)) == wanted, each.id
            assert not re.sub(r"%\(\w+\)s|%%", "", string).count("%"), each.id


def test_there_is_a_folder_for_each_language_and_no_other() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(LANGUAGES)
