"""The attributes: one row each, from which the checks, the SQL, the docs and the nearest names all come."""

from connector import rfm
from connector.rules.columns import Column, Type
from connector.scores import score

_ORDERS = "orders AS o WHERE o.person = f.person AND o.uncounted IS NULL AND o.gone_at IS NULL"
# Their index ends with the day: the two days an order can be the first or the last on are read, not all.
_FIRST = f"(SELECT min(o.placed_at) FROM {_ORDERS} AND o.day = f.first_day)"
_LAST = f"(SELECT max(o.placed_at) FROM {_ORDERS} AND o.day = f.last_day)"

_CONSENT = (
    "(SELECT CASE k.state WHEN 'never' THEN 'NOT_SUBSCRIBED' ELSE upper(k.state) END"
    " FROM consents AS k WHERE k.customer = p.customer AND k.channel = '{}')"
)
_CONSENTS = ("SUBSCRIBED", "UNSUBSCRIBED", "PENDING", "NOT_SUBSCRIBED")
_LAPSED = "f.last_day < :rule_today - :rule_lapse_days"
_DAY_OF_TEXT = "CAST(julianday({}) - 1721424.5 AS INTEGER)"


def _sk_rfm_group() -> str:
    """The table of names, asked with R and with F + M, which is twice FM."""
    rows = {
        recency: " ".join(f"WHEN s.fm >= {2 * least:.0f} THEN '{name}'" for least, name in names)
        for recency, names in rfm.NAMES.items()
    }
    names = " ".join(f"WHEN {recency} THEN CASE {row} END" for recency, row in rows.items())
    scores = f"SELECT {score('recency')} AS r, {score('frequency')} + {score('monetary')} AS fm"
    return (
        f"CASE WHEN f.orders = 0 THEN '{rfm.PROSPECTS}'"
        f" ELSE (SELECT CASE s.r {names} END FROM ({scores}) AS s) END"
    )


def _joined(what: str) -> str:
    """Of the same person in the joined shops, by e-mail; nothing where there are none."""
    return (
        f"(SELECT {what} FROM joined_shops AS j"
        " JOIN people AS q ON q.shop = j.other AND q.cluster = p.cluster AND q.excluded IS NULL"
        " JOIN facts AS g ON g.person = q.person WHERE j.shop = f.shop AND p.email_key IS NOT NULL)"
    )


def _of_both(least: str, own: str) -> str:
    """The smaller or larger of two days of which each may be missing."""
    theirs = _joined(f"{least}({own.replace('f.', 'g.')})")
    return f"(SELECT {least}(b.day) FROM (SELECT {own} AS day UNION ALL SELECT {theirs}) AS b)"


def _score(name: str, of: str) -> Column:
    return Column(
        name=f"rfm_{name}",
        type=Type.NUMBER,
        sql=score(name),
        origin="extension",
        lifetime=True,
        doc=f"Score by {of}, 5 the best fifth and 1 the worst; equal customers score equally."
        " Missing without an order.",
        example=f"rfm_{name} >= 4",
    )


