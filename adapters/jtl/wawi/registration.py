"""Registering Stammkunde as an app with a JTL-Wawi on-premise, which gives its key once.

In JTL-Wawi somebody opens Admin, App registration, and confirms what the app asks for.
"""

import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from importlib.resources import files

import msgspec

from adapters.jtl.wawi.client import NO_LICENCE, wawi_url
from adapters.jtl.wawi.inspection import FIELD_SCOPES, GROUP_SCOPE, RUN_AS_SCOPE, WRITE_FIELD_SCOPES
from connector import __version__
from connector.errors import AuthError, RejectedError, StammkundeError, TemporaryError
from connector.http import Client, Limits, Response

READ_SCOPE = "all.read"
WHERE = "In JTL-Wawi (new interface) open Admin, App registration"

#: Seconds between two looks: soon at first, then rarely.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0

_PENDING, _REJECTED, _ACCEPTED = 0, 1, 2
_READ = frozenset({400, 401, 402, 403, 404, 409, 410, 422})


class _State(msgspec.Struct, rename="pascal"):
    registration_request_id: str
    status: int


class _Token(msgspec.Struct, rename="pascal"):
    api_key: str


class _Information(msgspec.Struct, rename="pascal"):
    request_status_info: _State
    token: _Token | None = None
    granted_scopes: tuple[str, ...] = ()


class Granted(msgspec.Struct, frozen=True):
    """The key, and what it allows."""

    key: str
    scopes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Granted(scopes={self.scopes!r})"


def optional_scopes(*, tags: bool, groups: bool, run_as: bool) -> tuple[str, ...]:
    """Permissions beside reading, which whoever confirms may leave out."""
    found = (*FIELD_SCOPES, *WRITE_FIELD_SCOPES) if tags else ()
    return found + ((GROUP_SCOPE,) if groups else ()) + ((RUN_AS_SCOPE,) if run_as else ())


class Registration:
    """One request to register.

    Args:
        url: of the API, without /v1.
        sleep, clock: for tests; the clock is monotonic seconds.
    """

    def __init__(
        self,
        *,
        url: str,
        app_id: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app_id = app_id
        self._sleep = sleep
        self._clock = clock
        self._base = f"{wawi_url(url)}/v1/authentication"
        # Any text, the same in all calls of one registration, at most 30 characters.
        headers = {"X-ChallengeCode": secrets.token_hex(12), "X-AppID": app_id, "X-AppVersion": __version__}
        self._http = Client(headers=headers, limits=Limits(read=15.0, total=30.0))

    def ask(self, optional: Sequence[str]) -> str:
        """Send the request; its id.

        Raises:
            AuthError: no licence, JTL-Wawi does not wait for an app, or this one is registered already.
        """
        icon = files("adapters.jtl").joinpath("plugin", "StammkundeConnector", "icon.png").read_bytes()
        wish = {
            "AppId": self._app_id,
            "DisplayName": "Stammkunde",
            "Description": "Works out customer groups from orders.",
            "LocalizedDescriptions": [
                {"LanguageIso": "DE", "Name": "Ermittelt Kundengruppen aus Aufträgen."},
            ],
            "Version": __version__,
            "ProviderName": "Stammkunde",
            "ProviderWebsite": "https://localhost/",  # it has to be given, and we are self-hosted
            "MandatoryApiScopes": [READ_SCOPE],
            "OptionalApiScopes": list(optional),
            "AppIcon": b64encode(icon).decode(),
            "RegistrationType": 0,
        }
        # A second request after a lost answer would find the first one in its way.
        answer = self._http.request("POST", self._base, json=wish, accept=_READ, repeatable=False)
        if answer.status >= 300:
            raise self._refused(answer)
        state = answer.decode(_State)
        if state.status == _REJECTED:
            raise self._rejected()
        return state.registration_request_id

    def wait(self, request_id: str, seconds: float) -> Granted:
        """Wait until somebody confirms.

        Raises:
            AuthError: it was refused, or has ended.
            StammkundeError: nobody did anything within that time.
        """
        until, pause = self._clock() + seconds, FIRST_PAUSE
        while (granted := self._glance(request_id)) is None:
            if self._clock() + pause > until:
                raise StammkundeError(
                    f"Nobody confirmed the registration within {seconds:g} seconds. Refuse it in JTL-Wawi if "
                    "it still stands there, and start again."
                )
            self._sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return granted

    def _glance(self, request_id: str) -> Granted | None:
        """A look; one that fails for now is made up for by the next."""
        try:
            return self._look(request_id)
        except TemporaryError:
            return None

    def _look(self, request_id: str) -> Granted | None:
        answer = self._http.request("GET", f"{self._base}/{request_id}", accept=_READ, repeatable=False)
        if answer.status in (404, 410):
            raise AuthError(
                "This registration has ended: it expired, or its key was handed out and the answer got lost. "
                f"{WHERE}, delete Stammkunde if it is there, and start again."
            )
        if answer.status >= 300:
            raise self._refused(answer)
        found = answer.decode(_Information)
        if found.request_status_info.status == _REJECTED:
            raise self._rejected()
        if found.request_status_info.status != _ACCEPTED or found.token is None:
            return None
        return Granted(found.token.api_key, found.granted_scopes)

    def _rejected(self) -> Exception:
        return AuthError("The registration was refused in JTL-Wawi.")

    def _refused(self, answer: Response) -> Exception:
        if answer.status == 402:
            return AuthError(NO_LICENCE)
        if answer.status == 403:
            return AuthError(
                f"JTL-Wawi is not waiting for an app. {WHERE}, choose Add and go on until it says that it "
                "waits; then start again."
            )
        if answer.status == 409:
            return AuthError(
                f"An app {self._app_id!r} is registered already, and its key is never shown again. {WHERE} "
                "and delete it, or give this one another name with --app-id."
            )
        if answer.status == 404:
            return AuthError(
                f"{answer.host} has no API of JTL-Wawi at this address: it ends in /api/ and the name of the "
                "database, such as http://server:5883/api/eazybusiness."
            )
        return RejectedError(f"JTL-Wawi refused the registration with status {answer.status}.")

    def close(self) -> None:
        """Close connections."""
        self._http.close()
