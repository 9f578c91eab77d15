"""Everything that this adapter takes for granted about JTL-Wawi, in one place.

It was written to the documentation of the API and never tried on a real Wawi. docs/platforms/jtl-wawi.md
holds this list word for word, and `check` says that it exists. Whoever tries the adapter on a real Wawi
strikes out here what turned out true, and mends what did not.
"""

from typing import NamedTuple

UNTRIED = (
    "This adapter was written to the documentation of JTL-Wawi's API and never tried on a real Wawi: compare "
    "some customers and orders by hand first. What it takes for granted stands in docs/platforms/jtl-wawi.md."
)


class Assumption(NamedTuple):
    """What is taken for granted, and where that comes from."""

    what: str
    source: str


API = "OpenAPI description of the API, version 1.0 (JTL-Wawi 1.10)"
LATER = "online reference of the API, versions 1.1 to 1.6"
GUIDES = "JTL's guides for developers"
CLIENTS = "public clients of the API"
NOTHING = "nothing; chosen so that a mistake does the least harm"

ASSUMPTIONS = (
    Assumption(
        "Version 1 answers below `/v1` both on-premise and in the cloud, with names such as "
        "`CustomerGroupId` and with ids that are whole numbers.",
        f"{LATER}; {CLIENTS}",
    ),
    Assumption(
        "On-premise a call is let in by `Authorization: Wawi <key>` with `X-AppID` and "
        "`X-AppVersion`, and needs no header `api-version`.",
        CLIENTS,
    ),
    Assumption(
        "In the cloud a token is got with the client's id and secret as HTTP basic authentication and "
        "`grant_type=client_credentials`, and says in `expires_in` how long it holds.",
        GUIDES,
    ),
    Assumption(
        "In the cloud `X-RateLimit-Remaining` and `X-RateLimit-Interval-Length-Seconds` stand in "
        "every answer, and 429 means to wait for so long.",
        GUIDES,
    ),
    Assumption(
        "402 means that the licence is missing, 401 that the key is wrong, 403 that a permission is missing.",
        f"{API}, which does not name 403 for reading",
    ),
    Assumption(
        "A 404 for a record that does not exist carries `ErrorCode` or `ErrorMessage`. Any other 404 "
        "stops the read, so that a wrong address deletes nothing.",
        API,
    ),
    Assumption(
        "Pages are numbered from 1, and a list keeps its order while it is read, apart from rows that "
        "are added or deleted.",
        f"{API}, which names no order",
    ),
    Assumption(
        "`lastChangeFrom` gives every customer whose `LastChange` is not older, and `changedSince` "
        "every such item. Both are asked for one day more, whatever zone the server takes the time "
        "for. An older API that does not know them gives everything.",
        f"{CLIENTS} for customers; {API} for items",
    ),
    Assumption(
        "A change of a customer's own field need not move `LastChange`, so the field of every "
        "customer is read on every pull.",
        NOTHING,
    ),
    Assumption(
        "Sales orders tell no change: those of the last `look_back_days` days are read again on every "
        "pull, by `createdSince`, older ones only by a full pull.",
        API,
    ),
    Assumption(
        "`createdSince` compares with `SalesOrderDate`.",
        API,
    ),
    Assumption(
        "`ExternalNumber` of an order is the number that the shop or marketplace gave it.",
        API,
    ),
    Assumption(
        "`TotalGrossAmount` is what the customer was charged, in `CurrencyIso` of the payment "
        "details, and `SalesPriceNet` is the price of one piece in the same currency.",
        API,
    ),
    Assumption(
        "`Discount` of a line is percent. Whether `SalesPriceNet` is before or after it is decided "
        "for each order by which of the two fits its total.",
        NOTHING,
    ),
    Assumption(
        "Coupons (types 3, 7), vouchers (4) and redeemed gift cards (21) have negative prices.",
        "how JTL-Shop writes such positions",
    ),
    Assumption(
        "An order is shipped by `DeliveryCompleteStatus` 1 or 2, and partly by any "
        "`QuantityDelivered`; the day is `DeliveredDate`.",
        API,
    ),
    Assumption(
        "Money given back stands in `accountingData` as credit notes (type 1) and corrections of invoices "
        "(type 2), in the currency of the order, whatever their sign; cancelled ones do not count. A "
        "cancelled invoice (type 3) gives nothing back, because another one follows or its order is "
        "cancelled.",
        API,
    ),
    Assumption(
        "What came back stands in `QuantityReturned` of the order's line.",
        API,
    ),
    Assumption(
        "Times that name no zone are in the zone `time_zone`.",
        NOTHING,
    ),
    Assumption(
        "An address, e-mail or number that is missing is null, empty or left out.",
        NOTHING,
    ),
    Assumption(
        "`PATCH` of a customer with `CustomerGroupId` alone leaves everything else as it is; the "
        "customer is read again after it, and a changed address stops the push.",
        API,
    ),
    Assumption(
        "`PATCH` of an own field takes text of any length for the types text and short text, and "
        "`DELETE` empties it.",
        API,
    ),
    Assumption(
        "The registration answers 409 for an app that is registered, 403 where JTL-Wawi is not "
        "waiting for one, 404 or 410 where the request has ended, and gives the key once.",
        API,
    ),
)
