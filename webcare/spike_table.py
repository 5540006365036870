"""`webcare spikes`: a table of counts per bin in, the same table with expectation, score and alert out."""

import csv
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from backbone.errors import BadInput, NotFound, Unavailable
from services.classify.spikes.bins import THRESHOLD, BinScan, BinScore

ADDED_COLUMNS = ("expected", "score", "alert")
_MISSING_BINS = 1.5
_NARROWER_BINS = 0.75
_LARGEST_COUNT = 10**12
_FEWEST_DAYS = 2.0
_MINUTES_PER_DAY = 1440


@dataclass(frozen=True)
class SpikeTableResult:
    """How many rows were read, how many alerts they hold, the days they span, and the threshold an alert reaches."""

    rows: int
    alerts: int
    days: float = 0.0
    threshold: float = THRESHOLD

    @property
    def too_short(self) -> bool:
        """Hardly anything was known of the stream: a table that begins with its crisis looks like an ordinary one."""
        return self.days < _FEWEST_DAYS


@dataclass(frozen=True)
class _Row:
    line: int
    cells: dict[str, str]
    minute: float
    count: int


def spike_table(
    source: Path, target: Path, time_column: str = "timestamp", value_column: str = "value"
) -> SpikeTableResult:
    """Write `source` to `target` with `expected`, `score` (0 to 1) and `alert` (0 or 1) added to each row.

    `alert` is 1 exactly where `score` as written is at least THRESHOLD. Strictly causal: the output for the first rows
    of a table is the beginning of the output for all of it. Rows must rise in time; times without an offset are UTC;
    the width of a bin is the distance of the first two rows, or a smaller one met later. Columns of those names in the
    input are replaced. The target appears whole or not at all. Raises BadInput, naming the line and what to do, where
    the table cannot be read, NotFound without a source and Unavailable where the target cannot be written.
    """
    with _opened(source, time_column, value_column) as table:
        return _write_whole(target, table)


def read_table(source: Path, time_column: str = "timestamp", value_column: str = "value") -> list[tuple[float, int]]:
    """The rows as minutes since 1970-01-01T00:00Z and counts, checked as `spike_table` checks them."""
    with _opened(source, time_column, value_column) as table:
        return [(row.minute, row.count) for row in table.rows()]


def minute_of(text: str) -> float:
    """Minutes since 1970-01-01T00:00Z; a time without an offset is UTC. Raises ValueError where it is no time."""
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() / 60


@contextmanager
def _opened(source: Path, time_column: str, value_column: str) -> Iterator["_Table"]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as text:
            yield _Table(text, source.name, time_column, value_column)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {error.filename}.", remedy="Check the path.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{source.name} is not UTF-8 text.", remedy="Save it as UTF-8.") from error
    except csv.Error as error:
        raise BadInput(f"{source.name} is not a CSV table: {error}.", remedy="Write it as CSV again.") from error


class _Table:
    def __init__(self, text: TextIO, name: str, time_column: str, value_column: str) -> None:
        self._reader = csv.DictReader(text, strict=True)
        self._name, self._time, self._value = name, time_column, value_column
        self._columns = list(self._reader.fieldnames or [])
        for column in (time_column, value_column):
            if column not in self._columns:
                have = ", ".join(self._columns) or "none"
                raise BadInput(
                    f"{name} has no column {column!r}; its columns are: {have}.",
                    remedy="Name the columns with --time and --count.",
                )
        kept = [column for column in self._columns if column not in ADDED_COLUMNS]
        self.header = [*kept, *ADDED_COLUMNS]

    def rows(self) -> Iterator[_Row]:
        """The rows, checked, in rising time."""
        before: _Row | None = None
        for cells in self._reader:
            row = self._row(cells, self._reader.line_num)
            if before is not None and row.minute <= before.minute:
                raise self._bad(
                    row.line,
                    f"{row.cells[self._time]} is not after {before.cells[self._time]}",
                    "Sort the rows by time and add up those of one time.",
                )
            yield row
            before = row

    def _row(self, cells: dict[str, str], line: int) -> _Row:
        if None in cells or None in cells.values():
            raise self._bad(line, f"it has not {len(self._columns)} cells", "Give each row as many as the header.")
        return _Row(line, cells, self._minute(cells[self._time], line), self._count(cells[self._value], line))

    def _minute(self, text: str, line: int) -> float:
        try:
            return minute_of(text)
        except ValueError:
            remedy = "Write times as 2026-03-01 13:45:00 or 2026-03-01T13:45:00Z."
            raise self._bad(line, f"{text!r} is not a time", remedy) from None

    def _count(self, text: str, line: int) -> int:
        try:
            value = float(text)
        except ValueError:
            raise self._bad(line, f"{text!r} is not a number", "Write a whole number of 0 or more.") from None
        if not (value.is_integer() and 0 <= value <= _LARGEST_COUNT):
            raise self._bad(line, f"{text!r} is not a count", "Write a whole number of 0 or more.")
        return int(value)

    def _bad(self, line: int, what: str, remedy: str) -> BadInput:
        return BadInput(f"{self._name}, line {line}: {what}.", remedy=remedy)


def _write_whole(target: Path, table: _Table) -> SpikeTableResult:
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        part = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as text:
            result = _write(text, table)
            text.flush()
            os.fsync(text.fileno())
        part.chmod(0o644)
        part.replace(target)
    except OSError as error:
        remedy = "Choose a folder that exists, can be written and has room."
        raise Unavailable(f"{target.name} cannot be written: {error.strerror}.", remedy=remedy) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return result


def _write(text: TextIO, table: _Table) -> SpikeTableResult:
    writer = csv.DictWriter(text, table.header, lineterminator="\n")
    writer.writeheader()
    rows = alerts = 0
    begin = end = 0.0
    for row, scored in _scores(table.rows()):
        begin, end = begin if rows else row.minute, row.minute
        added = {"expected": f"{scored.expected:.3f}", "score": f"{scored.score:.4f}", "alert": int(scored.alert)}
        writer.writerow(row.cells | added)
        rows += 1
        alerts += scored.alert
    return SpikeTableResult(rows, alerts, (end - begin) / _MINUTES_PER_DAY)


def _scores(rows: Iterable[_Row]) -> Iterator[tuple[_Row, BinScore]]:
    """Each row with its score, from this row and those before it."""
    before: _Row | None = None
    scan: BinScan | None = None
    for row in rows:
        if before is None:
            # Nothing is known yet, not even how wide a bin is.
            yield row, BinScore(float(row.count), 0.0)
        else:
            scan = _scan_for(scan, before, row)
            yield row, scan.add(row.minute, row.count)
        before = row


def _scan_for(scan: BinScan | None, before: _Row, row: _Row) -> BinScan:
    step = row.minute - before.minute
    if scan is None:
        scan = BinScan(step)
        scan.add(before.minute, before.count)
    elif step < _NARROWER_BINS * scan.width:
        return BinScan(step, wider=scan)
    elif step > _MISSING_BINS * scan.width:
        scan.skip()
    return scan
