"""What every SQLite adapter shares: how a file is opened, who may write to it, and what its errors mean.

One file has one writer thread and a few readers. Writes that arrive while another is being committed share the
next transaction, and so one fsync. A data folder belongs to one process at a time (`claim_folder`).
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

from backbone.errors import Conflict, Unavailable

T = TypeVar("T")

Durability = Literal["full", "normal"]
"""``full``: acknowledged means on disk, whatever happens (live). ``normal``: survives kill -9 of the process, while
a power cut may undo the last commits (replay, which can be run again)."""

BUSY_TIMEOUT_S = 5.0
READERS = 2
JOBS_PER_TRANSACTION = 256
_ALMOST_FULL_BYTES = 1 << 20


def connect(path: Path, durability: Durability, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a file in WAL mode, without implicit transactions; any thread may use the connection, one at a time."""
    with translated(path):
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            prepare(connection, durability)
            connection.execute(f"PRAGMA query_only = {int(read_only)}")
        except BaseException:
            connection.close()
            raise
    return connection


def prepare(connection: sqlite3.Connection, durability: Durability) -> None:
    """Set what every connection of ours has; for connections that a driver opened."""
    for pragma in (
        f"busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}",
        "journal_mode = WAL",
        f"synchronous = {durability.upper()}",
        "foreign_keys = ON",
        "cache_size = -8000",
        "temp_store = MEMORY",
        "journal_size_limit = 67108864",
        "wal_autocheckpoint = 4000",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


# ------------------------------------------------------------------------------------------------------- errors

_REMEDIES: dict[str, tuple[str, str]] = {
    "disk_full": ("the disk is full", "Free some space; work goes on by itself."),
    "file_locked": ("another process is writing to the file", "Stop the other process; work goes on by itself."),
    "read_only": ("the file or its folder cannot be written to", "Give this user write permission on both."),
    "corrupt": (
        "the file is damaged or is not a database",
        "Stop the system, keep the file, and restore it from a backup.",
    ),
    "cannot_open": ("the file cannot be opened", "Check that the folder exists and that this user may write to it."),
    "disk_error": ("reading or writing failed", "Check the disk: its space, the quota, the system's log."),
}

_CODES: dict[int, str] = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_BUSY: "file_locked",
    sqlite3.SQLITE_LOCKED: "file_locked",
    sqlite3.SQLITE_PROTOCOL: "file_locked",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_CANTOPEN: "cannot_open",
    sqlite3.SQLITE_IOERR: "disk_error",
}


def unavailable(error: BaseException, path: Path) -> Unavailable | None:
    """What an error of SQLite or the system means for the file at `path`; None where it is a fault of ours.

    Drivers wrap SQLite's error: it is looked for down the chain of `orig` and `__cause__`.
    """
    code = _code(_innermost(error))
    if code is None:
        return None
    if code in ("disk_error", "cannot_open") and _almost_full(path):
        code = "disk_full"
    return _meaning(code, path)


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise Unavailable for what goes wrong with the file at `path`; faults of ours pass unchanged."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        meaning = unavailable(error, path)
        if meaning is None:
            raise
        raise meaning from error


def check_space(path: Path) -> None:
    """Unavailable ``disk_full`` where there is so little space that an ordinary write may fail."""
    if _almost_full(path):
        raise _meaning("disk_full", path)


def _meaning(code: str, path: Path) -> Unavailable:
    what, remedy = _REMEDIES[code]
    return Unavailable(f"{path}: {what}.", code=code, remedy=remedy)


def _innermost(error: BaseException) -> BaseException:
    inner = getattr(error, "orig", None) or error.__cause__
    return _innermost(inner) if isinstance(inner, (sqlite3.Error, OSError)) else error


def _code(error: BaseException) -> str | None:
    if isinstance(error, sqlite3.Error):
        return _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        denied = error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
        return "disk_full" if full else "read_only" if denied else "disk_error"
    return None


def _almost_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _ALMOST_FULL_BYTES
    except OSError:
        return False


# -------------------------------------------------------------------------------------------------- data folder


