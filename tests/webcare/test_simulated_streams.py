"""Simulated streams: as many as asked, by day and week where the people live, and further from chance than chance."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from webcare.simulating.arrivals import Arrivals, together
from webcare.simulating.happenings import FLOOD, GROWTHS, REPOSTS, Crisis, crisis, heap, rate
from webcare.simulating.streams import (
    DISPERSIONS,
    MINUTES_PER_DAY,
    Background,
    background,
    local_midnight,
    measured,
    mentions,
)

ZONE = ZoneInfo("Europe/Amsterdam")
USUAL = DISPERSIONS["usual"]
ONSET = 1_750_000_020


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def quiet(per_day: float, days: int = 56, seed: int = 1, dispersion: str = "usual") -> tuple[Background, Arrivals]:
    chance = rng(seed)
    back = background(chance, local_midnight(0, ZONE), days, per_day, ZONE, DISPERSIONS[dispersion])
    return back, mentions(chance, back)


def local(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, ZONE)


@pytest.mark.parametrize("per_day", [20.0, 300.0, 2000.0])
@pytest.mark.parametrize("dispersion", DISPERSIONS)
def test_there_are_as_many_as_asked(per_day: float, dispersion: str) -> None:
    """Over 56 days, within what the wandering rate leaves to chance; with conversations counted in."""
    total = sum(quiet(per_day, seed=seed, dispersion=dispersion)[1].size for seed in range(4))
    assert total / (4 * 56) == pytest.approx(per_day, rel=0.15)


def test_the_cycle_is_exact_over_a_week() -> None:
    back, _ = quiet(300.0, days=7)
    assert back.cycle.sum() / 7 == pytest.approx(300.0)
    days = back.cycle.reshape(7, MINUTES_PER_DAY).sum(axis=1)
    assert days[:5] == pytest.approx(days[0])
    assert days[5:] == pytest.approx(0.7 * days[0])


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York", "Asia/Kolkata"])
def test_nights_are_quiet_where_the_people_live_in_summer_and_in_winter(zone: str) -> None:
    where = ZoneInfo(zone)
    back = background(rng(), local_midnight(0, where), 364, 1440.0, where, USUAL)
    assert datetime.fromtimestamp(back.start * 60, where).hour == 0
    for day in (2, 184):
        begin = local_midnight(day, where) - back.start
        cycle = back.cycle[begin : begin + MINUTES_PER_DAY]
        hours = cycle.reshape(24, 60).mean(axis=1)
        assert int(hours[12:19].argmax()) + 12 in (15, 16, 17)
        assert int(hours[19:].argmax()) + 19 in (20, 21)
        assert 2 <= int(cycle.argmin()) // 60 <= 5
        assert cycle.min() < 0.2 * cycle.max()


def test_the_same_seed_gives_the_same_mentions_and_another_seed_others() -> None:
    one, same, other = (quiet(300.0, days=7, seed=seed)[1] for seed in (5, 5, 6))
    assert all((left == right).all() for left, right in zip(one, same, strict=True))
    assert one.size != other.size or (one.second != other.second).any()


def test_counts_stray_further_than_chance_and_further_from_level_to_level() -> None:
    def strays(dispersion: str) -> tuple[float, float]:
        told = [
            measured(arrivals.second, back) for back, arrivals in (quiet(2000.0, 56, s, dispersion) for s in (1, 2))
        ]
        return min(each.per_hour for each in told), min(each.per_day for each in told)

    calm, usual, wild = (strays(name) for name in ("calm", "usual", "wild"))
    assert 3.0 < calm[0] < usual[0] < wild[0]
    assert 10.0 < calm[1] < usual[1] < wild[1]


def test_chance_alone_has_a_variance_of_its_mean() -> None:
    back, _ = quiet(2000.0)
    counts = rng().poisson(back.cycle)
    told = measured(np.repeat(np.arange(len(counts)) + back.start, counts) * 60, back)
    assert told.per_hour == pytest.approx(1.0, abs=0.15)
    assert told.per_day == pytest.approx(1.0, abs=0.6)


def test_the_rate_wanders_for_about_an_hour_and_about_a_day() -> None:
    """What an hour strays is found again in the next, less a few hours on; a day's in the next day hardly by chance."""
    together_hours, far_hours = [], []
    for seed in range(4):
        back, _ = quiet(300.0, seed=seed)
        level = np.log((back.per_minute / back.cycle).reshape(-1, 60).mean(axis=1))
        together_hours.append(np.corrcoef(level[:-1], level[1:])[0, 1])
        far_hours.append(np.corrcoef(level[:-72], level[72:])[0, 1])
    assert np.mean(together_hours) > 0.5
    assert abs(np.mean(far_hours)) < 0.2
    strays = back.per_minute / back.cycle - 1.0
    assert 0.1 < strays.var() < 0.35


