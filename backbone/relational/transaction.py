"""`DeskTransaction` over a session: each method is one step, the work of which stands in the module it names."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from backbone.campaigns import Campaign
from backbone.corrections import Correction
from backbone.ports import ItemFilter, ItemPage, Partition, QueueFigures
from backbone.records import (
    Attempt,
    AuditEntry,
    Cause,
    Incident,
    IncidentState,
    Item,
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
from backbone.relational import campaigns, claims, corrections, incidents, ledger, spikes, stories, timers
from backbone.relational import items as inbox
from backbone.relational import pages as paging
from backbone.relational.database import Database, Session
from backbone.relational.owed import Owed
from backbone.relational.work import Work

T = TypeVar("T")


class RelationalTransaction:
    """See `DeskTransaction`, which has the promises."""

    def __init__(self, session: Session, database: Database, owed: Owed | None) -> None:
        self._session = session
        self._database = database
        self._owed = owed
        self._read = session.run

    def _owing(self) -> Owed:
        if self._owed is None:
            raise RuntimeError("this transaction only reads: open `transaction()` to write")
        return self._owed

    async def _write(self, step: Callable[[Work], T]) -> T:
        self._owing()
        return await self._session.run(step)

    # offsets, counts and the outbox
    async def advance(self, consumer: str, partition: Partition, expected: int, after: int) -> None:
        await self._write(lambda work: ledger.advance(work, consumer, partition, expected, after))

    async def count(self, counts: Mapping[tuple[str, str], int]) -> None:
        self._owing().count(counts)

    async def publish(self, topic: str, key: str, payload: bytes) -> None:
        self._owing().publish(topic, key, payload)

    async def outbox(self, limit: int) -> Sequence[OutboxRow]:
        return await self._read(lambda work: ledger.oldest(work, limit))

    async def published(self, rows: Sequence[OutboxRow]) -> None:
        await self._write(lambda work: ledger.published(work, rows))

    async def remember(self, key: str, person: str, answer: bytes, at: datetime) -> None:
        await self._write(lambda work: ledger.remember(work, key, person, answer, at))

    async def recall(self, key: str, person: str) -> bytes | None:
        return await self._read(lambda work: ledger.recall(work, key, person))

    # mentions and items
    async def mentions(self, ids: Sequence[str]) -> Mapping[str, StoredMention]:
        return await self._read(lambda work: inbox.mentions_by_id(work, ids))

    async def put_mentions(self, mentions: Sequence[StoredMention]) -> None:
        await self._write(lambda work: inbox.put_mentions(work, mentions))

    async def open_items(self, conversations: Sequence[str]) -> Mapping[str, Item]:
        return await self._read(lambda work: inbox.open_of(work, conversations))

    async def items_by_id(self, ids: Sequence[str]) -> Mapping[str, Item]:
        return await self._read(lambda work: inbox.locked_by_id(work, ids))

    async def latest_items(self, conversations: Sequence[str]) -> Mapping[str, Item]:
        return await self._read(lambda work: inbox.latest_of(work, conversations))

    async def add_items(self, items: Sequence[Item], cause: Cause) -> None:
        await self._write(lambda work: inbox.add(work, items, cause))

    async def update_items(self, items: Sequence[Item], cause: Cause, action: str) -> None:
        await self._write(lambda work: inbox.update_all(work, items, cause, action))

    async def item(self, item_id: str) -> Item:
        return await self._read(lambda work: inbox.by_id(work, item_id, lock=True))

    async def item_mentions(self, item_id: str) -> Sequence[StoredMention]:
        return await self._read(lambda work: inbox.mentions_of(work, item_id))

    async def item_replies(self, item_id: str) -> Sequence[Reply]:
        return await self._read(lambda work: inbox.replies_of(work, item_id))

    async def items(self, which: ItemFilter) -> ItemPage:
        return await self._read(lambda work: inbox.page(work, which))

    async def queues(self, brands: Sequence[str] | None) -> Sequence[QueueFigures]:
        return await self._read(lambda work: inbox.queues(work, brands))

    async def claim(self, item_id: str, person: str, until: datetime, cause: Cause) -> Item:
        if not self._session.begun:  # who cannot win is refused on what is committed, and waits for no writer
            await self._database.look(lambda work: claims.refuse_if_taken(work, item_id, person, cause.at))
        return await self._write(lambda work: claims.claim(work, item_id, person, until, cause))

    async def release(self, item_id: str, person: str, fence: int, cause: Cause) -> Item:
        return await self._write(lambda work: claims.release(work, item_id, person, fence, cause))

    async def reply(self, reply: Reply, fence: int, until: datetime, cause: Cause) -> Item:
        return await self._write(lambda work: claims.reply(work, reply, fence, until, cause))

    async def resolve(self, item_id: str, person: str, fence: int, cause: Cause) -> Item:
        return await self._write(lambda work: claims.resolve(work, item_id, person, fence, cause))

    async def expire_lease(self, item_id: str, cause: Cause) -> Item | None:
        return await self._write(lambda work: claims.expire(work, item_id, cause))

    async def mark_overdue(self, item_id: str, cause: Cause) -> Item | None:
        return await self._write(lambda work: claims.mark_overdue(work, item_id, cause))

    # corrections
    async def correct(self, item_id: str, correction: Correction, cause: Cause) -> Item:
        return await self._write(lambda work: corrections.correct(work, item_id, correction, cause))

    async def corrections(self, mentions: Sequence[str]) -> Sequence[Correction]:
        return await self._read(lambda work: corrections.of_mentions(work, mentions))

    async def corrected_mentions(self, after: str, limit: int) -> Sequence[StoredMention]:
        return await self._read(lambda work: corrections.corrected(work, after, limit))

    # stories
    async def stories(self, brands: Sequence[str], keys: Sequence[int]) -> Sequence[Story]:
        return await self._read(lambda work: stories.found_under(work, brands, keys))

    async def put_stories(self, new: Sequence[Story], retold: Sequence[Story]) -> None:
        await self._write(lambda work: stories.put(work, new, retold))

    async def forget_stories(self, brands: Sequence[str], now: datetime, most: int, limit: int) -> int:
        return await self._write(lambda work: stories.forget(work, brands, now, most, limit))

    async def tellers(self, items: Sequence[str], people: Sequence[int]) -> Mapping[tuple[str, int], int]:
        return await self._read(lambda work: stories.tellers(work, items, people))

    async def story_figures(self, story_id: str) -> StoryFigures:
        return await self._read(lambda work: stories.figures(work, story_id))

    async def item_story(self, item_id: str) -> StoryFigures | None:
        return await self._read(lambda work: stories.of_item(work, item_id))

    async def story_mentions(
        self, story_id: str, limit: int, after: tuple[datetime, str] | None = None
    ) -> Sequence[StoredMention]:
        return await self._read(lambda work: stories.mentions_of(work, story_id, limit, after))

    # incidents and pages
    async def open_incident(self, incident: Incident, cause: Cause) -> tuple[Incident, bool]:
        return await self._write(lambda work: incidents.open_or_count(work, incident, cause))

    async def incident(self, incident_id: str) -> Incident:
        return await self._read(lambda work: incidents.by_id(work, incident_id))

    async def incidents(
        self,
        brands: Sequence[str] | None,
        states: Sequence[IncidentState] | None,
        limit: int,
        before: str | None = None,
    ) -> Sequence[Incident]:
        return await self._read(lambda work: incidents.newest(work, brands, states, limit, before))

    async def update_evidence(self, incident_id: str, evidence: dict[str, Any], cause: Cause) -> Incident:
        return await self._write(lambda work: incidents.update_evidence(work, incident_id, evidence, cause))

    async def acknowledge(
        self,
        incident_id: str,
        person: str,
        expires_at: datetime | None,
        expected_seq: int | None,
        cause: Cause,
    ) -> Incident:
        return await self._write(
            lambda work: incidents.acknowledge(work, incident_id, person, expires_at, expected_seq, cause)
        )

    async def unacknowledge(self, incident_id: str, cause: Cause) -> Incident | None:
        return await self._write(lambda work: incidents.unacknowledge(work, incident_id, cause))

    async def resolve_incident(self, incident_id: str, cause: Cause) -> Incident:
        return await self._write(lambda work: incidents.resolve(work, incident_id, cause))

    async def put_run(self, run: Run) -> None:
        await self._write(lambda work: incidents.put_run(work, run))

    async def run(self, incident_id: str, epoch: int) -> Run | None:
        return await self._read(lambda work: incidents.run_of(work, incident_id, epoch))

    async def plan_pages(self, pages: Sequence[Page], cause: Cause) -> int:
        return await self._write(lambda work: paging.plan(work, pages, cause))

    async def take_pages(self, owner: str, now: datetime, lease_until: datetime, limit: int) -> Sequence[Page]:
        return await self._write(lambda work: paging.take(work, owner, now, lease_until, limit))

    async def finish_page(
        self,
        page: Page,
        attempt: Attempt,
        state: PageState,
        due_at: datetime | None,
        provider_ref: str | None,
        cause: Cause,
    ) -> bool:
        return await self._write(lambda work: paging.finish(work, page, attempt, state, due_at, provider_ref, cause))

    async def bundle_pages(self, pages: Sequence[Page], digest: Page, cause: Cause) -> None:
        await self._write(lambda work: paging.bundle(work, pages, digest, cause))

    async def digest_pages(self, digest_id: str) -> Sequence[Page]:
        return await self._read(lambda work: paging.of_digest(work, digest_id))

    async def pages(
        self, incident_id: str | None = None, person: str | None = None, since: datetime | None = None
    ) -> Sequence[Page]:
        return await self._read(lambda work: paging.in_order(work, incident_id, person, since))

    async def attempts(self, page_id: str) -> Sequence[Attempt]:
        return await self._read(lambda work: paging.attempts_of(work, page_id))

    # campaigns
    async def declare_campaign(self, campaign: Campaign, cause: Cause) -> Campaign:
        return await self._write(lambda work: campaigns.declare(work, campaign, cause))

    async def campaign(self, campaign_id: str) -> Campaign:
        return await self._read(lambda work: campaigns.by_id(work, campaign_id))

    async def campaigns(
        self, brands: Sequence[str] | None, ending_after: datetime | None, limit: int
    ) -> Sequence[Campaign]:
        return await self._read(lambda work: campaigns.in_order(work, brands, ending_after, limit))

    async def end_campaign(self, campaign_id: str, cause: Cause) -> Campaign:
        return await self._write(lambda work: campaigns.end(work, campaign_id, cause))

    # spikes, timers, audit
    async def put_spike(self, spike: Spike) -> None:
        await self._write(lambda work: spikes.put(work, spike))

    async def spikes(
        self,
        brands: Sequence[str] | None,
        open_only: bool,
        limit: int,
        *,
        incident_id: str | None = None,
        part: SpikePart | None = None,
    ) -> Sequence[Spike]:
        return await self._read(lambda work: spikes.newest(work, brands, open_only, limit, incident_id, part))

    async def spikes_going_on(self, brands: Sequence[str], ids: Sequence[str], since: datetime) -> Sequence[Spike]:
        return await self._read(lambda work: spikes.going_on(work, brands, ids, since))

    async def schedule(self, timer: Timer) -> None:
        self._owing().schedule(timer)

    async def cancel(self, kind: str, subject: str) -> None:
        self._owing().cancel(kind, subject)

    async def take_timers(self, now: datetime, limit: int) -> Sequence[Timer]:
        return await self._write(lambda work: timers.take(work, now, limit))

    async def audit(
        self, subject: str | None = None, incident_id: str | None = None, after: int = 0, limit: int = 200
    ) -> Sequence[AuditEntry]:
        return await self._read(lambda work: timers.trail(work, subject, incident_id, after, limit))
