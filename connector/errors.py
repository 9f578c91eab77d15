"""What can go wrong, named by what to do next.

Raise or log, never both. `connector.cli` turns each of these into one sentence and an exit code.
"""


class StammkundeError(Exception):
    """Anything we can explain to the owner in one sentence. Exit code 1 unless a subclass says otherwise."""

    exit_code = 1


class ConfigError(StammkundeError):
    """The config file is wrong: mend it. Carries every problem found, not only the first."""

    exit_code = 2


class UnsafePlanError(StammkundeError):
    """The plan exceeds a safety limit: look at it, then push with `--force` if it is right."""

    exit_code = 3


class LockedError(StammkundeError):
    """Another run is writing to this shop: wait for it or give `--wait SECONDS`."""


class DatabaseError(StammkundeError):
    """The database file cannot be used (disk full, read-only, of a newer version): nothing was changed."""


class AdapterError(StammkundeError):
    """Something between us and the shop. Never raised itself, only its subclasses.

    Args:
        message: one sentence for the owner, without any secret.
        request_id: the platform's own id of the failed request, for its support desk.
    """

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(f"{message} (request id {request_id})" if request_id else message)
        self.request_id = request_id


class TemporaryError(AdapterError):
    """The shop is down, slow or refuses for now: the next run tries again.

    Args:
        retry_after: seconds the shop asked us to wait, if it did.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(message, request_id=request_id)
        self.retry_after = retry_after


class AuthError(AdapterError):
    """The shop does not accept our credentials or they lack a scope: mend the named setting."""


class RejectedError(AdapterError):
    """The shop refused this one change for good; the others go on."""


class ResponseError(AdapterError):
    """The shop answered nonsense: stop with this shop, change nothing on the strength of it."""
