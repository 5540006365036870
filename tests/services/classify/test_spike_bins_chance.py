"""Counts per bin as the live detector judges them: causal, at any width of bin, only where chance says what is rare."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classify.spikes.bins import THRESHOLD, BinScan
from services.classify.spikes.bins_chance import Chance, Look
from services.classify.spikes.bins_past import Held, Past
from services.classify.spikes.bins_settings import TableSettings

_START = 28_928_160.0
"""Monday 2025-01-06 at midnight."""
_DAY = 1440
_NEVER = -math.inf
_SOON = TableSettings(chance_after_days=0.0)


def _poisson(days: int, per_day: float, seed: int = 5) -> np.ndarray:
    minute = np.arange(days * _DAY)
    rate = per_day / _DAY * (1 + 0.7 * np.sin(minute / _DAY * 2 * np.pi))
    return np.random.default_rng(seed).poisson(rate)


def _binned(minutes: np.ndarray, width: int) -> list[int]:
    whole = len(minutes) // width * width
    return [int(count) for count in minutes[:whole].reshape(-1, width).sum(axis=1)]


def _fed(chance: Chance, counts: list[int], first: float = _START) -> list[list[Look]]:
    looks = []
    for place, count in enumerate(counts):
        looks.append(chance.judge(first + place * chance.width, count, _NEVER))
        chance.learn(is_open=False)
    return looks


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10**6), max_size=150), st.integers(0, 150), st.sampled_from([0.5, 1, 5, 7, 15, 60]))
def test_the_looks_at_a_beginning_are_the_beginning_of_the_looks(counts: list[int], length: int, width: float):
    """Nothing looks ahead, whatever the width; and a strength is a number of 0 or more."""
    whole = _fed(Chance(width, _SOON), counts)
    assert whole[:length] == _fed(Chance(width, _SOON), counts[:length])
    assert all(look.strength >= 0.0 and math.isfinite(look.strength) for looks in whole for look in looks)


@pytest.mark.parametrize("width", [1, 2, 5, 7, 15, 20, 40, 60])
def test_at_any_width_quiet_days_stay_below_and_a_crisis_is_beyond(width: int):
    """From 300 to 6,000 a day, with the same settings; the windows are as long as whole bins make them."""
    minutes = _poisson(12, 300)
    minutes[-120:] += np.random.default_rng(1).poisson(4, 120)
    chance = Chance(width, TableSettings())
    looks = _fed(chance, _binned(minutes, width))
    crisis = len(looks) - 120 // width - 1
    assert chance.counts
    assert max(look.strength for each in looks[:crisis] for look in each) < 1.0
    assert max(look.strength for each in looks[crisis:] for look in each) > 1.0
    assert all(look.minutes % width == 0 for look in looks[-1])
    assert looks[-1] == sorted(looks[-1], key=lambda look: look.minutes)


def test_bins_of_more_than_an_hour_are_never_judged():
    """What is usual is learned by the hour."""
    chance = Chance(120, TableSettings())
    assert not any(_fed(chance, [300] * 200))
    assert not chance.counts


def test_it_counts_from_the_eighth_day_on():
    """Not before, however even the stream."""
    counts = _binned(_poisson(9, 2000), 5)
    looks = _fed(Chance(5, TableSettings()), counts)
    first = next(place for place, each in enumerate(looks) if each)
    assert first == 7 * _DAY // 5


def test_a_stream_that_bursts_far_beyond_chance_is_left_to_its_own_peaks():
    """Bursts of any size at any time: thresholds of chance would mean nothing there."""
    rng = np.random.default_rng(8)
    minutes = _poisson(21, 2000)
    for at in rng.integers(0, len(minutes), 40):
        minutes[at : at + 10] += int(rng.pareto(1.0) * 20)
    chance = Chance(5, TableSettings())
    assert not any(_fed(chance, _binned(minutes, 5))[10 * _DAY // 5 :])
    assert not chance.counts


def test_a_few_full_quarters_do_not_make_a_small_stream_wild():
    """At thirty a day five minutes with many messages are seldom, so they tell nothing of the other days."""
    rng = np.random.default_rng(3)
    minutes = _poisson(30, 30)
    for day in range(0, 30, 3):
        minutes[day * _DAY + rng.integers(300, 600)] += 4 + day % 5
    counts = _binned(minutes, 5)
    strict = _fed(Chance(5, TableSettings(chance_telling=0.0)), counts)
    looks = _fed(Chance(5, TableSettings()), counts)
    assert sum(map(bool, strict)) < sum(map(bool, looks))


def test_an_open_spike_teaches_neither_noise_nor_tails():
    """What it holds is nobody's ordinary day."""
    chance = Chance(5, TableSettings())
    noon = 2 * _DAY + _DAY // 2
    _fed(chance, _binned(_poisson(3, 2000)[:noon], 5))
    known = chance.known
    assert known is not None
    noise, tails = [each.copy() for each in known.noise], [each.copy() for each in known.tails]
    for place in range(15):
        chance.judge(_START + noon + place * 5, 400, math.inf)
        chance.learn(is_open=True)
    assert (known.noise, known.tails) == (noise, tails)
    chance.judge(_START + noon + 75, 400, _NEVER)
    chance.learn(is_open=False)
    assert known.noise[0] != noise[0]
    assert known.tails[0] != tails[0]


