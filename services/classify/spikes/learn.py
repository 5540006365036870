"""The passing of time: each hour that is over teaches what to expect, and leaves the windows."""

from services.classify.spikes import baseline as base
from services.classify.spikes.baseline import WINDOWS, Baseline
from services.classify.spikes.calendar import Calendar
from services.classify.spikes.state import RECENT_MINUTES, Hour, Minute, SeriesState, Silence
from services.classify.spikes.windows import people_ratio, short_content, top_stories

_HABIT_MEMORY = 0.998
_MOST_HOURS = 28 * 24
_HOURS_KEPT = WINDOWS[-1] // 60 - 1
_SHORT = 3
_LONG_EVERY_HOURS = 6


def advance(state: SeriesState, minute: int, calendar: Calendar, missed: Silence | None = None) -> Baseline:
    """Time has come to this minute: learn the hours that are over. Returns the baseline, which is new at first.

    The hours of a silence that was told (`missed`) are a fault, not what is usual.
    """
    if state.baseline is None:
        state.newest = minute
        state.baseline = base.new_baseline(minute)
        base.begin_hour(state.baseline, minute // 60, calendar)
        return state.baseline
    if minute <= state.newest:
        return state.baseline
    now, last = minute // 60, state.newest // 60
    for hour in range(max(last, now - _MOST_HOURS), now):
        if missed is None or hour < missed.since // 60:
            _close_hour(state, state.baseline, hour, calendar)
    if missed is not None and missed.since // 60 < now:
        state.hours = []  # long windows take them as following each other
    if now > last:
        base.begin_hour(state.baseline, now, calendar)
    state.newest = minute
    state.recent = [one for one in state.recent if one.minute > minute - RECENT_MINUTES]
    return state.baseline


def learn_late(state: SeriesState, baseline: Baseline, late: Minute, calendar: Calendar) -> None:
    """A mention too old for any window only teaches, and no more than doubles what its minute leads to expect."""
    hour = late.minute // 60
    usual = base.calendar_rate(baseline, hour, calendar) / 60
    base.learn_late(
        baseline,
        calendar.place(hour),
        min(len(late.people), 1.0 + usual) / state.mean_factor(late.minute, late.minute + 1),
    )


def _close_hour(state: SeriesState, baseline: Baseline, hour: int, calendar: Calendar) -> None:
    start = hour * 60
    if baseline.rates.hour != hour:
        base.begin_hour(baseline, hour, calendar)
    factor = state.mean_factor(start, start + 60)
    usual = base.expected_rate(baseline, start + 30)
    calendared, level = baseline.rates.here * factor, base.day_level(baseline)
    inside = [one for one in state.recent if start <= one.minute < start + 60]
    if state.spike is None:
        _learn_noise(state, baseline, inside, start, usual, factor)
    people = _learn_habits(state, inside, start)
    base.learn_hours(baseline, calendar.place(hour), people, factor, spike=state.spike is not None)
    state.hours = [*state.hours, Hour(hour, people, calendared, level)][-_HOURS_KEPT:]


def _learn_noise(
    state: SeriesState, baseline: Baseline, inside: list[Minute], start: int, usual: float, factor: float
) -> None:
    for index, length in enumerate(WINDOWS[:_SHORT]):
        ratio = people_ratio(state.habits, index)
        expected = usual * length / 60
        before = 0.0
        for begin in range(start, start + 60, length):
            people = short_content(inside, begin, begin + length) if inside else 0
            level = base.near_level(baseline, before, usual * (begin - start) / 60)
            base.learn_noise(baseline, index, people, expected * ratio * level * factor)
            before += people / ratio / factor
    if start // 60 % _LONG_EVERY_HOURS == 0:
        _learn_long_noise(state, baseline, short_content(inside, start, start + 60), start)


def _learn_long_noise(state: SeriesState, baseline: Baseline, people: int, start: int) -> None:
    for index in range(_SHORT, len(WINDOWS)):
        length = WINDOWS[index] // 60
        past = state.hours[-(length - 1) :]
        if len(past) == length - 1:
            seen = people + sum(one.people for one in past)
            calendared = baseline.rates.here * state.mean_factor(start, start + 60) + sum(one.calendar for one in past)
            base.learn_noise(baseline, index, seen, past[0].level * calendared)


def _learn_habits(state: SeriesState, inside: list[Minute], start: int) -> int:
    """How often one person is seen and what is usually said; a spike teaches none of it. Returns the hour's people."""
    people = short_content(inside, start, start + 60)
    habits = state.habits
    if state.spike is not None or not inside:
        return people
    habits.messages = habits.messages * _HABIT_MEMORY + sum(one.arrivals for one in inside)
    habits.negative = habits.negative * _HABIT_MEMORY + sum(one.negative for one in inside)
    habits.urgent = habits.urgent * _HABIT_MEMORY + sum(one.urgent for one in inside)
    told = top_stories(inside, start, start + 60)
    habits.retold = habits.retold * _HABIT_MEMORY + (max(min(told[0][1], people) - 1, 0) if told else 0)
    habits.hours = habits.hours * _HABIT_MEMORY + 1
    for index, length in enumerate(WINDOWS[:_SHORT]):
        parts = range(start, start + 60, length)
        seen = sum(short_content(inside, begin, begin + length) for begin in parts)
        habits.people[index] = habits.people[index] * _HABIT_MEMORY + seen
    return people
