"""The dashboard: its pages put together, and what stands around each of them."""

import logging
import traceback
from importlib.resources import files
from typing import Any

from flask import Blueprint, Flask, Response, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader, StrictUndefined
from werkzeug.exceptions import HTTPException, InternalServerError

from connector import language
from connector.errors import StammkundeError
from connector.html import charts
from connector.language.names import called, told
from connector.language.sentences import say
from connector.web.campaign_pages import add_campaign_pages
from connector.web.customer_pages import add_customer_pages
from connector.web.desk import Desk, page
from connector.web.group_pages import add_group_pages
from connector.web.login_pages import add_login_pages
from connector.web.number_pages import add_number_pages
from connector.web.people import described, grouped, masked
from connector.web.push_pages import add_push_pages
from connector.web.rule_pages import add_rule_pages
from connector.web.safety import for_staff, may
from connector.web.site import Site

log = logging.getLogger(__name__)

_WRONG = {
    403: language.mark("This is not for you to open."),
    404: language.mark("There is no such page, or what it was about is gone."),
    405: language.mark("This page cannot be opened like that."),
    413: language.mark("That was too large."),
}
_PROXIED = language.mark(
    "A proxy in front of these pages lets others in, and nobody has to log in. Set a password with"
    " `stammkunde web password NAME`."
)
_AT_THE_DOOR = {
    "proxied": _PROXIED,
    "host": language.mark(
        "This page is not reached by this name. Name it under [dashboard] hosts in the config."
    ),
}
_TOKEN = language.mark("The page was open for too long. Go back, load it again, and repeat what you did.")


def dashboard_pages(app: Flask, desk: Desk) -> Blueprint:
    """All pages of the dashboard."""
    pages = Blueprint(
        "dashboard", __name__, static_folder="static", static_url_path="/static", template_folder="templates"
    )
    _set_templates(app)
    for add in (
        add_login_pages,
        add_number_pages,
        add_group_pages,
        add_customer_pages,
        add_campaign_pages,
        add_push_pages,
        add_rule_pages,
    ):
        add(pages, desk)
    style = files("connector.html").joinpath("style.css").read_text(encoding="utf-8")

    @pages.get("/static/report.css", endpoint=for_staff("style"))
    def report_style() -> ResponseReturnValue:
        """The style that the report has too."""
        answer = Response(style, mimetype="text/css")
        answer.add_etag()
        return answer.make_conditional(request)  # every page asks for it

    @pages.get("/", endpoint=for_staff("home"))
    def home() -> ResponseReturnValue:
        shops = [*desk.site.config().shops]
        if not shops:
            return page(
                "notice.html",
                text=language._("There is no shop in the config yet. `stammkunde init` adds one."),
            )
        target = "overview" if g.role == "owner" else "search"
        return redirect(url_for(f"dashboard.{target}", shop=shops[0]))

    for_staff("static")
    _stand_around(app, pages, desk)
    return pages


def _set_templates(app: Flask) -> None:
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    own = PackageLoader("connector.web", "templates")
    app.jinja_loader = ChoiceLoader([own, PrefixLoader({"html": PackageLoader("connector", "html")})])
    spoken = {**language.FILTERS, "say": say, "called": called, "told": told, "described": described}
    environment.filters |= {name: language.by_reader(each) for name, each in spoken.items()}
    environment.filters |= {"masked": masked, "grouped": grouped}
    environment.globals |= {
        "_": language._,
        "_n": language.numbered,
        "charts": charts,
        "LANGUAGES": language.LANGUAGES,
    }


def _stand_around(app: Flask, pages: Blueprint, desk: Desk) -> None:
    """What happens before and after every page, and what every template knows."""

    @app.before_request
    def choose_language() -> None:
        _speak(desk.site)

    @app.teardown_request
    def hush(_error: BaseException | None) -> None:
        token = g.pop("spoken", None)
        if token is not None:
            language.hush(token)

    @pages.url_value_preprocessor
    def open_shop(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        g.shop = values.pop("shop", None) if values else None

    @pages.before_request
    def find_shop() -> None:
        g.here = desk.open(g.shop) if g.shop else None

    @app.teardown_appcontext
    def close(_error: BaseException | None) -> None:
        db = g.pop("db", None)
        if db is not None:
            db.close()

    @pages.app_context_processor
    def known() -> dict[str, Any]:
        here = g.get("here")
        return {
            "language": language.language(),
            "role": g.get("role"),
            "login": g.get("login"),
            "asks_login": g.get("login") is not None,
            "here": here,
            "shops": [*desk.site.config().shops],
            "may": lambda endpoint: g.get("role") is not None and may(g.role, f"dashboard.{endpoint}"),
            "warnings": _warnings(desk) if here and g.get("role") == "owner" else [],
            "doing": desk.doings.of(here.name) if here else None,
        }

    _tell_errors(pages, desk.site)


def _speak(site: Site) -> None:
    """In the reader's language: as chosen on the page, else by the config, else by the browser."""
    if "spoken" in g:
        return
    known = [*language.LANGUAGES]
    said = [session.get("language"), site.config().dashboard.language]
    chosen = next((each for each in said if each in known), None)
    g.spoken = language.speak(chosen or request.accept_languages.best_match(known) or "en")


def _warnings(desk: Desk) -> list[Any]:
    """What has to stand above every page of a shop."""
    here = g.here
    standing = next(each for each in desk.site.standings(here.db) if each.shop == here.name)
    texts = []
    if standing.pulled_at is None:
        texts.append(
            language._(
                "This shop was never read to the end. `stammkunde pull %(shop)s` does it.", shop=here.name
            )
        )
    elif standing.overdue:
        ago = language.ago(standing.pulled_at, here.now)
        texts.append(language._("These figures are not fresh: the shop was last read %(ago)s.", ago=ago))
    if standing.error:
        texts.append(language._("The last attempt failed: %(error)s", error=say(standing.error)))
    if here.hold:
        texts.append(language._("Pushing is held: %(why)s.", why=say(here.hold)))
    return texts


def _tell_errors(pages: Blueprint, site: Site) -> None:
    @pages.app_errorhandler(HTTPException)
    def tell(error: HTTPException) -> ResponseReturnValue:
        _speak(site)  # whoever was turned away at the door came before that was asked
        if error.response is not None:
            return error.response
        code = error.code or 500
        if request.blueprint in {"hooks", "health"}:
            return f"{error.name}\n", code
        if error.description in _AT_THE_DOOR:  # not a word more to whoever does not belong here
            return Response(
                f"{language._(_AT_THE_DOOR[error.description]).striptags()}\n", code, mimetype="text/plain"
            )
        text = _TOKEN if code == 400 else _WRONG.get(code, language.mark("Something went wrong."))
        g.setdefault("here", None)
        return render_template("error.html", text=language._(text), code=code), code

    @pages.app_errorhandler(Exception)
    def confess(error: Exception) -> ResponseReturnValue:
        """The message of an unforeseen error may hold anybody's data, so only its kind and place are told."""
        frames = "".join(traceback.format_tb(error.__traceback__))
        log.error(
            "A page failed: a defect in Stammkunde (%s). Please report it:\n%s", type(error).__name__, frames
        )
        return tell(InternalServerError())

    @pages.app_errorhandler(StammkundeError)
    def explain(error: StammkundeError) -> ResponseReturnValue:
        """An error that says what to do is shown as it is to whoever may be here, else told to the log."""
        if g.get("role") is None:
            log.error("%s", error)
            return tell(InternalServerError())
        return render_template("error.html", text=say(error), code=409), 409
