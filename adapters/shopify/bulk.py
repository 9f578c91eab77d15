"""Bulk operations: Shopify works through a query or a mutation alone and leaves a file with the result."""

from adapters.shopify.client import Admin
from adapters.shopify.documents import document
from adapters.shopify.records import Wire
from connector.errors import AuthError, ResponseError, TemporaryError

FIRST_POLL, LONGEST_POLL = 0.05, 30.0
#: How long we wait for one operation. Shopify itself gives up on a mutation after as long.
LONGEST_WAIT = 24 * 3600.0

RUNNING = {"CREATED", "RUNNING", "CANCELING"}


class Operation(Wire):
    id: str
    status: str
    error_code: str | None = None
    object_count: int | str = 0
    root_object_count: int | str = 0
    url: str | None = None
    partial_data_url: str | None = None
    query: str = ""

    def running(self) -> bool:
        return self.status in RUNNING


class UserError(Wire):
    message: str
    code: str | None = None
    element_index: int | None = None


class _Started(Wire):
    bulk_operation: Operation | None = None
    user_errors: tuple[UserError, ...] = ()


class _Start(Wire):
    started: _Started


class _Found(Wire):
    bulk_operation: Operation | None = None


class _Nodes(Wire):
    nodes: list[Operation]


class _Listed(Wire):
    bulk_operations: _Nodes


class Operations:
    """The bulk operations of this app in one shop."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def run_query(self, query: str) -> str:
        """Start reading; the id of the operation."""
        return self._start("bulk_run_query", {"query": query})

    def run_mutation(self, mutation: str, path: str, identifier: str) -> str:
        """Start writing what was uploaded to `path`; the id of the operation.

        Sent once: if the answer is lost, the next run finds the operation by its identifier.
        """
        variables = {"mutation": mutation, "path": path, "identifier": identifier}
        return self._start("bulk_run_mutation", variables, repeatable=False)

    def find(self, operation_id: str) -> Operation | None:
        """An operation as it stands now, None if Shopify has forgotten it."""
        found = self._admin.call(document("bulk_operation"), {"id": operation_id}, _Found)
        return found.bulk_operation

    def mutations(self) -> list[Operation]:
        """The newest bulk mutations of this app."""
        return self._admin.call(document("bulk_mutations"), {}, _Listed).bulk_operations.nodes

    def wait(self, operation_id: str, longest: float = LONGEST_WAIT) -> Operation | None:
        """The operation when it has ended, or as it stands after `longest` seconds."""
        deadline, pause = self._admin.clock() + longest, FIRST_POLL
        while True:
            operation = self.find(operation_id)
            if operation is None or not operation.running() or self._admin.clock() + pause > deadline:
                return operation
            self._admin.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL)

    def finish(self, operation_id: str) -> Operation:
        """The operation when it has ended.

        Raises:
            TemporaryError: it still runs after a day, or Shopify has forgotten it.
        """
        operation = self.wait(operation_id)
        if operation is None or operation.running():
            raise TemporaryError(f"Shopify does not finish the bulk operation {operation_id}.")
        return operation

    def _start(self, name: str, variables: dict[str, str], *, repeatable: bool = True) -> str:
        """Wait while as many operations run as Shopify allows at once; other shops of ours may share them."""
        deadline, pause = self._admin.clock() + self._admin.http.limits.total, FIRST_POLL
        while True:
            started = self._admin.call(document(name), variables, _Start, repeatable=repeatable).started
            if started.bulk_operation:
                return started.bulk_operation.id
            error = started.user_errors[0] if started.user_errors else UserError(message="no reason given")
            if error.code not in ("LIMIT_REACHED", "OPERATION_IN_PROGRESS"):
                raise ResponseError(f"Shopify refused a bulk operation: {error.message}")
            if self._admin.clock() + pause > deadline:
                raise TemporaryError(f"Shopify is busy with other bulk operations: {error.message}")
            self._admin.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL)


def failure(operation: Operation) -> Exception:
    """What an operation that did not complete means."""
    reason = operation.error_code or operation.status
    message = f"Shopify could not finish the bulk operation {operation.id}: {reason}."
    return AuthError(message) if operation.error_code == "ACCESS_DENIED" else TemporaryError(message)
