"""What a condition can compare: a value in SQL, its type, and the comparisons the type allows."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from connector.model import Feature
from connector.rules.syntax import Operator


class Type(StrEnum):
    """What kind of value it is, and how SQL holds it."""

    NUMBER = "whole number"
    MONEY = "amount"  #: minor units; written in the shop's currency
    RATIO = "decimal number"  #: `sql` divided by `divisor`, both whole numbers
    MONEY_RATIO = "average amount"  #: the same, written in the shop's currency
    DAY = "date"  #: the ordinal of a day in the shop's time zone
    MOMENT = "moment"  #: milliseconds since 1970
    TEXT = "text"
    CHOICE = "choice"
    LIST = "list"  #: `sql` is an item of `source`, or the only one
    TRUTH = "true or false"
    ID = "id"
    WORD = "product word"  #: how products are found; `sql` is the kind of word

    @property
    def words(self) -> str:
        """As the owner reads it."""
        return "date" if self is Type.MOMENT else self.value


_ORDERED = frozenset(
    {
        Operator.EQUAL,
        Operator.UNEQUAL,
        Operator.LESS,
        Operator.AT_MOST,
        Operator.MORE,
        Operator.AT_LEAST,
        Operator.BETWEEN,
        Operator.IN,
        Operator.NULL,
    }
)
_SAME = frozenset({Operator.EQUAL, Operator.UNEQUAL, Operator.IN, Operator.NULL})

OPERATORS: Mapping[Type, frozenset[Operator]] = {
    Type.NUMBER: _ORDERED,
    Type.MONEY: _ORDERED,
    Type.RATIO: _ORDERED,
    Type.MONEY_RATIO: _ORDERED,
    Type.DAY: _ORDERED,
    Type.MOMENT: _ORDERED,
    Type.TEXT: _SAME | {Operator.STARTS, Operator.ENDS},
    Type.CHOICE: _SAME,
    Type.LIST: frozenset({Operator.CONTAINS, Operator.NULL}),
    Type.TRUTH: frozenset({Operator.EQUAL, Operator.UNEQUAL}),
    Type.ID: _SAME,
    Type.WORD: _SAME - {Operator.NULL},
}

Origin = Literal["shopify", "extension"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the tables of attributes and of parameters.

    `sql` is NULL where the value is missing. It may use the aliases f, p and c (in a function also those of
    its source) and the parameters :rule_shop, :rule_today and :rule_lapse_days.
    """

    name: str
    type: Type
    sql: str
    doc: str
    example: str = ""
    origin: Origin = "shopify"
    divisor: str = ""  #: of a ratio; where it is not positive, the value is missing
    share: bool = False  #: of a ratio: it goes from 0 to 1
    over: str = ""  #: of a ratio: the rows of which both numbers are sums
    moment: str = ""  #: of a day: milliseconds, for comparing with a time of day
    source: str = ""  #: of a list: what its items are read from
    others: tuple[str, ...] = ()  #: of a list: further spellings of its item
    also: str = ""  #: of a word: text of the line that is compared too
    choices: tuple[str, ...] = ()
    despaced: bool = False  #: blanks do not count, as in Shopify's 'US-NY-NewYorkCity'
    aggregate: bool = False  #: of all rows of a function that match, not of one
    grows: bool = False  #: with every order, or with what is spent: one can say how much is missing
    feature: Feature | None = None  #: what a platform must give
    uses_today: bool = False
    lifetime: bool = False  #: DEFINITIONS, *History starts*
    ordered: bool = False  #: a date of an order: how far back it reaches says how much history it needs
