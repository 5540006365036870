"""One story that grows, long before the stream as a whole is more than expected."""

import math

import numpy as np
import pytest
from spike_builders import SETTINGS, Feed, day_shape, instant, minute_at, people

from contracts.volume import BlockCount, MinuteCount, SpikeEvent, VolumeUpdate
from services.classify.spikes.judge import judge_story
from services.classify.spikes.state import SeriesState
from services.classify.spikes.windows import Window, short_windows

_DAYS = 7
_PER_DAY = 2000.0
_AFTERNOON = 15 * 60
_STORY = 77
_RETOLD_EVERY = 3


def _mixed(minute: int, seen: list[int], of: dict[int, list[int]], angry: bool, own: int) -> MinuteCount:
    """`seen` write something of their own; `of` tells stories by its people."""
    everybody = sorted({*seen, *(person for each in of.values() for person in each)})
    stories = {(minute * 100 + place) % 2**32: 1 for place in range(len(seen))}
    stories.update({story: len(each) for story, each in of.items()})
    told = sum(len(each) for each in of.values())
    return MinuteCount(
        minute=minute,
        arrivals=len(seen) + told,
        negative=len(of.get(own, ())) if angry else 0,
        people=tuple(everybody),
        stories=tuple(sorted(stories.items())),
        negative_stories=((own, len(of[own])),) if angry and own in of else (),
    )


class _Teller(Feed):
    """A feed in whose minutes stories are told beside what everybody says for themselves."""

    def tell(self, minute: int, seen: list[int], of: dict[int, list[int]], *, angry: bool = False) -> list[SpikeEvent]:
        if not seen and not of:
            return []
        held = (_mixed(minute, seen, of, angry, _STORY),)
        block = BlockCount(topic="mentions.raw", partition=0, block=self.blocks, upto=self.blocks * 64, minutes=held)
        self.blocks += 1
        at = instant(minute + 1)
        return self.update(VolumeUpdate(series=self.series, brand="Vlieland", at=at, blocks=(block,)))

    def copy(self) -> "_Teller":
        return _Teller(self.state.copy() if self.state else None, self.blocks, series=self.series)


def _ordinary(feed: _Teller, first: int, last: int, seed: int = 3) -> _Teller:
    """Two thousand a day; now and then something is told again by somebody, as everywhere."""
    rng = np.random.default_rng(seed)
    for minute in range(first, last):
        hour = minute // 60
        again = {hour: people(rng, 0.5)} if hour % _RETOLD_EVERY == 0 and minute % 12 == 0 else {}
        feed.tell(minute, people(rng, _PER_DAY / 1440 * day_shape(minute)), {k: v for k, v in again.items() if v})
    return feed


@pytest.fixture(scope="module")
def warm() -> _Teller:
    """A week, up to a Monday at 15:00 in Greenwich."""
    return _ordinary(_Teller(), minute_at(0), minute_at(_DAYS, _AFTERNOON))


def _told(feed: _Teller, tellers: list[int], *, angry: bool) -> list[SpikeEvent]:
    """An hour in which these people tell one story, twice as many each quarter, among all that is said."""
    after, rng = feed.copy(), np.random.default_rng(9)
    assert after.state is not None
    start = after.state.newest + 1
    when = _doubling(tellers)
    for minute in range(start, start + 60):
        seen = people(rng, _PER_DAY / 1440 * day_shape(minute))
        telling = when.get(minute - start)
        after.tell(minute, seen, {_STORY: telling} if telling else {}, angry=angry)
    return after.events


def _doubling(tellers: list[int]) -> dict[int, list[int]]:
    """Who tells it in which minute of the hour: half of all in the last quarter, a quarter in the one before."""
    when: dict[int, list[int]] = {}
    for place, person in enumerate(tellers):
        offset = max(59 + round(15 * math.log2((place + 1) / len(tellers))), 0)
        when.setdefault(offset, []).append(person)
    return when


def _hour(state: SeriesState) -> Window:
    return short_windows(state.recent, state.newest + 1)[2]


@pytest.mark.parametrize("tellers", range(6, 10))
def test_a_story_of_a_few_angry_people_is_seen_among_two_thousand_a_day(warm: _Teller, tellers: int):
    """Six to nine tellers, twice as many each quarter: it opens within the hour, with the story and why."""
    (opened, *_) = _told(warm, list(range(100, 100 + tellers)), angry=True)
    assert opened.kind == "opened"
    assert opened.evidence.reason == "one_story_growing"
    assert opened.evidence.story == _STORY
    assert opened.evidence.window_s == 3600
    assert opened.at <= instant(minute_at(_DAYS, _AFTERNOON + 60))
    assert opened.evidence.stories[0].signature == _STORY
    assert 5 <= opened.evidence.people <= tellers
    assert opened.evidence.expected < 4


