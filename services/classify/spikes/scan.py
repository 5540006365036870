"""How surprising a count is: the tail of the negative binomial, in decades.

The scan takes the best of several windows that end now (Naus, JASA 60, 1965; Neill, Int. J. Forecasting 25, 2009, for
expectation-based scans); the threshold allows for looking often.
"""

import math

_SMALLEST_SPREAD = 1e-4


def surprise(count: int, usual: float, relative: float) -> float:
    """-log10 of the chance of `count` or more, when the mean is `usual` and the variance mean + relative * mean^2.

    Never too large: the tail is bounded by a geometric series from its first term, whose ratio is at most the larger
    of the first ratio and the last (Johnson, Kemp and Kotz, Univariate Discrete Distributions, 3rd ed., chapter 5, for
    the terms and their ratios). 0 where the count is not above the mean.
    """
    if count <= usual or count <= 0:
        return 0.0
    size = 1.0 / max(relative, _SMALLEST_SPREAD)
    share = usual / (usual + size)
    ratio = max(share, (size + count) / (count + 1.0) * share)
    if ratio >= 1.0 or share <= 0.0:
        return 0.0
    first = (
        math.lgamma(count + size)
        - math.lgamma(size)
        - math.lgamma(count + 1.0)
        + count * math.log(share)
        + size * math.log1p(-share)
    )
    return max(0.0, -(first - math.log1p(-ratio)) / math.log(10.0))


def chance(decades: float) -> float:
    """The probability that a surprise stands for."""
    return float(10.0 ** -min(decades, 300.0))
