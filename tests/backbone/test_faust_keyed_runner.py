"""The order in which a keyed step's batch takes effect, and what ends it, without a broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import pytest
from faust_desk import AT, DUE_AFTER, TOPICS, FakeMember, MovedClock, Seen, SeenStep, placed, update
from prometheus_client import CollectorRegistry

from backbone.distributed.keyed_runner import KeyedRunner
from backbone.distributed.member import Waits
from backbone.embedded.log import SqliteLog
from backbone.errors import Conflict, Stopped, Unavailable
from backbone.metrics import Metrics
from backbone.ports import NewRecord, Partition, Record
from backbone.standing import RunnerSettings
from contracts.topics import SPIKE_EVENTS, VOLUME_BLOCKS
from contracts.volume import VolumeUpdate

WAITS = Waits(session_s=60.0)
FAST = RunnerSettings(retry_first_s=0.001, retry_most_s=0.002, poll_timeout_s=0.01, dead_letters_in_a_row=3)


class Recording(SqliteLog):
    """Writes down its appends between what the member does; may be away; holds the source in one partition."""

    happened: list[str]
    source: list[Record]
    away = 0

    async def append(self, records: Sequence[NewRecord]) -> Sequence[tuple[Partition, int]]:
        if self.away:
            self.away -= 1
            raise Unavailable("The log is away.", code="log_away")
        self.happened.append(f"append {' '.join(record.topic for record in records)}")
        return await super().append(records)

    async def read(self, partition: Partition, start: int, limit: int) -> Sequence[Record]:
        return [record for record in self.source if record.offset >= start][:limit]

    async def end_offsets(self, topic: str) -> Mapping[Partition, int]:
        return {Partition(topic, 0): self.source[-1].offset + 1 if self.source else 0}


class House:
    def __init__(self, log: Recording, clock: MovedClock) -> None:
        self.log = log
        self.clock = clock
        self.happened = log.happened
        self.member = FakeMember(self.happened)
        self.metrics = Metrics(CollectorRegistry())

    def runner(self, step: SeenStep | None = None, waits: Waits | None = None) -> KeyedRunner[Seen, VolumeUpdate]:
        def member(leaving: Callable[[], Awaitable[None]]) -> FakeMember:
            self.member.leaving = leaving
            return self.member

        return KeyedRunner(
            member,
            self.log,
            VOLUME_BLOCKS.name,
            "seen",
            step or SeenStep(),
            self.clock,
            self.metrics,
            FAST,
            waits or WAITS,
        )

    def comes(self, *records: Record) -> None:
        self.log.source = sorted({*self.log.source, *records}, key=lambda record: record.offset)
        self.member.coming.append(list(records))

    async def until(self, runner: KeyedRunner[Seen, VolumeUpdate], wanted: Callable[[], bool]) -> None:
        """Run until something is so."""
        running = asyncio.create_task(runner.run())
        async with asyncio.timeout(5):
            while not wanted() and not running.done():
                await asyncio.sleep(0.005)
        runner.stop()
        await running


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = MovedClock(AT)
    log = await Recording.open(tmp_path / "log", TOPICS, clock, "normal")
    log.happened, log.source = [], []
    yield House(log, clock)
    await log.close()


async def test_outputs_come_before_states_and_states_before_offsets(house: House) -> None:
    """One append, one save, one commit for a batch."""
    house.comes(*placed([update("a", 1), update("b", 2), update("a", 3)]))
    runner = house.runner()
    await house.until(runner, lambda: house.member.committed == 3)
    three = " ".join([SPIKE_EVENTS.name] * 3)
    assert house.happened == ["start", f"append {three}", "save a b", "commit 3", "close"]
    assert runner.get("a") == Seen((1, 3))
    assert runner.state == "stopped:asked"


async def test_states_are_those_that_were_kept(house: House) -> None:
    """What the table holds when the partitions come is what the step goes on with."""
    house.member.kept = {"a": SeenStep().encode(Seen((1, 2)))}
    house.comes(*placed([update("a", 3)]))
    await house.until(house.runner(), lambda: house.member.committed == 1)
    assert SeenStep().decode(house.member.kept["a"]) == Seen((1, 2, 3))


async def test_what_is_away_is_waited_for(house: House) -> None:
    """The log, the table and the commit, each twice; counted, and then done once."""
    house.log.away = 2
    gone = [Unavailable("Away.", code="kafka_away") for _ in range(4)]
    house.member.troubles = {"save": gone[:2], "commit": gone[2:], "start": [Unavailable("Away.", code="early")]}
    house.comes(*placed([update("a", 1)]))
    await house.until(house.runner(), lambda: house.member.committed == 1)
    assert house.happened.count("save a") == 1
    retries = house.metrics.registry.get_sample_value
    assert retries("webcare_retries_total", {"group": "seen", "reason": "log_away"}) == 2
    assert retries("webcare_retries_total", {"group": "seen", "reason": "kafka_away"}) == 4
    assert retries("webcare_retries_total", {"group": "seen", "reason": "early"}) == 1


async def test_the_state_says_what_is_waited_for(house: House) -> None:
    """Not ready before the partitions are there, nor while something is away."""
    house.member.current = None
    house.log.away = 10**9
    house.comes(*placed([update("a", 1)]))
    runner = house.runner()
    seen: list[str] = []

    def noted() -> bool:
        if not seen or seen[-1] != runner.state:
            seen.append(runner.state)
        if len(seen) == 1:
            house.member.current = 1
        return runner.state == "waiting:log_away"

    await house.until(runner, noted)
    assert seen[0] == "starting"
    assert seen[-1] == "waiting:log_away"
    assert house.member.committed == 0


async def test_unreadable_records_go_to_the_dead_letters_before_the_commit(house: House) -> None:
    """The others of the batch are stepped."""
    bad = NewRecord(VOLUME_BLOCKS.name, "a", b"{")
    house.comes(*placed([update("a", 1), bad, update("a", 2)]))
    runner = house.runner()
    await house.until(runner, lambda: house.member.committed == 3)
    assert house.happened[1] == f"append {SPIKE_EVENTS.name} {SPIKE_EVENTS.name} {VOLUME_BLOCKS.dead}"
    assert runner.get("a") == Seen((1, 2))


async def test_too_many_dead_letters_stop_the_line_with_nothing_done(house: House) -> None:
    house.comes(*placed([NewRecord(VOLUME_BLOCKS.name, "a", b"{")] * 4))
    runner = house.runner()
    with pytest.raises(Stopped, match="4 records in a row"):
        await house.until(runner, lambda: False)
    assert runner.state == "stopped:too_many_dead_letters"
    assert house.happened == ["start", "close"]


async def test_a_fault_of_the_step_ends_it_with_nothing_committed(house: House) -> None:
    """It is not swallowed, and the events come again."""
    house.comes(*placed([update("a", 1), update("a", 2)]))
    runner = house.runner(SeenStep(fails_on=2))
    with pytest.raises(ZeroDivisionError):
        await house.until(runner, lambda: False)
    assert runner.state == "stopped:ZeroDivisionError"
    assert house.happened == ["start", "close"]


async def test_the_death_of_the_member_ends_it(house: House) -> None:
    house.member.troubles = {"generation": [Stopped("Faust died.", code="group_member_died")]}
    runner = house.runner()
    with pytest.raises(Stopped):
        await house.until(runner, lambda: False)
    assert runner.state == "stopped:group_member_died"


async def test_records_that_were_skipped_are_asked_for_again(house: House) -> None:
    """And those beyond are not handled before them; what comes twice is handled once."""
    first, second, third = placed([update("a", 1), update("a", 2), update("a", 3)])
    house.log.source = [first, second, third]
    house.comes(first, third)
    house.comes(third)
    house.comes(first, second, third)
    runner = house.runner()
    await house.until(runner, lambda: house.member.committed == 3)
    assert runner.get("a") == Seen((1, 2, 3))
    assert house.happened.count("again 1") == 1


async def test_records_that_do_not_come_are_asked_for(house: House) -> None:
    """Nothing beyond them tells that they were lost; the log does."""
    records = placed([update("a", 1)])
    house.log.source = records
    runner = house.runner()

    def asked() -> bool:
        if "again 0" in house.happened and not house.member.coming:
            house.member.coming.append(records)
        return house.member.committed == 1

    await house.until(runner, asked)
    assert runner.get("a") == Seen((1,))


async def test_a_hole_in_the_log_itself_is_passed(house: House) -> None:
    first, *_, last = placed([update("a", n) for n in range(5)])
    house.comes(first, last)
    runner = house.runner()
    await house.until(runner, lambda: house.member.committed == 5)
    assert runner.get("a") == Seen((0, 4))


async def test_what_somebody_else_owns_by_now_is_dropped(house: House) -> None:
    """A commit that is refused: the records come again to the states that were kept meanwhile."""
    house.member.troubles = {"commit": [Conflict("Taken.", code="partition_taken")]}
    (record,) = placed([update("a", 1)])
    house.comes(record)
    runner = house.runner()
    await house.until(runner, lambda: "save a" in house.happened and runner.healthy)
    assert house.member.committed == 0
    assert runner.positions() == {Partition(VOLUME_BLOCKS.name, 0): 0}


async def test_leaving_waits_for_the_batch_in_hand(house: House) -> None:
    """Partitions go when the batch is committed, not in the middle of it."""
    leaving: list[asyncio.Task[None]] = []

    async def rebalance() -> None:
        assert house.member.leaving is not None
        leaving.append(asyncio.create_task(_then(house.member.leaving, house.happened)))
        await asyncio.sleep(0.05)

    house.member.on_save = rebalance
    house.comes(*placed([update("a", 1)]))
    runner = house.runner()
    await house.until(runner, lambda: "left" in house.happened)
    await asyncio.gather(*leaving)
    assert house.happened[2:5] == ["save a", "commit 1", "left"]


async def _then(what: Callable[[], Awaitable[None]], happened: list[str]) -> None:
    await what()
    happened.append("left")


async def test_leaving_gives_up_a_batch_that_waits(house: House) -> None:
    """What is away must not hold up the group; nothing of the batch is kept."""
    house.log.away = 10**9
    house.comes(*placed([update("a", 1)]))
    runner = house.runner()
    running = asyncio.create_task(runner.run())
    async with asyncio.timeout(5):
        while runner.state != "waiting:log_away":
            await asyncio.sleep(0.005)
        assert house.member.leaving is not None
        house.member.current = None
        await house.member.leaving()
    assert runner.state == "starting"
    assert runner.get("a") is None
    runner.stop()
    await running
    assert house.happened == ["start", "close"]


async def test_who_was_silent_for_long_proves_its_membership_before_it_writes(house: House) -> None:
    """Or it might write an older state over its successor's."""
    house.comes(*placed([update("a", 1)]))
    await house.until(house.runner(waits=Waits(session_s=0.0)), lambda: house.member.committed == 1)
    assert house.happened[2:] == ["commit 0", "save a", "commit 1", "close"]


async def test_time_passes_when_nothing_comes(house: House) -> None:
    """A tick keeps its state without moving offsets."""
    house.comes(*placed([update("a", 1)]))
    runner = house.runner()

    def later() -> bool:
        if house.member.committed == 1:
            house.clock.ahead += DUE_AFTER
        return house.happened.count("save a") == 2

    await house.until(runner, later)
    assert runner.get("a") == Seen((1,), over=True)
    assert house.happened.count("commit 1") == 1


async def test_standing_still_with_work_to_do_ends_it(house: House) -> None:
    """The member gives nothing although the log has more."""
    house.log.source = placed([update("a", 1)])
    runner = house.runner(waits=Waits(session_s=60.0, stalled_s=0.05))
    with pytest.raises(Stopped, match="stood still"):
        await house.until(runner, lambda: False)
    assert runner.state == "stopped:stalled"
