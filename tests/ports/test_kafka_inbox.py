"""What a member fetched ahead: in order, fair, and never from before it went elsewhere."""

from event_log_adapters import START
from hypothesis import given
from hypothesis import strategies as st

from backbone.distributed.kafka_inbox import CHUNKS_AHEAD, Inbox
from backbone.distributed.kafka_reader import Chunk
from backbone.ports import Partition, Record

PARTITIONS = [Partition("t", n) for n in range(4)]


def chunk(partition: Partition, start: int, count: int) -> Chunk:
    records = [Record(*partition, start + n, "k", b"", START) for n in range(count)]
    return Chunk(partition, start, records, start + count)


def places(records: list[Record]) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for record in records]


@given(
    st.lists(st.tuples(st.sampled_from(PARTITIONS), st.integers(0, 9)), max_size=40),
    st.lists(st.integers(1, 12), max_size=60),
)
def test_everything_is_handed_out_once_and_in_order(arrivals: list[tuple[Partition, int]], limits: list[int]) -> None:
    inbox = Inbox()
    inbox.assign(dict.fromkeys(PARTITIONS, 0))
    found: list[Record] = []
    rest = iter(limits)
    for partition, count in arrivals:
        while partition not in inbox.wants():
            found += inbox.take(3)
        inbox.put([chunk(partition, inbox.wants()[partition], count)])
        found += inbox.take(next(rest, 1))
    while records := inbox.take(5):
        found += records
    for partition in PARTITIONS:
        total = sum(count for at, count in arrivals if at == partition)
        assert [record.offset for record in found if record.partition == partition.number] == list(range(total))
        assert inbox.positions()[partition] == total


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.integers(1, 60))
def test_a_share_that_one_cannot_use_goes_to_the_others(counts: list[int], limit: int) -> None:
    inbox = Inbox()
    inbox.assign(dict.fromkeys(PARTITIONS, 0))
    inbox.put([chunk(partition, 0, count) for partition, count in zip(PARTITIONS, counts, strict=True)])
    taken = inbox.take(limit)
    assert len(taken) == min(limit, sum(counts))
    if limit >= 4:
        fair = limit // 4
        for partition, count in zip(PARTITIONS, counts, strict=True):
            assert sum(record.partition == partition.number for record in taken) >= min(count, fair)


def test_what_was_fetched_before_a_seek_is_dropped() -> None:
    inbox = Inbox()
    inbox.assign({PARTITIONS[0]: 0})
    inbox.move({PARTITIONS[0]: 7})
    inbox.put([chunk(PARTITIONS[0], 0, 5), chunk(PARTITIONS[1], 0, 5)])
    assert inbox.take(10) == []
    assert inbox.wants() == {PARTITIONS[0]: 7}


def test_a_partition_that_stays_keeps_what_was_fetched_of_it() -> None:
    inbox = Inbox()
    inbox.assign(dict.fromkeys(PARTITIONS[:2], 0))
    inbox.put([chunk(partition, 0, 5) for partition in PARTITIONS[:2]])
    inbox.take(2)
    inbox.assign({PARTITIONS[0]: 1, PARTITIONS[3]: 9})
    assert inbox.positions() == {PARTITIONS[0]: 1, PARTITIONS[3]: 9}
    assert places(inbox.take(10)) == [(0, n) for n in range(1, 5)]


def test_no_more_is_wanted_than_it_holds() -> None:
    inbox = Inbox()
    inbox.assign({PARTITIONS[0]: 0})
    for n in range(CHUNKS_AHEAD):
        inbox.put([chunk(PARTITIONS[0], 5 * n, 5)])
    assert inbox.wants() == {}
    inbox.take(5)
    assert inbox.wants() == {PARTITIONS[0]: 5 * CHUNKS_AHEAD}


def test_offsets_without_a_record_are_passed_over() -> None:
    """A broker may have dropped what stood there, or keep marks of its own."""
    inbox = Inbox()
    inbox.assign({PARTITIONS[0]: 0})
    inbox.put([Chunk(PARTITIONS[0], 0, [], 3)])
    assert inbox.positions() == {PARTITIONS[0]: 3}
