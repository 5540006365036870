"""A process that is one member of a group: repeats what it reads until it is told to stop, or killed.

python -m tests.ports.kafka_member_child SERVER PREFIX      says "working" once it has partitions, then "batch" for each
"""

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry

from backbone.distributed import kafka_members
from backbone.distributed.connections import Kafka
from backbone.distributed.log import KafkaLog
from backbone.embedded.clock import RealClock
from backbone.handling import Delivered, Rejected
from backbone.metrics import Metrics
from backbone.ports import NewRecord
from backbone.runner import Runner
from backbone.standing import RunnerSettings
from tests.backbone.runner_house import TOPICS, TYPES, Echo, Word

kafka_members.HEARTBEAT_S = 0.05
kafka_members.SESSION_S = 6.0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Telling(Echo):
    async def handle(self, batch: Sequence[Delivered[Word]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        say("batch")
        return await super().handle(batch, rejected)


async def main(server: str, prefix: str) -> None:
    log = await KafkaLog.open(Kafka(servers=(server,), prefix=prefix), TOPICS, RealClock())
    handler: Any = Telling()
    settings = RunnerSettings(batch_size=20, poll_timeout_s=0.1)
    runner = Runner(log, handler, RealClock(), Metrics(CollectorRegistry()), settings, TYPES)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runner.stop)
    working = asyncio.create_task(runner.run())
    while not runner.positions():
        await asyncio.sleep(0.01)
    say("working")
    await working
    await log.close()


asyncio.run(main(*sys.argv[1:]))
