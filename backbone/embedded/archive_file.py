"""The archive's file: its schema, and what is written to and read from it. Rows are numbered by `doc`."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from backbone.archive_facts import FIELDS, body, field_values, micros, newest
from backbone.archive_words import words
from backbone.embedded.archive_columns import FACTS, MAX_CODE, Columns, id_key
from backbone.errors import BadInput
from contracts.mentions import ClassifiedMention

FORMAT = 1
"""Rises with any change of the schema or of what a word is; a file of another format is built anew."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS docs (
    doc INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, version INTEGER NOT NULL, facts BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS bodies (doc INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5 (words, columnsize = 0, tokenize = 'ascii', prefix = '2 3');
CREATE TABLE IF NOT EXISTS names (field TEXT NOT NULL, value TEXT NOT NULL, code INTEGER NOT NULL,
    PRIMARY KEY (field, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gone (number INTEGER PRIMARY KEY AUTOINCREMENT, docs TEXT NOT NULL);
"""

_LOAD_ROWS = 50_000
_decode = msgspec.json.Decoder(ClassifiedMention).decode


class Prepared(NamedTuple):
    """A mention as it is stored."""

    id: str
    key: int
    version: int
    created: int
    values: tuple[str, ...]
    drill: bool
    body: bytes
    words: str


# ----------------------------------------------------------------------------------------------------- writing


def prepare(events: Iterable[tuple[ClassifiedMention, int]]) -> list[Prepared]:
    """One row per mention id: the highest version, and of equal ones the last. BadInput for text no file can hold."""
    return [_prepared(event, version) for event, version in newest(events)]


def _prepared(event: ClassifiedMention, version: int) -> Prepared:
    mention = event.mention
    text = " ".join(words(mention.text))
    return Prepared(
        mention.id,
        id_key(mention.id),
        version,
        micros(mention.created_at),
        field_values(event),
        mention.drill,
        body(event),
        text,
    )


def upsert(connection: sqlite3.Connection, rows: Sequence[Prepared], candidates: Sequence[int], beyond: int) -> None:
    """Add or replace, all in the caller's transaction; what is stored already in this or a newer version stays.

    What is stored of these mentions is among `candidates` and the docs from `beyond` on.
    """
    known = _known(connection, {row.id for row in rows}, candidates, beyond)
    news = [row for row in rows if row.id not in known or row.version >= known[row.id][1]]
    old = {known[row.id][0]: row for row in news if row.id in known}
    same = _unchanged(connection, old)
    delete(connection, [doc for doc in old if doc not in same])
    _insert(connection, [row for row in news if row.id not in known or known[row.id][0] not in same])
    connection.executemany("UPDATE docs SET version = ? WHERE doc = ?", [(old[doc].version, doc) for doc in same])


def _known(
    connection: sqlite3.Connection, wanted: set[str], candidates: Sequence[int], beyond: int
) -> dict[str, tuple[int, int]]:
    query = "SELECT id, doc, version FROM docs WHERE doc >= ? OR doc IN (SELECT value FROM json_each(?))"
    rows = connection.execute(query, (beyond, json.dumps(candidates)))
    return {key: (doc, version) for key, doc, version in rows if key in wanted}


def _unchanged(connection: sqlite3.Connection, old: dict[int, Prepared]) -> list[int]:
    stored = bodies(connection, list(old))
    return [doc for doc, row in old.items() if stored.get(doc) == row.body]


def _insert(connection: sqlite3.Connection, rows: Sequence[Prepared]) -> None:
    if not rows:
        return
    facts = _facts(connection, rows)
    last = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'docs'").fetchone()[0]
    numbered = list(enumerate(rows, last + 1))
    connection.executemany(
        "INSERT INTO docs (doc, id, version, facts) VALUES (?, ?, ?, ?)",
        [(doc, row.id, row.version, fact) for (doc, row), fact in zip(numbered, facts, strict=True)],
    )
    connection.executemany("INSERT INTO bodies (doc, body) VALUES (?, ?)", [(doc, row.body) for doc, row in numbered])
    connection.executemany(
        "INSERT INTO texts (rowid, words) VALUES (?, ?)", [(doc, row.words) for doc, row in numbered]
    )


def _facts(connection: sqlite3.Connection, rows: Sequence[Prepared]) -> list[bytes]:
    codes = _codes(connection, {pair for row in rows for pair in zip(FIELDS, row.values, strict=True)})
    packed = np.array(
        [
            (row.key, row.created, *(codes[pair] for pair in zip(FIELDS, row.values, strict=True)), row.drill)
            for row in rows
        ],
        dtype=FACTS,
    ).tobytes()
    size = FACTS.itemsize
    return [packed[at : at + size] for at in range(0, len(packed), size)]


def _codes(connection: sqlite3.Connection, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The number of every (field, value), new ones added; BadInput ``too_many_values`` where numbers ran out."""
    codes = {(field, value): code for field, value, code in names(connection)}
    for field, value in sorted(pairs - codes.keys()):
        code = sum(known == field for known, _ in codes)
        if code > MAX_CODE:
            raise BadInput(
                f"The archive holds {code} different values of {field!r} and can take no more.",
                code="too_many_values",
                remedy="Check what the sources send as their channel and brand.",
            )
        connection.execute("INSERT INTO names (field, value, code) VALUES (?, ?, ?)", (field, value, code))
        codes[field, value] = code
    return codes


def delete(connection: sqlite3.Connection, docs: Sequence[int]) -> int:
    """Forget docs, their text too, in the caller's transaction; returns how many were there."""
    if not docs:
        return 0
    each = [(doc,) for doc in docs]
    deleted = connection.executemany("DELETE FROM docs WHERE doc = ?", each).rowcount
    connection.executemany("DELETE FROM bodies WHERE doc = ?", each)
    connection.executemany("DELETE FROM texts WHERE rowid = ?", each)
    connection.execute("INSERT INTO gone (docs) VALUES (?)", (json.dumps(list(docs)),))
    return deleted


def claim(connection: sqlite3.Connection) -> None:
    """Make the file ours to write: of our format, and with room for merging the index in memory.

    The list of what is gone is dropped, because whoever opens the file reads only what is there.
    """
    connection.execute("DELETE FROM gone")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("PRAGMA cache_size = -32000")
    connection.execute("PRAGMA wal_autocheckpoint = 16000")


# ----------------------------------------------------------------------------------------------------- reading


def names(connection: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """(field, value, code) of every value that was ever stored."""
    return connection.execute("SELECT field, value, code FROM names").fetchall()


def follow(connection: sqlite3.Connection, columns: Columns, gone_upto: int) -> int:
    """Bring `columns` up to this connection's snapshot; returns up to where the list of what is gone was read."""
    columns.learn(names(connection))
    cursor = connection.execute("SELECT doc, facts FROM docs WHERE doc >= ? ORDER BY doc", (columns.next_doc,))
    while rows := cursor.fetchmany(_LOAD_ROWS):
        columns.add([doc for doc, _ in rows], b"".join(facts for _, facts in rows))
    query = "SELECT number, docs FROM gone WHERE number > ? ORDER BY number"
    for number, docs in connection.execute(query, (gone_upto,)).fetchall():
        columns.remove(json.loads(docs))
        gone_upto = number
    return gone_upto


def matching(connection: sqlite3.Connection, match: str, beyond: int) -> NDArray[np.uint32]:
    """The docs after `beyond` that answer an FTS5 expression, rising.

    They come as one text because a row each costs three times as much.
    """
    query = "SELECT group_concat(rowid, ' ') FROM texts WHERE texts MATCH ? AND rowid > ?"
    listed = connection.execute(query, (match, beyond)).fetchone()[0]
    return np.fromstring(listed, dtype=np.uint32, sep=" ") if listed else np.zeros(0, dtype=np.uint32)


def bodies(connection: sqlite3.Connection, docs: Sequence[int]) -> dict[int, bytes]:
    query = "SELECT doc, body FROM bodies WHERE doc IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(query, (json.dumps(docs),)).fetchall())


def events(connection: sqlite3.Connection, docs: Sequence[int]) -> list[ClassifiedMention]:
    """The mentions of `docs`, in their order."""
    stored = bodies(connection, docs)
    return [_decode(stored[doc]) for doc in docs]


def ids(connection: sqlite3.Connection, docs: Sequence[int]) -> dict[int, str]:
    query = "SELECT doc, id FROM docs WHERE doc IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(query, (json.dumps(docs),)).fetchall())