def test_missing_bins_are_no_zeros():
    """Hours that are not there do not lower what is expected, and windows do not reach across them."""
    chance = Chance(5, _SOON)
    _fed(chance, _binned(_poisson(10, 2000), 5))
    assert chance.known is not None
    hours = sum(chance.known.hours)
    chance.skip()
    looks = chance.judge(_START + 10 * _DAY + 600, 7, _NEVER)
    assert [look.minutes for look in looks] == [5.0]
    assert hours < sum(chance.known.hours) / 0.975 <= hours + 1.0 / 0.975


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(0.1, 9), st.floats(0.4, 4), st.booleans()), max_size=40),
    st.integers(1, 12),
)
def test_a_window_is_the_sum_of_its_bins(bins: list[tuple[int, float, float, bool]], length: int):
    """As busy as the stream was where the window begins; none across a gap."""
    past, kept = Past(12), []
    for count, calendar, level, gap in bins:
        if gap:
            past.skip()
            kept.clear()
        past.add(count, calendar, level)
        kept.append((count, calendar, level))
    held, window = past.last(length), kept[-length:]
    if len(kept) < length:
        assert held is None
        return
    usual = window[0][2] * sum(calendar for _, calendar, _ in window)
    assert held == Held(sum(count for count, _, _ in window), pytest.approx(usual))


def test_narrower_bins_keep_what_is_known():
    """A table whose second week has finer bins is judged on the first as well."""
    minutes = _poisson(9, 2000)
    wide = BinScan(15)
    for place, count in enumerate(_binned(minutes[: 8 * _DAY], 15)):
        wide.add(_START + place * 15, count)
    fine = BinScan(5, wider=wide)
    scores = [
        fine.add(_START + 8 * _DAY + place * 5, count) for place, count in enumerate(_binned(minutes[8 * _DAY :], 5))
    ]
    assert fine.chance.counts
    assert max(each.score for each in scores) < THRESHOLD
    assert scores[0].expected == pytest.approx(5 * 2000 / _DAY, rel=0.4)


def test_a_spike_that_chance_opened_is_one_alert_until_it_is_calm():
    """A rise that goes on for three hours, and one of the same size the day after."""
    minutes = _poisson(14, 300)
    rng = np.random.default_rng(2)
    for day in (12, 13):
        minutes[day * _DAY + 300 : day * _DAY + 480] += rng.poisson(1.4, 180)
    scan = BinScan(5)
    alerts = []
    for place, count in enumerate(_binned(minutes, 5)):
        score = scan.add(_START + place * 5, count)
        if score.alert:
            alerts.append(place * 5 // _DAY)
            assert scan.chance.counts
    assert alerts == [12, 13]
