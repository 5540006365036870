"""What came out, read from the stores themselves."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import asyncpg
import httpx
import msgspec

from backbone.distributed.connections import Connections, Elastic
from backbone.distributed.log import KafkaLog
from backbone.distributed.table_tail import TableTail
from backbone.embedded.clock import RealClock
from backbone.ports import Partition, Record
from contracts.base import Event
from contracts.mentions import ClassifiedMention, Mention
from contracts.topics import (
    ALL_TOPICS,
    MENTIONS_CLASSIFIED,
    MENTIONS_EXPRESS,
    MENTIONS_RAW,
    SPIKE_EVENTS,
    VOLUME_BLOCKS,
    WORK_EVENTS,
    Topic,
)
from contracts.volume import SpikeEvent, VolumeUpdate
from contracts.work import WorkEvent
from services.classify.spikes.keyed import SpikeStep
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import SeriesState

E = TypeVar("E", bound=Event)
Row = dict[str, Any]
CAME_IN = (MENTIONS_RAW, MENTIONS_EXPRESS)
GROUPS = {
    "classify": CAME_IN,
    "spikes": (VOLUME_BLOCKS,),
    "router": (MENTIONS_CLASSIFIED,),
    "router.spikes": (SPIKE_EVENTS,),
    "projector": (MENTIONS_CLASSIFIED,),
    "figures": (WORK_EVENTS,),
}
_AT_ONCE = 5000
_AGAIN_S = 1.0
_IDS_AT_ONCE = 1000
_TABLES = ("mentions", "items", "incidents", "pages", "attempts", "spikes", "audit", "counters")


class Stores(NamedTuple):
    """Everything, once the system is at rest."""

    came_in: list[tuple[Record, Mention]]
    classified: list[ClassifiedMention]
    blocks: list[VolumeUpdate]
    spike_events: list[SpikeEvent]
    work_events: list[WorkEvent]
    dead: int
    """Records on dead-letter topics."""
    desk: dict[str, list[Row]]
    series: dict[str, SeriesState]
    """The spike table, from its changelog."""


class NotAtRest(AssertionError):
    """It did not come to rest in time; the text says what was left to do."""


def read_stores(connections: Connections) -> Stores:
    """Read it all."""
    return asyncio.run(_read(connections))


def await_rest(connections: Connections, seconds: float) -> float:
    """Wait until nothing is left to do; how many seconds it took. Raises NotAtRest."""
    return asyncio.run(_await_rest(connections, seconds))


def archived(elastic: Elastic, ids: Collection[str]) -> tuple[int, int]:
    """How many documents the archive holds, and how many of `ids` are among them."""
    where, ordered = f"/{elastic.prefix}-mentions", sorted(ids)
    with httpx.Client(base_url=elastic.urls[0], timeout=60) as client:
        client.post(f"{where}/_refresh").raise_for_status()
        found = 0
        for start in range(0, len(ordered), _IDS_AT_ONCE):
            query = {"query": {"ids": {"values": ordered[start : start + _IDS_AT_ONCE]}}}
            found += client.post(f"{where}/_count", json=query).raise_for_status().json()["count"]
        return client.get(f"{where}/_count").raise_for_status().json()["count"], found


@asynccontextmanager
async def _log(connections: Connections) -> AsyncIterator[KafkaLog]:
    log = await KafkaLog.open(connections.kafka, ALL_TOPICS, RealClock())
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def _desk(connections: Connections) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(connections.postgres.url)
    try:
        yield connection
    finally:
        await connection.close()


# ------------------------------------------------------------------------------------------------------------- rest


async def _await_rest(connections: Connections, seconds: float) -> float:
    began = time.monotonic()
    async with _log(connections) as log, _desk(connections) as desk:
        while left := await _left(log, desk):
            if time.monotonic() > began + seconds:
                raise NotAtRest(f"after {seconds:g} s there is left: {dict(left)}")
            await asyncio.sleep(_AGAIN_S)
    return time.monotonic() - began


async def _left(log: KafkaLog, desk: Any) -> Counter[str]:
    """What is left to do, by who must do it."""
    left: Counter[str] = Counter()
    for group, topics in GROUPS.items():
        stands = await log.group_offsets(group)
        for topic in topics:
            ends = await log.end_offsets(topic.name)
            left[group] += sum(end - stands.get(place, 0) for place, end in ends.items())
    left["relay"] = await desk.fetchval("SELECT count(*) FROM outbox")
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    left["pager"] = await desk.fetchval(
        "SELECT count(*) FROM pages WHERE state = 'sending' OR (state IN ('planned', 'due') AND due_at <= $1)", now
    )
    left["timers"] = await desk.fetchval("SELECT count(*) FROM timers WHERE kind = 'escalate' AND due_at <= $1", now)
    return +left


# ---------------------------------------------------------------------------------------------------------- reading


async def _read(connections: Connections) -> Stores:
    async with _log(connections) as log, _desk(connections) as desk:
        came_in = [record for topic in CAME_IN for record in await _records(log, topic)]
        dead = [await log.end_offsets(topic.name) for topic in ALL_TOPICS if topic.name.endswith(".dead")]
        blocks = await _events(log, VOLUME_BLOCKS, VolumeUpdate)
        return Stores(
            came_in=[(record, msgspec.json.decode(record.value, type=Mention)) for record in came_in],
            classified=await _events(log, MENTIONS_CLASSIFIED, ClassifiedMention),
            blocks=blocks,
            spike_events=await _events(log, SPIKE_EVENTS, SpikeEvent),
            work_events=await _events(log, WORK_EVENTS, WorkEvent),
            dead=sum(end for ends in dead for end in ends.values()),
            desk={table: [dict(row) for row in await desk.fetch(f"SELECT * FROM {table}")] for table in _TABLES},
            series=await _series(connections, {update.series for update in blocks}),
        )


async def _records(log: KafkaLog, topic: Topic) -> list[Record]:
    found: list[Record] = []
    for place, end in (await log.end_offsets(topic.name)).items():
        found += await _of_partition(log, place, end)
    return found


async def _of_partition(log: KafkaLog, place: Partition, end: int) -> Sequence[Record]:
    found: list[Record] = []
    start = 0
    while start < end:
        part = await log.read(place, start, _AT_ONCE)
        if not part:
            break
        found += part
        start = part[-1].offset + 1
    return found


async def _events(log: KafkaLog, topic: Topic, kind: type[E]) -> list[E]:
    decoder = msgspec.json.Decoder(kind)
    return [decoder.decode(record.value) for record in await _records(log, topic)]


async def _series(connections: Connections, names: Collection[str]) -> dict[str, SeriesState]:
    step = SpikeStep(SpikeSettings())
    tail = TableTail(connections.kafka, "spikes")
    tail.start()
    try:
        async with asyncio.timeout(60):
            while not tail.caught_up:
                await asyncio.sleep(0.1)
        held = {name: tail.get(name) for name in names}
    finally:
        await tail.close()
    return {name: step.decode(record) for name, record in held.items() if record is not None}
