"""Mailchimp, through its Marketing API: https://mailchimp.com/developer/marketing/api/list-members/"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

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

KEY_HELP = "Keys are made in Mailchimp under Account & billing, Extras, API keys."
PLACE = "Audience, Settings, Audience fields and *|MERGE|* tags"

#: Mailchimp allows ten characters.
DEFAULTS: Mapping[str, str] = {
    "code": "SKCODE",
    "shown": "SKSHOWN",
    "gives": "SKGIVES",
    "ends": "SKENDS",
    "campaign": "SKCAMPAIGN",
    "reminder": "SKREMIND",
    "groups": "SKGROUPS",
}
TAG = re.compile("[A-Z0-9_]{1,10}")

TYPES = {"text": ("text",), "day": ("date", "text")}
TYPE_OF_NEW = {"text": "text", "day": "date"}

#: What Mailchimp says of a member. An archived one is a contact no more.
STANDINGS: Mapping[str, Standing] = {
    "subscribed": Standing.GOOD,
    "unsubscribed": Standing.UNSUBSCRIBED,
    "cleaned": Standing.BLOCKED,
    "pending": Standing.PENDING,
    "transactional": Standing.PENDING,
    "archived": Standing.UNKNOWN,
}


class MailchimpOutlet:
    """One audience of a Mailchimp account.

    Args:
        api_key: API key; behind its last dash stands the data centre, such as "us21".
        audience: the audience's id, such as "a1b2c3d4e5".
        fields: merge tags of our fields where they differ, such as { code = "VOUCHER" }.
        create_fields: make fields that are missing.
        base_url: where the API is, if not where the key says.
        calls_per_second: how often Mailchimp is asked; it allows ten calls at the same time, we make one.
        timeout: seconds that one call may take, with its repetitions.
    """

    name: ClassVar[str] = "mailchimp"
    title: ClassVar[str] = "Mailchimp"

    def __init__(
        self,
        *,
        api_key: SecretStr,
        audience: str,
        fields: dict[str, str] | None = None,
        create_fields: bool = False,
        base_url: str | None = None,
        calls_per_second: float = 8.0,
        timeout: float = 120.0,
    ) -> None:
        self.fields: Mapping[str, str] = named_fields(DEFAULTS, fields)
        for tag in self.fields.values():
            if not TAG.fullmatch(tag):
                raise ConfigError(f"fields: '{tag}' is no merge tag: up to ten of A-Z, 0-9 and '_'.")
        if not re.fullmatch("[A-Za-z0-9]+", audience):
            raise ConfigError("audience must be an audience's id, such as 'a1b2c3d4e5'.")
        key = api_key.get_secret_value()
        self._create = create_fields
        self._base = (base_url or address_of(key)).rstrip("/")
        self._audience = f"/lists/{audience}"
        basic = b64encode(f"stammkunde:{key}".encode()).decode()
        limits = Limits(
            total=timeout,
            read=min(30.0, timeout),
            first_wait=min(0.5, timeout / 60),
            per_second=calls_per_second,
        )
        self._http = Client(secrets=[key, basic], headers={"Authorization": f"Basic {basic}"}, limits=limits)

    def check(self) -> str:
        audience = self._call("GET", self._audience, accept=(404,), fields="name")
        if audience.status == 404:
            raise ConfigError(
                "Mailchimp has no audience of that id. It stands under Audience, Settings, Audience name and"
                " defaults."
            )
        if not self._create:
            see_to_fields(self.title, PLACE, self._missing)
        return audience.decode(_Audience).name

    def prepare(self) -> None:
        see_to_fields(self.title, PLACE, self._missing, self._make if self._create else None)

    def find(self, emails: Sequence[str]) -> Iterator[Found]:
        for email in emails:
            path = f"{self._audience}/members/{member_of(email)}"
            answer = self._call("GET", path, accept=(404,), fields="id,status")
            if answer.status == 404:
                yield Found(email=email, standing=Standing.UNKNOWN)
            else:
                member = answer.decode(_Member)
                standing = STANDINGS.get(member.status, Standing.PENDING)
                yield Found(email=email, standing=standing, contact=member.id)

    def hand_over(self, batch: Iterable[HandOver]) -> Iterator[Handed]:
        for item in batch:
            body = {"merge_fields": to_merge_fields(values_of(item, self.fields))}
            path = f"{self._audience}/members/{item.contact}"
            try:
                # Other fields of the audience may be required, and empty for this member.
                self._call("PATCH", path, body, skip_merge_validation="true")
            except RejectedError as error:
                yield refused(item, error)
            else:
                yield Handed(item=item)

    def close(self) -> None:
        self._http.close()

    def _missing(self) -> dict[str, str]:
        path = f"{self._audience}/merge-fields"
        found = self._call("GET", path, count="1000", fields="merge_fields.tag,merge_fields.type").decode(
            _Fields
        )
        there = {each.tag: each.type for each in found.merge_fields}
        kinds = kinds_of(self.fields)
        for tag, kind in kinds.items():
            if tag in there and there[tag] not in TYPES[kind]:
                raise ConfigError(
                    f"The field *|{tag}|* of Mailchimp is of type {there[tag]}. Make it anew as"
                    f" {' or '.join(TYPES[kind])}, or name another one in fields."
                )
        return {tag: kind for tag, kind in kinds.items() if tag not in there}

    def _make(self, tag: str, kind: str) -> None:
        # Not public: nobody is to type a code into a form.
        body = {"tag": tag, "name": tag, "type": TYPE_OF_NEW[kind], "required": False, "public": False}
        self._call("POST", f"{self._audience}/merge-fields", body)

    def _call(
        self, method: str, path: str, body: object = None, *, accept: tuple[int, ...] = (), **params: Any
    ) -> Response:
        try:
            return self._http.request(
                method, f"{self._base}{path}", json=body, params=params or None, accept=accept
            )
        except AuthError as error:
            raise AuthError(f"Mailchimp does not let us in with `api_key`: {error} {KEY_HELP}") from None


def address_of(key: str) -> str:
    """Where the API of a key's account is.

    Raises:
        ConfigError: the key names no data centre.
    """
    _, _, centre = key.rpartition("-")
    if not re.fullmatch("[a-z]{2,4}[0-9]{1,3}", centre):
        raise ConfigError(f"api_key does not end in a data centre such as '-us21'. {KEY_HELP}")
    return f"https://{centre}.api.mailchimp.com/3.0"


def member_of(email: str) -> str:
    """The id of a member: MD5 of the address in small letters. It hides nothing and is not meant to."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


def to_merge_fields(values: Mapping[str, Value]) -> dict[str, str]:
    """Values as Mailchimp takes them: days as YYYY-MM-DD, an empty text for none."""
    return {tag: text_of(value) for tag, value in values.items()}


class _Audience(msgspec.Struct):
    name: str


class _Member(msgspec.Struct):
    id: str
    status: str


class _Field(msgspec.Struct):
    tag: str
    type: str


class _Fields(msgspec.Struct):
    merge_fields: list[_Field]
