"""Bulk operations: queries and mutations over everything, in the background, with JSONL files."""

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, TypeAlias
from uuid import uuid4

import msgspec
from graphql import DocumentNode, FieldNode, OperationType
from graphql.execution.values import get_argument_values

from adapters.shopify.sandbox.bulk_rules import fragments_of, operation_of, why_not_bulk
from adapters.shopify.sandbox.connections import SORT_COLUMNS, from_list
from adapters.shopify.sandbox.engine import Call, Resolver, formatted, parsed, run, schema
from adapters.shopify.sandbox.projection import AccessDeniedError, Compiler, Shape, member_selection
from adapters.shopify.sandbox.queries import Queries, window
from adapters.shopify.sandbox.records import gid, number_of
from adapters.shopify.sandbox.shop import Shop
from adapters.shopify.sandbox.view import View

CONCURRENT = 5
FILE_BYTES = 100_000_000
IDENTIFIER_LENGTH = (10, 255)

_CHUNK = 500
_MUTATIONS_PER_TRANSACTION = 200
_FINISHED = ("COMPLETED", "FAILED", "CANCELED", "EXPIRED")


#: A line of a result file, and whether it is a root object.
Line: TypeAlias = tuple[bytes, bool]


class Switches(msgspec.Struct, kw_only=True):
    """How the next operations behave."""

    shuffle_children: bool = True  #: children before or far behind their parents (groupObjects: false)
    shuffle_grouped: bool = False  #: the same for groupObjects: true
    fail_after: int | None = None  #: fail after so many objects, with partial data
    fail_code: str = "INTERNAL_SERVER_ERROR"
    hold_polls: int = 0  #: answer RUNNING to so many looks
    hold_seconds: float = 0  #: answer RUNNING for so long


class Operation(msgspec.Struct, kw_only=True):
    """A `BulkOperation`."""

    id: int
    type: str
    query: str
    created: datetime
    identifier: str | None = None
    status: str = "CREATED"
    error: str | None = None
    completed: datetime | None = None
    objects: int = 0
    roots: int = 0
    file: Path | None = None
    partial: bool = False
    polls_left: int = 0
    held_until: float = 0
    cancel: bool = False

    def held(self) -> bool:
        """Whether it pretends to be running still."""
        return self.polls_left > 0 or monotonic() < self.held_until


class StoppedError(Exception):
    """The operation was cancelled or told to fail."""


