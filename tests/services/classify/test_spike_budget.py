"""One budget of false pages: where a spike opens, so that all looks of all series together keep to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.tails import LOOKS_PER_DAY

_DAYS = 30
_MARGIN = 2.5
_PLACES = st.integers(0, len(LOOKS_PER_DAY) - 1)
_BUDGETS = st.floats(0.01, 100.0)
_BRANDS = st.integers(1, 500)


def _false_looks(settings: SpikeSettings, *, part: bool = False, caution: float = 1.0) -> float:
    """How many looks a month at one brand, or at one part of it, are expected to speak where chances are right."""
    return sum(
        looks * _DAYS * 10.0 ** -settings.open_surprise(place, part=part, caution=caution)
        for place, looks in enumerate(LOOKS_PER_DAY)
    )


@given(_BUDGETS, _BRANDS)
def test_all_windows_of_all_brands_together_spend_the_budget_over_the_margin(budget: float, brands: int):
    """The shares of windows and stories add up to all of it, and to no more."""
    settings = SpikeSettings(false_pages_per_month=budget, brands=brands)
    assert brands * _false_looks(settings) == pytest.approx(budget / _MARGIN)


@given(_BUDGETS, _BRANDS)
def test_sixteen_parts_spend_as_much_as_their_brand(budget: float, brands: int):
    """A sixteenth each."""
    settings = SpikeSettings(false_pages_per_month=budget, brands=brands)
    assert 16 * _false_looks(settings, part=True) == pytest.approx(_false_looks(settings))


@given(_PLACES, _BUDGETS, _BRANDS, st.floats(1.01, 10.0))
def test_a_larger_budget_speaks_sooner(place: int, budget: float, brands: int, more: float):
    """Ten times as many false pages a month are a decade."""
    settings = SpikeSettings(false_pages_per_month=budget, brands=brands)
    larger = SpikeSettings(false_pages_per_month=budget * more, brands=brands)
    assert larger.open_surprise(place, part=False) < settings.open_surprise(place, part=False)
    ten = SpikeSettings(false_pages_per_month=budget * 10, brands=brands)
    assert settings.open_surprise(place, part=False) - ten.open_surprise(place, part=False) == pytest.approx(1.0)


@given(_PLACES, _BRANDS, st.integers(1, 100), st.floats(1.01, 1000.0))
def test_brands_parts_and_caution_must_be_surer(place: int, brands: int, more: int, caution: float):
    """Each raises the bar."""
    settings = SpikeSettings(brands=brands)
    bar = settings.open_surprise(place, part=False)
    assert SpikeSettings(brands=brands + more).open_surprise(place, part=False) > bar
    assert settings.open_surprise(place, part=True) > bar
    assert settings.open_surprise(place, part=False, caution=caution) > bar


@given(_PLACES, st.booleans(), st.floats(1.0, 1000.0))
def test_so_many_times_as_cautious_is_so_many_times_as_rare(place: int, part: bool, caution: float):
    """Of false looks; in parts as in brands."""
    settings = SpikeSettings()
    times = _false_looks(settings, part=part) / _false_looks(settings, part=part, caution=caution)
    assert times == pytest.approx(caution)
    bars = (settings.open_surprise(place, part=part, caution=each) for each in (1.0, caution))
    assert next(bars) <= next(bars)


@given(_BUDGETS, _BRANDS, st.booleans())
def test_a_silence_is_as_sure_as_the_window_with_most_looks(budget: float, brands: int, part: bool):
    """There is a look at every moment."""
    settings = SpikeSettings(false_pages_per_month=budget, brands=brands)
    assert settings.silence_surprise(part=part) == settings.open_surprise(0, part=part)
