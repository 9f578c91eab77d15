"""The words of the pages in other languages: `python -m tests.catalog` brings the catalogs up to date.

It collects every text of the dashboard and of the report, keeps what is translated, drops what is gone, and
compiles. What has no translation yet is named.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from connector.rules import ATTRIBUTES, FUNCTIONS

CONNECTOR = Path(__file__).parents[1] / "connector"
FOLDER = CONNECTOR / "language" / "translations"
PACKAGES = ("language", "html", "web")
LANGUAGES = ("de",)
#: A text that is translated at once, one in two numbers, one that is translated where it is shown.
KEYWORDS = {"_": None, "translated": None, "_n": (1, 2), "mark": None}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
_OPTIONS = {"**.html": {"trimmed": "true", "silent": "false"}}
_UNCHANGED = datetime(2026, 1, 1, tzinfo=UTC)  # so that a file changes only when a text does


def file_of(language: str) -> Path:
    """The catalog of a language, as people edit it."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def texts() -> Iterator[tuple[str, int, str | tuple[str, ...]]]:
    """Every text of the pages with its place."""
    for package in PACKAGES:
        for place, line, text, _comments, _context in extract_from_dir(
            CONNECTOR / package, METHODS, _OPTIONS, KEYWORDS, comment_tags=()
        ):
            yield f"{package}/{place}", line, text
    # The page on which rules are tried says what each name means.
    meanings = [each.doc for each in ATTRIBUTES.values()] + [each.doc for each in FUNCTIONS.values()]
    yield from (("rules", number, meaning) for number, meaning in enumerate(meanings))


def known(language: str) -> Catalog:
    """A catalog as it is."""
    path = file_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """A catalog as it should be: the texts there are, with the translations there are."""
    before = known(language)
    made = Catalog(
        locale=language,
        project="Stammkunde",
        copyright_holder="Stammkunde",
        fuzzy=False,
        creation_date=_UNCHANGED,
        revision_date=_UNCHANGED,
        last_translator="Stammkunde",
        language_team=language,
    )
    for place, _line, text in sorted(texts(), key=lambda found: (found[0], found[1])):
        one = text[0] if isinstance(text, tuple) else text
        old = before.get(one)
        made.add(text, old.string if old else "", locations=[(place, 0)])
    return made


def missing(catalog: Catalog) -> list[Message]:
    """Texts without a translation."""
    return [
        each
        for each in catalog
        if each.id and not (all(each.string) if isinstance(each.string, tuple | list) else each.string)
    ]


def compiled(catalog: Catalog) -> bytes:
    """A catalog as the product reads it."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def written(catalog: Catalog) -> bytes:
    """A catalog as people edit it."""
    file = io.BytesIO()
    write_po(file, catalog, width=110, include_lineno=False, sort_by_file=False)
    return file.getvalue()


def main() -> None:
    for language in LANGUAGES:
        catalog = updated(language)
        path = file_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(catalog))
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        for each in missing(catalog):
            sys.stderr.write(f"{language}: no translation: {each.id}\n")


if __name__ == "__main__":
    main()
