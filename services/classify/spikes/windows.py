"""What the minutes that end now hold, in windows of several lengths."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from services.classify.spikes import sketch
from services.classify.spikes.baseline import WINDOWS, Baseline, expected_rate
from services.classify.spikes.state import Habits, Minute, SeriesState

SHORT_WINDOWS = WINDOWS[:3]
LONG_HOURS = tuple(minutes // 60 for minutes in WINDOWS[3:])
_HABIT_PRIOR = 20.0


class Window(NamedTuple):
    """Minutes `start` up to but not including `end`, and what is known of them; `place` is that in WINDOWS."""

    place: int
    start: int
    end: int
    people: int
    arrivals: int
    negative: int
    urgent: int


def short_windows(recent: list[Minute], end: int) -> list[Window]:
    """The windows of at most an hour that end with minute `end - 1`."""
    windows: list[Window] = []
    people: set[int] = set()
    bound = sketch.ALL
    arrivals = negative = urgent = 0
    place = len(recent) - 1
    while place >= 0 and recent[place].minute >= end:
        place -= 1
    for index, length in enumerate(SHORT_WINDOWS):
        start = end - length
        while place >= 0 and recent[place].minute >= start:
            minute = recent[place]
            people.update(minute.people)
            bound = min(bound, minute.bound)
            arrivals += minute.arrivals
            negative += minute.negative
            urgent += minute.urgent
            place -= 1
        counted = sketch.estimate(people, bound)
        windows.append(Window(index, start, end, counted, arrivals, negative, urgent))
    return windows


def arrivals_in(recent: list[Minute], end: int) -> list[int]:
    """How many messages the short windows hold."""
    counts = [0] * len(SHORT_WINDOWS)
    for minute in recent:
        for place, length in enumerate(SHORT_WINDOWS):
            if end - length <= minute.minute < end:
                counts[place] += minute.arrivals
    return counts


def earlier_hours(state: SeriesState, baseline: Baseline, end: int) -> list[tuple[int, float]]:
    """Of the long windows: people in the hours before this one, and how many are expected with this one so far.

    The level is that of before the window, or a day that doubles would become what is expected of it. Only where
    that much history is there.
    """
    hour = (end - 1) // 60
    if hour != state.newest // 60:
        return []
    begun = hour * 60
    partial = baseline.rates.here * (end - begun) / 60 * state.mean_factor(begun, end)
    found = []
    for length in LONG_HOURS:
        past = state.hours[-(length - 1) :]
        if len(past) < length - 1:
            break
        usual = past[0].level * (partial + sum([one.calendar for one in past]))
        found.append((sum([one.people for one in past]), usual))
    return found


def long_windows(state: SeriesState, baseline: Baseline, hour_now: Window) -> list[tuple[Window, float]]:
    """The last 6 and 24 clock hours, this one as far as it is, and how many people were expected in them.

    Shares are those of the last hour.
    """
    earlier = earlier_hours(state, baseline, hour_now.end)
    if not earlier:
        return []
    hour = (hour_now.end - 1) // 60
    current = short_content(state.recent, hour * 60, hour_now.end)
    return [
        (hour_now._replace(place=place, start=(hour - length + 1) * 60, people=current + people), usual)
        for place, (length, (people, usual)) in enumerate(zip(LONG_HOURS, earlier, strict=False), len(SHORT_WINDOWS))
    ]


def short_content(recent: list[Minute], start: int, end: int) -> int:
    """How many people there were from minute `start` up to but not including `end`."""
    inside = [minute for minute in recent if start <= minute.minute < end]
    people: set[int] = set()
    people.update(*[minute.people for minute in inside])
    return sketch.estimate(people, min([minute.bound for minute in inside], default=sketch.ALL))


def usual_in(state: SeriesState, baseline: Baseline, place: int, end: int) -> float:
    """Expected people in a short window, before the last hours are looked at.

    In a shorter one, people who come back count again.
    """
    minutes = SHORT_WINDOWS[place]
    usual = expected_rate(baseline, end - minutes / 2) * minutes / 60
    return usual * people_ratio(state.habits, place) * state.mean_factor(end - minutes, end)


def people_ratio(habits: Habits, index: int) -> float:
    """People per hour when counted afresh in each window of this length, against counted once an hour."""
    if index >= len(habits.people):
        return 1.0
    return (habits.people[index] + _HABIT_PRIOR) / (habits.people[-1] + _HABIT_PRIOR)


def messages_per_person(habits: Habits, index: int) -> float:
    """How many messages a person sends in a window of this length."""
    people = habits.people[min(index, len(habits.people) - 1)]
    return (habits.messages + _HABIT_PRIOR) / (people + _HABIT_PRIOR)


def top_stories(recent: list[Minute], start: int, end: int) -> list[tuple[int, int]]:
    """The five stories told most in these minutes, as (hash, arrivals)."""
    return _most(pair for minute in recent if start <= minute.minute < end for pair in minute.stories)


def top_channels(recent: list[Minute], start: int, end: int) -> list[tuple[str, int]]:
    """The five channels with most arrivals in these minutes."""
    return _most(pair for minute in recent if start <= minute.minute < end for pair in minute.channels.items())


K = TypeVar("K", int, str)


def _most(pairs: Iterable[tuple[K, int]]) -> list[tuple[K, int]]:
    counts: dict[K, int] = {}
    for key, count in pairs:
        counts[key] = counts.get(key, 0) + count
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:5]
