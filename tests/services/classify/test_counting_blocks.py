"""The block counter: whole contents, exact after failures and restarts."""

from datetime import timedelta

from counting_builders import START, arrival, mention, verdict
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.volume import BlockCount, MinuteCount, VolumeUpdate
from services.classify.counting import Arrival, BlockCounter, Gap, block_head


def _log(length: int) -> list[Arrival]:
    """Of two brands, on no channel that is counted apart."""
    brands = ("Vlieland", "Texel", "Vlieland")
    return [
        arrival(n, START + timedelta(seconds=20 * n), brand=brands[n % 3], author=f"a{n % 7}", channel="elsewhere")
        for n in range(length)
    ]


def _final(updates: list[VolumeUpdate]) -> dict[tuple[str, int], tuple[MinuteCount, ...]]:
    """What a reader that keeps the highest `upto` per block ends with."""
    best: dict[tuple[str, int], BlockCount] = {}
    for update in updates:
        for block in update.blocks:
            key = (update.series, block.block)
            if key not in best or block.upto > best[key].upto:
                best[key] = block
    return {key: block.minutes for key, block in best.items()}


def test_a_block_is_told_whole_with_each_batch_that_touches_it():
    """The second batch tells what the first told, and more."""
    counter, log = BlockCounter(), _log(9)
    first = counter.count(log[:3], START)
    second = counter.count(log[3:9], START)
    assert [update.series for update in second] == ["Texel", "Vlieland"]
    assert sum(minute.arrivals for minute in first[1].blocks[0].minutes) == 2
    assert sum(minute.arrivals for minute in second[1].blocks[0].minutes) == 6
    assert second[1].blocks[0].upto == 8


def test_upto_is_the_blocks_even_where_the_series_ends_sooner():
    """A reader of one series may skip up to the block's highest offset."""
    updates = BlockCounter().count(_log(3), START)
    assert {update.series: update.blocks[0].upto for update in updates} == {"Texel": 2, "Vlieland": 2}


def test_a_batch_over_several_blocks_tells_each_of_them():
    """Every block that was touched is in the update."""
    (texel, vlieland) = BlockCounter().count(_log(200), START)
    assert [block.block for block in vlieland.blocks] == [0, 1, 2, 3]
    total = sum(m.arrivals for update in (texel, vlieland) for block in update.blocks for m in block.minutes)
    assert total == 200


def test_a_failed_batch_that_comes_again_is_told_again_and_counted_once():
    """Also when it spans blocks."""
    counter, log = BlockCounter(), _log(200)
    counter.count(log[:10], START)
    assert counter.count(log[10:], START) == counter.count(log[10:], START)


def test_a_mention_counts_once_per_block():
    """A repeat or an edit keeps the mention's id."""
    counter = BlockCounter()
    same = mention(1, START, channel="elsewhere")
    batch = [Arrival("mentions.raw", 0, offset, same, verdict()) for offset in (4, 5)]
    (update,) = counter.count(batch, START)
    assert update.blocks[0].minutes[0].arrivals == 1
    assert update.blocks[0].upto == 5


def test_people_and_stories_are_counted_apart_from_messages():
    """One person, two messages of one story; one of them negative and urgent."""
    counter = BlockCounter()
    batch = [
        Arrival("mentions.raw", 0, 0, mention(1, START, author="a"), verdict(negative=True, urgent=True, signature=5)),
        Arrival("mentions.raw", 0, 1, mention(2, START, author="a"), verdict(signature=5)),
    ]
    minute = counter.count(batch, START)[0].blocks[0].minutes[0]
    assert (minute.arrivals, minute.negative, minute.urgent) == (2, 1, 1)
    assert len(minute.people) == 1
    assert minute.stories == ((5, 2),)
    assert minute.channels == (("x", 2),)


def test_a_drill_counts_in_a_series_of_its_own():
    """A rehearsal never becomes what is expected of the brand."""
    batch = [
        Arrival("mentions.raw", 0, 0, mention(1, START, drill=True), verdict()),
        Arrival("mentions.raw", 0, 1, mention(2, START, channel="elsewhere"), verdict()),
    ]
    updates = BlockCounter().count(batch, START)
    assert [(update.series, update.brand, update.drill) for update in updates] == [
        ("Vlieland", "Vlieland", False),
        ("Vlieland|drill=yes", "Vlieland", True),
    ]


def test_a_block_without_its_head_is_a_gap_and_never_a_smaller_count():
    """The rest of that block is left out; the next block counts."""
    counter, log = BlockCounter(), _log(130)
    assert counter.prime("mentions.raw", 0, 70, 66, log[66:70]) == Gap("mentions.raw", 0, 1, 66)
    updates = counter.count(log[70:130], START)
    assert {block.block for update in updates for block in update.blocks} == {2}


def test_memory_holds_no_closed_blocks():
    """Ten thousand mentions in batches of 100 leave the last batch's blocks."""
    counter, log = BlockCounter(), _log(10_000)
    for start in range(0, len(log), 100):
        counter.count(log[start : start + 100], START)
    assert len(counter._blocks) <= 3


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_counts_after_crashes_equal_those_of_a_clean_run(data: st.DataObject):
    """Whatever the batches, and wherever it crashed between telling and committing."""
    length = data.draw(st.integers(1, 200))
    log = _log(length)
    clean = _final(BlockCounter().count(log, START))
    told: list[VolumeUpdate] = []
    counter, position = BlockCounter(), 0
    while position < length:
        batch = data.draw(st.integers(5, 120))
        told += counter.count(log[position : position + batch], START)
        if data.draw(st.booleans()):
            position = min(position + batch, length)
            continue
        counter = BlockCounter()
        counter.prime("mentions.raw", 0, position, 0, log[block_head(position) : position])
        told += counter.count(log[position : position + 1], START)
        position += 1
    assert _final(told) == clean
