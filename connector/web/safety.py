"""What keeps strangers out: by which name one comes, who has to log in, what a browser is told to refuse."""

import ipaddress
import logging
import re
import secrets
from datetime import datetime

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_wtf.csrf import CSRFProtect
from limits import parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.middleware.proxy_fix import ProxyFix

from connector.config import Config
from connector.errors import ConfigError
from connector.web.logins import Login, Logins, Role, read_logins
from connector.web.site import Site

log = logging.getLogger(__name__)

LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")
#: Of one address; a right password counts too.
ATTEMPTS = "5 per minute; 30 per hour"
HOURS = 12  #: that a session lasts
LARGEST = 6 << 20  #: bytes of what is sent to us

_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
#: What needs no session: endpoints by blueprint.
_HOOKS, _HEALTH, _PAGES = "hooks", "health", "dashboard"
_BEFORE_LOGIN = frozenset({"dashboard.login", "dashboard.language", "dashboard.static", "dashboard.style"})


def raise_if_open(config: Config, listen: str) -> None:
    """Raises ConfigError where strangers could reach the pages and nobody would ask who they are."""
    if not config.dashboard.show or not needs_login(config, listen):
        return
    logins = read_logins(config.dashboard.logins_file)
    if logins is None or not any(each.role == "owner" for each in logins.logins):
        raise ConfigError(
            f"The pages could be reached from outside this machine ({_why(config, listen)}) and nobody would"
            " have to log in. Set a password with `stammkunde web password NAME`, or write show = false under"
            f" [dashboard] in {config.path}."
        )


def _why(config: Config, listen: str) -> str:
    if config.dashboard.behind_proxy:
        return "dashboard.behind_proxy"
    return f"dashboard.hosts: {', '.join(config.dashboard.hosts)}" if config.dashboard.hosts else listen


def needs_login(config: Config, listen: str) -> bool:
    """Whether somebody else than who sits at this machine may come."""
    return bool(
        host_of(listen) not in LOOPBACK or config.dashboard.behind_proxy or _outer(config.dashboard.hosts)
    )


def _outer(hosts: tuple[str, ...]) -> list[str]:
    return [each for each in hosts if each.casefold() not in LOOPBACK]


def host_of(listen: str) -> str:
    """The host of "host:port"."""
    return listen.rpartition(":")[0].casefold()


_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?")


def name_of(host: str) -> str | None:
    """The name in a Host header, without its port; None where there is no sense in it."""
    found = _HOST.fullmatch(host.casefold())
    return found[1] if found else None


