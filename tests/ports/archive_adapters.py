"""The archives that the suite runs on, and what each of them does not promise."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest

from backbone.distributed.archive import ElasticArchive
from backbone.distributed.connections import Elastic
from backbone.distributed.elastic_months import Months
from backbone.distributed.elastic_server import Server
from backbone.embedded.archive import SqliteArchive
from backbone.ports import Archive


@dataclass(frozen=True)
class Features:
    """Declared differences between adapters."""

    whole_batches: bool
    """A batch is seen whole or not at all; otherwise part of it may be seen for a moment."""
    forgets_versions: bool
    """What expired may come back in any version at once; otherwise an older one stays away for a minute."""
    stems: bool
    """``word~`` finds other forms of a word in Dutch and English; otherwise it is the word alone."""


class Adapter(Protocol):
    """One place where an archive keeps its data."""

    features: Features

    async def open(self) -> Archive:
        """Open the archive, or open it again with what it kept."""
        ...

    async def remove(self) -> None:
        """Leave nothing behind."""
        ...


class SqliteAdapter:
    """The embedded archive, in a folder of the test."""

    features = Features(whole_batches=True, forgets_versions=True, stems=False)

    def __init__(self, folder: Path) -> None:
        self.path = folder / "archive.db"

    async def open(self) -> SqliteArchive:
        return await SqliteArchive.open(self.path)

    async def remove(self) -> None:
        """The folder goes with the test."""


class ElasticAdapter:
    """The archive on a server that is shared, under a prefix of the test. What was indexed is found at once."""

    features = Features(whole_batches=False, forgets_versions=False, stems=True)

    def __init__(self, url: str, **admission: Any) -> None:
        self.connection = Elastic(urls=(url,), prefix=f"test-{uuid4().hex[:12]}", **admission)

    async def open(self) -> ElasticArchive:
        return await ElasticArchive.open(self.connection, refresh=True)

    async def remove(self) -> None:
        server = Server(self.connection)
        months = Months(server, self.connection.prefix)
        try:
            await months.remove([index.name for index in await months.indices()])
            await server.ask("DELETE", f"/_index_template/{months.read}")
        finally:
            await server.close()


ADAPTERS = ["sqlite", pytest.param("elastic", marks=pytest.mark.servers)]


def adapter_of(kind: str, folder: Path, request: pytest.FixtureRequest) -> Adapter:
    """The adapter of that name; servers are asked for only by who needs them."""
    return SqliteAdapter(folder) if kind == "sqlite" else ElasticAdapter(request.getfixturevalue("elastic_server"))
