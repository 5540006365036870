"""When nothing at all becomes a surprise."""

import math

from hypothesis import given
from hypothesis import strategies as st

from services.classify.spikes.silence import hourly, mean_for, silence_decades, silent_at

DAY = 1440
RELATIVE = st.just(0.0) | st.floats(1e-12, 5.0)


def _flat(per_hour: float):
    return lambda begin, end: (end - begin) * per_hour / 60


@given(st.floats(0.0, 1e5), RELATIVE)
def test_the_chance_of_nothing_is_the_first_term_of_the_distribution(mean: float, relative: float):
    """(1 + r m)^(-1/r), and Poisson's exp(-m) where there is nothing beyond it."""
    term = mean if relative < 1e-9 else math.log(1.0 + relative * mean) / relative
    assert math.isclose(silence_decades(mean, relative), term / math.log(10), rel_tol=1e-5, abs_tol=1e-7)


@given(st.floats(0.0, 1e4), st.floats(0.0, 1e4), RELATIVE, RELATIVE)
def test_more_expected_surprises_more_and_more_noise_less(mean: float, more: float, relative: float, noisier: float):
    """Monotone in both."""
    least, most = sorted((relative, noisier))
    assert silence_decades(mean + more, least) >= silence_decades(mean, least) - 1e-9
    assert silence_decades(mean, most) <= silence_decades(mean, least) * (1 + 1e-6)


@given(st.floats(0.1, 12.0), st.floats(0.0, 0.5))
def test_how_many_must_have_been_expected_is_the_other_way_round(decades: float, relative: float):
    """What is needed is as surprising as asked."""
    assert math.isclose(silence_decades(mean_for(decades, relative), relative), decades, rel_tol=1e-6)


@given(st.floats(0.01, 2000), st.floats(0.0, 2.0), st.integers(0, 10**8), st.floats(0.5, 9.0))
def test_it_is_the_first_minute(per_hour: float, relative: float, since: int, decades: float):
    """Surprising enough then and not a minute before; where there is none, two weeks are not enough."""
    usual = _flat(per_hour)
    at = silent_at(usual, relative, since, decades)
    needed = mean_for(decades, relative)
    if at is None:
        assert usual(since, since + 14 * DAY) < needed
        return
    assert since < at <= since + 14 * DAY
    assert usual(since, at) >= needed
    assert at == since + 1 or usual(since, at - 1) < needed


@given(st.floats(0.01, 500), st.floats(0.0, 1.0), st.floats(0.5, 6.0), st.floats(0.0, 3.0))
def test_to_be_surer_takes_longer(per_hour: float, relative: float, decades: float, more: float):
    """A higher bar is never reached sooner."""
    sooner = silent_at(_flat(per_hour), relative, 0, decades)
    later = silent_at(_flat(per_hour), relative, 0, decades + more)
    assert later is None or (sooner is not None and later >= sooner)


@given(
    st.lists(st.floats(0, 300), min_size=1, max_size=80),
    st.integers(0, 10**6),
    st.lists(st.integers(-200, 6000), min_size=3, max_size=3),
)
def test_hours_add_up(expected: list[float], hour: int, ends: list[int]):
    """Spans that follow each other add up, whole hours are as given, and outside nothing is expected."""
    usual = hourly(hour * 60, expected)
    first, second, third = sorted(hour * 60 + end for end in ends)
    whole = usual.between(first, second) + usual.between(second, third)
    assert math.isclose(whole, usual.between(first, third), rel_tol=1e-9, abs_tol=1e-6)
    assert math.isclose(usual.between(hour * 60, hour * 60 + 60), expected[0], abs_tol=1e-9)
    assert usual.between(0, hour * 60) == 0.0
    assert math.isclose(usual.between(0, 10**9), sum(expected), rel_tol=1e-9, abs_tol=1e-9)


def test_a_quiet_night_is_no_silence():
    """Twelve an hour by day and almost nothing by night: from 22:00 on the morning must come first."""
    day = [0.2] * 7 + [12.0] * 15 + [0.2] * 2
    usual = hourly(0, day * 15).between
    assert silent_at(usual, 0.1, 22 * 60, 3.0) == 24 * 60 + 7 * 60 + 41
    assert silent_at(usual, 0.1, 10 * 60, 3.0) == 10 * 60 + 50


def test_a_stream_that_varies_without_bound_is_never_silent():
    """Nor one of which nothing is expected."""
    assert silent_at(_flat(100.0), 400.0, 0, 9.0) is None
    assert silent_at(_flat(0.0), 0.1, 0, 3.0) is None
    assert silence_decades(0.0, 0.1) == 0.0


def test_it_is_asked_little():
    """Some twenty questions, however far away the answer is."""
    asked: list[int] = []

    def usual(begin: int, end: int) -> float:
        asked.append(end)
        return (end - begin) * 0.01 / 60

    assert silent_at(usual, 0.0, 0, 1.2, horizon_min=30 * DAY) is not None
    assert len(asked) <= 32
