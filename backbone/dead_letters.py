"""Records that no handler can take: where they go, and how many there may be before the line stops."""

from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import msgspec

from backbone.errors import Stopped
from backbone.handling import Rejected
from backbone.ports import NewRecord, Record
from contracts.work import DeadLetter

_ENCODER = msgspec.json.Encoder()


def dead_letter(rejected: Rejected, group: str, at: datetime) -> NewRecord:
    """The record for ``<topic>.dead``: whole, with the reason, so that it can be replayed."""
    record = rejected.record
    letter = DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        payload=record.value,
        reason=rejected.reason,
        detail=rejected.detail,
        group=group,
        at=at,
    )
    return NewRecord(f"{record.topic}.dead", record.key, _ENCODER.encode(letter))


class DeadLetterLimit:
    """Stops the line before a bad deployment empties a topic into the bin.

    Either limit stops it: more than `share` of the last `window` records (or some more, whole batches), or more than
    `in_a_row` one after another. What was counted is forgotten at a restart.
    """

    def __init__(self, group: str, share: float, window: int, in_a_row: int) -> None:
        self._group = group
        self._share = share
        self._window = window
        self._in_a_row = in_a_row
        self._batches: deque[tuple[int, int]] = deque()
        self._seen = self._bad = self._row = 0

    def check(self, records: Sequence[Record], rejected: Sequence[Rejected]) -> None:
        """Stopped ``too_many_dead_letters`` if this batch, with these rejected, goes beyond a limit."""
        if not rejected:
            return
        seen, bad = self._seen + len(records), self._bad + len(rejected)
        longest, _ = self._rows(records, rejected)
        if longest > self._in_a_row:
            raise self._stopped(f"{longest} records in a row", rejected)
        if seen >= self._window and bad > self._share * seen:
            raise self._stopped(f"{bad} of the last {seen} records", rejected)

    def count(self, records: Sequence[Record], rejected: Sequence[Rejected]) -> None:
        """Remember a batch that was committed."""
        _, self._row = self._rows(records, rejected) if rejected else (0, 0)
        self._batches.append((len(records), len(rejected)))
        self._seen, self._bad = self._seen + len(records), self._bad + len(rejected)
        while self._seen - self._batches[0][0] >= self._window:
            size, dead = self._batches.popleft()
            self._seen, self._bad = self._seen - size, self._bad - dead

    def _rows(self, records: Sequence[Record], rejected: Sequence[Rejected]) -> tuple[int, int]:
        """The longest row of rejected records that this batch makes, and the one that it ends with."""
        bad = {place(item.record) for item in rejected}
        row = longest = self._row
        for is_bad, same in groupby(place(record) in bad for record in records):
            row = row + len(list(same)) if is_bad else 0
            longest = max(longest, row)
        return longest, row

    def _stopped(self, how_many: str, rejected: Sequence[Rejected]) -> Stopped:
        first = rejected[0].record
        reasons = ", ".join(f"{reason} {n}" for reason, n in Counter(item.reason for item in rejected).most_common())
        return Stopped(
            f"Group {self._group} stopped: {how_many} cannot be handled (in this batch: {reasons}; the first is "
            f"{first.topic}/{first.partition} offset {first.offset}). Nothing of this batch was committed.",
            code="too_many_dead_letters",
            remedy="Look for what changed in the sender or in this version, and start again. If the records are worth "
            "nothing, set WEBCARE_DEAD_LETTER_SHARE=1 for one run: they go to "
            f"{first.topic}.dead, to be put back later.",
        )


def place(record: Record) -> tuple[str, int, int]:
    """Where a record stands in the log."""
    return record.topic, record.partition, record.offset
