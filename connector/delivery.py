"""Handing over through outlets: each contact of a newsletter tool gets its code, its last day and its groups.

What a contact is to have is compared with what it got from us last, and only the difference is written: so a
run may end anywhere, and the next one goes on. A tool that is down holds up neither the shop nor the others.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency

from connector import handover, ledger
from connector.campaigns import Campaign, Code
from connector.campaigns.candidates import members
from connector.config import OutletConfig, open_outlet
from connector.database import milliseconds
from connector.errors import AdapterError, ConfigError, UnsafePlanError
from connector.groups import standings, why_history_too_short
from connector.handover import Contact
from connector.model import CreateCoupon
from connector.money import decimal_text
from connector.outlet import LEFT_OUT, Given, HandOver, Outlet, Standing
from connector.proposal import known_codes
from connector.quantity import counted
from connector.shop import Shop

#: Contacts that one run changes at one outlet; codes come first, and the next run goes on.
MOST = 1000
#: So many are looked up before they are written.
CHUNK = 100
#: A contact that was left out is looked up again after this.
LOOK_AGAIN = timedelta(hours=24)
#: A code is written once more after this: the contact may have been deleted and made anew in the tool.
WRITE_AGAIN = timedelta(days=7)
#: What a contact without a code has; the hash of any code is longer.
NOTHING = "-"
#: Equal to nothing: whatever a contact is to have is written.
DOUBTFUL = "?"
#: The language of customers who have none.
LANGUAGE = "de"


_EXCLUDED = """
    SELECT p.person, p.identity, coalesce(c.email, p.email_key) AS email
    FROM people AS p LEFT JOIN customers AS c ON c.customer = p.customer
    WHERE p.shop = ? AND p.excluded IS NOT NULL AND coalesce(c.email, p.email_key) IS NOT NULL
