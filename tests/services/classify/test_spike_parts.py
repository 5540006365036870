"""Parts of a brand: channels, sources and kinds must be surer than the brand, and are judged by themselves."""

import msgspec
import numpy as np
import pytest
from spike_builders import SETTINGS, START, Feed, day_shape, feed_days, minute_at, people

from contracts.volume import VolumeUpdate
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series

_DAYS = 7
_PER_DAY = 200.0
_PARTS = ("Vlieland|channel=x", "Vlieland|source=newsroom", "Vlieland|kind=negative")
_WHOLES = ("Vlieland", "Vlieland|drill=yes", "Vlieland%7Cchannel=x")


@pytest.fixture(scope="module")
def warm() -> Feed:
    """Two hundred a day for a week."""
    return feed_days(Feed(), range(_DAYS), _PER_DAY)


def _as(feed: Feed, series: str) -> Feed:
    """The same history, had it been that of this series."""
    other = feed.copy()
    assert other.state is not None
    other.state.series = other.series = series
    other.state.drill = series.endswith("|drill=yes")
    return other


def _rise(feed: Feed, per_hour: float, hour: int, seed: int, *, minutes: int = 120) -> int | None:
    """Minutes until so many people an hour, above the usual, open a spike."""
    rng = np.random.default_rng(seed)
    start = minute_at(_DAYS, hour * 60)
    for minute in range(start, start + minutes):
        if any(event.kind == "opened" for event in feed.minute(minute, people(rng, _usual(minute) + per_hour / 60))):
            return minute - start
    return None


def _usual(minute: int) -> float:
    return _PER_DAY / 1440 * day_shape(minute)


@pytest.mark.parametrize("series", _PARTS)
def test_a_part_is_told_no_sooner_than_its_brand_would_be(warm: Feed, series: str):
    """The same counts, twenty times: mostly later, never sooner; and told all the same when it is large."""
    later = 0
    for seed in range(20):
        hour = 7 + seed % 12
        brand = _rise(_as(warm, "Vlieland"), 60.0, hour, seed)
        part = _rise(_as(warm, series), 60.0, hour, seed)
        assert brand is not None
        assert part is not None
        assert part >= brand
        later += part > brand
    assert later >= 10


def test_there_are_rises_that_open_the_brand_and_no_part(warm: Feed):
    """As much as it takes to be sure of the one is not enough for the other."""
    brand, part = (
        [_rise(_as(warm, series), 26.0, 6 + seed % 14, seed, minutes=45) is not None for seed in range(30)]
        for series in ("Vlieland", "Vlieland|channel=x")
    )
    assert all(mine or not theirs for mine, theirs in zip(brand, part, strict=True))
    assert sum(part) < sum(brand)


def test_what_it_takes_is_a_sixteenth_as_likely():
    """Sixteen parts may waste together what their brand may."""
    for window in range(6):
        surer = SETTINGS.open_surprise(window, part=True) - SETTINGS.open_surprise(window, part=False)
        assert 10**surer == pytest.approx(16.0)


@pytest.mark.parametrize(("series", "part"), [*((each, True) for each in _PARTS), *((each, False) for each in _WHOLES)])
def test_a_series_knows_whether_it_is_a_part(series: str, part: bool):
    """A drill is a whole of its own, and a brand may hold any character."""
    drill = series.endswith("|drill=yes")
    update = VolumeUpdate(series=series, brand="Vlieland", at=START, blocks=(), drill=drill)
    assert new_series(update).part is part


def test_a_drill_is_judged_as_a_brand(warm: Feed):
    """It opens in the same minute, and its events carry the mark."""
    drill = _as(warm, "Vlieland|drill=yes")
    assert _rise(drill, 60.0, 14, 1) == _rise(_as(warm, "Vlieland"), 60.0, 14, 1)
    assert all(event.drill and event.series == "Vlieland|drill=yes" for event in drill.events)


@pytest.mark.parametrize("series", _PARTS)
def test_the_state_of_a_part_survives_encoding_in_the_middle_of_a_spike(warm: Feed, series: str):
    """And goes on where it was: the next minutes say what they would have said."""
    feed = _as(warm, series)
    assert _rise(feed, 120.0, 14, 1) is not None
    assert feed.state is not None
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(feed.state), type=SeriesState)
    assert read == feed.state
    other = Feed(read, feed.blocks, series=series)
    rng = np.random.default_rng(2)
    for minute in range(feed.state.newest + 1, feed.state.newest + 90):
        seen = people(rng, _usual(minute) + 6.0)
        assert feed.minute(minute, seen) == other.minute(minute, seen)
    assert other.events
    assert other.state == feed.state


def test_parts_know_nothing_of_each_other(warm: Feed):
    """A spike in one leaves the state of another as it was."""
    loud, quiet = _as(warm, _PARTS[0]), _as(warm, _PARTS[1])
    assert quiet.state is not None
    before = quiet.state.copy()
    assert _rise(loud, 120.0, 14, 1) is not None
    assert quiet.state == before
