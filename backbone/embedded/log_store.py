"""How the log lies in its file: the tables, and the statements that read and write them.

A record's row id is its place: slot (topic and partition) in the upper bits, offset in the lower 40. So a partition
lies together and in order, and its offsets have no gaps except below its first record.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from backbone.errors import BadInput
from backbone.ports import NewRecord, Partition, Record
from contracts.topics import Topic

OFFSET_BITS = 40
SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY, first_slot INTEGER NOT NULL, partitions INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    place INTEGER PRIMARY KEY, appended_at INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS committed (
    consumer_group TEXT, slot INTEGER, next INTEGER NOT NULL, PRIMARY KEY (consumer_group, slot)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pings (only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL);
COMMIT;
"""

_TOPICS = "SELECT name, first_slot, partitions FROM topics"
_NEXT_SLOT = "SELECT coalesce(max(first_slot + partitions), 0) FROM topics"
_ADD_TOPIC = "INSERT INTO topics VALUES (?, ?, ?)"
_LAST = "SELECT place FROM records WHERE place >= ? AND place < ? ORDER BY place DESC LIMIT 1"
_FIRST = "SELECT place FROM records WHERE place >= ? AND place < ? ORDER BY place LIMIT 1"
_FIRST_KEPT = "SELECT place FROM records WHERE place >= ? AND place < ? AND appended_at >= ? ORDER BY place LIMIT 1"
_DROP = "DELETE FROM records WHERE place >= ? AND place < ?"
_APPEND = "INSERT INTO records VALUES (?, ?, ?, ?)"
_READ = "SELECT place, appended_at, key, value FROM records WHERE place >= ? AND place < ? ORDER BY place"
_COMMITTED = "SELECT consumer_group, slot, next FROM committed"
_COMMIT = "INSERT INTO committed VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next = excluded.next"
_PING = "INSERT INTO pings VALUES (1, 1) ON CONFLICT DO UPDATE SET number = number + 1"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Extent = tuple[int, int]
"""The first offset kept and the next offset of one partition."""


def lay_topics(connection: sqlite3.Connection, topics: Sequence[Topic]) -> dict[Partition, int]:
    """The slot of each partition of `topics`; new topics get theirs. BadInput where the partition count changed."""
    known = {name: (slot, partitions) for name, slot, partitions in connection.execute(_TOPICS)}
    (free,) = connection.execute(_NEXT_SLOT).fetchone()
    slots: dict[Partition, int] = {}
    for topic in topics:
        first, partitions = known.get(topic.name, (free, topic.partitions))
        if partitions != topic.partitions:
            raise _partitions_changed(topic, partitions)
        if topic.name not in known:
            connection.execute(_ADD_TOPIC, (topic.name, first, partitions))
            free += partitions
        slots.update({Partition(topic.name, n): first + n for n in range(partitions)})
    return slots


def _partitions_changed(topic: Topic, partitions: int) -> BadInput:
    return BadInput(
        f"Topic {topic.name} has {partitions} partitions in this log, and {topic.partitions} in the catalogue.",
        code="partitions_changed",
        remedy="Start with an empty data folder, or set the catalogue back: records would lose their order.",
    )


def extents(connection: sqlite3.Connection, slots: Iterable[int]) -> dict[int, Extent]:
    """What is there of each slot."""
    found: dict[int, Extent] = {}
    for slot in slots:
        first = connection.execute(_FIRST, _range(slot)).fetchone()
        found[slot] = (_offset(first[0]) if first else 0, _end(connection, slot))
    return found


def append(
    connection: sqlite3.Connection, slots: Sequence[int], records: Sequence[NewRecord], at: datetime
) -> list[int]:
    """Insert each record at the end of its slot; returns the offset of each."""
    stamp = (at - _EPOCH) // _MICROSECOND
    ends = {slot: _end(connection, slot) for slot in set(slots)}
    offsets: list[int] = []
    rows: list[tuple[int, int, str, bytes]] = []
    for slot, (_, key, value) in zip(slots, records, strict=True):
        offset = ends[slot]
        ends[slot] = offset + 1
        offsets.append(offset)
        rows.append(((slot << OFFSET_BITS) | offset, stamp, key, value))
    connection.executemany(_APPEND, rows)
    return offsets


def read(
    connection: sqlite3.Connection, partition: Partition, slot: int, start: int, end: int, max_bytes: int
) -> list[Record]:
    """The records from `start` to before `end`; fewer, though at least one, once they exceed `max_bytes`."""
    topic, number = partition
    base = slot << OFFSET_BITS
    found: list[Record] = []
    size, stamp, at = 0, -1, _EPOCH
    for place, appended, key, value in connection.execute(_READ, (base + start, base + end)):
        if appended != stamp:
            stamp, at = appended, _EPOCH + timedelta(microseconds=appended)
        found.append(Record(topic, number, place - base, key, value, at))
        size += len(value)
        if size >= max_bytes:
            break
    return found


def first_kept(connection: sqlite3.Connection, slot: int, extent: Extent, since: datetime) -> int:
    """The first offset appended at `since` or later; at most the newest record's."""
    start, end = extent
    if start == end:
        return start
    low, high = _range(slot)
    row = connection.execute(_FIRST_KEPT, (low + start, high, (since - _EPOCH) // _MICROSECOND)).fetchone()
    return _offset(row[0]) if row else end - 1


def drop(connection: sqlite3.Connection, slot: int, start: int, stop: int) -> int:
    """Delete the records from offset `start` to before `stop`; returns how many."""
    base = slot << OFFSET_BITS
    return connection.execute(_DROP, (base + start, base + stop)).rowcount


def committed(connection: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """(group, slot, next offset) of all that was ever committed."""
    return connection.execute(_COMMITTED).fetchall()


def commit(connection: sqlite3.Connection, group: str, positions: Mapping[int, int]) -> None:
    """Remember the next offset of each slot for `group`."""
    connection.executemany(_COMMIT, [(group, slot, position) for slot, position in positions.items()])


def ping(connection: sqlite3.Connection) -> None:
    """Write something, to see that one can."""
    connection.execute(_PING)


def _end(connection: sqlite3.Connection, slot: int) -> int:
    last = connection.execute(_LAST, _range(slot)).fetchone()
    return _offset(last[0]) + 1 if last else 0


def _range(slot: int) -> tuple[int, int]:
    return slot << OFFSET_BITS, (slot + 1) << OFFSET_BITS


def _offset(place: int) -> int:
    return place & ((1 << OFFSET_BITS) - 1)
