"""A table of texts in, the same table with a verdict per row out."""

import csv
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol, TextIO

from backbone.errors import BadInput, Unavailable
from contracts.mentions import Reason, Verdict
from services.classify.domain.verdict import Text

COLUMNS = (
    "lang",
    "sentiment",
    "sentiment_p",
    "urgency",
    "urgency_p_critical",
    "urgency_p_high",
    "intent",
    "intent_p",
    "care",
    "unsure",
    "reasons",
)
"""What a verdict adds. A column of the input with one of these names is left out of the output."""

_BATCH = 500
_BIGGEST_FIELD = 128 * 1024 * 1024
_HINTS = ("lang", "channel", "followers")


class Judge(Protocol):
    """Whatever judges texts: one verdict per text, in order."""

    def judge(self, texts: Sequence[Text]) -> list[Verdict]: ...


def classify_table(source: Path, target: Path, classifier: Judge, progress: Callable[[int], None] | None = None) -> int:
    """Judge every row of `source` (CSV in UTF-8, with a column `text`) and write `target`; returns the rows.

    `lang`, `channel` and `followers` are hints where present. The other columns pass through in their order, and
    the columns of the verdict follow. `progress` is called with the rows done so far after each batch. `target` is
    replaced as a whole, or not at all. Raises BadInput where the input cannot be read, naming the line.
    """
    try:
        with source.open("rb") as stream, _replacing(target) as output:
            reader = csv.reader(_lines(stream, source))
            table = _Table(_next_row(reader, source), source)
            return _copy(table, reader, output, classifier, progress)
    except OSError as problem:
        raise _away(problem, source, target) from problem


class _Reader(Protocol):
    line_num: int

    def __next__(self) -> list[str]: ...

    def __iter__(self) -> Iterator[list[str]]: ...


class _Table:
    """Where the columns of one table are, and which of them pass through."""

    def __init__(self, heading: Sequence[str] | None, source: Path) -> None:
        names = [name.strip() for name in heading or ()]
        if "text" not in names:
            listed = ", ".join(names) or "none"
            raise BadInput(
                f"{source} has no column named text (columns: {listed}).",
                code="no_text_column",
                remedy="Name the column that holds the messages `text` in the first line; commas separate columns.",
            )
        self.source = source
        self.width = len(names)
        self._text = names.index("text")
        self._hints = {name: names.index(name) for name in _HINTS if name in names}
        self._kept = [at for at, name in enumerate(names) if name not in COLUMNS]
        self.heading = [names[at] for at in self._kept] + list(COLUMNS)

    def text(self, row: Sequence[str]) -> Text:
        hint = {name: row[at].strip() for name, at in self._hints.items()}
        return Text(
            text=row[self._text],
            lang_hint=hint.get("lang") or None,
            channel=hint.get("channel", "").lower() or None,
            followers=_whole_number(hint.get("followers", "")),
        )

    def kept(self, row: Sequence[str]) -> list[str]:
        return [row[at] for at in self._kept]


def _copy(
    table: _Table,
    reader: _Reader,
    output: TextIO,
    classifier: Judge,
    progress: Callable[[int], None] | None,
) -> int:
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(table.heading)
    rows = _rows(reader, table)
    done = 0
    while batch := list(islice(rows, _BATCH)):
        verdicts = classifier.judge([table.text(row) for row in batch])
        writer.writerows(table.kept(row) + _cells(verdict) for row, verdict in zip(batch, verdicts, strict=True))
        done += len(batch)
        if progress is not None:
            progress(done)
    return done


def _rows(reader: _Reader, table: _Table) -> Iterator[list[str]]:
    while (row := _next_row(reader, table.source)) is not None:
        if not row:
            continue
        if len(row) != table.width:
            raise BadInput(
                f"{table.source}, line {reader.line_num}: {len(row)} fields where the heading has {table.width}.",
                code="ragged_row",
                remedy="Put fields that contain commas, quotes or line ends between double quotes.",
            )
        yield row


def _next_row(reader: _Reader, source: Path) -> list[str] | None:
    previous = csv.field_size_limit(_BIGGEST_FIELD)
    try:
        return next(reader, None)
    except csv.Error as problem:
        raise BadInput(f"{source}, line {reader.line_num}: {problem}.", code="bad_csv") from problem
    finally:
        csv.field_size_limit(previous)


def _lines(stream: Iterator[bytes], source: Path) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as problem:
            raise BadInput(
                f"{source}, line {number}: byte {problem.start + 1} of the line is not UTF-8.",
                code="not_utf8",
                remedy="Save the table as UTF-8 and try again.",
            ) from problem
        yield text.removeprefix("\ufeff") if number == 1 else text


def _cells(verdict: Verdict) -> list[str]:
    return [
        verdict.lang,
        verdict.sentiment,
        _chance(verdict.sentiment_p),
        verdict.urgency,
        _chance(verdict.urgency_p_critical),
        _chance(verdict.urgency_p_high),
        verdict.intent,
        _chance(verdict.intent_p),
        verdict.care,
        "1" if verdict.unsure else "0",
        "; ".join(map(_said, verdict.reasons)),
    ]


def _chance(value: float) -> str:
    return f"{value:.4f}"


def _said(reason: Reason) -> str:
    return f"{reason.code}: {', '.join(reason.words)}" if reason.words else reason.code


def _whole_number(field: str) -> int | None:
    try:
        return int(float(field))
    except (ValueError, OverflowError):
        return None


@contextmanager
def _replacing(target: Path) -> Iterator[TextIO]:
    """A file beside `target` that takes its place when the block ends well, and goes away otherwise."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass", newline="") as output:
            yield output
            output.flush()
            os.fsync(output.fileno())
        beside.chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _away(problem: OSError, source: Path, target: Path) -> Unavailable:
    where = problem.filename if problem.filename == str(source) else target
    return Unavailable(
        f"{where}: {problem.strerror}.",
        code="file_unavailable",
        remedy="Check that the input exists and that the output folder can be written.",
    )
