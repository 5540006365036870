"""How far counts stray from what is expected: found again in windows that were made that way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classify.spikes.dispersion import PRIORS, Dispersion

_PRIOR = PRIORS[2]
_WINDOWS = 8000
_LEARNED = st.lists(
    st.tuples(st.floats(-1.0, 0.0) | st.floats(1e-6, 1e4), st.floats(0.0, 1e5), st.floats(0.0, 1.0)), max_size=30
)


def _counts(clusters: float, swings: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Expectations from a quiet night's to a busy afternoon's, and counts with the variance that these terms make."""
    rng = np.random.default_rng(seed)
    usual = np.exp(rng.uniform(math.log(0.3), math.log(60.0), _WINDOWS))
    relative = clusters / usual + swings
    level = rng.gamma(1 / relative, relative) if clusters or swings else np.ones(_WINDOWS)
    return usual, rng.poisson(usual * level)


def _learned(clusters: float, swings: float, seed: int = 1) -> Dispersion:
    found = Dispersion()
    for usual, count in zip(*_counts(clusters, swings, seed), strict=True):
        found.learn(float(usual), float(count))
    return found


def _filled(learned: list[tuple[float, float, float]]) -> Dispersion:
    found = Dispersion()
    for usual, count, share in learned:
        found.learn(usual, count, share)
    return found


@pytest.mark.parametrize(("clusters", "swings"), [(2.0, 0.0), (0.8, 0.0), (0.0, 0.3), (0.0, 0.08), (1.0, 0.15)])
def test_what_made_the_counts_stray_is_found_again(clusters: float, swings: float):
    """Answers to each other, busy hours, or both: each to within a quarter of the variance it makes."""
    found, more = _learned(clusters, swings).terms(_PRIOR)
    assert found == pytest.approx(clusters, rel=0.25, abs=0.12)
    assert more == pytest.approx(swings, rel=0.25, abs=0.03)


@pytest.mark.parametrize("usual", [1.0, 8.0, 40.0])
@pytest.mark.parametrize(("clusters", "swings"), [(2.0, 0.0), (0.0, 0.3), (1.0, 0.15)])
def test_the_variance_is_right_at_every_level(usual: float, clusters: float, swings: float):
    """To within a quarter, from an expectation of one to one of forty."""
    found = _learned(clusters, swings).relative(usual, _PRIOR)
    assert usual + found * usual**2 == pytest.approx(usual * (1 + clusters) + swings * usual**2, rel=0.25)


def test_chance_alone_leaves_hardly_anything():
    """Poisson counts: a tenth more variance than the mean at most, though nobody believed that at first."""
    found = _learned(0.0, 0.0)
    for usual in (1.0, 5.0, 20.0):
        assert found.relative(usual, _PRIOR) * usual <= 0.1 + 0.01 * usual


def test_threads_and_busy_hours_are_told_apart():
    """Of two streams with the same variance at ten an hour, the one with busy hours strays further at a hundred."""
    threads, hours = _learned(2.0, 0.0), _learned(0.0, 0.2)
    assert threads.relative(10.0, _PRIOR) == pytest.approx(hours.relative(10.0, _PRIOR), rel=0.25)
    assert hours.relative(100.0, _PRIOR) > 5 * threads.relative(100.0, _PRIOR)


@given(_LEARNED, st.floats(0.0, 1e4))
def test_it_is_never_below_the_floor(learned: list[tuple[float, float, float]], usual: float):
    """Whatever was counted: finite, and some noise is always left."""
    found = _filled(learned)
    clusters, swings = found.terms(_PRIOR)
    assert math.isfinite(clusters)
    assert math.isfinite(swings)
    assert clusters >= 0.02
    assert swings >= 0.005
    assert found.relative(usual, _PRIOR) > 0.0


def test_counts_that_never_stray_leave_the_floor():
    """Tamer than chance is taken for chance and a little."""
    assert _filled([(4.0, 4.0, 1.0), (40.0, 40.0, 1.0)] * 4000).terms(_PRIOR) == (0.02, 0.005)


def test_where_one_term_would_be_below_nothing_the_other_explains_it_alone():
    """Counts that never stray at three and stray widely at thirty: a compromise, never more than was seen there."""
    found = _filled([(3.0, 3.0, 1.0), (30.0, 12.0, 1.0), (3.0, 3.0, 1.0), (30.0, 48.0, 1.0)] * 4000)
    assert found.terms(_PRIOR)[0] == 0.02
    assert 0.5 * 18.0**2 < 30.0 + 900.0 * found.relative(30.0, _PRIOR) < 18.0**2


@pytest.mark.parametrize("prior", PRIORS)
def test_where_nothing_is_known_the_prior_counts(prior: tuple[float, float]):
    """Of each window length; and what nothing was expected of, or nobody could foresee, is nothing known."""
    found = Dispersion()
    found.learn(0.0, 40.0)
    found.learn(5.0, 40.0, 0.0)
    assert found.terms(prior) == pytest.approx(prior)


@given(_LEARNED)
def test_all_forgotten_is_nothing_known(learned: list[tuple[float, float, float]]):
    """Back at the prior."""
    found = _filled(learned)
    found.forget(0.0)
    assert found == Dispersion()


def test_forgetting_makes_way_for_what_is_new():
    """A stream that was wild and is calm now: sooner found out when the past weighs less; of itself it stays wild."""
    kept, faded = _learned(0.0, 0.4), _learned(0.0, 0.4)
    faded.forget(0.05)
    assert faded.terms(_PRIOR)[1] == pytest.approx(kept.terms(_PRIOR)[1], rel=0.1)
    for usual, count in zip(*_counts(0.0, 0.02, 2), strict=True):
        kept.learn(float(usual), float(count))
        faded.learn(float(usual), float(count))
    assert faded.relative(20.0, _PRIOR) < 0.6 * kept.relative(20.0, _PRIOR)


def test_a_copy_shares_nothing():
    """What is learned later is learned by one."""
    found = _filled([(4.0, 9.0, 1.0)])
    copy = found.copy()
    assert copy == found
    found.learn(4.0, 0.0)
    assert copy != found
