"""`POST /sandbox/...`: what buyers and the owner of a shop do, over HTTP."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request

T = TypeVar("T")


def control_routes(
    actions: Mapping[str, Callable[[], object]],
    *,
    refusal: type[Exception],
    shown: Callable[[Any], dict[str, Any]],
) -> Blueprint:
    """The routes: 200 with what came of it, 422 where the shop says no, 400 for what is not understood.

    Args:
        actions: by the part of the address behind `/sandbox/`; `asked` makes one that reads its body.
        refusal: how the shop says no.
        shown: what of a result goes into the answer.
    """
    routes = Blueprint("controls", __name__, url_prefix="/sandbox")

    def view(action: Callable[[], object]) -> Callable[[], Response]:
        return lambda: _run(action, refusal, shown)

    for path, action in actions.items():
        routes.add_url_rule(f"/{path}", path, view(action), methods=["POST"])
    return routes


def asked(kind: type[T], act: Callable[[T], object]) -> Callable[[], object]:
    """An action with the request's JSON, understood as `kind`; an empty body is an empty object."""
    return lambda: act(msgspec.json.decode(request.get_data() or b"{}", type=kind))


def _run(
    action: Callable[[], object], refusal: type[Exception], shown: Callable[[Any], dict[str, Any]]
) -> Response:
    try:
        return _answer(shown(action()))
    except refusal as refused:
        return _answer({"refused": str(refused)}, status=422)
    except (msgspec.DecodeError, ValueError) as error:
        return _answer({"error": str(error)}, status=400)


def _answer(content: dict[str, Any], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, mimetype="application/json")
