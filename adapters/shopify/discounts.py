"""Coupons as Shopify keeps them, found by page or by code.

A coupon for one customer, and one for a friend, is a discount of its own; its mark stands in the title. A
campaign's discount for a group holds many codes; which code is whose stands in metafields of the discount,
because a title has no room for it: namespace `stammkunde`, a JSON object from code to `person:round`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from adapters.shopify.client import Admin
from adapters.shopify.documents import document
from adapters.shopify.reads import Listing, Size, checkpoint_of, cursor_of
from adapters.shopify.records import Wire
from connector.adapter import Page
from connector.errors import ResponseError
from connector.model import Coupon, Mark

PAGE = 50
CODES_PAGE = 250
_GROUP = re.compile(r"\[sk:([^:\s\]]+):([0-9a-f]{8})\]$")


class _Customer(Wire):
    id: str


class _Context(Wire):
    customers: tuple[_Customer, ...] = ()


class RedeemCode(Wire):
    id: str
    code: str
    async_usage_count: int = 0


class _Codes(Wire):
    nodes: tuple[RedeemCode, ...] = ()


class Discount(Wire):
    """A discount with a code. Of other kinds of discount only the empty rest is seen."""

    kind: str = msgspec.field(default="", name="__typename")
    title: str = ""
    status: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    updated_at: datetime | None = None
    async_usage_count: int = 0
    context: _Context | None = None
    codes: _Codes | None = None

    def is_free_shipping(self) -> bool:
        """Whether it pays the shipping: Shopify changes such a discount by another mutation."""
        return self.kind == "DiscountCodeFreeShipping"

    def mark(self) -> Mark | None:
        """Whose coupon this is, if it is one of ours with a discount of its own."""
        return Mark.find(self.title)

    def campaign(self) -> str | None:
        """Whose codes these are, if this is a discount of ours for a group."""
        found = _GROUP.search(self.title)
        return found.group(1) if found else None


class DiscountNode(Wire):
    id: str
    discount: Discount


class _ByCode(Wire):
    id: str
    code_discount: Discount


class _Found(Wire):
    found: _ByCode | None = None


class _Metafield(Wire):
    value: str


class _CodesOf(Wire):
    discount: Listing[RedeemCode]


class _CodesNode(Wire):
    discount_node: _CodesOf | None = None


class _MarksNode(Wire):
    discount_node: Listing[_Metafield] | None = None


class Discounts:
    """Reads the discounts of one shop."""

    def __init__(self, admin: Admin, page_size: int) -> None:
        self._admin = admin
        self._page_size = page_size

    def coupons(self, since: datetime | None, checkpoint: str | None) -> Iterator[Page[Coupon]]:
        """Coupons of ours. All discounts are looked at, for a search by title may miss some."""
        for nodes, after in self.pages(_query(since), cursor_of(checkpoint)):
            coupons = [coupon for node in nodes for coupon in self._to_coupons(node)]
            yield Page(records=tuple(coupons), checkpoint=after)

    def pages(self, query: str | None, after: str | None) -> Iterator[tuple[list[DiscountNode], str | None]]:
        """Discounts, page by page, each with the checkpoint behind it."""
        size = Size(self._admin, "discount_page", min(PAGE, self._page_size), self._page_size)
        more = True
        while more:

            def ask(count: int, after: str | None = after) -> Listing[DiscountNode]:
                variables = {"first": count, "after": after, "query": query}
                return self._admin.call(document("discount_page"), variables, Listing[DiscountNode])

            page = size.ask(ask).page
            if page is None:
                raise ResponseError("Shopify left out the discounts.")
            after, more = page.page_info.behind(after)
            yield (
                [DiscountNode(_code_node(node.id), node.discount) for node in page.nodes],
                checkpoint_of(after),
            )

    def by_code(self, code: str) -> DiscountNode | None:
        """The discount that a code belongs to."""
        found = self._admin.call(document("discount_by_code"), {"code": code}, _Found).found
        return DiscountNode(found.id, found.code_discount) if found else None

    def group(self, marker: str) -> str | None:
        """The id of the discount for a group that has this marker in its title."""
        for nodes, _ in self.pages(f"title:'{marker}'", None):
            for node in nodes:
                if node.discount.title.endswith(f"[{marker}]"):
                    return node.id
        return None

    def redeem_codes(self, discount_id: str, query: str | None = None) -> Iterator[RedeemCode]:
        """Codes of a discount."""
        after, more = None, True
        while more:
            variables = {"id": discount_id, "first": CODES_PAGE, "after": after, "query": query}
            node = self._admin.call(document("redeem_codes"), variables, _CodesNode).discount_node
            page = node.discount.page if node else None
            if page is None:
                return  # deleted meanwhile
            yield from page.nodes
            after, more = page.page_info.behind(after)

    def marks(self, discount_id: str, campaign: str) -> dict[str, Mark]:
        """Which code of a campaign's discount is whose."""
        marks: dict[str, Mark] = {}
        after, more = None, True
        while more:
            variables = {"id": discount_id, "first": CODES_PAGE, "after": after}
            node = self._admin.call(document("discount_marks"), variables, _MarksNode).discount_node
            page = node.page if node else None
            if page is None:
                return marks
            for metafield in page.nodes:
                marks |= _marks(metafield.value, campaign)
            after, more = page.page_info.behind(after)
        return marks

    def mark_of(self, node: DiscountNode, code: str) -> Mark | None:
        """Whose a code is, None if it is not ours."""
        if mark := node.discount.mark():
            return mark
        campaign = node.discount.campaign()
        return self.marks(node.id, campaign).get(code) if campaign else None

    def _to_coupons(self, node: DiscountNode) -> Iterator[Coupon]:
        discount = node.discount
        if mark := discount.mark():
            for code in discount.codes.nodes[:1] if discount.codes else ():
                customers = discount.context.customers if discount.context else ()
                customer = customers[0].id.rpartition("/")[2] if customers else None
                yield _to_coupon(node, code, mark, discount.async_usage_count, customer)
        elif campaign := discount.campaign():
            marks = self.marks(node.id, campaign)
            for code in self.redeem_codes(node.id):
                if code.code in marks:
                    yield _to_coupon(node, code, marks[code.code], code.async_usage_count, None)


def _code_node(gid: str) -> str:
    """Shopify gives one discount two ids of the same number; mutations and metafields want this one."""
    return f"gid://shopify/DiscountCodeNode/{gid.rpartition('/')[2]}"


def _to_coupon(node: DiscountNode, code: RedeemCode, mark: Mark, used: int, customer: str | None) -> Coupon:
    discount = node.discount
    return Coupon(
        id=node.id.rpartition("/")[2],
        code=code.code,
        mark=mark,
        customer_id=customer,
        starts_at=discount.starts_at,
        ends_at=discount.ends_at,
        active=discount.status in ("ACTIVE", "SCHEDULED"),
        used=used,
        updated_at=discount.updated_at,
    )


def _query(since: datetime | None) -> str | None:
    """A day earlier, because Shopify compares in the shop's time zone."""
    if since is None:
        return None
    return f"updated_at:>='{(since - timedelta(days=1)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def _marks(value: str, campaign: str) -> dict[str, Mark]:
    marks = {}
    for code, text in msgspec.json.decode(value, type=dict[str, str]).items():
        person, _, number = text.rpartition(":")
        if person and number.isdecimal():
            marks[code] = Mark(campaign, person, int(number))
    return marks
