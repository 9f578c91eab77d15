"""Klaviyo, through its JSON:API: https://developers.klaviyo.com/en/reference/api_overview"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
from pydantic import SecretStr

from connector.errors import AuthError, RejectedError, ResponseError
from connector.http import Client, Limits, Response
from connector.outlet import Found, Handed, HandOver, Standing, Value, named_fields, refused, values_of

KEY_HELP = (
    "Private keys are made in Klaviyo under Settings, API keys: Accounts Read, Profiles Read and Write."
)

#: Klaviyo keeps each revision for two years.
REVISION = "2026-07-15"
#: Profiles that one question may ask for.
MOST = 100

DEFAULTS: Mapping[str, str] = {
    "code": "sk_code",
    "shown": "sk_code_shown",
    "gives": "sk_gives",
    "ends": "sk_ends",
    "campaign": "sk_campaign",
    "reminder": "sk_reminder",
    "groups": "sk_groups",
}


class KlaviyoOutlet:
    """A Klaviyo account.

    Args:
        api_key: private API key with Accounts (read) and Profiles (full); it begins with "pk_".
        contact_list: the id of the list that is written to: who is suppressed there is left out too.
        fields: names of our profile properties where they differ, such as { code = "voucher" }.
        base_url: where the API is.
        calls_per_second: how often Klaviyo is asked; its limit is 750 calls a minute.
        timeout: seconds that one call may take, with its repetitions.
    """

    name: ClassVar[str] = "klaviyo"
    title: ClassVar[str] = "Klaviyo"

    def __init__(
        self,
        *,
        api_key: SecretStr,
        contact_list: str | None = None,
        fields: dict[str, str] | None = None,
        base_url: str = "https://a.klaviyo.com",
        calls_per_second: float = 10.0,
        timeout: float = 120.0,
    ) -> None:
        self.fields: Mapping[str, str] = named_fields(DEFAULTS, fields)
        key = api_key.get_secret_value()
        self._list = contact_list
        self._base = f"{base_url.rstrip('/')}/api"
        limits = Limits(
            total=timeout,
            read=min(30.0, timeout),
            first_wait=min(0.5, timeout / 60),
            per_second=calls_per_second,
        )
        headers = {
            "Authorization": f"Klaviyo-API-Key {key}",
            "revision": REVISION,
            "Accept": "application/vnd.api+json",
        }
        self._http = Client(secrets=[key], headers=headers, limits=limits)

    def check(self) -> str:
        found = self._call("GET", "/accounts").decode(_Accounts).data
        if not found:
            raise ResponseError("Klaviyo names no account that `api_key` belongs to.")
        return found[0].attributes.contact_information.organization_name

    def prepare(self) -> None:
        """Nothing: a property is there as soon as a profile has it."""

    def find(self, emails: Sequence[str]) -> Iterator[Found]:
        for start in range(0, len(emails), MOST):
            some = emails[start : start + MOST]
            profiles = {
                each.attributes.email.casefold(): each
                for each in self._profiles(some)
                if each.attributes.email
            }
            for email in some:
                yield to_found(email, profiles.get(email.casefold()), self._list)

    def hand_over(self, batch: Iterable[HandOver]) -> Iterator[Handed]:
        for item in batch:
            body = to_patch(item.contact, values_of(item, self.fields))
            try:
                self._call("PATCH", f"/profiles/{quote(item.contact, safe='')}", body)
            except RejectedError as error:
                yield refused(item, error)
            else:
                yield Handed(item=item)

    def close(self) -> None:
        self._http.close()

    def _profiles(self, emails: Sequence[str]) -> Iterator["_Profile"]:
        asked = ",".join(_quoted(each.lower()) for each in emails)
        cursor: str | None = None
        while True:
            answer = self._call(
                "GET",
                "/profiles",
                params={
                    "filter": f"any(email,[{asked}])",
                    "additional-fields[profile]": "subscriptions",
                    "fields[profile]": "email,subscriptions",
                    "page[size]": str(MOST),
                    **({"page[cursor]": cursor} if cursor else {}),
                },
            ).decode(_Profiles)
            yield from answer.data
            cursor = _cursor_of(answer.links)
            if cursor is None:
                return

    def _call(
        self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None
    ) -> Response:
        data = None if body is None else msgspec.json.encode(body)
        headers = None if body is None else {"Content-Type": "application/vnd.api+json"}
        try:
            return self._http.request(
                method, f"{self._base}{path}", data=data, params=params, headers=headers
            )
        except AuthError as error:
            raise AuthError(f"Klaviyo does not let us in with `api_key`: {error} {KEY_HELP}") from None


def to_found(email: str, profile: "_Profile | None", contact_list: str | None) -> Found:
    """How a profile stands. Who never subscribed may be written to as far as the shop's consent goes.

    Raises:
        ResponseError: Klaviyo does not say, so nobody knows who has unsubscribed.
    """
    if profile is None:
        return Found(email=email, standing=Standing.UNKNOWN)
    subscriptions = profile.attributes.subscriptions
    if subscriptions is None:
        raise ResponseError("Klaviyo leaves out who is subscribed, so nothing is handed over.")
    marketing = subscriptions.email.marketing
    return Found(
        email=email,
        standing=Standing.GOOD if marketing is None else _standing(marketing, contact_list),
        contact=profile.id,
    )


def _standing(marketing: "_Marketing", contact_list: str | None) -> Standing:
    reasons = {each.reason for each in marketing.suppression or ()}
    reasons |= {each.reason for each in marketing.list_suppressions or () if each.list_id == contact_list}
    if marketing.consent == "UNSUBSCRIBED" or "UNSUBSCRIBE" in reasons:
        return Standing.UNSUBSCRIBED
    return Standing.BLOCKED if reasons or not marketing.can_receive_email_marketing else Standing.GOOD


def to_patch(profile: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """A change of properties and of nothing else; what is to be empty is taken off the profile."""
    set_to = {name: _as_json(value) for name, value in values.items() if value is not None}
    unset = [name for name, value in values.items() if value is None]
    data: dict[str, Any] = {"type": "profile", "id": profile, "attributes": {"properties": set_to}}
    if unset:
        data["meta"] = {"patch_properties": {"unset": unset}}
    return {"data": data}


def _as_json(value: Value) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, str) else value.isoformat() if value else None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _cursor_of(links: "_Links") -> str | None:
    """The place of the next page, out of the address that Klaviyo gives; we never call that address."""
    found = parse_qs(urlsplit(links.next or "").query).get("page[cursor]")
    return found[0] if found else None


class _Information(msgspec.Struct):
    organization_name: str


class _AccountAttributes(msgspec.Struct):
    contact_information: _Information


class _Account(msgspec.Struct):
    attributes: _AccountAttributes


class _Accounts(msgspec.Struct):
    data: list[_Account]


class _Suppression(msgspec.Struct):
    reason: str
    list_id: str | None = None


class _Marketing(msgspec.Struct):
    can_receive_email_marketing: bool
    consent: str
    suppression: list[_Suppression] | None = None
    list_suppressions: list[_Suppression] | None = None


class _Channel(msgspec.Struct):
    marketing: _Marketing | None = None


class _Subscriptions(msgspec.Struct):
    email: _Channel


class _Attributes(msgspec.Struct):
    email: str | None = None
    subscriptions: _Subscriptions | None = None


class _Profile(msgspec.Struct):
    id: str
    attributes: _Attributes


class _Links(msgspec.Struct):
    next: str | None = None


class _Profiles(msgspec.Struct):
    data: list[_Profile]
    links: _Links = msgspec.field(default_factory=_Links)