class _Sessions(SecureCookieSessionInterface):
    """The cookie goes over https only wherever the page came so."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002  Flask's signature
        return bool(request.is_secure)


class Guard:
    """Stands before every page of an app.

    Args:
        listen: where the app is served, host:port.
    """

    def __init__(self, app: Flask, site: Site, listen: str) -> None:
        config = site.config()
        raise_if_open(config, listen)
        self._site = site
        self._listen = listen
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._limits = parse_many(ATTEMPTS)
        logins = self.logins()
        app.config.update(
            SECRET_KEY=logins.key if logins else secrets.token_hex(32),
            SESSION_COOKIE_NAME="stammkunde",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            PERMANENT_SESSION_LIFETIME=HOURS * 3600,
            MAX_CONTENT_LENGTH=LARGEST,
            MAX_FORM_MEMORY_SIZE=1 << 20,
            WTF_CSRF_TIME_LIMIT=None,  # as long as the session
            WTF_CSRF_CHECK_DEFAULT=False,  # checked here, behind the host and the login
        )
        app.session_interface = _Sessions()
        self._csrf = CSRFProtect(app)
        if config.dashboard.behind_proxy:
            app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
        app.before_request(self._before)
        app.after_request(_with_headers)

    def logins(self) -> Logins | None:
        """Who may log in now; somebody may have set a password since the last request."""
        return read_logins(self._site.config().dashboard.logins_file)

    def needs_login(self) -> bool:
        """Whether there is a login at all: because strangers may come, or because somebody set a password."""
        logins = self.logins()
        return needs_login(self._site.config(), self._listen) or bool(logins and logins.logins)

    def may_try(self) -> bool:
        """Whether this address may try a password once more. Counts as a try."""
        hits = [self._limiter.hit(limit, "login", _caller(request.remote_addr)) for limit in self._limits]
        return all(hits)

    def _before(self) -> ResponseReturnValue | None:
        if request.blueprint == _HOOKS:
            return None  # signed by the shop
        if request.blueprint == _HEALTH and not self._may_monitor():
            abort(403, "role")
        if request.blueprint == _HEALTH and not self._is_private():
            return None  # asked by a monitor, by whatever name
        if name_of(request.host) not in self._hosts():
            log.warning(
                "a request for an unknown name was refused; dashboard.hosts names those that are ours"
            )
            abort(400, "host")
        if request.blueprint != _PAGES:
            return None
        if not self._site.config().dashboard.show:
            abort(404)
        return self._let_in()

    def _may_monitor(self) -> bool:
        """A proxy that lets others in to the pages lets them in here, too: figures are the owner's."""
        if request.endpoint == "health.healthz" or not self._site.config().dashboard.show:
            return True
        if not _is_marked():
            return True
        login = self._who()
        return login is not None and login.role == "owner"

    def _is_private(self) -> bool:
        return host_of(self._listen) in LOOPBACK

    def _hosts(self) -> set[str]:
        named = {each.casefold() for each in self._site.config().dashboard.hosts}
        return {*LOOPBACK, host_of(self._listen), *named}

    def _let_in(self) -> ResponseReturnValue | None:
        g.login = g.role = None
        if not self.needs_login():
            if _is_proxied():
                abort(403, "proxied")
            g.role = "owner"
        elif (login := self._who()) is not None:
            g.login, g.role = login.name, login.role
        if request.endpoint not in _BEFORE_LOGIN:
            if g.role is None:
                return redirect(
                    url_for("dashboard.login", to=request.path if request.method == "GET" else None)
                )
            if not may(g.role, request.endpoint):
                abort(403, "role")
        self._csrf.protect()
        return None

    def _who(self) -> Login | None:
        logins, name = self.logins(), session.get("login")
        login = logins.called(name) if logins and isinstance(name, str) else None
        if login is None or login.mark() != session.get("mark"):
            return None
        # The cookie's own age begins anew with every page, so a stolen one could be kept alive for ever.
        hours = (self._site.now().timestamp() - session.get("since", 0)) / 3600
        return login if 0 <= hours <= HOURS else None


def _is_proxied() -> bool:
    """Whether it came by a proxy. nginx leaves no mark by itself, but speaks as no browser has for ages."""
    return _is_marked() or request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0"


def _is_marked() -> bool:
    return any(name in request.headers for name in _PROXIED)


def _caller(address: str | None) -> str:
    """Whom an address stands for: of IPv6 everybody has a whole network of 64 bits to choose from."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "?"
    if found.version == 6 and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def for_staff(name: str) -> str:
    """Marks an endpoint as one that staff may use. Everything else is the owner's."""
    _STAFF.add(f"dashboard.{name}")
    return name


_STAFF: set[str] = set()


def may(role: Role, endpoint: str | None) -> bool:
    """Whether somebody of that role may open that page."""
    return role == "owner" or endpoint in _STAFF


def log_in(login: Login, now: datetime) -> None:
    """From now on this browser is that person, for `HOURS`."""
    session.clear()  # with its CSRF token: nothing from before goes on
    session.permanent = True
    session["login"], session["mark"], session["since"] = login.name, login.mark(), now.timestamp()


def _with_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.blueprint == _PAGES and request.endpoint not in ("dashboard.static", "dashboard.style"):
        response.headers["Cache-Control"] = "no-store"
    if request.is_secure and current_app.config.get("SESSION_COOKIE_NAME"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
