"""Queries as they stand on public pages about Shopify's segments: each runs, or says what cannot be answered.

They are from the reference of the language ("Segment query language reference", "Shopify-based customer
segment filters"), and from what merchants and agencies publish of theirs.
"""

import pytest

from connector.rules import RuleError, compile_rule, parse
from tests.rule_shop import CONTEXT

RUNS = (
    "abandoned_checkout_date >= 7_days_ago",
    "abandoned_checkout_date > -8m",
    "abandoned_checkout_date IS NOT NULL AND number_of_orders = 0",
    "anniversary(date: 'metafields.facts.birth_date') BETWEEN today AND +30d",
    "anniversary('metafields.facts.birth_date') = today",
    "anniversary ('metafields.facts.birth_date') = today",
    "amount_spent BETWEEN 1 AND 999.99",
    "amount_spent = 10.99",
    "amount_spent >= 500.00",
    "customer_cities CONTAINS 'US-NY-NewYorkCity'",
    "customer_cities NOT CONTAINS 'US-CA-LosAngeles'",
    "companies IS NULL",
    "customer_countries CONTAINS 'CA'",
    "customer_account_status = 'DISABLED'",
    "customer_account_status != 'DISABLED'",
    "customer_added_date >= 2022-01-01",
    "customer_added_date < -90d",
    "customer_email_domain = 'gmail.com'",
    "customer_language = 'en'",
    "customer_tags CONTAINS 'vip'",
    "customer_tags NOT CONTAINS 'vip'",
    "customer_tags CONTAINS '\\'VIP\\''",
    "email_subscription_status = 'SUBSCRIBED'",
    "last_order_date = 2020-05-30",
    "last_order_date > 2020-05-30T16:00:00",
    "last_order_date BETWEEN 2021-01-01 AND today",
    "last_order_date BETWEEN 2020-01-01 AND -7d",
    "last_order_date BETWEEN -365d AND -90d AND number_of_orders > 1",
    "last_order_date >= 2020-05-30T04:00:00 AND last_order_date < 2020-05-31T04:00:00",
    "number_of_orders BETWEEN 100 AND 1000",
    "orders_placed MATCHES (date > '2025-01-01', count >= 5)",
    "predicted_spend_tier = 'HIGH'",
    "products_purchased(id: 2012162031638) = true",
    "products_purchased(id: (2012162031638, 1012132033639)) = true",
    ("products_purchased(id: (1012132033639, 2012162031638, 32421429314657), date: (-12m, today)) = true"),
    "products_purchased(tag: 'Sports wear', date: -12m) = true",
    "products_purchased(tag: 'Christmas Pajamas') = true",
    "products_purchased() = true",
    "products_purchased NOT MATCHES ()",
    "products_purchased MATCHES (id = 2012162031638)",
    "products_purchased MATCHES (tag = 'Sports wear')",
    "products_purchased MATCHES (id IN (2012162031638, 1012132033639))",
    "products_purchased MATCHES (id NOT IN (1012132033639))",
    "products_purchased MATCHES (id = 1012132033639, date = 2022-01-01)",
    "products_purchased NOT MATCHES (date > -3m)",
    "products_purchased MATCHES (tag = 'Sports wear', date >= -12m)",
    "products_purchased MATCHES (id = 1012132033639, date BETWEEN -12m AND today)",
    "products_purchased MATCHES (id = 1234, count > 1)",
    "products_purchased MATCHES (id = 2012162031638, sum_quantity >= 5)",
    "rfm_group = 'CHAMPIONS'",
    "rfm_group IN ('CHAMPIONS', 'LOYAL')",
    "sms_subscription_status = 'PENDING'",
    "customer_regions CONTAINS 'US-NY'",
    (
        "email_subscription_status = 'SUBSCRIBED' AND (number_of_orders = 0 OR "
        "last_order_date < -14d) AND products_purchased MATCHES (id = 9566713905447) "
        "AND NOT products_purchased MATCHES (id = 9608345944359)"
    ),
    ("email_subscription_status = 'SUBSCRIBED' AND last_order_date <= -90d AND last_order_date > -365d"),
    ("email_subscription_status = 'SUBSCRIBED' AND number_of_orders = 0 AND customer_added_date > -12m"),
    "amount_spent > 500 AND number_of_orders >= 3 AND last_order_date > -90d",
    "customer_tags CONTAINS 'wholesale' OR amount_spent > 2000",
    "last_order_date <= -60d AND number_of_orders >= 2",
    "customer_countries CONTAINS 'US' AND customer_countries NOT CONTAINS 'CA'",
    "first_order_date BETWEEN 2024-01-01 AND 2024-12-31",
    (
        "email_subscription_status = 'SUBSCRIBED' AND customer_countries CONTAINS "
        "'CA' OR amount_spent > 999.99"
    ),
    (
        "(email_subscription_status = 'SUBSCRIBED' AND customer_countries CONTAINS "
        "'CA') OR amount_spent > 999.99"
    ),
    (
        "FROM customers SHOW customer_name, note, email_subscription_status, "
        "location, orders, amount_spent WHERE number_of_orders > 1 ORDER BY "
        "updated_at"
    ),
    (
        "FROM customers SHOW customer_email, total_amount_spent WHERE orders_placed "
        "MATCHES (date > '2025-01-01', count >= 5) ORDER BY total_amount_spent DESC"
    ),
    "customer_email_domain = ''",
)

