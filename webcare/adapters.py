"""Which adapters stand behind the ports.

Embedded: one folder of SQLite files on this machine. Distributed: Kafka, PostgreSQL and Elasticsearch.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from backbone.distributed.connections import Connections
from backbone.embedded.archive import SqliteArchive
from backbone.embedded.desk import SqliteDesk
from backbone.embedded.log import SqliteLog
from backbone.embedded.sqlite import Durability, claim_folder
from backbone.embedded.state import SqliteState
from backbone.ports import Archive, Clock, Desk, EventLog, KeyedState
from contracts.topics import ALL_TOPICS


class Adapters(NamedTuple):
    """One set of adapters, open."""

    log: EventLog
    desk: Desk
    archive: Archive
    spike_state: KeyedState
    clock: Clock


@asynccontextmanager
async def embedded(
    folder: Path, clock: Clock, durability: Durability = "full", inline: bool = False
) -> AsyncIterator[Adapters]:
    """The embedded set in `folder`, closed in order at the end. A second process on the folder is refused.

    ``full``: what is acknowledged survives a power cut. ``normal``: it survives kill -9, which is enough for a replay
    that can be done again. `inline`: no threads, which is faster where nothing else waits, as in a replay.
    """
    async with AsyncExitStack() as stack:
        stack.callback(claim_folder(folder).release)
        log = await SqliteLog.open(folder / "log.db", ALL_TOPICS, clock, durability, inline=inline)
        stack.push_async_callback(log.close)
        desk = await SqliteDesk.open(folder / "desk.db", durability, inline)
        stack.push_async_callback(desk.close)
        archive = await SqliteArchive.open(folder / "archive.db", inline=inline)
        stack.push_async_callback(archive.close)
        state = await SqliteState.open(folder / "spikes.db", durability, inline)
        stack.push_async_callback(state.close)
        yield Adapters(log, desk, archive, state, clock)


@asynccontextmanager
async def distributed(connections: Connections, clock: Clock, lockstep: bool = False) -> AsyncIterator[Adapters]:
    """The set on servers, closed in order at the end. The spike step's state is in the desk's database.

    `lockstep`: what one instant appends can be polled, and what it indexes can be found, before the next: for a replay,
    which is alone on its prefix.
    """
    # Here, not above: `webcare up` needs none of these clients.
    from backbone.distributed.archive import ElasticArchive
    from backbone.distributed.desk import PostgresDesk
    from backbone.distributed.log import KafkaLog
    from backbone.distributed.state import PostgresState

    async with AsyncExitStack() as stack:
        log = await KafkaLog.open(connections.kafka, ALL_TOPICS, clock, lockstep=lockstep)
        stack.push_async_callback(log.close)
        desk = await PostgresDesk.open(connections.postgres)
        stack.push_async_callback(desk.close)
        archive = await ElasticArchive.open(connections.elastic, refresh=lockstep)
        stack.push_async_callback(archive.close)
        state = await PostgresState.open(connections.postgres, "spikes")
        stack.push_async_callback(state.close)
        yield Adapters(log, desk, archive, state, clock)
