"""A stream that stops: told once, when it is a surprise and no sooner, and ended by the first mention."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from spike_builders import SETTINGS, Feed, day_shape, feed_days, instant, minute_at, people

from contracts.volume import SpikeEvent
from services.classify.spikes import baseline as base
from services.classify.spikes.quiet import listen
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import next_due, tick

_DAYS = 16
_AFTERNOON = 15 * 60
_BUSY, _MIDDLING = 2000.0, 200.0


@pytest.fixture(scope="module")
def busy() -> Feed:
    """Two thousand a day, up to a Wednesday at 15:00 in Greenwich."""
    return _until(Feed(), _BUSY, _AFTERNOON)


@pytest.fixture(scope="module")
def middling() -> Feed:
    """Two hundred a day, up to the same moment."""
    return _until(Feed(), _MIDDLING, _AFTERNOON)


def _until(feed: Feed, per_day: float, minutes: int, days: int = _DAYS, seed: int = 3) -> Feed:
    feed_days(feed, range(days), per_day, seed)
    return _on(feed, per_day, minute_at(days), minute_at(days, minutes))


def _on(feed: Feed, per_day: float, first: int, last: int, share: float = 1.0) -> Feed:
    rng = np.random.default_rng(first)
    for minute in range(first, last):
        feed.minute(minute, people(rng, share * per_day / 1440 * day_shape(minute)))
    return feed


def _state(feed: Feed) -> SeriesState:
    assert feed.state is not None
    return feed.state


def _down(feed: Feed) -> list[SpikeEvent]:
    return [event for event in feed.events if event.direction == "down"]


def _usual(per_day: float, first: int, last: int) -> float:
    return sum(per_day / 1440 * day_shape(minute) for minute in range(first, last))


def test_a_stream_that_stops_is_told_once(busy: Feed):
    """However long it goes on."""
    feed = busy.copy()
    feed.wait(instant(minute_at(_DAYS + 10)))
    (told,) = feed.events
    assert (told.kind, told.phase, told.direction) == ("opened", "opened", "down")
    assert told.evidence.reason == "silent_longer_than_usual"
    assert told.evidence.seen == told.evidence.people == 0
    assert told.evidence.since == instant(_state(feed).heard + 1)
    assert told.evidence.words is not None
    assert next_due(_state(feed), SETTINGS) is None


def test_a_busy_stream_is_missed_within_the_hour_that_is_always_given(busy: Feed):
    """Two thousand a day: nothing for an hour is told, nothing for less never is."""
    feed = busy.copy()
    heard = _state(feed).heard
    feed.wait(instant(heard + SETTINGS.least_silence_min) - timedelta(seconds=1))
    assert feed.events == []
    feed.wait(instant(heard + SETTINGS.least_silence_min))
    assert [event.at for event in feed.events] == [instant(heard + SETTINGS.least_silence_min)]


def test_a_smaller_stream_is_missed_when_nothing_is_a_surprise(middling: Feed):
    """At least as improbable as the budget asks, and not much more: after an hour or some, on the same day."""
    feed = middling.copy()
    feed.wait(instant(minute_at(_DAYS + 2)))
    (told,) = feed.events
    bar = 10.0 ** -SETTINGS.silence_surprise(part=False)
    assert bar / 30 < told.evidence.chance <= bar
    waited = told.at - instant(_state(feed).heard)
    assert timedelta(hours=1) < waited < timedelta(hours=8)
    usual = _usual(_MIDDLING, _state(feed).heard + 1, int(told.at.timestamp()) // 60)
    assert told.evidence.expected == pytest.approx(usual, rel=0.35)


def test_a_quiet_night_is_no_silence():
    """Of eighty a day, what stops after midnight is missed when the morning brings nothing, not in the night."""
    feed = _until(Feed(), 80.0, 60)
    feed.wait(instant(minute_at(_DAYS, 8 * 60)))
    assert feed.events == []
    feed.wait(instant(minute_at(_DAYS + 1)))
    assert [event.at.hour in range(8, 16) for event in feed.events] == [True]


def test_the_first_mention_ends_it(busy: Feed):
    """It says so, under the same id; later mentions say nothing, and the next silence is another."""
    feed = busy.copy()
    feed.wait(instant(minute_at(_DAYS + 1)))
    feed.minute(minute_at(_DAYS + 1, 300), [1])
    opened, over = feed.events
    assert (over.kind, over.phase, over.direction) == ("closed", "over", "down")
    assert over.evidence.reason == "speaks_again"
    assert over.spike_id == opened.spike_id
    assert over.id != opened.id
    assert over.evidence.since == opened.evidence.since
    assert timedelta(seconds=over.evidence.window_s) == instant(minute_at(_DAYS + 1, 300)) - opened.evidence.since
    _on(feed, _BUSY, minute_at(_DAYS + 1, 301), minute_at(_DAYS + 1, 900))
    assert len(feed.events) == 2
    feed.wait(instant(minute_at(_DAYS + 2)))
    assert [event.kind for event in _down(feed)] == ["opened", "closed", "opened"]
    assert len({event.spike_id for event in _down(feed)}) == 2


def test_what_was_written_before_it_was_told_does_not_end_it(busy: Feed):
    """A mention that comes late, and one that is told again, are no sign of life."""
    feed = busy.copy()
    feed.wait(instant(minute_at(_DAYS + 1)))
    silence = _state(feed).silence
    assert silence is not None
    feed.minute(silence.since + 5, [1], at=instant(minute_at(_DAYS + 1, 10)))
    assert [event.kind for event in feed.events] == ["opened"]


def test_the_hours_of_a_fault_are_not_what_is_usual(busy: Feed):
    """After two days of nothing the same is expected as before it, whatever the hour."""
    broken = busy.copy()
    broken.wait(instant(minute_at(_DAYS + 1)))
    before = _state(busy).baseline
    start = minute_at(_DAYS + 2, _AFTERNOON)
    _on(broken, _BUSY, start, start + 2)
    after = _state(broken).baseline
    assert before is not None
    assert after is not None
    assert base.day_level(after) == pytest.approx(base.day_level(before), rel=0.05)
    for hour in range(start // 60, start // 60 + 24):
        usual = base.calendar_rate(before, hour, SETTINGS.calendar)
        assert base.calendar_rate(after, hour, SETTINGS.calendar) == pytest.approx(usual, rel=0.05)


def test_a_stream_that_comes_back_as_it_was_wakes_nobody(busy: Feed):
    """The first day after a fault is a day like others."""
    feed = busy.copy()
    feed.wait(instant(minute_at(_DAYS + 2)))
    _on(feed, _BUSY, minute_at(_DAYS + 2), minute_at(_DAYS + 3))
    assert [event.evidence.reason for event in feed.events] == ["silent_longer_than_usual", "speaks_again"]


def test_a_stream_that_fades_is_no_silence(middling: Feed):
    """Less and less over two days, until nothing comes: it was seen coming, and nothing was expected any more."""
    feed = middling.copy()
    for place, share in enumerate((0.7, 0.45, 0.3, 0.2)):
        begin = minute_at(_DAYS, _AFTERNOON + place * 1440)
        _on(feed, _MIDDLING, begin, begin + 1440, share)
    assert base.day_level(_state(feed).baseline) < 0.6
    feed.wait(instant(minute_at(_DAYS + 12)))
    assert _down(feed) == []


def test_nothing_is_looked_for_while_the_last_day_is_far_below_the_usual(middling: Feed):
    """From a level of 0.6 down; at three quarters of the usual it is missed."""
    for share, told in ((0.35, []), (0.75, ["opened"])):
        feed = middling.copy()
        begin = minute_at(_DAYS, _AFTERNOON)
        _on(feed, _MIDDLING, begin, begin + 3 * 1440, share)
        assert (base.day_level(_state(feed).baseline) < 0.6) is not bool(told)
        feed.wait(instant(minute_at(_DAYS + 8)))
        assert [event.kind for event in _down(feed)] == told


def test_a_young_stream_is_not_missed():
    """Thirteen days are too few, however busy they were."""
    feed = _until(Feed(), _MIDDLING, _AFTERNOON, days=SETTINGS.silence_after_days - 1)
    assert next_due(_state(feed), SETTINGS) is None
    feed.wait(instant(minute_at(30)))
    assert feed.events == []


@pytest.mark.parametrize(
    ("series", "missed"),
    [
        ("Vlieland|source=newsroom", True),
        ("Vlieland|channel=x", False),
        ("Vlieland|kind=negative", False),
        ("Vlieland|drill=yes", False),
        ("Vlieland%7Csource=newsroom", True),
    ],
)
def test_of_the_parts_of_a_brand_only_sources_are_missed(series: str, missed: bool):
    """A channel that is quiet is no fault, and a drill ends; a brand may be called what it likes."""
    feed = _until(Feed(series=series), 600.0, _AFTERNOON, days=SETTINGS.silence_after_days)
    feed.wait(instant(minute_at(_DAYS + 3)))
    assert [event.kind for event in feed.events] == ["opened"] * missed
    assert all(event.series == series for event in feed.events)


def test_a_source_must_be_surer_than_its_brand(middling: Feed):
    """It is a part: missed later than the brand would be."""
    source = middling.copy()
    _state(source).series = "Vlieland|source=newsroom"
    _state(source).look_for_silence = None
    ends = []
    for feed in (middling.copy(), source):
        feed.minute(minute_at(_DAYS, _AFTERNOON), [1])
        feed.wait(instant(minute_at(_DAYS + 3)))
        ends += [event.at for event in _down(feed)]
    brand, part = ends
    assert part > brand


def test_the_same_tick_twice_says_and_changes_nothing_more(busy: Feed):
    """Before it is time, when it is, and after."""
    state = _state(busy).copy()
    for minutes in (10, 30, SETTINGS.least_silence_min, 90, 1440):
        now = instant(state.heard + minutes)
        once, _ = tick(state, now, SETTINGS)
        again, events = tick(once, now, SETTINGS)
        assert (again, events) == (once, [])
        state = once
    assert state.silence is not None


def test_a_tick_does_not_change_the_state_it_was_given(busy: Feed):
    """The state before is as it was."""
    state = _state(busy)
    before = state.copy()
    after, events = tick(state, instant(state.heard + 120), SETTINGS)
    assert events
    assert state == before
    assert after != before


def test_ticks_that_come_late_tell_the_same_silence(busy: Feed):
    """One at the end of the night: the same id, though told later."""
    due, late = busy.copy(), _state(busy)
    due.wait(instant(minute_at(_DAYS + 1)))
    _, events = tick(late, instant(minute_at(_DAYS + 1)), SETTINGS)
    assert [event.spike_id for event in events] == [event.spike_id for event in due.events]
    assert events[0].at > due.events[0].at


def test_nobody_waits_for_the_end_while_a_spike_is_open(busy: Feed):
    """Its own turns come first."""
    feed = _on(busy.copy(), _BUSY, minute_at(_DAYS, _AFTERNOON), minute_at(_DAYS, _AFTERNOON + 10), 20.0)
    assert next(event.direction for event in feed.events) == "up"
    assert _state(feed).look_for_silence is None


def test_a_shorter_least_silence_tells_a_busy_stream_sooner(busy: Feed):
    """`least_silence_min` is what keeps it waiting."""
    state = _state(busy).copy()
    sooner = replace(SETTINGS, least_silence_min=20)
    state.look_for_silence = state.heard + 20
    assert listen(state.copy(), state.heard + 20, instant(state.heard + 20), SETTINGS) == []
    assert len(listen(state, state.heard + 20, instant(state.heard + 20), sooner)) == 1
