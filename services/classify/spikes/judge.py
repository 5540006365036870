"""Whether what came in the last minutes to hours is more than calendar and history expect, and what speaks for it."""

import math
from typing import NamedTuple

from services.classify.spikes import baseline as base
from services.classify.spikes.baseline import STORY, Baseline
from services.classify.spikes.scan import surprise
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import Habits, Minute, SeriesState
from services.classify.spikes.windows import (
    Window,
    arrivals_in,
    earlier_hours,
    long_windows,
    messages_per_person,
    short_windows,
    top_stories,
    usual_in,
)

_CALM_WINDOWS = 2
_SHARE_PRIOR = (0.3, 0.05)
_SHARE_PRIOR_WEIGHT = 20.0
_STORY_SHARE = 0.5
_RETOLD_PRIOR = 0.3
_RETOLD_PRIOR_HOURS = 20.0
_GROWING_SHARE = 0.5
_MOST_ANGER = 2.0
_LEAST_HOURS = 6
"""Before so many hours had messages nobody knows how often a story is told again there."""
_WORTH_A_LOOK = 0.7
"""In decades; no spike opens below three."""
_UNCERTAIN_FACTOR = 0.04
"""Relative variance of how far a campaign keeps to its declared factor."""


class Judged(NamedTuple):
    """One window against what is expected of it; `decades` is the surprise on this series' own scale."""

    window: Window
    usual: float
    decades: float
    margin: float
    """How far it is beyond where a spike opens."""
    story: int | None = None
    """It is one story that is surprising, not the window as a whole."""


def judge(state: SeriesState, baseline: Baseline, end: int, settings: SpikeSettings, *, note: bool) -> list[Judged]:
    """All windows that end with minute `end - 1`, shortest first. `note`: learn how far ordinary moments reach."""
    shorts = short_windows(state.recent, end)
    windows = _with_level(state, baseline, shorts) + long_windows(state, baseline, shorts[-1])
    look = _Look(state, baseline, end, settings)
    return [look.at(window, usual, note=note and says_new(state, window)) for window, usual in windows]


def judge_story(
    state: SeriesState, baseline: Baseline, hour: Window, settings: SpikeSettings, *, note: bool
) -> Judged | None:
    """The story told most in the last hour, if it is still growing.

    How often an hour's most told story is told again falls off geometrically in ordinary hours, at a rate that each
    series teaches; people count, so that one person's repeats are no story. That it is told in anger counts as well: by
    the chance that so many of its tellers would be negative.
    """
    if state.part or state.habits.hours < _LEAST_HOURS:
        return None
    told = top_stories(state.recent, hour.start, hour.end)
    people = tellers(state.habits, hour, told[0][1]) if told else 0
    if people < settings.least_people:
        return None
    story = told[0][0]
    lately = dict(top_stories(state.recent, hour.end - 30, hour.end)).get(story, 0)
    if lately < _GROWING_SHARE * told[0][1]:
        return None
    usual = _usual_retold(state.habits) * state.mean_factor(hour.start, hour.end)
    raw = (people - 1) * math.log10((1.0 + usual) / usual) + _anger(state, story, told[0][1], hour)
    decades = baseline.tails[STORY].decades(STORY, raw)
    if note:
        baseline.tails[STORY].note(STORY, raw)
    margin = decades - _bar(state, settings, STORY, hour.end)
    return Judged(hour._replace(people=people), 1.0 + usual, decades, margin, story)


def worth_a_look(state: SeriesState, baseline: Baseline, new: Minute, settings: SpikeSettings) -> bool:
    """A cheap first look, at arrivals, which are no fewer than people: most minutes hold nothing to be surprised by."""
    end = new.minute + 1
    arrivals = arrivals_in(state.recent, end)
    earlier = sum(one.people for one in state.hours)
    if arrivals[-1] < settings.least_people and arrivals[-1] + earlier < 2 * settings.least_people:
        return False
    return _may_be_many(state, baseline, arrivals, end) or _may_be_a_story(state, new, settings)


def _may_be_many(state: SeriesState, baseline: Baseline, arrivals: list[int], end: int) -> bool:
    short = [usual_in(state, baseline, place, end) for place in range(len(arrivals))]
    long = [(arrivals[-1] + seen, usual) for seen, usual in earlier_hours(state, baseline, end)]
    looks = [*zip(arrivals, short, strict=True), *long]
    return any(
        surprise(seen, usual, base.spread(baseline, place, usual)) >= _WORTH_A_LOOK
        for place, (seen, usual) in enumerate(looks)
        if seen > usual
    )


def _may_be_a_story(state: SeriesState, new: Minute, settings: SpikeSettings) -> bool:
    """One that grows is told in the newest minute."""
    if state.part:
        return False
    told = {story: 0 for story, _ in new.stories}
    for minute in state.recent:
        for story, count in minute.stories:
            if story in told:
                told[story] += count
    return max(told.values(), default=0) >= settings.least_people


