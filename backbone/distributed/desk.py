"""The desk in a PostgreSQL database, shared by all processes of an installation."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from backbone.distributed.connections import Postgres
from backbone.distributed.postgres import connect, name_of
from backbone.distributed.postgres_errors import FAILURES, Unstorable
from backbone.distributed.postgres_turns import Taken, Turns
from backbone.errors import BadInput, Unavailable
from backbone.relational import migrations
from backbone.relational.desk import RelationalDesk
from backbone.relational.owed import Owed
from backbone.relational.work import Work

T = TypeVar("T")

WRITERS = 5
READERS = 3
LOOKERS = 2


class PostgresDesk(RelationalDesk):
    """See `Desk`. Any number of processes share the database.

    Transactions are READ COMMITTED; whatever a write rests on is locked, or is a condition of the write itself. Two
    that wait for each other, or for a third for too long, raise Unavailable: the whole transaction is to be done again.

    A connection that is lost during the commit raises Unavailable although the commit may have happened. Doing all of
    it again is safe by what each caller does: the router's second try finds its offsets moved (Conflict), commands have
    their idempotency key or are refused by fence and `seq`, rows have ids that follow from their cause, timers are gone
    only with their effects, a page taken stays with its owner, and the relay repeats events with the same ids.
    """

    @classmethod
    async def open(cls, connection: Postgres) -> Self:
        """Connect, and bring the tables to the newest revision, one process at a time.

        Raises Unavailable where the server is away or lets nobody in, naming the setting; BadInput where a newer
        version wrote the tables, or the database cannot keep every text.
        """
        return cls(await PostgresDatabase.open(connection))


class PostgresDatabase:
    """See `Database`. Writers, readers and single looks have connections of their own: none waits for another kind."""

    def __init__(self, engine: AsyncEngine, where: str) -> None:
        self._engine = engine
        self._where = where
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._writers = Turns(engine, WRITERS, where)
        self._readers = Turns(engine.execution_options(**snapshot), READERS, where)
        self._lookers = Turns(engine.execution_options(isolation_level="AUTOCOMMIT"), LOOKERS, where)

    @classmethod
    async def open(cls, connection: Postgres) -> "PostgresDatabase":
        """See `PostgresDesk.open`."""
        database = cls(connect(connection, WRITERS + READERS + LOOKERS), name_of(connection))
        try:
            async with database._writers.take() as taken:
                await taken.run(_prepare)
        except BaseException:
            await database.close()
            raise
        return database

    @contextlib.asynccontextmanager
    async def writing(self, owed: Owed) -> AsyncIterator["_Session"]:
        """See `Database.writing`. It takes a connection with its first step."""
        async with contextlib.AsyncExitStack() as stack:
            yield _Session(self._writers, stack, owed, reading=False)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator["_Session"]:
        """See `Database.reading`. Up to `READERS` at once, the next waits for one to end: so not within each other."""
        async with contextlib.AsyncExitStack() as stack:
            yield _Session(self._readers, stack, Owed(), reading=True)

    async def look(self, step: Callable[[Work], T]) -> T:
        """See `Database.look`. Each statement of the step sees what is committed when it runs."""
        async with self._lookers.take() as taken:
            return await taken.run(lambda connection: step(Work(connection, Owed(), reading=True)))

    async def close(self) -> None:
        """See `Database.close`."""
        for turns in (self._lookers, self._readers, self._writers):
            await turns.close()
        await self._engine.dispose()


def _prepare(connection: Connection) -> None:
    with connection.begin():
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise BadInput(
            f"The database of WEBCARE_POSTGRES keeps its texts as {encoding}, which has no place for all of them.",
            code="not_utf8",
            remedy="Make one with ENCODING 'UTF8' TEMPLATE template0.",
        )
    migrations.upgrade(connection)


class _Session:
    """See `Session`."""

    def __init__(self, turns: Turns, stack: contextlib.AsyncExitStack, owed: Owed, *, reading: bool) -> None:
        self._turns = turns
        self._stack = stack
        self._owed = owed
        self._reading = reading
        self._taken: Taken | None = None
        self._work: Work | None = None
        self._over: Exception | None = None
        self.begun = False

    async def run(self, step: Callable[[Work], T]) -> T:
        """See `Session.run`."""
        return await self._run(lambda connection: step(self._open(connection)))

    async def commit(self, last: Callable[[Work], None]) -> None:
        """See `Session.commit`."""
        await self._run(lambda connection: self._commit(connection, last))

    async def _run(self, job: Callable[[Connection], T]) -> T:
        """Whatever the database refused, the transaction is over: a commit would roll back without a word."""
        if self._over is not None:
            raise self._over
        try:
            if self._taken is None:
                self._taken = await self._stack.enter_async_context(self._turns.take())
                self.begun = True
            return await self._taken.run(job)
        except (Unavailable, Unstorable, *FAILURES) as error:
            self._over = error
            raise

    def _open(self, connection: Connection) -> Work:
        if self._work is None:
            self._work = Work(connection, self._owed, reading=self._reading)
        return self._work

    def _commit(self, connection: Connection, last: Callable[[Work], None]) -> None:
        last(self._open(connection))
        connection.commit()
