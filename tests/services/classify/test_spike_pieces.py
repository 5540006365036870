"""The same mentions in other pieces: blocks and batches of any size count, teach and open the same.

Within a minute the pieces add up to what the minute holds. Where a spike opens halfway through a minute, what is told
of it is what was known then; that it opens, and in which minute, does not depend on the pieces.
"""

from dataclasses import replace
from datetime import timedelta

import msgspec
from counting_builders import verdict
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spike_builders import SETTINGS, START, arrival

from contracts.volume import SpikeEvent, VolumeUpdate
from services.classify.counting import BLOCK_SIZE, Arrival, BlockCounter
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series, step

_QUIET = st.lists(st.integers(100, 5000), min_size=1, max_size=120)
_LOUD = st.lists(st.integers(1, 20), min_size=60, max_size=150)
_PEOPLE = 90


def _log(gaps: list[int]) -> list[Arrival]:
    """Mentions of one series in order of time, each a story of its own; now and then somebody writes again."""
    at, log = START, []
    for number, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        one = arrival(number, at, author=f"a{number * 37 % _PEOPLE}")
        log.append(one._replace(verdict=verdict(negative=number % 5 == 0, signature=number + 1)))
    return log


@st.composite
def _pieces(draw: st.DrawFn, log: list[Arrival]) -> list[VolumeUpdate]:
    """The updates of a counter that meets the mentions in batches, and in a log that others write to as well."""
    offset, placed = 0, []
    for one in log:
        offset += draw(st.sampled_from((1, 1, 1, 7, BLOCK_SIZE)))
        placed.append(one._replace(offset=offset))
    cuts = sorted(draw(st.sets(st.integers(1, len(log)), max_size=40)) | {len(log)})
    counter, updates, start = BlockCounter(), [], 0
    for cut in cuts:
        told = counter.count(placed[start:cut], log[cut - 1].mention.created_at)
        updates += [each for each in told if each.series == each.brand]
        start = cut
    return updates


def _run(updates: list[VolumeUpdate]) -> tuple[SeriesState, list[SpikeEvent]]:
    state, events = new_series(updates[0]), []
    for update in updates:
        state, told = step(state, update, SETTINGS)
        events += told
    return state, events


def _learned(state: SeriesState) -> SeriesState:
    """All that was counted and learned, without what tells redeliveries apart."""
    return msgspec.structs.replace(state, known={})


def _first(events: list[SpikeEvent]) -> list[str]:
    return [event.spike_id for event in events if event.kind == "opened"][:1]


@settings(max_examples=60, deadline=None)
@given(_QUIET, st.data())
def test_quiet_days_in_other_pieces_leave_the_same_state(gaps: list[int], data: st.DataObject):
    """To the last bit: counts, windows, what is expected, noise and tails."""
    log = _log(gaps)
    one, other = (_run(data.draw(_pieces(log))) for _ in range(2))
    assert _first(one[1]) == _first(other[1])
    assume(not one[1])
    assert _learned(one[0]) == _learned(other[0])
    assert one[0].total == len(log)


@settings(max_examples=60, deadline=None)
@given(_QUIET, _LOUD, st.data())
def test_a_crisis_in_other_pieces_opens_the_same_spike(quiet: list[int], loud: list[int], data: st.DataObject):
    """Of the same minute, and every mention is counted once."""
    log = _log([*quiet, 7200, *loud])
    one, other = (_run(data.draw(_pieces(log))) for _ in range(2))
    assert _first(one[1]) == _first(other[1])
    assert one[0].total == other[0].total == len(log)
    assert one[0].hours == other[0].hours
    assert one[0].quarters == other[0].quarters


@settings(max_examples=40, deadline=None)
@given(_QUIET)
def test_partitions_that_are_told_at_once_are_folded_in_order_of_time(gaps: list[int]):
    """One update that holds two of them teaches what the mentions taught one by one."""
    log = _log(gaps)
    one_by_one, at_once = BlockCounter(), BlockCounter()
    single = [one for place in log for one in one_by_one.count([place], log[-1].mention.created_at)]
    split = [each._replace(partition=number % 2, offset=number // 2) for number, each in enumerate(log)]
    batch = sorted(split, key=lambda each: (each.partition, each.offset))
    both = at_once.count(batch, log[-1].mention.created_at)
    state, events = _run([one for one in single if one.series == one.brand])
    assume(not events)
    other, _ = _run([one for one in both if one.series == one.brand])
    assert _learned(other) == _learned(state)


def test_such_a_crisis_does_open_one():
    """Or the same of nothing would be nothing."""
    log, counter = _log([600] * 100 + [7200] + [10] * 60), BlockCounter()
    updates = [one for place in log for one in counter.count([place], place.mention.created_at)]
    assert len(_first(_run([one for one in updates if one.series == one.brand])[1])) == 1


@settings(max_examples=40, deadline=None)
@given(_QUIET, _LOUD, st.data())
def test_what_is_told_again_changes_nothing(quiet: list[int], loud: list[int], data: st.DataObject):
    """Each update again, once or more, right after it or later but within the blocks that are remembered."""
    updates = data.draw(_pieces(_log([*quiet, *loud])))
    again: list[VolumeUpdate] = []
    for place, update in enumerate(updates):
        again.append(update)
        for _ in range(data.draw(st.integers(0, 2))):
            older = updates[max(place - data.draw(st.integers(0, 3)), 0)]
            again.append(msgspec.structs.replace(older, at=update.at))
    assert _run(again) == _run(updates)


@settings(max_examples=40, deadline=None)
@given(_QUIET, st.data())
def test_settings_that_ask_for_more_open_nothing_more(gaps: list[int], data: st.DataObject):
    """What was learned does not depend on the budget as long as nothing is told."""
    updates = data.draw(_pieces(_log(gaps)))
    usual, opened = _run(updates)
    assume(not opened)
    strict = replace(SETTINGS, false_pages_per_month=SETTINGS.false_pages_per_month / 100)
    state = new_series(updates[0])
    for update in updates:
        state, told = step(state, update, strict)
        assert told == []
    assert state == usual
