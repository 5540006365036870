"""Databases for tests on a PostgreSQL server: each a copy of one that has the desk's tables and nothing in them."""

import uuid
from typing import Self

import asyncpg

from backbone.distributed.connections import Postgres
from backbone.distributed.desk import PostgresDesk


class Databases:
    """Databases of one test run, which nobody else's tests see."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._run = f"webcare_{uuid.uuid4().hex[:12]}"
        self._made: list[str] = []

    @classmethod
    async def prepare(cls, server: str) -> Self:
        """Make the empty one."""
        databases = cls(server)
        await databases.make(f"{databases._run}_empty")
        await (await PostgresDesk.open(databases.named(f"{databases._run}_empty"))).close()
        return databases

    def named(self, name: str) -> Postgres:
        """How it is reached."""
        return Postgres(url=f"{self._server.rpartition('/')[0]}/{name}")

    async def make(self, name: str = "", options: str = "") -> Postgres:
        """A database with nothing in it, not even tables."""
        name = name or f"{self._run}_{len(self._made)}"
        await self.admin(f'CREATE DATABASE "{name}" {options}')
        self._made.append(name)
        return self.named(name)

    async def copy(self) -> Postgres:
        """A desk with nothing on it."""
        return await self.make(options=f'TEMPLATE "{self._run}_empty"')

    async def drop(self, keep: int = 0) -> None:
        """Drop all but the first `keep`, whoever is connected."""
        gone, self._made[keep:] = self._made[keep:], []
        for name in gone:
            await self.admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
