"""Where shops tell us that something changed: `/hooks/SHOP`."""

import logging
from collections.abc import Callable
from contextlib import closing

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connector import hooks, mirror
from connector.config import open_adapter
from connector.errors import AuthError, ResponseError
from connector.web.site import Site

log = logging.getLogger(__name__)

LARGEST = 5 << 20  #: bytes; an order with its lines has a few thousand


def hook_pages(site: Site, soon: Callable[[str], None]) -> Blueprint:
    """One address for each shop.

    Args:
        soon: told the shop's name when there is something to read.
    """
    pages = Blueprint("hooks", __name__)

    @pages.post("/hooks/<name>")
    def hook(name: str) -> ResponseReturnValue:
        """200 once it is stored, also where it says nothing new; 401 where the shop did not sign it."""
        settings = site.config().shops.get(name)
        if settings is None:
            return "no such shop\n", 404
        if (request.content_length or 0) > LARGEST:
            return "too large\n", 413
        try:
            with site.database() as db, closing(open_adapter(settings)) as adapter:
                shop = mirror.open_shop(db, name)
                is_new = hooks.take_in(
                    db, shop, adapter, dict(request.headers), request.get_data(), site.now()
                )
        except AuthError as error:
            log.warning("%s: a webhook was refused: %s", name, error)
            return "not signed by the shop\n", 401
        except ResponseError as error:
            log.warning("%s: %s", name, error)
            return "not understood\n", 400
        if is_new:
            soon(name)
        return "", 200

    return pages
