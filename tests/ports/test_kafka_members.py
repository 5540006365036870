"""Members of groups on Kafka: batches in hand, rebalances under traffic, members that die, members with a name."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from event_log_adapters import (
    FOUR,
    ONE,
    KafkaAdapter,
    everything,
    hurry,
    new,
    numbered,
    places,
    shared,
    values,
)

from backbone.distributed import kafka_members
from backbone.distributed.kafka_members import KafkaConsumer
from backbone.distributed.log import KafkaLog
from backbone.errors import Conflict
from backbone.handling import Delivered, Rejected
from backbone.ports import NewRecord, Partition
from backbone.runner import Runner
from tests.backbone.runner_house import IN, OUT, Echo, House, Ledger, Word
from tests.backbone.runner_house import TOPICS as HOUSE_TOPICS

pytestmark = pytest.mark.servers
CHILD = "tests.ports.kafka_member_child"
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def adapter(kafka_server: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KafkaAdapter]:
    hurry(monkeypatch)
    adapter = KafkaAdapter(kafka_server)
    yield adapter
    await adapter.clear()


@pytest.fixture
async def log(adapter: KafkaAdapter) -> AsyncIterator[KafkaLog]:
    log = await adapter.open()
    yield log
    await log.close()


async def until(true: Callable[[], Any], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.01)


async def joined(log: KafkaLog, *topics: str) -> KafkaConsumer:
    consumer = await log.consumer("g", topics)
    assert isinstance(consumer, KafkaConsumer)
    return consumer


# batches in hand


async def test_a_batch_in_hand_is_committed_before_its_partitions_go(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_members, "FINISH_WITHIN_S", 30.0)
    await log.append(numbered(FOUR, 100))
    first = await joined(log, FOUR.name)
    polled = await first.poll(100, 5.0)
    joining = asyncio.create_task(joined(log, FOUR.name))
    await until(lambda: first._leaving)
    assert list(await first.poll(0, 0.0)) == []
    assert first.generation() == 1
    await first.commit(first.assignment())
    second = await joining
    await shared(first, second)
    rest = [record for member in (first, second) for record in await member.poll(100, 0.0)]
    assert sorted(places([*polled, *rest])) == places(await everything(log, FOUR))


async def test_nothing_is_handed_out_while_partitions_change_hands(log: KafkaLog) -> None:
    await log.append(numbered(FOUR, 100))
    consumer = await joined(log, FOUR.name)
    await consumer.poll(1, 5.0)
    await consumer.on_partitions_revoked(set())
    assert list(await consumer.poll(10, 0.0)) == []
    assert list(await consumer.poll(10, 0.05)) == []


async def test_what_a_member_keeps_is_not_delivered_again(log: KafkaLog) -> None:
    await log.append(numbered(FOUR, 100))
    first = await joined(log, FOUR.name)
    polled = await first.poll(100, 5.0)
    await first.commit(first.assignment())
    second = await joined(log, FOUR.name)
    await shared(first, second)
    assert len(polled) == 100
    assert [list(await member.poll(10, 0.0)) for member in (first, second)] == [[], []]


async def test_a_membership_that_broke_is_renewed(log: KafkaLog) -> None:
    await log.append(numbered(ONE, 3))
    consumer = await joined(log, ONE.name)
    before = consumer.generation()
    consumer._member._coordinator._pending_exception = kafka_members.IllegalStateError("broken")
    with pytest.raises(kafka_members.Unavailable):
        await consumer.poll(10, 0.0)
    await until(lambda: consumer.generation() > before)
    assert values(await consumer.poll(10, 5.0)) == ["0", "1", "2"]


async def test_fetching_ahead_is_bounded(log: KafkaLog) -> None:
    large = "x" * 400_000
    for _ in range(4):
        await log.append([new(ONE, "k", large) for _ in range(10)])
    consumer = await joined(log, ONE.name)
    await consumer.poll(1, 5.0)
    for _ in range(20):
        await asyncio.gather(*consumer._fetching.values())
        consumer._fetch(0.0)
    (queue,) = consumer._inbox._queues.values()
    assert 1 <= sum(len(record.value) for chunk in queue.chunks for record in chunk.records) < 4_000_000


# the runner


class KafkaHouse(House):
    """The runner's house on Kafka."""

    def __init__(self, adapter: KafkaAdapter, folder: Path) -> None:
        super().__init__(folder)
        self.adapter = adapter

    async def open(self) -> "KafkaHouse":
        log: Any = await KafkaLog.open(self.adapter.connection, HOUSE_TOPICS, self.clock)
        self.log = log
        return self


