"""The spike step on Faust and a real broker, in one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from backbone.distributed.connections import Kafka
from backbone.distributed.faust_runner import FaustRunner
from backbone.distributed.member import Waits
from backbone.distributed.table_tail import TableTail
from backbone.embedded.clock import RealClock
from backbone.errors import Stopped
from backbone.metrics import Metrics
from backbone.ports import Clock, EventLog, NewRecord, Partition
from backbone.standing import RunnerSettings
from contracts.topics import SPIKE_EVENTS, VOLUME_BLOCKS
from contracts.volume import SpikeEvent, VolumeUpdate
from contracts.work import DeadLetter
from servers.certificates import Access
from services.classify.spikes.state import SeriesState
from tests.crash.faust_house import (
    GROUP,
    SESSION_S,
    STEP,
    connection,
    every,
    holds_what_was_told,
    names,
    opened,
    records,
    stepped,
    updates,
)

pytestmark = pytest.mark.servers

SETTINGS = RunnerSettings(poll_timeout_s=0.1, dead_letters_in_a_row=3)
Spikes = FaustRunner[SeriesState, VolumeUpdate]


class Ahead(RealClock):
    """The real clock, told to be later."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


def runner_of(
    kafka: Kafka, log: EventLog, folder: Path, clock: Clock | None = None, metrics: Metrics | None = None
) -> Spikes:
    return FaustRunner(
        kafka,
        log,
        VOLUME_BLOCKS.name,
        GROUP,
        STEP,
        clock or RealClock(),
        metrics or Metrics(CollectorRegistry()),
        SETTINGS,
        folder,
        Waits(session_s=SESSION_S),
    )


@asynccontextmanager
async def running(runner: Spikes, ends_with: type[Exception] | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """Its task, which is asked to stop at the end, unless it ended with an error before."""
    task = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(40):
            yield task
    finally:
        runner.stop()
        await asyncio.wait({task})
        error = task.exception()
    assert (type(error) if error else None) is ends_with


async def handled(runner: Spikes, log: EventLog) -> None:
    async with asyncio.timeout(30):
        while not await runner.caught_up():
            await asyncio.sleep(0.05)


async def test_a_restart_goes_on_with_the_states_it_kept(kafka_server: str, tmp_path: Path) -> None:
    """Half of the updates, a new process with an empty folder, the other half: as the pure step over all of them."""
    kafka = connection(kafka_server)
    told = updates(names(8))
    metrics = Metrics(CollectorRegistry())
    async with opened(kafka) as log:
        for number, part in enumerate((told[: len(told) // 2], told[len(told) // 2 :])):
            await log.append(records(part))
            runner = runner_of(kafka, log, tmp_path / str(number), metrics=metrics)
            assert runner.state == "starting"
            assert not await runner.caught_up()
            async with running(runner):
                await handled(runner, log)
                assert runner.healthy
            assert runner.state == "stopped:asked"
        await holds_what_was_told(kafka, log, told)
        assert sum((await log.group_offsets(GROUP)).values()) == len(told)
    labels = {"group": GROUP, "topic": VOLUME_BLOCKS.name}
    assert metrics.registry.get_sample_value("webcare_records_total", labels) == len(told)


async def test_a_spike_closes_when_nothing_arrives(kafka_server: str, tmp_path: Path) -> None:
    """The clock alone closes it, and whoever looks at the table sees it closed."""
    kafka = connection(kafka_server)
    clock = Ahead()
    now = clock.now()
    told = updates(names(1), now - timedelta(hours=48, minutes=15))
    tail = TableTail(kafka, GROUP, lambda key: key == names(1)[0])
    tail.start()
    async with opened(kafka) as log:
        await log.append(records(told))
        runner = runner_of(kafka, log, tmp_path, clock)
        async with running(runner):
            await handled(runner, log)
            for _ in range(40):
                clock.ahead += timedelta(minutes=6)
                await asyncio.sleep(0.1)
                if (state := runner.get(names(1)[0])) is not None and state.spike is None:
                    break
            assert runner.healthy
            async with asyncio.timeout(10):
                while not (seen := tail.get(names(1)[0])) or STEP.decode(seen).spike is not None:
                    await asyncio.sleep(0.05)
        kinds = [msgspec.json.decode(one.value, type=SpikeEvent).kind for one in await every(log, SPIKE_EVENTS.name)]
        assert kinds[0] == "opened"
        assert kinds[-1] == "closed"
        assert kinds.count("closed") == 1
    await tail.close()


async def test_unreadable_updates_are_put_aside_until_there_are_too_many(kafka_server: str, tmp_path: Path) -> None:
    """The first goes to the dead letters whole, with its reason; a row of them stops the line, uncommitted."""
    kafka = connection(kafka_server)
    bad = NewRecord(VOLUME_BLOCKS.name, names(1)[0], b'{"series": 7}')
    told = updates(names(1))
    async with opened(kafka) as log:
        await log.append([*records(told[:20]), bad, *records(told[20:40])])
        runner = runner_of(kafka, log, tmp_path)
        async with running(runner, ends_with=Stopped) as task:
            await handled(runner, log)
            state = runner.get(names(1)[0])
            assert state is not None
            assert STEP.encode(state) == stepped(told[:40])[0][names(1)[0]]
            await log.append([bad] * 4)
            await asyncio.wait({task})
        assert runner.state == "stopped:too_many_dead_letters"
        letters = [msgspec.json.decode(one.value, type=DeadLetter) for one in await every(log, VOLUME_BLOCKS.dead)]
        assert {(one.reason, one.payload, one.group) for one in letters} == {("wrong_type", bad.value, GROUP)}
        assert 1 <= len(letters) <= 4
        place = Partition(VOLUME_BLOCKS.name, letters[0].partition)
        assert (await log.group_offsets(GROUP))[place] == 40 + len(letters)


async def test_a_dead_faust_is_told(kafka_server: str, tmp_path: Path) -> None:
    """It does not go on as if nothing had happened."""
    kafka = connection(kafka_server)
    async with opened(kafka) as log:
        runner = runner_of(kafka, log, tmp_path)
        async with running(runner, ends_with=Stopped) as task:
            while not runner.healthy:
                await asyncio.sleep(0.02)
            await runner._member._app.consumer.crash(RuntimeError("as its thread does"))
            await asyncio.wait({task})
        assert runner.state == "stopped:group_member_died"


async def test_it_enters_with_a_password_over_tls(secure_kafka: Access, tmp_path: Path) -> None:
    """Faust's connections as well as ours."""
    plain = connection(secure_kafka.address)
    kafka = msgspec.structs.replace(
        plain, tls=True, ca=secure_kafka.ca, user=secure_kafka.user, password=secure_kafka.password
    )
    told = updates(names(1))[:10]
    async with opened(kafka) as log:
        await log.append(records(told))
        runner = runner_of(kafka, log, tmp_path)
        async with running(runner):
            await handled(runner, log)
            assert runner.get(names(1)[0]) is not None