def _anger(state: SeriesState, story: int, told: int, hour: Window) -> float:
    """The surprise, in decades, that so much of a story is negative; bounded (Hoeffding, JASA 58, 1963)."""
    seen = sum(one.negative_stories.get(story, 0) for one in state.recent if hour.start <= one.minute < hour.end)
    share, usual = seen / told, usual_share_negative(state.habits)
    if share <= usual:
        return 0.0
    distance = share * math.log(share / usual)
    if share < 1.0:
        distance += (1.0 - share) * math.log((1.0 - share) / (1.0 - usual))
    return min(told * distance / math.log(10.0), _MOST_ANGER)


def tellers(habits: Habits, window: Window, told: int) -> int:
    """How many people at least tell a story told so often: all repeats beyond the usual may have been of it."""
    usual = window.people * messages_per_person(habits, window.place)
    return told - max(window.arrivals - round(usual), 0)


def is_calm(judged: list[Judged], settings: SpikeSettings) -> bool:
    """The last quarter is within expectation."""
    return all(one.decades < settings.calm_surprise for one in judged[:_CALM_WINDOWS])


def says_new(state: SeriesState, window: Window) -> bool:
    """A window of an hour or more says nothing new while it reaches back into the last spike."""
    return window.place < _CALM_WINDOWS or window.start >= state.told


def most_surprising(state: SeriesState, judged: list[Judged], settings: SpikeSettings) -> Judged | None:
    """The window that speaks most clearly; the shortest where several do. None below the least number of people."""
    enough = [one for one in judged if one.window.people >= settings.least_people and says_new(state, one.window)]
    return max(enough, key=lambda one: one.margin, default=None)


def content_bonus(state: SeriesState, window: Window, settings: SpikeSettings) -> float:
    """What is said adds to how many say it: more negative or urgent than usual, or one story growing."""
    half = settings.content_surprise / 2
    told = top_stories(state.recent, window.start, window.end)
    one_story = bool(told) and tellers(state.habits, window, told[0][1]) >= max(
        settings.least_people, _STORY_SHARE * window.people
    )
    return min(_alarm(state, window, settings) + (half if one_story else 0.0), settings.content_surprise)


def _alarm(state: SeriesState, window: Window, settings: SpikeSettings) -> float:
    """How much more negative or urgent the window is than usual, in decades."""
    half = settings.content_surprise / 2
    negative = half * _excess(window.negative, window.arrivals, usual_share_negative(state.habits))
    urgent = half * _excess(window.urgent, window.arrivals, _usual_share(state.habits.urgent, state.habits, 1))
    return negative + urgent


def usual_share_negative(habits: Habits) -> float:
    """The part of messages that is negative on ordinary days."""
    return _usual_share(habits.negative, habits, 0)


def _with_level(state: SeriesState, baseline: Baseline, shorts: list[Window]) -> list[tuple[Window, float]]:
    """The short windows and what is expected of each, given the rest of the last hour and the hours before."""
    usual = [usual_in(state, baseline, window.place, window.end) for window in shorts]
    hour = shorts[-1]
    factor = state.mean_factor(hour.start, hour.end)
    levels = [
        base.near_level(baseline, max(hour.people - window.people, 0) / factor, (usual[-1] - expected) / factor)
        for window, expected in zip(shorts[:-1], usual[:-1], strict=True)
    ]
    levels.append(base.near_level(baseline))
    return [(window, at * level) for window, at, level in zip(shorts, usual, levels, strict=True)]


class _Look(NamedTuple):
    state: SeriesState
    baseline: Baseline
    end: int
    settings: SpikeSettings

    def at(self, window: Window, usual: float, *, note: bool) -> Judged:
        bar = _bar(self.state, self.settings, window.place, self.end)
        if window.people <= usual:
            return Judged(window, usual, 0.0, -bar)
        relative = base.spread(self.baseline, window.place, usual)
        if self.state.mean_factor(window.start, window.end) != 1.0:
            relative += _UNCERTAIN_FACTOR
        raw = surprise(window.people, usual, relative)
        tail = self.baseline.tails[window.place]
        decades = tail.decades(window.place, raw)
        if note:
            tail.note(window.place, raw)
        return Judged(window, usual, decades, decades - bar)


def _bar(state: SeriesState, settings: SpikeSettings, place: int, end: int) -> float:
    campaign = state.campaign(end - 1) if state.campaigns else None
    return settings.open_surprise(place, part=state.part, caution=campaign.caution if campaign else 1.0)


def _usual_retold(habits: Habits) -> float:
    return (habits.retold + _RETOLD_PRIOR * _RETOLD_PRIOR_HOURS) / (habits.hours + _RETOLD_PRIOR_HOURS)


def _usual_share(seen: float, habits: Habits, which: int) -> float:
    return (seen + _SHARE_PRIOR[which] * _SHARE_PRIOR_WEIGHT) / (habits.messages + _SHARE_PRIOR_WEIGHT)


def _excess(seen: int, of: int, share: float) -> float:
    """0 up to two standard deviations above the usual share, 1 from five on."""
    deviations = (seen - of * share) / math.sqrt(of * share * (1.0 - share) + 1.0)
    return min(max((deviations - 2.0) / 3.0, 0.0), 1.0)
