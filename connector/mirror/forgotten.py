"""Whom a read must not bring back: people who were erased, and those whose time was over.

Only a keyed hash of their ids and addresses is kept. The key is made by the installation and stays in its
database: without both, the marks say nothing about anybody.
"""

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeVar

import msgspec

from connector.database import milliseconds
from connector.mirror.terms import normalised
from connector.model import Coupon, Customer, Kind, Order, Record, Tagging

ERASED: Literal["erased"] = "erased"
EXPIRED: Literal["expired"] = "expired"
Why = Literal["erased", "expired"]

KEY = "privacy_key"  #: in the table `installation`

T = TypeVar("T")


class _Known(NamedTuple):
    why: str
    at: int


class Forgotten:
    """The marks of one shop, inside a transaction of the caller's."""

    def __init__(self, connection: sqlite3.Connection, shop: int) -> None:
        self._connection = connection
        self._shop = shop
        self._any = bool(
            connection.execute("SELECT EXISTS (SELECT 1 FROM forgotten WHERE shop = ?)", (shop,)).fetchone()[
                0
            ]
        )
        self._key = _read_key(connection) if self._any else b""

    def add(self, ids: Iterable[str], emails: Iterable[str], keys: Iterable[str], why: Why, at: int) -> None:
        """Remember these. Who was erased stays so; who is over is over from now on.

        Args:
            keys: of people, as they stand in the marks of coupons.
        """
        self._key = self._key or _read_key(self._connection) or _make_key(self._connection)
        self._any = True
        self._keep(
            [*map(self._id_mark, ids), *map(self._email_mark, emails), *map(self._key_mark, keys)], why, at
        )

    def _keep(self, marks: Iterable[str], why: str, at: int) -> None:
        self._connection.executemany(
            "INSERT INTO forgotten VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
            f" SET why = ?3, at = ?4 WHERE why <> '{ERASED}'",
            [(self._shop, mark, why, at) for mark in marks],
        )

    def sift(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records as they may be stored: without forgotten customers, and orders without their buyer.

        Somebody whose time was over and who comes back is welcome again.
        """
        if not self._any:
            return records
        known = self._known(mark for record in records for mark in self._marks(record))
        if not known:
            return records
        return [kept for record in records if (kept := self._sifted(record, known)) is not None]

    def _sifted(self, record: Record, known: dict[str, _Known]) -> Record | None:
        marks = [mark for mark in self._marks(record) if mark in known]
        if not marks:
            return record
        if all(known[mark].why == EXPIRED for mark in marks) and self._is_back(record, known):
            self._welcome(record, marks)
            return record
        if isinstance(record, Order):
            is_over = all(known[mark].why == EXPIRED for mark in marks)
            if is_over and record.customer_id and self._id_mark(record.customer_id) not in known:
                return msgspec.structs.replace(record, email=None)  # of an account that stays
            return msgspec.structs.replace(record, customer_id=None, email=None, codes=())
        self._follow(record, [known[mark] for mark in marks])
        return None

    def _follow(self, record: Record, known: Iterable[_Known]) -> None:
        """An erased person goes by this id and this address, too: a change of either brings nobody back."""
        for each in known:
            if each.why == ERASED:
                self._keep(self._marks(record), ERASED, each.at)

    def _is_back(self, record: Record, known: dict[str, _Known]) -> bool:
        """Whether somebody whose time was over came back, by an order or an account made since.

        An order brings the id of its account back, and with it the account, however old.
        """
        if isinstance(record, Order):
            marks = (known[mark] for mark in self._marks(record) if mark in known)
            return all(mark.at < milliseconds(record.placed_at) for mark in marks)
        own = known.get(self._id_mark(record.id))
        made = record.created_at if isinstance(record, Customer) else None
        return own is None or (made is not None and own.at < milliseconds(made))

    def sift_taggings(self, taggings: Sequence[Tagging]) -> Sequence[Tagging]:
        """Those of people who are not forgotten."""
        return self._without(taggings, [[self._id_mark(each.customer_id)] for each in taggings])

    def sift_coupons(self, coupons: Sequence[Coupon]) -> Sequence[Coupon]:
        """Those of people who are not forgotten, by the account they are bound to and by their marks."""
        return self._without(
            coupons,
            [[*map(self._id_mark, _ids_in(each)), self._key_mark(each.mark.person)] for each in coupons],
        )

    def _without(self, records: Sequence[T], marks: list[list[str]]) -> Sequence[T]:
        if not self._any:
            return records
        known = self._known(mark for some in marks for mark in some)
        return [
            each for each, some in zip(records, marks, strict=True) if not any(mark in known for mark in some)
        ]

    def _known(self, marks: Iterable[str]) -> dict[str, _Known]:
        rows = self._connection.execute(
            "SELECT mark, why, at FROM forgotten WHERE shop = ? AND mark IN (SELECT value FROM json_each(?))",
            (self._shop, msgspec.json.encode(list(marks)).decode()),
        )
        return {row["mark"]: _Known(row["why"], row["at"]) for row in rows}

    def _welcome(self, record: Record, marks: Iterable[str]) -> None:
        """Forget the marks; of a buyer who is back the record is read as soon as may be."""
        if isinstance(record, Order) and record.customer_id:
            self._connection.execute(
                "INSERT OR IGNORE INTO hooks VALUES (?, ?, ?, ?)",
                (self._shop, Kind.CUSTOMERS, record.customer_id, milliseconds(record.placed_at)),
            )
        self._connection.executemany(
            "DELETE FROM forgotten WHERE shop = ? AND mark = ?", [(self._shop, mark) for mark in marks]
        )

    def _marks(self, record: Record) -> list[str]:
        if isinstance(record, Customer):
            found = [self._id_mark(record.id)]
        elif isinstance(record, Order):
            found = [self._id_mark(record.customer_id)] if record.customer_id else []
        else:
            return []
        email = normalised(record.email)
        return [*found, self._email_mark(email)] if email else found

    def _id_mark(self, record_id: str) -> str:
        return self._mark(f"id {record_id}")

    def _email_mark(self, email: str) -> str:
        return self._mark(f"email {email}")

    def _key_mark(self, key: str) -> str:
        return self._mark(f"key {key}")

    def _mark(self, text: str) -> str:
        return hmac.digest(self._key, f"{self._shop} {text}".encode(), hashlib.sha256).hex()[:32]


def _ids_in(coupon: Coupon) -> list[str]:
    person = coupon.mark.person
    return [each for each in (coupon.customer_id, person[1:] if person.startswith("c") else None) if each]


def _read_key(connection: sqlite3.Connection) -> bytes:
    row = connection.execute("SELECT value FROM installation WHERE name = ?", (KEY,)).fetchone()
    return bytes.fromhex(row[0]) if row else b""


def _make_key(connection: sqlite3.Connection) -> bytes:
    key = secrets.token_bytes(32)
    connection.execute("INSERT INTO installation VALUES (?, ?)", (KEY, key.hex()))
    return key
