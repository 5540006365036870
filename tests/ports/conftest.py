"""A desk for each test of the desk's suite, on each adapter."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from desk_suite import Adapter, Fresh, PostgresAdapter, SqliteAdapter
from postgres_databases import Databases

from backbone.embedded.desk import SqliteDesk
from backbone.ports import Desk


@pytest.fixture(scope="session")
def empty_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables of the desk and nothing in them."""
    path = tmp_path_factory.mktemp("empty") / "desk.db"

    async def make() -> None:
        await (await SqliteDesk.open(path)).close()

    asyncio.run(make())
    return path


@pytest.fixture(scope="session")
def all_databases(postgres_server: str) -> Iterator[Databases]:
    """The databases of this run."""
    databases = asyncio.run(Databases.prepare(postgres_server))
    yield databases
    asyncio.run(databases.drop())


@pytest.fixture
def databases(all_databases: Databases) -> Iterator[Databases]:
    """Where a test gets databases, which are dropped after it."""
    yield all_databases
    asyncio.run(all_databases.drop(keep=1))


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.servers), "sqlite"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """Makes places for desks, one after the other."""
    if request.param == "postgres":
        databases: Databases = request.getfixturevalue("databases")
        return lambda: PostgresAdapter(databases)
    empty: Path = request.getfixturevalue("empty_desk")
    numbers = itertools.count()

    def make() -> Adapter:
        folder = tmp_path / f"desk{next(numbers)}"
        folder.mkdir()
        return SqliteAdapter(folder, empty)

    return make


@pytest.fixture
def desk_factory(fresh: Fresh) -> Adapter:
    return fresh()


@pytest.fixture
async def desk(desk_factory: Adapter) -> AsyncIterator[Desk]:
    desk = await desk_factory.open()
    yield desk
    await desk.close()
