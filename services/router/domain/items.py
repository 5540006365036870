"""What a batch of classified mentions does to the desk: a pure decision over what is known.

Mentions of one conversation are one item. They are applied by (created_at, id); between lanes they may arrive late, and
then they are kept and counted, but never lower an item's urgency, move its last mention back or reopen what is newer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from backbone.ids import derive
from backbone.records import Item, Outcome, StoredMention
from contracts.mentions import ClassifiedMention, Mention
from services.router.domain.hours import deadline
from services.router.domain.rules import Decision, RuleBook
from services.router.domain.settings import Queue
from services.router.domain.verdicts import effective, more_urgent, priority, stronger_care

EXCERPT = 200
"""Characters of the newest mention that lists show."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk holds of a batch's mentions and conversations."""

    mentions: Mapping[str, StoredMention] = {}
    open: Mapping[str, Item] = {}
    """The item of each conversation that is not done."""
    latest: Mapping[str, Item] = {}
    """The newest item of each conversation, done or not."""


class Alarm(msgspec.Struct, frozen=True):
    """A mention that the classifier calls critical, in an open item: somebody must be woken."""

    conversation: str
    item_id: str
    said: ClassifiedMention


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What changes, each part in the order in which it was decided."""

    opened: tuple[Item, ...]
    updated: tuple[Item, ...]
    """Changed, or the subject of an alarm."""
    raised: frozenset[str]
    """Ids of updated items whose urgency rose."""
    mentions: tuple[StoredMention, ...]
    alarms: tuple[Alarm, ...]
    due: tuple[tuple[str, datetime], ...]
    """Items (by id) whose clock was set or brought forward."""
    counts: dict[tuple[str, str], int]
    """Conservation counters: (name, reason) -> n."""


def conversation_of(mention: Mention) -> str:
    """The conversation a mention belongs to: its thread, else its author at that source, else itself."""
    if mention.thread is not None:
        return _conversation(mention.brand, mention.source, "thread", mention.thread)
    if mention.author is not None:
        return _conversation(mention.brand, mention.source, "author", mention.author.id)
    return _conversation(mention.brand, "mention", mention.id)


@lru_cache(maxsize=4096)
def _conversation(*cause: str) -> str:
    """Kept, since it is asked for before a batch's decision and in it, and people say more than one thing."""
    return derive("conv", *cause)


def decide(batch: Iterable[ClassifiedMention], known: Known, rules: RuleBook, queues: Mapping[str, Queue]) -> Effects:
    """The effects of a batch. Same batch and knowledge, same effects, whatever the batch's order."""
    work = _Work(known, rules, queues)
    for said in sorted(batch, key=lambda each: (each.mention.created_at, each.mention.id, each.mention.revision)):
        work.take(said)
    return work.effects()


