"""Changes as Medusa takes them, and what it says to those it does not take."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.medusa.sandbox.answers import Answers
from adapters.medusa.sandbox.lists import RefusedError
from adapters.medusa.sandbox.records import StoredCampaign, StoredPromotion
from adapters.medusa.sandbox.shop import Shop

_PROMOTION_KEYS = frozenset(
    {
        "code",
        "type",
        "status",
        "is_automatic",
        "is_tax_inclusive",
        "application_method",
        "rules",
        "campaign",
        "campaign_id",
        "limit",
        "metadata",
    }
)
_METHOD_KEYS = frozenset({"type", "target_type", "allocation", "value", "currency_code", "target_rules"})
_CAMPAIGN_KEYS = frozenset({"name", "campaign_identifier", "description", "budget", "starts_at", "ends_at"})


class Writes:
    """Changes the shop; each answers with the name of what it gives, and that."""

    def __init__(self, shop: Shop, answers: Answers) -> None:
        self._shop = shop
        self._answers = answers

    def group(self, sent: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """A new group; its name must be free."""
        if self._shop.group_named(sent["name"]):
            raise _invalid(f"Customer group with name: {sent['name']}, already exists.")
        return "customer_group", self._answers.plain(self._shop.add_group(sent["name"]))

    def members(self, group_id: str, sent: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Put customers in and take others out. One who does not exist refuses all; a stranger may leave."""
        group, customers = self._shop.groups.get(group_id), self._shop.customers
        if group is None:
            raise _missing(f"Customer group with id: {group_id} was not found")
        for customer_id in sent.get("add", ()):
            if customer_id not in customers:
                wish = f"You tried to set relationship customer_id: {customer_id}"
                raise _missing(f"{wish}, but such entity does not exist")
        for customer_id in sent.get("add", ()):
            if group_id not in customers[customer_id].groups:
                customers[customer_id].groups = [*customers[customer_id].groups, group_id]
        for customer_id in sent.get("remove", ()):
            if customer_id in customers:
                customers[customer_id].groups = [
                    each for each in customers[customer_id].groups if each != group_id
                ]
        return "customer_group", self._answers.plain(group)

    def customer(self, customer_id: str, sent: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Metadata is merged by key; an empty text takes its key away, null stays as null."""
        customer = self._shop.customers.get(customer_id)
        if customer is None:
            raise _missing(f'Customer with id "{customer_id}" not found')
        merged = {**(customer.metadata or {}), **sent["metadata"]}
        customer.metadata = {key: value for key, value in merged.items() if value != ""}
        customer.updated_at = self._shop.now()
        return "customer", self._answers.customer(customer)

    def promotion(self, sent: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """A new promotion; its code and its campaign's identifier must be free."""
        _known(sent, _PROMOTION_KEYS)
        _known(sent["application_method"], _METHOD_KEYS)
        campaign = sent.get("campaign")
        made = self._campaign(campaign) if campaign else None
        if self._shop.promotion(sent["code"]):
            raise _invalid(f"Promotion with code: {sent['code']}, already exists.")
        if made:
            self._shop.campaigns[made.id] = made
        method = {**sent["application_method"]}
        method["target_rules"] = [_rule(each) for each in method.get("target_rules", ())]
        promotion = StoredPromotion(
            id=self._shop.new_id("promo"),
            code=sent["code"],
            status=sent.get("status", "draft"),
            updated_at=self._shop.now(),
            application_method=method,
            rules=[_rule(each) for each in sent.get("rules", ())],
            campaign=made,
        )
        self._shop.promotions[promotion.id] = promotion
        return "promotion", self._answers.promotion(promotion)

    def _campaign(self, sent: Mapping[str, Any]) -> StoredCampaign:
        _known(sent, _CAMPAIGN_KEYS)
        identifier = sent["campaign_identifier"]
        if any(each.campaign_identifier == identifier for each in self._shop.campaigns.values()):
            raise _invalid(f"Promotion campaign with campaign_identifier: {identifier}, already exists.")
        return StoredCampaign(
            id=self._shop.new_id("procamp"),
            name=sent["name"],
            campaign_identifier=identifier,
            description=sent.get("description"),
            starts_at=_moment(sent.get("starts_at")),
            ends_at=_moment(sent.get("ends_at")),
            limit=(sent.get("budget") or {}).get("limit"),
        )

    def switch(self, promotion_id: str, sent: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Another state of a promotion."""
        promotion = self._shop.promotions.get(promotion_id)
        if promotion is None:
            raise _missing(f"Promotion with id: {promotion_id} was not found")
        promotion.status, promotion.updated_at = sent["status"], self._shop.now()
        return "promotion", self._answers.promotion(promotion)

    def extend(self, campaign_id: str, sent: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Another end of a campaign; the change date of its promotion does not move."""
        campaign = self._shop.campaigns.get(campaign_id)
        if campaign is None:
            raise _missing(f"Campaign with id: {campaign_id} was not found")
        campaign.ends_at = _moment(sent["ends_at"])
        return "campaign", self._answers.campaign(campaign)


def _rule(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {**sent, "values": [{"value": value} for value in sent["values"]]}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _known(sent: Mapping[str, Any], keys: frozenset[str]) -> None:
    if unknown := sorted(set(sent) - keys):
        raise _invalid(f"Invalid request: Unrecognized fields: '{', '.join(unknown)}'")


def _invalid(message: str) -> RefusedError:
    return RefusedError(400, "invalid_data", message)


def _missing(message: str) -> RefusedError:
    return RefusedError(404, "not_found", message)