_ROWS = (
    Column(
        name="amount_spent",
        type=Type.MONEY,
        sql="f.spent",
        grows=True,
        lifetime=True,
        doc="What the customer was charged in all orders that count, less refunds, in the shop's currency.",
        example="amount_spent > 500",
    ),
    Column(
        name="amount_spent_in_all_shops",
        type=Type.MONEY,
        sql=f"f.spent + coalesce({_joined('CAST(round(sum(g.spent * j.rate)) AS INTEGER)')}, 0)",
        origin="extension",
        grows=True,
        lifetime=True,
        doc="amount_spent here and, by the same e-mail address, in the shops of the same base,"
        " in the currency of this shop.",
        example="amount_spent_in_all_shops > 500",
    ),
    Column(
        name="average_order_value",
        type=Type.MONEY_RATIO,
        sql="f.spent",
        divisor="f.orders",
        origin="extension",
        lifetime=True,
        doc="amount_spent divided by number_of_orders; missing without an order.",
        example="average_order_value BETWEEN 40 AND 79.99",
    ),
    Column(
        name="abandoned_checkout_date",
        type=Type.MOMENT,
        sql="CAST(round((julianday(json_extract(c.attributes, '$.abandoned_checkout_date')) - 2440587.5)"
        " * 86400000) AS INTEGER)",
        doc="The day on which the customer last left a checkout without paying, where the adapter gives it as"
        " an attribute of the customer.",
        example="abandoned_checkout_date >= -7d",
    ),
    Column(
        name="abc_class",
        type=Type.CHOICE,
        sql="f.abc_class",
        choices=("A", "B", "C"),
        origin="extension",
        lifetime=True,
        doc="The ABC class by turnover within the window of the shop; missing without an order in it.",
        example="abc_class = 'A'",
    ),
    Column(
        name="birthday",
        type=Type.DAY,
        sql=_DAY_OF_TEXT.format("c.birthday"),
        origin="extension",
        doc="The day of birth, where the shop stores it. For the day that comes every year see anniversary.",
        example="birthday < 1990-01-01",
    ),
    Column(
        name="companies",
        type=Type.TEXT,
        sql="c.company",
        doc="The company of the customer. Shopify compares its id; the shops' common ground is its name.",
        example="companies = 'Kontor GmbH'",
    ),
    Column(
        name="customer_account_status",
        type=Type.CHOICE,
        sql="upper(c.account_status)",
        choices=("ENABLED", "DISABLED", "INVITED", "DECLINED"),
        doc="The state of the account; missing for a guest.",
        example="customer_account_status = 'ENABLED'",
    ),
    Column(
        name="customer_added_date",
        type=Type.MOMENT,
        sql="c.created_at",
        doc="The day on which the shop added the customer.",
        example="customer_added_date >= -30d",
    ),
    Column(
        name="customer_cities",
        type=Type.LIST,
        sql="c.city",
        others=("c.country || '-' || c.region || '-' || c.city", "c.country || '-' || c.city"),
        despaced=True,
        doc="The city as Shopify writes it, 'US-NY-NewYorkCity'; or without region, or by itself.",
        example="customer_cities CONTAINS 'DE-Hamburg'",
    ),
    Column(
        name="customer_countries",
        type=Type.LIST,
        sql="c.country",
        doc="The country, by its code of two letters (ISO 3166-1).",
        example="customer_countries CONTAINS 'DE'",
    ),
    Column(
        name="customer_email_domain",
        type=Type.TEXT,
        sql="CASE WHEN instr(p.email_key, '@') > 0 THEN substr(p.email_key, instr(p.email_key, '@') + 1) END",
        doc="What stands behind the @ of the e-mail address.",
        example="customer_email_domain = 'example.com'",
    ),
    Column(
        name="customer_group",
        type=Type.TEXT,
        sql="c.customer_group",
        origin="extension",
        doc="The shop's own customer group, by its name.",
        example="customer_group = 'Endkunden'",
    ),
    Column(
        name="customer_language",
        type=Type.TEXT,
        sql="c.language",
        doc="The language, 'de' or 'de-AT'.",
        example="customer_language STARTS WITH 'de'",
    ),
    Column(
        name="customer_regions",
        type=Type.LIST,
        sql="c.country || '-' || c.region",
        doc="The state or province, by its code (ISO 3166-2).",
        example="customer_regions CONTAINS 'US-NY'",
    ),
    Column(
        name="customer_tags",
        type=Type.LIST,
        sql="t.value",
        source="json_each(c.tags) AS t",
        doc="The tags of the customer in the shop, whoever set them.",
        example="customer_tags CONTAINS 'vip'",
    ),
    Column(
        name="days_between_orders",
        type=Type.RATIO,
        sql="f.last_day - f.first_day",
        divisor="f.orders - 1",
        origin="extension",
        lifetime=True,
        doc="Days from one order to the next, on average; missing with fewer than two orders.",
        example="days_between_orders <= 45",
    ),
    Column(
        name="discounted_order_share",
        type=Type.RATIO,
        sql="f.code_orders",
        divisor="f.orders",
        share=True,
        origin="extension",
        lifetime=True,
        doc="Share of the orders with a discount code, from 0 to 1; missing without an order.",
        example="discounted_order_share >= 0.5",
    ),
    Column(
        name="email_subscription_status",
        type=Type.CHOICE,
        sql=_CONSENT.format("email"),
        choices=_CONSENTS,
        doc="What the customer said to e-mails; missing where the shop does not say.",
        example="email_subscription_status = 'SUBSCRIBED'",
    ),
    Column(
        name="first_order_date",
        type=Type.DAY,
        sql="f.first_day",
        moment=_FIRST,
        lifetime=True,
        doc="The day of the first order that counts.",
        example="first_order_date >= -30d",
    ),
    Column(
        name="first_order_date_in_all_shops",
        type=Type.DAY,
        sql=_of_both("min", "f.first_day"),
        origin="extension",
        lifetime=True,
        doc="The day of the first order that counts, here or in the shops of the same base.",
        example="first_order_date_in_all_shops < -365d",
    ),
    Column(
        name="first_order_days_to_ship",
        type=Type.NUMBER,
        sql=f"(SELECT (o.shipped_at - o.placed_at) / 86400000 FROM {_ORDERS} AND o.day = f.first_day"
        " ORDER BY o.placed_at LIMIT 1)",
        origin="extension",
        lifetime=True,
        doc="Whole days from the first order to its shipping; missing where the shop does not say.",
        example="first_order_days_to_ship > 5",
    ),
    Column(
        name="gender",
        type=Type.CHOICE,
        sql="upper(c.gender)",
        choices=("FEMALE", "MALE", "DIVERSE"),
        origin="extension",
        doc="Where the shop stores it.",
        example="gender = 'FEMALE'",
    ),
    Column(
        name="guest",
        type=Type.TRUTH,
        sql="coalesce(c.guest, 1)",
        origin="extension",
        doc="Whether all orders came without an account.",
        example="guest = false",
    ),
    Column(
        name="has_open_return",
        type=Type.TRUTH,
        sql="EXISTS (SELECT 1 FROM orders AS o WHERE o.person = f.person AND o.gone_at IS NULL"
        " AND o.open_return)",
        origin="extension",
        doc="Whether goods of any order are announced to come back.",
        example="has_open_return = false",
    ),
    Column(
        name="last_order_cancelled",
        type=Type.TRUTH,
        sql="coalesce((SELECT o.cancelled_at IS NOT NULL FROM orders AS o WHERE o.person = f.person"
        " AND o.gone_at IS NULL AND NOT o.test ORDER BY o.day DESC, o.placed_at DESC LIMIT 1), 0)",
        origin="extension",
        doc="Whether the latest order of all, counting or not, was cancelled.",
        example="last_order_cancelled = true",
    ),
    Column(
        name="last_order_date",
        type=Type.DAY,
        sql="f.last_day",
        moment=_LAST,
        ordered=True,
        doc="The day of the latest order that counts.",
        example="last_order_date < -180d",
    ),
    Column(
        name="last_order_date_in_all_shops",
        type=Type.DAY,
        sql=_of_both("max", "f.last_day"),
        origin="extension",
        ordered=True,
        doc="The day of the latest order that counts, here or in the shops of the same base.",
        example="last_order_date_in_all_shops < -180d",
    ),
    Column(
        name="lifecycle",
        type=Type.CHOICE,
        sql=f"CASE WHEN f.orders = 0 THEN 'beginner'"
        f" WHEN {_LAPSED} THEN CASE WHEN f.orders = 1 THEN 'potential' ELSE 'dormant' END"
        " WHEN f.orders = 1 THEN 'new' WHEN f.orders <= 3 THEN 'active' ELSE 'regular' END",
        choices=("beginner", "new", "active", "regular", "potential", "dormant"),
        origin="extension",
        uses_today=True,
        lifetime=True,
        doc="Beginner: no order. New: 1, active: 2 or 3, regular: 4 or more, all not lapsed."
        " Potential: 1, dormant: 2 or more, both lapsed.",
        example="lifecycle = 'dormant'",
    ),
    Column(
        name="number_of_orders",
        type=Type.NUMBER,
        sql="f.orders",
        grows=True,
        lifetime=True,
        doc="How many orders count.",
        example="number_of_orders > 3",
    ),
    Column(
        name="number_of_orders_in_all_shops",
        type=Type.NUMBER,
        sql=f"f.orders + coalesce({_joined('sum(g.orders)')}, 0)",
        origin="extension",
        grows=True,
        lifetime=True,
        doc="How many orders count, here and in the shops of the same base.",
        example="number_of_orders_in_all_shops > 3",
    ),
    Column(
        name="number_of_shops",
        type=Type.NUMBER,
        sql=f"(f.orders > 0) + coalesce({_joined('sum(g.orders > 0)')}, 0)",
        origin="extension",
        grows=True,
        lifetime=True,
        doc="In how many shops of the same base, this one included, the customer has an order that counts.",
        example="number_of_shops >= 2",
    ),
    Column(
        name="predicted_spend_tier",
        type=Type.CHOICE,
        sql="upper(json_extract(c.attributes, '$.predicted_spend_tier'))",
        choices=("HIGH", "MEDIUM", "LOW"),
        doc="Shopify's own forecast, where the shop gives it.",
        example="predicted_spend_tier = 'HIGH'",
    ),
    Column(
        name="refund_rate",
        type=Type.RATIO,
        sql="sum(o.refunded)",
        divisor="sum(o.total)",
        share=True,
        over=f"{_ORDERS} AND o.spent IS NOT NULL",  # what is in another currency cannot be added
        origin="extension",
        lifetime=True,
        doc="Share of the money charged that was refunded, from 0 to 1, over the orders that count.",
        example="refund_rate > 0.3",
    ),
    _score("frequency", "how many orders count"),
    Column(
        name="rfm_group",
        type=Type.CHOICE,
        sql="upper(json_extract(c.attributes, '$.rfm_group'))",
        choices=rfm.GROUPS,
        doc="Shopify's own figure, where the shop gives it.",
        example="rfm_group = 'CHAMPIONS'",
    ),
    _score("monetary", "amount_spent"),
    _score("recency", "last_order_date"),
    Column(
        name="sk_rfm_group",
        type=Type.CHOICE,
        sql=_sk_rfm_group(),
        choices=rfm.GROUPS,
        origin="extension",
        lifetime=True,
        doc="Our figure, from the three scores; PROSPECTS have no order. It is there for every shop.",
        example="sk_rfm_group = 'AT_RISK'",
    ),
    Column(
        name="sms_subscription_status",
        type=Type.CHOICE,
        sql=_CONSENT.format("sms"),
        choices=_CONSENTS,
        doc="What the customer said to text messages; missing where the shop does not say.",
        example="sms_subscription_status = 'SUBSCRIBED'",
    ),
)

