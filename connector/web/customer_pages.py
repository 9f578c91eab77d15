"""Looking somebody up: one box for everything, a person in full, a code in full."""

import logging

from flask import Blueprint, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from connector.campaigns import typed as typed_code
from connector.web import people
from connector.web.desk import Desk, here, page
from connector.web.safety import for_staff

log = logging.getLogger(__name__)

LARGEST_KEY = 2**63 - 1  #: that a row can have


def add_customer_pages(pages: Blueprint, desk: Desk) -> None:  # noqa: ARG001  every adder is called alike
    """`search`, `customer` and `code`, which staff may open too."""

    @pages.route("/shops/<shop>/search", methods=["GET", "POST"], endpoint=for_staff("search"))
    def search() -> ResponseReturnValue:
        """What is looked for is posted: addresses have no place in the logs of a proxy."""
        typed = request.form.get("q", "").strip()
        found = people.find(here(), typed)
        if len(found) == 1:
            return redirect(url_for("dashboard.customer", shop=here().name, person=found[0].person))
        if typed and not found and people.code_answer(here(), typed) is not None:
            return redirect(url_for("dashboard.code", shop=here().name, code=typed_code(typed)))
        return page("search.html", typed=typed, found=found, most=people.MOST_FOUND)

    @pages.route(
        f"/shops/<shop>/customers/<int(max={LARGEST_KEY}):person>",
        methods=["GET", "POST"],
        endpoint=for_staff("customer"),
    )
    def customer(person: int) -> ResponseReturnValue:
        """Posted to, it shows the address and the telephone number, and the log says who looked."""
        who = people.portrait(here(), person)
        if who is None:
            abort(404)
        is_open = request.method == "POST"
        if is_open:
            log.info("%s looked at the address of person %s of %s", g.login or "owner", person, here().name)
        return page("customer.html", who=who, is_open=is_open, shown=people.ORDERS)

    @pages.get("/shops/<shop>/codes/<code>", endpoint=for_staff("code"))
    def code(code: str) -> ResponseReturnValue:
        answer = people.code_answer(here(), code)
        if answer is None:
            abort(404)
        row = here().db.row(
            "SELECT person FROM customers WHERE shop = ? AND id = ?", (here().key, answer.code.customer_id)
        )
        return page("code.html", answer=answer, person=row["person"] if row else None)
