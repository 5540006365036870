"""What many simulated streams say together: false pages with an interval, delays with what was missed."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from webcare.simulating.run import COLD_DAYS, HORIZON_MIN, FalsePage, Found, Onset, Plan

_OUTSIDE = 0.025
"""On either side of a 95% interval."""
_MONTH_DAYS = 30.0
_BISECTIONS = 80


class Rate(msgspec.Struct, frozen=True):
    """Pages in so many days, per 30 days with the exact 95% interval of a Poisson count."""

    pages: int
    days: float
    per_30_days: float
    low: float
    high: float


class Delays(msgspec.Struct, frozen=True):
    """Minutes from the onset until somebody was told; none where that share was missed."""

    growth: str
    source: float
    target: float
    tried: int
    missed: int
    median_min: float | None
    p90_min: float | None
    p95_min: float | None


class Tried(msgspec.Struct, frozen=True):
    """How often something that should wake nobody was tried, and the pages that came of it."""

    tried: int
    pages: int


class Level(msgspec.Struct, frozen=True):
    """All streams of one level under one budget. `per_hour` and `per_day` are variance over mean around the cycle."""

    per_day: float
    budget: float | None
    streams: int
    mentions: int
    variance_over_mean_per_hour: float
    variance_over_mean_per_day: float
    first_week: Rate
    after: Rate
    false_silences: Rate
    open_at_onset: int
    """Onsets at which a false spike was open already."""
    crises: tuple[Delays, ...]
    campaigns: Tried
    after_campaigns: Tried
    """Within four hours after one."""
    crises_in_campaign: tuple[Delays, ...]
    reposts: Tried
    flood: Tried
    silence: Delays
    false_pages: tuple[FalsePage, ...]


class Report(msgspec.Struct, frozen=True):
    """Everything a simulation found. The same arguments give the same report to the byte."""

    days: int
    seed: int
    dispersion: str
    timezone: str
    onsets_per_stream: int
    campaign_factor: float
    missed_after_min: int
    levels: tuple[Level, ...]
    v: int = 1


def report_of(plan: Plan, found: Sequence[tuple[float | None, Found]]) -> Report:
    """All levels under all budgets, in the order given; `found` holds each stream with its budget."""
    groups: dict[tuple[float | None, float], list[Found]] = {}
    for budget, each in found:
        groups.setdefault((budget, each.stream.per_day), []).append(each)
    return Report(
        days=plan.days,
        seed=plan.seed,
        dispersion=plan.dispersion,
        timezone=plan.timezone,
        onsets_per_stream=plan.onsets,
        campaign_factor=plan.campaign,
        missed_after_min=HORIZON_MIN,
        levels=tuple(_level(plan, budget, streams) for (budget, _), streams in groups.items()),
    )


def poisson_interval(count: int) -> tuple[float, float]:
    """The exact 95% interval of the mean of a Poisson count (Garwood, Biometrika 28, 1936)."""
    most = 2.0 * count + 10.0
    low = 0.0 if count == 0 else _where(lambda mean: 1.0 - _at_most(count - 1, mean) >= _OUTSIDE, most)
    return low, _where(lambda mean: _at_most(count, mean) <= _OUTSIDE, most)


def quantile(delays: Iterable[float | None], share: float) -> float | None:
    """The delay that this share of all did not pass (nearest rank); what was missed took longer than any."""
    ordered = sorted(math.inf if each is None else each for each in delays)
    if not ordered:
        return None
    found = ordered[max(math.ceil(share * len(ordered)), 1) - 1]
    return None if found == math.inf else found


def _level(plan: Plan, budget: float | None, streams: Sequence[Found]) -> Level:
    cold = min(COLD_DAYS, plan.days)
    false = [page for each in streams for page in each.false]
    pages = Counter(page.during for page in false)
    early = sum(page.during == "quiet" and page.day < cold for page in false)
    campaigns, heaps = sum(each.campaigns for each in streams), sum(each.heaps for each in streams)
    return Level(
        per_day=streams[0].stream.per_day,
        budget=budget,
        streams=len(streams),
        mentions=sum(each.mentions for each in streams),
        variance_over_mean_per_hour=round(_mean(each.per_hour for each in streams), 2),
        variance_over_mean_per_day=round(_mean(each.per_day for each in streams), 2),
        first_week=_rate(early, cold * len(streams)),
        after=_rate(pages["quiet"] - early, (plan.days - cold) * len(streams)),
        false_silences=_rate(sum(each.false_silences for each in streams), plan.days * len(streams)),
        open_at_onset=sum(each.already_open for each in streams),
        crises=_all_delays(each.delays for each in streams),
        campaigns=Tried(campaigns, pages["campaign"]),
        after_campaigns=Tried(campaigns, pages["after_campaign"]),
        crises_in_campaign=_all_delays(each.in_campaign for each in streams),
        reposts=Tried(heaps, pages["reposts"]),
        flood=Tried(heaps, pages["flood"]),
        silence=_delays(Onset("step", streams[0].stream.per_day, 0.0), [d for each in streams for d in each.silences]),
        false_pages=tuple(false),
    )


def _rate(pages: int, days: float) -> Rate:
    if not days:
        return Rate(pages, 0.0, 0.0, 0.0, 0.0)
    low, high = poisson_interval(pages)
    months = days / _MONTH_DAYS
    return Rate(pages, float(days), *(round(each / months, 3) for each in (pages, low, high)))


def _all_delays(each: Iterable[dict[Onset, list[float | None]]]) -> tuple[Delays, ...]:
    joined: dict[Onset, list[float | None]] = {}
    for told in each:
        for onset, delays in told.items():
            joined.setdefault(onset, []).extend(delays)
    return tuple(_delays(onset, delays) for onset, delays in joined.items())


def _delays(onset: Onset, seconds: Sequence[float | None]) -> Delays:
    shares = [quantile(seconds, share) for share in (0.5, 0.9, 0.95)]
    minutes = (None if each is None else round(each / 60.0, 2) for each in shares)
    return Delays(onset.growth, onset.source, onset.target, len(seconds), seconds.count(None), *minutes)


def _mean(values: Iterable[float]) -> float:
    held = list(values)
    return sum(held) / len(held)


def _at_most(count: int, mean: float) -> float:
    """The chance that a Poisson count of this mean is at most `count`."""
    if mean <= 0.0:
        return 1.0
    return math.fsum(math.exp(each * math.log(mean) - mean - math.lgamma(each + 1)) for each in range(count + 1))


def _where(begins: Callable[[float], bool], most: float) -> float:
    """The smallest mean from which on this holds."""
    low, high = 0.0, most
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if begins(middle) else (middle, high)
    return high
