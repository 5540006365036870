"""What the next hours may bring: a damped trend in what is above the usual, with an honest band. Pure.

The excess over what is usual is taken in logs. Its level and its growth are fitted to the last quarters by weighted
least squares with a prior of no growth (ridge regression; Hoerl and Kennard, Technometrics 12, 1970), each quarter
weighing as much as its count tells. Ahead, growth is damped (Gardner and McKenzie, Management Science 31, 1985): it
loses half its force each hour, for crises peak within hours. What it leaves decays toward the usual. The count of an
hour is negative binomial around a course that is uncertain in its level, its growth and what nobody can foresee.

The constants are set on simulated crises (tests/services/classify/test_spike_forecast.py holds them to it): the band
holds eight in ten there, and the forecast errs less than "it stays as it is".
"""

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from contracts.volume import ForecastHour

_QUARTERS_AN_HOUR = 4
_MEMORY = 0.5
"""How much less an older quarter tells of now than the one after it."""
_QUARTER_NOISE = 0.12
"""Relative variance of a quarter around a smooth course, beyond chance."""
_GROWTH_PRIOR_SD = 0.5
"""In logs an hour, before the quarters are looked at."""
_CONTRADICTED = 0.4
"""How much of what the quarters say beyond the prior counts as not known: fast growth stops as suddenly as it came."""
_DAMPED = math.log(2.0)
_DECAY = 0.15
"""What the excess loses an hour, in logs, once growth has spent itself."""
_WALK = 0.12
"""Variance that each hour ahead adds in logs: what happens next that the past does not tell."""
_Z = 1.2815515655446004
"""The 90% quantile of the normal distribution: one in ten above, one in ten below."""
_MOST_VARIANCE = 4.0
_MOST_LOG = 30.0
_EXACT_UP_TO = 60.0
_MOST_TERMS = 2_000
_LEAST_RELATIVE = 1e-4


class Course(NamedTuple):
    """Where the excess stands at the end of the last quarter: log of messages an hour, and its growth an hour."""

    level: float
    growth: float
    level_variance: float
    growth_variance: float
    covariance: float


def forecast(
    quarters: Sequence[int], usual: Sequence[float], spread: float, start: datetime
) -> tuple[ForecastHour, ...]:
    """One forecast for each hour from `start` on of which `usual` says how many messages are expected.

    `quarters`: messages in the last quarters of an hour, oldest first, the last one ending at `start`. `spread`: the
    relative variance of an ordinary hour. Without any excess the forecast is the usual.
    """
    if not usual:
        return ()
    course = fit([count - usual[0] / _QUARTERS_AN_HOUR for count in quarters], quarters)
    return tuple(_hour(course, ahead, expected, spread, start) for ahead, expected in enumerate(usual))


def fit(excess: Sequence[float], counts: Sequence[int]) -> Course | None:
    """The course of the excess per quarter; None where the last hour has none."""
    if sum(excess[-_QUARTERS_AN_HOUR:]) <= 0.0:
        return None
    points = [
        _point(above, count, age)
        for age, (above, count) in enumerate(zip(reversed(excess), reversed(counts), strict=True))
    ]
    return _regress(points)


def _point(above: float, count: int, age: int) -> tuple[float, float, float]:
    """(hours ago, log rate, weight) of one quarter; half a message stands for none."""
    hours = (age + 0.5) / _QUARTERS_AN_HOUR
    above = max(above, 0.5)
    variance = (count + 1.0) / (above * above) + _QUARTER_NOISE
    return -hours, math.log(above * _QUARTERS_AN_HOUR), _MEMORY**age / variance


def _regress(points: Sequence[tuple[float, float, float]]) -> Course:
    total = sum(weight for _, _, weight in points)
    middle = sum(weight * at for at, _, weight in points) / total
    mean = sum(weight * log for _, log, weight in points) / total
    across = sum(weight * (at - middle) ** 2 for at, _, weight in points)
    slope = sum(weight * (at - middle) * (log - mean) for at, log, weight in points)
    held = across + 1.0 / _GROWTH_PRIOR_SD**2
    growth = slope / held
    beyond = slope / across - growth if across > 0.0 else 0.0
    growth_variance = 1.0 / held + _CONTRADICTED * beyond * beyond
    return Course(
        level=mean - growth * middle,
        growth=growth,
        level_variance=1.0 / total + middle * middle * growth_variance,
        growth_variance=growth_variance,
        covariance=-middle * growth_variance,
    )


def _hour(course: Course | None, ahead: int, usual: float, spread: float, start: datetime) -> ForecastHour:
    above, variance = (0.0, 0.0) if course is None else _ahead(course, ahead + 0.5)
    mean = usual + above
    share = above / mean if mean > 0.0 else 0.0
    low, high = _band(mean, spread, share * math.sqrt(variance))
    return ForecastHour(at=start + timedelta(hours=ahead), expected=round(mean, 1), low=low, high=high)


def _ahead(course: Course, hours: float) -> tuple[float, float]:
    """The excess per hour so many hours ahead, and the variance of its logarithm."""
    reach = -math.expm1(-_DAMPED * hours) / _DAMPED
    log = course.level + course.growth * reach - _DECAY * hours
    variance = (
        course.level_variance + course.growth_variance * reach * reach + 2.0 * course.covariance * reach + _WALK * hours
    )
    return math.exp(min(log, _MOST_LOG)), min(variance, _MOST_VARIANCE)


def _band(mean: float, spread: float, deviation: float) -> tuple[float, float]:
    """Between which counts it lies eight times in ten: noise and course are independent, so that widths add in squares.

    Widths are in logs.
    """
    fewest, most = count_band(mean, spread)
    course = _Z * deviation
    down = math.hypot(course, math.log(mean / fewest)) if 0.0 < fewest < mean else course
    up = math.hypot(course, math.log(most / mean)) if most > mean > 0.0 else course
    low = 0.0 if fewest == 0.0 else mean * math.exp(-down)
    return _outward(low, math.floor), _outward(max(most, mean * math.exp(up)), math.ceil)


def _outward(count: float, way: Callable[[float], int]) -> float:
    """Whole messages below a hundred, two figures from there on: nobody knows it better."""
    step = 10.0 ** max(0, math.floor(math.log10(count)) - 1) if count >= 100.0 else 1.0
    return way(count / step) * step


def count_band(mean: float, relative: float) -> tuple[float, float]:
    """The 10% and 90% quantiles of the negative binomial with variance mean + relative * mean^2.

    Summed term by term for small means; beyond, as a gamma by Wilson and Hilferty (PNAS 17, 1931).
    """
    if mean <= _EXACT_UP_TO:
        return _summed(mean, max(relative, _LEAST_RELATIVE))
    ninth = (relative + 1.0 / mean) / 9.0
    low, high = (max(0.0, 1.0 - ninth + sign * _Z * math.sqrt(ninth)) for sign in (-1.0, 1.0))
    return mean * low**3, mean * high**3


def _summed(mean: float, relative: float) -> tuple[float, float]:
    size = 1.0 / relative
    ratio = mean / (mean + size)
    term = total = math.exp(-size * math.log1p(relative * mean))
    low, count = -1, 0
    while total < 0.9 and count < _MOST_TERMS:
        low = count if low < 0 and total >= 0.1 else low
        term *= (size + count) / (count + 1.0) * ratio
        total += term
        count += 1
    return float(count if low < 0 else low), float(count)
