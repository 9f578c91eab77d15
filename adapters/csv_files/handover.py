"""What is handed to the owner: files to import, and our own memory of what they say.

The memory (`stammkunde.json`) is what the shop is taken to have, until an export shows it: so a plan is
empty after a push although nobody has imported the files yet. Each file is replaced at once, the memory
first; whatever a crash leaves out, the next push writes again, byte by byte the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from adapters.csv_files.presets import Preset
from adapters.csv_files.snapshot import Snapshot
from connector.errors import RejectedError, ResponseError, TemporaryError
from connector.model import Coupon, CreateCoupon, DisableCoupon, ExtendCoupon, Mark, UpdateTags
from connector.money import decimal_text
from connector.tables import write_bytes, write_table

MEMORY = "stammkunde.json"
TAGS, CONTACT_TAGS, COUPONS, COUPONS_OFF = "tags.csv", "contact-tags.csv", "coupons.csv", "coupons-off.csv"


class Tagged(msgspec.Struct):
    """How the tags of a customer are to differ from what the export says."""

    add: list[str] = []
    remove: list[str] = []
    export: str = ""  #: digest of the exports that the change was made against


class Written(msgspec.Struct, kw_only=True):
    """A coupon that stands in the file for import."""

    mark: str
    customer_id: str
    email: str | None
    first_name: str | None
    title: str
    percent: int | None
    amount: int | None
    free_shipping: bool
    currency: str
    minimum: int
    starts_at: datetime
    ends_at: datetime
    bound: str
    sale_items: bool
    combinable: bool
    active: bool = True


class Memory(msgspec.Struct):
    """What was handed over: tags by customer id, coupons by code, and the ids ever seen, by kind."""

    tags: dict[str, Tagged] = {}
    coupons: dict[str, Written] = {}
    seen: dict[str, list[str]] = {}


class Handover:
    """The folder that files for import are put into."""

    def __init__(self, folder: Path, preset: Preset) -> None:
        self._folder = folder
        self._preset = preset
        self._memory: Memory | None = None
        self._kept = b""

    # Tags.

    def tags_of(self, snapshot: Snapshot, customer_id: str) -> tuple[str, ...]:
        """The tags that a customer has, or will have once our file is imported; foreign ones too."""
        base = snapshot.customers[customer_id].tags
        wanted = self._read().tags.get(customer_id)
        if wanted is None:
            return base
        removed = {tag.casefold() for tag in wanted.remove}
        kept = [tag for tag in base if tag.casefold() not in removed]
        held = {tag.casefold() for tag in kept}
        return (*kept, *(tag for tag in wanted.add if tag.casefold() not in held))

    def tag(self, snapshot: Snapshot, change: UpdateTags) -> None:
        """Note a change of tags.

        Raises:
            RejectedError: the customer is in no export, or the export does not show tags.
        """
        customer = snapshot.customers.get(change.customer_id)
        if customer is None:
            raise RejectedError(f"No export has a customer {change.customer_id}.")
        contact = change.customer_id in snapshot.contacts
        if not contact and not self.can_tag(snapshot):
            raise RejectedError(NO_TAGS)
        if contact or snapshot.shows_tags():
            wanted = _changed(self._read().tags.get(change.customer_id, Tagged()), change, customer.tags)
        else:
            wanted = _listed(self._read().tags.get(change.customer_id, Tagged()), change)
        if wanted is None:
            self._read().tags.pop(change.customer_id, None)
        else:
            wanted.export = snapshot.people_digest
            self._read().tags[change.customer_id] = wanted

    def can_tag(self, snapshot: Snapshot) -> bool:
        """Whether a list of tags can be written that keeps the owner's own."""
        return self._preset.own_tags is not None or snapshot.shows_tags()

    def confirm(self, snapshot: Snapshot) -> None:
        """Forget what an export shows by now: from here on the shop's own word counts again.

        Without this a tag that the owner takes off later would be put back by us for ever. The files are
        written anew, so that an owner who imports them late does not bring back old tags of their own.
        """
        memory = self._read()
        if not memory.tags:
            return
        shown = [each for each in memory.tags if each in snapshot.contacts or snapshot.shows_tags()]
        for customer_id in [each for each in shown if each in snapshot.customers]:
            wanted = memory.tags[customer_id]
            has = {tag.casefold() for tag in snapshot.customers[customer_id].tags}
            wanted.add = [tag for tag in wanted.add if tag.casefold() not in has]
            if wanted.export != snapshot.people_digest:  # made after our file, so it may be believed
                wanted.remove = [tag for tag in wanted.remove if tag.casefold() in has]
            if not wanted.add and not wanted.remove:
                del memory.tags[customer_id]
        self.write(snapshot)

    def waiting(self, snapshot: Snapshot) -> tuple[int, int]:
        """How many customers' tags no export shows yet, and how many more cannot stand in the file.

        The latter are customers who are in no export any more: there is no row to hand back.
        """
        there = sum(each in snapshot.customers for each in self._read().tags)
        return there, len(self._read().tags) - there

    # Coupons.

    def create(self, snapshot: Snapshot, change: CreateCoupon) -> None:
        """Note a coupon.

        Raises:
            RejectedError: the code is taken.
        """
        known = self._read().coupons.get(change.code)
        if known is not None:
            if known.mark != change.mark.text():
                raise RejectedError(f"The code {change.code} was given to somebody else.")
            return
        if change.code.casefold() in snapshot.foreign:
            raise RejectedError(f"The shop has a coupon {change.code} that is not ours.")
        customer = snapshot.customers.get(change.customer_id)
        email = change.email or (customer.email if customer else None)
        self._read().coupons[change.code] = Written(
            mark=change.mark.text(),
            customer_id=change.customer_id,
            email=email,
            first_name=customer.first_name if customer else None,
            title=change.title,
            percent=change.percent,
            amount=change.amount,
            free_shipping=change.free_shipping,
            currency=change.currency,
            minimum=change.minimum,
            starts_at=change.starts_at,
            ends_at=change.ends_at,
            bound=change.bound,
            sale_items=change.sale_items,
            combinable=change.combinable,
        )

    def extend(self, snapshot: Snapshot, change: ExtendCoupon) -> None:
        """Note a later end.

        Raises:
            RejectedError: it is none of ours, or it was disabled.
        """
        written = self._own(snapshot, change)
        if written is None or not written.active:
            raise RejectedError(f"There is no coupon {change.code} of ours that could be extended.")
        written.ends_at = max(written.ends_at, change.ends_at)

    def disable(self, snapshot: Snapshot, change: DisableCoupon) -> None:
        """Note that a coupon is to be switched off; one that we never wrote is.

        Raises:
            RejectedError: the code belongs to somebody else.
        """
        written = self._own(snapshot, change)
        if written is not None:  # who it was for has no use any more, and may have asked to be forgotten
            written.active, written.email, written.first_name, written.customer_id = False, None, None, ""

    def _own(self, snapshot: Snapshot, change: ExtendCoupon | DisableCoupon) -> Written | None:
        written = self._read().coupons.get(change.code)
        taken = written is None and change.code.casefold() in snapshot.foreign
        if taken or (written is not None and written.mark != change.mark.text()):
            raise RejectedError(f"The coupon {change.code} is not ours.")
        return written

    def coupons(self) -> list[Coupon]:
        """Coupons that we handed over, by code."""
        found = sorted(self._read().coupons.items())
        return [coupon for code, each in found if (coupon := _to_coupon(code, each)) is not None]

    # Ids that were ever seen, where exports are parts.

    def remember(self, kind: str, ids: Iterable[str]) -> list[str]:
        """All ids ever seen of a kind, with these."""
        memory = self._read()
        known = memory.seen.get(kind, [])
        together = sorted({*known, *ids})
        if together != known:
            memory.seen[kind] = together
            self.keep()
        return together

    # Memory and files.

    def changed_at(self) -> datetime | None:
        """When the memory was last written."""
        path = self._folder / MEMORY
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None

    def keep(self) -> None:
        """Write the memory, if it is not written yet."""
        data = msgspec.json.format(msgspec.json.encode(self._read(), order="deterministic"), indent=1) + b"\n"
        if data != self._kept and (self._kept or data != _EMPTY):
            self._make_folder()
            write_bytes(self._folder / MEMORY, data)
            self._kept = data

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            why = (error.strerror or "").lower()
            raise TemporaryError(
                f"The folder {self._folder} cannot be made ({why}): see to `out`."
            ) from error

    def write(self, snapshot: Snapshot) -> None:
        """Write memory and files."""
        self.keep()
        memory = self._read()
        if not self._kept:
            return
        tagged = [each for each in sorted(memory.tags) if each in snapshot.customers]
        own = [each for each in tagged if each not in snapshot.contacts]
        self._write(TAGS, *self._tag_rows(snapshot, own))
        contacts = [
            (snapshot.customers[each].email, self._joined_tags(snapshot, each))
            for each in tagged
            if each in snapshot.contacts
        ]
        self._write(CONTACT_TAGS, ("email", "tags"), contacts)
        self._write_coupons(memory.coupons)

    def _joined_tags(self, snapshot: Snapshot, customer_id: str) -> str:
        return self._preset.tag_separator.join(self.tags_of(snapshot, customer_id))

    def _tag_rows(
        self, snapshot: Snapshot, ids: Sequence[str]
    ) -> tuple[Sequence[str], list[Sequence[str | None]]]:
        """Where the export shows tags: its rows with all their cells, so that an import blanks nothing."""
        newest = snapshot.tables["customers"][-1] if snapshot.tables["customers"] else None
        if newest is None:
            return (), []
        place = newest.place("tags")
        if place is not None and snapshot.shows_tags():
            header = newest.header
            rows: list[Sequence[str | None]] = []
            for each in ids:
                cells: list[str | None] = [*snapshot.rows[each].cells(header)]
                cells[place] = self._joined_tags(snapshot, each)
                rows.append(cells)
            return header, rows
        rows = []
        fields = [field for field in ("id", "email") if field in newest.fields]
        for each in ids:
            row = snapshot.rows[each]
            rows.append([*(row.text(field) for field in fields), self._joined_tags(snapshot, each)])
        keys = [newest.header[newest.place(field) or 0] for field in fields]
        return (*keys, self._preset.own_tags or "tags"), rows

    def _write_coupons(self, coupons: Mapping[str, Written]) -> None:
        layout = _LAYOUTS[self._preset.coupons]
        active = sorted(coupons.items())
        if self._preset.coupons == "shopware":
            off = [(code, _promotion(each)) for code, each in active if not each.active]
            self._write(COUPONS_OFF, ("code", "promotion_name"), off)
            active = [(code, each) for code, each in active if each.active]
        rows = [[cell(code, each) for cell in layout.values()] for code, each in active]
        self._write(COUPONS, tuple(layout), rows)

    def _write(self, name: str, header: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        """Replace a file; one without rows goes away."""
        path = self._folder / name
        if not rows:
            path.unlink(missing_ok=True)
            return
        # People open the plain list of coupons; the others are for imports, which would keep a guard.
        guarded = tuple(header) == tuple(_PLAIN)
        write_table(path, header, rows, delimiter=self._preset.delimiter, guarded=guarded)

    def _read(self) -> Memory:
        """Our memory; read once, for only one process pushes at a time."""
        if self._memory is None:
            path = self._folder / MEMORY
            try:
                self._kept = path.read_bytes() if path.exists() else b""
                self._memory = msgspec.json.decode(self._kept, type=Memory) if self._kept else Memory()
            except (OSError, msgspec.DecodeError) as error:
                raise ResponseError(
                    f"{path}, which keeps what was handed over, cannot be read: restore it from a backup."
                ) from error
        return self._memory

    def forget(self) -> None:
        """Read the memory again before it is used next: another process may have pushed."""
        self._memory = None


NO_TAGS = (
    "The export of customers has no column of tags, so a list that keeps your own tags cannot be written:"
    " export them with their tags, or name the column in columns.customers."
)
_EMPTY = msgspec.json.format(msgspec.json.encode(Memory(), order="deterministic"), indent=1) + b"\n"


def _changed(known: Tagged, change: UpdateTags, has: Sequence[str]) -> Tagged | None:
    """What differs from an export that shows tags. A tag that may have been imported is still taken off."""
    held = {tag.casefold() for tag in has}
    added = {tag.casefold(): tag for tag in known.add}
    removed = {tag.casefold(): tag for tag in known.remove}
    for tag in change.remove:
        if added.pop(tag.casefold(), None) or tag.casefold() in held:
            removed[tag.casefold()] = tag
    for tag in change.add:
        if removed.pop(tag.casefold(), None) or tag.casefold() not in held:
            added[tag.casefold()] = tag
    return Tagged(list(added.values()), list(removed.values())) if added or removed else None


def _listed(known: Tagged, change: UpdateTags) -> Tagged:
    """The whole list, where no export shows it: it stays in the file even when it is empty."""
    gone = {tag.casefold() for tag in change.remove} | {tag.casefold() for tag in change.add}
    return Tagged([*(tag for tag in known.add if tag.casefold() not in gone), *change.add])


def _to_coupon(code: str, written: Written) -> Coupon | None:
    mark = Mark.find(written.mark)
    if mark is None:
        return None
    return Coupon(
        id=code,
        code=code,
        mark=mark,
        starts_at=written.starts_at,
        ends_at=written.ends_at,
        active=written.active,
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _money(amount: int | None, currency: str) -> str:
    return "" if not amount else decimal_text(amount, currency)


def _value(code: str, written: Written) -> str:  # noqa: ARG001
    if written.percent is not None:
        return str(written.percent)
    return _money(written.amount, written.currency)


def _promotion(written: Written) -> str:
    """The name of a promotion whose terms the owner enters by hand, and so has to be told."""
    value = "free shipping" if written.free_shipping else _money(written.amount, written.currency)
    terms = [f"{written.percent} %" if written.percent else value]
    terms += [f"from {_money(written.minimum, written.currency)}"] if written.minimum else []
    return f"{written.title} ({', '.join(terms)})"


#: Columns of the file of coupons: what each is called, and how it is filled.
_PLAIN: dict[str, Any] = {
    "code": lambda code, _: code,
    "active": lambda _, each: _yes(each.active),
    "title": lambda _, each: each.title,
    "percent": lambda _, each: "" if each.percent is None else str(each.percent),
    "amount": lambda _, each: _money(each.amount, each.currency),
    "free_shipping": lambda _, each: _yes(each.free_shipping),
    "currency": lambda _, each: each.currency,
    "minimum": lambda _, each: _money(each.minimum, each.currency),
    "starts_at": lambda _, each: each.starts_at.isoformat(),
    "ends_at": lambda _, each: each.ends_at.isoformat(),
    "uses": lambda *_: "1",
    "combinable": lambda _, each: _yes(each.combinable),
    "sale_items": lambda _, each: _yes(each.sale_items),
    "customer_id": lambda _, each: each.customer_id,
    "email": lambda _, each: each.email,
    "first_name": lambda _, each: each.first_name,
    "mark": lambda _, each: each.mark,
}
_WOOCOMMERCE: dict[str, Any] = {
    "post_title": lambda code, _: code,
    "post_excerpt": lambda _, each: f"{each.title} [{each.mark}]",
    "post_status": lambda _, each: "publish" if each.active else "draft",
    "discount_type": lambda _, each: "percent" if each.percent is not None else "fixed_cart",
    "coupon_amount": lambda code, each: _value(code, each) or "0",
    "free_shipping": lambda _, each: _yes(each.free_shipping),
    "minimum_amount": lambda _, each: _money(each.minimum, each.currency),
    "individual_use": lambda _, each: _yes(not each.combinable),
    "exclude_sale_items": lambda _, each: _yes(not each.sale_items),
    "usage_limit": lambda *_: "1",
    "expiry_date": lambda _, each: f"{each.ends_at:%Y-%m-%d}",
    "customer_email": lambda _, each: each.email if each.bound == "email" else "",
}
_SHOPWARE: dict[str, Any] = {
    "promotion_name": lambda _, each: _promotion(each),
    "code": lambda code, _: code,
}
_LAYOUTS = {"plain": _PLAIN, "woocommerce": _WOOCOMMERCE, "shopware": _SHOPWARE}
