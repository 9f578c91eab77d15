"""CleverReach, through version 3 of its REST API: https://rest.cleverreach.com/explorer/v3/"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec
from pydantic import SecretStr

from connector.errors import AuthError, ConfigError, RejectedError, ResponseError
from connector.http import Client, Limits, Response
from connector.outlet import (
    Found,
    Handed,
    HandOver,
    Standing,
    Value,
    kinds_of,
    named_fields,
    refused,
    see_to_fields,
    text_of,
    values_of,
)

KEY_HELP = (
    "An OAuth app with both is made in CleverReach under My Account, Extras, REST API, with the scopes"
    " Recipients and Recipient lists."
)
PLACE = "Recipients, Data fields, as global fields"

DEFAULTS: Mapping[str, str] = {
    "code": "sk_code",
    "shown": "sk_code_shown",
    "gives": "sk_gives",
    "ends": "sk_ends",
    "campaign": "sk_campaign",
    "reminder": "sk_reminder",
    "groups": "sk_groups",
}

TYPES = {"text": ("text",), "day": ("date", "text")}
TYPE_OF_NEW = {"text": "text", "day": "date"}


class CleverReachOutlet:
    """One recipient list ("group") of a CleverReach account.

    Args:
        client_id: of an OAuth app of the account.
        client_secret: of the same app.
        contact_list: the id of the recipient list.
        fields: names of our global data fields where they differ, such as { code = "voucher" }.
        create_fields: make data fields that are missing.
        base_url: where the API is.
        calls_per_second: how often CleverReach is asked; it publishes no limit.
        timeout: seconds that one call may take, with its repetitions.
    """

    name: ClassVar[str] = "cleverreach"
    title: ClassVar[str] = "CleverReach"

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: SecretStr,
        contact_list: int,
        fields: dict[str, str] | None = None,
        create_fields: bool = False,
        base_url: str = "https://rest.cleverreach.com",
        calls_per_second: float = 5.0,
        timeout: float = 120.0,
    ) -> None:
        self.fields: Mapping[str, str] = named_fields(DEFAULTS, fields)
        for name in self.fields.values():
            if not re.fullmatch("[a-z0-9_]+", name):
                raise ConfigError(f"fields: '{name}' is no name of a data field: a-z, 0-9 and '_'.")
        secret = client_secret.get_secret_value()
        self._create = create_fields
        self._base = base_url.rstrip("/")
        self._receivers = f"/v3/groups.json/{contact_list}/receivers"
        self._group = f"/v3/groups.json/{contact_list}"
        basic = b64encode(f"{client_id}:{secret}".encode()).decode()
        self._basic = SecretStr(basic)
        limits = Limits(
            total=timeout,
            read=min(30.0, timeout),
            first_wait=min(0.5, timeout / 60),
            per_second=calls_per_second,
        )
        self._http = Client(secrets=[secret, basic], limits=limits)
        self._token: SecretStr | None = None
        self._before: dict[str, _Receiver] = {}
        self._is_trusted = False

    def check(self) -> str:
        group = self._call("GET", self._group, accept=(404,))
        if group.status == 404:
            raise ConfigError("CleverReach has no recipient list of the id in contact_list.")
        if not self._create:
            see_to_fields(self.title, PLACE, self._missing)
        return group.decode(_Named).name

    def prepare(self) -> None:
        see_to_fields(self.title, PLACE, self._missing, self._make if self._create else None)

    def find(self, emails: Sequence[str]) -> Iterator[Found]:
        self._before.clear()
        for email in emails:
            answer = self._call("GET", f"{self._receivers}/{quote(email, safe='')}", accept=(400, 404))
            if answer.status != 200:
                yield Found(email=email, standing=Standing.UNKNOWN)
                continue
            receiver = answer.decode(_Receiver)
            self._before[str(receiver.id)] = receiver
            standing = standing_of(receiver)
            if standing is Standing.GOOD and self._is_on_blacklist(email):
                standing = Standing.BLOCKED
            yield Found(email=email, standing=standing, contact=str(receiver.id))

    def hand_over(self, batch: Iterable[HandOver]) -> Iterator[Handed]:
        for item in batch:
            body = {"global_attributes": to_attributes(values_of(item, self.fields))}
            try:
                self._call("PUT", f"{self._receivers}/{quote(item.contact, safe='')}", body)
            except RejectedError as error:
                yield refused(item, error)
                continue
            if not self._is_trusted:
                self._look_at_the_first(item.contact)
            yield Handed(item=item)

    def close(self) -> None:
        self._http.close()

    def _is_on_blacklist(self, email: str) -> bool:
        path = f"/v3/blacklist.json/{quote(email, safe='')}"
        return self._call("GET", path, accept=(404,)).status == 200

    def _look_at_the_first(self, contact: str) -> None:
        """Whether a change of ours left everything else alone: nobody has seen this API do it yet."""
        before = self._before.get(contact)
        if before is None:
            return
        path = f"{self._receivers}/{quote(contact, safe='')}"
        after = self._call("GET", path).decode(_Receiver)
        if lost := lost_attributes(before, after, set(self.fields.values())):
            self._call("PUT", path, {"global_attributes": lost})
            raise ResponseError(
                "CleverReach emptied other data fields when ours were written. They were put back, and"
                " nothing more is handed over. Please report this."
            )
        if standing_of(before) is not standing_of(after):
            raise ResponseError(
                "CleverReach changed whether a recipient is active when our fields were written. Nothing more"
                " is handed over. Please report this."
            )
        self._is_trusted = True

    def _missing(self) -> dict[str, str]:
        found = self._call("GET", "/v3/attributes.json").decode(list[_Attribute])
        there = {each.name.lower(): each.type for each in found}
        kinds = kinds_of(self.fields)
        for name, kind in kinds.items():
            if name in there and there[name] not in TYPES[kind]:
                raise ConfigError(
                    f"The data field {name} of CleverReach is of type {there[name]}. Make it anew as"
                    f" {' or '.join(TYPES[kind])}, or name another one in fields."
                )
        return {name: kind for name, kind in kinds.items() if name not in there}

    def _make(self, name: str, kind: str) -> None:
        self._call(
            "POST", "/v3/attributes.json", {"name": name, "type": TYPE_OF_NEW[kind], "description": name}
        )

    def _call(self, method: str, path: str, body: object = None, *, accept: tuple[int, ...] = ()) -> Response:
        try:
            headers = {"Authorization": f"Bearer {self._access()}"}
            return self._http.request(
                method, f"{self._base}{path}", json=body, headers=headers, accept=accept
            )
        except AuthError as error:
            self._token = None
            raise AuthError(
                f"CleverReach does not let us in with `client_id` and `client_secret`: {error} {KEY_HELP}"
            ) from None

    def _access(self) -> str:
        if self._token is None:
            answer = self._http.request(
                "POST",
                f"{self._base}/oauth/token.php",
                data={"grant_type": "client_credentials"},
                headers={"Authorization": f"Basic {self._basic.get_secret_value()}"},
            )
            self._token = SecretStr(answer.decode(_Token).access_token)
            self._http.hide(self._token.get_secret_value())
        return self._token.get_secret_value()


def standing_of(receiver: "_Receiver") -> Standing:
    """How a recipient of the list stands."""
    if receiver.bounced:
        return Standing.BLOCKED
    if receiver.deactivated:
        return Standing.UNSUBSCRIBED
    if not receiver.activated:
        return Standing.PENDING
    return Standing.GOOD if receiver.active else Standing.BLOCKED


def to_attributes(values: Mapping[str, Value]) -> dict[str, str]:
    """Values as CleverReach takes them: days as YYYY-MM-DD, an empty text for none."""
    return {name: text_of(value) for name, value in values.items()}


def lost_attributes(before: "_Receiver", after: "_Receiver", ours: set[str]) -> dict[str, Any]:
    """Global fields of the owner that had something and have it no more."""
    had, has = _as_dict(before.global_attributes), _as_dict(after.global_attributes)
    return {name: value for name, value in had.items() if value and name not in ours and not has.get(name)}


def _as_dict(attributes: dict[str, Any] | list[Any]) -> dict[str, Any]:
    return attributes if isinstance(attributes, dict) else {}  # without any it is an empty list


class _Token(msgspec.Struct):
    access_token: str


class _Named(msgspec.Struct):
    name: str


class _Attribute(msgspec.Struct):
    name: str
    type: str


class _Receiver(msgspec.Struct):
    id: int | str
    activated: int = 0
    deactivated: int = 0
    bounced: int = 0
    active: bool = True
    global_attributes: dict[str, Any] | list[Any] = []
