"""The desk in one SQLite file: one transaction writes at a time, readers see snapshots beside it (WAL)."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from backbone.embedded.sqlite import Durability, connect, run_on, threads, translated, unavailable
from backbone.errors import Unavailable
from backbone.relational import migrations
from backbone.relational.desk import RelationalDesk
from backbone.relational.owed import Owed
from backbone.relational.work import Work

T = TypeVar("T")

READERS = 4


class SqliteDesk(RelationalDesk):
    """See `Desk`."""

    @classmethod
    async def open(cls, path: Path, durability: Durability = "full", inline: bool = False) -> "SqliteDesk":
        """Open the file, made and brought to the newest revision where needed; Unavailable names it if it cannot."""
        return cls(await SqliteDatabase.open(path, durability, inline))

    @classmethod
    async def look(cls, path: Path) -> "SqliteDesk":
        """Open the file to read it, beside a process that may run on it; its tables are left as they are.

        BadInput ``other_desk`` where another version wrote them.
        """
        return cls(await SqliteDatabase.open(path, "full", inline=False, look_only=True))


class _Lane:
    """One connection and its thread. What is asked of it is done in that order, even if nobody waits any more."""

    def __init__(self, path: Path, durability: Durability, inline: bool, *, read_only: bool) -> None:
        self._path = path
        self._begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        self._thread = threads(1, f"{path.name}-{'reader' if read_only else 'writer'}", inline)
        self._engine = create_engine(
            "sqlite://",
            creator=lambda: connect(path, durability, read_only=read_only),
            poolclass=NullPool,
            hide_parameters=True,  # an error that is logged must not carry what somebody wrote
        )
        event.listen(self._engine, "begin", self._on_begin)
        self._connection: Connection | None = None
        self.closed = False

    def run(self, job: Callable[[Connection], T]) -> "asyncio.Future[T]":
        """Run `job` on the lane's thread (or inline), whether anybody waits for it or not."""
        if self.closed:
            raise Unavailable(f"{self._path}: the desk is closed.", code="closed", remedy="Start the system again.")
        loop = asyncio.get_running_loop()
        if self._thread is not None:
            return loop.run_in_executor(self._thread, self._translated, job)
        done: asyncio.Future[T] = loop.create_future()
        try:
            done.set_result(self._translated(job))
        except Exception as error:
            done.set_exception(error)
        return done

    async def close(self) -> None:
        """Finish what was asked, then let go of the connection and the thread; a second call has no effect."""
        if self.closed:
            return
        self.closed = True
        await run_on(self._thread, self._disconnect)
        if self._thread is not None:
            self._thread.shutdown(wait=False)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _translated(self, job: Callable[[Connection], T]) -> T:
        try:
            with translated(self._path):
                if self._connection is None:
                    self._connection = self._engine.connect()
                return job(self._connection)
        except DBAPIError as error:
            meaning = unavailable(error, self._path)
            if meaning is None:
                raise
            raise meaning from error

    def _on_begin(self, connection: Connection) -> None:
        connection.exec_driver_sql(self._begin)


class SqliteDatabase:
    """See `Database`."""

    def __init__(self, path: Path, durability: Durability, inline: bool) -> None:
        self._writer = _Lane(path, durability, inline, read_only=False)
        self._turn = asyncio.Lock()
        self._looker, *self._readers = [_Lane(path, durability, inline, read_only=True) for _ in range(1 + READERS)]
        self._idle = list(self._readers)
        self._reader_free = asyncio.Semaphore(READERS)

    @classmethod
    async def open(
        cls, path: Path, durability: Durability, inline: bool, *, look_only: bool = False
    ) -> "SqliteDatabase":
        """See `SqliteDesk.open`, and `SqliteDesk.look`."""
        database = cls(path, durability, inline)
        try:
            if look_only:
                await database._looker.run(migrations.refuse_other)
            else:
                await database._writer.run(migrations.upgrade)
        except BaseException:
            await database.close()
            raise
        return database

    @contextlib.asynccontextmanager
    async def writing(self, owed: Owed) -> AsyncIterator["_Session"]:
        """See `Database.writing`. Who comes first writes first."""
        session = _Session(self._writer, owed, self._turn)
        try:
            yield session
        finally:
            await session.end()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator["_Session"]:
        """See `Database.reading`. Up to `READERS` at once, the next waits for one to end: so not within each other."""
        async with self._reader_free:
            lane = self._idle.pop()
            session = _Session(lane, Owed(), None)
            try:
                yield session
            finally:
                self._idle.append(lane)
                await session.end()

    async def look(self, step: Callable[[Work], T]) -> T:
        """See `Database.look`."""
        return await self._looker.run(lambda connection: _look(connection, step))

    async def close(self) -> None:
        """See `Database.close`."""
        for lane in (self._looker, *self._readers, self._writer):
            await lane.close()


class _Session:
    """See `Session`. With a `turn` it writes, and holds it from its first step to its end."""

    def __init__(self, lane: _Lane, owed: Owed, turn: asyncio.Lock | None) -> None:
        self._lane = lane
        self._owed = owed
        self._turn = turn
        self._has_turn = False
        self._work: Work | None = None
        self._over: Unavailable | None = None
        self.begun = False

    async def run(self, step: Callable[[Work], T]) -> T:
        """See `Session.run`."""
        return await self._run(lambda connection: step(self._open(connection)))

    async def commit(self, last: Callable[[Work], None]) -> None:
        """See `Session.commit`."""
        await self._run(lambda connection: self._commit(connection, last))

    async def end(self) -> None:
        """Roll back what was not committed, and let the next one have its turn."""
        try:
            if self.begun and not self._lane.closed:
                await asyncio.shield(self._lane.run(_roll_back))
        finally:
            if self._has_turn and self._turn is not None:
                self._turn.release()

    async def _run(self, job: Callable[[Connection], T]) -> T:
        if self._over is not None:
            raise self._over
        await self._take_turn()
        try:
            return await self._lane.run(job)
        except Unavailable as error:
            self._over = error
            raise

    async def _take_turn(self) -> None:
        if self._turn is not None and not self._has_turn:
            await self._turn.acquire()
            self._has_turn = True
        self.begun = True

    def _open(self, connection: Connection) -> Work:
        if self._work is None:
            connection.begin()
            self._work = Work(connection, self._owed, reading=self._turn is None)
        return self._work

    def _commit(self, connection: Connection, last: Callable[[Work], None]) -> None:
        last(self._open(connection))
        connection.commit()
        self.begun = False


def _roll_back(connection: Connection) -> None:
    with contextlib.suppress(DBAPIError, sqlite3.Error):  # SQLite may have rolled back by itself (a full disk)
        connection.rollback()


def _look(connection: Connection, step: Callable[[Work], T]) -> T:
    with connection.begin():
        return step(Work(connection, Owed(), reading=True))
