"""When nothing becomes a surprise: the mathematics of spikes, downwards. Pure.

With a mean and a variance of mean + relative * mean^2, the negative binomial gives nothing at all a chance of
(1 + relative * mean)^(-1 / relative), and Poisson, its limit, exp(-mean) (Johnson, Kemp and Kotz, Univariate Discrete
Distributions, 3rd ed., section 5.1). A quiet night is no silence: little is expected of it.
"""

import math
from collections.abc import Callable
from itertools import accumulate

import msgspec

_LEAST_RELATIVE = 1e-9
_HOUR = 60


class Hourly(msgspec.Struct, frozen=True):
    """Expectations of whole hours, added up once, to be asked for any span: even within each hour.

    From minute `start` on, which is the start of an hour; nothing is expected outside.
    """

    start: int
    sums: tuple[float, ...]

    def between(self, begin: int, end: int) -> float:
        """What is expected from minute `begin` up to, not including, minute `end`."""
        return max(0.0, self._until(end) - self._until(begin))

    def _until(self, minute: int) -> float:
        hour, rest = divmod(minute - self.start, _HOUR)
        if hour < 0:
            return 0.0
        if hour >= len(self.sums) - 1:
            return self.sums[-1]
        before = self.sums[hour]
        return before + (self.sums[hour + 1] - before) * rest / _HOUR


def hourly(start: int, expected: list[float]) -> Hourly:
    """Expectations of the hours from minute `start` on."""
    return Hourly(start - start % _HOUR, tuple(accumulate(expected, initial=0.0)))


def silence_decades(mean: float, relative: float) -> float:
    """-log10 of the chance of nothing at all, when `mean` was expected, with variance mean + relative * mean^2."""
    if mean <= 0.0:
        return 0.0
    if relative < _LEAST_RELATIVE:
        return mean / math.log(10.0)
    return math.log1p(relative * mean) / (relative * math.log(10.0))


def mean_for(decades: float, relative: float) -> float:
    """How many must have been expected for nothing to be as surprising as `decades`; infinite where no number is."""
    nats = decades * math.log(10.0)
    if relative < _LEAST_RELATIVE:
        return nats
    try:
        return math.expm1(relative * nats) / relative
    except OverflowError:
        return math.inf


def silent_at(
    usual_between: Callable[[int, int], float],
    relative: float,
    since: int,
    decades: float,
    horizon_min: int = 14 * 1440,
) -> int | None:
    """The first minute at which nothing since `since` is as surprising as `decades`; None within the horizon.

    `usual_between(a, b)` is what is expected from minute a up to minute b; it never falls as b grows. It is asked some
    twenty times: first further and further ahead, then between the last two.
    """
    needed = mean_for(decades, relative)
    if usual_between(since, since + horizon_min) < needed:
        return None
    near, far = 0, _HOUR
    while far < horizon_min and usual_between(since, since + far) < needed:
        near, far = far, far * 2
    far = min(far, horizon_min)
    while near + 1 < far:
        middle = (near + far) // 2
        if usual_between(since, since + middle) < needed:
            near = middle
        else:
            far = middle
    return since + far
