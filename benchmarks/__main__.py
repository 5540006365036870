"""`make bench`: embedded end to end against raw SQLite, the classifier alone, and memory. One run, ratios printed."""

import asyncio
import multiprocessing
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table

from backbone.embedded.clock import RealClock
from backbone.metrics import Metrics
from backbone.runner import RunnerSettings
from benchmarks.load import BATCH, BRANDS, SETTINGS, messages, texts
from contracts.mentions import Mention
from services.classify.domain.verdict import Classifier, Text
from services.ingest.domain.normalise import Arrival
from services.ingest.gate import Gate, judge, to_record
from services.router.domain.conservation import MENTION_OUTCOMES, total
from webcare.adapters import embedded
from webcare.chain import Chain
from webcare.notifiers import recording
from webcare.replay.defaults import default_settings

MESSAGES = 100_000
ROUNDS = 3
_WAITS_S = 1800


def chunks(mentions: Sequence[Mention]) -> Iterator[Sequence[Mention]]:
    """Batches of the size that ingest gets from a busy client."""
    for start in range(0, len(mentions), BATCH):
        yield mentions[start : start + BATCH]


def judged(count: int) -> list[Mention]:
    """The messages as mentions."""
    arrival = Arrival(received_at=datetime.now(UTC), origin="bench")
    results = [judge(sent, arrival, SETTINGS) for sent in messages(count)]
    return [result.mention for result in results if result.mention]


def raw_sqlite(mentions: Sequence[Mention]) -> float:
    """Seconds to insert the same bytes in the same batches into one plain table, each batch on disk."""
    values = [[(record.key, record.value) for record in map(to_record, chunk)] for chunk in chunks(mentions)]
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "raw.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, key TEXT, value BLOB)")
        began = time.perf_counter()
        for rows in values:
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO records (key, value) VALUES (?, ?)", rows)
            connection.execute("COMMIT")
        took = time.perf_counter() - began
        connection.close()
    return took


def classifying(classifier: Classifier, count: int) -> float:
    """Seconds to judge `count` texts in batches of 500 on one core."""
    written = texts()
    every = [Text(text=f"{written[number % len(written)]} {number}") for number in range(count)]
    batch = [every[start : start + BATCH] for start in range(0, count, BATCH)]
    began = time.perf_counter()
    for each in batch:
        classifier.judge(each)
    return time.perf_counter() - began


def resident_mb() -> float:
    """This process's resident memory now."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def end_to_end(pipe: Connection, count: int) -> None:
    """In a process of its own: the whole chain on disk; tells seconds, and memory at rest, then after `count`."""
    asyncio.run(_chain(pipe, count))


async def _chain(pipe: Connection, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder), RealClock(), "full") as adapters:
            metrics = Metrics(CollectorRegistry())
            gate = Gate(adapters.log, adapters.clock, SETTINGS, metrics)
            router = default_settings(BRANDS)
            chain = Chain(adapters, router, recording(), metrics, "bench", RunnerSettings(), lambda: 0.5)
            stop = asyncio.Event()
            tasks = [asyncio.create_task(runner.run()) for runner in chain.runners]
            tasks += [asyncio.create_task(loop.run(stop)) for loop in chain.router.loops]
            await asyncio.sleep(2)
            rest = resident_mb()
            began = time.perf_counter()
            await _feed(gate, count)
            accepted = time.perf_counter() - began
            await _finished(chain, count)
            pipe.send((time.perf_counter() - began, accepted, rest, resident_mb()))
            stop.set()
            for runner in chain.runners:
                runner.stop()
            await asyncio.gather(*tasks)


async def _feed(gate: Gate, count: int) -> None:
    batch: list[object] = []
    for sent in messages(count):
        batch.append(sent)
        if len(batch) == BATCH:
            await gate.take(batch, gate.arrival("bench"))
            batch = []
    await gate.take(batch, gate.arrival("bench"))


async def _finished(chain: Chain, count: int) -> None:
    """Every message is in the desk, and every runner (the archive's too) has caught up."""
    deadline = time.monotonic() + _WAITS_S
    while time.monotonic() < deadline:
        counts = await chain.adapters.desk.counts()
        done = sum(total(counts, name) for name in MENTION_OUTCOMES)
        if done >= count and all([await runner.caught_up() for runner in chain.runners]):
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"The chain did not finish {count} messages in {_WAITS_S} s.")


def main() -> None:
    """Print every figure."""
    console = Console()
    table = Table("what", "figure", "beside", title="Webcare, embedded, one run on this machine")
    console.print(f"{MESSAGES} messages end to end, then {ROUNDS} rounds of the rest; some minutes ...")
    here, there = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=end_to_end, args=(there, MESSAGES))
    child.start()
    took, accepting, rest, after = here.recv()
    child.join()
    mentions = judged(MESSAGES)
    raw = statistics.median(raw_sqlite(mentions) for _ in range(ROUNDS))
    classifier = Classifier.load()
    judging = statistics.median(classifying(classifier, 20_000) for _ in range(ROUNDS)) / 20_000
    whole, bare = MESSAGES / took, MESSAGES / raw
    table.add_row("end to end, messages a second", f"{whole:,.0f}", f"{whole / bare:.3f} of raw SQLite inserts")
    table.add_row("accepted (202), messages a second", f"{MESSAGES / accepting:,.0f}", "while the rest works")
    table.add_row("raw SQLite inserts of the same bytes", f"{bare:,.0f}", f"batches of {BATCH}, synchronous FULL")
    table.add_row("classify, messages a second a core", f"{1 / judging:,.0f}", f"batches of {BATCH}")
    table.add_row("memory at rest", f"{rest:,.0f} MB", "limit 200 MB")
    table.add_row(f"memory after {MESSAGES:,} messages", f"{after:,.0f} MB", f"{after / rest:.2f} of at rest")
    console.print(table)


if __name__ == "__main__":
    main()
