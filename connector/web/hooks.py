"""Where shops tell us that something changed: `/hooks/SHOP`."""

import logging
from collections.abc import Callable
from contextlib import closing

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connector import hooks, mirror
from connector.config import open_adapter
from connector.errors import AuthError, ResponseError, StammkundeError
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
        """200 once it is stored, also where it says nothing new; 401 where the shop did not sign it; 503
        where we cannot take it now, so that the shop sends it again.
        """
        settings = site.config().shops.get(name)
        if settings is None:
            return "no such shop\n", 404
        if (request.content_length or 0) > LARGEST:
            return "too large\n", 413
        try:
            with closing(open_adapter(settings)) as adapter:
                event = adapter.event(dict(request.headers), request.get_data())
            # Strangers never get as far as the database.
            with site.database() as db:
                is_new = hooks.note(db, mirror.open_shop(db, name), event, site.now())
        except AuthError as error:
            log.warning("%s: a webhook was refused: %s", name, error)
            return "not signed by the shop\n", 401
        except (ResponseError, UnicodeError, RecursionError) as error:  # it is signed, but no JSON
            log.warning("%s: %s", name, error)
            return "not understood\n", 400
        except StammkundeError as error:
            log.error("%s: a webhook could not be taken: %s", name, error)  # noqa: TRY400  the sentence says it
            return "not now\n", 503
        if is_new:
            soon(name)
        return "", 200

    return pages
