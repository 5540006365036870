"""The archive's indexing beside raw bulk requests of the same documents to an index of the same form."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

import httpx

from backbone.distributed.archive import ElasticArchive
from backbone.distributed.connections import Elastic
from backbone.distributed.elastic_writing import prepare, put
from benchmarks.load import chunks, judged
from contracts.mentions import ClassifiedMention, Mention, Origin
from contracts.topics import MENTIONS_RAW
from services.classify.domain.verdict import Classifier, Text

Versioned = tuple[ClassifiedMention, int]
_WARM = 4
_NDJSON = {"Content-Type": "application/x-ndjson"}


def archiving(elastic: Elastic, batch: int, rounds: int) -> tuple[float, float]:
    """Documents a second, ours and raw: medians of rounds, in which they take turns who is first."""
    events = _events(judged(batch * (rounds + _WARM)))
    batches = [events[start : start + batch] for start in range(0, len(events), batch)]
    return asyncio.run(_both(elastic, batches))


def _events(mentions: Sequence[Mention]) -> list[Versioned]:
    classifier = Classifier.load()
    origin = Origin(topic=MENTIONS_RAW.name, partition=0, offset=0)
    found: list[Versioned] = []
    for chunk in chunks(mentions):
        verdicts = classifier.judge([Text(mention.text) for mention in chunk])
        for mention, verdict in zip(chunk, verdicts, strict=True):
            found.append((ClassifiedMention(mention=mention, verdict=verdict, origin=origin), len(found) + 1))
    return found


async def _both(elastic: Elastic, batches: Sequence[Sequence[Versioned]]) -> tuple[float, float]:
    ours = await ElasticArchive.open(Elastic(urls=elastic.urls, prefix=f"{elastic.prefix}-ours"))
    form = await ElasticArchive.open(Elastic(urls=elastic.urls, prefix=f"{elastic.prefix}-raw"))
    try:
        async with httpx.AsyncClient(base_url=elastic.urls[0], timeout=60) as client:
            await form.index(batches[0][:1])  # makes the index
            times: tuple[list[float], list[float]] = ([], [])
            for number, events in enumerate(batches):
                turns = [(times[0], _ours(ours, events)), (times[1], _raw(client, form, events))]
                for kept, work in turns if number % 2 else reversed(turns):
                    kept.append(await _timed(work))
            size = len(batches[0])
            return size / statistics.median(times[0][_WARM:]), size / statistics.median(times[1][_WARM:])
    finally:
        await ours.close()
        await form.close()


def _ours(archive: ElasticArchive, events: Sequence[Versioned]) -> Callable[[], Awaitable[None]]:
    return lambda: archive.index(events)


def _raw(client: httpx.AsyncClient, form: ElasticArchive, events: Sequence[Versioned]) -> Callable[[], Awaitable[None]]:
    """One request, whose body is made beforehand."""
    body = b"".join(put(row, form.months.write(row.month)).content for row in prepare(events))

    async def send() -> None:
        answer = (await client.post("/_bulk", content=body, headers=_NDJSON)).raise_for_status().json()
        assert not any(item["index"]["status"] >= 300 and item["index"]["status"] != 409 for item in answer["items"])

    return send


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began
