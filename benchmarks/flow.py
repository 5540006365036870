"""One classify instance beside what others do with the same bytes on the same broker."""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from backbone.distributed.connections import Connections
from backbone.distributed.log import KafkaLog
from backbone.embedded.clock import RealClock
from backbone.ports import NewRecord
from benchmarks.load import chunks, judged
from benchmarks.processes import cpu_seconds
from benchmarks.whole import config
from contracts.mentions import Mention
from contracts.topics import ALL_TOPICS, MENTIONS_CLASSIFIED, MENTIONS_RAW
from services.ingest.gate import to_record
from tests.fleet import fleet
from tests.rooms import Servers, room

PASSING, LOOPING, COUNTING, CLASSIFY = "aiokafka pass-through", "quixstreams loop", "Faust count", "classify"
_PEERS = Path(__file__).parent / "peers"
_WAITS_S = 180.0
_LOOKS_S = 0.02
_AT_ONCE = 5_000


class Speed(NamedTuple):
    """Messages a second, and processor time of the process itself for each, without its start, in microseconds."""

    rate: float
    cpu_us: float


def flow(servers: Servers, count: int, rounds: int, quix: str) -> dict[str, Speed]:
    """The speed of each: medians of some rounds. `quix` is the Python that has quixstreams."""
    mentions = judged(count)
    found = [_round(servers, mentions, quix) for _ in range(rounds)]
    return {name: _median([each[name] for each in found]) for name in found[0]}


def _median(speeds: Sequence[Speed]) -> Speed:
    return Speed(statistics.median(each.rate for each in speeds), statistics.median(each.cpu_us for each in speeds))


def _round(servers: Servers, mentions: Sequence[Mention], quix: str) -> dict[str, Speed]:
    """All of them once, on topics of their own, one after the other."""
    with room(servers) as connections, tempfile.TemporaryDirectory() as folder:
        brokers, prefix, count = ",".join(connections.kafka.servers), connections.kafka.prefix, len(mentions)
        passed, looped = f"{prefix}passed", f"{prefix}looped"
        asyncio.run(_fill(connections, mentions, [passed, looped]))
        source = prefix + MENTIONS_RAW.name
        speeds = {}
        with _peer(sys.executable, "passing.py", brokers, source, passed) as peer:
            speeds[PASSING] = asyncio.run(_speed(brokers, passed, count, peer.pid))
        with _peer(quix, "looping.py", brokers, source, looped, folder) as peer:
            speeds[LOOPING] = asyncio.run(_speed(brokers, looped, count, peer.pid))
        with _peer(sys.executable, "counting.py", brokers, source, folder, str(count)) as peer:
            took, cpu = map(float, peer.communicate(timeout=_WAITS_S)[0].split()[-2:])
            speeds[COUNTING] = Speed(count / took, cpu / count * 1e6)
        with fleet(connections, Path(folder), config("http://127.0.0.1:9/")) as running:
            pid = running.start("classify").process.pid
            speeds[CLASSIFY] = asyncio.run(_speed(brokers, prefix + MENTIONS_CLASSIFIED.name, count, pid))
        return speeds


@contextmanager
def _peer(python: str, script: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [python, str(_PEERS / script), *arguments]
    paths = {"PYTHONPATH": str(_PEERS.parent.parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **paths}) as process:
        try:
            yield process
        finally:
            process.kill()


async def _fill(connections: Connections, mentions: Sequence[Mention], more: Sequence[str]) -> None:
    """The mentions on one topic, and topics for the peers."""
    log = await KafkaLog.open(connections.kafka, ALL_TOPICS, RealClock())
    for chunk in chunks(mentions, _AT_ONCE):
        await log.append([NewRecord(MENTIONS_RAW.name, *to_record(mention)[1:]) for mention in chunk])
    await log.close()
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=list(connections.kafka.servers))
    await admin.start()
    await admin.create_topics([NewTopic(name, MENTIONS_RAW.partitions, 1) for name in more])
    await admin.close()


async def _speed(brokers: str, topic: str, count: int, pid: int) -> Speed:
    """How fast records come onto a topic, from the first that are seen there until there are `count`."""
    places = [TopicPartition(topic, number) for number in range(MENTIONS_RAW.partitions)]
    looker: Any = AIOKafkaConsumer(bootstrap_servers=brokers)
    await looker.start()
    first, began, cpu = 0, 0.0, 0.0
    try:
        async with asyncio.timeout(_WAITS_S):
            while (there := sum((await looker.end_offsets(places)).values())) < count:
                if there and not first:
                    first, began, cpu = there, time.perf_counter(), _cpu(pid)
                await asyncio.sleep(_LOOKS_S)
            handled = count - first
            return Speed(handled / (time.perf_counter() - began), (_cpu(pid) - cpu) / handled * 1e6)
    finally:
        await looker.stop()


def _cpu(pid: int) -> float:
    return cpu_seconds({"it": [pid]})["it"]
