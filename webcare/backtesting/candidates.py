"""The settings that a backtest compares."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from backbone.campaigns import Campaign
from backbone.errors import BadInput
from services.classify.spikes.settings import SpikeSettings
from webcare.config.build import declared_campaigns, spike_settings
from webcare.config.load import load_config

SHIPPED = "as shipped"


class Candidate(NamedTuple):
    """Settings, by the name under which they are told of, and the campaigns that are declared with them."""

    name: str
    settings: SpikeSettings
    campaigns: tuple[Campaign, ...] = ()


def candidates(config: Path | None, against: Sequence[Path], budgets: Sequence[float], brands: int) -> list[Candidate]:
    """Those of the configuration, then each file's, then the first with each budget of false pages a month instead.

    Without a configuration the shipped settings, for `brands` brands. BadInput where a file does not hold.
    """
    first = _of_file(config) if config else Candidate(SHIPPED, SpikeSettings(brands=max(1, brands)))
    found = [first, *(_of_file(path) for path in against), *(_with_budget(first, budget) for budget in budgets)]
    by_name: dict[str, Candidate] = {}
    for one in found:
        by_name.setdefault(one.name, one)
    return list(by_name.values())


def _of_file(path: Path) -> Candidate:
    config = load_config(path).config
    return Candidate(str(path), spike_settings(config), declared_campaigns(config))


def _with_budget(first: Candidate, budget: float) -> Candidate:
    settings = replace(first.settings, false_pages_per_month=budget)
    return first._replace(name=f"budget {budget:g}", settings=settings)


def budgets_of(written: str) -> list[float]:
    """The figures of a list such as ``0.3,1,3``. BadInput for what is no such list."""
    return list(_budgets(written))


def _budgets(written: str) -> Iterator[float]:
    for part in filter(None, (part.strip() for part in written.split(","))):
        try:
            budget = float(part)
        except ValueError:
            budget = 0.0
        if not 0 < budget < float("inf"):
            remedy = "Write numbers above 0 with commas between: --budget 0.3,1,3."
            raise BadInput(f"--budget: {part!r} is no number of pages a month.", code="bad_budget", remedy=remedy)
        yield budget
