"""Pages for people: the report as one file that needs no network, and the charts it is made of."""

from connector.html.page import GroupSize, Sheet, page

__all__ = ["GroupSize", "Sheet", "page"]
