"""The plan with its approval, runs and the ledger with undo. Whatever changes something asks once more."""

import hashlib
import logging
import threading
from datetime import datetime

import msgspec
from flask import Blueprint, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from connector import groups, ledger
from connector import push as pushing
from connector import sync as line
from connector.gate import raise_if_off
from connector.language import _, mark
from connector.ledger import Run
from connector.model import Change, UpdateTags
from connector.plan import Plan
from connector.push import Pushed
from connector.quantity import counted
from connector.shop import Shop
from connector.web.desk import Desk, here, page, start_of
from connector.web.doing import Work
from connector.web.figures import NextPush
from connector.web.number_pages import WAITING
from connector.web.people import describe

log = logging.getLogger(__name__)

_OLD = mark("Somebody has looked at a newer plan meanwhile. Look at it again.")

CHANGES = 100  #: of a plan or a run on a page
RUNS = 60


class Seen(msgspec.Struct, frozen=True):
    """A plan that somebody looks at. What is approved is this one, whatever has come up since."""

    plan: Plan
    mark: str
    made_at: datetime


class Plans:
    """The plan last looked at, for each shop."""

    def __init__(self) -> None:
        self._known: dict[str, Seen] = {}
        self._lock = threading.Lock()

    def put(self, plan: Plan, now: datetime) -> Seen:
        seen = Seen(plan, mark_of(plan), now)
        with self._lock:
            self._known[plan.shop] = seen
        return seen

    def find(self, shop: str, mark: str) -> Seen | None:
        seen = self._known.get(shop)
        return seen if seen is not None and seen.mark == mark else None


def mark_of(plan: Plan) -> str:
    """Tells plans apart by their changes."""
    return hashlib.sha256(msgspec.json.encode([each.change for each in plan.changes])).hexdigest()[:24]


def add_push_pages(pages: Blueprint, desk: Desk) -> None:
    """`plan`, `runs`, and everything that changes a shop."""
    plans = Plans()
    _add_plan(pages, desk, plans)
    _add_runs(pages, desk)

    @pages.get("/shops/<shop>/doing")
    def doing() -> ResponseReturnValue:
        """How far what was started has come; the page loads itself anew until it is over."""
        found = desk.doings.of(here().name)
        if found is None:
            return redirect(url_for("dashboard.runs", shop=here().name))
        body, status = page("doing.html", doing=found)
        return body, status, {} if found.ended else {"Refresh": "1"}


def _add_plan(pages: Blueprint, desk: Desk, plans: Plans) -> None:
    @pages.get("/shops/<shop>/plan")
    def plan() -> ResponseReturnValue:
        found = here().kept("plan", NextPush)
        if found is None:
            return page(WAITING)
        approved = ledger.approved(here().db, here().key)
        return page(
            "plan.html",
            kept=found[0],
            push=found[1],
            approved=None if approved is None else len(approved),
            can_push=here().settings.push and here().hold is None,
        )

    @pages.get("/shops/<shop>/plan/changes")
    def changes() -> ResponseReturnValue:
        """Every change by itself: worked out now, so the page before it does not wait for that."""
        with here().opened() as shop:
            seen = plans.put(line.make_plan(shop), here().now)
        return page("changes.html", seen=seen, plan=seen.plan, rows=_rows(seen.plan), most=CHANGES,
                    is_part=request.args.get("part") == "1",
                    can_push=here().settings.push and here().hold is None)  # fmt: skip

    @pages.post("/shops/<shop>/plan/approve")
    def approve() -> ResponseReturnValue:
        seen = plans.find(here().name, request.form.get("mark", ""))
        if seen is None:
            return page("notice.html", 409, text=_(_OLD), back=url_for("dashboard.plan", shop=here().name))
        do_push = request.form.get("push") == "1"
        if request.form.get("sure") != "1":
            return page("sure_push.html", seen=seen, plan=seen.plan, do_push=do_push)
        _log(f"approved a plan of {counted(len(seen.plan.changes), 'change')}")
        desk.doings.start(here().settings, "push" if do_push else "approve", _approval(seen.plan, do_push))
        return _to_doing()

    @pages.post("/shops/<shop>/resume")
    def resume() -> ResponseReturnValue:
        if request.form.get("sure") != "1":
            return page("sure_resume.html")
        ledger.hold(here().db, here().key, None)
        _log("lets pushing go on")
        return redirect(url_for("dashboard.plan", shop=here().name))


