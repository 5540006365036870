"""Whatever is told again, in whatever pieces, the step counts and says what the clean run said."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from spike_builders import SETTINGS, START, arrival

from contracts.volume import SpikeEvent, VolumeUpdate
from services.classify.counting import Arrival, BlockCounter, block_head
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series, step

_PARTITIONS = 2


def _log(seconds: list[int]) -> list[Arrival]:
    """Arrivals in order of time, spread over partitions; gaps of `seconds` between them."""
    at, offsets, log = START, [0] * _PARTITIONS, []
    for number, gap in enumerate(seconds):
        at += timedelta(seconds=gap)
        partition = number * 7 % _PARTITIONS
        log.append(arrival(offsets[partition], at, partition=partition, author=f"a{number % 90}"))
        offsets[partition] += 1
    return log


def _run(state: SeriesState | None, updates: list[VolumeUpdate]) -> tuple[SeriesState | None, list[SpikeEvent]]:
    events: list[SpikeEvent] = []
    for update in updates:
        state, told = step(state or new_series(update), update, SETTINGS)
        events += told
    return state, events


def _restart(log: list[Arrival], committed: int) -> BlockCounter:
    """A counter as after a crash: each partition primed from the head of its open block."""
    counter = BlockCounter()
    for partition in range(_PARTITIONS):
        records = [one for one in log[:committed] if one.partition == partition]
        offset = len(records)
        counter.prime("mentions.raw", partition, offset, 0, records[block_head(offset) :])
    return counter


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_crashes_and_redeliveries_give_the_counts_and_events_of_the_clean_run(data: st.DataObject):
    """The counter crashes after telling and before committing; the tail comes again in other pieces."""
    quiet = data.draw(st.lists(st.integers(600, 7200), min_size=5, max_size=60))
    loud = data.draw(st.lists(st.integers(1, 40), min_size=10, max_size=250))
    log = _log(quiet + loud)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(log)), max_size=30)) | {len(log)})
    counter = BlockCounter()
    clean: list[VolumeUpdate] = []
    dirty: list[VolumeUpdate] = []
    start = 0
    for cut in cuts:
        batch, at = log[start:cut], log[cut - 1].mention.created_at
        told = counter.count(batch, at)
        clean += told
        dirty += told
        if data.draw(st.booleans()):
            committed = data.draw(st.integers(0, cut))
            counter = _restart(log, committed)
            while committed < cut:
                size = data.draw(st.integers(1, 100))
                dirty += counter.count(log[committed : min(committed + size, cut)], at + timedelta(seconds=3))
                committed = min(committed + size, cut)
            counter = _restart(log, cut)
        dirty += data.draw(st.lists(st.sampled_from(dirty), max_size=3))
        start = cut
    state, events = _run(None, clean)
    again, repeated = _run(None, dirty)
    assert again == state
    assert repeated == events
    assert state is not None
    assert state.total == len(log)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=120), st.integers(1, 20), st.data())
def test_neighbouring_updates_may_swap(seconds: list[int], size: int, data: st.DataObject):
    """Counts are the same when updates within the last two blocks of a partition arrive in another order."""
    log = _log(seconds)
    counter = BlockCounter()
    updates = [
        update for start in range(0, len(log), size) for update in counter.count(log[start : start + size], START)
    ]
    swapped = updates[:]
    place = data.draw(st.integers(0, max(len(swapped) - 2, 0)))
    swapped[place : place + 2] = reversed(swapped[place : place + 2])
    state, _ = _run(None, swapped)
    assert state is not None
    assert state.total == len(log)


def test_a_repeated_update_changes_nothing_at_all():
    """Not a byte of the state, even when the clock has moved on."""
    log = _log([30] * 40)
    update, *_ = BlockCounter().count(log, log[-1].mention.created_at)
    state, _ = _run(None, [update])
    later = VolumeUpdate(
        series=update.series, brand=update.brand, at=update.at + timedelta(hours=5), blocks=update.blocks
    )
    assert _run(state, [update, later]) == (state, [])
