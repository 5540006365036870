"""Dead letters: what lies there and why, and putting it back once the cause is mended."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from backbone.embedded.clock import RealClock
from backbone.embedded.log import SqliteLog
from backbone.embedded.sqlite import claim_folder
from backbone.errors import BadInput
from backbone.ports import EventLog, NewRecord, Partition, Record
from contracts.topics import ALL_TOPICS, MENTIONS_EXPRESS, MENTIONS_RAW, TOPICS
from contracts.work import DeadLetter

GROUP = "put-back"
_BATCH = 500


class Heap(NamedTuple):
    """Dead letters of one topic with the same reason; `example` is the place of the first."""

    topic: str
    reason: str
    letters: int
    waiting: int
    """Of these, not put back yet."""
    example: str


@asynccontextmanager
async def stopped_log(folder: Path) -> AsyncIterator[EventLog]:
    """The log of a system that does not run; Conflict with its process where it does."""
    if not (folder / "log.db").exists():
        raise BadInput(f"{folder}: there is no log here.", code="no_log", remedy="Name the folder with --data.")
    claim = claim_folder(folder)
    try:
        log = await SqliteLog.open(folder / "log.db", ALL_TOPICS, RealClock())
        try:
            yield log
        finally:
            await log.close()
    finally:
        claim.release()


async def letters_of(log: EventLog, partition: Partition, start: int) -> AsyncIterator[tuple[Record, DeadLetter]]:
    """The kept dead letters of a partition from offset `start` on, a batch in memory at a time."""
    start = max(start, (await log.start_offsets(partition.topic))[partition])
    while records := await log.read(partition, start, _BATCH):
        for record in records:
            yield record, msgspec.json.decode(record.value, type=DeadLetter)
        start = records[-1].offset + 1


class DeadBeforeTheDesk:
    """How many accepted mentions no verdict could be given to: they lie in the dead letters of their topics.

    A crash can write a letter twice; the place it came from tells. Each letter is read once, however often one asks;
    those that are past their retention are counted by their offsets.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._next: dict[Partition, int] = {}
        self._gone: dict[Partition, int] = {}
        self._places: set[tuple[str, int, int]] = set()

    async def count(self) -> int:
        """The number now."""
        for topic in (MENTIONS_RAW, MENTIONS_EXPRESS):
            for partition, start in (await self._log.start_offsets(topic.dead)).items():
                self._gone.setdefault(partition, start)
                async for record, letter in letters_of(self._log, partition, self._next.get(partition, start)):
                    self._places.add((letter.topic, letter.partition, letter.offset))
                    self._next[partition] = record.offset + 1
        return sum(self._gone.values()) + len(self._places)


async def heaps(log: EventLog) -> list[Heap]:
    """What lies in the dead-letter topics, by topic and reason."""
    found: Counter[tuple[str, str]] = Counter()
    waiting: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for topic in (each for each in TOPICS if each.has_dead):
        back = await log.group_offsets(GROUP)
        for partition in await log.end_offsets(topic.dead):
            async for record, letter in letters_of(log, partition, 0):
                key = (topic.name, letter.reason)
                found[key] += 1
                waiting[key] += record.offset >= back.get(partition, 0)
                examples.setdefault(key, f"partition {letter.partition}, offset {letter.offset}: {letter.detail}")
    return [
        Heap(topic, reason, n, waiting[topic, reason], examples[topic, reason])
        for (topic, reason), n in sorted(found.items())
    ]


async def put_back(log: EventLog, topic: str) -> int:
    """Append what was not put back before to `topic` again, whole and with its key; returns how many.

    A crash in between can put some back twice, which every reader takes for a redelivery or a duplicate.
    """
    known = [each.name for each in TOPICS if each.has_dead]
    if topic not in known:
        raise BadInput(f"There is no topic {topic!r}.", code="unknown_topic", remedy=f"One of {', '.join(known)}.")
    consumer = await log.consumer(GROUP, [f"{topic}.dead"])
    done = 0
    try:
        while records := await consumer.poll(_BATCH, 0.0):
            letters = [msgspec.json.decode(record.value, type=DeadLetter) for record in records]
            await log.append([NewRecord(topic, letter.key, letter.payload) for letter in letters])
            await consumer.commit(consumer.assignment())
            done += len(letters)
    finally:
        await consumer.close()
    return done
