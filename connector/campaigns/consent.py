"""Who may be written to by e-mail."""

from collections.abc import Mapping

from connector.campaigns.campaign import Policy
from connector.database import Database

NO_ADDRESS = "have no e-mail address"
ON_THE_LIST = "are on the list of those who are never written to"
SAID_NO = "have unsubscribed"
NOT_CONFIRMED = "have not confirmed that they want e-mail"
NO_BUYER = "have not bought yet"

_CONSENTS = """
    SELECT c.person, max(k.state = 'unsubscribed') AS said_no,
        max(k.state = 'subscribed' AND k.level = 'confirmed') AS confirmed
    FROM consents AS k JOIN customers AS c USING (customer)
    WHERE c.shop = ? AND c.person IS NOT NULL AND c.gone_at IS NULL AND k.channel = 'email'
    GROUP BY c.person
"""


class Consents:
    """What the people of a shop said to e-mail, and what that allows."""

    def __init__(self, db: Database, shop: int, policy: Policy) -> None:
        self._policy = policy
        self._said: Mapping[int, tuple[bool, bool]] = {
            row["person"]: (bool(row["said_no"]), bool(row["confirmed"]))
            for row in db.rows(_CONSENTS, (shop,))
        }
        self._buyers = (
            {
                row["person"]
                for row in db.rows("SELECT person FROM facts WHERE shop = ? AND orders > 0", (shop,))
            }
            if policy.existing_customers
            else set()
        )

    def why_not(self, person: int, email: str | None) -> str | None:
        """Why somebody must not be written to, or None. One no among several accounts is a no."""
        said_no, confirmed = self._said.get(person, (False, False))
        if not email:
            return NO_ADDRESS
        if email in self._policy.suppressed:
            return ON_THE_LIST
        if said_no:
            return SAID_NO
        if confirmed:
            return None
        if not self._policy.existing_customers:
            return NOT_CONFIRMED
        return None if person in self._buyers else NO_BUYER
