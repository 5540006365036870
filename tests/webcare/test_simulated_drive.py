"""Simulated mentions are told as the counter tells them: every one once, whatever the batches and blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.volume import BlockCount, DeclaredCampaign, VolumeUpdate
from services.classify.spikes.settings import SpikeSettings
from webcare.simulating.arrivals import CHANNELS, Arrivals, channels, hashes
from webcare.simulating.drive import BLOCK_SIZE, Driver, Teller
from webcare.simulating.happenings import Crisis, crisis

START = 1_750_000_020


def arrivals_at(seconds: list[int], people: int = 1000) -> Arrivals:
    rng = np.random.default_rng(len(seconds))
    count = len(seconds)
    return Arrivals(
        np.asarray(sorted(seconds), np.int64) + START,
        hashes(rng, people)[rng.integers(0, people, count)],
        hashes(rng, 20)[rng.integers(0, 20, count)],
        rng.random(count) < 0.3,
        rng.random(count) < 0.1,
        channels(rng, count),
    )


def last_of_each_block(updates: list[VolumeUpdate]) -> list[BlockCount]:
    """As a reader has it: the highest `upto` per block."""
    held: dict[int, BlockCount] = {}
    for update in updates:
        for block in update.blocks:
            assert block.block not in held or block.upto > held[block.block].upto
            held[block.block] = block
    return list(held.values())


@given(st.lists(st.integers(0, 900), max_size=300), st.sampled_from([1, 5, 60]), st.booleans(), st.integers(1, 1000))
def test_every_mention_is_counted_once(seconds: list[int], batch_s: int, alone: bool, people: int) -> None:
    arrivals = arrivals_at(seconds, people)
    updates = list(Teller(alone).tell(arrivals, batch_s))
    blocks = last_of_each_block(updates)
    minutes = [minute for block in blocks for minute in block.minutes]
    for minute in set((arrivals.second // 60).tolist()):
        of = arrivals.second // 60 == minute
        held = [each for each in minutes if each.minute == minute]
        assert sum(each.arrivals for each in held) == of.sum()
        assert sum(each.negative for each in held) == arrivals.negative[of].sum()
        assert sum(each.urgent for each in held) == arrivals.urgent[of].sum()
        assert {one for each in held for one in each.people} == set(arrivals.person[of].tolist())
        assert sum(count for each in held for _, count in each.stories) == of.sum()
        assert {name for each in held for name, _ in each.channels} == {
            CHANNELS[place] for place in arrivals.channel[of].tolist()
        }
    assert sum(each.arrivals for each in minutes) == arrivals.size


@given(st.lists(st.integers(0, 900), min_size=1, max_size=300), st.sampled_from([1, 60]), st.booleans())
def test_blocks_are_whole_and_told_when_their_batch_is_over(seconds: list[int], batch_s: int, alone: bool) -> None:
    arrivals = arrivals_at(seconds)
    updates = list(Teller(alone).tell(arrivals, batch_s))
    for update in updates:
        for block in update.blocks:
            assert block.upto // BLOCK_SIZE == block.block
            assert sum(minute.arrivals for minute in block.minutes) <= BLOCK_SIZE
            assert all(list(each.people) == sorted(set(each.people)) for each in block.minutes)
            assert all(minute.minute * 60 < update.at.timestamp() for minute in block.minutes)
    clocks = [update.at.timestamp() for update in updates]
    assert clocks == sorted(set(clocks))
    assert 0 < clocks[0] - arrivals.second[0] <= batch_s
    if alone:
        assert {block.block for block in last_of_each_block(updates)} == set(range(-(-arrivals.size // BLOCK_SIZE)))


@pytest.mark.parametrize(("batch_s", "alone"), [(1, False), (1, True), (60, True)])
def test_the_step_counts_every_mention_and_opens_in_the_same_minute(batch_s: int, alone: bool) -> None:
    """A crisis is seen in the same minute whether each mention is told or each minute, in whatever blocks."""
    told = crisis(np.random.default_rng(3), START, Crisis("step", 30_000.0, minutes=60))
    by_minute, other = Driver(SpikeSettings()), Driver(SpikeSettings(), Teller(alone))
    by_minute.feed(told, 60)
    other.feed(told, batch_s)
    assert by_minute.state is not None
    assert other.state is not None
    assert by_minute.state.total == other.state.total == told.size
    opened = [
        [int(event.at.timestamp() - 1) // 60 for event in each.events if event.kind == "opened"]
        for each in (by_minute, other)
    ]
    assert opened[0] == opened[1]
    assert len(opened[0]) == 1


def test_a_fork_goes_on_by_itself() -> None:
    first = arrivals_at(list(range(0, 3000, 30)))
    more = arrivals_at([4000, 4001, 5000])
    driver = Driver(SpikeSettings(), Teller(alone=True))
    driver.feed(first, 60)
    fork = driver.fork()
    fork.feed(more, 1)
    assert driver.state is not None
    assert fork.state is not None
    assert (driver.state.total, fork.state.total) == (100, 103)
    driver.feed(more, 60)
    assert driver.state.total == 103


def test_a_spike_closes_while_nothing_arrives() -> None:
    driver = Driver(SpikeSettings())
    driver.feed(crisis(np.random.default_rng(3), START, Crisis("step", 30_000.0, minutes=60)), 60)
    assert "closed" not in [event.kind for event in driver.events]
    driver.wait(START + 2 * 86400)
    closed = [event for event in driver.events if event.kind == "closed"]
    assert len(closed) == 1
    assert START + 3600 < closed[0].at.timestamp() <= START + 2 * 86400


def test_campaigns_are_told_with_every_update() -> None:
    campaign = DeclaredCampaign(id="c", start=START // 60, end=START // 60 + 60, factor=5.0)
    updates = list(Teller().tell(arrivals_at([1, 100, 2000]), 60, (campaign,)))
    assert [update.campaigns for update in updates] == [(campaign,)] * 3
