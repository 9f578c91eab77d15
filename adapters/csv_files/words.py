"""What the words in columns of states and of consent mean. No I/O.

A word that is in none of these tables is an error: an order that is taken for open because its state was not
understood would make a regular customer look dormant.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from connector.errors import ConfigError

#: What a word can say of somebody's consent.
CONSENTS = ("subscribed", "pending", "unsubscribed", "never")

#: What a state can say of an order; one word may say several.
Meaning = Literal["paid", "partly-paid", "shipped", "partly-shipped", "cancelled", "test", "open"]
MEANINGS: tuple[Meaning, ...] = (
    "paid",
    "partly-paid",
    "shipped",
    "partly-shipped",
    "cancelled",
    "test",
    "open",
)


def _table(words: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Words by meaning, several in a text, turned round: meanings by word."""
    found: dict[str, frozenset[str]] = {}
    for meaning, text in words.items():
        for word in _words(text):
            found[word] = found.get(word, frozenset()) | {meaning}
    return found


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split("|")]


PAYMENT = _table(
    {
        "paid": "paid|bezahlt|komplett bezahlt|vollständig bezahlt|ja|yes|y|true|1|captured"
        "|partially_refunded|partially refunded|refunded_partially|teilweise erstattet",
        "partly-paid": "partially_paid|partially paid|paid_partially|teilbezahlt|teilweise bezahlt|angezahlt",
        "open": "pending|authorized|voided|expired|refunded|open|unpaid|none|offen|unbezahlt|nicht bezahlt"
        "|ausstehend|nein|no|n|false|0|reminded|gemahnt|cancelled|failed|in_progress|unconfirmed|chargeback"
        "|erstattet",
    }
)
SHIPMENT = _table(
    {
        "shipped": "fulfilled|shipped|delivered|completed|versendet|versandt|komplett versendet|verschickt"
        "|geliefert|ausgeliefert|ja|yes|y|true|1|returned|returned_partially|partially_returned",
        "partly-shipped": "partial|partially_fulfilled|shipped_partially|teilgeliefert|teilversendet"
        "|teilweise versendet",
        "open": "unfulfilled|restocked|open|none|offen|nicht versendet|in bearbeitung|ausstehend|nein|no|n"
        "|false|0|cancelled|pending|scheduled|on_hold|in_progress",
    }
)
#: Shopware's and WooCommerce's "completed" is both; a column of payments or of shipments goes before it.
ORDER = _table(
    {
        "paid": "processing|completed|refunded|wc-processing|wc-completed|wc-refunded|bezahlt|paid|done"
        "|abgeschlossen|erledigt",
        "shipped": "completed|wc-completed|versendet|shipped|abgeschlossen|erledigt",
        "partly-shipped": "teilversendet|teilgeliefert",
        "cancelled": "cancelled|canceled|wc-cancelled|failed|wc-failed|trash|storniert|abgebrochen"
        "|fehlgeschlagen",
        "test": "test",
        "open": "open|offen|pending|wc-pending|on-hold|wc-on-hold|in_progress|in bearbeitung|neu|new|wartend"
        "|ausstehend|checkout-draft",
    }
)

_COLUMNS = {"payment_status": PAYMENT, "shipment_status": SHIPMENT, "status": ORDER}

#: What a column of consent says, by word.
CONSENT: Mapping[str, str] = {
    word: state
    for state, text in {
        "subscribed": "yes|y|ja|j|true|1|subscribed|abonniert|active|aktiv|angemeldet|confirmed|bestätigt"
        "|opt-in|optin|optedin|opted_in",
        "pending": "pending|unconfirmed|ausstehend|nicht bestätigt|unbestätigt|notset",
        "unsubscribed": "unsubscribed|abgemeldet|optout|opt-out|cleaned|bounced|blocked|complained"
        "|widerrufen",
        "never": "never|no|n|nein|false|0|not_subscribed|not subscribed|nie|keine",
    }.items()
    for word in _words(text)
}


#: What a column says of how consent was given.
LEVELS: Mapping[str, str] = {
    **dict.fromkeys(
        ("confirmed", "double", "double opt-in", "double-opt-in", "doi", "bestätigt"), "confirmed"
    ),
    **dict.fromkeys(("single", "single opt-in", "single-opt-in", "soi", "unconfirmed"), "single"),
}


class States:
    """The states of orders, with the owner's own words first.

    Args:
        own: words by meaning, such as `{"paid": ["beglichen"]}`; they hold in every column of states.
    """

    def __init__(self, own: Mapping[str, Sequence[str]]) -> None:
        for meaning in own:
            if meaning not in (*MEANINGS, *CONSENTS):
                known = ", ".join((*MEANINGS, *CONSENTS))
                raise ConfigError(f"`states` sorts words under {meaning!r}; it knows {known}.")
        self._own: dict[str, frozenset[str]] = {}
        for meaning, words in own.items():
            for word in words:
                self._own[word.casefold()] = self._own.get(word.casefold(), frozenset()) | {meaning}

    def consent(self, word: str) -> str | None:
        """What a word says of consent, or None if it is not known."""
        own = [each for each in CONSENTS if each in self._own.get(word.casefold(), ())]
        return own[0] if own else CONSENT.get(word.casefold())

    def known(self, column: str, word: str) -> bool:
        """Whether a word of that column has a meaning."""
        return word.casefold() in self._own or word.casefold() in _COLUMNS[column]

    def meaning(self, words: Mapping[str, str | None]) -> frozenset[str]:
        """What the states of one order say together. Unknown words are refused before."""
        return frozenset(
            meaning
            for column, word in words.items()
            if word
            for meaning in self._own.get(word.casefold(), _COLUMNS[column].get(word.casefold(), frozenset()))
        )


def unknown_states(file: str, words: Iterable[str]) -> ConfigError:
    """The error that names every unknown word of a file at once."""
    listed = ", ".join(repr(word) for word in sorted(set(words)))
    return ConfigError(
        f"{file} has states that are not known: {listed}. Sort each under what it means, such as"
        ' states = { paid = ["..."], shipped = ["..."], cancelled = ["..."], open = ["..."] }.'
    )
