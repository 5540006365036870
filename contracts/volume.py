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
    channels: tuple[tuple[str, int], ...] = ()
    """(channel, arrivals) pairs, sorted by name; told of a brand as a whole, or of its drills, only."""
    negative_stories: tuple[tuple[int, int], ...] = ()
    """(story hash, negative arrivals) pairs, sorted by hash, where there are any; told where channels are."""


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


class DeclaredCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A declared period of a brand, as far as counting is concerned; minutes since 1970-01-01T00:00Z."""

    id: str
    start: int
    end: int
    """Up to but not including this minute."""
    factor: float
    """How many times as much as usual is expected."""
    caution: float = 1.0
    """How many times as rare as elsewhere a false page must be."""


class VolumeUpdate(Event, frozen=True, kw_only=True):
    """What the blocks of one batch hold of one series, on `volume.blocks`, keyed by series."""

    series: str
    """``brand``, ``brand|channel=x``, ``brand|kind=negative``, ``brand|source=x`` or ``brand|drill=yes``, as
    `backbone.series` writes it."""
    brand: str
    at: Instant
    """The clock when it was counted."""
    blocks: tuple[BlockCount, ...]
    drill: bool = False
    campaigns: tuple[DeclaredCampaign, ...] = ()
    """The brand's campaigns that run now, ended within a day or begin within a day, sorted by start and id."""
    v: int = 1


class TopStory(msgspec.Struct, frozen=True, kw_only=True):
    """One story within a spike's window and how many mentions told it."""

    signature: int
    seen: int


class TopChannel(msgspec.Struct, frozen=True, kw_only=True):
    """One channel within a spike's window and how many mentions came from there."""

    channel: str
    seen: int


class ForecastHour(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the next hours may bring, in messages; eight times out of ten it lies from `low` to `high`."""

    at: Instant
    """Start of the hour."""
    expected: float
    low: float
    high: float


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The same in both languages."""

    nl: str
    en: str


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
    channels: tuple[TopChannel, ...] = ()
    story: int | None = None
    """The one story that explains it, where one does."""
    usual_share_negative: float | None = None
    per_hour: float | None = None
    """Messages an hour, by the last quarter; `peak_per_hour` is the most since it opened, at `peak_at`."""
    peak_per_hour: float | None = None
    peak_at: Instant | None = None
    campaign: str | None = None
    """The declared campaign that raised the expectation."""
    forecast: tuple[ForecastHour, ...] = ()
    words: Words | None = None
    """All of this in a few sentences."""


class SpikeEvent(Event, frozen=True, kw_only=True):
    """A series left, stayed away from or came back to its expectation, on `spike.events`, keyed by series."""

    id: str
    """Derived from spike, kind and minute: the same event twice has the same id."""
    spike_id: str
    series: str
    brand: str
    kind: Literal["opened", "updated", "closed"]
    at: Instant
    evidence: SpikeEvidence
    drill: bool = False
    phase: Literal["opened", "growing", "peaked", "over"] = "opened"
    """Where it is in its life: `kind` is `updated` from `growing` on, and `closed` when it is over."""
    direction: Literal["up", "down"] = "up"
    """`down`: a stream that stopped."""
    v: int = 1
