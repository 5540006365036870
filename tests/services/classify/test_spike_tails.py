"""How far ordinary days reach: chances that are right stay as they are, wilder streams need more."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classify.spikes.tails import LOOKS_PER_DAY, Tail

_KEEP = 0.975
_SCALE = 1 / math.log(10)
_PLACES = st.integers(0, len(LOOKS_PER_DAY) - 1)
_DAYS = st.lists(st.lists(st.floats(0.0, 60.0), max_size=4), max_size=40)


def _after(window: int, days: int, scale: float, seed: int, more: float = 0.0) -> Tail:
    """Days whose highest surprise is Gumbel distributed, about where right chances would have it and `more`."""
    rng = np.random.default_rng(seed)
    tail = Tail()
    for highest in rng.gumbel(math.log10(LOOKS_PER_DAY[window]) + more, scale, days):
        tail.note(window, max(float(highest), 0.05))
        tail.pass_day(_KEEP)
    return tail


def _lived(window: int, days: list[list[float]]) -> Tail:
    tail = Tail()
    for moments in days:
        for decades in moments:
            tail.note(window, decades)
        tail.pass_day(_KEEP)
    return tail


@pytest.mark.parametrize("window", range(len(LOOKS_PER_DAY)))
def test_a_new_stream_is_taken_at_its_word(window: int):
    """Nothing is known against its chances."""
    assert Tail().decades(window, 7.0) == pytest.approx(7.0)
    assert Tail().tame(window)


@pytest.mark.parametrize("window", range(len(LOOKS_PER_DAY)))
def test_right_chances_are_left_as_they_are(window: int):
    """After two months of ordinary days: a surprise of seven decades loses a tenth on average, a fifth at most."""
    found = [_after(window, 60, _SCALE, seed).decades(window, 7.0) for seed in range(40)]
    assert sum(found) / len(found) > 6.3
    assert min(found) > 5.0
    assert sum(_after(window, 60, _SCALE, seed).tame(window) for seed in range(40)) >= 32


@pytest.mark.parametrize("window", range(len(LOOKS_PER_DAY)))
def test_tails_twice_as_heavy_shrink_surprises(window: int):
    """About by half above the usual, and most such streams are not called tame."""
    wild = [_after(window, 120, 2 * _SCALE, seed) for seed in range(20)]
    usual = math.log10(LOOKS_PER_DAY[window])
    mean = sum(tail.decades(window, usual + 6.0) for tail in wild) / len(wild)
    assert usual + 2.0 < mean < usual + 4.5
    assert sum(tail.tame(window) for tail in wild) <= 8


def test_days_that_reach_further_shrink_surprises():
    """All of them two decades higher: so much is taken off, and it is no longer tame."""
    tail = _after(0, 120, _SCALE, 1, more=2.0)
    assert tail.decades(0, 8.0) < 6.5
    assert not tail.tame(0)


def test_what_a_wild_stream_reaches_once_a_month_is_no_page_there():
    """Its own scale says of the highest of thirty days what right chances say of theirs: about a decade and a half."""
    rng = np.random.default_rng(5)
    scale = 2.5 * _SCALE
    tail = _after(0, 200, scale, 4)
    monthly = np.median(rng.gumbel(math.log10(LOOKS_PER_DAY[0]), scale, (200, 30)).max(axis=1))
    beyond = tail.decades(0, float(monthly)) - math.log10(LOOKS_PER_DAY[0])
    assert 1.0 < beyond < 2.1


@given(_PLACES, _DAYS, st.floats(0.0, 300.0))
def test_a_stream_is_never_found_tamer_than_its_chances(window: int, days: list[list[float]], raw: float):
    """At most what the negative binomial says."""
    assert _lived(window, days).decades(window, raw) <= raw


@given(_PLACES, _DAYS, st.floats(0.0, 300.0), st.floats(0.0, 300.0))
def test_what_is_more_surprising_stays_so(window: int, days: list[list[float]], raw: float, more: float):
    """The order of surprises does not change."""
    tail = _lived(window, days)
    assert tail.decades(window, raw + more) >= tail.decades(window, raw)


@given(_PLACES, _DAYS, st.integers(1, 30), st.floats(0.0, 20.0))
def test_days_without_a_look_say_nothing(window: int, days: list[list[float]], idle: int, raw: float):
    """With nothing forgotten, a stream that was quiet for weeks is judged as before."""
    tail, rested = Tail(), Tail()
    for each in (tail, rested):
        for decades in (one for day in days for one in day):
            each.note(window, decades)
        each.pass_day(1.0)
    for _ in range(idle):
        rested.pass_day(1.0)
    assert rested == tail


@given(_PLACES, st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_only_the_highest_moment_of_a_day_counts(window: int, one: float, other: float):
    """In whatever order the moments come."""
    assert _lived(window, [[one, other]]) == _lived(window, [[other, one]]) == _lived(window, [[max(one, other)]])


@given(_PLACES)
def test_a_crisis_is_no_ordinary_day(window: int):
    """Three hundred decades weigh no more than thirty."""
    assert _lived(window, [[300.0]]) == _lived(window, [[30.0]])


def test_days_long_ago_are_forgotten():
    """A year after its wild days it is tame again."""
    tail = _after(0, 60, 3 * _SCALE, 2)
    assert not tail.tame(0)
    rng = np.random.default_rng(8)
    for highest in rng.gumbel(math.log10(LOOKS_PER_DAY[0]), _SCALE, 365):
        tail.note(0, max(float(highest), 0.05))
        tail.pass_day(_KEEP)
    assert tail.tame(0)
