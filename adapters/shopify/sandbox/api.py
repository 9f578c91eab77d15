"""The HTTP side of the Admin API: tokens, versions, cost, uploads and downloads."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import msgspec
from flask import Blueprint, Response, request, send_file
from graphql import DocumentNode

from adapters.shopify.sandbox.access import Tokens, served_version
from adapters.shopify.sandbox.bulk import BulkOperations
from adapters.shopify.sandbox.engine import Call, Resolver, formatted, parsed, run, schema
from adapters.shopify.sandbox.limits import MAXIMUM_QUERY_COST, Bucket, query_cost
from adapters.shopify.sandbox.view import View


class Api:
    """Answers the requests of an app.

    Args:
        view: the shop as a token with these scopes sees it.
    """

    def __init__(
        self,
        tokens: Tokens,
        bucket: Bucket,
        bulk: BulkOperations,
        roots: Callable[[], dict[str, Resolver]],
        view: Callable[[frozenset[str]], View],
    ) -> None:
        self.bucket = bucket
        self._tokens = tokens
        self._bulk = bulk
        self._roots = roots
        self._view = view

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("api", __name__)
        routes.add_url_rule("/admin/api/<version>/graphql.json", view_func=self._graphql, methods=["POST"])
        routes.add_url_rule("/admin/oauth/access_token", view_func=self._token, methods=["POST"])
        routes.add_url_rule("/staged", view_func=self._upload, methods=["POST"])
        routes.add_url_rule("/bulk/<name>", view_func=self._download)
        return routes

    def _graphql(self, version: str) -> Response:
        served = served_version(version)
        if served is None:
            return _answer({"errors": "Not Found"}, status=404)
        grant = self._tokens.grant(request.headers.get("X-Shopify-Access-Token", ""))
        if grant is None:
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return _answer({"errors": message}, status=401)
        try:
            body = msgspec.json.decode(request.get_data(), type=dict[str, Any])
            query = str(body["query"])
        except (msgspec.DecodeError, KeyError):
            return _answer({"errors": {"query": "Required parameter missing or invalid"}}, status=400)
        answer = self._execute(query, body.get("variables") or {}, body.get("operationName"), grant.scopes)
        return _answer(answer, version=served)

    def _execute(
        self, query: str, variables: Mapping[str, Any], operation: str | None, scopes: frozenset[str]
    ) -> dict[str, Any]:
        document = parsed(query)
        if not isinstance(document, DocumentNode):
            return {"errors": formatted(document)}
        requested = query_cost(schema(), document, variables)
        if requested > MAXIMUM_QUERY_COST:
            limit = f"the single query max cost limit ({MAXIMUM_QUERY_COST})"
            message = f"Query cost is {requested}, which exceeds {limit}."
            return {"errors": [_error(message, "MAX_COST_EXCEEDED")], **self._cost(requested, None)}
        if not self.bucket.take(requested):
            return {"errors": [_error("Throttled", "THROTTLED")], **self._cost(requested, None)}
        call = Call(self._view(scopes), self._roots())
        result = run(call, document, variables, operation)
        actual = query_cost(schema(), document, variables, result.data)
        self.bucket.give_back(requested - actual)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = formatted(result.errors)
        answer |= self._cost(requested, actual)
        if call.warnings:
            answer["extensions"]["search"] = [{"warnings": [{"message": text} for text in call.warnings]}]
        return answer

    def _cost(self, requested: int, actual: int | None) -> dict[str, Any]:
        cost = {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": self.bucket.status(),
        }
        return {"extensions": {"cost": cost}}

    def _token(self) -> Response:
        given = request.form or msgspec.json.decode(request.get_data() or b"{}", type=dict[str, str])
        if given.get("grant_type") != "client_credentials":
            return _answer({"error": "unsupported_grant_type"}, status=400)
        token = self._tokens.issue(given.get("client_id", ""), given.get("client_secret", ""))
        if token is None:
            message = "Client authentication failed"
            return _answer({"error": "invalid_client", "error_description": message}, status=401)
        return _answer(
            {
                "access_token": token,
                "scope": ",".join(sorted(self._tokens.scopes)),
                "expires_in": int(self._tokens.lifetime.total_seconds()),
            }
        )

    def _upload(self) -> Response:
        file = request.files.get("file")
        key = request.form.get("key", "")
        if file is None or not key or request.form.get("policy") != "sandbox":
            return Response(
                "<Error><Code>InvalidPolicyDocument</Code></Error>", 400, mimetype="application/xml"
            )
        if not self._bulk.upload(key, file.read()):
            return Response("<Error><Code>EntityTooLarge</Code></Error>", 400, mimetype="application/xml")
        xml = f"<PostResponse><Key>{key}</Key></PostResponse>"
        return Response(xml, 201, mimetype="application/xml")

    def _download(self, name: str) -> Response:
        path = self._bulk.file(name)
        if path is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, mimetype="application/xml")
        return send_file(path, mimetype="application/jsonl")


def _answer(content: Mapping[str, Any], *, status: int = 200, version: str | None = None) -> Response:
    response = Response(msgspec.json.encode(content), status, mimetype="application/json")
    response.headers["x-request-id"] = str(uuid4())
    if version is not None:
        response.headers["X-Shopify-API-Version"] = version
    return response


def _error(message: str, code: str) -> dict[str, Any]:
    return {
        "message": message,
        "extensions": {"code": code, "documentation": "https://shopify.dev/api/usage/limits"},
    }