class BulkOperations:
    """All bulk operations of the shop.

    Args:
        directory: where files are kept.
        url: gives the sandbox's own address.
        roots: root fields for the mutations that run in bulk.
    """

    def __init__(
        self,
        shop: Shop,
        queries: Queries,
        directory: Path,
        url: Callable[[], str],
        roots: Callable[[], dict[str, Resolver]],
    ) -> None:
        self.switches = Switches()
        self._shop = shop
        self._queries = queries
        self._directory = directory
        self._url = url
        self._roots = roots
        self._operations: dict[int, Operation] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def roots(self) -> dict[str, Resolver]:
        """Root fields of the API."""
        return {
            "bulkOperation": lambda _, global_id: self.look(number_of(global_id)),
            "bulkOperations": self._list,
            "bulkOperationRunQuery": self._run_query,
            "bulkOperationRunMutation": self._run_mutation,
            "bulkOperationCancel": self._cancel,
            "stagedUploadsCreate": self._stage,
        }

    def file(self, name: str) -> Path | None:
        """A result or uploaded file by its name in the URL."""
        path = self._directory / Path(name).name
        return path if path.is_file() else None

    def upload(self, key: str, data: bytes) -> bool:
        """Keep an uploaded file; False if it is too large."""
        if len(data) > FILE_BYTES:
            return False
        (self._directory / Path(key).name).write_bytes(data)
        return True

    def stop(self) -> None:
        """Cancel what runs and wait for it."""
        for operation in self._operations.values():
            operation.cancel = True
        for thread in self._threads:
            thread.join()

    def operation(self, number: int | None = None) -> Operation:
        """The operation itself, by default the newest (for tests)."""
        return self._operations[number or max(self._operations)]

    def look(self, number: int | None) -> dict[str, Any] | None:
        """A `BulkOperation` as the API shows it."""
        operation = self._operations.get(number or 0)
        if operation is None:
            return None
        operation.polls_left -= 1
        return self._document(operation)

    def _document(self, operation: Operation) -> dict[str, Any]:
        held = operation.status in ("COMPLETED", "FAILED") and operation.held()
        status = "RUNNING" if held else operation.status
        finished = operation.file if operation.status in ("COMPLETED", "FAILED") and not held else None
        url = f"{self._url()}/bulk/{finished.name}" if finished else None
        size = finished.stat().st_size if finished else None
        return {
            "__typename": "BulkOperation",
            "id": gid("BulkOperation", operation.id),
            "status": status,
            "type": operation.type,
            "query": operation.query,
            "errorCode": operation.error if not held else None,
            "createdAt": operation.created,
            "completedAt": operation.completed if not held else None,
            "objectCount": str(operation.objects),
            "rootObjectCount": str(operation.roots),
            "fileSize": str(size) if size is not None else None,
            "url": url if status == "COMPLETED" else None,
            "partialDataUrl": url if status == "FAILED" else None,
        }

    def _list(self, _: Call, **arguments: Any) -> Any:
        wanted = _filters(arguments.get("query") or "")
        found = [
            document
            for _, operation in sorted(self._operations.items())
            if _matches(document := self._document(operation), operation, wanted)
        ]
        return from_list(found, **arguments)

    def _cancel(self, _: Call, global_id: str) -> Any:
        operation = self._operations.get(number_of(global_id) or 0)
        if operation is None:
            unknown = {"field": ["id"], "message": "Bulk operation does not exist"}
            return {"bulkOperation": None, "userErrors": [unknown]}
        if operation.status in _FINISHED and not operation.held():
            message = "A bulk operation cannot be canceled when it is completed"
            refusal = {"field": None, "message": message}
            return {"bulkOperation": self._document(operation), "userErrors": [refusal]}
        with self._lock:
            operation.cancel = True
            operation.held_until, operation.polls_left = 0, 0
            operation.status = "CANCELED" if operation.status in _FINISHED else "CANCELING"
        return {"bulkOperation": self._document(operation), "userErrors": []}

    def _stage(self, _: Call, wanted: list[dict[str, Any]]) -> Any:
        if any(one.get("httpMethod") != "POST" for one in wanted):
            error = {"field": ["input", "0", "httpMethod"], "message": "BULK_MUTATION_VARIABLES needs POST"}
            return {"stagedTargets": None, "userErrors": [error]}
        return {"stagedTargets": [self._target(one) for one in wanted], "userErrors": []}

    def _target(self, wanted: dict[str, Any]) -> dict[str, Any]:
        key = f"tmp/sandbox/bulk/{uuid4()}-{wanted['filename']}"
        parameters = {"key": key, "Content-Type": wanted["mimeType"], "acl": "private", "policy": "sandbox"}
        return {
            "url": f"{self._url()}/staged",
            "resourceUrl": f"{self._url()}/staged/{key}",
            "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
        }

    # Starting

    def _start(
        self, type_: str, query: str, identifier: str | None, work: Callable[[Operation], None]
    ) -> Operation:
        with self._lock:
            operation = Operation(
                id=max(self._operations, default=1000) + 1,
                type=type_,
                query=query,
                created=self._shop.now(),
                identifier=identifier,
                polls_left=self.switches.hold_polls,
                held_until=monotonic() + self.switches.hold_seconds,
            )
            self._operations[operation.id] = operation
            thread = threading.Thread(
                target=self._work, args=(operation, work), name=f"bulk-{operation.id}", daemon=True
            )
            self._threads.append(thread)
        thread.start()
        return operation

    def _running(self, type_: str) -> int:
        return sum(
            operation.type == type_ and self._document(operation)["status"] not in _FINISHED
            for operation in self._operations.values()
        )

    def _work(self, operation: Operation, work: Callable[[Operation], None]) -> None:
        operation.status = "RUNNING"
        operation.file = self._directory / f"bulk-{operation.id}.jsonl"
        try:
            work(operation)
            outcome = "COMPLETED"
        except AccessDeniedError:
            outcome, operation.error = "FAILED", "ACCESS_DENIED"
        except StoppedError:
            outcome = "CANCELED" if operation.cancel else "FAILED"
            operation.error = None if operation.cancel else self.switches.fail_code
            operation.partial = not operation.cancel
        except Exception:
            operation.error, operation.status = "INTERNAL_SERVER_ERROR", "FAILED"
            raise
        if operation.objects == 0 or (outcome != "COMPLETED" and not operation.partial):
            operation.file = None
        operation.completed = self._shop.now()
        with self._lock:  # whoever cancels meanwhile must not be overtaken
            operation.status = "CANCELED" if operation.cancel else outcome
        payload = {
            "admin_graphql_api_id": gid("BulkOperation", operation.id),
            "status": operation.status.lower(),
        }
        self._shop.webhooks.emit("BULK_OPERATIONS_FINISH", payload)

    # Queries

    def _run_query(self, call: Call, query: str, group_objects: bool) -> Any:
        document = parsed(query)
        message = document[0].message if isinstance(document, tuple) else why_not_bulk(document)
        if isinstance(document, tuple) or message:
            return _refused("query", "INVALID", f"Bulk query is not valid: {message}")
        if self._running("QUERY") >= CONCURRENT:
            message = "A bulk query operation for this app and shop is already in progress: limit reached."
            return _refused(None, "OPERATION_IN_PROGRESS", message)
        shuffle = self.switches.shuffle_grouped if group_objects else self.switches.shuffle_children
        view = call.view
        operation = self._start(
            "QUERY", query, None, lambda running: self._export(running, document, view, shuffle=shuffle)
        )
        return {"bulkOperation": self._document(operation), "userErrors": []}

    def _export(self, operation: Operation, document: DocumentNode, view: View, *, shuffle: bool) -> None:
        records, shape = self._source(document, view)
        lines = _shuffled(records, shape) if shuffle else _grouped(records, shape)
        with _open(operation) as file:
            for chunk in _chunks(lines, _CHUNK):
                limit = self.switches.fail_after
                kept = chunk if limit is None else chunk[: limit - operation.objects]
                file.writelines(line for line, _ in kept)
                operation.objects += len(kept)
                operation.roots += sum(is_root for _, is_root in kept)
                if operation.cancel or operation.objects == limit:
                    raise StoppedError

    def _source(self, document: DocumentNode, view: View) -> tuple[Iterator[Any], Shape]:
        fragments = fragments_of(document)
        root = schema().query_type
        node = operation_of(document).selection_set.selections[0]
        if root is None or not isinstance(node, FieldNode):
            raise RuntimeError("checked before the start")
        compiler = Compiler(fragments, view)
        compiler.require(root, node)
        member_type, selections = member_selection(root, node, fragments)
        shape = compiler.shape(member_type, selections)
        arguments = get_argument_values(root.fields[node.name.value], node)
        return self._records(node.name.value, arguments, view), shape

    def _records(self, name: str, arguments: dict[str, Any], view: View) -> Iterator[Any]:
        table = self._queries.tables[name]
        condition, values, _ = table.search.condition(arguments.get("query"))
        visible, more = window(view, name)
        column = SORT_COLUMNS[arguments["sortKey"]]
        direction = "DESC" if arguments["reverse"] else "ASC"
        stream = self._shop.store.stream(
            name, f"({condition}) AND ({visible})", [*values, *more], f"{column} {direction}, id {direction}"
        )
        return map(table.decode, stream)

    # Mutations

    def _run_mutation(
        self,
        call: Call,
        mutation: str,
        staged_upload_path: str,
        client_identifier: str | None = None,
    ) -> Any:
        document = parsed(mutation)
        if isinstance(document, tuple) or operation_of(document).operation is not OperationType.MUTATION:
            return _refused("mutation", "INVALID_MUTATION", "The mutation is not valid")
        path = self.file(staged_upload_path)
        if path is None:
            return _refused("stagedUploadPath", "NO_SUCH_FILE", "The JSONL file could not be found")
        shortest, longest = IDENTIFIER_LENGTH
        if client_identifier is not None and not shortest <= len(client_identifier) <= longest:
            return _refused(
                "clientIdentifier", "INVALID_MUTATION", "Client identifier must be 10 to 255 characters"
            )
        if self._running("MUTATION") >= CONCURRENT:
            return _refused(None, "OPERATION_IN_PROGRESS", "Too many bulk mutations are in progress")
        view = call.view
        operation = self._start(
            "MUTATION",
            mutation,
            client_identifier,
            lambda running: self._apply(running, document, view, path),
        )
        return {"bulkOperation": self._document(operation), "userErrors": []}

    def _apply(self, operation: Operation, document: DocumentNode, view: View, path: Path) -> None:
        call = Call(view, self._roots())
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
        with _open(operation) as file:
            for start in range(0, len(lines), _MUTATIONS_PER_TRANSACTION):
                with self._shop.store.write():
                    for place, line in enumerate(lines[start : start + _MUTATIONS_PER_TRANSACTION], start):
                        file.write(msgspec.json.encode(_answer(call, document, line, place)) + b"\n")
                        operation.objects += 1
                        operation.roots += 1
                        if operation.cancel or operation.objects == self.switches.fail_after:
                            file.flush()
                            break
                if operation.cancel or operation.objects == self.switches.fail_after:
                    raise StoppedError