def _approval(plan: Plan, do_push: bool) -> Work:
    """Remember what was looked at and, if wanted, push that and nothing that came up later."""

    def work(shop: Shop) -> Pushed | None:
        if do_push:
            raise_if_off(shop)
        ledger.approve(shop.db, shop.key, [each.change for each in plan.changes], shop.now())
        groups.accept(shop.db, shop.key)
        if not do_push:
            return None
        line.work_out(shop)
        return line.push_plan(shop, line.make_plan(shop))

    return work


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A change in a list."""

    kind: str
    what: str
    customer_id: str | None
    person: int | None
    reason: str
    face_value: int
    state: str
    error: str | None


def _rows(plan: Plan) -> list[Row]:
    # Codes first: they cost money, and there are few of them.
    in_order = sorted(plan.changes, key=lambda each: isinstance(each.change, UpdateTags))
    chosen = in_order[:CHANGES]
    people = _people([who for each in chosen if (who := ledger.customer_of(each.change))])
    return [_row(each.change, people, each.reason, face_value=each.face_value) for each in chosen]


def _row(
    change: object,
    people: dict[str, int],
    reason: str,
    *,
    face_value: int = 0,
    state: str = "",
    error: str | None = None,
) -> Row:
    kind, what = describe(change)
    who = getattr(change, "customer_id", None)
    return Row(
        kind=kind,
        what=what,
        customer_id=who,
        person=people.get(who) if who else None,
        reason=reason,
        face_value=face_value,
        state=state,
        error=error,
    )


def _people(ids: list[str]) -> dict[str, int]:
    rows = here().db.rows(
        "SELECT id, person FROM customers WHERE shop = ? AND id IN (SELECT value FROM json_each(?))"
        " AND person IS NOT NULL",
        (here().key, msgspec.json.encode(ids).decode()),
    )
    return {row["id"]: row["person"] for row in rows}


# Runs


def _add_runs(pages: Blueprint, desk: Desk) -> None:
    @pages.get("/shops/<shop>/runs")
    def runs() -> ResponseReturnValue:
        return page("runs.html", runs=ledger.runs(here().db, here().key, RUNS), most=RUNS)

    @pages.get("/shops/<shop>/runs/<name>")
    def run(name: str) -> ResponseReturnValue:
        found = _run(name)
        first = start_of(request.args.get("after"))
        rows = here().db.rows(
            "SELECT * FROM changes WHERE run = ? AND position >= ? ORDER BY position LIMIT ?",
            (name, first, CHANGES + 1),
        )
        people = _people([row["customer_id"] for row in rows if row["customer_id"]])
        entries = [
            _row(
                msgspec.json.decode(row["change"], type=Change),
                people,
                row["reason"] or "",
                state=row["state"],
                error=row["error"],
            )
            for row in rows[:CHANGES]
        ]
        states = here().db.rows(
            "SELECT state, count(*) AS n FROM changes WHERE run = ? GROUP BY state", (name,)
        )
        return page(
            "run.html",
            run=found,
            entries=entries,
            states={row["state"]: row["n"] for row in states},
            following=str(rows[CHANGES]["position"]) if len(rows) > CHANGES else None,
            undone_by=[each.run for each in ledger.runs(here().db, here().key, 500) if each.undoes == name],
        )

    @pages.post("/shops/<shop>/runs/<name>/undo")
    def undo(name: str) -> ResponseReturnValue:
        found = _run(name)
        if found.kind != "push":
            abort(404)
        if request.form.get("sure") != "1":
            return page("sure_undo.html", run=found)
        _log(f"undoes {name}")
        desk.doings.start(here().settings, "undo", lambda shop: pushing.undo(shop, name))
        return _to_doing()


def _run(name: str) -> Run:
    found = ledger.find_run(here().db, name)
    if found is None or found[0] != here().key:
        abort(404)
    return found[1]


def _to_doing() -> Response:
    return redirect(url_for("dashboard.doing", shop=here().name))


def _log(what: str) -> None:
    log.info("%s: %s %s", here().name, g.login or "owner", what)
