"""Whether what came in the last minutes to hours is more than calendar and history expect, and what speaks for it."""

import math
from datetime import UTC, datetime
from typing import NamedTuple

from contracts.volume import SpikeEvidence, TopStory
from services.classify.spikes import baseline as base
from services.classify.spikes.baseline import Baseline
from services.classify.spikes.scan import chance, surprise
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import Habits, SeriesState
from services.classify.spikes.windows import (
    Window,
    long_windows,
    messages_per_person,
    short_windows,
    top_stories,
    usual_people,
)

_CALM_WINDOWS = 2
_SHARE_PRIOR = (0.3, 0.05)
_SHARE_PRIOR_WEIGHT = 20.0
_STORY_SHARE = 0.5


class Judged(NamedTuple):
    """One window against what is expected of it; `decades` is the surprise on this series' own scale."""

    window: Window
    usual: float
    decades: float

    def margin(self, settings: SpikeSettings) -> float:
        """How far it is beyond where a spike opens."""
        return self.decades - settings.open_surprise[self.window.place]


def judge(state: SeriesState, baseline: Baseline, end: int, note: bool) -> list[Judged]:
    """All windows that end with minute `end - 1`, shortest first. `note`: learn how far ordinary moments reach."""
    shorts = short_windows(state.recent, end)
    windows = [(window, usual_people(baseline, state.habits, window)) for window in shorts]
    windows += long_windows(state, baseline, shorts[-1])
    return [_judge_window(baseline, window, usual, note and says_new(state, window)) for window, usual in windows]


def enough_people(state: SeriesState, end: int, least: int) -> bool:
    """A cheap first look: fewer arrivals than this cannot be so many people."""
    arrivals = sum(one.arrivals for one in state.recent if one.minute < end)
    return arrivals >= least or arrivals + sum(one.people for one in state.hours) >= 2 * least


def is_calm(judged: list[Judged], settings: SpikeSettings) -> bool:
    """The last quarter is within expectation."""
    return all(one.decades < settings.calm_surprise for one in judged[:_CALM_WINDOWS])


def says_new(state: SeriesState, window: Window) -> bool:
    """A window of an hour or more says nothing new while it reaches back into the last spike."""
    return window.place < _CALM_WINDOWS or window.start >= state.told


def most_surprising(state: SeriesState, judged: list[Judged], settings: SpikeSettings) -> Judged | None:
    """The window that speaks most clearly; the shortest where several do. None below the least number of people."""
    enough = [one for one in judged if one.window.people >= settings.least_people and says_new(state, one.window)]
    return max(enough, key=lambda one: one.margin(settings), default=None)


def content_bonus(state: SeriesState, window: Window, settings: SpikeSettings) -> float:
    """What is said adds to how many say it: more negative or urgent than usual, or one story growing."""
    half = settings.content_surprise / 2
    negative = half * _excess(window.negative, window.arrivals, _usual_share(state.habits, 0))
    urgent = half * _excess(window.urgent, window.arrivals, _usual_share(state.habits, 1))
    told = top_stories(state.recent, window.start, window.end)
    one_story = bool(told) and told[0][1] >= max(settings.least_people, _STORY_SHARE * window.arrivals)
    return min(negative + urgent + (half if one_story else 0.0), settings.content_surprise)


def evidence(state: SeriesState, baseline: Baseline, found: Judged, decades: float, reason: str) -> SpikeEvidence:
    """In messages, since that is what a reader counts; the chance is that of so many people."""
    window = found.window
    per_person = messages_per_person(state.habits, window.place)
    counted = max(window.arrivals, 1)
    long = window.end - window.start > 60
    seen = round(window.people * per_person) if long else window.arrivals
    stories = top_stories(state.recent, window.start, window.end)
    return SpikeEvidence(
        expected=round(found.usual * per_person, 3),
        seen=seen,
        window_s=(window.end - window.start) * 60,
        chance=float(f"{chance(decades):.3g}"),
        since=moment(window.start),
        people=window.people,
        share_negative=round(window.negative / counted, 3),
        share_urgent=round(window.urgent / counted, 3),
        stories=tuple(TopStory(signature=story, seen=count) for story, count in stories),
        history_days=round((window.end - baseline.first_hour * 60) / 1440, 2),
        reason=reason,
    )


def moment(minute: int) -> datetime:
    """The instant at which a minute begins."""
    return datetime.fromtimestamp(minute * 60, UTC)


def _judge_window(baseline: Baseline, window: Window, usual: float, note: bool) -> Judged:
    if window.people <= usual:
        return Judged(window, usual, 0.0)
    middle = (window.start + window.end) // 2
    raw = surprise(window.people, usual, base.spread(baseline, middle, window.place))
    scale = base.stretch(baseline, window.place)
    if note:
        base.note_peak(baseline, window.place, raw)
    return Judged(window, usual, raw / scale)


def _usual_share(habits: Habits, which: int) -> float:
    seen = habits.urgent if which else habits.negative
    return (seen + _SHARE_PRIOR[which] * _SHARE_PRIOR_WEIGHT) / (habits.messages + _SHARE_PRIOR_WEIGHT)


def _excess(seen: int, of: int, share: float) -> float:
    """0 up to two standard deviations above the usual share, 1 from five on."""
    deviations = (seen - of * share) / math.sqrt(of * share * (1.0 - share) + 1.0)
    return min(max((deviations - 2.0) / 3.0, 0.0), 1.0)
