"""Coupon codes: derived from the key file, free of what stands elsewhere."""

import hashlib
import hmac

import msgspec

from connector.database import Database
from connector.model import Mark, ShopInfo

# Digits and capitals that cannot be taken for one another; 30 of them make 54 bits in eleven characters.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARACTERS = 11
LONGEST_CODE = 16

# So many derived codes in a row are not all taken.
ATTEMPTS = 100


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """What codes are derived with: the key file's content and the shop's name."""

    key: bytes
    shop: str

    def code(self, mark: Mark, prefix: str, attempt: int) -> str:
        """The code of a mark. `attempt` counts up where a code is taken by somebody else."""
        text = "\n".join((self.shop, mark.campaign, mark.person, str(mark.round), str(attempt)))
        number = int.from_bytes(hmac.digest(self.key, text.encode(), hashlib.sha256))
        letters = []
        for _ in range(CODE_CHARACTERS):
            number, place = divmod(number, len(ALPHABET))
            letters.append(ALPHABET[place])
        return prefix + "".join(letters)

    def draw(self, campaign: str, person: str, what: str) -> float:
        """A number from 0 to 1 that is always the same for this campaign and person, and that nobody can
        work out without the key."""
        text = f"{what}\n{self.shop}\n{campaign}\n{person}"
        return int.from_bytes(hmac.digest(self.key, text.encode(), hashlib.sha256)[:7]) / 2**56


def key_fingerprint(key: bytes) -> str:
    """Tells whether the key file is the one our codes were derived with, and nothing else about it."""
    return hashlib.sha256(b"stammkunde key\n" + key).hexdigest()


def free_code(db: Database, shop: int, issuer: Issuer, mark: Mark, prefix: str, case: str = "kept") -> str:
    """A code that no coupon and no order has. One the shop refused is somebody else's there: never again."""
    for attempt in range(ATTEMPTS):
        code = issuer.code(mark, prefix, attempt)
        code = code.lower() if case == "lower" else code
        taken = db.value(
            "SELECT EXISTS (SELECT 1 FROM issued WHERE shop = :shop AND code = :code)"
            " OR EXISTS (SELECT 1 FROM coupons WHERE shop = :shop AND code = :code)"
            " OR EXISTS (SELECT 1 FROM order_codes WHERE shop = :shop AND code = :code)",
            {"shop": shop, "code": code},
        )
        if not taken:
            return code
    raise AssertionError("a hundred derived codes in a row were taken")


def why_no_code(prefix: str, info: ShopInfo) -> str | None:
    """Why the shop could not keep codes with that prefix, or None."""
    length = len(prefix) + CODE_CHARACTERS
    longest = min(info.code_length, LONGEST_CODE)
    if length > longest:
        return f"its codes have {length} characters and the shop keeps {longest}"
    letters = set(prefix + ALPHABET)
    if info.code_case == "lower":
        letters = {letter.lower() for letter in letters}
    if info.code_alphabet is not None and (strange := sorted(letters - set(info.code_alphabet))):
        return f"the shop allows no {', '.join(strange)} in codes"
    return None


def typed(text: str) -> str:
    """A code as somebody types it: in groups, with dashes, in any case."""
    return "".join(letter for letter in text if letter.isalnum()).upper()
