"""The passing of time: each hour that is over teaches what to expect, and leaves the windows."""

from services.classify.spikes import baseline as base
from services.classify.spikes.baseline import WINDOWS, Baseline
from services.classify.spikes.state import RECENT_MINUTES, Hour, Minute, SeriesState
from services.classify.spikes.windows import people_ratio, short_content

_HABIT_MEMORY = 0.998
_MOST_HOURS = 28 * 24
_HOURS_KEPT = WINDOWS[-1] // 60 - 1
_SHORT = 3
_LONG_EVERY_HOURS = 6


def advance(state: SeriesState, minute: int) -> Baseline:
    """Time has come to this minute: learn the hours that are over. Returns the baseline, which is new at first."""
    if state.baseline is None:
        state.newest = minute
        state.baseline = base.new_baseline(minute)
        return state.baseline
    if minute <= state.newest:
        return state.baseline
    now = minute // 60
    for hour in range(max(state.newest // 60, now - _MOST_HOURS), now):
        _close_hour(state, state.baseline, hour)
    base.begin_hour(state.baseline, now)
    state.newest = minute
    state.recent = [one for one in state.recent if one.minute > minute - RECENT_MINUTES]
    return state.baseline


def learn_late(baseline: Baseline, late: Minute) -> None:
    """A mention too old for any window only teaches, and no more than doubles what its minute leads to expect."""
    usual = base.expected_rate(baseline, late.minute) / 60
    base.learn_hours(baseline, late.minute // 60, min(len(late.people), 1.0 + usual), 0.0)


def _close_hour(state: SeriesState, baseline: Baseline, hour: int) -> None:
    start = hour * 60
    base.begin_hour(baseline, hour)
    usual = base.expected_count(baseline, start, 60)
    now = base.level(baseline)
    inside = [one for one in state.recent if start <= one.minute < start + 60]
    if state.spike is None:
        _learn_noise(state, baseline, inside, start, usual)
    people = _learn_habits(state, inside, start)
    base.learn_hours(baseline, hour, people)
    known = Hour(hour, people, usual / now, now)
    state.hours = [*state.hours, known][-_HOURS_KEPT:]


def _learn_noise(state: SeriesState, baseline: Baseline, inside: list[Minute], start: int, usual: float) -> None:
    for index, length in enumerate(WINDOWS[:_SHORT]):
        expected = usual * length / 60 * people_ratio(state.habits, index)
        for begin in range(start, start + 60, length):
            people = short_content(inside, begin, begin + length) if inside else 0
            base.learn_noise(baseline, index, begin + length // 2, people, expected)
    if start // 60 % _LONG_EVERY_HOURS == 0:
        _learn_long_noise(state, baseline, short_content(inside, start, start + 60), start, usual)


def _learn_long_noise(state: SeriesState, baseline: Baseline, people: int, start: int, usual: float) -> None:
    for index in range(_SHORT, len(WINDOWS)):
        length = WINDOWS[index] // 60
        past = state.hours[-(length - 1) :]
        if len(past) == length - 1:
            seen = people + sum(one.people for one in past)
            calendar = usual / base.level(baseline) + sum(one.calendar for one in past)
            middle = start + 60 - WINDOWS[index] // 2
            base.learn_noise(baseline, index, middle, seen, past[0].level * calendar)


def _learn_habits(state: SeriesState, inside: list[Minute], start: int) -> int:
    """How often one person is seen and what is usually said; a spike teaches none of it. Returns the hour's people."""
    people = short_content(inside, start, start + 60)
    habits = state.habits
    if state.spike is not None or not inside:
        return people
    habits.messages = habits.messages * _HABIT_MEMORY + sum(one.arrivals for one in inside)
    habits.negative = habits.negative * _HABIT_MEMORY + sum(one.negative for one in inside)
    habits.urgent = habits.urgent * _HABIT_MEMORY + sum(one.urgent for one in inside)
    for index, length in enumerate(WINDOWS[:_SHORT]):
        parts = range(start, start + 60, length)
        seen = sum(short_content(inside, begin, begin + length) for begin in parts)
        habits.people[index] = habits.people[index] * _HABIT_MEMORY + seen
    return people
