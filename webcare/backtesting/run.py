"""A backtest from beginning to end."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

import msgspec

from backbone.errors import BadInput
from contracts.volume import VolumeUpdate
from webcare.backtesting.campaigns import Declared
from webcare.backtesting.candidates import Candidate
from webcare.backtesting.detecting import Counting, Detector
from webcare.backtesting.judged import Judged
from webcare.backtesting.material import Heard, Material
from webcare.backtesting.pages import SpikePage, pages_of
from webcare.backtesting.report import Backtest, History, report_of

Seen = Callable[[int, datetime], None]


class Told(NamedTuple):
    """Which part of the history pages are told of."""

    since: datetime | None = None
    """What came before only teaches what is usual."""
    until: datetime | None = None
    """The history ends here, exclusive."""
    brands: tuple[str, ...] = ()
    """Only these; empty: all. The others' share of a budget of false pages stays theirs."""


async def backtest(
    material: Material, candidates: Sequence[Candidate], told: Told, judged: Sequence[Judged] | None, seen: Seen
) -> Backtest:
    """Go through the material once, under all candidates at a time; `seen` is told of each batch that was taken in.

    BadInput ``no_mentions`` where there is nothing to go through, ``unknown_brand``.
    """
    _check_brands(told.brands, material.brands)
    sources = [source for candidate in candidates for source in candidate.settings.sources]
    going = _Going([_detector(candidate, material) for candidate in candidates], told, sources)
    async for heard in material.heard():
        inside = going.take(heard)
        if inside:
            seen(inside, heard[inside - 1].at)
        if inside < len(heard):
            break
    history = going.end(material)
    paged = {
        candidate.name: _told(pages_of(detector.events), history.since)
        for candidate, detector in zip(candidates, going.detectors, strict=True)
    }
    return report_of(history, paged, judged)


def _check_brands(asked: Sequence[str], there: Sequence[str]) -> None:
    unknown = next((brand for brand in asked if brand not in there), None)
    if unknown is not None:
        known = ", ".join(there) or "none"
        raise BadInput(f"There is no brand {unknown!r} here.", code="unknown_brand", remedy=f"There are: {known}.")


def _detector(candidate: Candidate, material: Material) -> Detector:
    return Detector(candidate.settings, Declared(candidate.campaigns, material.campaigns))


def _told(pages: Sequence[SpikePage], since: datetime) -> list[SpikePage]:
    kept = [page for page in pages if page.at >= since]
    return [msgspec.structs.replace(page, number=number) for number, page in enumerate(kept, 1)]


class _Going:
    """How far it is."""

    def __init__(self, detectors: Sequence[Detector], told: Told, sources: Sequence[str]) -> None:
        self.detectors = detectors
        self._told = told
        self._counting = Counting(self._tell, sources)
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._mentions = self._critical = 0
        self._cut = False

    def _tell(self, updates: Sequence[VolumeUpdate], at: datetime) -> None:
        for detector in self.detectors:
            detector.take(updates, at)

    def take(self, heard: Sequence[Heard]) -> int:
        """Take in those before the end of what is told; returns how many that were, of whatever brand."""
        until = self._told.until
        before = list(takewhile(lambda one: until is None or one.at < until, heard))
        self._cut = len(before) < len(heard)
        self._count([one for one in before if not self._told.brands or one.mention.brand in self._told.brands])
        return len(before)

    def _count(self, heard: Sequence[Heard]) -> None:
        if heard:
            self._first = self._first or heard[0].at
            self._last = heard[-1].at
        self._mentions += len(heard)
        self._critical += sum(one.verdict.urgency == "critical" for one in heard)
        self._counting.take(heard)

    def end(self, material: Material) -> History:
        """What was gone through. Time passes up to the end of what is told, but not beyond the last mention:
        that a file ends is no silence."""
        since = self._told.since or self._first
        if self._first is None or self._last is None or since is None or since > self._last:
            remedy = "Check the file's columns and times, --from and --to."
            raise BadInput("There is no mention to go through.", code="no_mentions", remedy=remedy)
        self._counting.flush()
        until = self._told.until if self._cut and self._told.until else self._last
        for detector in self.detectors:
            detector.let_pass(until)
        return History(
            mentions=self._mentions,
            refused=dict(material.refused),
            brands=self._told.brands or tuple(material.brands),
            series=len(self._counting.series),
            critical=self._critical,
            since=max(self._first, since),
            until=until,
        )
