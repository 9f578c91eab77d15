"""One customer, explained."""

import sqlite3
from datetime import date, datetime
from zoneinfo import ZoneInfo

import click
import msgspec

from connector import campaigns, mirror
from connector.cli.context import Installation, json_option, pass_installation
from connector.cli.output import day, money, number, say, show, show_json, show_table
from connector.cli.report import WHY, grouped
from connector.database import Database
from connector.errors import StammkundeError
from connector.mirror import normalised
from connector.quantity import counted

# Orders listed before the rest is only counted.
SHOWN = 20


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """An order of a person. Money in minor units; `not_counted` is None where it counts."""

    number: str
    placed: date
    total: int
    refunded: int
    currency: str
    codes: list[str]
    not_counted: str | None


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of one person in one shop."""

    shop: str
    currency: str
    records: list[str]  #: ids of all accounts and guest records that are this person
    email: str | None
    name: str | None
    tags: list[str]
    own_tags: list[str]
    left_out: str | None
    consents: dict[str, str]
    orders_counted: int
    spent: int
    first_order: date | None
    last_order: date | None
    abc_class: str | None
    groups: list[str]
    codes: list[dict[str, str]]
    orders: list[OrderLine]


@click.command()
@click.argument("customer", metavar="ID|EMAIL")
@click.option("--shop", help="Look in this shop only.")
@json_option
@pass_installation
def customer(installation: Installation, customer: str, shop: str | None, as_json: bool) -> None:
    """Show one customer: orders and which of them count, groups, tags and codes."""
    db = installation.database
    found = []
    for settings in installation.shops((shop,) if shop else ()):
        key = mirror.open_shop(db, settings.name)
        found += [
            _portrait(db, key, settings.name, person, installation.now())
            for person in people_called(db, key, customer)
        ]
    if not found:
        raise StammkundeError(
            f"No customer '{customer}' in the mirror. Was the shop pulled since? `stammkunde status` tells."
        )
    if as_json:
        show_json(found)
        return
    for each in found:
        _tell(each)


def people_called(db: Database, shop: int, wanted: str) -> list[int]:
    """The people that an id or an e-mail address means."""
    rows = db.rows(
        "SELECT DISTINCT person FROM ("
        " SELECT person FROM customers WHERE shop = :shop AND (id = :id OR email_key = :email)"
        " UNION SELECT person FROM people WHERE shop = :shop AND email_key = :email"
        ") WHERE person IS NOT NULL",
        {"shop": shop, "id": wanted, "email": normalised(wanted)},
    )
    return [row["person"] for row in rows]


def _portrait(db: Database, shop: int, name: str, person: int, now: datetime) -> Portrait:
    records = db.rows("SELECT * FROM customers WHERE person = ? ORDER BY guest, created_at", (person,))
    about = db.row("SELECT * FROM people WHERE person = ?", (person,))
    facts = db.row("SELECT * FROM facts WHERE person = ?", (person,))
    info = mirror.shop_info(db, shop)
    first = records[0] if records else None
    ids = [row["id"] for row in records]
    return Portrait(
        shop=name,
        currency=info.currency if info else "EUR",
        records=ids,
        email=first["email"] if first else about["email_key"] if about else None,
        name=" ".join(filter(None, (first["first_name"], first["last_name"]))) if first else None,
        tags=sorted({tag for row in records for tag in msgspec.json.decode(row["tags"])}),
        own_tags=[
            row["tag_key"]
            for row in db.rows(
                "SELECT tag_key FROM own_tags"
                " WHERE shop = ? AND customer_id IN (SELECT value FROM json_each(?))",
                (shop, msgspec.json.encode(ids).decode()),
            )
        ],
        left_out=about["excluded"] if about else None,
        consents=_consents(db, person),
        orders_counted=facts["orders"] if facts else 0,
        spent=facts["spent"] if facts else 0,
        first_order=_date(facts["first_day"]) if facts else None,
        last_order=_date(facts["last_day"]) if facts else None,
        abc_class=facts["abc_class"] if facts else None,
        groups=[
            row["name"]
            for row in db.rows(
                "SELECT name FROM members JOIN groups USING (grp) WHERE person = ? ORDER BY name", (person,)
            )
        ],
        codes=_codes(db, shop, ids, now),
        orders=orders_of(db, person),
    )


def _date(stored: int | None) -> date | None:
    return None if stored is None else date.fromordinal(stored)


def _consents(db: Database, person: int) -> dict[str, str]:
    rows = db.rows(
        "SELECT channel, state, level FROM consents JOIN customers USING (customer) WHERE person = ?",
        (person,),
    )
    return {row["channel"]: f"{row['state']} ({row['level']})" for row in rows}


def _codes(db: Database, shop: int, ids: list[str], now: datetime) -> list[dict[str, str]]:
    """Codes given to these accounts, and the day in the shop on which each ends."""
    info = mirror.shop_info(db, shop)
    zone = ZoneInfo(info.time_zone if info else "UTC")
    return [
        {
            "code": each.code,
            "campaign": each.campaign,
            "state": each.state.value,
            "ends": each.ends_at.astimezone(zone).date().isoformat(),
        }
        for each in campaigns.codes(db, shop, now)
        if each.customer_id in ids
    ]


def orders_of(db: Database, person: int) -> list[OrderLine]:
    """All orders of a person, the latest first, with why one does not count."""
    rows = db.rows("SELECT * FROM orders WHERE person = ? ORDER BY placed_at DESC", (person,))
    return [_order(db, row) for row in rows]


def _order(db: Database, row: sqlite3.Row) -> OrderLine:
    codes = db.rows("SELECT code FROM order_codes WHERE order_key = ?", (row["order_key"],))
    why = "gone" if row["gone_at"] is not None else row["uncounted"]
    return OrderLine(
        number=row["number"],
        placed=date.fromordinal(row["day"]),
        total=row["total"],
        refunded=row["refunded"],
        currency=row["currency"],
        codes=[each["code"] for each in codes],
        not_counted=None if why is None else WHY.get(why, why),
    )


def _orders(count: int) -> str:
    return "1 order counts" if count == 1 else f"{counted(count, 'order')} count"


def _tell(who: Portrait) -> None:
    address = who.email or "no e-mail"
    show(f"\n{who.shop}: {who.name} <{address}>" if who.name else f"\n{who.shop}: {address}")
    show(f"  Customer records: {', '.join(who.records) or 'none (a guest)'}")
    if who.left_out:
        show(f"  Left out by your config: {who.left_out}")
    show(
        f"  {_orders(who.orders_counted)}, {money(who.spent, who.currency)} spent,"
        f" first {day(who.first_order)}, last {day(who.last_order)}, class {who.abc_class or '–'}"
    )
    show(f"  Groups: {', '.join(who.groups) or 'none'}")
    own = {tag.casefold() for tag in who.own_tags}
    marked = [f"{tag} (ours)" if tag.casefold() in own else tag for tag in who.tags]
    show(f"  Tags: {', '.join(marked) or 'none'}")
    for channel, state in who.consents.items():
        show(f"  Consent to {channel}: {state}")
    for code in who.codes:
        show(f"  Code {grouped(code['code'])}: {code['campaign']}, {code['state']}, until {code['ends']}")
    _tell_orders(who)


def _tell_orders(who: Portrait) -> None:
    show_table(
        ["Order", "Placed", "Charged", "Refunded", "Counts", "Codes"],
        [
            (
                each.number,
                day(each.placed),
                money(each.total, each.currency),
                money(each.refunded, each.currency) if each.refunded else "",
                "yes" if each.not_counted is None else f"no: {each.not_counted}",
                " ".join(each.codes),
            )
            for each in who.orders[:SHOWN]
        ],
        right={"Charged", "Refunded"},
        empty="  No orders.",
    )
    if len(who.orders) > SHOWN:
        say(f"… and {number(len(who.orders) - SHOWN)} older (--json lists them).")
