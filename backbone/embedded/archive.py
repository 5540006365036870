"""The archive on SQLite: words in FTS5, everything that is counted in columns in memory.

A question is answered in three steps: each of its clauses gives the docs that answer it (from FTS5, remembered and
only ever extended, since a doc's content never changes), the clauses and filters are joined as masks over all docs,
and what remains is counted and cut. So totals are exact, and a word that half of all mentions hold costs tens of
milliseconds the first time and a few after that.
"""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Any, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from backbone.archive_facts import (
    check_buckets,
    check_facets,
    check_hits,
    check_interval,
    cursor,
    instant,
    micros,
    read_cursor,
)
from backbone.archive_query import Clause, mark, read_query
from backbone.embedded import archive_file as file
from backbone.embedded.archive_columns import Columns, Mask, Slots, View
from backbone.embedded.sqlite import Durability, SqliteFile
from backbone.errors import Unavailable
from backbone.ports import Archive, ArchiveHit, ArchivePage, ArchiveQuery, Bucket
from contracts.mentions import ClassifiedMention, Sentiment, Urgency

REMEMBERED_BYTES = 32 << 20
EXPIRE_ROWS = 1000

T = TypeVar("T")


class SqliteArchive(Archive):
    """See `Archive`. A view that can be rebuilt, so a power cut may cost the last commits (``normal``)."""

    @classmethod
    async def open(cls, path: Path, durability: Durability = "normal", inline: bool = False) -> "SqliteArchive":
        """Open or create the file; Unavailable ``other_format`` if another version wrote it.

        The first use loads the columns, which takes a second or two for a million mentions.
        """
        archive = cls(await asyncio.to_thread(SqliteFile, path, durability, file.SCHEMA, inline))
        try:
            await archive._prepare()
        except BaseException:
            await archive.close()
            raise
        return archive

    def __init__(self, stored: SqliteFile) -> None:
        self._file = stored
        self._columns = Columns()
        self._gone_upto = 0
        self._following = threading.Lock()
        self._matches = _Matches(REMEMBERED_BYTES)

    async def _prepare(self) -> None:
        found = await self._file.read(lambda connection: connection.execute("PRAGMA user_version").fetchone()[0])
        if found not in (0, file.FORMAT):
            raise Unavailable(
                f"{self._file.path}: the archive has format {found}, and this version reads {file.FORMAT}.",
                code="other_format",
                remedy="Remove the file and rebuild the archive from mentions.classified.",
            )
        await self._file.write(file.claim)

    async def index(self, mentions: Sequence[tuple[ClassifiedMention, int]]) -> None:
        rows = await asyncio.to_thread(file.prepare, mentions)
        keys = [row.key for row in rows]
        candidates, beyond = await self._read(lambda _, view: (view.candidates(keys), view.next_doc))
        await self._file.write(partial(file.upsert, rows=rows, candidates=candidates, beyond=beyond))

    async def search(self, query: ArchiveQuery, limit: int, after: str | None = None) -> ArchivePage:
        check_hits(limit)
        clauses, position = read_query(query.text), read_cursor(after)
        return await self._read(
            lambda connection, view: self._search(connection, view, query, clauses, limit, position)
        )

    def _search(
        self,
        connection: Connection,
        view: View,
        query: ArchiveQuery,
        clauses: Sequence[Clause],
        limit: int,
        position: tuple[int, str] | None,
    ) -> ArchivePage:
        found = np.flatnonzero(self._answer(connection, view, query, clauses))
        ordered = _newest(connection, view, found, limit + 1, position)
        mentions = file.events(connection, [view.base + int(slot) for slot in ordered[:limit]])
        positive = any(not clause.excluded for clause in clauses)
        hits = tuple(
            ArchiveHit(mention=event, highlight=mark(event.mention.text, clauses) if positive else None)
            for event in mentions
        )
        more = len(ordered) > limit
        return ArchivePage(hits=hits, total=len(found), next=cursor(mentions[-1]) if more else None)

    async def histogram(self, query: ArchiveQuery, interval_s: int) -> Sequence[Bucket]:
        check_interval(interval_s)
        clauses = read_query(query.text)
        return await self._read(
            lambda connection, view: _histogram(view, self._answer(connection, view, query, clauses), interval_s)
        )

    async def facets(
        self, query: ArchiveQuery, fields: Sequence[str], limit: int = 20
    ) -> Mapping[str, Mapping[str, int]]:
        check_facets(fields, limit)
        clauses = read_query(query.text)
        return await self._read(
            lambda connection, view: _facets(view, self._answer(connection, view, query, clauses), fields, limit)
        )

    async def expire(self, before: datetime) -> int:
        horizon, forgotten = micros(before), 0
        docs = await self._read(lambda _, view: _created_before(view, horizon))
        for at in range(0, len(docs), EXPIRE_ROWS):
            forgotten += await self._file.write(partial(file.delete, docs=docs[at : at + EXPIRE_ROWS]))
        return forgotten

    async def ping(self) -> None:
        await self._read(lambda _connection, _view: None)

    async def close(self) -> None:
        await self._file.close()

    async def _read(self, job: Callable[[Connection, View], T]) -> T:
        return await self._file.read(lambda connection: self._in_snapshot(connection, job))

    def _in_snapshot(self, connection: Connection, job: Callable[[Connection, View], T]) -> T:
        """Run `job` on one snapshot of the file and the view of the columns that belongs to it."""
        try:
            return job(connection, self._snapshot(connection))
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _snapshot(self, connection: Connection) -> View:
        # Under the lock, so that no snapshot is older than the columns are.
        with self._following:
            connection.execute("BEGIN")
            self._gone_upto = file.follow(connection, self._columns, self._gone_upto)
            return self._columns.view()

    def _answer(self, connection: Connection, view: View, query: ArchiveQuery, clauses: Sequence[Clause]) -> Mask:
        mask = view.filtered(query)
        for clause in clauses:
            answers = view.mask_of(self._matches.of(connection, clause.match(), view.next_doc - 1))
            mask &= ~answers if clause.excluded else answers
        return mask


