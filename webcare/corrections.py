"""What people corrected, as a table that a model is trained on."""

import contextlib
import csv
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import msgspec

from backbone.corrections import Correction
from backbone.distributed.connections import Connections
from backbone.embedded.desk import SqliteDesk
from backbone.errors import BadInput, Unavailable
from backbone.ports import Desk
from backbone.records import StoredMention
from services.classify.taught import COLUMNS, Row, Taught, taught

_AT_ONCE = 500


@asynccontextmanager
async def desk_in_folder(folder: Path) -> AsyncIterator[Desk]:
    """The desk of a system that may run, to be read."""
    if not (folder / "desk.db").exists():
        raise BadInput(f"{folder}: there is no desk here.", code="no_desk", remedy="Name the folder with --data.")
    desk = await SqliteDesk.look(folder / "desk.db")
    try:
        yield desk
    finally:
        await desk.close()


@asynccontextmanager
async def desk_on_servers(connections: Connections) -> AsyncIterator[Desk]:
    """The desk of an installation on servers."""
    # Here, not above: a folder needs no PostgreSQL client.
    from backbone.distributed.desk import PostgresDesk

    desk = await PostgresDesk.open(connections.postgres)
    try:
        yield desk
    finally:
        await desk.close()


async def rows_of(desk: Desk) -> Taught:
    """The labelled rows of everything that was corrected, masked."""
    pairs: list[tuple[StoredMention, Sequence[Correction]]] = []
    after = ""
    while found := await _page(desk, after):
        pairs += found
        after = found[-1][0].id
    return taught(pairs)


async def _page(desk: Desk, after: str) -> list[tuple[StoredMention, list[Correction]]]:
    async with desk.reading() as tx:
        mentions = await tx.corrected_mentions(after, _AT_ONCE)
        given: dict[str, list[Correction]] = {mention.id: [] for mention in mentions}
        for each in await tx.corrections(list(given)):
            given[each.mention_id].append(each)
    return [(mention, given[mention.id]) for mention in mentions]


def write_rows(rows: Sequence[Row], target: Path) -> None:
    """Write the table, whole, for the eyes of its owner only."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(msgspec.structs.astuple(row) for row in rows)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.touch(mode=0o600)
        beside.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))
        beside.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        remedy = "Check that the folder exists and can be written."
        raise Unavailable(f"{target}: {error.strerror}.", code="file_unavailable", remedy=remedy) from error
