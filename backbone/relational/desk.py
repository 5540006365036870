"""The desk over any `Database`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from sqlalchemy import select

from backbone.ports import DeskTransaction, Partition
from backbone.relational import ledger, timers
from backbone.relational.database import Database
from backbone.relational.owed import Owed
from backbone.relational.tables import offsets
from backbone.relational.transaction import RelationalTransaction
from backbone.relational.work import Work

_ANY = select(offsets.c.next).limit(1)


class RelationalDesk:
    """See `Desk`. A transaction takes its locks with its first statement, not when its block begins."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transaction(self) -> AbstractAsyncContextManager[DeskTransaction]:
        """See `Desk.transaction`."""
        return self._transaction()

    def reading(self) -> AbstractAsyncContextManager[DeskTransaction]:
        """See `Desk.reading`. The snapshot is that of the block's first read. Writing raises RuntimeError."""
        return self._reading()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[DeskTransaction]:
        owed = Owed()
        async with self._database.writing(owed) as session:
            yield RelationalTransaction(session, self._database, owed)
            if session.begun or owed:
                await session.commit(Work.settle)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[DeskTransaction]:
        async with self._database.reading() as session:
            yield RelationalTransaction(session, self._database, None)

    async def offsets(self, consumer: str) -> Mapping[Partition, int]:
        """See `Desk.offsets`."""
        return await self._database.look(lambda work: ledger.offsets_of(work, consumer))

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """See `Desk.counts`."""
        return await self._database.look(ledger.counts)

    async def next_due(self) -> datetime | None:
        """See `Desk.next_due`; a page being sent is due when its sender's lease runs out."""
        return await self._database.look(timers.next_due)

    async def ping(self) -> None:
        """See `Desk.ping`."""
        await self._database.look(lambda work: work.first(_ANY))

    async def close(self) -> None:
        """See `Desk.close`."""
        await self._database.close()
