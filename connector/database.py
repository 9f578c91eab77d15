"""The SQLite file: opening it, its tables, writing to it, and the lock that keeps runs apart.

Times are INTEGER milliseconds since 1970 (UTC), days INTEGER `date.toordinal()` in the shop's time zone,
money INTEGER minor units of the shop's currency.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import sqlite_utils
from sqlite_utils import Migrations

from connector.errors import DatabaseError, LockedError

log = logging.getLogger(__name__)

BUSY_SECONDS = 30.0

migrations = Migrations("stammkunde")


@migrations()
def m001_first_tables(db: sqlite_utils.Database) -> None:
    """Everything of version 0.1. Secondary indexes of the big tables come in `build_indexes`."""
    _run_script(db, "schema_001.sql")


@migrations()
def m002_scores(db: sqlite_utils.Database) -> None:
    """RFM scores, and how far the owner knows of a group's changes."""
    _run_script(db, "schema_002.sql")


@migrations()
def m003_campaigns(db: sqlite_utils.Database) -> None:
    """Terms, hand-over and clean-up of coupons; who is held out; campaigns that were stopped."""
    _run_script(db, "schema_003.sql")


@migrations()
def m004_webhooks(db: sqlite_utils.Database) -> None:
    """Deliveries of webhooks, and what they say to read again."""
    _run_script(db, "schema_004.sql")


@migrations()
def m005_outbox(db: sqlite_utils.Database) -> None:
    """What receivers are to be told."""
    _run_script(db, "schema_005.sql")


@migrations()
def m006_privacy(db: sqlite_utils.Database) -> None:
    """Whom a pull must not bring back, and which personal fields are kept."""
    _run_script(db, "schema_006.sql")


@migrations()
def m007_figures(db: sqlite_utils.Database) -> None:
    """Figures that pages show, kept."""
    _run_script(db, "schema_007.sql")


@migrations()
def m008_outlets(db: sqlite_utils.Database) -> None:
    """What contacts of newsletter tools have from us."""
    _run_script(db, "schema_008.sql")


@migrations()
def m009_bases(db: sqlite_utils.Database) -> None:
    """Shops of one customer base."""
    _run_script(db, "schema_009.sql")


@migrations()
def m010_wider_indexes(db: sqlite_utils.Database) -> None:
    """Indexes that answer by themselves what a rebuild asks of all orders, and what `moved` counts."""
    _run_script(db, "schema_010.sql")


def _run_script(db: sqlite_utils.Database, name: str) -> None:
    # Not `executescript`, which would commit in the middle of the migration.
    for statement in Path(__file__).with_name(name).read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


# Measured: four indexes kept up during a first load halve it, so they are built when it is over.
INDEXES = (
    "CREATE INDEX IF NOT EXISTS customers_by_email ON customers(shop, email_key) WHERE email_key IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS customers_by_person ON customers(person) WHERE person IS NOT NULL",
    # With the person, so that a rebuild sees in the index whose orders go with the wrong one.
    "CREATE INDEX IF NOT EXISTS orders_by_customer ON orders(shop, customer_id, person)",
    "CREATE INDEX IF NOT EXISTS orders_by_email ON orders(shop, email_key) WHERE email_key IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS orders_by_day ON orders(shop, day)",
    "CREATE INDEX IF NOT EXISTS order_codes_by_code ON order_codes(shop, code)",
    "CREATE INDEX IF NOT EXISTS line_items_by_product ON line_items(shop, product_id)",
    "CREATE INDEX IF NOT EXISTS orders_by_number ON orders(shop, number)",
    (
        "CREATE INDEX IF NOT EXISTS customers_by_last_name ON customers(shop, last_name COLLATE NOCASE)"
        " WHERE last_name IS NOT NULL"
    ),
    (
        "CREATE INDEX IF NOT EXISTS customers_by_first_name ON customers(shop, first_name COLLATE NOCASE)"
        " WHERE first_name IS NOT NULL"
    ),
)
# Covers all that `facts` and reports read, in their order. Built once people are known: an order's person is
# filled in late.
PERSON_INDEX = (
    "CREATE INDEX IF NOT EXISTS orders_by_person"
    " ON orders(person, day, placed_at, uncounted, gone_at, spent, net, has_code) WHERE person IS NOT NULL"
)


