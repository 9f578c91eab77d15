"""The pages of a sandbox's owner: a bar with sections, and in each a list that can be searched and leafed.

A platform brings one table for each section, a template that extends "admin.html" and fills its block
`table`. What stands around it, and the style, is here.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from flask import Blueprint, Response, redirect, request

T = TypeVar("T")

#: Rows of one page.
PAGE = 50

#: Tags of this prefix are shown apart from the merchant's own.
OUR_PREFIX = "sk:"

_WORDS: Mapping[str, Mapping[str, str]] = {
    "de": {
        "note": "Sandbox, kein echter Shop",
        "search": "Suche",
        "go": "Suchen",
        "all": "alle zeigen",
        "pages": "Seiten",
        "place": "Seite {} von {}",
        "back": "zurück",
        "next": "weiter",
        "thousands": ".",
    },
    "en": {
        "note": "Sandbox, no real shop",
        "search": "Search",
        "go": "Search",
        "all": "show all",
        "pages": "Pages",
        "place": "Page {} of {}",
        "back": "back",
        "next": "next",
        "thousands": ",",
    },
}


class Section(NamedTuple):
    """One list: what the bar calls it, and the view that shows it.

    `search` is what the field for `?q=` says; none without. `narrow` is the parameter that a click on a tag
    sets, such as "tag" or "group".
    """

    title: str
    view: Callable[[], str]
    search: str = ""
    narrow: str = ""


class Listing(NamedTuple, Generic[T]):
    """One page of a list, for the template: its rows, and which page of how many."""

    rows: list[T]
    total: int
    page: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max((self.total + PAGE - 1) // PAGE, 1)


def admin(
    root: str,
    package: str,
    *,
    shop: str,
    sections: Mapping[str, Section],
    language: Literal["de", "en"] = "de",
    colours: Mapping[str, tuple[str, str]] | None = None,
) -> Blueprint:
    """The routes below `root`, which leads to the first section.

    Args:
        package: where the templates of the tables lie.
        shop: its name, for the bar.
        sections: by the last part of their address.
        colours: variables of the style that differ, each by day and by night.
    """
    routes = Blueprint("admin", package, url_prefix=root, template_folder=".")
    frame = Blueprint("frame", __name__, template_folder=".")
    frame.add_url_rule("/style.css", "style", lambda: _style(colours or {}))
    routes.register_blueprint(frame)
    routes.add_url_rule("", "home", lambda: redirect(f"{root}/{next(iter(sections))}"))
    for path, section in sections.items():
        routes.add_url_rule(f"/{path}", path, section.view)

    def frame_of_page() -> dict[str, Any]:
        here = request.path.removeprefix(f"{root}/")
        bar = {f"{root}/{path}": section.title for path, section in sections.items()}
        return {"root": root, "shop": shop, "bar": bar, "section": sections.get(here), "language": language}

    routes.context_processor(frame_of_page)
    routes.context_processor(lambda: {"words": _WORDS[language], "address_of": _address_of})
    return routes


def page_number() -> int:
    """The page that is asked for, from 1."""
    return max(request.args.get("page", 1, type=int), 1)


def listing(found: Iterable[T], *, by: Callable[[T], Any]) -> Listing[T]:
    """The page that is asked for; the greatest first, which is the newest where ids are counted up."""
    page, rows = page_number(), sorted(found, key=by, reverse=True)
    return Listing(rows[(page - 1) * PAGE : page * PAGE], len(rows), page)


def is_wanted(words: Iterable[str | None], tags: Iterable[str], *, narrow: str = "tag") -> bool:
    """Whether somebody of these words and tags is searched for."""
    text, tag = (request.args.get(name, "").strip().casefold() for name in ("q", narrow))
    said = " ".join(word or "" for word in words).casefold()
    return text in said and (not tag or tag in {each.casefold() for each in tags})


def ours_first(tags: Iterable[str]) -> list[tuple[str, bool]]:
    """Tags, each with whether it is ours."""
    marked = [(tag, tag.casefold().startswith(OUR_PREFIX)) for tag in tags]
    return sorted(marked, key=lambda each: (not each[1], each[0].casefold()))


def _address_of(page: int) -> dict[str, str | int]:
    """The parameters of another page of the same list."""
    return {**request.args.to_dict(), "page": page}


def _style(colours: Mapping[str, tuple[str, str]]) -> Response:
    day, night = ("".join(f" --{name}: {pair[place]};" for name, pair in colours.items()) for place in (0, 1))
    own = f":root {{{day} }}\n@media (prefers-color-scheme: dark) {{ :root {{{night} }} }}\n" if day else ""
    text = files(__name__).joinpath("style.css").read_text("utf-8")
    return Response(text + own, mimetype="text/css")
