"""Brevo (formerly Sendinblue), through version 3 of its API: https://developers.brevo.com/reference"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar
from urllib.parse import quote

import msgspec
from pydantic import SecretStr

from connector.errors import AuthError, ConfigError, RejectedError
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

KEY_HELP = "Keys are made in Brevo under Settings, SMTP & API, API keys."
PLACE = "Contacts, Settings, Contact attributes"

DEFAULTS: Mapping[str, str] = {
    "code": "SK_CODE",
    "shown": "SK_CODE_SHOWN",
    "gives": "SK_GIVES",
    "ends": "SK_ENDS",
    "campaign": "SK_CAMPAIGN",
    "reminder": "SK_REMINDER",
    "groups": "SK_GROUPS",
}

#: Which types of an attribute can hold a value; of any other Brevo ignores it in silence.
TYPES = {"text": ("text",), "day": ("date", "text")}
TYPE_OF_NEW = {"text": "text", "day": "date"}


class BrevoOutlet:
    """A Brevo account.

    Args:
        api_key: API key, version 3.
        contact_list: only contacts of the list with this id; left out, all contacts of the account.
        fields: names of our attributes where they differ, such as { code = "VOUCHER" }.
        create_fields: make attributes that are missing.
        base_url: where the API is.
        calls_per_second: how often Brevo is asked; its limit for contacts is 10.
        timeout: seconds that one call may take, with its repetitions.
    """

    name: ClassVar[str] = "brevo"
    title: ClassVar[str] = "Brevo"

    def __init__(
        self,
        *,
        api_key: SecretStr,
        contact_list: int | None = None,
        fields: dict[str, str] | None = None,
        create_fields: bool = False,
        base_url: str = "https://api.brevo.com/v3",
        calls_per_second: float = 8.0,
        timeout: float = 120.0,
    ) -> None:
        self.fields: Mapping[str, str] = named_fields(DEFAULTS, fields)
        small = [name for name in self.fields.values() if name != name.upper()]
        if small:
            raise ConfigError(f"fields: Brevo writes attributes in capitals: {small[0].upper()}.")
        key = api_key.get_secret_value()
        self._list = contact_list
        self._create = create_fields
        self._base = base_url.rstrip("/")
        limits = Limits(
            total=timeout,
            read=min(30.0, timeout),
            first_wait=min(0.5, timeout / 60),
            per_second=calls_per_second,
        )
        headers = {"api-key": key, "Accept": "application/json"}
        self._http = Client(secrets=[key], headers=headers, limits=limits)

    def check(self) -> str:
        account = self._call("GET", "/account").decode(_Account)
        if not self._create:
            see_to_fields(self.title, PLACE, self._missing)
        return account.company or account.email

    def prepare(self) -> None:
        see_to_fields(self.title, PLACE, self._missing, self._make if self._create else None)

    def find(self, emails: Sequence[str]) -> Iterator[Found]:
        for email in emails:
            # 400 is an address that Brevo takes for none.
            answer = self._call("GET", _path(email), accept=(400, 404), identifierType="email_id")
            if answer.status != 200:
                yield Found(email=email, standing=Standing.UNKNOWN)
            else:
                yield to_found(email, answer.decode(_Contact), self._list)

    def hand_over(self, batch: Iterable[HandOver]) -> Iterator[Handed]:
        for item in batch:
            attributes = to_attributes(values_of(item, self.fields))
            try:
                body = {"attributes": attributes}
                self._call("PUT", _path(item.contact), body, identifierType="contact_id")
            except RejectedError as error:
                yield refused(item, error)
            else:
                yield Handed(item=item)

    def close(self) -> None:
        self._http.close()

    def _missing(self) -> dict[str, str]:
        """Attributes that are not there, or of a type that cannot hold what we write, and what they hold."""
        found = self._call("GET", "/contacts/attributes").decode(_Attributes).attributes
        there = {each.name: each.type for each in found if each.category == "normal"}
        kinds = kinds_of(self.fields)
        for name, kind in kinds.items():
            if name in there and there[name] not in TYPES[kind]:
                wanted = " or ".join(TYPES[kind])
                raise ConfigError(
                    f"The attribute {name} of Brevo is of type {there[name]}, so it would ignore what we"
                    f" write. Make it anew as {wanted}, or name another one in fields."
                )
        return {name: kind for name, kind in kinds.items() if name not in there}

    def _make(self, name: str, kind: str) -> None:
        path = f"/contacts/attributes/normal/{quote(name, safe='')}"
        self._call("POST", path, {"type": TYPE_OF_NEW[kind]})

    def _call(
        self, method: str, path: str, body: object = None, *, accept: tuple[int, ...] = (), **params: str
    ) -> Response:
        try:
            return self._http.request(
                method, f"{self._base}{path}", json=body, params=params or None, accept=accept
            )
        except AuthError as error:
            raise AuthError(f"Brevo does not let us in with `api_key`: {error} {KEY_HELP}") from None


def _path(identifier: str) -> str:
    return f"/contacts/{quote(identifier, safe='')}"


def to_found(email: str, contact: "_Contact", contact_list: int | None) -> Found:
    """How a contact stands. Who has left the list has left it, whatever else the account may send."""
    standing = Standing.GOOD
    if contact.emailBlacklisted or (contact_list is not None and contact_list in contact.listUnsubscribed):
        standing = Standing.UNSUBSCRIBED
    elif contact_list is not None and contact_list not in contact.listIds:
        standing = Standing.UNKNOWN
    return Found(email=email, standing=standing, contact=str(contact.id))


def to_attributes(values: Mapping[str, Value]) -> dict[str, str]:
    """Values as Brevo takes them: days as YYYY-MM-DD, an empty text for none."""
    return {name: text_of(value) for name, value in values.items()}


class _Account(msgspec.Struct, rename="camel"):
    email: str
    company: str = msgspec.field(default="", name="companyName")


class _Contact(msgspec.Struct):
    id: int
    emailBlacklisted: bool  # noqa: N815  Brevo's spelling
    listIds: list[int] = []  # noqa: N815
    listUnsubscribed: list[int] = []  # noqa: N815


class _Attribute(msgspec.Struct):
    name: str
    category: str
    type: str = ""


class _Attributes(msgspec.Struct):
    attributes: list[_Attribute]
