"""A process that steps spikes on Faust until it is told to stop, and says which partitions it has.

faust_child.py SERVER PREFIX FOLDER INSTANCE
"""

import asyncio
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from prometheus_client import CollectorRegistry

from backbone.distributed.faust_runner import FaustRunner
from backbone.distributed.member import Waits
from backbone.embedded.clock import RealClock
from backbone.metrics import Metrics
from backbone.standing import RunnerSettings
from contracts.topics import VOLUME_BLOCKS
from contracts.volume import VolumeUpdate
from services.classify.spikes.state import SeriesState
from tests.crash.faust_house import GROUP, SESSION_S, STEP, connection, opened

_BATCH = 60
"""Small, so that a kill falls into many places."""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def tell(runner: FaustRunner[SeriesState, VolumeUpdate]) -> None:
    said = ""
    while True:
        have = " ".join(str(place.number) for place in sorted(runner.positions()))
        if runner.healthy and have != said:
            said = have
            say(have)
        await asyncio.sleep(0.02)


async def main(server: str, prefix: str, folder: str, instance: str) -> None:
    kafka = connection(server, prefix=prefix, instance=instance)
    async with opened(kafka) as log:
        runner = FaustRunner(
            kafka,
            log,
            VOLUME_BLOCKS.name,
            GROUP,
            STEP,
            RealClock(),
            Metrics(CollectorRegistry()),
            RunnerSettings(batch_size=_BATCH, poll_timeout_s=0.1),
            Path(folder),
            Waits(session_s=SESSION_S),
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runner.stop)
        telling = asyncio.create_task(tell(runner))
        try:
            await runner.run()
        finally:
            telling.cancel()
    say(runner.state)


asyncio.run(main(*sys.argv[1:]))
