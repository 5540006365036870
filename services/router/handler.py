"""Classified mentions in, items and incidents on the desk: one transaction per batch."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from msgspec.structs import replace

from backbone.handling import Delivered, Rejected
from backbone.metrics import Metrics
from backbone.ports import Clock, Desk, DeskTransaction, NewRecord, Partition
from backbone.records import Cause, Item, Timer
from contracts.mentions import ClassifiedMention
from contracts.topics import MENTIONS_CLASSIFIED
from services.router.domain.items import Effects, Known, conversation_of, decide
from services.router.domain.rules import RuleBook
from services.router.domain.settings import RouterSettings
from services.router.domain.stories import Stories, keys_in, person_of
from services.router.incidents import raise_critical
from services.router.positions import Positions, bury
from services.router.shelf import Shelf

_log = structlog.get_logger(__name__)


class _Batch(NamedTuple):
    """What of a delivery has had no effect yet, and where the desk stands after it."""

    mentions: list[ClassifiedMention]
    rejected: list[Rejected]
    after: dict[Partition, int]
    origins: dict[Partition, int]


class MentionHandler:
    """Puts mentions in queues. Keeps its own offsets, and those of the topics the mentions first came in on.

    A record or an origin below the desk's offset has had its effect: it is dropped and not counted.
    """

    group = "router"
    topics: Sequence[str] = (MENTIONS_CLASSIFIED.name,)
    owns_offsets = True

    def __init__(
        self,
        desk: Desk,
        settings: RouterSettings,
        clock: Clock,
        changed: Callable[[], None],
        metrics: Metrics | None = None,
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._metrics = metrics
        self._queues = {queue.name: queue for queue in settings.queues}
        self._rules = RuleBook(settings.rules, self._queues)
        self._places = Positions(desk, self.group)
        self._origins = Positions(desk, f"{self.group}.origin")
        self._shelf = Shelf()

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Start where the desk stands, whatever the log remembers."""
        await self._places.load()
        await self._origins.load()
        return {partition: self._places.next(partition) for partition in committed}

    async def handle(
        self, batch: Sequence[Delivered[ClassifiedMention]], rejected: Sequence[Rejected]
    ) -> Sequence[NewRecord]:
        """All effects of the batch, or none. Nothing is returned: the desk owes the log what it must hear."""
        fresh = self._fresh(batch, rejected)
        if not fresh.after:
            return ()
        now = self._clock.now()
        async with self._desk.transaction() as tx:
            await self._places.advance(tx, fresh.after)
            await self._origins.advance(tx, fresh.origins)
            await bury(tx, fresh.rejected, self.group, now)
            known = await _known(tx, fresh.mentions)
            effects = decide(fresh.mentions, known, self._rules, self._queues)
            await self._store(tx, effects, known, now)
            await self._shelf.keep(tx, effects.begun, effects.retold, now)
            counts = _counts(effects, fresh.rejected)
            await tx.count(counts)
        self._places.moved(fresh.after)
        self._origins.moved(fresh.origins)
        self._changed()
        self._show(counts, effects, fresh.mentions)
        return ()

    def _show(
        self, counts: Mapping[tuple[str, str], int], effects: Effects, mentions: Sequence[ClassifiedMention]
    ) -> None:
        """What was committed, in the log and as figures."""
        why = Counter(stored.story_reason for stored in effects.mentions if stored.story_reason)
        if why:
            _log.debug("stories_told_again", **why)
        if self._metrics is None:
            return
        for (outcome, reason), n in counts.items():
            self._metrics.mentions.labels(outcome, reason).inc(n)
        now = self._clock.now()
        received = {each.mention.id: each.mention.received_at for each in mentions}
        for stored in effects.mentions:
            if stored.outcome in ("opened", "folded"):
                self._metrics.time_to_queue.observe(max(0.0, (now - received[stored.id]).total_seconds()))

    def _fresh(self, batch: Sequence[Delivered[ClassifiedMention]], rejected: Sequence[Rejected]) -> _Batch:
        new, dead, after = self._places.fresh(batch, rejected)
        mentions: list[ClassifiedMention] = []
        origins: dict[tuple[str, int], int] = {}
        for each in new:
            origin = each.event.origin
            place = (origin.topic, origin.partition)
            if origin.offset < (origins.get(place) or self._origins.next(place)):
                continue
            origins[place] = origin.offset + 1
            if each.event.mention.created_at.tzinfo is None:
                dead.append(Rejected(each.record, "no_time_zone", "mention.created_at has no time zone"))
            else:
                mentions.append(each.event)
        return _Batch(mentions, dead, after, {Partition(*place): offset for place, offset in origins.items()})

    async def _store(self, tx: DeskTransaction, effects: Effects, known: Known, now: datetime) -> None:
        linked = await self._alarm(tx, effects, known, now)
        opened = [linked.get(item.id, item) for item in effects.opened]
        updated = [linked.get(item.id, item) for item in effects.updated]
        for reason, items in _grouped(opened, lambda item: item.reason).items():
            await tx.add_items(items, _cause(now, reason))
        changes = _grouped(updated, lambda item: _reason_of_change(item, effects))
        for reason, items in changes.items():
            await tx.update_items(items, _cause(now, reason), "item.updated")
        await tx.put_mentions(effects.mentions)
        for item_id, due_at in effects.due:
            await tx.schedule(Timer(kind="deadline", subject=item_id, due_at=due_at))

    async def _alarm(self, tx: DeskTransaction, effects: Effects, known: Known, now: datetime) -> dict[str, Item]:
        """Raise an incident per alarm; the items, by id, linked to theirs."""
        items = {item.id: item for item in (*known.items.values(), *effects.opened, *effects.updated)}
        linked: dict[str, Item] = {}
        cause = _cause(now, "critical_mention")
        for alarm in effects.alarms:
            told = linked.get(alarm.story_item or "") or items.get(alarm.story_item or "")
            told_in = told.incident_id if told is not None else None
            item = items[alarm.item_id]
            held = await raise_critical(tx, alarm, item.queue, told_in, self._settings, cause)
            linked[item.id] = replace(item, incident_id=held.id)
        return linked


