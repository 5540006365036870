"""Reading messages from files: CSV or NDJSON, plain or .gz, one bad line never costs another."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from backbone.bodies import parse_json
from backbone.errors import BadInput, WebcareError
from services.ingest.domain.normalise import Refused

MAX_LINE = 2_000_000
"""Bytes; a longer line is refused and skipped without being held."""
MAX_RATIO = 200
"""A .gz that grows more than this (past the first 16 MB) is refused as a bomb: text grows 3 to 20 times."""
_FREE = 16 * 1024 * 1024
_CHUNK = 65_536


class Row(NamedTuple):
    """One line of a file: its number (the first is 1), and what it holds or why it cannot be read."""

    line: int
    value: object


def read_rows(path: Path, columns: dict[str, str], max_depth: int = 16) -> Iterator[Row]:
    """The rows of a CSV (by `columns`: our field -> column name) or NDJSON file, by its name (.csv, .ndjson, .jsonl).

    Unreadable rows come as Refused values. Raises BadInput when the file itself cannot be read: no such file,
    unknown kind, a missing column, a broken or exploding .gz (what came before the break has been yielded).
    """
    kind = _kind(path)
    with _opened(path) as raw:
        lines = _decoded(_bounded_lines(_Bomb(raw, path)))
        yield from _csv_rows(lines, columns, path) if kind == "csv" else _json_rows(lines, max_depth)


def _kind(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".ndjson", ".jsonl", ".json")):
        return "ndjson"
    if name.endswith((".csv", ".tsv")):
        return "csv"
    raise BadInput(f"{path}: neither .csv nor .ndjson (nor .gz of these).", code="unknown_file_kind")


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}.", code="unreadable_file", remedy="Check the path.") from error


class _Bomb:
    """Reads a file, decompressed where it is gzip, and stops when it grows out of all proportion."""

    def __init__(self, raw: IO[bytes], path: Path) -> None:
        self._raw = raw
        self._path = path
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        self._stream: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if packed else raw
        self._seen = 0

    def chunks(self) -> Iterator[bytes]:
        while chunk := self._read():
            self._seen += len(chunk)
            if self._seen > _FREE and self._seen > MAX_RATIO * max(1, self._raw.tell()):
                raise BadInput(f"{self._path}: grows over {MAX_RATIO} times when unpacked.", code="zip_bomb")
            yield chunk

    def _read(self) -> bytes:
        try:
            return self._stream.read(_CHUNK)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadInput(f"{self._path}: the gzip data is broken: {error}.", code="bad_gzip") from error


def _bounded_lines(source: _Bomb) -> Iterator[bytes | None]:
    """Lines with their ends; None for one that is too long."""
    held, skipping = b"", False
    for chunk in source.chunks():
        held += chunk
        *whole, held = held.split(b"\n")
        for line in whole:
            yield None if skipping or len(line) > MAX_LINE else line + b"\n"
            skipping = False
        if len(held) > MAX_LINE:
            held, skipping = b"", True
    if held or skipping:
        yield None if skipping else held


def _decoded(lines: Iterator[bytes | None]) -> Iterator[str | Refused]:
    for number, line in enumerate(lines, start=1):
        if line is None:
            yield Refused("line_too_long", "", f"Line {number} is over {MAX_LINE} bytes.")
            continue
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            yield Refused("invalid_utf8", "", f"Line {number}, byte {error.start + 1} is not UTF-8.")


def _json_rows(lines: Iterator[str | Refused], max_depth: int) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if isinstance(line, Refused):
            yield Row(number, line)
        elif line.strip():
            yield Row(number, _parsed(line, max_depth))


def _parsed(line: str, max_depth: int) -> object:
    try:
        return parse_json(line.encode(), max_depth)
    except WebcareError as error:
        return Refused(error.code, "", error.message, error.remedy)


class _Feed:
    """Gives the CSV reader readable lines, and keeps the unreadable ones aside."""

    def __init__(self, lines: Iterator[str | Refused]) -> None:
        self._lines = lines
        self.line = 0
        self.refused: list[Row] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.line += 1
            if isinstance(line, Refused):
                self.refused.append(Row(self.line, line))
            else:
                yield line.replace("\x00", "")


def _csv_rows(lines: Iterator[str | Refused], columns: dict[str, str], path: Path) -> Iterator[Row]:
    csv.field_size_limit(MAX_LINE)
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter="\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ",")
    header = next(_records(reader), None)
    if header is None:
        raise BadInput(f"{path}: the file is empty.", code="empty")
    if isinstance(header, Refused):
        raise BadInput(f"{path}, line 1: {header.message}", code=header.code)
    places = _places(header, columns, path)
    start = feed.line + 1
    for cells in _records(reader):
        yield from _drained(feed)
        if cells:
            yield Row(start, cells if isinstance(cells, Refused) else _cells(cells, places, len(header)))
        start = feed.line + 1
    yield from _drained(feed)


def _records(reader: Iterator[list[str]]) -> Iterator[list[str] | Refused]:
    """Record by record; after one that cannot be read the reader goes on with the next line."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Refused("bad_csv", "", f"This is not a row: {error}.", "Check the quotes and line ends.")


def _drained(feed: _Feed) -> Iterator[Row]:
    while feed.refused:
        yield feed.refused.pop(0)


def _places(header: list[str], columns: dict[str, str], path: Path) -> dict[str, int]:
    names = [name.strip() for name in header]
    for field in ("text", "created_at"):
        if columns[field] not in names:
            found = ", ".join(names)[:200]
            option = {"text": "--text-column", "created_at": "--time-column"}[field]
            raise BadInput(
                f"{path}, line 1: there is no column {columns[field]!r} (there are: {found}).",
                code="missing_column",
                remedy=f"Name it with {option}.",
            )
    return {field: names.index(column) for field, column in columns.items() if column in names}


def _cells(cells: list[str], places: dict[str, int], width: int) -> object:
    if len(cells) != width:
        return Refused("wrong_cells", "", f"This row has {len(cells)} cells, the header {width}.", "Check the quotes.")
    return {field: cells[place] for field, place in places.items() if cells[place] != "" or field == "text"}
