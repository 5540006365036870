"""How far the desk has come, kept by the desk itself, so that effects and offsets are one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from backbone.dead_letters import dead_letter
from backbone.handling import Delivered, E, Rejected
from backbone.ports import Desk, DeskTransaction, Partition, Record


class Positions:
    """The desk's offsets of one consumer, as this process last knew them.

    The desk refuses to move from where it does not stand, so a stale memory costs a batch and never an effect.
    """

    def __init__(self, desk: Desk, consumer: str) -> None:
        self._desk = desk
        self._consumer = consumer
        self._next: dict[Partition, int] = {}

    async def load(self) -> None:
        """Ask the desk where it stands."""
        self._next = dict(await self._desk.offsets(self._consumer))

    def next(self, partition: Partition) -> int:
        """The first offset that has had no effect yet."""
        return self._next.get(partition, 0)

    def fresh(
        self, batch: Sequence[Delivered[E]], rejected: Sequence[Rejected]
    ) -> tuple[list[Delivered[E]], list[Rejected], dict[Partition, int]]:
        """What of a delivery has had no effect yet, and where the desk stands after it."""
        new = [each for each in batch if each.record.offset >= self.next(place_of(each.record))]
        dead = [each for each in rejected if each.record.offset >= self.next(place_of(each.record))]
        records = [each.record for each in new] + [each.record for each in dead]
        return new, dead, _ends(records)

    async def advance(self, tx: DeskTransaction, after: Mapping[Partition, int]) -> None:
        """Move on within a transaction; call `moved` once it is committed."""
        for partition in sorted(after):
            await tx.advance(self._consumer, partition, self.next(partition), after[partition])

    def moved(self, after: Mapping[Partition, int]) -> None:
        """The transaction that moved on is committed."""
        self._next.update(after)


def place_of(record: Record) -> Partition:
    """The partition of a record."""
    return Partition(record.topic, record.partition)


def _ends(records: Iterable[Record]) -> dict[Partition, int]:
    """The next offset after these records, by partition."""
    after: dict[Partition, int] = {}
    for record in records:
        place = place_of(record)
        after[place] = max(after.get(place, 0), record.offset + 1)
    return after


async def bury(tx: DeskTransaction, rejected: Sequence[Rejected], group: str, at: datetime) -> None:
    """Owe the dead-letter topics these records, whole, with why."""
    for each in rejected:
        letter = dead_letter(each, group, at)
        await tx.publish(letter.topic, letter.key, letter.value)
