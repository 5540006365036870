"""Shadow mode: a second model judges what the present one judges, and only the difference is kept.

It runs after the present verdicts are there and in the same thread: a batch waits for both models, so judging costs
twice as much (or whatever the second model costs). Whatever goes wrong here is logged and ends here.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from backbone.errors import WebcareError
from backbone.logs import failure
from backbone.metrics import Metrics
from contracts.mentions import Mention, Verdict
from services.classify.domain.verdict import Text
from services.classify.registry import Judge, write_whole
from services.classify.tally import HEADS, Difference, Tally, difference

FOLDER = "shadow"
_FAILURES_IN_A_ROW = 3
_LOG = structlog.get_logger("webcare.classify")


class Ledger:
    """Keeps one process's tallies, one file for each pair of models, so that a restart goes on counting."""

    def __init__(self, installed: Path, instance: str) -> None:
        self._folder = installed / FOLDER
        self._instance = instance
        self._tallies: dict[tuple[str, str], Tally] = {}

    def count(self, present: str, shadow: str, found: Sequence[Difference], at: datetime) -> None:
        """Count these, and write it down; Unavailable where that cannot be done.

        Begins anew where somebody took the file away.
        """
        path = self._folder / f"{present}~{shadow}~{self._instance}.json"
        tally = self._tallies.get((present, shadow)) if path.exists() else None
        if tally is None:
            tally = _read(path) or Tally(present=present, shadow=shadow, since=at, until=at)
            self._tallies[present, shadow] = tally
        tally.add(found, at)
        write_whole(path, msgspec.json.encode(tally))


def tallies(installed: Path) -> list[Tally]:
    """What all processes that share this folder counted; a file that cannot be read is left out."""
    files = sorted((installed / FOLDER).glob("*.json"))
    return [tally for path in files if (tally := _read(path)) is not None]


def forget(installed: Path) -> int:
    """Drop what was counted so far; returns how many files. Processes that run begin anew with their next batch."""
    files = sorted((installed / FOLDER).glob("*.json"))
    for path in files:
        path.unlink(missing_ok=True)
    return len(files)


def _read(path: Path) -> Tally | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Tally)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


class Shadow:
    """Judges again and counts. After three failures in a row it stops until the next start."""

    def __init__(self, judge: Judge, ledger: Ledger, metrics: Metrics) -> None:
        self._judge = judge
        self._ledger = ledger
        self._metrics = metrics
        self._failures = 0
        self._unwritten = False

    @property
    def model(self) -> str:
        """Its name."""
        return self._judge.model

    def compare(
        self,
        present: str,
        mentions: Sequence[Mention],
        texts: Sequence[Text],
        verdicts: Sequence[Verdict],
        at: datetime,
    ) -> None:
        """Judge the same texts, and count what is different from the verdicts of `present`. Raises nothing.

        A drill is left out. Where the present model is this one there is nothing to compare.
        """
        if self._failures >= _FAILURES_IN_A_ROW or present == self.model:
            return
        try:
            others = self._judge.judge(texts)
            found = [
                difference(mention, verdict, other)
                for mention, verdict, other in zip(mentions, verdicts, others, strict=True)
                if not mention.drill
            ]
            self._show(found)
            self._write(present, found, at)
        except Exception as error:
            self._failed(error)
        else:
            self._failures = 0

    def _show(self, found: Sequence[Difference]) -> None:
        for head in HEADS:
            changed = sum(head in each.changed for each in found)
            self._metrics.shadow_verdicts.labels(head, "changed").inc(changed)
            self._metrics.shadow_verdicts.labels(head, "same").inc(len(found) - changed)
        for each in found:
            if each.present != each.shadow:
                self._metrics.shadow_urgency.labels(each.present, each.shadow).inc()
            if each.gained or each.lost:
                change = "gained" if each.gained else "lost"
                self._metrics.shadow_pages.labels(change).inc()
                _LOG.info(
                    "shadow_page", change=change, mention=each.mention_id, present=each.present, shadow=each.shadow
                )

    def _write(self, present: str, found: Sequence[Difference], at: datetime) -> None:
        try:
            self._ledger.count(present, self.model, found, at)
        except WebcareError as error:
            if not self._unwritten:
                _LOG.warning("shadow_unwritten", reason=error.code, words=str(error))
            self._unwritten = True
        else:
            self._unwritten = False

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._metrics.shadow_failures.inc()
        event = "shadow_stopped" if self._failures >= _FAILURES_IN_A_ROW else "shadow_failed"
        _LOG.error(event, model=self.model, failure=failure(error))
