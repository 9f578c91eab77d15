"""One HTTP client for every adapter: timeouts, pacing, retries, status → error, redaction.

An adapter says what it wants (`request`, `download`); how often, how long and what a failure means is decided
here once. A platform that hides failures in an answer of status 200 passes a `judge`, which is asked about
every answer inside the retry loop.
"""

import email.utils
import logging
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential, wait_random

from connector import __version__
from connector.errors import (
    AuthError,
    ConfigError,
    RejectedError,
    ResponseError,
    TemporaryError,
)

# urllib3 writes whole request lines, query included, at DEBUG; a key in a query would end up in a log.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

#: An e-mail address, as it is or as in a URL or in HTML. What shops say of a refusal goes to logs and alerts.
_ADDRESS = re.compile(r"[^\s@\"'<>(),:;=\[\]{}&/]{1,64}(?:@|%40|&#0?64;)[\w.-]{1,255}", re.IGNORECASE)

T = TypeVar("T")
USER_AGENT = f"Stammkunde/{__version__}"
REQUEST_ID_HEADERS = ("X-Request-Id", "X-Request-ID", "Request-Id", "CF-Ray")
CHUNK = 1 << 16


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one call, in seconds unless said otherwise. Together they end every call."""

    connect: float = 10.0
    read: float = 30.0  #: longest silence between two bytes
    total: float = 120.0  #: one call with all its retries and waits
    download: float = 3600.0  #: one download
    attempts: int = 6
    first_wait: float = 0.5  #: grows twofold with each attempt, with jitter
    longest_wait: float = 60.0  #: also bounds Retry-After and pacing
    largest: int = 64 << 20  #: bytes of one answer
    per_second: float | None = None  #: calls, evenly spaced; None: as fast as the shop answers


class Counters(msgspec.Struct):
    """What a client has done since it was made (for the metrics). `waited` is seconds."""

    calls: int = 0
    retries: int = 0
    waited: float = 0.0

    def count(self, calls: int, retries: int, waited: float) -> None:
        self.calls += calls
        self.retries += retries
        self.waited += waited


#: Counts along with every client used in its context: the daemon sets one for each shop.
COUNTED_ALONG: ContextVar[Counters | None] = ContextVar("counted_along", default=None)


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str
    request_id: str | None = None

    def json(self) -> Any:
        """The body decoded.

        Raises:
            ResponseError: it is not JSON.
        """
        return self.decode(object)

    def decode(self, type_: type[T]) -> T:
        """The body as one of our types.

        Raises:
            ResponseError: it is not JSON, or JSON of another shape.
        """
        try:
            return msgspec.json.decode(self.body, type=type_)
        except msgspec.ValidationError as error:
            raise ResponseError(
                f"{self.host} answered JSON of an unexpected shape: {error}.", request_id=self.request_id
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            kind = self.headers.get("Content-Type", "no content type")
            message = f"{self.host} did not answer in JSON (status {self.status}, {kind})."
            raise ResponseError(message, request_id=self.request_id) from None


class NotProcessedError(TemporaryError):
    """The shop never acted on the request: repeating it is safe, whatever it was. A `judge` may raise it."""


Judge = Callable[[Response], None]


class Client:
    """Keep-alive HTTP with bounds. May be used from several threads: each has its own session.

    Args:
        secrets: strings that must never be seen in an error; more with `hide`.
        headers: sent with every request.
        auth: signs every attempt anew, for platforms that take a signature only once.
        sleep, clock: for tests; the clock is monotonic seconds.
    """

    def __init__(
        self,
        *,
        secrets: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        auth: Callable[[requests.PreparedRequest], requests.PreparedRequest] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self.counters = Counters()
        self._headers = {"User-Agent": USER_AGENT, **(headers or {})}
        self._auth = auth
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._secrets: set[str] = set()
        self._not_before = 0.0
        first = self.limits.first_wait
        self._backoff = wait_exponential(first, self.limits.longest_wait) + wait_random(0, first)
        for secret in secrets:
            self.hide(secret)

    def __repr__(self) -> str:
        return f"Client(calls={self.counters.calls})"

    def hide(self, secret: str) -> None:
        """Never show this string in an error, nor as it looks in a URL or in JSON."""
        if secret:
            in_url = quote(secret, safe="")
            in_json = msgspec.json.encode(secret).decode()[1:-1]
            with self._lock:
                self._secrets |= {
                    secret,
                    in_url,
                    _lower_escapes(in_url),
                    in_json,
                    in_json.replace("/", r"\/"),
                }

    def redact(self, text: str) -> str:
        """The text without secrets and people's addresses, the longest secret first: none leaves a tail."""
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)
        for secret in secrets:
            text = text.replace(secret, "***")
        return _ADDRESS.sub("***", text)

    def hold(self, seconds: float) -> None:
        """Send nothing for that long (bounded by `longest_wait`): the shop's own pace."""
        until = self._clock() + min(seconds, self.limits.longest_wait)
        with self._lock:
            self._not_before = max(self._not_before, until)

    def close(self) -> None:
        """Close the connections of all threads. The client stays usable."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
            self._local = threading.local()
        for session in sessions:
            session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Any = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
        repeatable: bool = True,
        judge: Judge | None = None,
    ) -> Response:
        """One call, repeated while it makes sense, and never longer than `limits.total`.

        Args:
            json: encoded as the body; with `data` or `files` leave it None.
            accept: statuses above 299 that the caller wants to see instead of an error.
            repeatable: False for a write that must not happen twice; it is then repeated only where the shop
                cannot have acted on it (no connection, 429, 503).
            judge: asked about every answer that is not an error by status; may raise any `AdapterError`. A
                `TemporaryError` from it is repeated like a 503.

        Raises:
            TemporaryError: no connection, too slow, 408, 425, 429 or 5xx, after the last attempt.
            AuthError: 401, 402, 403 or 423.
            RejectedError: any other 4xx.
            ResponseError: a redirect, too large an answer, or what `judge` found.
        """
        sent = dict(self._headers, **(headers or {}))
        if json is not None:
            data, sent["Content-Type"] = msgspec.json.encode(json), "application/json"
        deadline = self._clock() + self.limits.total

        def once() -> Response:
            timeout = self._timeout(deadline)
            with self._open(
                method, url, timeout, params=params, data=data, files=files, headers=sent
            ) as reply:
                answer = self._complete(reply, deadline)
            self._raise_for_status(answer, accept)
            if judge:
                judge(answer)
            return answer

        return self._retrying(repeatable, deadline)(once)

    def download(self, url: str, *, headers: Mapping[str, str] | None = None) -> Iterator[bytes]:
        """The body in pieces, without holding it. Connecting is repeated, a broken body is not.

        Raises:
            TemporaryError: the body ended before its announced length, or as for `request`.
            AuthError, RejectedError: as for `request`; a signed address that expired gives one of these.
        """
        deadline = self._clock() + self.limits.download
        sent = dict(self._headers, **(headers or {}))

        def once() -> requests.Response:
            reply = self._open("GET", url, self._timeout(deadline), headers=sent)
            if reply.status_code != 200:
                with reply:
                    self._raise_for_status(self._complete(reply, deadline), ())
            return reply

        with self._retrying(True, self._clock() + self.limits.total)(once) as reply:
            yield from self._pieces(reply, deadline)

    # -- one attempt ------------------------------------------------------------------------------------

    def _session(self) -> requests.Session:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            # a .netrc or a proxy variable with a password must not decide how we log in
            session.auth = self._auth or _leave_alone
            with self._lock:
                self._sessions.append(session)
        return session

    def _timeout(self, deadline: float) -> tuple[float, float]:
        left = max(deadline - self._clock(), 0.001)
        return min(self.limits.connect, left), min(self.limits.read, left)

    def _open(self, method: str, url: str, timeout: tuple[float, float], **how: Any) -> requests.Response:
        self._pace()
        self._count(calls=1)
        try:
            # A redirect would carry our token to another host.
            return self._session().request(
                method, url, timeout=timeout, stream=True, allow_redirects=False, **how
            )
        except (requests.exceptions.RequestException, UnicodeError, ValueError) as error:
            raise self._error(error, _host(url)) from None

    def _pieces(self, reply: requests.Response, deadline: float) -> Iterator[bytes]:
        """The body, its announced length enforced."""
        host = _host(reply.url)
        try:
            # read1 gives what has arrived; iter_content would wait for a full piece, however slowly it drips
            while piece := reply.raw.read1(CHUNK, decode_content=True):
                if self._clock() > deadline:
                    raise TemporaryError(f"{host} answers too slowly.")
                yield piece
        except urllib3.exceptions.TimeoutError:
            raise TemporaryError(f"{host} took too long to answer.") from None
        except urllib3.exceptions.HTTPError:
            raise TemporaryError(f"{host} broke off in the middle of an answer.") from None
        announced = reply.headers.get("Content-Length", "")
        if announced.isdecimal() and reply.raw.tell() != int(announced):
            raise TemporaryError(f"{host} broke off in the middle of an answer.")

    def _complete(self, reply: requests.Response, deadline: float) -> Response:
        body, host = bytearray(), _host(reply.url)
        for piece in self._pieces(reply, deadline):
            body += piece
            if len(body) > self.limits.largest:
                raise ResponseError(f"{host} answered more than {self.limits.largest >> 20} MiB at once.")
        headers = CaseInsensitiveDict(reply.headers)
        request_id = next((headers[name] for name in REQUEST_ID_HEADERS if name in headers), None)
        return Response(
            status=reply.status_code, headers=headers, body=bytes(body), host=host, request_id=request_id
        )

    # -- failures ---------------------------------------------------------------------------------------

    def _error(self, error: Exception, host: str) -> Exception:
        """What a failure below HTTP means. The original is not chained: its text holds the whole address."""
        kinds = requests.exceptions
        if isinstance(error, kinds.SSLError):
            if "CERTIFICATE_VERIFY_FAILED" in repr(error):
                return ResponseError(
                    f"The certificate of {host} is not valid, so the connection was refused."
                )
            return ResponseError(f"{host} does not speak https there. Check the address and its port.")
        if isinstance(error, kinds.ConnectTimeout):
            return NotProcessedError(f"{host} does not answer.")
        if isinstance(error, kinds.Timeout):
            return TemporaryError(f"{host} took too long to answer.")
        if isinstance(error, kinds.ConnectionError):
            if "NameResolutionError" in repr(error):
                return NotProcessedError(
                    f"The name {host} is unknown. Check the address, and whether this machine is online."
                )
            refused = "NewConnectionError" in repr(error)
            kind = NotProcessedError if refused else TemporaryError
            return kind(f"There is no connection to {host}.")
        return ConfigError(
            f"The address {self.redact(host)!r} cannot be used. Write it as in https://shop.example.com."
        )

    def _raise_for_status(self, answer: Response, accept: Collection[int]) -> None:
        status, host, request_id = answer.status, answer.host, answer.request_id
        if status < 300 or status in accept:
            return
        # Cut when it is blotted: of half a secret nobody would know that it is one.
        excerpt = self.redact(" ".join(answer.body[:CHUNK].decode("utf-8", "replace").split()))[:300]
        message = f"{host} answered with status {status}" + (f": {excerpt}" if excerpt else ".")
        if status in (401, 402, 403, 423):
            raise AuthError(message, request_id=request_id)
        if status in (429, 503):
            raise NotProcessedError(message, retry_after=_retry_after(answer), request_id=request_id)
        if status in (408, 425) or status >= 500:
            raise TemporaryError(message, retry_after=_retry_after(answer), request_id=request_id)
        if status < 400:
            raise ResponseError(
                f"{host} sends us elsewhere (status {status}): check the address.", request_id=request_id
            )
        raise RejectedError(message, request_id=request_id)

    # -- waiting ----------------------------------------------------------------------------------------

    def _retrying(self, repeatable: bool, deadline: float) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(TemporaryError if repeatable else NotProcessedError),
            wait=self._wait,
            stop=lambda state: self._give_up(state, deadline),
            sleep=self._rest,
            before_sleep=self._count_retry,
            reraise=True,
        )

    def _wait(self, state: RetryCallState) -> float:
        return max(self._backoff(state), _asked(state))

    def _give_up(self, state: RetryCallState, deadline: float) -> bool:
        """Also when the shop asks for a longer wait than we may take: the next run will find it rested."""
        if state.attempt_number >= self.limits.attempts or _asked(state) > self.limits.longest_wait:
            return True
        return self._clock() + state.upcoming_sleep >= deadline

    def _count_retry(self, state: RetryCallState) -> None:  # noqa: ARG002  tenacity's signature
        self._count(retries=1)

    def _rest(self, seconds: float) -> None:
        self._count(waited=seconds)
        self._sleep(seconds)

    def _count(self, *, calls: int = 0, retries: int = 0, waited: float = 0.0) -> None:
        along = COUNTED_ALONG.get()
        with self._lock:
            self.counters.count(calls, retries, waited)
            if along is not None:
                along.count(calls, retries, waited)

    def _pace(self) -> None:
        """Take the next free place in time, so that several threads together keep the pace."""
        with self._lock:
            now = self._clock()
            start = max(now, self._not_before)
            if self.limits.per_second:
                self._not_before = start + 1 / self.limits.per_second
        if start > now:
            self._rest(start - now)


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _host(url: str) -> str:
    """The part of an address that is safe to show."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if host or "@" in url:  # before which a password stands
        return host or "(no host)"
    return re.split("[/?#]", url.partition("://")[2] or url)[0]


def _lower_escapes(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def _asked(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after or 0.0) if isinstance(error, TemporaryError) else 0.0


def _retry_after(answer: Response) -> float | None:
    """Seconds from the Retry-After header, which is a number or an HTTP date."""
    text = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((when - datetime.now(UTC)).total_seconds(), 0.0) if when.tzinfo else None