def test_people_go_on_and_answer_one_another() -> None:
    """Somebody writes twice within minutes, and one story is told by several people on one channel."""
    _, arrivals = quiet(300.0)
    order = np.lexsort((arrivals.second, arrivals.person))
    again = (np.diff(arrivals.person[order]) == 0) & (np.diff(arrivals.second[order]) < 600)
    assert 0.05 < again.mean() < 0.3
    stories, told = np.unique(arrivals.story, return_counts=True)
    busiest = arrivals.story == stories[told.argmax()]
    assert len(set(arrivals.person[busiest].tolist())) >= 3
    assert len(set(arrivals.channel[busiest].tolist())) == 1
    assert 0.2 < arrivals.negative.mean() < 0.3
    assert 0.02 < arrivals.urgent.mean() < 0.06


def test_a_crisis_brings_what_it_says() -> None:
    of = Crisis("step", 7200.0, minutes=120, one_story=0.5, negative=0.6, urgent=0.15)
    told = crisis(rng(), ONSET, of)
    assert told.size == pytest.approx(600, rel=0.15)
    assert told.second.min() >= ONSET
    assert told.second.max() < ONSET + 7200
    assert (np.diff(told.second) >= 0).all()
    _, stories = np.unique(told.story, return_counts=True)
    assert stories.max() / told.size == pytest.approx(0.5, abs=0.08)
    assert told.negative.mean() == pytest.approx(0.6, abs=0.08)
    assert told.urgent.mean() == pytest.approx(0.15, abs=0.06)
    assert 0.8 < len(set(told.person.tolist())) / told.size < 1.0


def test_crises_grow_as_they_are_called() -> None:
    step, ramp, doubling = (rate(Crisis(growth, 2880.0)) for growth in ("step", "ramp", "doubling"))
    assert (step == 2.0).all()
    assert ramp[29] == pytest.approx(1.0, rel=0.05)
    assert (ramp[60:] == 2.0).all()
    assert doubling[0] == pytest.approx(1 / 60, rel=0.05)
    assert doubling[45] == pytest.approx(2 * doubling[30])
    assert doubling[-1] == 2.0
    assert {len(rate(Crisis(growth, 10.0, minutes=30))) for growth in GROWTHS} == {30}


@pytest.mark.parametrize(("of", "people", "stories"), [(REPOSTS, 4, 1), (FLOOD, 1, 120)])
def test_heaps_are_by_few_people(of: object, people: int, stories: int) -> None:
    told = heap(rng(), ONSET, of)  # type: ignore[arg-type]
    assert (len(set(told.person.tolist())), len(set(told.story.tolist()))) == (people, stories)


def test_parts_come_together_in_order_of_time() -> None:
    _, arrivals = quiet(300.0, days=2)
    middle = int(arrivals.second[arrivals.size // 2])
    halves = arrivals.between(0, middle), arrivals.between(middle, 2**40)
    again = together(*reversed(halves))
    assert (again.second == arrivals.second).all()
    assert sum(half.size for half in halves) == arrivals.size
    assert halves[0].second.max() < middle


def test_days_begin_at_midnight_through_the_year() -> None:
    assert {local(local_midnight(day, ZONE)).strftime("%H:%M") for day in range(364)} == {"00:00"}
    assert local(local_midnight(0, ZONE)).strftime("%A") == "Monday"
    assert datetime.fromtimestamp(local_midnight(0, ZONE) * 60, UTC).hour == 23
