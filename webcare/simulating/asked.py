"""What was asked on the command line, checked: a mistake says what to write instead."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from backbone.errors import BadInput
from webcare.simulating.happenings import GROWTHS, Growth
from webcare.simulating.many import Job, jobs_of
from webcare.simulating.run import Plan
from webcare.simulating.settings import base_of, settings_for
from webcare.simulating.streams import DISPERSIONS

_LEAST_DAYS = 2
_MOST_DAYS = 3660
_MOST_PER_DAY = 1_000_000.0
_MOST_STREAMS = 10_000
_MOST_PROCESSES = 256
_MOST_FACTOR = 100.0


class Asked(NamedTuple):
    """The options as they were written."""

    per_day: str
    to: str
    days: int
    runs: int
    onset: str
    onsets: int
    campaign: float
    dispersion: str
    budget: str | None
    seed: int
    jobs: int


class Work(NamedTuple):
    """What is to be simulated, and in how many processes."""

    plan: Plan
    jobs: list[Job]
    processes: int


def checked(asked: Asked, config: Path | None) -> Work:
    """The work that was asked for; BadInput names the option that cannot be used and what to write."""
    base = base_of(config)
    budgets = _numbers("--budget", asked.budget) if asked.budget else (None,)
    plan = Plan(
        days=_whole("--days", asked.days, _LEAST_DAYS, _MOST_DAYS),
        to=_numbers("--to", asked.to),
        growths=_growths(asked.onset),
        onsets=_whole("--onsets", asked.onsets, 1, _MOST_STREAMS),
        campaign=_factor(asked.campaign),
        dispersion=_dispersion(asked.dispersion),
        timezone=base.calendar.zone,
        seed=asked.seed,
    )
    jobs = jobs_of(
        _numbers("--per-day", asked.per_day),
        _whole("--runs", asked.runs, 1, _MOST_STREAMS),
        [(each, settings_for(each, base)) for each in budgets],
    )
    return Work(plan, jobs, _whole("--jobs", asked.jobs, 1, _MOST_PROCESSES))


def _numbers(option: str, written: str) -> tuple[float, ...]:
    """Numbers above 0 between commas, each once, in the order given."""
    return tuple(dict.fromkeys(_number(option, each) for each in written.split(",")))


def _growths(written: str) -> tuple[Growth, ...]:
    """Ways in which a crisis comes, between commas."""
    asked = [each.strip() for each in written.split(",")]
    for each in asked:
        if each not in GROWTHS:
            raise BadInput(f"--onset: {each!r} is not a way to grow.", remedy=f"Write one or more of {_list(GROWTHS)}.")
    return tuple(each for each in GROWTHS if each in asked)


def _dispersion(written: str) -> str:
    if written not in DISPERSIONS:
        raise BadInput(f"--dispersion: there is no {written!r}.", remedy=f"Write one of {_list(DISPERSIONS)}.")
    return written


def _factor(written: float) -> float:
    if not (math.isfinite(written) and 1.0 <= written <= _MOST_FACTOR):
        remedy = f"Write a factor from 1 (no campaigns) to {_MOST_FACTOR:g}."
        raise BadInput(f"--campaign: {written:g} cannot be used.", remedy=remedy)
    return written


def _whole(option: str, written: int, least: int, most: int) -> int:
    if not least <= written <= most:
        raise BadInput(f"{option}: {written} cannot be used.", remedy=f"Write a number from {least} to {most}.")
    return written


def _number(option: str, written: str) -> float:
    try:
        value = float(written)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= _MOST_PER_DAY:
        remedy = f"Write numbers above 0, up to {_MOST_PER_DAY:,.0f}, with commas between them."
        raise BadInput(f"{option}: {written.strip()!r} cannot be used.", remedy=remedy)
    return value


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