class _Work:
    """The state of one decision: what is known, changed by each mention in turn."""

    def __init__(self, known: Known, rules: RuleBook, queues: Mapping[str, Queue]) -> None:
        self._rules = rules
        self._queues = queues
        self._known = dict(known.mentions)
        self._items = {item.id: item for source in (known.latest, known.open) for item in source.values()}
        self._latest = {**known.latest, **known.open}
        self._before = dict(self._items)
        self._changed: dict[str, Item] = {}
        self._mentions: dict[str, StoredMention] = {}
        self._alarms: list[Alarm] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    def take(self, said: ClassifiedMention) -> None:
        before = self._known.get(said.mention.id)
        if before is None:
            stored = self._arrive(said, None)
            self._counts[_counter(stored)] += 1
        elif before.revision >= said.mention.revision:
            self._counts["duplicates", ""] += 1
            return
        else:
            stored = self._edit(said, before)
            self._counts["edits", ""] += 1
        self._known[stored.id] = self._mentions[stored.id] = stored

    def _arrive(self, said: ClassifiedMention, before: StoredMention | None) -> StoredMention:
        """A mention that is in no item yet: new, or an edit of what was filtered."""
        mention = said.mention
        urgency = effective(said.verdict)
        decision = self._rules.decide(mention, said.verdict, urgency)
        if decision.queue is None:
            return _stored(said, None, "filtered", decision.reason)
        conversation = conversation_of(mention)
        latest = self._latest_of(conversation)
        if latest is None or _starts_anew(latest, said):
            return self._open(said, conversation, decision, before)
        self._fold(latest, said, decision, counted=True)
        reason = "after_done" if latest.state == "done" else "same_conversation"
        return _stored(said, latest.id, "folded", reason)

    def _edit(self, said: ClassifiedMention, before: StoredMention) -> StoredMention:
        """A newer text of a known mention: what it was stays so, unless it has become more urgent."""
        if before.item_id is None:
            return self._arrive(said, before)
        item = self._items.get(before.item_id)
        newly_critical = _is_critical(said) and before.verdict.get("urgency") != "critical"
        decision = self._rules.decide(said.mention, said.verdict, effective(said.verdict))
        if newly_critical and decision.queue is not None and (item is None or item.state == "done"):
            return self._arrive(said, before)
        if item is not None and decision.queue is not None:
            self._fold(item, said, decision, counted=False, alarming=newly_critical)
        return _stored(said, before.item_id, before.outcome, before.reason)

    def _open(
        self, said: ClassifiedMention, conversation: str, decision: Decision, before: StoredMention | None
    ) -> StoredMention:
        assert decision.queue is not None
        # An edit that opens an item must not get the id of the one its first text may have opened.
        cause = (said.mention.id,) if before is None else (said.mention.id, said.mention.revision)
        queue = self._queues[decision.queue]
        item = _new_item(derive("item", conversation, *cause), conversation, said, queue, decision.reason)
        self._keep(item)
        self._latest[conversation] = item
        self._alarm(item, said)
        return _stored(said, item.id, "opened", decision.reason)

    def _fold(
        self, item: Item, said: ClassifiedMention, decision: Decision, *, counted: bool, alarming: bool = True
    ) -> None:
        if item.state == "done":
            self._keep(replace(item, mentions=item.mentions + counted))
            return
        changes = _with_mention(item, said, decision)
        changed = replace(item, **changes, mentions=item.mentions + counted)
        due_at = self._due(changed)
        if due_at != changed.due_at:
            changed = replace(changed, due_at=due_at)
        self._keep(changed)
        if alarming:
            self._alarm(changed, said)

    def _due(self, item: Item) -> datetime | None:
        """The clock: from the first mention, brought forward by urgency, never put back, stopped by an answer."""
        if item.first_reply_at is not None:
            return item.due_at
        due = deadline(self._queues[item.queue], item.urgency, item.opened_at)
        return min(due, item.due_at) if due and item.due_at else due or item.due_at

    def _alarm(self, item: Item, said: ClassifiedMention) -> None:
        if _is_critical(said):
            self._alarms.append(Alarm(item.conversation, item.id, said))

    def _latest_of(self, conversation: str) -> Item | None:
        latest = self._latest.get(conversation)
        return None if latest is None else self._items[latest.id]

    def _keep(self, item: Item) -> None:
        self._items[item.id] = self._changed[item.id] = item

    def effects(self) -> Effects:
        changed = self._changed.values()
        alarmed = {alarm.item_id for alarm in self._alarms}
        known = [item for item in changed if item.id in self._before]
        updated = tuple(item for item in known if item != self._before[item.id] or item.id in alarmed)
        return Effects(
            opened=tuple(item for item in changed if item.id not in self._before),
            updated=updated,
            raised=frozenset(item.id for item in updated if item.urgency != self._before[item.id].urgency),
            mentions=tuple(self._mentions.values()),
            alarms=tuple(self._alarms),
            due=tuple((item.id, item.due_at) for item in changed if item.due_at and self._clock_moved(item)),
            counts=dict(self._counts),
        )

    def _clock_moved(self, item: Item) -> bool:
        before = self._before.get(item.id)
        return before is None or before.due_at != item.due_at


