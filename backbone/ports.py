"""The ports and what they promise. Adapters live in `backbone.embedded` (and later `backbone.distributed`).

One contract suite per port (`tests/ports`) runs on every adapter. What an adapter cannot promise is declared there.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from backbone.records import (
    Attempt,
    AuditEntry,
    Cause,
    Incident,
    IncidentState,
    Item,
    ItemState,
    OutboxRow,
    Page,
    PageState,
    Reply,
    Run,
    Spike,
    StoredMention,
    Timer,
)
from contracts.mentions import ClassifiedMention

# --------------------------------------------------------------------------------------------------- event log


class Partition(NamedTuple):
    """One ordered part of a topic."""

    topic: str
    number: int


class NewRecord(NamedTuple):
    """What is appended; records with the same key keep their order."""

    topic: str
    key: str
    value: bytes


class Record(NamedTuple):
    """What was appended, and where it stands."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    appended_at: datetime


class Consumer(Protocol):
    """One member of a group. Each partition of its topics belongs to exactly one live member."""

    async def poll(self, limit: int, timeout_s: float) -> Sequence[Record]:
        """Up to `limit` records from this member's partitions, in order per partition, moving its positions.

        Returns early with what there is; empty after `timeout_s` of real time. Never buffers more than it hands out.
        Fair over partitions. Records below the retention horizon are skipped; the position says where it stands.
        """
        ...

    def assignment(self) -> Mapping[Partition, int]:
        """The partitions this member has now, each with its position: the next offset that `poll` would return."""
        ...

    def generation(self) -> int:
        """Rises each time the assignment changed; compare it before and after a poll."""
        ...

    async def committed(self) -> Mapping[Partition, int]:
        """The group's committed next offsets of the assigned partitions; 0 (or the earliest kept) where none."""
        ...

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Remember `positions` (next offsets) for the group, durably; Conflict for a partition no longer owned."""
        ...

    async def seek(self, positions: Mapping[Partition, int]) -> None:
        """The next `poll` continues at `positions`."""
        ...

    async def close(self) -> None:
        """Leave the group; its partitions go to the others, which continue at the committed offsets."""
        ...


class EventLog(Protocol):
    """Durable, partitioned, append-only topics. At least once: what was not committed is delivered again."""

    async def append(self, records: Sequence[NewRecord]) -> Sequence[tuple[Partition, int]]:
        """Append all of `records` in order, durably, or raise (Unavailable, Backpressure) with none acknowledged.

        Returns where each stands. The partition is a pure function of topic and key, the same for topics of the
        same partition count. BadInput ``record_too_large``, ``unknown_topic``, ``bad_key``.
        """
        ...

    async def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        """Join `group`. Starts at the committed offsets, else at the earliest record kept."""
        ...

    async def read(self, partition: Partition, start: int, limit: int) -> Sequence[Record]:
        """Up to `limit` records of one partition from offset `start`, outside any group."""
        ...

    async def end_offsets(self, topic: str) -> Mapping[Partition, int]:
        """The next offset of each partition of `topic`."""
        ...

    async def start_offsets(self, topic: str) -> Mapping[Partition, int]:
        """The earliest kept offset of each partition of `topic`."""
        ...

    async def group_offsets(self, group: str) -> Mapping[Partition, int]:
        """What `group` committed, over all its partitions: for lag figures."""
        ...

    async def expire(self, now: datetime) -> int:
        """Drop records older than their topic's retention; returns how many. Never the newest of a partition's end."""
        ...

    async def ping(self) -> None:
        """Return if the log can take an append now, else raise Unavailable."""
        ...

    async def close(self) -> None:
        """Finish what was acknowledged and let go of all resources."""
        ...


# --------------------------------------------------------------------------------------------------------- desk


class ItemFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which items; None does not restrict."""

    brands: tuple[str, ...] | None = None
    queue: str | None = None
    states: tuple[ItemState, ...] | None = None
    holder: str | None = None
    after: tuple[int, str] | None = None
    """Cursor: (priority, sort key) of the last item seen, as `ItemPage.next` gave it."""
    limit: int = 50


class ItemPage(msgspec.Struct, frozen=True, kw_only=True):
    """Items in the order in which they should be handled: priority, then due time, then age, then id."""

    items: tuple[Item, ...]
    next: tuple[int, str] | None


class QueueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a queue looks like now."""

    queue: str
    waiting: int
    claimed: int
    overdue: int
    critical: int
    high: int
    oldest_at: datetime | None
    next_due_at: datetime | None


class DeskTransaction(Protocol):
    """One transaction: all or nothing. Reads see its own writes; concurrent writers wait or raise Unavailable.

    Every change writes its audit row and its outbox row (a `WorkEvent` on `work.events`) here too; `cause` says
    who, how and why. Commands on an item or incident are single conditional writes: who loses gets `Conflict`
    with the state that holds now (`current`), and nothing is changed.
    """

    # offsets, counts and the outbox
    async def advance(self, consumer: str, partition: Partition, expected: int, after: int) -> None:
        """Move the desk's own offset from `expected` to `after`; Conflict (``offset_taken``) if it stands elsewhere.

        An offset nobody moved yet counts as 0.
        """
        ...

    async def count(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to the conservation counters: (name, reason) -> n."""
        ...

    async def publish(self, topic: str, key: str, payload: bytes) -> None:
        """Owe the log one event: an outbox row."""
        ...

    async def outbox(self, limit: int) -> Sequence[OutboxRow]:
        """The oldest rows the log is owed, locked for this transaction."""
        ...

    async def published(self, rows: Sequence[OutboxRow]) -> None:
        """The log has these: drop them."""
        ...

    async def remember(self, key: str, person: str, answer: bytes, at: datetime) -> None:
        """Keep a command's answer under the caller's idempotency key; Conflict ``already_answered`` if it has one."""
        ...

    async def recall(self, key: str, person: str) -> bytes | None:
        """The answer this command was given before, if it was."""
        ...

    # mentions and items
    async def mentions(self, ids: Sequence[str]) -> Mapping[str, StoredMention]:
        """Those of `ids` the desk knows (mentions filtered or folded too)."""
        ...

    async def put_mentions(self, mentions: Sequence[StoredMention]) -> None:
        """Add mentions, or replace them (an edit)."""
        ...

    async def open_items(self, conversations: Sequence[str]) -> Mapping[str, Item]:
        """The item of each conversation that is not done, locked for this transaction."""
        ...

    async def latest_items(self, conversations: Sequence[str]) -> Mapping[str, Item]:
        """The newest item of each conversation, done or not."""
        ...

    async def add_items(self, items: Sequence[Item], cause: Cause) -> None:
        """Open new items (``item.opened``); Conflict ``open_item_exists``, and none is added."""
        ...

    async def update_items(self, items: Sequence[Item], cause: Cause, action: str) -> None:
        """Store what the router changed of items it locked (holder, lease and fence excepted); `seq` goes up by one."""
        ...

    async def item(self, item_id: str) -> Item:
        """One item; NotFound."""
        ...

    async def item_mentions(self, item_id: str) -> Sequence[StoredMention]:
        """The item's mentions, oldest first."""
        ...

    async def item_replies(self, item_id: str) -> Sequence[Reply]:
        """The item's replies, oldest first."""
        ...

    async def items(self, which: ItemFilter) -> ItemPage:
        """A page of items in handling order."""
        ...

    async def queues(self, brands: Sequence[str] | None) -> Sequence[QueueFigures]:
        """Figures of every queue that has an item not done."""
        ...

    async def claim(self, item_id: str, person: str, until: datetime, cause: Cause) -> Item:
        """Give `person` the exclusive right to answer until `until`: the fence goes up by one.

        Succeeds if the item waits, if the lease ran out at `cause.at`, or if `person` holds it already (then the
        fence stays and the lease is renewed). Else Conflict ``held``; Conflict ``done`` where it is done. Sets the
        timer (``lease``, item) to `until`; it goes when the claim ends.
        """
        ...

    async def release(self, item_id: str, person: str, fence: int, cause: Cause) -> Item:
        """Back to its queue. Conflict ``stale_fence`` unless `person` holds it with this fence and a running lease."""
        ...

    async def reply(self, reply: Reply, fence: int, until: datetime, cause: Cause) -> Item:
        """Store a reply, owe `reply.requested`, renew the lease; Conflict as `release`. Same id: no effect."""
        ...

    async def resolve(self, item_id: str, person: str, fence: int, cause: Cause) -> Item:
        """The item is done; Conflict as `release`. Cancels its timers."""
        ...

    async def expire_lease(self, item_id: str, cause: Cause) -> Item | None:
        """Back to its queue if its lease ran out at `cause.at`; None if it did not."""
        ...

    async def mark_overdue(self, item_id: str, cause: Cause) -> Item | None:
        """Mark an unanswered item whose `due_at` has come (``item.overdue``); None if answered, done or moved."""
        ...

    # incidents and pages
    async def open_incident(self, incident: Incident, cause: Cause) -> tuple[Incident, bool]:
        """Open it, or count one more mention on the open one of the same key; True if it is new."""
        ...

    async def incident(self, incident_id: str) -> Incident:
        """One incident, locked for this transaction; NotFound."""
        ...

    async def incidents(
        self,
        brands: Sequence[str] | None,
        states: Sequence[IncidentState] | None,
        limit: int,
        before: str | None = None,
    ) -> Sequence[Incident]:
        """Newest first; `before` continues after the incident with that id."""
        ...

    async def update_evidence(self, incident_id: str, evidence: dict[str, Any], cause: Cause) -> Incident:
        """Replace what an open incident rests on (``incident.updated``)."""
        ...

    async def acknowledge(
        self,
        incident_id: str,
        person: str,
        expires_at: datetime | None,
        expected_seq: int | None,
        cause: Cause,
    ) -> Incident:
        """`person` takes it: a lease until `expires_at`. Stops the run, supersedes pages not yet sending.

        Conflict ``stale`` where `expected_seq` is not the incident's, ``acknowledged`` where somebody else holds it,
        ``resolved`` where it is closed. Again by the same person: renews.
        """
        ...

    async def unacknowledge(self, incident_id: str, cause: Cause) -> Incident | None:
        """Back to triggered with a new epoch if the acknowledgement ran out at `cause.at`; None if it did not."""
        ...

    async def resolve_incident(self, incident_id: str, cause: Cause) -> Incident:
        """Close it for good, stop its run, supersede its pages. Resolved already: no effect."""
        ...

    async def put_run(self, run: Run) -> None:
        """Store the state of an incident's escalation (one per incident and epoch)."""
        ...

    async def run(self, incident_id: str, epoch: int) -> Run | None:
        """The state of an incident's escalation."""
        ...

    async def plan_pages(self, pages: Sequence[Page], cause: Cause) -> int:
        """Add pages (``page.planned``); those whose id is there already are left alone. Returns how many were new."""
        ...

    async def take_pages(self, owner: str, now: datetime, lease_until: datetime, limit: int) -> Sequence[Page]:
        """Due pages for `owner` to send: state ``sending``, fence one up, a new attempt begun, in order (due_at, id).

        Takes states planned and due with due_at <= now, and those in ``sending`` whose lease ran out or whose owner is
        `owner` itself (a crash between send and result: the attempt becomes ``unknown``). Skips what others took.
        """
        ...

    async def finish_page(
        self,
        page: Page,
        attempt: Attempt,
        state: PageState,
        due_at: datetime | None,
        provider_ref: str | None,
        cause: Cause,
    ) -> bool:
        """Record how a send ended (``page.<state>``; accepted_at is `cause.at` when accepted; due again at `due_at`).

        False, and nothing changed, if the page's fence is no longer this one, or it has ended already (a receipt may
        move accepted on to delivered and read).
        """
        ...

    async def bundle_pages(self, pages: Sequence[Page], digest: Page, cause: Cause) -> None:
        """Put pages not yet accepted into a digest page, which is planned if it is not there."""
        ...

    async def digest_pages(self, digest_id: str) -> Sequence[Page]:
        """The pages of one digest, oldest first."""
        ...

    async def pages(
        self, incident_id: str | None = None, person: str | None = None, since: datetime | None = None
    ) -> Sequence[Page]:
        """Pages in order (due_at, id), of an incident, to a person, due since then."""
        ...

    async def attempts(self, page_id: str) -> Sequence[Attempt]:
        """The sends of a page, first first."""
        ...

    # spikes, timers, audit
    async def put_spike(self, spike: Spike) -> None:
        """Add or replace a spike."""
        ...

    async def spikes(self, brands: Sequence[str] | None, open_only: bool, limit: int) -> Sequence[Spike]:
        """Newest first."""
        ...

    async def schedule(self, timer: Timer) -> None:
        """Set or move a timer."""
        ...

    async def cancel(self, kind: str, subject: str) -> None:
        """Drop a timer, if it is there."""
        ...

    async def take_timers(self, now: datetime, limit: int) -> Sequence[Timer]:
        """Due timers in order (due_at, kind, subject), removed in this transaction. Skips what others took."""
        ...

    async def audit(
        self, subject: str | None = None, incident_id: str | None = None, after: int = 0, limit: int = 200
    ) -> Sequence[AuditEntry]:
        """The audit trail, oldest first."""
        ...


