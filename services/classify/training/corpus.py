"""Labelled rows: reading them, refusing bad ones, and telling rows apart that say the same."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from backbone.errors import BadInput
from services.classify.domain.heads import HEADS
from services.classify.domain.text import plain, tokens

COLUMNS: Final = ("id", "lang", "text", *(head.name for head in HEADS))
MESSAGES: Final = Path(str(files("services.classify.training") / "messages"))
"""Rows written for this project; see DATA.md there."""
TRAIN: Final = ("nl.csv", "en.csv")
TEST: Final = ("test-nl.csv", "test-en.csv")
"""Never trained on."""

_SAME = 0.8
_LONGEST_TEXT = 20_000
_CHUNK = 3


class Row(msgspec.Struct, frozen=True):
    """A text and what people said of it."""

    id: str
    lang: str
    text: str
    labels: tuple[str, ...]
    """One class for each of HEADS; empty where nobody said, and then it teaches nothing of that head."""

    @property
    def batch(self) -> str:
        """Rows of one batch come from one sitting of one pen: they are trained on together, or not at all."""
        return self.id.rpartition("-")[0] or self.id


def read(path: Path) -> list[Row]:
    """The rows of a table, in order.

    Raises BadInput (``bad_rows``) that names the line and what is wrong with it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            table = csv.DictReader(source, strict=True)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise _bad(path, 1, f"there is no column {', '.join(missing)}")
            return [_row(path, table.line_num, fields) for fields in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, 0, str(error)) from error


def _row(path: Path, line: int, fields: Mapping[str, str | None]) -> Row:
    labels = tuple((fields[head.name] or "").strip() for head in HEADS)
    for head, label in zip(HEADS, labels, strict=True):
        if label and label not in head.classes:
            raise _bad(path, line, f"{head.name} is {label!r}, not one of {', '.join(head.classes)}")
    if not any(labels):
        raise _bad(path, line, "there is no label")
    text = fields["text"] or ""
    if not text.strip() or len(text) > _LONGEST_TEXT:
        raise _bad(path, line, f"the text is empty or longer than {_LONGEST_TEXT} characters")
    return Row((fields["id"] or "").strip(), (fields["lang"] or "").strip(), text, labels)


def _bad(path: Path, line: int, why: str) -> BadInput:
    where = f"{path}, line {line}" if line else str(path)
    return BadInput(f"{where}: {why}.", code="bad_rows", remedy=f"A row needs {', '.join(COLUMNS)}.")


def alike(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Pairs of rows that say nearly the same: four fifths or more of their runs of three words, or all words."""
    seen: dict[bytes, list[int]] = {}
    runs = [_runs(row.text) for row in rows]
    for at, mine in enumerate(runs):
        shared: dict[int, int] = {}
        for run in mine:
            for other in seen.setdefault(run, []):
                shared[other] = shared.get(other, 0) + 1
            seen[run].append(at)
        for other, both in sorted(shared.items()):
            if both >= _SAME * min(len(mine), len(runs[other])) and both * 2 >= max(len(mine), len(runs[other])):
                yield rows[other], rows[at]


def _runs(text: str) -> frozenset[bytes]:
    words = [re.sub(r"\d", "0", word) for word in tokens(plain(text)) if any(map(str.isalnum, word))]
    if not words:
        words = [text]
    size = min(_CHUNK, len(words))
    chunks = (" ".join(words[at : at + size]) for at in range(len(words) - size + 1))
    return frozenset(blake2b(chunk.encode("utf-8", "replace"), digest_size=8).digest() for chunk in chunks)


def load(names: Iterable[str], folder: Path = MESSAGES) -> list[Row]:
    """The rows of several tables of a folder, one after the other."""
    return [row for name in names for row in read(folder / name)]
