"""What the desk holds: items, incidents, pages, and what surrounds them.

Records are immutable snapshots; only a desk changes what they stand for. `seq` rises with every change of its record
(a mention that is only counted on an incident excepted) and is the guard of commands that say what they saw. Instants
are aware and UTC.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

from contracts.mentions import Care, Intent, Sentiment, Urgency

ItemState = Literal["waiting", "claimed", "done"]
IncidentState = Literal["triggered", "acknowledged", "resolved"]
PageState = Literal["planned", "due", "sending", "accepted", "delivered", "read", "failed", "superseded", "bundled"]
Method = Literal["ui", "api", "system", "replay"]
Outcome = Literal["opened", "folded", "filtered", "duplicate", "edit", "dead"]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed the desk, how, when and for which named reason; goes to the audit trail and the work event."""

    actor: str
    method: Method
    at: datetime
    reason: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation that needs handling. At most one item of a conversation is not done."""

    id: str
    brand: str
    queue: str
    conversation: str
    channel: str
    source: str
    thread: str | None
    author: str | None
    author_name: str | None
    state: ItemState
    urgency: Urgency
    """The highest its mentions ever had, raised one level where unsure; never lowered."""
    unsure: bool
    sentiment: Sentiment
    intent: Intent
    care: Care
    lang: str
    priority: int
    """Lower goes first."""
    reason: str
    """The rule that sent it to its queue."""
    opened_at: datetime
    """The first mention's `created_at`."""
    last_mention_at: datetime
    last_mention_id: str
    excerpt: str
    """The start of the newest text of its own conversation, for lists."""
    mentions: int
    """Those of its conversation, and copies of them by others that were folded into it."""
    due_at: datetime | None
    overdue: bool = False
    first_reply_at: datetime | None = None
    resolved_at: datetime | None = None
    holder: str | None = None
    lease_until: datetime | None = None
    fence: int = 0
    incident_id: str | None = None
    seq: int = 0
    drill: bool = False
    people: int = 1
    """Different people behind its mentions, as far as sources tell them apart."""


class StoredMention(msgspec.Struct, frozen=True, kw_only=True):
    """A mention as the desk keeps it: what became of it, and what an agent needs to answer it."""

    id: str
    revision: int
    brand: str
    item_id: str | None
    outcome: Outcome
    reason: str
    created_at: datetime
    text: str
    author_name: str | None
    url: str | None
    verdict: dict[str, Any]
    drill: bool = False
    channel: str = ""
    person: int = 0
    """Who said it, as a number: equal for one author of one source. 0: said before people were told apart."""
    story: str | None = None
    """The story it tells; None for what is private, was filtered or has no words."""
    story_reason: str = ""
    """Why a mention of a known story was folded into its item, or stands apart; empty for the first that told it."""
    copied: bool = False
    """It is in somebody else's item, because it says the same."""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What several mentions say, by the words of the first one, for as long as copies of it are looked for."""

    id: str
    brand: str
    drill: bool
    sketch: bytes
    """The words of the first mention, as its verdict has them."""
    keys: bytes
    """The numbers under which it is found, eight bytes each (big-endian, signed)."""
    mention_id: str
    """The first mention that told it."""
    item_id: str | None
    """The item that copies are folded into."""
    first_at: datetime
    last_at: datetime
    """When its first and its newest mention were said."""
    expires_at: datetime
    """From then on it is forgotten, unless it is told again."""


class StoryFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How often a story was told, by how many people, where and when."""

    id: str
    brand: str
    mentions: int
    people: int
    channels: dict[str, int]
    """Mentions by channel, most first."""
    first_at: datetime
    last_at: datetime


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that a claim's holder gave; delivery to the platform is asked for on `reply.requested`."""

    id: str
    item_id: str
    mention_id: str
    author: str
    text: str
    at: datetime


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may wake a person. At most one incident of a dedup key is open; a resolved one stays so."""

    id: str
    dedup_key: str
    brand: str
    kind: str
    """``critical`` (a mention), ``spike`` (series that rise), ``silence`` (series that stopped)."""
    state: IncidentState
    reason: str
    evidence: dict[str, Any]
    """What it rests on, in public words and figures; no text of a mention."""
    opened_at: datetime
    first_mention_at: datetime
    mentions: int = 1
    item_id: str | None = None
    spike_id: str | None = None
    acked_by: str | None = None
    acked_at: datetime | None = None
    ack_expires_at: datetime | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    epoch: int = 0
    """Rises each time the escalation starts anew."""
    seq: int = 0
    drill: bool = False


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One pass of an incident through its escalation policy, frozen when the pass began."""

    incident_id: str
    epoch: int
    policy: dict[str, Any]
    step: int = 0
    loop: int = 0
    done: bool = False


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt series to reach one person about one incident by one channel (oncall-semantics 2.3).

    `id` is derived from incident, epoch, loop, step, person and channel (a digest's from person and window), and is
    the idempotency key of every send.
    """

    id: str
    incident_id: str | None
    """None for a digest."""
    brand: str
    kind: str
    """The incident's kind, or ``digest``."""
    person: str
    channel: str
    """Which of the person's channels: the index in their list and its kind, such as ``0:webhook``."""
    epoch: int
    loop: int
    step: int
    state: PageState
    reason: str
    due_at: datetime
    created_at: datetime
    since: datetime
    """The first mention behind it: a page's delay is counted from here."""
    expires_at: datetime
    """The end of its retry budget; after it the next channel is tried."""
    title: str
    body: str
    attempts: int = 0
    accepted_at: datetime | None = None
    provider_ref: str | None = None
    lease_owner: str | None = None
    lease_until: datetime | None = None
    fence: int = 0
    digest_id: str | None = None
    last_resort: bool = False
    drill: bool = False


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One send of a page and how it ended; ``unknown`` is a crash between send and result, ``not_sent`` that the page
    was no longer wanted when its turn came."""

    page_id: str
    n: int
    started: datetime
    ended: datetime | None
    outcome: Literal["accepted", "temporary", "permanent", "unknown", "not_sent"]
    detail: str


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be looked at when its time has come. (`kind`, `subject`) is unique: scheduling again moves it."""

    kind: str
    subject: str
    due_at: datetime
    data: dict[str, Any] = {}


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the desk: append-only; an incident's timeline is these, in order of `number`."""

    number: int
    at: datetime
    actor: str
    method: str
    action: str
    subject: str
    incident_id: str | None
    brand: str
    reason: str
    data: dict[str, Any]


SpikePart = Literal["whole", "channel", "source", "kind", "drill"]


class Spike(msgspec.Struct, frozen=True, kw_only=True):
    """A spike as the router heard of it, for screens and reports."""

    id: str
    series: str
    brand: str
    opened_at: datetime
    closed_at: datetime | None
    evidence: dict[str, Any]
    """What it was opened on; what it has grown to under ``latest``, what it ended with under ``closed``."""
    incident_id: str | None
    """The incident it opened or was folded into."""
    drill: bool = False
    direction: Literal["up", "down"] = "up"
    """``down``: a stream that stopped."""
    phase: Literal["opened", "growing", "peaked", "over"] = "opened"
    told_at: datetime | None = None
    """When it was last told of before it was over; None: an older version kept it."""


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the desk owes the log. `number` gives the order."""

    number: int
    topic: str
    key: str
    payload: bytes
