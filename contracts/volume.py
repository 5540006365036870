"""How many arrived: exact counts that survive a crash, and the spikes found in them."""

from typing import Literal

import msgspec

from contracts.base import Event, Instant


class MinuteCount(msgspec.Struct, frozen=True, kw_only=True):
    """What one block holds of one minute of event time, up to the block's `upto`.

    `people` and `stories` are sets of 32-bit hashes (sorted, at most 64 since a block has 64 mentions), so that
    the union over blocks counts people and stories, not messages.
    """

    minute: int
    """Minutes since 1970-01-01T00:00Z of the mentions' `created_at`."""
    arrivals: int
    negative: int = 0
    urgent: int = 0
    """Arrivals with urgency critical or high."""
    people: tuple[int, ...] = ()
    stories: tuple[tuple[int, int], ...] = ()
    """(story hash, arrivals) pairs, sorted by hash."""


class BlockCount(msgspec.Struct, frozen=True, kw_only=True):
    """The whole content of one block up to and including offset `upto`: not a difference.

    A block is (topic, partition, offset // 64). A reader keeps the highest `upto` per block and applies the
    difference to what it knew, so that a repeated or older event changes nothing.
    """

    topic: str
    partition: int
    block: int
    upto: int
    minutes: tuple[MinuteCount, ...]


class VolumeUpdate(Event, frozen=True, kw_only=True):
    """What the blocks of one batch hold of one series, on `volume.blocks`, keyed by series."""

    series: str
    """``brand`` or ``brand|channel=x`` or ``brand|kind=negative``."""
    brand: str
    at: Instant
    """The clock when it was counted."""
    blocks: tuple[BlockCount, ...]
    drill: bool = False
    v: int = 1


class TopStory(msgspec.Struct, frozen=True, kw_only=True):
    """One story within a spike's window and how many mentions told it."""

    signature: int
    seen: int


class SpikeEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Why a series is called a spike: what was seen against what calendar and history expect."""

    expected: float
    seen: int
    window_s: int
    chance: float
    """Probability of `seen` or more in the window if nothing were the matter."""
    since: Instant
    """Start of the window."""
    people: int
    share_negative: float
    share_urgent: float
    stories: tuple[TopStory, ...] = ()
    history_days: float = 0.0
    """How much history the expectation rests on; little means that the detector says so and asks for more."""
    reason: str = ""
    """The named rule that opened or closed it."""


class SpikeEvent(Event, frozen=True, kw_only=True):
    """A series rose above, stayed above or came back to its expectation, on `spike.events`, keyed by series."""

    id: str
    """Derived from spike, kind and minute: the same event twice has the same id."""
    spike_id: str
    series: str
    brand: str
    kind: Literal["opened", "updated", "closed"]
    at: Instant
    evidence: SpikeEvidence
    drill: bool = False
    v: int = 1
