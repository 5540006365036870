"""Small records by key, in a PostgreSQL database."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Self, TypeVar

from sqlalchemy import ARRAY, Connection, LargeBinary, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from backbone.distributed.connections import Postgres
from backbone.distributed.postgres import connect, name_of
from backbone.distributed.postgres_turns import Turns
from backbone.relational import migrations
from backbone.relational.owed import Owed
from backbone.relational.tables import states
from backbone.relational.work import Work

T = TypeVar("T")

_ALL = select(states.c.key, states.c.value).where(states.c.step == bindparam("step")).order_by(states.c.key)
_SOME = _ALL.where(states.c.key == any_(bindparam("keys", type_=ARRAY(LargeBinary))))


class PostgresState:
    """`backbone.ports.KeyedState` of one step; other steps keep theirs in the same table.

    A save whose outcome is unknown (the connection was lost) may be done again.
    """

    def __init__(self, engine: AsyncEngine, where: str, step: str) -> None:
        self._engine = engine
        self._turns = Turns(engine, 1, where)
        self._step = step

    @classmethod
    async def open(cls, connection: Postgres, step: str) -> Self:
        """Connect, and make the table where it is missing; errors as of `PostgresDesk.open`."""
        state = cls(connect(connection, 1), name_of(connection), step)
        try:
            async with state._turns.take() as taken:
                await taken.run(migrations.upgrade)
        except BaseException:
            await state.close()
            raise
        return state

    async def load(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        wanted = sorted(_bytes(key) for key in set(keys))
        return await self._run(lambda work: _records(work, {"step": self._step, "keys": wanted}))

    async def save(self, records: Mapping[str, bytes]) -> None:
        rows = [{"step": self._step, "key": _bytes(key), "value": value} for key, value in records.items()]
        if rows:
            await self._run(lambda work: work.put(states, *rows))

    async def all(self) -> Mapping[str, bytes]:
        return await self._run(lambda work: _records(work, {"step": self._step}))

    async def close(self) -> None:
        await self._turns.close()
        await self._engine.dispose()

    async def _run(self, job: Callable[[Work], T]) -> T:
        """One transaction. Who comes first is served first, so saves take effect in their order."""
        async with self._turns.take() as taken:
            return await taken.run(lambda connection: _committed(connection, job))


def _committed(connection: Connection, job: Callable[[Work], T]) -> T:
    with connection.begin():
        return job(Work(connection, Owed(), reading=False))


def _records(work: Work, values: dict[str, object]) -> dict[str, bytes]:
    found = work.run(_SOME if "keys" in values else _ALL, values)
    return {str(key, "utf-8", "surrogatepass"): value for key, value in map(itemgetter(0, 1), found)}


def _bytes(key: str) -> bytes:
    """Any text is a key, also one that no column of text takes."""
    return key.encode("utf-8", "surrogatepass")
