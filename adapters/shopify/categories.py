"""The collections behind the categories that a coupon names."""

from adapters.shopify.client import Admin
from adapters.shopify.documents import document
from adapters.shopify.reads import IDS_PAGE, Listing
from adapters.shopify.records import Wire
from adapters.shopify.terms import Collections, folded
from connector.errors import ResponseError


class _Collection(Wire):
    id: str
    title: str


def collections_of(admin: Admin, categories: frozenset[str]) -> Collections:
    """Global ids by category, `folded`. Several collections may share a title: the code is good for all.

    All collections are looked at, for a search by title may miss some.
    """
    wanted = {folded(category) for category in categories}
    found: dict[str, list[str]] = {}
    after, more = None, bool(wanted)
    while more:
        variables = {"first": IDS_PAGE, "after": after}
        page = admin.call(document("collection_page"), variables, Listing[_Collection]).page
        if page is None:
            raise ResponseError("Shopify left out the collections.")
        for node in page.nodes:
            if folded(node.title) in wanted:
                found.setdefault(folded(node.title), []).append(node.id)
        after, more = page.page_info.behind(after)
    return found
