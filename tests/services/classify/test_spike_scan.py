"""The tail of the negative binomial and the sketch of people."""

import math

from hypothesis import given
from hypothesis import strategies as st

from services.classify.spikes import sketch
from services.classify.spikes.scan import chance, surprise


def _exact(count: int, usual: float, relative: float) -> float:
    size = 1 / relative
    share = usual / (usual + size)
    below = sum(
        math.exp(math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1) + k * math.log(share))
        * (1 - share) ** size
        for k in range(count)
    )
    return 1 - below


@given(st.integers(1, 60), st.floats(0.05, 20), st.floats(0.01, 4))
def test_the_chance_is_never_understated_and_close_in_the_tail(count: int, usual: float, relative: float):
    """Bounded from above; less than a sixth of a decade from the truth where it matters."""
    exact = _exact(count, usual, relative)
    bound = chance(surprise(count, usual, relative))
    assert bound >= exact * 0.999 - 1e-9
    if count > 4 * usual + 5 and exact > 1e-9:
        assert bound <= exact * 10 ** (1 / 6)


@given(st.integers(1, 400), st.floats(0.01, 50), st.floats(0.0, 5))
def test_more_is_never_less_surprising(count: int, usual: float, relative: float):
    """Monotone in the count."""
    assert surprise(count + 1, usual, relative) >= surprise(count, usual, relative) - 1e-9


def test_what_is_expected_is_no_surprise():
    """Up to the mean it is 0, and an impossible count does not overflow."""
    assert surprise(3, 3.0, 0.1) == 0.0
    assert surprise(0, 0.0, 0.1) == 0.0
    assert surprise(10**7, 0.001, 0.01) > 300
    assert chance(1e9) == 1e-300


@given(st.lists(st.lists(st.integers(0, sketch.ALL - 1)), max_size=8), st.randoms())
def test_a_sketch_does_not_depend_on_order_or_repetition(parts: list[list[int]], random):
    """The same people give the same sketch."""
    kept, bound = sketch.merge([], sketch.ALL, [value for part in parts for value in part])
    shuffled = parts * 2
    random.shuffle(shuffled)
    again, limit = [], sketch.ALL
    for part in shuffled:
        again, limit = sketch.merge(again, limit, part)
    assert (again, limit) == (kept, bound)
    assert len(kept) <= sketch.KEPT


def test_people_are_exact_when_few_and_near_when_many():
    """2,000 people in each of sixty minutes, 16 kept of each: within a tenth."""
    assert sketch.estimate({1, 2, 3}, sketch.ALL) == 3
    people: set[int] = set()
    least = sketch.ALL
    for minute in range(60):
        hashes = [(minute * 2000 + n) * 2654435761 % sketch.ALL for n in range(2000)]
        kept, bound = sketch.merge([], sketch.ALL, hashes)
        people |= set(kept)
        least = min(least, bound)
    assert 108_000 < sketch.estimate(people, least) < 132_000
