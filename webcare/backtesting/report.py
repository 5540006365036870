"""What a backtest found, as plain data: the same history and settings give the same report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from webcare.backtesting.judged import Judged, Score, score
from webcare.backtesting.pages import SpikePage

ROUGH_DAYS = 14.0
"""With less history than this, each hour of the week was seen no more than twice: the expectation is rough."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What was gone through."""

    mentions: int
    refused: Mapping[str, int]
    """What could not be read, by reason."""
    brands: tuple[str, ...]
    series: int
    critical: int
    """Mentions judged critical: each may wake somebody by itself, which is no part of this."""
    since: datetime
    """Pages are told from here on; what came before only taught what is usual."""
    until: datetime

    @property
    def days(self) -> float:
        """How long pages were told for."""
        return (self.until - self.since).total_seconds() / 86400


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one set of settings would have done."""

    settings: str
    pages: tuple[SpikePage, ...]
    per_30_days: float
    by_month: Mapping[str, int]
    rough: int
    """Pages that came while the history was shorter than ROUGH_DAYS."""
    shared: int
    """Pages that overlap one of the first settings' pages of that brand."""
    lost: int
    """Pages of the first settings that no page of these overlaps."""
    score: Score | None


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report; the first outcome is that of the settings that were asked about."""

    history: History
    outcomes: tuple[Outcome, ...]


def report_of(history: History, paged: Mapping[str, Sequence[SpikePage]], judged: Sequence[Judged] | None) -> Backtest:
    """The report on the pages of each settings, by their names; the first are those that others are compared with."""
    first = next(iter(paged.values()))
    inside = None if judged is None else [each for each in judged if _is_in(each, history)]
    outcomes = (_outcome(name, pages, first, history.days, inside) for name, pages in paged.items())
    return Backtest(history=history, outcomes=tuple(outcomes))


def _outcome(
    name: str, pages: Sequence[SpikePage], first: Sequence[SpikePage], days: float, judged: Sequence[Judged] | None
) -> Outcome:
    return Outcome(
        settings=name,
        pages=tuple(pages),
        per_30_days=round(30 * len(pages) / days, 3) if days else 0.0,
        by_month=dict(sorted(Counter(f"{page.at:%Y-%m}" for page in pages).items())),
        rough=sum(is_rough(page) for page in pages),
        shared=sum(_meets_any(page, first) for page in pages),
        lost=sum(not _meets_any(page, pages) for page in first),
        score=None if judged is None else score(pages, judged, days),
    )


def _is_in(each: Judged, history: History) -> bool:
    """It can be found again: what was paged at another time, or of another brand, says nothing here."""
    return each.brand in history.brands and history.since <= each.at <= history.until


def is_rough(page: SpikePage) -> bool:
    """It came while little was known of what is usual."""
    return page.history_days < ROUGH_DAYS


def _meets_any(page: SpikePage, others: Sequence[SpikePage]) -> bool:
    return any(page.meets(other.brand, other.since, other.over) for other in others)