"""


class Delivered(msgspec.Struct, kw_only=True):
    """What came of handing over through one outlet."""

    outlet: str
    title: str = ""
    codes: int = 0  #: handed over for the first time
    reminders: int = 0
    contacts: int = 0  #: changed in the tool, for whatever reason
    left_out: Counter[str] = msgspec.field(
        default_factory=Counter
    )  #: who hold a code and do not get it, by why
    refused: Counter[str] = msgspec.field(default_factory=Counter)  #: by the tool's own sentence
    waiting: int = 0  #: contacts left for the next run
    error: str | None = None  #: why it ended early; what was handed over before stays


def deliver(shop: Shop) -> list[Delivered]:
    """Hand over through every outlet of the shop whatever is due. The caller holds the shop's lock.

    Does nothing where pushing is off or held.
    """
    if not shop.settings.push or ledger.why_held(shop.db, shop.key) is not None:
        return []
    return [
        _deliver_to(shop, settings)
        for settings in shop.config.outlets.values()
        if settings.applies_to(shop.name)
    ]


def _deliver_to(shop: Shop, settings: OutletConfig) -> Delivered:
    done = Delivered(outlet=settings.name, title=settings.outlet)
    try:
        with closing(open_outlet(settings)) as outlet:
            done.title = outlet.title
            _Round(shop, settings.name, outlet, done).run()
    except (AdapterError, ConfigError, UnsafePlanError) as error:
        done.error = str(error)
    return done


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a contact has from us, as far as we know."""

    looked_at: int = 0
    why: str | None = None
    planned: str | None = None
    given: str | None = None
    groups: tuple[str, ...] | None = None


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a contact is to have."""

    contact: Contact  #: with its code, if it holds one
    identity: str
    known: _Known
    campaign: Campaign | None = None
    is_due: bool = False  #: the code is to be handed over, or to be reminded of
    groups: tuple[str, ...] | None = None  #: None: they are not told
    given: Given | None = None

    def mark(self) -> str:
        """Stands for what of a code the contact is to have."""
        return NOTHING if self.given is None else _hash(msgspec.json.encode(self.given))

    def changes_code(self) -> bool:
        return self.mark() != (self.known.given or NOTHING)

    def changes_groups(self) -> bool:
        return self.groups is not None and self.groups != (self.known.groups or ())


class _Round:
    """One outlet in one run."""

    def __init__(self, shop: Shop, name: str, outlet: Outlet, done: Delivered) -> None:
        self._shop = shop
        self._name = name
        self._outlet = outlet
        self._done = done
        self._zone = ZoneInfo(shop.info().time_zone)
        self._known = _read_known(shop, name)
        self._tagged = _tagged(shop)

    def run(self) -> None:
        wishes = [each for each in self._wishes() if self._is_pending(each)]
        wishes.sort(key=lambda each: (not each.is_due, each.contact.code is None, each.contact.person))
        chosen = wishes[:MOST]
        self._done.waiting = len(wishes) - len(chosen)
        if not chosen:
            return
        self._outlet.prepare()
        for start in range(0, len(chosen), CHUNK):
            if self._shop.watch.should_stop():
                self._done.waiting += len(chosen) - start
                return
            self._hand_over(chosen[start : start + CHUNK])
            done = min(start + CHUNK, len(chosen))
            self._shop.watch.step(f"contacts of {self._outlet.title}", done, len(chosen))

    # -- what is to be there -----------------------------------------------------------------------------

    def _wishes(self) -> Iterator[_Wish]:
        holders = self._holders()
        told = self._groups_by_person() if "groups" in self._outlet.fields else {}
        people = set(holders) | set(told)
        identities = _identities(self._shop)
        if self._outlet.fields:  # what was written once may have to be cleared
            people |= {person for person, identity in identities.items() if identity in self._known}
        others = handover.group_batch(self._shop, sorted(people - set(holders))).contacts
        others += self._excluded()
        for contact in [*(each.contact for each in holders.values()), *others]:
            identity = identities[contact.person]
            known = self._known_of(identity, contact.email)
            groups = self._with_frozen(told.get(contact.person, []), known)
            wish = holders.get(contact.person) or _Wish(contact=contact, identity="", known=known)
            yield msgspec.structs.replace(wish, identity=identity, known=known, groups=groups)

    def _excluded(self) -> list[Contact]:
        """Contacts with something from us who are left out of everything by now: it is taken off them."""
        if not self._outlet.fields:
            return []
        rows = self._shop.db.rows(_EXCLUDED, (self._shop.key,))
        return [
            Contact(
                person=row["person"],
                customer_id="",
                email=row["email"],
                first_name=None,
                last_name=None,
                language=None,
            )
            for row in rows
            if row["identity"] in self._known
        ]

    def _holders(self) -> dict[int, _Wish]:
        """Who holds an open code that this outlet delivers and may be written to, by person."""
        active = {each.name for each in self._shop.campaigns()}
        campaigns = [each for each in self._shop.campaigns(active=False) if self._name in each.deliver]
        campaigns.sort(key=lambda each: (-each.priority, each.name))
        reminded = _reminded(self._shop, self._name)
        holders: dict[int, _Wish] = {}
        for campaign in campaigns:
            due = handover.code_batch(self._shop, campaign, self._name)
            if campaign.name in active:
                self._done.left_out.update(due.left_out)
            for wish in self._of_campaign(campaign, due, reminded, is_active=campaign.name in active):
                if wish.contact.person not in holders:
                    holders[wish.contact.person] = wish
                elif wish.is_due:
                    self._done.left_out[f"have another code in {self._outlet.title}"] += 1
        return holders

    def _of_campaign(
        self, campaign: Campaign, due: handover.Batch, reminded: set[str], *, is_active: bool
    ) -> Iterator[_Wish]:
        now_due = {each.code.code: each.reminder for each in due.contacts if each.code is not None}
        for contact in handover.code_batch(self._shop, campaign, self._name, again=True).contacts:
            code = contact.code
            if code is None or (not is_active and code.handed_at is None):
                continue
            reminder = now_due.get(code.code, False) or code.code in reminded
            yield _Wish(
                contact=msgspec.structs.replace(contact, reminder=now_due.get(code.code, False)),
                identity="",
                known=_Known(),
                campaign=campaign,
                is_due=code.code in now_due,
                given=self._given(contact, code, reminder=reminder),
            )

    def _given(self, contact: Contact, code: Code, *, reminder: bool) -> Given:
        return Given(
            code=code.code,
            campaign=code.campaign,
            gives=gives(code.terms, contact.language),
            ends_at=code.ends_at,
            last_day=last_day(code.ends_at, self._zone),
            reminder=reminder,
        )

    def _groups_by_person(self) -> dict[int, list[str]]:
        """Tagged groups by person: what the shop shows as a tag, the tool may know."""
        found: dict[int, list[str]] = {}
        for name in [name for name, is_frozen in self._tagged.items() if not is_frozen]:
            for person in members(self._shop.db, self._shop.key, name):
                found.setdefault(person, []).append(name)
        return found

    def _with_frozen(self, names: Sequence[str], known: _Known) -> tuple[str, ...] | None:
        """Groups as they are to be told. Of one that could not be worked out the tool keeps what it has."""
        if "groups" not in self._outlet.fields:
            return None
        kept = {name for name in known.groups or () if self._tagged.get(name)}
        return tuple(name for name in self._tagged if name in names or name in kept)

    # -- what is there -----------------------------------------------------------------------------------

    def _known_of(self, identity: str, email: str) -> _Known:
        address, known = self._known.get(identity, ("", _Known()))
        if address != _address(email):
            return _Known()
        is_old = known.looked_at <= milliseconds(self._shop.now() - WRITE_AGAIN)
        if is_old and self._outlet.fields and known.given not in {None, NOTHING}:
            return msgspec.structs.replace(known, given=DOUBTFUL)
        return known

    def _is_pending(self, wish: _Wish) -> bool:
        """Whether there is something to write, to somebody who was not left out a short while ago."""
        if not (wish.changes_groups() or (wish.changes_code() and (wish.given or self._outlet.fields))):
            return False
        if wish.known.why is None or wish.known.looked_at <= milliseconds(self._shop.now() - LOOK_AGAIN):
            return True
        if wish.is_due:
            self._done.left_out[wish.known.why] += 1
        return False

    # -- writing -----------------------------------------------------------------------------------------

    def _hand_over(self, wishes: Sequence[_Wish]) -> None:
        ready: list[tuple[_Wish, str]] = []
        found = self._outlet.find([each.contact.email for each in wishes])
        for wish, seen in zip(wishes, found, strict=True):
            if seen.standing is Standing.GOOD:
                ready.append((wish, seen.contact))
            else:
                self._leave_out(wish, LEFT_OUT[seen.standing].format(title=self._outlet.title))
        fresh = self._started([wish for wish, _ in ready])
        for wish in fresh:
            self._write(wish, why=None, planned=wish.mark())
        items = [self._item(wish, contact) for wish, (_, contact) in zip(fresh, ready, strict=True)]
        for wish, answer in zip(fresh, self._outlet.hand_over(items), strict=True):
            if answer.error is None:
                self._settle(wish)
            else:
                self._done.refused[answer.error] += 1
                self._write(wish, why=f"were refused by {self._outlet.title}", planned=None)

    def _started(self, wishes: Sequence[_Wish]) -> list[_Wish]:
        """The same, where validity starts now with the day that this gives.

        One that was about to be written when a run broke off may be there already: its day stays.
        """
        extended = 0
        new = [each for each in wishes if each.is_due and each.mark() != each.known.planned]
        for campaign in {each.campaign.name: each.campaign for each in new if each.campaign}.values():
            mine = [each.contact for each in new if each.campaign and each.campaign.name == campaign.name]
            extended += handover.start_validity(self._shop, campaign, mine)
        if not extended:
            return list(wishes)
        now = {each.code: each for each in known_codes(self._shop)}
        return [self._renewed(each, now) for each in wishes]

    def _renewed(self, wish: _Wish, now: Mapping[str, Code]) -> _Wish:
        if wish.given is None:
            return wish
        code = now[wish.given.code]
        given = self._given(wish.contact, code, reminder=wish.given.reminder)
        contact = msgspec.structs.replace(wish.contact, code=code)
        return msgspec.structs.replace(wish, contact=contact, given=given)

    def _item(self, wish: _Wish, contact: str) -> HandOver:
        return HandOver(
            contact=contact,
            email=wish.contact.email,
            shop=self._shop.name,
            given=wish.given if wish.changes_code() else None,
            keeps_code=not wish.changes_code(),
            groups=wish.groups if wish.changes_groups() else None,
        )

    def _settle(self, wish: _Wish) -> None:
        self._done.contacts += 1
        if wish.is_due:
            handover.note_handed(self._shop, [wish.contact], self._name)
            self._done.reminders += wish.contact.reminder
            self._done.codes += not wish.contact.reminder
        groups = wish.groups if wish.changes_groups() else wish.known.groups
        known = msgspec.structs.replace(wish.known, given=wish.mark(), groups=groups)
        self._write(msgspec.structs.replace(wish, known=known), why=None, planned=None)

    def _leave_out(self, wish: _Wish, why: str) -> None:
        if wish.is_due:
            self._done.left_out[why] += 1
        self._write(wish, why=why, planned=wish.known.planned)

    def _write(self, wish: _Wish, *, why: str | None, planned: str | None) -> None:
        known = wish.known
        groups = None if known.groups is None else msgspec.json.encode(known.groups).decode()
        values = (wish.identity, _address(wish.contact.email), milliseconds(self._shop.now()), why)
        with self._shop.db.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO outlet_contacts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (self._shop.key, self._name, *values, planned, known.given, groups),
            )


def _read_known(shop: Shop, name: str) -> dict[str, tuple[str, _Known]]:
    """What contacts have, with a hash of their address, by identity."""
    rows = shop.db.rows("SELECT * FROM outlet_contacts WHERE shop = ? AND outlet = ?", (shop.key, name))
    return {row["identity"]: (row["address"], _as_known(row)) for row in rows}


def _as_known(row: sqlite3.Row) -> _Known:
    groups = None if row["groups"] is None else msgspec.json.decode(row["groups"], type=tuple[str, ...])
    return _Known(
        looked_at=row["looked_at"],
        why=row["why"],
        planned=row["planned"],
        given=row["given"],
        groups=groups,
    )


def _identities(shop: Shop) -> dict[int, str]:
    rows = shop.db.rows("SELECT person, identity FROM people WHERE shop = ?", (shop.key,))
    return {row["person"]: row["identity"] for row in rows}


def _reminded(shop: Shop, name: str) -> set[str]:
    rows = shop.db.rows(
        "SELECT code FROM handovers WHERE shop = ? AND outlet = ? AND reminded_at IS NOT NULL",
        (shop.key, name),
    )
    return {row["code"] for row in rows}


def _tagged(shop: Shop) -> dict[str, bool]:
    """Groups with a tag, in their order, and whether each is frozen: not worked out, or not to be trusted."""
    tagged = [each for each in shop.definitions() if each.tag is not None]
    stale = {
        each.name: each.stale is not None for each in standings(shop.db, shop.key, [e.name for e in tagged])
    }
    starts, today = shop.history_starts(), shop.today()
    return {
        each.name: stale.get(each.name, True) or why_history_too_short(each.needs, starts, today) is not None
        for each in tagged
    }


def last_day(ends_at: datetime, zone: ZoneInfo) -> date:
    """The last whole day on which a code works: a customer is never told of a day on which it stops."""
    local = ends_at.astimezone(zone)
    is_whole = local.time() >= time(23, 59)
    return local.date() if is_whole else local.date() - timedelta(days=1)


def gives(terms: CreateCoupon | None, language: str | None) -> str:
    """What a coupon gives, for its customer: a share, an amount, or the coupon's title in their language."""
    if terms is None:
        return ""
    if terms.percent:
        return f"{terms.percent} %"
    if terms.amount:
        value = decimal_text(terms.amount, terms.currency)
        return format_currency(value, terms.currency, locale=_locale(language))
    return terms.titles.get((language or LANGUAGE)[:2].lower(), terms.title)


