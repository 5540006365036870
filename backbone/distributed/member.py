"""What a keyed runner is given: one process's part in a group and in the table beside it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from backbone.ports import Record


class Member(Protocol):
    """One process's part in a group and in its table. Generations are counted by assignments."""

    async def start(self) -> None:
        """Begin to join; Unavailable where nobody answers."""
        ...

    async def generation(self) -> int | None:
        """The assignment that holds, once the table has been read to its end; None meanwhile. Raises why it died."""
        ...

    def table(self) -> Mapping[int, Mapping[str, bytes]]:
        """What is kept of each partition that it has."""
        ...

    async def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        """Up to `limit` records of the present assignment, in order per partition; some may be missing, or come
        twice."""
        ...

    async def again(self, partition: int, offset: int) -> None:
        """Records from `offset` on come again."""
        ...

    async def save(self, records: Mapping[str, bytes], homes: Mapping[str, int]) -> None:
        """Keep the records, each in its home partition, all acknowledged; or raise Unavailable."""
        ...

    async def commit(self, positions: Mapping[int, int]) -> None:
        """Remember next offsets; Conflict if the assignment no longer holds, Unavailable."""
        ...

    def progress(self) -> object:
        """Changes while a table is being read."""
        ...

    async def close(self) -> None:
        """Leave the group."""
        ...


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How long something may stand still. Times are in seconds."""

    session_s: float = 30.0
    """The group takes a member that was not heard of for so long for dead."""
    stalled_s: float = 120.0
    """Nothing was handled or read for so long while there was something and the log answered: give up."""
    answer_s: float = 30.0
    """An answer that takes longer counts as none."""
