"""What people said of the pages of an earlier backtest, and what other settings make of the same."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import msgspec

from backbone.errors import BadInput
from webcare.backtesting.pages import SpikePage

WORDS = {"real": True, "echt": True, "false": False, "vals": False}
"""What may stand in the column `judgement`: the page was about something, or about nothing."""
_COLUMNS = ("when", "brand", "since", "over", "judgement")


class Judged(NamedTuple):
    """Something that was paged at `at`, and whether it was worth it; `over` is None where the history ended first."""

    brand: str
    at: datetime
    since: datetime
    over: datetime | None
    real: bool


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """Pages of one set of settings against what was judged."""

    real_kept: int
    real_dropped: int
    false_kept: int
    false_dropped: int
    false_pages: int
    """Pages about what was judged false; their number in 30 days is `false_per_30_days`."""
    false_per_30_days: float
    not_judged: int
    """Pages that overlap nothing that was judged."""


def read_judged(path: Path) -> list[Judged]:
    """What was judged in a table that `--out` wrote; of a brand, what overlaps is one thing, and real if any of it is.

    Rows without a judgement are passed over. BadInput, with the line, where the table cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}.", code="unreadable_file", remedy="Check the path.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text.", code="invalid_utf8", remedy="Save it as CSV in UTF-8.") from error
    rows = sorted(_rows(path.name, text), key=lambda row: (row.brand, row.since))
    merged: list[Judged] = []
    for row in rows:
        last = merged[-1] if merged else None
        if last is not None and last.brand == row.brand and (last.over is None or row.since <= last.over):
            over = None if last.over is None or row.over is None else max(last.over, row.over)
            merged[-1] = last._replace(at=min(last.at, row.at), over=over, real=last.real or row.real)
        else:
            merged.append(row)
    return merged


def _rows(name: str, text: str) -> Iterator[Judged]:
    header = text.partition("\n")[0]
    # Spreadsheets in Dutch put a semicolon between cells.
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=delimiter)
    missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        remedy = "Give it a table that `webcare backtest --out` wrote."
        raise BadInput(f"{name} has no column {missing[0]!r}.", code="missing_column", remedy=remedy)
    for row in reader:
        if word := (row["judgement"] or "").strip().lower():
            yield _judged(f"{name}, line {reader.line_num}", row, word)


def _judged(where: str, row: dict[str, str], word: str) -> Judged:
    if word not in WORDS:
        remedy = f"Write {', '.join(WORDS)}, or nothing."
        raise BadInput(f"{where}: {word[:40]!r} is no judgement.", code="unknown_judgement", remedy=remedy)
    over = _instant(where, row["over"]) if (row["over"] or "").strip() else None
    at, since = (_instant(where, row[column]) for column in ("when", "since"))
    return Judged(row["brand"] or "", at, since, over, WORDS[word])


def _instant(where: str, written: str | None) -> datetime:
    try:
        at = datetime.fromisoformat((written or "").strip())
    except ValueError:
        remedy = "Leave the columns when, since and over as they were written."
        raise BadInput(f"{where}: {written!r} is no time.", code="unreadable_time", remedy=remedy) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def judgement_of(page: SpikePage, judged: Sequence[Judged]) -> bool | None:
    """Whether it is about something real; None where nothing was said of its time. Real wins where it is about both."""
    said = [each.real for each in judged if page.meets(each.brand, each.since, each.over)]
    return any(said) if said else None


def score(pages: Sequence[SpikePage], judged: Sequence[Judged], days: float) -> Score:
    """How these pages of `days` days stand against what was judged."""
    kept = {each for each in judged if any(page.meets(each.brand, each.since, each.over) for page in pages)}
    said = [judgement_of(page, judged) for page in pages]
    false = said.count(False)
    return Score(
        real_kept=sum(each.real for each in kept),
        real_dropped=sum(each.real for each in judged if each not in kept),
        false_kept=sum(not each.real for each in kept),
        false_dropped=sum(not each.real for each in judged if each not in kept),
        false_pages=false,
        false_per_30_days=round(30 * false / days, 3) if days else 0.0,
        not_judged=said.count(None),
    )