def _locale(language: str | None) -> Locale:
    try:
        return Locale.parse((language or LANGUAGE).replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(LANGUAGE)


def _address(email: str) -> str:
    return _hash(email.strip().casefold().encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def sentences(delivered: Iterable[Delivered]) -> Iterator[str]:
    """What came of it, for the owner: what arrived, and who was left out and why."""
    for each in delivered:
        if each.contacts:
            yield f"{each.outlet}: {_counts(each)}."
        for why, count in each.left_out.most_common():
            yield f"{each.outlet}: left out: {count:,} who {why}."
        if each.waiting:
            yield f"{each.outlet}: left for the next run: {counted(each.waiting, 'contact')}."


def _counts(each: Delivered) -> str:
    parts = [
        f"{counted(each.codes, 'code')} handed over" if each.codes else "",
        counted(each.reminders, "reminder") if each.reminders else "",
        f"{counted(each.contacts, 'contact')} changed",
    ]
    return ", ".join(part for part in parts if part)


def troubles(delivered: Iterable[Delivered]) -> Iterator[str]:
    """What went wrong, a sentence each."""
    for each in delivered:
        for sentence, count in each.refused.most_common():
            yield f"{each.outlet} refused {counted(count, 'contact')}: {sentence}"
        if each.error is not None:
            yield f"{each.outlet}: {each.error} What was pushed to the shop stays."