def test_every_turn_of_such_a_spike_names_its_story(warm: _Teller):
    """Also the last one, when nobody tells it any more."""
    feed = warm.copy()
    for minute in range(minute_at(_DAYS, _AFTERNOON), minute_at(_DAYS, _AFTERNOON + 30), 2):
        feed.tell(minute, [], {_STORY: [minute]}, angry=True)
    feed.wait(instant(minute_at(_DAYS + 1)))
    assert [feed.kinds()[0], feed.kinds()[-1]] == ["opened", "closed"]
    assert {event.evidence.story for event in feed.events} == {_STORY}


def test_anger_adds_two_decades_at_most(warm: _Teller):
    """Nine who are angry are more of a surprise than nine who are not, by so much and no more."""
    decades = []
    for angry in (False, True):
        feed = warm.copy()
        start = minute_at(_DAYS, _AFTERNOON)
        for place in range(9):
            feed.tell(start + place, [], {_STORY: [100 + place]}, angry=angry)
        assert feed.state is not None
        assert feed.state.baseline is not None
        judged = judge_story(feed.state, feed.state.baseline, _hour(feed.state), SETTINGS, note=False)
        assert judged is not None
        decades.append(judged.decades)
    assert 1.0 < decades[1] - decades[0] <= 2.0 + 1e-9


def test_the_volume_alone_would_have_told_nobody(warm: _Teller):
    """As many people more who each say something of their own are nothing."""
    feed, rng = warm.copy(), np.random.default_rng(9)
    start, when = minute_at(_DAYS, _AFTERNOON), _doubling(list(range(100, 109)))
    for minute in range(start, start + 60):
        seen = people(rng, _PER_DAY / 1440 * day_shape(minute))
        feed.tell(minute, seen + when.get(minute - start, []), {})
    assert feed.events == []


def test_three_people_who_repeat_it_are_no_story(warm: _Teller):
    """Told nine times and thirty times, by three."""
    assert _told(warm, [100, 101, 102] * 3, angry=True) == []
    assert _told(warm, [100, 101, 102] * 10, angry=True) == []


def test_a_neutral_story_needs_more_tellers(warm: _Teller):
    """Of people who are angry the least number is enough; of others it takes twice as many or so."""
    enough = {}
    for angry in (True, False):
        counts = (n for n in range(1, 40) if _told(warm, list(range(100, 100 + n)), angry=angry))
        enough[angry] = next(counts)
    assert enough[True] == SETTINGS.least_people
    assert 7 <= enough[False] <= 14


@pytest.mark.parametrize("series", ["Vlieland|channel=x", "Vlieland|source=newsroom", "Vlieland|kind=negative"])
def test_stories_are_looked_for_in_the_brand_only(warm: _Teller, series: str):
    """Its parts hold the same stories: one of them would be told several times."""
    part = warm.copy()
    assert part.state is not None
    part.state.series = part.series = series
    assert _told(part, list(range(100, 109)), angry=True) == []


def test_a_story_that_no_longer_grows_is_history(warm: _Teller):
    """Told by nine in the first half hour and by nobody in the second: the window is looked at, and says nothing."""
    feed = warm.copy()
    start = minute_at(_DAYS, _AFTERNOON)
    state, baseline = _fed_at(feed, range(start, start + 27, 3), start + 27)
    assert judge_story(state, baseline, _hour(state), SETTINGS, note=False) is not None
    state, baseline = _fed_at(feed, range(0), start + 58)
    assert judge_story(state, baseline, _hour(state), SETTINGS, note=False) is None


def _fed_at(feed: _Teller, minutes: range, until: int):
    for place, minute in enumerate(minutes):
        feed.tell(minute, [], {_STORY: [100 + place]})
    feed.tell(until, [5], {})
    assert feed.state is not None
    return feed.state, feed.state.baseline


def test_nobody_knows_in_the_first_hours_how_often_stories_are_told():
    """Five hours with messages are too few; in the seventh it is told."""
    for hours, told in ((5, False), (7, True)):
        feed = _ordinary(_Teller(), minute_at(0, 8 * 60), minute_at(0, (8 + hours) * 60))
        opened = _told(feed, list(range(100, 112)), angry=True)
        assert [event.evidence.reason for event in opened][:1] == ["one_story_growing"] * told