async def _known(tx: DeskTransaction, mentions: Sequence[ClassifiedMention]) -> Known:
    """Stories first: who looks for those of a brand is alone with them until the end."""
    brands = sorted({each.mention.brand for each in mentions})
    keys = sorted({key for each in mentions for key in keys_in(each).sought})
    stories = await tx.stories(brands, keys) if keys else ()
    conversations = sorted({conversation_of(each.mention) for each in mentions})
    stored = await tx.mentions(sorted({each.mention.id for each in mentions}))
    open_ones = await tx.open_items(conversations)
    latest = await tx.latest_items(conversations)
    book = Stories(stories)
    told = {telling.story.item_id for each in mentions if (telling := book.find(each)) is not None}
    wanted = {item_id for item_id in (*told, *(each.item_id for each in stored.values())) if item_id is not None}
    items = await tx.items_by_id(sorted(wanted)) if wanted else {}
    return Known(
        mentions=stored,
        open=open_ones,
        latest=latest,
        items=items,
        stories=stories,
        tellers=await _tellers(tx, mentions, {*items, *(item.id for item in latest.values() if item.thread)}),
    )


async def _tellers(
    tx: DeskTransaction, mentions: Sequence[ClassifiedMention], items: set[str]
) -> Mapping[tuple[str, int], int]:
    """An item without a thread is one author's, who is known; copies by others are in items of stories."""
    people = sorted({person_of(each.mention) for each in mentions})
    return await tx.tellers(sorted(items), people) if items else {}


def _reason_of_change(item: Item, effects: Effects) -> str:
    return "urgency_raised" if item.id in effects.raised else effects.copied.get(item.id, "mention_folded")


def _counts(effects: Effects, rejected: Iterable[Rejected]) -> dict[tuple[str, str], int]:
    counts = dict(effects.counts)
    for each in rejected:
        counts["dead", each.reason] = counts.get(("dead", each.reason), 0) + 1
    return counts


def _grouped(items: Iterable[Item], reason_of: Callable[[Item], str]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(reason_of(item), []).append(item)
    return groups


def _cause(now: datetime, reason: str) -> Cause:
    return Cause(actor="router", method="system", at=now, reason=reason)
