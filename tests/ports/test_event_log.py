"""What every event log promises (`backbone.ports.EventLog`), on every adapter."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from event_log_adapters import (
    ADAPTERS,
    DEAD,
    FOUR,
    ONE,
    OTHER,
    START,
    TOPICS,
    Adapter,
    everything,
    hurry,
    make_adapter,
    new,
    numbered,
    places,
    shared,
    values,
)

from backbone.errors import BadInput, Conflict
from backbone.ports import Consumer, EventLog, NewRecord, Partition, Record


@pytest.fixture(params=ADAPTERS)
async def adapter(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Adapter]:
    hurry(monkeypatch)
    adapter = make_adapter(request, request.param, tmp_path)
    yield adapter
    await adapter.clear()


@pytest.fixture
async def log(adapter: Adapter) -> AsyncIterator[EventLog]:
    log = await adapter.open()
    yield log
    await log.close()


async def drain(consumer: Consumer, limit: int = 100) -> list[Record]:
    found: list[Record] = []
    while records := await consumer.poll(limit, 0.0):
        found += records
    return found


async def holds(member: Consumer, count: int) -> None:
    """Return when the member has that many partitions."""
    async with asyncio.timeout(20):
        while len(member.assignment()) != count:
            await asyncio.sleep(0.01)


# appending


async def test_append_says_where_each_record_stands(log: EventLog) -> None:
    stands = await log.append(numbered(FOUR, 50))
    kept = {place: record.value for record in await everything(log, FOUR) for place in places([record])}
    assert [kept[place] for place in stands] == [str(n).encode() for n in range(50)]


async def test_offsets_of_a_partition_have_no_gaps(log: EventLog) -> None:
    for _ in range(3):
        await log.append(numbered(FOUR, 40))
    for partition, end in (await log.end_offsets(FOUR.name)).items():
        assert [record.offset for record in await log.read(partition, 0, 1000)] == list(range(end))


async def test_records_of_one_key_keep_their_order(log: EventLog) -> None:
    await log.append([new(FOUR, "anna", str(n)) for n in range(30)])
    await log.append([new(FOUR, "anna", str(n)) for n in range(30, 60)])
    assert values(await everything(log, FOUR)) == [str(n) for n in range(60)]


async def test_keys_spread_over_all_partitions(log: EventLog) -> None:
    await log.append(numbered(FOUR, 200, keys=100))
    assert all(end > 20 for end in (await log.end_offsets(FOUR.name)).values())


async def test_a_key_has_the_same_partition_in_all_topics_of_as_many(log: EventLog) -> None:
    keys = [f"key-{n}" for n in range(50)]
    four = await log.append([new(FOUR, key, "x") for key in keys])
    other = await log.append([new(OTHER, key, "x") for key in keys])
    assert [partition.number for partition, _ in four] == [partition.number for partition, _ in other]


async def test_the_partition_of_a_key_never_changes(log: EventLog) -> None:
    """These are written in data folders: another answer would break the order of every author."""
    stands = await log.append([new(FOUR, key, "x") for key in ("", "kpn|anna", "ns|übel", "ziggo|名前")])
    assert [partition.number for partition, _ in stands] == [0, 0, 2, 0]


async def test_one_append_may_go_to_several_topics(log: EventLog) -> None:
    await log.append([new(FOUR, "a", "1"), new(ONE, "a", "2"), new(FOUR, "a", "3")])
    assert values(await everything(log, FOUR)) == ["1", "3"]
    assert values(await everything(log, ONE)) == ["2"]


async def test_a_record_comes_back_as_it_was(log: EventLog, adapter: Adapter) -> None:
    await log.append([NewRecord(ONE.name, "ключ \x00", bytes(range(256)))])
    (record,) = await everything(log, ONE)
    at = START if adapter.features.tick else record.appended_at
    assert record == Record(ONE.name, 0, 0, "ключ \x00", bytes(range(256)), at)


async def test_concurrent_appends_are_all_kept_each_in_its_order(log: EventLog) -> None:
    async def writer(name: str) -> None:
        for n in range(10):
            await log.append([new(ONE, name, f"{name}.{2 * n}"), new(ONE, name, f"{name}.{2 * n + 1}")])

    await asyncio.gather(*(writer(str(n)) for n in range(20)))
    kept = values(await everything(log, ONE))
    for name in map(str, range(20)):
        assert [value for value in kept if value.split(".")[0] == name] == [f"{name}.{n}" for n in range(20)]


async def test_an_append_is_whole_even_where_its_caller_gave_up(log: EventLog) -> None:
    appending = asyncio.create_task(log.append(numbered(FOUR, 40)))
    await asyncio.sleep(0)
    appending.cancel()
    await asyncio.gather(appending, return_exceptions=True)
    await log.append([new(ONE, "later", "x")])
    assert len(await everything(log, FOUR)) in (0, 40)


async def test_the_largest_value_passes_and_a_larger_one_is_refused(log: EventLog, adapter: Adapter) -> None:
    largest = adapter.features.max_value_bytes
    await log.append([NewRecord(ONE.name, "k", b"x" * largest)])
    with pytest.raises(BadInput) as refused:
        await log.append([new(ONE, "k", "small"), NewRecord(ONE.name, "k", b"x" * (largest + 1))])
    assert refused.value.code == "record_too_large"
    assert [len(record.value) for record in await everything(log, ONE)] == [largest]


async def test_a_dead_letter_may_hold_the_largest_value(log: EventLog, adapter: Adapter) -> None:
    await log.append([NewRecord(DEAD.name, "k", b"x" * (adapter.features.max_value_bytes * 4 // 3 + 2000))])
    assert len(await everything(log, DEAD)) == 1


async def test_an_unknown_topic_is_refused(log: EventLog) -> None:
    with pytest.raises(BadInput) as refused:
        await log.append([NewRecord("nowhere", "k", b"")])
    assert refused.value.code == "unknown_topic"


async def test_a_key_that_is_not_text_is_refused(log: EventLog) -> None:
    with pytest.raises(BadInput) as refused:
        await log.append([NewRecord(ONE.name, "\ud800", b"")])
    assert refused.value.code == "bad_key"


async def test_nothing_to_append_is_no_trouble(log: EventLog) -> None:
    assert list(await log.append([])) == []


# reading


async def test_read_starts_anywhere_and_stops_at_the_end(log: EventLog) -> None:
    await log.append(numbered(ONE, 10))
    partition = Partition(ONE.name, 0)
    assert values(await log.read(partition, 3, 4)) == ["3", "4", "5", "6"]
    assert values(await log.read(partition, 8, 100)) == ["8", "9"]
    assert list(await log.read(partition, 10, 100)) == []
    assert list(await log.read(partition, 999, 100)) == []


async def test_appended_records_carry_the_clocks_time(log: EventLog, adapter: Adapter) -> None:
    if (tick := adapter.features.tick) is None:
        pytest.skip("carries the server's time, as declared")
    later = timedelta(microseconds=1_500_001)
    await log.append(numbered(ONE, 1))
    adapter.clock.advance(START + later)
    await log.append(numbered(ONE, 1))
    times = [record.appended_at for record in await everything(log, ONE)]
    assert times == [START, START + later // tick * tick]


# groups


async def test_a_consumer_gets_everything_in_order_per_partition(log: EventLog) -> None:
    await log.append(numbered(FOUR, 300))
    records = await drain(await log.consumer("g", [FOUR.name]), limit=70)
    assert sorted(places(records)) == places(await everything(log, FOUR))
    for number in range(4):
        offsets = [record.offset for record in records if record.partition == number]
        assert offsets == sorted(offsets)


async def test_a_poll_gives_no_more_than_its_limit(log: EventLog) -> None:
    await log.append(numbered(FOUR, 100))
    consumer = await log.consumer("g", [FOUR.name])
    assert [len(await consumer.poll(limit, 0.0)) for limit in (1, 7, 50)] == [1, 7, 50]


async def test_a_long_partition_does_not_starve_the_others(log: EventLog) -> None:
    await log.append([new(ONE, "k", str(n)) for n in range(200)])
    await log.append([new(FOUR, "k", "quick")])
    consumer = await log.consumer("g", [ONE.name, FOUR.name])
    first = [record for _ in range(2) for record in await consumer.poll(10, 0.0)]
    assert "quick" in values(first)


async def test_an_empty_poll_returns_after_its_time(log: EventLog) -> None:
    consumer = await log.consumer("g", [FOUR.name])
    assert list(await consumer.poll(10, 0.0)) == []
    assert list(await consumer.poll(10, 0.01)) == []


async def test_a_waiting_poll_is_woken_by_an_append(log: EventLog) -> None:
    consumer = await log.consumer("g", [FOUR.name])
    polling = asyncio.create_task(consumer.poll(10, 60.0))
    await asyncio.sleep(0)
    await log.append([new(FOUR, "k", "1")])
    assert values(await asyncio.wait_for(polling, 10)) == ["1"]


async def test_positions_move_with_the_polls(log: EventLog) -> None:
    await log.append(numbered(ONE, 10))
    consumer = await log.consumer("g", [ONE.name])
    assert consumer.assignment() == {Partition(ONE.name, 0): 0}
    await consumer.poll(4, 0.0)
    assert consumer.assignment() == {Partition(ONE.name, 0): 4}


async def test_what_was_not_committed_comes_again_after_a_restart(log: EventLog, adapter: Adapter) -> None:
    await log.append(numbered(ONE, 10))
    consumer = await log.consumer("g", [ONE.name])
    await consumer.poll(4, 0.0)
    await consumer.commit({Partition(ONE.name, 0): 4})
    await consumer.poll(4, 0.0)
    await log.close()
    again = await adapter.open()
    consumer = await again.consumer("g", [ONE.name])
    assert await consumer.committed() == {Partition(ONE.name, 0): 4}
    assert values(await consumer.poll(100, 0.0)) == [str(n) for n in range(4, 10)]
    await again.close()


async def test_groups_do_not_disturb_each_other(log: EventLog) -> None:
    await log.append(numbered(ONE, 5))
    first, second = await log.consumer("first", [ONE.name]), await log.consumer("second", [ONE.name])
    assert values(await first.poll(10, 0.0)) == values(await second.poll(10, 0.0))
    await first.commit({Partition(ONE.name, 0): 5})
    assert await log.group_offsets("first") == {Partition(ONE.name, 0): 5}
    assert await log.group_offsets("second") == {}
    assert await log.group_offsets("nobody") == {}


async def test_seek_goes_back_and_forth(log: EventLog) -> None:
    await log.append(numbered(ONE, 10))
    consumer = await log.consumer("g", [ONE.name])
    await consumer.poll(10, 0.0)
    await consumer.seek({Partition(ONE.name, 0): 2})
    assert values(await consumer.poll(2, 0.0)) == ["2", "3"]
    await consumer.seek({Partition(ONE.name, 0): 9})
    assert values(await consumer.poll(5, 0.0)) == ["9"]


async def test_two_members_share_the_partitions(log: EventLog) -> None:
    first = await log.consumer("g", [FOUR.name])
    before = first.generation()
    second = await log.consumer("g", [FOUR.name])
    await shared(first, second)
    await first.poll(1, 0.0)
    await second.poll(1, 0.0)
    assert first.generation() > before
    assert len(first.assignment()) == len(second.assignment()) == 2
    assert not set(first.assignment()) & set(second.assignment())


async def test_more_members_than_partitions_leave_some_idle(log: EventLog) -> None:
    members = [await log.consumer("g", [ONE.name]) for _ in range(3)]
    await shared(*members)
    assert sorted(len(member.assignment()) for member in members) == [0, 0, 1]


async def test_members_may_read_different_topics(log: EventLog) -> None:
    first, second = await log.consumer("g", [FOUR.name]), await log.consumer("g", [ONE.name])
    await shared(first, second)
    assert {partition.topic for partition in first.assignment()} == {FOUR.name}
    assert {partition.topic for partition in second.assignment()} == {ONE.name}


async def test_a_member_that_leaves_loses_nothing(log: EventLog) -> None:
    """What it polled and did not commit goes to the member that stays."""
    await log.append(numbered(FOUR, 200))
    first, second = await log.consumer("g", [FOUR.name]), await log.consumer("g", [FOUR.name])
    await shared(first, second)
    handled: list[Record] = []
    for member in (first, second):
        records = await member.poll(30, 0.0)
        handled += records
        await member.commit(member.assignment())
    await second.poll(40, 0.0)
    await second.close()
    await holds(first, 4)
    handled += await drain(first)
    assert sorted(places(handled)) == places(await everything(log, FOUR))


async def test_a_member_that_lost_a_partition_cannot_commit_it(log: EventLog) -> None:
    await log.append(numbered(FOUR, 100))
    first = await log.consumer("g", [FOUR.name])
    await first.poll(100, 0.0)
    held = first.assignment()
    await shared(first, await log.consumer("g", [FOUR.name]))
    with pytest.raises(Conflict) as refused:
        await first.commit(held)
    assert refused.value.code == "not_owner"
    assert await log.group_offsets("g") == {}


async def test_a_member_that_left_cannot_commit_or_seek(log: EventLog) -> None:
    consumer = await log.consumer("g", [ONE.name])
    await consumer.close()
    await consumer.close()
    for refused in (consumer.commit, consumer.seek):
        with pytest.raises(Conflict):
            await refused({Partition(ONE.name, 0): 1})


async def test_a_poll_that_lost_its_partitions_meanwhile_gives_nothing_of_them(log: EventLog, adapter: Adapter) -> None:
    await log.append(numbered(FOUR, 100))
    first = await log.consumer("g", [FOUR.name])
    polling = asyncio.create_task(first.poll(100, 0.0))
    await asyncio.sleep(0)
    second = await log.consumer("g", [FOUR.name])
    await shared(first, second)
    early = places(await polling)
    got = places(await drain(first)) + places(await drain(second))
    if early:
        # It was faster than the rebalance: what it got of the lost partitions comes again, to their new owner.
        assert not adapter.features.joins_at_once
        early = [place for place in early if place[0] in first.assignment()]
    assert sorted(early + got) == places(await everything(log, FOUR))


# keeping


async def test_expire_drops_what_is_older_than_the_topics_retention(log: EventLog, adapter: Adapter) -> None:
    if not adapter.features.exact_retention:
        pytest.skip("keeps some records longer, as declared")
    await log.append(numbered(ONE, 3))
    await log.append(numbered(FOUR, 3))
    adapter.clock.advance(START + timedelta(hours=20))
    await log.append([new(ONE, "k", "young")])
    assert await log.expire(START + timedelta(hours=25)) == 3
    assert values(await everything(log, ONE)) == ["young"]
    assert len(await everything(log, FOUR)) == 3
    assert await log.start_offsets(ONE.name) == {Partition(ONE.name, 0): 3}


async def test_the_newest_record_stays_and_offsets_go_on_after_it(log: EventLog, adapter: Adapter) -> None:
    if not adapter.features.exact_retention:
        pytest.skip("drops whole files by itself, as declared")
    await log.append(numbered(ONE, 3))
    await log.expire(START + timedelta(days=365))
    await log.close()
    again = await adapter.open()
    assert values(await everything(again, ONE)) == ["2"]
    assert await again.append([new(ONE, "k", "next")]) == [(Partition(ONE.name, 0), 3)]
    await again.close()


async def test_a_consumer_below_the_horizon_goes_on_at_the_earliest_record(log: EventLog, adapter: Adapter) -> None:
    if not adapter.features.exact_retention:
        pytest.skip("drops whole files by itself, as declared; see test_kafka_log.py for its horizon")
    await log.append(numbered(ONE, 5))
    consumer = await log.consumer("g", [ONE.name])
    await consumer.poll(1, 0.0)
    adapter.clock.advance(START + timedelta(days=2))
    await log.append([new(ONE, "k", "young")])
    await log.expire(START + timedelta(days=2))
    assert values(await consumer.poll(10, 0.0)) == ["young"]
    assert await consumer.committed() == await log.start_offsets(ONE.name)


async def test_a_log_opened_again_has_everything(log: EventLog, adapter: Adapter) -> None:
    await log.append(numbered(FOUR, 50))
    before = await everything(log, FOUR)
    await log.close()
    again = await adapter.open()
    assert await everything(again, FOUR) == before
    await again.close()


async def test_a_topic_may_be_added_later(adapter: Adapter) -> None:
    log = await adapter.open([FOUR])
    await log.append(numbered(FOUR, 10))
    await log.close()
    log = await adapter.open([ONE, *TOPICS[:2]])
    await log.append(numbered(ONE, 5))
    assert (len(await everything(log, FOUR)), len(await everything(log, ONE))) == (10, 5)
    await log.close()


async def test_ping_returns_where_all_is_well(log: EventLog) -> None:
    await log.ping()