@pytest.fixture
async def house(adapter: KafkaAdapter, tmp_path: Path) -> AsyncIterator[KafkaHouse]:
    house = await KafkaHouse(adapter, tmp_path).open()
    yield house
    await house.log.close()


class Busy(Ledger):
    """One of several members whose effects and offsets lie in one common place, as in a database."""

    def __init__(self, common: Ledger) -> None:
        super().__init__()
        self.common = common

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        return await self.common.assigned(committed)

    async def handle(self, batch: Sequence[Delivered[Word]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        await asyncio.sleep(0.002)
        return await self.common.handle(batch, rejected)


class Member:
    """A runner at work, until it is asked to leave."""

    def __init__(self, runner: Runner[Word]) -> None:
        self.runner = runner
        self.working = asyncio.create_task(runner.run())

    async def leave(self) -> None:
        self.runner.stop()
        await asyncio.wait_for(self.working, 30)


async def keep_saying(house: KafkaHouse, stop: asyncio.Event) -> list[str]:
    said: list[str] = []
    while not stop.is_set():
        words = [f"word-{len(said) + n}" for n in range(20)]
        await house.say(*words)
        said += words
        await asyncio.sleep(0.005)
    return said


async def test_members_come_and_go_under_traffic_without_loss_or_double_effect(
    house: KafkaHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_members, "FINISH_WITHIN_S", 10.0)
    common, echo, stop = Ledger(), Echo(), asyncio.Event()
    saying = asyncio.create_task(keep_saying(house, stop))
    members: list[tuple[Member, Member]] = []

    async def arrive() -> None:
        pair = Member(house.runner(Busy(common), batch_size=50)), Member(house.runner(echo, batch_size=50))
        members.append(pair)
        await until(lambda: all(member.runner.healthy and member.runner.positions() for member in pair))

    for _ in range(3):
        await arrive()
    for pair in (members.pop(0), members.pop(0)):
        await asyncio.gather(*(member.leave() for member in pair))
        await until(lambda: len(members[-1][0].runner.positions()) + len(members[-1][1].runner.positions()) > 2)
    stop.set()
    said = await saying
    await until(lambda: len(common.effects) >= len(said) and len(echo.kept) >= len(said))
    await asyncio.gather(*(member.leave() for member in members.pop()))
    assert Counter(common.effects) == Counter(said)
    assert Counter(echo.kept.values()) == Counter(said)
    outputs = Counter(msgspec.json.decode(record.value, type=Word).text for record in await house.records(OUT))
    assert outputs == Counter(said)
    assert await house.committed("ledger") == await house.committed("echo") == len(said)


# processes


def child(adapter: KafkaAdapter) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", CHILD, adapter.connection.servers[0], adapter.connection.prefix],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


async def heard(process: "subprocess.Popen[str]", word: str) -> None:
    """Return when the process said it."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while (line := await asyncio.to_thread(process.stdout.readline)) != f"{word}\n":
            assert line


async def test_a_member_killed_in_the_middle_loses_nothing(house: KafkaHouse, adapter: KafkaAdapter) -> None:
    words = [f"word-{n}" for n in range(1500)]
    processes = [child(adapter) for _ in range(2)]
    try:
        for process in processes:
            await heard(process, "working")
        await house.say(*words[:1000])
        await heard(processes[0], "batch")
        os.kill(processes[0].pid, signal.SIGKILL)
        await house.say(*words[1000:])
        async with asyncio.timeout(40):
            while await house.committed("echo") < len(words):
                await asyncio.sleep(0.1)
        processes[1].terminate()
        assert await asyncio.to_thread(processes[1].wait, 30) == 0
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert set(await house.said()) == set(words)
    assert sum((await house.log.end_offsets(IN.name)).values()) == len(words)


async def test_a_member_with_a_name_comes_back_to_its_partitions(adapter: KafkaAdapter) -> None:
    def named(instance: str) -> KafkaAdapter:
        one = KafkaAdapter(adapter.connection.servers[0])
        one.connection = msgspec.structs.replace(adapter.connection, instance=instance)
        return one

    left, right = await named("left").open(), await named("right").open()
    first, second = await joined(left, FOUR.name), await joined(right, FOUR.name)
    await shared(first, second)
    await until(lambda: len(first.assignment()) == len(second.assignment()) == 2)
    held, generation = set(first.assignment()), second.generation()
    await left.close()
    again = await named("left").open()
    returned = await joined(again, FOUR.name)
    assert set(returned.assignment()) == held
    assert second.generation() == generation
    with pytest.raises(Conflict):
        await first.commit(dict.fromkeys(held, 0))
    await asyncio.gather(again.close(), right.close())