class FolderClaim:
    """This process's right to a data folder. The system takes it back when the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another process have the folder; a second call has no effect."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def claim_folder(folder: Path) -> FolderClaim:
    """Claim `folder` (made if it is not there) for this process; Conflict ``folder_taken`` with the pid that has it."""
    lock = folder / "lock"
    with translated(lock):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        pid = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        _refuse(folder, pid, error)
    with translated(lock):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
    return FolderClaim(descriptor)


def _refuse(folder: Path, pid: str, error: OSError) -> NoReturn:
    raise Conflict(
        f"{folder}: the data folder is in use by process {pid}.",
        code="folder_taken",
        remedy="Stop that process, or choose another data folder.",
        current={"pid": pid, "folder": str(folder)},
    ) from error


# --------------------------------------------------------------------------------------------------------- file

Job = Callable[[sqlite3.Connection], Any]


def threads(count: int, name: str, inline: bool) -> ThreadPoolExecutor | None:
    """Threads for a file's work; None where it is to be done `inline`, in the caller's own.

    Inline is for a replay, where nothing else waits meanwhile: passing work to a thread costs more than the work.
    """
    return None if inline else ThreadPoolExecutor(count, thread_name_prefix=name)


async def run_on(pool: ThreadPoolExecutor | None, work: Callable[..., T], *arguments: Any) -> T:
    """The result of `work`, done on the pool or inline."""
    if pool is None:
        return work(*arguments)
    return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)


class SqliteFile:
    """One database file: jobs that write run in order on one thread, jobs that read run beside them.

    A write job may be run again after a rollback, so its only effect is on the connection it is given.
    """

    def __init__(self, path: Path, durability: Durability, schema: str, inline: bool = False) -> None:
        self.path = path
        self._durability: Durability = durability
        self._waiting: deque[tuple[Job, Callable[[Any], None], asyncio.Future[Any]]] = deque()
        self._flusher: asyncio.Task[None] | None = None
        self._writer = threads(1, f"{path.name}-writer", inline)
        self._readers = threads(READERS, f"{path.name}-reader", inline)
        self._closed = False
        self._write_connection = connect(path, durability)
        try:
            with translated(path):
                self._write_connection.executescript(schema)
            self._idle = deque(connect(path, durability, read_only=True) for _ in range(READERS))
        except BaseException:
            self._write_connection.close()
            raise

    async def write(self, job: Callable[[sqlite3.Connection], T], committed: Callable[[T], None] = lambda _: None) -> T:
        """Run `job` in a transaction, which it may share with others, and return once it is committed.

        `committed` is then told the result, in the order of the jobs, even where the caller was cancelled meanwhile.
        Raises Unavailable if it cannot be committed, and what `job` raised; either way nothing of it was kept.
        """
        self._check_open()
        if self._writer is None:
            return self._write_at_once(job, committed)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, committed, future))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        return await future

    def _write_at_once(self, job: Callable[[sqlite3.Connection], T], committed: Callable[[T], None]) -> T:
        outcome = self._commit([job])[0]
        if isinstance(outcome, Exception):
            raise outcome
        committed(outcome)
        result: T = outcome
        return result

    async def read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run `job` on a reading connection; each of its statements sees what was committed before it began."""
        self._check_open()
        return await run_on(self._readers, self._read, job)

    async def close(self) -> None:
        """Finish the writes that wait, fold the WAL into the file and close; a second call has no effect."""
        if self._closed:
            return
        self._closed = True
        if self._flusher is not None:
            await asyncio.wait((self._flusher,))
        await asyncio.get_running_loop().run_in_executor(None, self._shut)

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable(f"{self.path}: the file is closed.", code="closed", remedy="Start the system again.")

    async def _flush(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), JOBS_PER_TRANSACTION))]
            outcomes = await run_on(self._writer, self._commit, [job for job, _, _ in group])
            for (_, committed, future), outcome in zip(group, outcomes, strict=True):
                _settle(future, committed, outcome)

    def _commit(self, jobs: list[Job]) -> list[Any]:
        """The result or the exception of each job. A job that fails by itself does not take the others with it."""
        try:
            return self._transaction(jobs)
        except Unavailable as error:
            return [error] * len(jobs)
        except Exception as error:
            return [error] if len(jobs) == 1 else [outcome for job in jobs for outcome in self._commit([job])]

    def _transaction(self, jobs: list[Job]) -> list[Any]:
        connection = self._write_connection
        with translated(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                results = [job(connection) for job in jobs]
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return results

    def _read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._idle.popleft()
        try:
            with translated(self.path):
                return job(connection)
        finally:
            self._idle.append(connection)

    def _shut(self) -> None:
        for each in (self._readers, self._writer):
            if each is not None:
                each.shutdown()
        for connection in (*self._idle, self._write_connection):
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _settle(future: asyncio.Future[Any], committed: Callable[[Any], None], outcome: Any) -> None:
    if not isinstance(outcome, Exception):
        committed(outcome)
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