ATTRIBUTES = {row.name: row for row in _ROWS}

#: What Shopify's language has and a mirror does not, with the reason.
ABSENT = {
    "created_by_app_id": "shops do not say which app created a customer",
    "customer_within_distance": "addresses are mirrored without coordinates",
    "product_subscription_status": "subscriptions are not mirrored",
    "store_credit_accounts": "store credit is not mirrored",
    "shopify_email": "what happened to an e-mail is known to Shopify alone",
    "storefront": "visits to the shop are known to Shopify alone",
    "storefront_event": "visits to the shop are known to Shopify alone",
    "metafields": "metafields are not mirrored; anniversary('birthday') knows the birthday",
}

#: What owners call an attribute in other programs and in German, where the nearest name would mislead.
ALSO_CALLED = {
    **dict.fromkeys(
        ("orders", "order_count", "orders_count", "total_orders", "bestellungen", "anzahl_bestellungen"),
        "number_of_orders",
    ),
    **dict.fromkeys(
        ("spent", "total_spent", "total_amount_spent", "revenue", "turnover", "sales", "umsatz"),
        "amount_spent",
    ),
    **dict.fromkeys(("aov", "average_order", "bestellwert"), "average_order_value"),
    **dict.fromkeys(("last_order", "letzte_bestellung"), "last_order_date"),
    **dict.fromkeys(("first_order", "erste_bestellung"), "first_order_date"),
    **dict.fromkeys(("country", "countries", "land"), "customer_countries"),
    **dict.fromkeys(("city", "cities", "ort", "stadt"), "customer_cities"),
    **dict.fromkeys(("language", "locale", "sprache"), "customer_language"),
    **dict.fromkeys(("tag", "tags"), "customer_tags"),
    **dict.fromkeys(("email", "e_mail", "customer_email", "domain"), "customer_email_domain"),
    **dict.fromkeys(("newsletter", "email_consent", "accepts_marketing"), "email_subscription_status"),
    **dict.fromkeys(("kundengruppe", "customer_groups"), "customer_group"),
    **dict.fromkeys(("product", "products", "produkt", "produkte", "bought"), "products_purchased"),
    **dict.fromkeys(("code", "coupon", "coupon_code", "gutschein"), "orders_with_code"),
    **dict.fromkeys(("abc", "klasse"), "abc_class"),
    **dict.fromkeys(("rfm", "segment"), "sk_rfm_group"),
    "gast": "guest",
    "geburtstag": "birthday",
    "geschlecht": "gender",
    "step": "ladder",
    "stufe": "ladder",
}

#: What is asked of all shops of a base at once.
IN_ALL_SHOPS = frozenset(
    {name for name in ATTRIBUTES if name.endswith("_in_all_shops")} | {"number_of_shops"}
)
