"""Small records by key, in a SQLite file."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from backbone.embedded.sqlite import Durability, SqliteFile

_SCHEMA = "CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL)"
_LOAD = "SELECT key, value FROM state WHERE key = ?"
_SAVE = "INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
_ALL = "SELECT key, value FROM state ORDER BY key"


class SqliteState:
    """`backbone.ports.KeyedState` of one step, in a file of its own."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    @classmethod
    async def open(cls, path: Path, durability: Durability = "full", inline: bool = False) -> Self:
        """Open the state at `path`, made if it is not there; Unavailable for what is wrong with the file."""
        return cls(await asyncio.to_thread(SqliteFile, path, durability, _SCHEMA, inline))

    async def load(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        def select(connection: sqlite3.Connection) -> dict[str, bytes]:
            return dict(row for key in keys for row in connection.execute(_LOAD, (key,)))

        return await self._file.read(select)

    async def save(self, records: Mapping[str, bytes]) -> None:
        rows = list(records.items())

        def replace(connection: sqlite3.Connection) -> None:
            connection.executemany(_SAVE, rows)

        if rows:
            await self._file.write(replace)

    async def all(self) -> Mapping[str, bytes]:
        return await self._file.read(lambda connection: dict(connection.execute(_ALL).fetchall()))

    async def close(self) -> None:
        await self._file.close()
