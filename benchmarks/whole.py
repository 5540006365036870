"""The whole way in distributed mode: from the door, over three Kafka nodes, to the desk and the archive."""

import asyncio
import http.client
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec

from backbone.distributed.connections import Connections, Elastic
from backbone.distributed.log import KafkaLog
from backbone.embedded.clock import RealClock
from benchmarks.load import BATCH, BRANDS, messages
from benchmarks.processes import cpu_seconds
from contracts.topics import ALL_TOPICS, MENTIONS_CLASSIFIED
from services.api.projector import Projector
from services.router.domain.conservation import MENTION_OUTCOMES
from tests.fleet import Fleet
from webcare.keys import hash_of

SERVICES = ("ingest", "classify", "spikes", "router", "pager", "api")
KEY = "wk_bench_key"
CLIENTS = 3
_WAITS_S = 240.0
_LOOKS_S = 0.1
_HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-ndjson"}
_COUNTED = "SELECT coalesce(sum(n), 0) FROM counters WHERE name = ANY($1)"


class Times(NamedTuple):
    """Seconds since the first request was sent, and where the time of the processors went."""

    accepted: float
    """The last 202."""
    claimable: float
    """The desk has every mention: in an item, or filtered by a rule."""
    archived: float
    """The archive has every mention, and finds it."""
    share_archived: float
    """Of the mentions, when all were claimable."""
    cpu: dict[str, float]
    """By process: processor seconds until everything was claimable."""


def config(pages_to: str) -> str:
    """A queue and a rule for each brand, and one person who is paged."""
    names = [name.lower() for name in BRANDS]
    brands = ", ".join(f"{{name: {name}}}" for name in BRANDS)
    queues = ", ".join(f"{{name: {name}, target: {{critical: 15m, high: 1h, normal: 4h}}}}" for name in names)
    rules = ", ".join(f"{{name: {name}, when: {{brand: {name.title()}}}, queue: {name}}}" for name in names)
    return f"""
timezone: Europe/Amsterdam
brands: [{brands}]
queues: [{queues}]
rules: [{rules}, {{name: rest, queue: {names[-1]}}}]
people:
  - {{name: sanne, key: "sha256:{hash_of(KEY)}", notify: [{{kind: webhook, url: "{pages_to}"}}]}}
escalation: {{name: standaard, steps: [{{notify: [person:sanne]}}]}}
"""


def measure(fleet: Fleet, count: int, warm: int, servers: Mapping[str, list[int]]) -> Times:
    """Send `count` messages at full speed to services that are ready, after `warm` that are not measured."""
    encode = msgspec.json.Encoder().encode
    lines = [encode(sent) for sent in messages(warm + count)]
    bodies = [b"\n".join(lines[start : start + BATCH]) for start in range(0, len(lines), BATCH)]
    roots = {name: [each.process.pid] for name, each in fleet.instances.items()} | dict(servers)
    times = asyncio.run(_measure(fleet, bodies, warm, len(lines), roots))
    held = _documents(fleet.connections.elastic)
    if held != len(lines):
        raise AssertionError(f"the archive holds {held} of {len(lines)} mentions")
    return times


async def _measure(fleet: Fleet, bodies: list[bytes], warm: int, count: int, roots: dict[str, list[int]]) -> Times:
    async with _watching(fleet.connections) as watch:
        address = fleet.instances["ingest"].address
        await _push(address, bodies[: warm // BATCH])
        await watch.until(watch.on_the_desk, warm)
        await watch.until(watch.archived, warm)
        before, ours, began = cpu_seconds(roots), time.process_time(), time.perf_counter()
        pushing = asyncio.create_task(_push(address, bodies[warm // BATCH :]))
        await watch.until(watch.on_the_desk, count)
        claimable = time.perf_counter() - began
        spent = cpu_seconds(roots)
        cpu = {name: spent[name] - before[name] for name in roots}
        cpu["sending, and looking"] = time.process_time() - ours
        share = (await watch.archived() - warm) / (count - warm)
        accepted = await pushing - began
        await watch.until(watch.archived, count)
        return Times(accepted, claimable, time.perf_counter() - began, share, cpu)


# ------------------------------------------------------------------------------------------------------- sending


async def _push(address: str, bodies: list[bytes]) -> float:
    """Send everything; when the last was accepted."""
    waiting = iter(bodies)
    await asyncio.gather(*(asyncio.to_thread(_client, address, waiting) for _ in range(CLIENTS)))
    return time.perf_counter()


def _client(address: str, waiting: Iterator[bytes]) -> None:
    """One keep-alive connection that sends what is next until nothing is."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    for body in waiting:
        while not _accepted(connection, body):
            time.sleep(0.2)
    connection.close()


def _accepted(connection: http.client.HTTPConnection, body: bytes) -> bool:
    connection.request("POST", "/v1/mentions", body, _HEADERS)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status in (429, 503):
        return False
    if answer.status != 202 or b'"refused":0' not in said[:100]:
        raise AssertionError(f"the door answered {answer.status}: {said[:300]!r}")
    return True


# ------------------------------------------------------------------------------------------------------ watching


class _Watch:
    """Looks at how far the desk and the archive are; looking costs them next to nothing."""

    def __init__(self, log: KafkaLog, desk: Any) -> None:
        self._log = log
        self._desk = desk

    async def on_the_desk(self) -> int:
        return int(await self._desk.fetchval(_COUNTED, list(MENTION_OUTCOMES)))

    async def archived(self) -> int:
        stands = await self._log.group_offsets(Projector.group)
        return sum(offset for place, offset in stands.items() if place.topic == MENTIONS_CLASSIFIED.name)

    async def until(self, what: Callable[[], Awaitable[int]], count: int) -> None:
        async with asyncio.timeout(_WAITS_S):
            while await what() < count:  # noqa: ASYNC110 - it happens in other processes
                await asyncio.sleep(_LOOKS_S)


@asynccontextmanager
async def _watching(connections: Connections) -> AsyncIterator[_Watch]:
    log = await KafkaLog.open(connections.kafka, ALL_TOPICS, RealClock())
    desk = await asyncpg.connect(connections.postgres.url)
    try:
        yield _Watch(log, desk)
    finally:
        await desk.close()
        await log.close()


def _documents(elastic: Elastic) -> int:
    where = f"{elastic.urls[0]}/{elastic.prefix}-mentions"
    httpx.post(f"{where}/_refresh", timeout=60).raise_for_status()
    return int(httpx.get(f"{where}/_count", timeout=60).raise_for_status().json()["count"])
