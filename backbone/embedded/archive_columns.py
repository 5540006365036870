"""The filters, times and classes of every mention in the archive, as columns in memory.

Exact totals, histograms and facets over hundreds of thousands of matches are counted here, in milliseconds; a scan of
rows in the file would take seconds. A million mentions take about 36 MB. The columns follow the file: rows are
numbered by `doc`, which only rises and is never used again, and whose content never changes (an edit is a new `doc`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backbone.archive_facts import FIELDS, micros, wanted
from backbone.ports import ArchiveQuery

KEPT = np.dtype([("created", "<i8"), *((field, "<u2") for field in FIELDS), ("drill", "u1")])
"""What a column is kept of."""
FACTS = np.dtype([("key", "<u8"), *KEPT.descr])
"""What is stored of one mention, packed: its `id_key`, and the columns."""
MAX_CODE = 0xFFFF

Mask = NDArray[np.bool_]
Slots = NDArray[np.int64]


def id_key(mention_id: str) -> int:
    """64 bits of a mention id, by which its docs are found; two ids may share them."""
    return int.from_bytes(hashlib.blake2b(mention_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


class Run(NamedTuple):
    """Some docs in order of their keys."""

    keys: NDArray[np.uint64]
    docs: NDArray[np.uint32]

    def merged(self, other: "Run") -> "Run":
        return Run.of(np.concatenate([self.keys, other.keys]), np.concatenate([self.docs, other.docs]))

    @classmethod
    def of(cls, keys: NDArray[np.uint64], docs: NDArray[np.uint32]) -> "Run":
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], docs[order])

    def find(self, keys: NDArray[np.uint64]) -> list[int]:
        """The docs of any of `keys`."""
        start, end = np.searchsorted(self.keys, keys, "left"), np.searchsorted(self.keys, keys, "right")
        some = end > start
        return [int(doc) for at, to in zip(start[some], end[some], strict=True) for doc in self.docs[at:to]]


class View(NamedTuple):
    """The archive as one reader sees it: slot i is the mention with `doc` = `base` + i."""

    base: int
    size: int
    alive: Mask
    columns: Mapping[str, NDArray[Any]]
    codes: Mapping[tuple[str, str], int]
    names: Mapping[tuple[str, int], str]
    runs: tuple[Run, ...]

    def candidates(self, keys: Sequence[int]) -> list[int]:
        """The docs that may be those of mentions with these `id_key`s; some of them may be gone."""
        wanted = np.array(keys, dtype=np.uint64)
        return [doc for run in self.runs for doc in run.find(wanted)]

    @property
    def next_doc(self) -> int:
        """All docs before this one are known."""
        return self.base + self.size

    @property
    def created(self) -> NDArray[np.int64]:
        return self.columns["created"][: self.size]

    def column(self, field: str) -> NDArray[np.uint16]:
        return self.columns[field][: self.size]

    def filtered(self, query: ArchiveQuery) -> Mask:
        """Which slots pass all filters of `query`, its text aside."""
        mask = self.alive[: self.size].copy()
        for field, values in wanted(query).items():
            mask &= self._is_one_of(field, values)
        if query.drill is not None:
            mask &= self.columns["drill"][: self.size] == query.drill
        if query.since is not None:
            mask &= self.created >= micros(query.since)
        if query.until is not None:
            mask &= self.created < micros(query.until)
        return mask

    def _is_one_of(self, field: str, wanted: Sequence[str]) -> Mask:
        codes = [code for value in wanted if (code := self.codes.get((field, value))) is not None]
        column = self.column(field)
        if len(codes) == 1:
            return np.equal(column, codes[0])
        passes = np.zeros(MAX_CODE + 1, dtype=np.bool_)
        passes[codes] = True
        return passes[column]

    def mask_of(self, docs: NDArray[np.uint32]) -> Mask:
        """Which slots are among `docs`, which rise."""
        start, end = np.searchsorted(docs, [self.base, self.base + self.size])
        mask = np.zeros(self.size, dtype=np.bool_)
        mask[docs[start:end].astype(np.int64) - self.base] = True
        return mask


class Columns:
    """Grows with the file. Views handed out before stay as they were. Not for several threads at once.

    Ids are hashes, so an index of them in the file would rewrite a page of its own for nearly every mention, which
    halves the speed at a million. They are kept here as sorted runs, of which neighbours of like size are merged.
    """

    def __init__(self) -> None:
        self._base = 0
        self._size = 0
        self._alive: Mask = np.zeros(0, dtype=np.bool_)
        self._columns: dict[str, NDArray[Any]] = {name: np.zeros(0, dtype=KEPT[name]) for name in KEPT.names or ()}
        self._runs: tuple[Run, ...] = ()
        self._codes: dict[tuple[str, str], int] = {}
        self._names: dict[tuple[str, int], str] = {}

    @property
    def next_doc(self) -> int:
        """All docs before this one are known."""
        return self._base + self._size

    def learn(self, names: Sequence[tuple[str, str, int]]) -> None:
        """Know these (field, value, code)."""
        if len(names) > len(self._codes):
            self._codes = {(field, value): code for field, value, code in names}
            self._names = {(field, code): value for field, value, code in names}

    def add(self, docs: Sequence[int], facts: bytes) -> None:
        """Add docs, rising and all beyond those known, with their packed facts."""
        if not docs:
            return
        if not self._size:
            self._base = docs[0]
        self._reserve(docs[-1] + 1 - self._base)
        slots = np.asarray(docs, dtype=np.int64) - self._base
        rows = np.frombuffer(facts, dtype=FACTS)
        for name, column in self._columns.items():
            column[slots] = rows[name]
        self._alive[slots] = True
        self._size = int(slots[-1]) + 1
        self._add_run(Run.of(rows["key"], np.asarray(docs, dtype=np.uint32)))

    def _add_run(self, run: Run) -> None:
        older = list(self._runs)
        while older and len(older[-1].keys) <= 2 * len(run.keys):
            run = older.pop().merged(run)
        self._runs = (*older, run)

    def _reserve(self, size: int) -> None:
        room = len(self._alive)
        if size <= room:
            return
        more = max(size, room + room // 2, 4096)
        self._columns = {name: _grown(column, more, self._size) for name, column in self._columns.items()}
        self._alive = _grown(self._alive, more, self._size)

    def remove(self, docs: Sequence[int]) -> None:
        """Forget docs; the room they took at the old end is given back."""
        slots = np.asarray(docs, dtype=np.int64) - self._base
        slots = slots[(slots >= 0) & (slots < self._size)]
        if not len(slots):
            return
        self._alive = self._alive.copy()
        self._alive[slots] = False
        self._give_back()

    def _give_back(self) -> None:
        first = int(self._alive[: self._size].argmax())
        if first * 2 <= self._size:
            return
        self._columns = {name: column[first:].copy() for name, column in self._columns.items()}
        self._alive = self._alive[first:].copy()
        self._base += first
        self._size -= first
        kept = [(run, run.docs >= self._base) for run in self._runs]
        self._runs = tuple(Run(run.keys[keep], run.docs[keep]) for run, keep in kept)

    def view(self) -> View:
        return View(self._base, self._size, self._alive, self._columns, self._codes, self._names, self._runs)


def _grown(column: NDArray[Any], room: int, size: int) -> NDArray[Any]:
    grown = np.zeros(room, dtype=column.dtype)
    grown[:size] = column[:size]
    return grown
