"""A world on a fresh desk."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from router_world import World, settings

from backbone.embedded.desk import SqliteDesk

MakeWorld = Callable[..., Awaitable[World]]


@pytest.fixture(scope="session")
def empty_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a desk that holds nothing yet: copying it is quicker than making one per test."""
    path = tmp_path_factory.mktemp("desk") / "empty.db"

    async def make() -> None:
        await (await SqliteDesk.open(path)).close()

    asyncio.run(make())
    return path


@pytest.fixture
async def make_world(empty_desk: Path, tmp_path: Path) -> AsyncIterator[MakeWorld]:
    """Makes worlds, each on its own desk; keyword arguments change the settings."""
    desks: list[SqliteDesk] = []

    async def make(**changes: object) -> World:
        path = Path(shutil.copy(empty_desk, tmp_path / f"desk{len(desks)}.db"))
        desks.append(await SqliteDesk.open(path, durability="normal"))
        return World(desks[-1], settings(**changes))

    yield make
    for desk in desks:
        await desk.close()


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """The standard world."""
    return await make_world()
