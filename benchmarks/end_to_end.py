"""The whole chain in a process of its own, so that its memory and speed are nobody else's."""

import asyncio
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from prometheus_client import CollectorRegistry

from backbone.embedded.clock import RealClock
from backbone.metrics import Metrics
from backbone.standing import RunnerSettings
from benchmarks.load import BATCH, BRANDS, SETTINGS, messages
from services.ingest.gate import Gate
from services.router.domain.conservation import MENTION_OUTCOMES, total
from webcare.adapters import embedded
from webcare.chain import Chain
from webcare.notifiers import recording
from webcare.replay.defaults import default_settings

_WAITS_S = 900


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
