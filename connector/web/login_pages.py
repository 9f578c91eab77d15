"""Logging in and out, and choosing a language."""

import logging
from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from connector.language import LANGUAGES, _
from connector.web.desk import Desk, page
from connector.web.safety import for_staff, log_in

log = logging.getLogger(__name__)


def add_login_pages(pages: Blueprint, desk: Desk) -> None:
    """`/login`, `/logout` and `/language`."""

    @pages.route("/login", methods=["GET", "POST"])
    def login() -> ResponseReturnValue:
        if not desk.guard.needs_login():
            return redirect(url_for("dashboard.home"))
        to = _inside(request.values.get("to"))
        if request.method == "GET":
            return page("login.html", to=to, error=None, name="")
        return _try(desk, to)

    @pages.post("/logout", endpoint=for_staff("logout"))
    def logout() -> ResponseReturnValue:
        session.clear()
        return redirect(url_for("dashboard.login"))

    @pages.post("/language")
    def language() -> ResponseReturnValue:
        chosen = request.form.get("language")
        if chosen not in LANGUAGES:
            abort(400)
        session["language"] = chosen
        return redirect(_inside(request.form.get("to")) or url_for("dashboard.home"))


def _try(desk: Desk, to: str | None) -> ResponseReturnValue:
    name = request.form.get("name", "")
    if not desk.guard.may_try():
        log.warning("too many attempts to log in from %s", request.remote_addr)
        error = _("Too many attempts. Wait a minute and try again.")
        return page("login.html", 429, to=to, error=error, name=name)
    logins = desk.guard.logins()
    found = logins.who(name, request.form.get("password", "")) if logins else None
    if found is None:
        log.warning("a login from %s failed", request.remote_addr)
        return page("login.html", 403, to=to, error=_("Name or password is wrong."), name=name)
    log.info("%s logged in from %s", found.name, request.remote_addr)
    log_in(found, desk.site.now())
    return redirect(to or url_for("dashboard.home"))


def _inside(address: str | None) -> str | None:
    """An address within these pages, and no other."""
    if not address or not address.startswith("/") or address.startswith("//") or "\\" in address:
        return None
    if not address.isprintable():  # browsers and headers take line ends and tabs for something else
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc else address