CANNOT_BE_ANSWERED = {
    "companies = 123456789": (
        "companies is compared with text; this is a number. Write it like this: companies = 'Kontor GmbH'."
    ),
    "created_by_app_id = 1354745": (
        "'created_by_app_id' exists in Shopify's language, but shops do not say which app created a customer."
    ),
    "customer_within_distance(coordinates: (49.2827, -123.1207), distance_km: 50) = true": (
        "'customer_within_distance' exists in Shopify's language, but addresses are "
        "mirrored without coordinates."
    ),
    ("customer_within_distance MATCHES (coordinates = '49.2827,-123.1207', distance_km = 25)"): (
        "'customer_within_distance' exists in Shopify's language, but addresses are "
        "mirrored without coordinates."
    ),
    "shopify_email.opened(activity_id: 135195754, date: -30d) = true": (
        "'shopify_email.opened' exists in Shopify's language, but what happened to "
        "an e-mail is known to Shopify alone."
    ),
    "shopify_email.opened MATCHES ()": (
        "'shopify_email.opened' exists in Shopify's language, but what happened to "
        "an e-mail is known to Shopify alone."
    ),
    "shopify_email.opened MATCHES (activity_id = 5240029206)": (
        "'shopify_email.opened' exists in Shopify's language, but what happened to "
        "an e-mail is known to Shopify alone."
    ),
    ("shopify_email.bounced NOT MATCHES (activity_id = 5240029206, date BETWEEN -12m AND today)"): (
        "'shopify_email.bounced' exists in Shopify's language, but what happened to "
        "an e-mail is known to Shopify alone."
    ),
    ("shopify_email.delivered(activity_id: 5240029206, since: 2022-01-01, count_at_least: 3) = true"): (
        "'shopify_email.delivered' exists in Shopify's language, but what happened "
        "to an e-mail is known to Shopify alone."
    ),
    "last_order_date BETWEEN 1pm AND 3pm": (
        "'1pm' is neither a number, such as 499.90, nor a date, such as 2026-01-31 or -90d."
    ),
    "last_order_date = NULL": "'= NULL' is written IS NULL.",
    (
        "orders_placed(app_id: 129785, location_id: 12, date: -1y, count: 5, amount: "
        "100, sum_amount: 1000) = true"
    ): (
        "The parameter 'app_id' exists in Shopify's language, but shops do not say "
        "which app an order came from; compare channel."
    ),
    "orders_placed MATCHES (app_id = 129785, sum_amount >= 500)": (
        "The parameter 'app_id' exists in Shopify's language, but shops do not say "
        "which app an order came from; compare channel."
    ),
    "product_subscription_status = 'SUBSCRIBER'": (
        "'product_subscription_status' exists in Shopify's language, but subscriptions are not mirrored."
    ),
    "store_credit_accounts MATCHES (balance > 0)": (
        "'store_credit_accounts' exists in Shopify's language, but store credit is not mirrored."
    ),
    "store_credit_accounts(currency: 'USD', balance: 10) = true": (
        "'store_credit_accounts' exists in Shopify's language, but store credit is not mirrored."
    ),
    (
        "store_credit_accounts MATCHES (currency = 'USD', balance >= 10, "
        "next_expiry_date BETWEEN today AND +30d)"
    ): ("'store_credit_accounts' exists in Shopify's language, but store credit is not mirrored."),
    "storefront.product_viewed MATCHES (id = 2012162031638, date >= -7d)": (
        "'storefront.product_viewed' exists in Shopify's language, but visits to the "
        "shop are known to Shopify alone."
    ),
    "storefront_event.product_viewed(id: 2012162031638, date: -7d) = true": (
        "'storefront_event.product_viewed' exists in Shopify's language, but visits "
        "to the shop are known to Shopify alone."
    ),
    "storefront.collection_viewed NOT MATCHES (id = 2012162031638)": (
        "'storefront.collection_viewed' exists in Shopify's language, but visits to "
        "the shop are known to Shopify alone."
    ),
    "metafields.custom.favourite_color = 'blue'": (
        "'metafields.custom.favourite_color' exists in Shopify's language, but "
        "metafields are not mirrored; anniversary('birthday') knows the birthday."
    ),
    "metafields.facts.birth_date BETWEEN today AND +30d": (
        "'metafields.facts.birth_date' exists in Shopify's language, but metafields "
        "are not mirrored; anniversary('birthday') knows the birthday."
    ),
    "customer.metafields.custom.membership_level = 'gold'": (
        "'customer.metafields.custom.membership_l…' exists in Shopify's language, "
        "but metafields are not mirrored; anniversary('birthday') knows the "
        "birthday."
    ),
    (
        "email_subscription_status = 'SUBSCRIBED' AND (customer_added_date > -6m OR "
        "(customer_added_date <= -6m AND (number_of_orders > 0 OR "
        "shopify_email.clicked() = true)))"
    ): (
        "'shopify_email.clicked' exists in Shopify's language, but what happened to "
        "an e-mail is known to Shopify alone."
    ),
    (
        "email_subscription_status = 'SUBSCRIBED' AND (last_order_date = NULL OR "
        "last_order_date < 2026-08-11)"
    ): "'= NULL' is written IS NULL.",
    ("customer_email_subscription_status = 'SUBSCRIBED' AND customer_tags CONTAINS 'newsletter'"): (
        "There is no attribute 'customer_email_subscription_status'. Did you mean "
        "'email_subscription_status'?"
    ),
    (
        "FROM customers SHOW customer_name WHERE "
        "customer.metafields.custom.membership_level = 'gold' GROUP BY customer_name"
    ): "'GROUP' cannot stand here; expected is AND, OR or the end.",
}


@pytest.mark.parametrize("text", RUNS)
def test_a_pasted_query_runs(text: str) -> None:
    assert compile_rule(parse(text), CONTEXT).sql


@pytest.mark.parametrize("text", CANNOT_BE_ANSWERED)
def test_a_pasted_query_says_what_cannot_be_answered(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert caught.value.message == CANNOT_BE_ANSWERED[text]
