"""What every keyed state promises (`backbone.ports.KeyedState`), on every adapter."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from postgres_databases import Databases

from backbone.distributed import postgres
from backbone.distributed.state import PostgresState
from backbone.embedded import sqlite
from backbone.embedded.state import SqliteState
from backbone.errors import Unavailable
from backbone.ports import KeyedState

Open = Callable[[], Awaitable[KeyedState]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.servers), "sqlite"])
def open_state(request: pytest.FixtureRequest, path: Path) -> Open:
    if request.param == "sqlite":
        return lambda: SqliteState.open(path, "normal")
    database = asyncio.run(request.getfixturevalue("databases").copy())
    return lambda: PostgresState.open(database, "spikes")


@pytest.fixture
async def state(open_state: Open) -> AsyncIterator[KeyedState]:
    state = await open_state()
    yield state
    await state.close()


async def test_it_begins_empty(state: KeyedState) -> None:
    assert await state.load(["a"]) == {}
    assert await state.all() == {}


async def test_load_gives_those_that_have_a_record(state: KeyedState) -> None:
    await state.save({"a": b"1", "b|é\x00": b"\x00\xff", "c": b""})
    assert await state.load(["a", "b|é\x00", "nobody"]) == {"a": b"1", "b|é\x00": b"\x00\xff"}
    assert await state.all() == {"a": b"1", "b|é\x00": b"\x00\xff", "c": b""}


async def test_save_replaces_what_it_names_and_leaves_the_rest(state: KeyedState) -> None:
    await state.save({"a": b"1", "b": b"1"})
    await state.save({"b": b"2"})
    await state.save({})
    assert await state.all() == {"a": b"1", "b": b"2"}


async def test_saves_take_effect_in_their_order(state: KeyedState) -> None:
    await asyncio.gather(*(state.save({"a": str(n).encode()}) for n in range(50)))
    assert await state.load(["a"]) == {"a": b"49"}


async def test_many_keys_at_once(state: KeyedState) -> None:
    records = {f"series-{n}": str(n).encode() for n in range(5000)}
    await state.save(records)
    assert await state.load(list(records)) == records


async def test_it_is_there_after_a_restart(open_state: Open) -> None:
    state = await open_state()
    await state.save({"a": b"1"})
    await state.close()
    again = await open_state()
    assert await again.all() == {"a": b"1"}
    await again.close()


@pytest.mark.servers
async def test_each_step_has_its_own_records(databases: Databases) -> None:
    database = await databases.copy()
    spikes, other = await PostgresState.open(database, "spikes"), await PostgresState.open(database, "other")
    await spikes.save({"a": b"1", "b": b"1"})
    await other.save({"a": b"2"})
    assert (await spikes.load(["a"]), await other.all()) == ({"a": b"1"}, {"a": b"2"})
    await spikes.close()
    await other.close()


@pytest.mark.servers
async def test_a_save_that_another_process_holds_up_changes_nothing(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await databases.copy()
    monkeypatch.setitem(postgres.SESSION, "lock_timeout", "50ms")
    state = await PostgresState.open(database, "spikes")
    await state.save({"b": b"1"})
    other = await asyncpg.connect(database.url)
    async with other.transaction():
        await other.execute("SELECT * FROM states FOR UPDATE")
        with pytest.raises(Unavailable) as refused:
            await state.save({"a": b"2", "b": b"2"})
    await other.close()
    assert refused.value.code == "desk_busy"
    assert await state.all() == {"b": b"1"}
    await state.close()


async def test_a_save_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    state = await SqliteState.open(path, "normal")
    await state.save({"a": b"1"})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as refused:
            await state.save({"a": b"2", "b": b"2"})
    assert refused.value.code == "file_locked"
    assert await state.all() == {"a": b"1"}
    await state.close()
