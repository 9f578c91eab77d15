"""rapidmail, through version 3 of its API: https://developer.rapidmail.wiki"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

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
    named_fields,
    refused,
    text_of,
    values_of,
)

KEY_HELP = "API users are made in rapidmail under Settings, API."

#: A recipient has these fields of its own, and no others can be made.
FIELD = re.compile("extra([1-9]|10)")
LONGEST = 255

#: What rapidmail says of a recipient. Whoever unsubscribes is kept as deleted.
STANDINGS: Mapping[str, Standing] = {
    "active": Standing.GOOD,
    "new": Standing.PENDING,
    "bounced": Standing.BLOCKED,
    "abused": Standing.BLOCKED,
    "deleted": Standing.UNSUBSCRIBED,
}
BLACKLIST_PAGE = 1000


class RapidmailOutlet:
    """One recipient list of a rapidmail account.

    Args:
        user: name of an API user.
        password: of the same API user.
        contact_list: the id of the recipient list.
        fields: which extra field holds what, such as { code = "extra1", ends = "extra2" }; at least the code.
        day_format: how the last day of a code is written, as mails show it unchanged.
        base_url: where the API is.
        calls_per_second: how often rapidmail is asked; its limit is 10.
        timeout: seconds that one call may take, with its repetitions.
    """

    name: ClassVar[str] = "rapidmail"
    title: ClassVar[str] = "rapidmail"

    def __init__(
        self,
        *,
        user: str,
        password: SecretStr,
        contact_list: int,
        fields: dict[str, str],
        day_format: str = "%d.%m.%Y",
        base_url: str = "https://apiv3.emailsys.net",
        calls_per_second: float = 8.0,
        timeout: float = 120.0,
    ) -> None:
        self.fields: Mapping[str, str] = named_fields({}, fields)
        if "code" not in self.fields:
            raise ConfigError('fields: none is for the code. Name a free one: fields = { code = "extra1" }.')
        for name in self.fields.values():
            if not FIELD.fullmatch(name):
                raise ConfigError(f"fields: '{name}' is no field of rapidmail: extra1 to extra10.")
        secret = password.get_secret_value()
        self._day = day_format
        self._list = contact_list
        self._base = base_url.rstrip("/")
        basic = b64encode(f"{user}:{secret}".encode()).decode()
        limits = Limits(
            total=timeout,
            read=min(30.0, timeout),
            first_wait=min(0.5, timeout / 60),
            per_second=calls_per_second,
        )
        headers = {"Authorization": f"Basic {basic}", "Accept": "application/json"}
        self._http = Client(secrets=[secret, basic], headers=headers, limits=limits)
        self._blacklist: frozenset[str] | None = None
        self._before: dict[str, _Recipient] = {}
        self._is_trusted = False

    def check(self) -> str:
        answer = self._call("GET", f"/recipientlists/{self._list}", accept=(404,))
        if answer.status == 404:
            raise ConfigError("rapidmail has no recipient list of the id in contact_list.")
        return answer.decode(_Named).name

    def prepare(self) -> None:
        """Nothing: extra fields are always there, and no others can be made."""

    def find(self, emails: Sequence[str]) -> Iterator[Found]:
        self._before.clear()
        for email in emails:
            recipient = self._recipient(email)
            if recipient is None:
                yield Found(email=email, standing=Standing.UNKNOWN)
                continue
            self._before[str(recipient.id)] = recipient
            standing = STANDINGS.get(recipient.status, Standing.PENDING)
            if standing is Standing.GOOD and self._is_on_blacklist(email):
                standing = Standing.BLOCKED
            yield Found(email=email, standing=standing, contact=str(recipient.id))

    def hand_over(self, batch: Iterable[HandOver]) -> Iterator[Handed]:
        for item in batch:
            body = to_extras(values_of(item, self.fields), self._day)
            try:
                self._call("PATCH", f"/recipients/{item.contact}", body)
            except RejectedError as error:
                yield refused(item, error)
                continue
            if not self._is_trusted:
                self._look_at_the_first(item.contact)
            yield Handed(item=item)

    def close(self) -> None:
        self._http.close()

    def _recipient(self, email: str) -> "_Recipient | None":
        """The recipient with this address in the list; of several the one that is active."""
        asked: dict[str, Any] = {"recipientlist_id": str(self._list), "email": email}
        # Without a status it gives active ones only, and who has unsubscribed would look unknown.
        asked |= {f"status[{place}]": status for place, status in enumerate(STANDINGS)}
        found = self._call("GET", "/recipients", **asked).decode(_Recipients).embedded.recipients
        same = [each for each in found if each.email.casefold() == email.casefold()]
        order = list(STANDINGS)
        same.sort(key=lambda each: order.index(each.status) if each.status in STANDINGS else len(order))
        return same[0] if same else None

    def _is_on_blacklist(self, email: str) -> bool:
        if self._blacklist is None:
            self._blacklist = frozenset(self._patterns())
        address = email.casefold()
        domain = address.rpartition("@")[2]
        return not self._blacklist.isdisjoint({address, domain, f"@{domain}", f"*@{domain}"})

    def _patterns(self) -> Iterator[str]:
        page, pages = 1, 1
        while page <= pages:
            answer = self._call("GET", "/blacklist", page=str(page), page_size=str(BLACKLIST_PAGE))
            found = answer.decode(_Blacklist)
            for entries in found.embedded.values():
                yield from (each.pattern.casefold() for each in entries)
            page, pages = page + 1, found.page_count

    def _look_at_the_first(self, contact: str) -> None:
        """Whether a change of ours left everything else alone: nobody has seen this API do it yet."""
        before = self._before.get(contact)
        if before is None:
            return
        after = self._call("GET", f"/recipients/{contact}").decode(_Recipient)
        if lost := lost_extras(before, after, set(self.fields.values())):
            self._call("PATCH", f"/recipients/{contact}", lost)
            raise ResponseError(
                "rapidmail emptied other extra fields when ours were written. They were put back, and nothing"
                " more is handed over. Please report this."
            )
        if before.status != after.status:
            raise ResponseError(
                f"rapidmail changed a recipient from {before.status} to {after.status} when our fields were"
                " written. Nothing more is handed over. Please report this."
            )
        self._is_trusted = True

    def _call(
        self, method: str, path: str, body: object = None, *, accept: tuple[int, ...] = (), **params: Any
    ) -> Response:
        try:
            return self._http.request(
                method, f"{self._base}{path}", json=body, params=params or None, accept=accept
            )
        except AuthError as error:
            raise AuthError(
                f"rapidmail does not let us in with `user` and `password`: {error} {KEY_HELP}"
            ) from None


def to_extras(values: Mapping[str, Value], day_format: str) -> dict[str, str]:
    """Values as rapidmail keeps them, all of them text of at most 255 characters; an empty one for none."""
    return {name: _shortened(text_of(value, day_format)) for name, value in values.items()}


def _shortened(text: str) -> str:
    """Groups beyond the longest text are left out whole, the last ones first."""
    return text if len(text) <= LONGEST else text[: text.rindex("|", 0, LONGEST) + 1]


def lost_extras(before: "_Recipient", after: "_Recipient", ours: set[str]) -> dict[str, str]:
    """Extra fields of the owner that had something and have it no more."""
    had, has = before.extras(), after.extras()
    return {name: value for name, value in had.items() if value and name not in ours and not has[name]}


class _Named(msgspec.Struct):
    name: str


class _Recipient(msgspec.Struct):
    id: int | str
    email: str
    status: str
    extra1: str | None = None
    extra2: str | None = None
    extra3: str | None = None
    extra4: str | None = None
    extra5: str | None = None
    extra6: str | None = None
    extra7: str | None = None
    extra8: str | None = None
    extra9: str | None = None
    extra10: str | None = None

    def extras(self) -> dict[str, str]:
        names = [f"extra{number}" for number in range(1, 11)]
        return {name: getattr(self, name) or "" for name in names}


class _EmbeddedRecipients(msgspec.Struct):
    recipients: list[_Recipient] = []


class _Recipients(msgspec.Struct):
    embedded: _EmbeddedRecipients = msgspec.field(name="_embedded", default_factory=_EmbeddedRecipients)


class _Entry(msgspec.Struct):
    pattern: str


class _Blacklist(msgspec.Struct):
    page_count: int  #: without it nobody could say whether the blacklist is complete
    embedded: dict[str, list[_Entry]] = msgspec.field(name="_embedded", default_factory=dict)
