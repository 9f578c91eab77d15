"""What decides which rows count: the shop's own facts and the owner's settings."""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from connector.model import CountWhen


def normalised(email: str | None) -> str | None:
    """The address people are told apart by: trimmed and case-folded, nothing cleverer."""
    return (email or "").strip().casefold() or None


#: Personal fields that are kept only where something uses them: the columns of each.
PERSONAL: Mapping[str, tuple[str, ...]] = {
    "names": ("first_name", "last_name"),
    "phone": ("phone",),
    "birthday": ("birthday",),
    "gender": ("gender",),
}

#: Who carries this tag, behind our prefix, has objected to profiling (Art. 21 GDPR). It is never ours.
OBJECTION = "no-profiling"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything outside a record that its row in the mirror depends on. Names are case-folded."""

    currency: str
    time_zone: str
    prefixes: tuple[str, ...]  #: of our tags, the present one first
    count_when: Mapping[str, CountWhen] = {}  #: by payment method
    excluded_groups: frozenset[str] = frozenset()
    excluded_tags: frozenset[str] = frozenset()
    excluded_domains: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()  #: of `PERSONAL`

    def fingerprint(self) -> str:
        """Differs when stored rows must be judged anew."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()

    def why_excluded(self, group: str | None, tags: Iterable[str], email_key: str | None) -> str | None:
        """Why a customer is left out, by own objection or by the owner's `exclude`, or None."""
        if any(self.is_objection(tag) for tag in tags):
            return "objected to profiling"
        if group and group.casefold() in self.excluded_groups:
            return f"customer group {group}"
        if self.excluded_tags:
            for tag in tags:
                if tag.casefold() in self.excluded_tags:
                    return f"tag {tag}"
        return self.why_domain_excluded(email_key)

    def why_domain_excluded(self, email_key: str | None) -> str | None:
        """Why an e-mail address is left out, or None."""
        domain = (email_key or "").rpartition("@")[2]
        return f"e-mail domain {domain}" if domain in self.excluded_domains else None

    def is_ours(self, tag: str) -> bool:
        """Whether a tag begins with a prefix of ours; that alone does not make it ours."""
        return tag.casefold().startswith(self.prefixes) and not self.is_objection(tag)

    def is_objection(self, tag: str) -> bool:
        """Whether a tag says that its customer objects to profiling."""
        key = tag.casefold()
        return key.endswith(OBJECTION) and key in {prefix + OBJECTION for prefix in self.prefixes}
