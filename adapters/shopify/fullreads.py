"""The first load: everything of one kind, by a bulk operation."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from adapters.shopify.bulk import Operation, Operations, failure
from adapters.shopify.client import Admin
from adapters.shopify.documents import document
from adapters.shopify.kinds import Source
from adapters.shopify.spool import Spool
from connector.adapter import Page
from connector.errors import AuthError, RejectedError, ResponseError, TemporaryError

#: After this many seconds a page without records is given, so that its checkpoint is kept and a crash while
#: Shopify prepares the file does not start a second operation.
PATIENCE = 15.0


class _Position(msgspec.Struct, rename={"operation": "bulk"}):
    """The checkpoint of a first load: the operation, and how many records of it are done."""

    operation: str
    done: int = 0

    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class FullReads:
    """First loads of one kind of record.

    Args:
        page_size: records of a page.
    """

    def __init__(self, admin: Admin, source: Source, page_size: int) -> None:
        self._admin = admin
        self._source = source
        self._page_size = page_size
        self._operations = Operations(admin)

    def read(self, checkpoint: str | None) -> Iterator[Page[Any]]:
        """Everything there is. A checkpoint resumes with the operation it names.

        A running operation that no checkpoint names is not taken over: it may be older than the read, and
        what changed in between would be lost.
        """
        position = _position(checkpoint)
        operation = self._usable(position) if position else None
        if operation is None or position is None:
            position = _Position(self._operations.run_query(document(f"bulk_{self._source.plural}").text))
            operation = self._operations.wait(position.operation, PATIENCE)
        if operation and operation.running():
            yield Page(records=(), checkpoint=position.text())
        operation = self._operations.finish(position.operation)
        yield from self._result(operation, position)

    def _usable(self, position: _Position) -> Operation | None:
        """The operation of a checkpoint, if it still runs or its result can still be fetched."""
        operation = self._operations.find(position.operation)
        if operation is None or operation.running():
            return operation
        if operation.status != "COMPLETED" or not operation.url:
            return None
        return operation if self._reachable(operation.url) else None

    def _reachable(self, url: str) -> bool:
        """Addresses of results end after seven days; Shopify's storage then refuses them."""
        try:
            next(iter(self._admin.http.download(url)), b"")
        except (AuthError, RejectedError):
            return False
        return True

    def _result(self, operation: Operation, position: _Position) -> Iterator[Page[Any]]:
        if operation.status == "COMPLETED":
            yield from self._records(operation, operation.url, position)
            return
        if operation.partial_data_url:
            yield from self._records(operation, operation.partial_data_url, position)
        raise failure(operation)

    def _records(self, operation: Operation, url: str | None, position: _Position) -> Iterator[Page[Any]]:
        partial = operation.status != "COMPLETED"
        with Spool() as spool:
            if url:
                spool.fill(self._download(url))
            if not partial:
                _verify(operation, spool)
            records = self._translated(spool, position.done, drop_last=partial)
            while page := tuple(islice(records, self._page_size)):
                position.done += len(page)
                yield Page(records=page, checkpoint=position.text(), total=spool.roots)
            if spool.orphans() and not partial:
                raise ResponseError(
                    f"The bulk result of {operation.id} holds lines that belong to no record."
                )

    def _download(self, url: str) -> Iterator[bytes]:
        try:
            yield from self._admin.http.download(url)
        except (AuthError, RejectedError) as error:
            raise TemporaryError(
                "The address of a bulk result has expired; the next run asks anew."
            ) from error

    def _translated(self, spool: Spool, done: int, *, drop_last: bool) -> Iterator[Any]:
        """Records behind the first `done`. The last of a partial result may lack lines and is left out."""
        groups = spool.groups(self._source.rows, self._source.children)
        end = spool.roots - 1 if drop_last else spool.roots
        for row, children in islice(groups, min(done, max(end, 0)), max(end, 0)):
            yield self._source.to_record(row, children)


def _verify(operation: Operation, spool: Spool) -> None:
    """A file that holds less than Shopify says it counted must not pass for everything there is."""
    if int(operation.object_count) > 0 and spool.rows == 0:
        raise ResponseError(f"The bulk result of {operation.id} is empty although Shopify counted records.")
    if spool.roots < int(operation.root_object_count):
        counts = f"{spool.roots} of {operation.root_object_count}"
        raise ResponseError(f"The bulk result of {operation.id} holds only {counts} records.")


def _position(checkpoint: str | None) -> _Position | None:
    if checkpoint is None:
        return None
    try:
        return msgspec.json.decode(checkpoint, type=_Position)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None  # of another kind of read: begin again rather than skip anything
