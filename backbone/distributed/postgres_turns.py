"""Connections of one kind, taken in turn."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from backbone.distributed.postgres_errors import FAILURES, translated
from backbone.errors import Unavailable

T = TypeVar("T")

TURN_S = 30.0
"""So long somebody waits for one of this process's connections."""


class Turns:
    """So many connections of one kind; who comes first is served first."""

    def __init__(self, engine: AsyncEngine, count: int, where: str) -> None:
        self._engine = engine
        self._count = count
        self._where = where
        self._free = asyncio.Semaphore(count)
        self._closed = False

    @contextlib.asynccontextmanager
    async def take(self) -> AsyncIterator["Taken"]:
        """A connection; what was not committed on it is rolled back at the end."""
        await self._turn()
        try:
            if self._closed:
                raise Unavailable(f"{self._where} is closed.", code="closed", remedy="Start the system again.")
            with translated(self._where):
                connection = await self._engine.connect()
            try:
                yield Taken(connection, self._where)
            finally:
                await asyncio.shield(_let_go(connection))
        finally:
            self._free.release()

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(TURN_S):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable(
                f"All {self._count} connections of this kind are in use.",
                code="desk_busy",
                remedy="Work goes on by itself; start more processes if it stays so.",
            ) from None

    async def close(self) -> None:
        """Let nobody in any more, and wait for those who are in."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TURN_S):
                for _ in range(self._count):
                    await self._free.acquire()
        for _ in range(self._count):
            self._free.release()


class Taken:
    """One connection, and jobs on it."""

    def __init__(self, connection: AsyncConnection, where: str) -> None:
        self._connection = connection
        self._where = where

    async def run(self, job: Callable[[Connection], T]) -> T:
        """Run `job`; Unavailable or Unstorable for what the database refused."""
        with translated(self._where):
            try:
                return await self._connection.run_sync(job)
            except TimeoutError:  # it may never answer: not even to a rollback
                await self._connection.invalidate()
                raise


async def _let_go(connection: AsyncConnection) -> None:
    """Roll back and give the connection back; one that is lost is replaced when the next one takes it."""
    try:
        await connection.close()
    except FAILURES:
        await connection.invalidate()
        await connection.close()
