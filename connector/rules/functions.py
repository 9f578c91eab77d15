"""The functions: one row each, with the rows of their parameters."""

import msgspec

from connector.model import Feature
from connector.rules.columns import Column, Origin, Type


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A question about many rows of a person, such as the orders.

    Without a parameter that is an aggregate it is true if any row matches the others; with aggregates, if
    they all hold for the rows that match the others.
    """

    name: str
    source: str  #: behind FROM, correlated with `f`
    counted: str  #: what `count` counts
    parameters: tuple[Column, ...]
    doc: str
    example: str
    origin: Origin = "shopify"
    lookup: str = ""  #: `source` without `f`, from what is bought to the people; `o.person` is one
    lifetime: bool = True  #: if no date keeps it to a part of the history

    def parameter(self, name: str) -> Column | None:
        return next((each for each in self.parameters if each.name == name.lower()), None)


_COUNTS = "o.person = f.person AND o.uncounted IS NULL AND o.gone_at IS NULL"
# Its index ends with the day, so that only the orders of the first day are read.
_FIRST_ORDER = (
    "SELECT e.order_key FROM orders AS e WHERE e.person = f.person AND e.uncounted IS NULL"
    " AND e.gone_at IS NULL AND e.day = f.first_day ORDER BY e.placed_at, e.order_key LIMIT 1"
)

_DATE = Column(
    name="date",
    type=Type.DAY,
    sql="o.day",
    moment="o.placed_at",
    ordered=True,
    doc="The day of the order.",
    example="date >= -90d",
)


def _count(counted: str) -> Column:
    return Column(
        name="count",
        type=Type.NUMBER,
        sql=f"count({counted})",
        aggregate=True,
        grows=True,
        doc="How many orders.",
        example="count > 3",
    )


def _word(name: str, origin: Origin, doc: str, also: str = "") -> Column:
    return Column(
        name=name,
        type=Type.WORD,
        sql=name,
        also=also,
        origin=origin,
        feature=Feature.PRODUCTS,
        doc=doc,
        example=f"{name} = 'espresso'",
    )


_OF_AN_ORDER = (
    Column(
        name="amount",
        type=Type.MONEY,
        sql="o.spent",
        doc="What one order cost, less refunds.",
        example="amount >= 100",
    ),
    Column(
        name="channel",
        type=Type.TEXT,
        sql="o.channel",
        origin="extension",
        doc="The sales channel, where the shop gives it.",
        example="channel = 'pos'",
    ),
    Column(
        name="location",
        type=Type.TEXT,
        sql="o.location",
        origin="extension",
        doc="The branch of an order at a till, where the shop gives it.",
        example="location = 'Hamburg'",
    ),
    Column(
        name="payment_method",
        type=Type.TEXT,
        sql="o.payment_method",
        origin="extension",
        doc="How it was paid.",
        example="payment_method = 'PayPal'",
    ),
    Column(
        name="country",
        type=Type.TEXT,
        sql="o.country",
        origin="extension",
        doc="The country it went to.",
        example="country = 'AT'",
    ),
    Column(
        name="with_code",
        type=Type.TRUTH,
        sql="o.has_code",
        origin="extension",
        doc="Whether a discount code was used.",
        example="with_code = true",
    ),
)

_OF_A_PRODUCT = (
    Column(
        name="id",
        type=Type.ID,
        sql="l.product_id",
        doc="The product, by the shop's id; several with IN (…).",
        example="id IN (1012132033639, 2012162031638)",
    ),
    _word("tag", "shopify", doc="A tag of the product."),
    _word("category", "shopify", doc="A category of the product."),
    _word("vendor", "extension", doc="Its vendor or manufacturer."),
    _word("sku", "extension", doc="Its number in the shop.", also="l.sku"),
    _word("title", "extension", doc="Its title, now or when it was bought.", also="l.title"),
)
_QUANTITY = Column(
    name="quantity",
    type=Type.NUMBER,
    sql="l.remaining",
    doc="Pieces in one line of an order, less those that came back.",
    example="quantity >= 2",
)

_ROWS = (
    Function(
        name="orders_placed",
        source=f"orders AS o WHERE {_COUNTS}",
        counted="*",
        parameters=(
            _DATE,
            *_OF_AN_ORDER,
            _count("*"),
            Column(
                name="sum_amount",
                type=Type.MONEY,
                sql="coalesce(sum(o.spent), 0)",
                aggregate=True,
                grows=True,
                doc="What all of them cost, less refunds.",
                example="sum_amount > 500",
            ),
        ),
        doc="Whether there are orders like this.",
        example="orders_placed MATCHES (date >= -1y, count >= 3)",
    ),
    Function(
        name="products_purchased",
        source="orders AS o JOIN line_items AS l ON l.order_key = o.order_key AND l.remaining > 0"
        f" WHERE {_COUNTS}",
        lookup="line_items AS l CROSS JOIN orders AS o ON o.order_key = l.order_key"
        " WHERE l.shop = :rule_shop AND l.remaining > 0 AND o.person IS NOT NULL AND o.uncounted IS NULL"
        " AND o.gone_at IS NULL",
        counted="DISTINCT o.order_key",
        parameters=(
            *_OF_A_PRODUCT,
            _DATE,
            _QUANTITY,
            Column(
                name="sum_quantity",
                type=Type.NUMBER,
                sql="coalesce(sum(l.remaining), 0)",
                aggregate=True,
                grows=True,
                doc="Pieces in all of them, less those that came back.",
                example="sum_quantity >= 10",
            ),
            _count("DISTINCT o.order_key"),
        ),
        doc="Whether such products were bought and not all returned.",
        example="products_purchased MATCHES (tag = 'espresso', date >= -1y)",
    ),
    Function(
        name="first_product",
        source="orders AS o JOIN line_items AS l ON l.order_key = o.order_key AND l.remaining > 0"
        f" WHERE {_COUNTS} AND o.order_key = ({_FIRST_ORDER})",
        counted="*",
        parameters=(*_OF_A_PRODUCT, _QUANTITY),
        doc="Whether such products were in the first order that counts, and not all returned.",
        example="first_product MATCHES (tag = 'espresso')",
        origin="extension",
    ),
    Function(
        name="orders_with_code",
        source="orders AS o JOIN order_codes AS k ON k.order_key = o.order_key AND k.shop = o.shop"
        " LEFT JOIN issued AS i ON i.shop = k.shop AND i.code = k.code"
        f" WHERE {_COUNTS}",
        counted="DISTINCT o.order_key",
        parameters=(
            Column(
                name="code",
                type=Type.TEXT,
                sql="k.code",
                origin="extension",
                doc="The code that was entered.",
                example="code STARTS WITH 'WELCOME'",
            ),
            Column(
                name="campaign",
                type=Type.TEXT,
                sql="i.campaign",
                origin="extension",
                doc="The campaign of ours that the code is from.",
                example="campaign = 'come-back'",
            ),
            _DATE,
            _count("DISTINCT o.order_key"),
        ),
        doc="Whether a discount code was used.",
        example="orders_with_code MATCHES (campaign = 'come-back')",
        origin="extension",
    ),
)

FUNCTIONS = {row.name: row for row in _ROWS}

#: Parameters that Shopify has and a mirror does not, with the reason.
ABSENT_PARAMETERS = {
    "app_id": "shops do not say which app an order came from; compare channel",
    "location_id": "a branch is mirrored by its name; compare location",
    "sum_amount": "the price of single lines is not reckoned; compare sum_quantity",
}

#: Questions with one answer, whose brackets hold a name: `in_group('x')`.
IN_GROUP, LADDER, ANNIVERSARY = "in_group", "ladder", "anniversary"
CALLS = {
    IN_GROUP: Column(
        name=IN_GROUP,
        type=Type.TRUTH,
        sql="",
        origin="extension",
        doc="Whether the customer is in another group, or on a step, 'value/A'.",
        example="in_group('regulars') AND NOT in_group('dormant')",
    ),
    LADDER: Column(
        name=LADDER,
        type=Type.TEXT,
        sql="",
        origin="extension",
        doc="The step of a ladder the customer stands on; missing on none.",
        example="ladder('value') = 'A'",
    ),
    ANNIVERSARY: Column(
        name=ANNIVERSARY,
        type=Type.DAY,
        sql="",
        uses_today=True,
        doc="A day that comes every year: 'birthday' or 'first_order_date'.",
        example="anniversary('birthday') BETWEEN today AND +30d",
    ),
}
#: What `anniversary` knows: `MM-DD`. Shopify keeps the birthday in a metafield of this name.
_BIRTHDAY = "substr(c.birthday, 6, 5)"
YEARLY = {
    "birthday": _BIRTHDAY,
    "metafields.facts.birth_date": _BIRTHDAY,
    "first_order_date": "strftime('%m-%d', f.first_day + 1721424.5)",
}
