"""How long a claim takes while many agents claim, beside one bare conditional update of the same row."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

import aiohttp
import asyncpg

from backbone.distributed.connections import Postgres
from backbone.distributed.desk import WRITERS, PostgresDesk
from backbone.records import Cause

AGENTS = 100
EACH = 10
_WARM = 100
"""So many claims come before those that count: every connection learns its statements once."""
_WAITING = "SELECT id FROM items WHERE state = 'waiting' ORDER BY id LIMIT $1"
_TAKE = """
UPDATE items SET state = 'claimed', holder = $2, lease_until = $3, fence = fence + 1, seq = seq + 1
WHERE id = $1 AND state = 'waiting' RETURNING id
"""
_LEASE = timedelta(minutes=15)

Claim = Callable[[str, str], Awaitable[None]]


class Latency(NamedTuple):
    """Of all claims of a run: milliseconds, and how many a second."""

    p50: float
    p95: float
    p99: float
    rate: float


def claiming(postgres: Postgres, api: str, key: str) -> dict[str, Latency]:
    """Agents who claim one after the other without a pause: at the api, at the desk, and bare updates."""
    return asyncio.run(_claiming(postgres, api, key))


async def _claiming(postgres: Postgres, api: str, key: str) -> dict[str, Latency]:
    async with asyncpg.create_pool(postgres.url, min_size=WRITERS, max_size=WRITERS) as pool:
        desk = await PostgresDesk.open(postgres)
        try:
            found = {"bare update": await _run(pool, _bare(pool)), "desk": await _run(pool, _at_desk(desk))}
        finally:
            await desk.close()
        limits = aiohttp.TCPConnector(limit=AGENTS)
        headers = {"Authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession(api, connector=limits, headers=headers) as client:
            return {**found, "api, over HTTP": await _run(pool, _at_api(client))}


def _bare(pool: Any) -> Claim:
    until = int((datetime.now(UTC) + _LEASE).timestamp() * 1_000_000)

    async def claim(item: str, person: str) -> None:
        assert await pool.fetchval(_TAKE, item, person, until) == item

    return claim


def _at_desk(desk: PostgresDesk) -> Claim:
    async def claim(item: str, person: str) -> None:
        now = datetime.now(UTC)
        async with desk.transaction() as tx:
            await tx.claim(item, person, now + _LEASE, Cause(actor=person, method="api", at=now, reason="claimed"))

    return claim


def _at_api(client: aiohttp.ClientSession) -> Claim:
    async def claim(item: str, _: str) -> None:
        async with client.post(f"/v1/items/{item}/claim") as answer:
            assert answer.status == HTTPStatus.OK, await answer.text()

    return claim


async def _run(pool: Any, claim: Claim) -> Latency:
    found = [row["id"] for row in await pool.fetch(_WAITING, _WARM + AGENTS * EACH)]
    items = found[_WARM:]
    await asyncio.gather(*(claim(item, "first") for item in found[:_WARM]))
    took: list[float] = []

    async def agent(number: int) -> None:
        for item in items[number * EACH : (number + 1) * EACH]:
            began = time.perf_counter()
            await claim(item, f"agent{number}")
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*map(agent, range(AGENTS)))
    whole = time.perf_counter() - began
    assert len(took) == AGENTS * EACH, "there are items enough"
    took.sort()
    p50, p95, p99 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.95, 0.99))
    return Latency(p50, p95, p99, len(took) / whole)
