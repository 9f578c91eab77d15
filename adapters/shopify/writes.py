"""Mutations in numbers: many in one request, or a bulk mutation. Either way one outcome each, in order."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from adapters.shopify.bulk import Operation, Operations, UserError, failure
from adapters.shopify.client import Admin
from adapters.shopify.documents import document, repeated
from adapters.shopify.records import Wire
from connector.errors import ResponseError

T = TypeVar("T")

#: Mutations in one request: 10 points each, so a quarter of the smallest bucket.
AT_ONCE = 25
#: Lines of one bulk mutation. Shopify takes 100 MB; this keeps results coming.
BULK_LINES = 20_000

_OURS = "_stammkunde_"


class Outcome(msgspec.Struct, frozen=True):
    """What became of one mutation: no error means that it is done."""

    error: str | None = None
    code: str | None = None  #: Shopify's name of the error


class _Done(Wire):
    user_errors: tuple[UserError, ...] = ()


class _Data(msgspec.Struct):
    done: _Done | None = None


class _Line(msgspec.Struct):
    """A line of the result of a bulk mutation."""

    data: _Data | None = None
    errors: Any = None
    number: int = msgspec.field(default=-1, name="__lineNumber")


class _Target(Wire):
    url: str
    parameters: tuple[Mapping[str, str], ...]


class _Staged(Wire):
    staged_targets: tuple[_Target, ...] | None = None
    user_errors: tuple[UserError, ...] = ()


class _Upload(Wire):
    staged_uploads_create: _Staged


class Writes:
    """Sends mutations.

    Args:
        bulk_above: from how many on a bulk mutation is used; it is exempt from Shopify's points.
    """

    def __init__(self, admin: Admin, bulk_above: int) -> None:
        self._admin = admin
        self._operations = Operations(admin)
        self._bulk_above = bulk_above

    def settle(self) -> None:
        """Wait for bulk mutations of ours that a crashed process left running."""
        for operation in self._operations.mutations():
            if operation.running() and _OURS in operation.query:
                self._operations.finish(operation.id)

    def chunks(self, items: Sequence[T]) -> Iterator[Sequence[T]]:
        """As many as are sent, and so settled, together."""
        size = BULK_LINES if len(items) > self._bulk_above else AT_ONCE
        for start in range(0, len(items), size):
            yield items[start : start + size]

    def send(self, name: str, variables: Sequence[Mapping[str, Any]], run: str) -> list[Outcome]:
        """One mutation for each set of variables; outcomes in the same order."""
        if not variables:
            return []
        if len(variables) > max(self._bulk_above, AT_ONCE):
            return self._in_bulk(name, variables, run)
        return [outcome for part in _parts(variables) for outcome in self._together(name, part)]

    # -- in one request ---------------------------------------------------------------------------------

    def _together(self, name: str, variables: Sequence[Mapping[str, Any]]) -> list[Outcome]:
        numbered = {
            f"{key}_{place}": value for place, some in enumerate(variables) for key, value in some.items()
        }
        answers, refused = self._admin.call_each(repeated(name, len(variables)), numbered, _Done)
        return [_outcome(answers.get(f"_{n}"), refused.get(f"_{n}")) for n in range(len(variables))]

    # -- in bulk ----------------------------------------------------------------------------------------

    def _in_bulk(self, name: str, variables: Sequence[Mapping[str, Any]], run: str) -> list[Outcome]:
        lines = b"".join(msgspec.json.encode(some) + b"\n" for some in variables)
        identifier = _identifier(name, lines, run)
        operation = self._left_over(identifier) or self._start(name, lines, identifier)
        outcomes = self._outcomes(operation)
        missing = [number for number in range(len(variables)) if number not in outcomes]
        if missing and operation.status != "COMPLETED":
            raise failure(operation)
        if missing:
            raise ResponseError(
                f"The result of {operation.id} lacks {len(missing)} of {len(variables)} lines."
            )
        return [outcomes[number] for number in range(len(variables))]

    def _left_over(self, identifier: str) -> Operation | None:
        """The same lines of the same run, sent by a process that did not live to see the result."""
        for operation in self._operations.mutations():
            if identifier in operation.query:
                ended = self._operations.finish(operation.id)
                return ended if ended.status == "COMPLETED" and ended.url else None
        return None

    def _start(self, name: str, lines: bytes, identifier: str) -> Operation:
        path = self._upload(name, lines)
        # BulkOperation shows no clientIdentifier, only its query: there it stands in the operation's name.
        mutation = document(name).text.replace("(", f"{_OURS}{identifier}(", 1)
        operation_id = self._operations.run_mutation(mutation, path, f"stammkunde-{identifier}")
        return self._operations.finish(operation_id)

    def _upload(self, name: str, lines: bytes) -> str:
        """Put the lines where Shopify wants them; the path that names them."""
        wanted = {"resource": "BULK_MUTATION_VARIABLES", "httpMethod": "POST", "mimeType": "text/jsonl"}
        wanted["filename"] = f"{name}.jsonl"
        answer = self._admin.call(document("staged_upload"), {"input": [wanted]}, _Upload)
        targets = answer.staged_uploads_create.staged_targets
        if not targets:
            raise ResponseError("Shopify gave no place for an upload.")
        form = {part["name"]: part["value"] for part in targets[0].parameters}
        files = {"file": (f"{name}.jsonl", lines, "text/jsonl")}
        self._admin.http.request("POST", targets[0].url, data=form, files=files)
        if "key" not in form:
            raise ResponseError("Shopify gave no key for an upload.")
        return form["key"]

    def _outcomes(self, operation: Operation) -> dict[int, Outcome]:
        url = operation.url or operation.partial_data_url
        if url is None:
            return {}
        body = b"".join(self._admin.http.download(url))
        try:
            lines = msgspec.json.Decoder(_Line).decode_lines(body)
        except msgspec.DecodeError as error:
            raise ResponseError(f"The result of {operation.id} cannot be read: {error}.") from None
        return {line.number: _line_outcome(line) for line in lines}


def _line_outcome(line: _Line) -> Outcome:
    refused = None
    if line.errors:
        first = line.errors[0] if isinstance(line.errors, list) else line.errors
        refused = str(first.get("message", first)) if isinstance(first, dict) else str(first)
    return _outcome(line.data.done if line.data else None, refused)


def _outcome(done: _Done | None, refused: str | None) -> Outcome:
    if done and done.user_errors:
        error = done.user_errors[0]
        return Outcome(sentence(error.message), error.code)
    if refused or done is None:
        return Outcome(sentence(refused or "no reason given"))
    return Outcome()


def sentence(message: str) -> str:
    """Shopify's message as our sentence."""
    return f"Shopify refused it: {message.strip().rstrip('.')}."


def _identifier(name: str, lines: bytes, run: str) -> str:
    return hashlib.sha256(b"\0".join((run.encode(), name.encode(), lines))).hexdigest()[:32]


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]
