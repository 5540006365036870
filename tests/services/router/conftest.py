"""A world on a fresh desk."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from router_world import World, settings

from backbone.distributed.connections import Postgres
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


@pytest.fixture
async def database(postgres_server: str) -> AsyncIterator[Postgres]:
    """A database of the test's own."""
    name = f"router_{os.getpid()}"
    admin = await asyncpg.connect(postgres_server)
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.execute(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    try:
        yield Postgres(url=urlsplit(postgres_server)._replace(path=f"/{name}").geturl())
    finally:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()
