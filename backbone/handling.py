"""What a service gives the runner: a handler, which turns batches of events into effects."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import msgspec

from backbone.ports import NewRecord, Partition, Record
from contracts.base import Event

E = TypeVar("E", bound=Event)
E_contra = TypeVar("E_contra", bound=Event, contravariant=True)
S = TypeVar("S")


class Delivered(msgspec.Struct, Generic[E], frozen=True):
    """One event and the record it came in."""

    record: Record
    event: E


class Rejected(msgspec.Struct, frozen=True):
    """A record that no retry will mend, with the stable code and the words of why."""

    record: Record
    reason: str
    detail: str


class Handler(Protocol[E]):
    """One consumer's work. Deterministic: the same batch twice has the effect of once."""

    group: str
    topics: Sequence[str]
    owns_offsets: bool
    """True: the handler keeps its offsets (and dead letters) itself, in one transaction with its effects."""

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """These partitions are now ours, committed up to here: prepare, and say where to start."""
        ...

    async def handle(self, batch: Sequence[Delivered[E]], rejected: Sequence[Rejected]) -> Sequence[NewRecord]:
        """Take effect, and return what to append to the log before the offsets are committed.

        `batch` may be empty, and `rejected` may come with any call. A handler that owns its offsets returns nothing:
        what it has to tell goes through its outbox, since outputs are appended after its transaction.
        `rejected` (the batch's unreadable records) matters to handlers that own their offsets; the runner writes
        the others' dead letters. Raises Unavailable or Backpressure (the same batch comes again), Conflict
        (somebody else owns the partition: the batch is dropped and positions are asked for anew), or
        `Unhandleable` to reject single records and get the rest again.
        """
        ...


class KeyedStep(Protocol[S, E_contra]):
    """One stateful step, whose states are kept by key by somebody else. Pure.

    The same events twice give the state and, by their ids, the outputs of once; a given state is not changed.
    """

    def key(self, event: E_contra) -> str:
        """Whose state the event changes."""
        ...

    def step(self, state: S | None, event: E_contra) -> tuple[S, Sequence[NewRecord]]:
        """The state after the event, and what to append before it is kept; no state: the key is seen first."""
        ...

    def tick(self, state: S, now: datetime) -> tuple[S, Sequence[NewRecord]]:
        """The same for time that has passed."""
        ...

    def next_due(self, state: S) -> datetime | None:
        """When `tick` has something to do if no event comes."""
        ...

    def encode(self, state: S) -> bytes:
        """The state as it is kept."""
        ...

    def decode(self, record: bytes) -> S:
        """The state that was kept."""
        ...


class Unhandleable(Exception):
    """These records of the batch cannot be handled; nothing of the batch took effect."""

    def __init__(self, rejected: Sequence[Rejected]) -> None:
        super().__init__(f"{len(rejected)} records cannot be handled")
        self.rejected = rejected
