"""A desk for each test of the desk's suite, on each adapter."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from desk_suite import ADAPTERS, Adapter

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


@pytest.fixture(params=sorted(ADAPTERS))
def desk_factory(request: pytest.FixtureRequest, tmp_path: Path, empty_desk: Path) -> Adapter:
    return ADAPTERS[request.param](tmp_path, empty_desk)


@pytest.fixture
async def desk(desk_factory: Adapter) -> AsyncIterator[Desk]:
    desk = await desk_factory.open()
    yield desk
    await desk.close()
