"""A backtest's pages as a table to be judged, and its report as a file."""

import contextlib
import csv
import os
from collections.abc import Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path

import msgspec

from backbone.errors import Unavailable
from webcare.backtesting.judged import Judged, judgement_of
from webcare.backtesting.pages import SpikePage
from webcare.backtesting.report import Backtest

COLUMNS = (
    *(
        "settings",
        "number",
        "when",
        "brand",
        "series",
        "also",
        "explained_by",
        "direction",
        "since",
        "over",
        "delay_min",
    ),
    *("expected", "seen", "window_min", "people", "share_negative", "chance", "reason", "words_nl", "words_en"),
    *("campaign", "history_days", "judgement"),
)


def write_pages(found: Backtest, judged: Sequence[Judged], target: Path) -> int:
    """Write one row per page of each settings, and return how many.

    The column `judgement` is empty, to be filled in; where something was judged before, it says so.
    """
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = [_row(outcome.settings, page, judged) for outcome in found.outcomes for page in outcome.pages]
    writer.writerows(rows)
    _write_whole(target, text.getvalue().encode("utf-8", "surrogatepass"))
    return len(rows)


def _row(settings: str, page: SpikePage, judged: Sequence[Judged]) -> tuple[object, ...]:
    real = judgement_of(page, judged)
    when = (_written(page.at), page.brand, page.series, " ".join(page.also), page.explained_by, page.direction)
    times = (_written(page.since), _written(page.over), round(page.delay_s / 60, 1))
    figures = (page.expected, page.seen, page.window_s // 60, page.people, page.share_negative, page.chance)
    words = (page.reason, page.words_nl, page.words_en, page.campaign, page.history_days)
    return (settings, page.number, *when, *times, *figures, *words, "" if real is None else "real" if real else "false")


def write_report(found: Backtest, target: Path) -> None:
    """Write the whole report as JSON: the same report is the same bytes."""
    _write_whole(target, msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def _written(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else ""


def _write_whole(target: Path, content: bytes) -> None:
    """The file is there as a whole or not at all."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        remedy = "Check that the folder exists and can be written."
        raise Unavailable(f"{target}: {error.strerror}.", code="file_unavailable", remedy=remedy) from error