def _is_critical(said: ClassifiedMention) -> bool:
    return said.verdict.urgency == "critical"


def _counter(stored: StoredMention) -> tuple[str, str]:
    return (stored.outcome, "" if stored.outcome == "folded" else stored.reason)


def _starts_anew(latest: Item, said: ClassifiedMention) -> bool:
    """Whether a mention opens a new item: the last is done, and it is newer than all that item holds.

    A late critical mention opens one too: nobody saw it, and an item that is done wakes nobody.
    """
    if latest.state != "done":
        return False
    newer = (said.mention.created_at, said.mention.id) > (latest.last_mention_at, latest.last_mention_id)
    return newer or _is_critical(said)


def _new_item(item_id: str, conversation: str, said: ClassifiedMention, queue: Queue, reason: str) -> Item:
    mention, verdict = said.mention, said.verdict
    urgency = effective(verdict)
    return Item(
        id=item_id,
        brand=mention.brand,
        queue=queue.name,
        conversation=conversation,
        channel=mention.channel,
        source=mention.source,
        thread=mention.thread,
        author=mention.author.id if mention.author else None,
        author_name=_author_name(mention),
        state="waiting",
        urgency=urgency,
        unsure=verdict.unsure,
        sentiment=verdict.sentiment,
        intent=verdict.intent,
        care=verdict.care,
        lang=verdict.lang,
        priority=priority(urgency, verdict.intent, verdict.care),
        reason=reason,
        opened_at=mention.created_at,
        last_mention_at=mention.created_at,
        last_mention_id=mention.id,
        excerpt=excerpt(mention.text),
        mentions=1,
        due_at=deadline(queue, urgency, mention.created_at),
        drill=mention.drill,
    )


def _with_mention(item: Item, said: ClassifiedMention, decision: Decision) -> dict[str, Any]:
    """What one more mention (or a newer text of one) changes of an open item, but for its count and its clock."""
    mention, verdict = said.mention, said.verdict
    urgency = effective(verdict)
    changes: dict[str, Any] = {
        "priority": min(item.priority, priority(urgency, verdict.intent, verdict.care)),
        "care": stronger_care(item.care, verdict.care),
        "opened_at": min(item.opened_at, mention.created_at),
        "drill": item.drill and mention.drill,
    }
    if more_urgent(urgency, item.urgency):
        assert decision.queue is not None
        changes.update(urgency=urgency, unsure=verdict.unsure, queue=decision.queue, reason=decision.reason)
    elif urgency == item.urgency:
        changes["unsure"] = item.unsure and verdict.unsure
    if (mention.created_at, mention.id) >= (item.last_mention_at, item.last_mention_id):
        changes.update(
            sentiment=verdict.sentiment,
            intent=verdict.intent,
            lang=verdict.lang,
            author_name=_author_name(mention) or item.author_name,
            last_mention_at=mention.created_at,
            last_mention_id=mention.id,
            excerpt=excerpt(mention.text),
        )
    return changes


def excerpt(text: str) -> str:
    """The start of a text on one line."""
    return " ".join(text[: EXCERPT * 4].split())[:EXCERPT]


def _author_name(mention: Mention) -> str | None:
    author = mention.author
    return None if author is None else author.name or author.handle


def _stored(said: ClassifiedMention, item_id: str | None, outcome: Outcome, reason: str) -> StoredMention:
    mention = said.mention
    return StoredMention(
        id=mention.id,
        revision=mention.revision,
        brand=mention.brand,
        item_id=item_id,
        outcome=outcome,
        reason=reason,
        created_at=mention.created_at,
        text=mention.text,
        author_name=_author_name(mention),
        url=mention.url,
        verdict=msgspec.to_builtins(said.verdict),
        drill=mention.drill,
    )
