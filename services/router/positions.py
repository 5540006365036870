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
        # Plain tuples: equal to a Partition as a key, and made in a fraction of the time, for each record.
        self._next: dict[tuple[str, int], int] = {}

    async def load(self) -> None:
        """Ask the desk where it stands."""
        offsets = await self._desk.offsets(self._consumer)
        self._next = {(place.topic, place.number): offset for place, offset in offsets.items()}

    def next(self, partition: tuple[str, int]) -> int:
        """The first offset that has had no effect yet."""
        return self._next.get(partition, 0)

    def fresh(
        self, batch: Sequence[Delivered[E]], rejected: Sequence[Rejected]
    ) -> tuple[list[Delivered[E]], list[Rejected], dict[Partition, int]]:
        """What of a delivery has had no effect yet, and where the desk stands after it."""
        new = [each for each in batch if self._is_new(each.record)]
        dead = [each for each in rejected if self._is_new(each.record)]
        records = [each.record for each in new] + [each.record for each in dead]
        return new, dead, _ends(records)

    def _is_new(self, record: Record) -> bool:
        return record.offset >= self._next.get((record.topic, record.partition), 0)

    async def advance(self, tx: DeskTransaction, after: Mapping[Partition, int]) -> None:
        """Move on within a transaction; call `moved` once it is committed."""
        for partition in sorted(after):
            await tx.advance(self._consumer, partition, self.next(partition), after[partition])

    def moved(self, after: Mapping[Partition, int]) -> None:
        """The transaction that moved on is committed."""
        for place, offset in after.items():
            self._next[place] = offset


def _ends(records: Iterable[Record]) -> dict[Partition, int]:
    """The next offset after these records, by partition."""
    after: dict[tuple[str, int], int] = {}
    for record in records:
        place = (record.topic, record.partition)
        after[place] = max(after.get(place, 0), record.offset + 1)
    return {Partition(*place): end for place, end in after.items()}


async def bury(tx: DeskTransaction, rejected: Sequence[Rejected], group: str, at: datetime) -> None:
    """Owe the dead-letter topics these records, whole, with why."""
    for each in rejected:
        letter = dead_letter(each, group, at)
        await tx.publish(letter.topic, letter.key, letter.value)