class Database:
    """One thread's connection to the file of an installation.

    Every write goes through `write()`; outside it, nothing may change the database.

    Raises:
        DatabaseError: the file cannot be opened, is not ours, or was made by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _explained(path):
            _create_private(path)
            self.connection = _connect(path)
            self._migrate()

    def _migrate(self) -> None:
        db = sqlite_utils.Database(self.connection)
        known = {migration.name for migration in migrations._migrations}  # noqa: SLF001  no public list
        newer = [each.name for each in migrations.applied(db) if each.name not in known]
        if newer:
            raise DatabaseError(
                f"{self.path} was written by a newer Stammkunde (it knows {newer[0]}). Install that version."
            )
        if migrations.pending(db):
            with hold(self.path, "installation", wait=BUSY_SECONDS):
                migrations.apply(db)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, begun at once so that it never fails half-way for a lock."""
        with _explained(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                with suppress(sqlite3.OperationalError):  # a full disk has rolled back by itself
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def rows(self, sql: str, parameters: object = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with _explained(self.path):
            return self.connection.execute(sql, parameters).fetchall()  # type: ignore[arg-type]

    def row(self, sql: str, parameters: object = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with _explained(self.path):
            found: sqlite3.Row | None = self.connection.execute(sql, parameters).fetchone()  # type: ignore[arg-type]
            return found

    def value(self, sql: str, parameters: object = ()) -> int:
        """The single number a query gives; NULL is 0."""
        row = self.row(sql, parameters)
        return int(row[0] or 0) if row else 0

    def build_indexes(self) -> None:
        """The secondary indexes; nothing to do when they are there."""
        for statement in INDEXES:
            with self.write() as connection:
                connection.execute(statement)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _create_private(path: Path) -> None:
    """Make the file 0600 before SQLite opens it: its WAL and journal take over its mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    if os.name == "posix":
        _make_private(path)


def _make_private(path: Path) -> None:
    """A copy that was put back may have come with any mode."""
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with suppress(OSError):  # not there, not ours, or on a disk that knows no modes
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)
                if not each.stat().st_mode & 0o077:
                    log.warning("%s could be read by others on this machine. Now it is its owner's.", each)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = OFF",
        "cache_size = -65536",
        "temp_store = MEMORY",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's own words into a sentence that says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DatabaseError(_sentence(path, str(error))) from error
    except sqlite3.DatabaseError as error:
        raise DatabaseError(
            f"{path} is not a Stammkunde database or is damaged ({error}). Restore its backup."
        ) from error
    except OSError as error:
        raise DatabaseError(f"{path} cannot be created: {error.strerror}.") from error


def _sentence(path: Path, reason: str) -> str:
    if "full" in reason or ("disk I/O" in reason and _is_full(path)):
        return f"The disk that holds {path} is full. Nothing was lost; make room and run the command again."
    if "readonly" in reason or "read-only" in reason or _is_read_only(path):
        return f"{path} is read-only for this user. Nothing was changed; check its owner and mode."
    if "disk I/O" in reason:
        return (
            f"{path} cannot be written: the disk fails, or a quota is used up. Nothing was lost; see to it."
        )
    if "unable to open" in reason:
        return f"{path} cannot be opened. Check that its folder exists and belongs to this user."
    if "locked" in reason:
        return f"{path} stayed locked for {BUSY_SECONDS:.0f} seconds by another program. Try again."
    if "already exists" in reason:
        return f"{path} is another program's database. Name another file under `database` in the config."
    return f"{path}: {reason}."


def _is_full(path: Path) -> bool:
    """SQLite calls it a failure of the disk if there is no room for the file that it shares memory in."""
    try:
        return os.statvfs(path.parent).f_bavail == 0
    except OSError:
        return False


def _is_read_only(path: Path) -> bool:
    """Whether the file lies on something that cannot be written at all, such as a read-only mount."""
    try:
        return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def milliseconds(moment: datetime) -> int:
    """A moment as the database stores it."""
    return round(moment.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """A stored moment as an aware UTC datetime."""
    return datetime.fromtimestamp(stored / 1000, UTC)


@contextmanager
def hold(path: Path, name: str, *, wait: float = 0.0, holder: str = "") -> Iterator[None]:
    """Be the one writer called `name` (a shop, or "installation") of the database at `path`.

    The lock is a write transaction in a sidecar database that nothing else opens, so the kernel gives it back
    when the process dies, however it dies. (Measured: with a rollback journal, opening and closing the file
    elsewhere in the holder's process would free the lock; WAL does not have that.)

    Raises:
        LockedError: another process holds it, still after `wait` seconds.
    """
    folder = path.with_name(path.name + ".locks")
    lock = folder / f"{name}.lock"
    with _explained(lock):
        folder.mkdir(mode=0o700, exist_ok=True)
        _create_private(lock)
        connection = sqlite3.connect(lock, timeout=0, isolation_level=None)
    note = lock.with_suffix(".holder")
    try:
        _acquire(connection, lock, note, wait)
        note.write_text(holder or f"process {os.getpid()}", encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True) if connection.in_transaction else None
        connection.close()


def _acquire(connection: sqlite3.Connection, lock: Path, note: Path, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise DatabaseError(_sentence(lock, str(error))) from error
            if time.monotonic() >= deadline:
                raise LockedError(_who(lock, note)) from None
            time.sleep(0.1)
        else:
            return


def _who(lock: Path, note: Path) -> str:
    try:
        holder = note.read_text(encoding="utf-8")
    except FileNotFoundError:
        holder = "another process"
    return f"{lock.stem} is in use by {holder}. Wait for it to end, or give --wait SECONDS."