class _Matches:
    """Which docs answer an FTS5 expression, remembered up to so many bytes, least lately asked out first.

    What is remembered stays true: a doc's content never changes, and those forgotten are masked by the view. So an
    expression asked again reads only the docs that came since.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._known: OrderedDict[str, tuple[int, NDArray[np.uint32]]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, connection: Connection, match: str, upto: int) -> NDArray[np.uint32]:
        """The docs up to `upto` (or some beyond), the last doc of the connection's snapshot."""
        with self._lock:
            known_upto, docs = self._known.get(match, (0, np.zeros(0, dtype=np.uint32)))
        if known_upto < upto:
            docs = np.concatenate([docs, file.matching(connection, match, known_upto)])
            known_upto = upto
        self._remember(match, known_upto, docs)
        return docs

    def _remember(self, match: str, upto: int, docs: NDArray[np.uint32]) -> None:
        with self._lock:
            before = self._known.pop(match, None)
            if before is not None:
                self._bytes -= before[1].nbytes
                upto, docs = max((upto, docs), before, key=lambda known: known[0])
            self._known[match] = (upto, docs)
            self._bytes += docs.nbytes
            while self._bytes > self._most_bytes:
                self._bytes -= self._known.popitem(last=False)[1][1].nbytes


# ------------------------------------------------------------------------------------------------------- order


def _newest(
    connection: Connection, view: View, found: Slots, count: int, position: tuple[int, str] | None
) -> Sequence[int]:
    """The first `count` of `found` after `position`, by `created_at` descending, then id."""
    created = view.created[found]
    if position is not None:
        keep = created <= position[0]
        found, created = found[keep], created[keep]
        drop = _ids_upto(connection, view, found[created == position[0]], position[1])
        if drop:
            keep = ~np.isin(found, drop)
            found, created = found[keep], created[keep]
    if len(found) > count:
        oldest = np.partition(created, len(created) - count)[len(created) - count]
        keep = created >= oldest
        found, created = found[keep], created[keep]
    keys = file.ids(connection, [view.base + int(slot) for slot in found])
    ordered = sorted(zip(found.tolist(), created.tolist(), strict=True), key=lambda p: (-p[1], keys[view.base + p[0]]))
    return [slot for slot, _ in ordered[:count]]


def _ids_upto(connection: Connection, view: View, slots: Slots, last: str) -> list[int]:
    """Those of `slots` whose ids do not come after `last`."""
    keys = file.ids(connection, [view.base + int(slot) for slot in slots])
    return [doc - view.base for doc, key in keys.items() if key <= last]


# ---------------------------------------------------------------------------------------------------- counting


def _histogram(view: View, mask: Mask, interval_s: int) -> list[Bucket]:
    found = np.flatnonzero(mask)
    if not len(found):
        return []
    interval = interval_s * 1_000_000
    number = view.created[found] // interval
    first, last = int(number.min()), int(number.max())
    check_buckets(last - first + 1, interval_s)
    number, count = number - first, last - first + 1
    sentiment = _split(view, found, number, count, "sentiment", get_args(Sentiment))
    urgency = _split(view, found, number, count, "urgency", get_args(Urgency))
    totals = np.bincount(number, minlength=count).tolist()
    return [
        Bucket(start=instant((first + i) * interval), count=totals[i], sentiment=sentiment[i], urgency=urgency[i])
        for i in range(count)
    ]


def _split(
    view: View, found: Slots, number: NDArray[np.int64], count: int, field: str, values: Sequence[str]
) -> list[dict[str, int]]:
    """Per interval how many of each value, zeros included."""
    lookup = np.array([view.codes.get((field, value), -1) for value in values])
    order = np.full(int(lookup.max()) + 1, 0)
    order[lookup[lookup >= 0]] = np.flatnonzero(lookup >= 0)
    place = order[view.column(field)[found]]
    table = np.bincount(number * len(values) + place, minlength=count * len(values)).reshape(count, len(values))
    return [dict(zip(values, row, strict=True)) for row in table.tolist()]


def _facets(view: View, mask: Mask, fields: Sequence[str], limit: int) -> dict[str, dict[str, int]]:
    found = np.flatnonzero(mask)
    return {field: _facet(view, found, field, limit) for field in fields}


def _facet(view: View, found: Slots, field: str, limit: int) -> dict[str, int]:
    counts = np.bincount(view.column(field)[found])
    values = [(view.names[field, int(code)], int(counts[code])) for code in np.flatnonzero(counts)]
    return dict(sorted(values, key=lambda pair: (-pair[1], pair[0]))[:limit])


def _created_before(view: View, horizon: int) -> list[int]:
    old: Any = np.flatnonzero(view.alive[: view.size] & (view.created < horizon))
    return [view.base + slot for slot in old.tolist()]
