"""The eleven RFM groups, by name (DEFINITIONS, *RFM*). Scores go from 1, the worst, to 5."""

#: The name of each (R, FM): by R, the FM from which on a name holds, the highest first. Shopify publishes the
#: names, what each means in words, and FM = (F + M) / 2 (help page "RFM customer analysis", enum
#: CustomerRfmGroup); the limits are ours, drawn after those words. docs/definitions.md shows the same table.
NAMES: dict[int, tuple[tuple[float, str], ...]] = {
    5: ((4.0, "CHAMPIONS"), (2.0, "ACTIVE"), (1.0, "NEW")),
    4: ((4.0, "LOYAL"), (2.0, "ACTIVE"), (1.0, "PROMISING")),
    3: ((4.0, "LOYAL"), (2.0, "NEEDS_ATTENTION"), (1.0, "PROMISING")),
    2: ((4.5, "PREVIOUSLY_LOYAL"), (3.0, "AT_RISK"), (1.0, "ALMOST_LOST")),
    1: ((4.5, "PREVIOUSLY_LOYAL"), (3.0, "AT_RISK"), (1.0, "DORMANT")),
}
PROSPECTS = "PROSPECTS"  #: without an order
GROUPS = (
    "CHAMPIONS",
    "LOYAL",
    "ACTIVE",
    "NEW",
    "PROMISING",
    "NEEDS_ATTENTION",
    "ALMOST_LOST",
    "AT_RISK",
    "PREVIOUSLY_LOYAL",
    "DORMANT",
    PROSPECTS,
)


def name_of(recency: int, frequency: int, monetary: int) -> str:
    """The group of somebody with these scores."""
    fm = (frequency + monetary) / 2
    return next(name for least, name in NAMES[recency] if fm >= least)
