"""Declared campaigns: what they make expected wakes nobody, what comes on top of it does."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spike_builders import SETTINGS, Feed, day_shape, feed_days, instant, minute_at, people

from contracts.volume import DeclaredCampaign, SpikeEvent, VolumeUpdate
from services.classify.spikes import baseline as base
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series, step

_DAYS = 14
_PER_DAY = 300.0
_MORNING = 9 * 60
_ECHO, _TAIL = 30, 90
"""Minutes after its end in which a campaign counts in full, and in which it counts at all."""
_HOURS = 8


@pytest.fixture(scope="module")
def warm() -> Feed:
    """Three hundred a day for two weeks, up to a Monday at 09:00 in Greenwich."""
    return _on(feed_days(Feed(), range(_DAYS), _PER_DAY), 0, _MORNING)


def _on(feed: Feed, first: int, last: int, factor: float = 1.0, seed: int = 5) -> Feed:
    """So many times the usual in these minutes of the day after the history."""
    rng = np.random.default_rng(seed)
    for minute in range(minute_at(_DAYS, first), minute_at(_DAYS, last)):
        feed.minute(minute, people(rng, factor * _PER_DAY / 1440 * day_shape(minute)))
    return feed


def _declared(factor: float = 5.0, start: int = _MORNING, hours: float = _HOURS, name: str = "spring", **more: float):
    begin = minute_at(_DAYS, start)
    return DeclaredCampaign(id=name, start=begin, end=begin + int(hours * 60), factor=factor, **more)


def _state(*campaigns: DeclaredCampaign) -> SeriesState:
    return SeriesState(series="Vlieland", brand="Vlieland", campaigns=campaigns)


def _during(warm: Feed, *campaigns: DeclaredCampaign, factor: float = 5.0) -> Feed:
    feed = warm.copy()
    feed.campaigns = campaigns
    return _on(feed, _MORNING, _MORNING + _HOURS * 60, factor)


def _opened(feed: Feed) -> list[SpikeEvent]:
    return [event for event in feed.events if event.kind == "opened"]


def test_the_same_rise_opens_undeclared_and_not_declared(warm: Feed):
    """Five times as much for eight hours; what was declared as twice as much is too little."""
    assert _opened(_during(warm))
    assert _opened(_during(warm, _declared(2.0)))
    assert _during(warm, _declared(5.0)).events == []


def test_what_follows_a_campaign_is_its_echo(warm: Feed):
    """It fades over an hour and a half, and the day goes on as usual: nobody is woken."""
    feed = _during(warm, _declared())
    end = _MORNING + _HOURS * 60
    _on(feed, end, end + _ECHO, 5.0)
    _on(feed, end + _ECHO, end + _TAIL, 2.5)
    _on(feed, end + _TAIL, 24 * 60)
    assert feed.events == []


def test_what_does_not_end_with_it_is_told(warm: Feed):
    """Five times as much three hours after its end."""
    feed = _during(warm, _declared())
    end = _MORNING + _HOURS * 60
    _on(feed, end, end + 180, 5.0)
    assert _opened(feed)


def test_a_crisis_inside_a_campaign_is_seen(warm: Feed):
    """Four times as much again as it was declared: told within half an hour, and the campaign is named."""
    feed = warm.copy()
    feed.campaigns = (_declared(),)
    _on(feed, _MORNING, _MORNING + 240, 5.0)
    assert feed.events == []
    _on(feed, _MORNING + 240, _MORNING + 270, 20.0)
    (opened, *_) = feed.events
    assert opened.evidence.campaign == "spring"
    assert opened.evidence.words is not None
    usual = 5 * sum(
        _PER_DAY / 1440 * day_shape(minute)
        for minute in range(int(opened.evidence.since.timestamp()) // 60, int(opened.at.timestamp()) // 60)
    )
    assert opened.evidence.expected == pytest.approx(usual, rel=0.6)


def test_without_a_campaign_none_is_named(warm: Feed):
    """Nor one that is over, or that has not begun."""
    over, ahead = _declared(start=0, hours=4), _declared(start=_MORNING + 700)
    (opened, *_) = _during(warm, over, ahead, factor=8.0).events
    assert opened.evidence.campaign is None


def test_to_be_more_cautious_takes_more(warm: Feed):
    """Where a false page must be a million times as rare, the same crisis is told later or not at all."""
    told = []
    for caution in (1.0, 1e6):
        feed = _during(warm, _declared(caution=caution), factor=14.0)
        told.append(min((event.at for event in _opened(feed)), default=None))
    usual, careful = told
    assert usual is not None
    assert careful is None or careful > usual


def test_a_later_list_replaces_the_one_before(warm: Feed):
    """Withdrawn, changed and declared on the spot; what was told earlier does not come back."""
    feed = warm.copy()
    first, second = _declared(name="first"), _declared(2.0, name="second")
    for minutes, campaigns, held in (
        (0, (first,), (first,)),
        (5, (first, second), (first, second)),
        (3, (first,), (first, second)),
        (9, (), ()),
    ):
        at = instant(minute_at(_DAYS, _MORNING + minutes))
        feed.update(VolumeUpdate(series="Vlieland", brand="Vlieland", at=at, blocks=(), campaigns=campaigns))
        assert feed.state is not None
        assert feed.state.campaigns == held


def test_what_a_campaign_brings_does_not_become_usual(warm: Feed):
    """The same hour a week later is expected as before, give or take a fifth."""
    feed = _on(_during(warm, _declared()), _MORNING + _HOURS * 60, 24 * 60)
    assert feed.state is not None
    assert warm.state is not None
    before, after = warm.state.baseline, feed.state.baseline
    assert before is not None
    assert after is not None
    assert base.day_level(after) == pytest.approx(base.day_level(before), rel=0.25)
    for hours in range(_HOURS):
        hour = minute_at(_DAYS + 7, _MORNING + hours * 60) // 60
        usual = base.calendar_rate(before, hour, SETTINGS.calendar)
        assert base.calendar_rate(after, hour, SETTINGS.calendar) == pytest.approx(usual, rel=0.3)


_FACTORS = st.floats(1.0, 100.0)
_SPANS = st.tuples(st.integers(0, 3000), st.integers(1, 3000)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(deadline=None)
@given(_FACTORS, _SPANS, _SPANS)
def test_the_mean_factor_is_the_mean_over_its_minutes(
    factor: float, campaign: tuple[int, int], window: tuple[int, int]
):
    """In full from its start until half an hour after its end, by half for another hour, and not elsewhere."""
    state = _state(DeclaredCampaign(id="a", start=campaign[0], end=campaign[1], factor=factor))
    each = [state.mean_factor(minute, minute + 1) for minute in range(*window)]
    for minute, found in zip(range(*window), each, strict=True):
        share = 1.0 if campaign[0] <= minute < campaign[1] + _ECHO else 0.0
        share = 0.5 if campaign[1] + _ECHO <= minute < campaign[1] + _TAIL else share
        assert math.isclose(found, 1.0 + (factor - 1.0) * share)
    assert math.isclose(state.mean_factor(*window), sum(each) / len(each), rel_tol=1e-9)


@given(st.lists(st.tuples(_FACTORS, _SPANS), max_size=4), st.integers(0, 6000))
def test_of_several_the_largest_counts(campaigns: list[tuple[float, tuple[int, int]]], minute: int):
    """They do not multiply; the one that is named is the largest of those that run, whatever their order."""
    held = [
        DeclaredCampaign(id=str(place), start=start, end=end, factor=factor)
        for place, (factor, (start, end)) in enumerate(campaigns)
    ]
    state = _state(*held)
    alone = [_state(one).mean_factor(minute, minute + 1) for one in held]
    assert state.mean_factor(minute, minute + 1) == max(alone, default=1.0)
    running = [one for one in held if one.start <= minute < one.end]
    named = state.campaign(minute)
    assert (named is None) == (not running)
    assert named is None or named.factor == max(one.factor for one in running)
    assert _state(*reversed(held)).campaign(minute) == named


def test_a_series_that_begins_in_a_campaign_knows_of_it():
    """Its first update holds the list."""
    campaign = _declared()
    at = instant(minute_at(_DAYS, _MORNING))
    update = VolumeUpdate(series="Vlieland", brand="Vlieland", at=at, blocks=(), campaigns=(campaign,))
    state, events = step(new_series(update), update, SETTINGS)
    assert (state.campaigns, events) == ((campaign,), [])