def _open(operation: Operation) -> BinaryIO:
    if operation.file is None:
        raise RuntimeError("an operation that runs has a file")
    return operation.file.open("wb")


def _chunks(lines: Iterator[Line], size: int) -> Iterator[list[Line]]:
    while chunk := list(islice(lines, size)):
        yield chunk


def _answer(call: Call, document: DocumentNode, line: bytes, place: int) -> dict[str, Any]:
    """The line of the result file for one line of variables."""
    try:
        variables = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError as error:
        return {"errors": [{"message": f"Invalid JSON: {error}"}], "__lineNumber": place}
    result = run(call, document, variables, None)
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = formatted(result.errors)
    return {**answer, "__lineNumber": place}


_encode = msgspec.json.Encoder().encode


def _grouped(records: Iterable[Any], shape: Shape) -> Iterator[Line]:
    for record in records:
        yield _line(shape.project(record)), True
        for child in shape.descendants(record):
            yield _line(child), False


def _line(found: dict[str, Any]) -> bytes:
    return _encode(found) + b"\n"


def _shuffled(records: Iterator[Any], shape: Shape) -> Iterator[Line]:
    """Children before their parents, behind them, and a few at the very end of the file."""
    last: list[Line] = []
    while chunk := list(islice(records, _CHUNK)):
        children = [(_line(child), False) for record in chunk for child in shape.descendants(record)]
        yield from children[1::3]
        yield from ((_line(shape.project(record)), True) for record in chunk)
        behind = [child for place, child in enumerate(children) if place % 3 != 1]
        last.extend(behind[::50])
        yield from (child for place, child in enumerate(behind) if place % 50)
    yield from last


def _refused(field: str | None, code: str, message: str) -> dict[str, Any]:
    error = {"field": [field] if field else None, "code": code, "message": message}
    return {"bulkOperation": None, "userErrors": [error]}


def _filters(query: str) -> dict[str, str]:
    terms = (term.partition(":") for term in query.replace("(", " ").replace(")", " ").split())
    return {name: value.strip("'\"") for name, colon, value in terms if colon}


def _matches(document: dict[str, Any], operation: Operation, wanted: dict[str, str]) -> bool:
    actual = {
        "status": document["status"].lower(),
        "operation_type": operation.type.lower(),
        "id": str(operation.id),
        "client_identifier": (operation.identifier or "").lower(),
    }
    return all(actual.get(name, value.lower()) == value.lower() for name, value in wanted.items())