class Desk(Protocol):
    """The store of items, claims, incidents, pages, schedules, timers, outbox and audit."""

    def transaction(self) -> AbstractAsyncContextManager[DeskTransaction]:
        """Read and write. Commits when the block ends well, else rolls back all of it."""
        ...

    def reading(self) -> AbstractAsyncContextManager[DeskTransaction]:
        """Read only: a consistent snapshot that never waits for writers. Not to be nested."""
        ...

    async def offsets(self, consumer: str) -> Mapping[Partition, int]:
        """The desk's own next offsets of `consumer`."""
        ...

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """The conservation counters."""
        ...

    async def next_due(self) -> datetime | None:
        """When the next timer or page is due, or a sender's lease ends."""
        ...

    async def ping(self) -> None:
        """Return if the desk can be read, else raise Unavailable."""
        ...

    async def close(self) -> None:
        """Let go of all resources."""
        ...


# ------------------------------------------------------------------------------------------------------ archive


class ArchiveQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for. `text` is words (all must be there; "quoted phrase"; -word excludes; word* prefix)."""

    text: str = ""
    brands: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    langs: tuple[str, ...] | None = None
    sentiments: tuple[str, ...] | None = None
    urgencies: tuple[str, ...] | None = None
    intents: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    drill: bool | None = None


class ArchiveHit(msgspec.Struct, frozen=True, kw_only=True):
    """One mention found, with the places that matched marked by ``<mark>`` in `highlight` (the rest escaped)."""

    mention: ClassifiedMention
    highlight: str | None


class ArchivePage(msgspec.Struct, frozen=True, kw_only=True):
    """Hits, newest first; `total` is exact; `next` continues."""

    hits: tuple[ArchiveHit, ...]
    total: int
    next: str | None


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """How many mentions began in this interval, in all and by sentiment and urgency."""

    start: datetime
    count: int
    sentiment: dict[str, int]
    urgency: dict[str, int]


class Archive(Protocol):
    """An index of classified mentions. Never the only copy; can be rebuilt from `mentions.classified`."""

    async def index(self, mentions: Sequence[tuple[ClassifiedMention, int]]) -> None:
        """Upsert (mention, version) pairs by mention id, all or raise; an older version than the stored is ignored."""
        ...

    async def search(self, query: ArchiveQuery, limit: int, after: str | None = None) -> ArchivePage:
        """Hits by `created_at` descending, then id. A query that cannot be read raises BadInput."""
        ...

    async def histogram(self, query: ArchiveQuery, interval_s: int) -> Sequence[Bucket]:
        """Counts per interval (aligned to the epoch), empty ones between the first and the last included."""
        ...

    async def facets(
        self, query: ArchiveQuery, fields: Sequence[str], limit: int = 20
    ) -> Mapping[str, Mapping[str, int]]:
        """Counts per value of brand, channel, lang, sentiment, urgency, intent, care; most first."""
        ...

    async def expire(self, before: datetime) -> int:
        """Forget mentions created before; returns how many."""
        ...

    async def ping(self) -> None:
        """Return if the archive answers, else raise Unavailable."""
        ...

    async def close(self) -> None:
        """Let go of all resources."""
        ...


# ------------------------------------------------------------------------------------------- notifier and clock


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What reaches a person: title and body in their language, and where to look."""

    page_id: str
    person: str
    address: str
    """A URL or an e-mail address, by the notifier's kind."""
    kind: str
    brand: str
    code: str
    """Short incident code, in the text too, so that a human sees a repeat as a repeat."""
    title: str
    body: str
    url: str | None
    at: datetime
    attempt: int
    drill: bool
    secret: str | None = msgspec.field(default=None)
    """Signing secret of the address, where it has one."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How a send ended. Only a 2xx (or the mail server's acceptance) is ``accepted``."""

    outcome: Literal["accepted", "temporary", "permanent"]
    detail: str
    ref: str | None = None


class Notifier(Protocol):
    """One channel that reaches people."""

    async def send(self, notice: Notice, idempotency_key: str) -> Delivery:
        """Try once, within the adapter's time limit; never raises for what the other side does.

        The same key may be sent again after a crash: the receiver may fold repeats by it.
        """
        ...

    async def close(self) -> None:
        """Let go of all resources."""
        ...


class Clock(Protocol):
    """The time, as an argument of everything that needs it."""

    def now(self) -> datetime:
        """The present instant, aware, UTC. Never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when that much of this clock's time has passed."""
        ...


class KeyedState(Protocol):
    """Small records by key, of one stateful step; moves with its partition."""

    async def load(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Those of `keys` that have a record."""
        ...

    async def save(self, records: Mapping[str, bytes]) -> None:
        """Replace records, all durably or raise."""
        ...

    async def all(self) -> Mapping[str, bytes]:
        """Every record."""
        ...

    async def close(self) -> None:
        """Let go of all resources."""
        ...
