"""What the next hours may bring: calm stays usual, growth is damped, the band holds what it promises."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classify.spikes.forecast import count_band, fit, forecast

START = datetime(2026, 1, 5, 14, tzinfo=UTC)
QUARTERS = st.lists(st.integers(0, 100_000), min_size=8, max_size=8)
USUAL = st.lists(st.floats(0.0, 5000), min_size=1, max_size=6)


@given(QUARTERS, USUAL, st.floats(0.0, 5.0))
def test_every_hour_has_a_band_around_what_is_expected(quarters: list[int], usual: list[float], spread: float):
    """Finite, in order, hour after hour, never below nothing."""
    told = forecast(quarters, usual, spread, START)
    assert [hour.at for hour in told] == [START + timedelta(hours=ahead) for ahead in range(len(usual))]
    for hour in told:
        assert 0.0 <= hour.low <= hour.high < math.inf
        assert hour.low <= hour.expected + 0.05
        assert hour.expected <= hour.high + 0.05


@given(st.floats(1.0, 5000), st.floats(0.0, 1.0))
def test_without_an_excess_it_is_the_usual(per_hour: float, spread: float):
    """Quarters below what is usual do not lower it: the calendar knows better than one quiet hour."""
    told = forecast([0] * 8, [per_hour, 2 * per_hour], spread, START)
    assert [hour.expected for hour in told] == [round(per_hour, 1), round(2 * per_hour, 1)]


@given(st.integers(10, 3000), st.floats(0.5, 3000))
def test_what_is_far_above_the_usual_goes_back_to_it(quarter: int, per_hour: float):
    """A steady excess becomes less every hour and never falls below the usual."""
    told = forecast([quarter] * 8, [per_hour] * 6, 0.1, START)
    expected = [hour.expected for hour in told]
    assert expected == sorted(expected, reverse=True)
    assert min(expected) >= round(per_hour, 1)


@given(st.integers(20, 2000))
def test_growth_is_carried_on_loses_its_force_and_widens_the_band(last: int):
    """Doubling quarters lead to more than steady ones of the same sum, with less certainty, and not for ever."""
    grown = [max(1, last >> age) for age in range(7, -1, -1)]
    told = forecast(grown, [4.0] * 6, 0.1, START)
    flat = forecast([sum(grown) // 8] * 8, [4.0] * 6, 0.1, START)
    assert told[0].expected > flat[0].expected
    assert told[1].high > 4 * last
    assert told[5].expected < told[2].expected
    assert told[1].high / (told[1].low + 1) > flat[1].high / (flat[1].low + 1)


def test_the_further_ahead_the_wider():
    """Nobody knows the sixth hour as well as the first."""
    told = forecast([2, 3, 10, 30, 60, 80, 90, 100], [5.0] * 6, 0.1, START)
    widths = [math.log(hour.high / hour.low) for hour in told]
    assert widths == sorted(widths)


def test_a_band_is_told_in_figures_that_it_deserves():
    """Whole messages, and two figures from a hundred on."""
    told = forecast([900, 1100, 1000, 950, 1020, 1200, 1100, 1000], [5.0, 2000.0], 0.1, START)
    for hour in told:
        for bound in (hour.low, hour.high):
            assert bound == float(f"{bound:.1e}")


def test_nothing_is_asked_nothing_is_told():
    """No hours, no forecast; and no course where there is no excess."""
    assert forecast([9] * 8, [], 0.1, START) == ()
    assert fit([-1.0] * 8, [0] * 8) is None


@pytest.mark.parametrize("mean", [0.3, 4.0, 55.0, 65.0, 400.0])
@pytest.mark.parametrize("relative", [0.0, 0.1, 0.5])
def test_the_band_of_a_count_holds_eight_in_ten(mean: float, relative: float):
    """Drawn from the distribution itself; more where counts are too coarse for exactly eight."""
    draw = random.Random(7)
    low, high = count_band(mean, relative)
    seen = [_negative_binomial(draw, mean, relative) for _ in range(4000)]
    below = sum(count < math.floor(low) for count in seen) / len(seen)
    above = sum(count > math.ceil(high) for count in seen) / len(seen)
    assert below <= 0.12
    assert above <= 0.12
    if mean > 50:
        assert below >= 0.07
        assert above >= 0.07


def test_the_band_holds_on_simulated_crises_and_the_forecast_beats_standing_still():
    """Crises that rise in minutes to hours and fade in their own way, forecast at any moment of it."""
    held, err, still, cases = 0, 0.0, 0.0, 0
    for seed in range(150):
        draw = random.Random(seed)
        counts, usual = _crisis(draw)
        for end in range(24, len(counts) - 24, 7):
            if sum(counts[end - 4 : end]) < 10 + 3 * usual:
                continue
            told = forecast(counts[end - 8 : end], [usual] * 6, 0.1, START)
            for ahead, hour in enumerate(told):
                truth = sum(counts[end + 4 * ahead : end + 4 * ahead + 4])
                held += hour.low <= truth <= hour.high
                err += abs(math.log((hour.expected + 3) / (truth + 3)))
                still += abs(math.log((sum(counts[end - 4 : end]) + 3) / (truth + 3)))
                cases += 1
    assert cases > 3000
    assert 0.74 <= held / cases <= 0.90
    assert err < 0.9 * still


def _crisis(draw: random.Random) -> tuple[list[int], float]:
    """Messages a quarter over thirty hours, the crisis beginning after six, and what is usual in an hour."""
    usual = 10 ** draw.uniform(0.0, 1.8)
    peak = usual + 10 ** draw.uniform(1.5, 3.5)
    rise, half = 10 ** draw.uniform(-0.7, 0.7), 10 ** draw.uniform(-0.5, 0.9)
    counts = []
    for quarter in range(120):
        hours = quarter / 4 - 6.0
        grown = min(1.0, 2.0 ** ((hours - rise) / (rise / 5))) if hours >= 0.0 else 0.0
        faded = 2.0 ** (-max(0.0, hours - rise) / half)
        mean = (usual + peak * grown * faded) / 4
        counts.append(_negative_binomial(draw, mean, 0.1))
    return counts, usual


def _negative_binomial(draw: random.Random, mean: float, relative: float) -> int:
    rate = draw.gammavariate(1.0 / relative, relative * mean) if relative > 0.0 else mean
    return round(draw.gauss(rate, math.sqrt(rate))) if rate > 300 else _poisson(draw, rate)


def _poisson(draw: random.Random, rate: float) -> int:
    count, product, limit = 0, draw.random(), math.exp(-rate)
    while product > limit:
        product *= draw.random()
        count += 1
    return count
