"""The desk: items, claims, incidents, pages, timers, outbox and audit, in transactions."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

import msgspec

from backbone.campaigns import Campaign
from backbone.corrections import Correction
from backbone.ports.event_log import Partition
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
    SpikePart,
    StoredMention,
    Story,
    StoryFigures,
    Timer,
)


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
        """The oldest rows the log is owed, locked for this transaction; none while another transaction has some."""
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

    async def items_by_id(self, ids: Sequence[str]) -> Mapping[str, Item]:
        """Those of `ids` that are there, locked for this transaction."""
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
        """One item, locked for a transaction that writes; NotFound."""
        ...

    async def item_mentions(self, item_id: str) -> Sequence[StoredMention]:
        """The mentions of the item's own conversation, oldest first; copies by others are its story's."""
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

    # corrections
    async def correct(self, item_id: str, correction: Correction, cause: Cause) -> Item:
        """Store what a person says the verdict on one of the item's mentions should have been (``item.corrected``).

        It takes the place of the same person's earlier one, which stays in the audit trail; other people's stay beside
        it. The verdict and what the item took from it stay as they are; `seq` goes up by one. The same again: no
        effect. NotFound ``no_such_mention`` where it is not in the item.
        """
        ...

    async def corrections(self, mentions: Sequence[str]) -> Sequence[Correction]:
        """The corrections of these mentions, one of each person, by (mention, time, person)."""
        ...

    async def corrected_mentions(self, after: str, limit: int) -> Sequence[StoredMention]:
        """Mentions that somebody corrected, by id, from the one after `after` (empty: the first)."""
        ...

    # stories
    async def stories(self, brands: Sequence[str], keys: Sequence[int]) -> Sequence[Story]:
        """Stories of these brands that are found under any of `keys`, by (first_at, id).

        Until it ends, a transaction that writes is the only such one that asks for these brands.
        """
        ...

    async def put_stories(self, new: Sequence[Story], retold: Sequence[Story]) -> None:
        """Add stories with their keys; of those that were told again replace item and times.

        Under one key at most eight stories are found: newer ones take the place of older.
        """
        ...

    async def forget_stories(self, brands: Sequence[str], now: datetime, most: int, limit: int) -> int:
        """Forget stories that expired by `now`, and those of a brand beyond `most`, who expires first first.

        At most `limit` of each kind and brand at a time; returns how many. Their mentions stay.
        """
        ...

    async def tellers(self, items: Sequence[str], people: Sequence[int]) -> Mapping[tuple[str, int], int]:
        """How many mentions of each of these people are in each of these items; no entry where there is none."""
        ...

    async def story_figures(self, story_id: str) -> StoryFigures:
        """How often a story was told; NotFound. Also of one that was forgotten."""
        ...

    async def item_story(self, item_id: str) -> StoryFigures | None:
        """Of the stories that the item's own conversation tells, the one that most people told; None if it has none."""
        ...

    async def story_mentions(
        self, story_id: str, limit: int, after: tuple[datetime, str] | None = None
    ) -> Sequence[StoredMention]:
        """A story's mentions by (created_at, id), from the one after `after`."""
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
        """Newest first; `before` continues after the incident with that id.

        Until it ends, a transaction that writes is the only such one that asks for these brands.
        """
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
        """Put pages not yet accepted into a digest page, which is planned if it is not there.

        A digest that is being sent, or was, takes no more: those pages are left alone.
        """
        ...

    async def digest_pages(self, digest_id: str) -> Sequence[Page]:
        """The pages of one digest, oldest first."""
        ...

    async def pages(
        self, incident_id: str | None = None, person: str | None = None, since: datetime | None = None
    ) -> Sequence[Page]:
        """Pages in order (due_at, id), of an incident, to a person, due since then.

        Until it ends, a transaction that writes is the only such one that asks for this person.
        """
        ...

    async def attempts(self, page_id: str) -> Sequence[Attempt]:
        """The sends of a page, first first."""
        ...

    # campaigns
    async def declare_campaign(self, campaign: Campaign, cause: Cause) -> Campaign:
        """Add it (``campaign.declared``), and owe `campaigns` its event. One with this id is there: that, unchanged."""
        ...

    async def campaign(self, campaign_id: str) -> Campaign:
        """One campaign, locked for a transaction that writes; NotFound ``no_such_campaign``."""
        ...

    async def campaigns(
        self, brands: Sequence[str] | None, ending_after: datetime | None, limit: int
    ) -> Sequence[Campaign]:
        """Those of these brands that end after then, by (ends_at, id), the last first; None does not restrict."""
        ...

    async def end_campaign(self, campaign_id: str, cause: Cause) -> Campaign:
        """It ends at `cause.at`, by `cause.actor` (``campaign.ended``), and owes its event; NotFound.

        One that has not begun is called off. Over already: no effect.
        """
        ...

    # spikes, timers, audit
    async def put_spike(self, spike: Spike) -> None:
        """Add or replace a spike."""
        ...

    async def spikes(
        self,
        brands: Sequence[str] | None,
        open_only: bool,
        limit: int,
        *,
        incident_id: str | None = None,
        part: SpikePart | None = None,
    ) -> Sequence[Spike]:
        """Newest first. `part`: of series that are a part by this; ``whole``: of brands altogether."""
        ...

    async def spikes_going_on(self, brands: Sequence[str], ids: Sequence[str], since: datetime) -> Sequence[Spike]:
        """Spikes of these brands that were not over before `since`, that are of an open incident, or one of `ids`.

        By (opened_at, id). Until it ends, a transaction that writes is the only such one that asks for these brands.
        """
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
