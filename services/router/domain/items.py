"""What a batch of classified mentions does to the desk: a pure decision over what is known.

Mentions of one conversation are one item, and so are copies of them by others. They are applied by (created_at, id);
between lanes they may arrive late, and then they are kept and counted, but never lower an item's urgency, move its last
mention back or reopen what is newer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

import msgspec
from msgspec.structs import replace

from backbone.ids import derive
from backbone.records import Item, StoredMention, Story
from contracts.mentions import ClassifiedMention, Mention
from services.router.domain.hours import deadline
from services.router.domain.rules import Decision, RuleBook
from services.router.domain.settings import Queue
from services.router.domain.snapshots import NOTHING, Told, new_item, stored, with_copy, with_mention
from services.router.domain.stories import FOLDING, Reason, Stories, Telling, is_by_author, person_of, reason_for
from services.router.domain.verdicts import effective

_MOVING: frozenset[str] = frozenset({"story_done", "story_private", "said_first"})
"""Reasons to stay apart after which copies go to the new item."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk holds of a batch's mentions and conversations."""

    mentions: Mapping[str, StoredMention] = {}
    open: Mapping[str, Item] = {}
    """The item of each conversation that is not done."""
    latest: Mapping[str, Item] = {}
    """The newest item of each conversation, done or not."""
    items: Mapping[str, Item] = {}
    """By id: those of stories that are told again, and of mentions that come again."""
    stories: Sequence[Story] = ()
    """Stories that the batch may tell."""
    tellers: Mapping[tuple[str, int], int] = {}
    """How many mentions of a person are in an item; who has none may be left out."""


class Alarm(msgspec.Struct, frozen=True):
    """A mention that the classifier calls critical, in an open item: somebody must be woken, once for each story."""

    conversation: str
    item_id: str
    said: ClassifiedMention
    story_item: str | None = None
    """The item whose incident it counts on, if that has one: that of the story it tells again."""
    copy: bool = False
    """It repeats what somebody else said: once that incident is over, it wakes nobody anew."""
    person: int = 1
    """1 if it is the first of this person in its item, else 0."""


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
    copied: dict[str, str]
    """Updated items (by id) that only copies changed, with the reason of the last one."""
    begun: tuple[Story, ...]
    retold: tuple[Story, ...]


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
        by_conversation = (item for source in (known.latest, known.open) for item in source.values())
        self._items = {**known.items, **{item.id: item for item in by_conversation}}
        self._latest = {**known.latest, **known.open}
        self._before = dict(self._items)
        self._changed: dict[str, Item] = {}
        self._mentions: dict[str, StoredMention] = {}
        self._alarms: list[Alarm] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._stories = Stories(known.stories)
        self._tellers = Counter(known.tellers)
        self._copied: dict[str, str] = {}
        self._own: set[str] = set()

    def take(self, said: ClassifiedMention) -> None:
        before = self._known.get(said.mention.id)
        if before is None:
            after = self._arrive(said, None)
            self._counts[_counter(after)] += 1
        elif before.revision >= said.mention.revision:
            self._counts["duplicates", ""] += 1
            return
        else:
            after = self._edit(said, before)
            self._counts["edits", ""] += 1
        self._known[after.id] = self._mentions[after.id] = after

    def _arrive(self, said: ClassifiedMention, before: StoredMention | None) -> StoredMention:
        """A mention that is in no item yet: new, or an edit of what was filtered or says no longer what it copied."""
        mention = said.mention
        decision = self._rules.decide(mention, said.verdict, effective(said.verdict))
        if decision.queue is None:
            return stored(said, None, "filtered", decision.reason)
        conversation = conversation_of(mention)
        telling = self._stories.find(said)
        latest = self._latest_of(conversation)
        if latest is None or _starts_anew(latest, said):
            return self._open_or_copy(said, conversation, decision, before, telling)
        self._fold(latest, said, decision, counted=True)
        reason = "after_done" if latest.state == "done" else "same_conversation"
        return stored(said, latest.id, "folded", reason, self._tell(said, latest.id, telling, "same_conversation"))

    def _open_or_copy(
        self,
        said: ClassifiedMention,
        conversation: str,
        decision: Decision,
        before: StoredMention | None,
        telling: Telling | None,
    ) -> StoredMention:
        """A mention with no item of its own: it may say the same as somebody else's."""
        if telling is None:
            item = self._open(said, conversation, decision, before)
            return stored(said, item.id, "opened", decision.reason, self._tell(said, item.id, None, ""))
        theirs = self._items.get(telling.story.item_id or "")
        reason = reason_for(said, telling, theirs)
        if reason in FOLDING and theirs is not None:
            self._fold_copy(theirs, said, decision, reason, counted=True)
            told = self._tell(said, theirs.id, telling, reason)
            return stored(said, theirs.id, "folded", reason, told)
        item = self._open(said, conversation, decision, before, told_in=theirs, reason=reason)
        return stored(said, item.id, "opened", decision.reason, self._tell(said, item.id, telling, reason))

    def _tell(
        self, said: ClassifiedMention, item_id: str, telling: Telling | None, reason: Reason | Literal[""]
    ) -> Told:
        """Note that a story is told: a new one where it is none that is known."""
        if telling is None:
            begun = self._stories.begin(said, item_id)
            return NOTHING if begun is None else Told(begun.id)
        self._stories.tell(telling.story, said, item_id if reason in _MOVING else None)
        return Told(telling.story.id, reason, reason in FOLDING)

    def _edit(self, said: ClassifiedMention, before: StoredMention) -> StoredMention:
        """A newer text of a known mention: what it was stays so, unless it has become more urgent, or no copy."""
        if before.item_id is None:
            return self._arrive(said, before)
        item = self._items.get(before.item_id)
        newly_critical = is_critical(said) and before.verdict.get("urgency") != "critical"
        decision = self._rules.decide(said.mention, said.verdict, effective(said.verdict))
        if before.copied and item is not None:
            return self._edit_copy(said, before, item, decision, newly_critical=newly_critical)
        if newly_critical and decision.queue is not None and (item is None or item.state == "done"):
            return self._arrive(said, before)
        if item is not None and decision.queue is not None:
            self._fold(item, said, decision, counted=False, alarming=newly_critical)
        return stored(said, before.item_id, before.outcome, before.reason, self._retell(said, before))

    def _edit_copy(
        self,
        said: ClassifiedMention,
        before: StoredMention,
        item: Item,
        decision: Decision,
        *,
        newly_critical: bool,
    ) -> StoredMention:
        """It stays in somebody else's item only as long as it says the same."""
        telling = self._stories.find(said)
        same = telling is not None and telling.story.item_id == item.id and decision.queue is not None
        reason = reason_for(said, telling, item) if telling is not None and same else None
        if reason in FOLDING or (reason == "story_done" and not newly_critical):
            if reason != "story_done":
                self._fold_copy(item, said, decision, before.reason, counted=False, alarming=newly_critical)
            told = Told(before.story, before.story_reason, copied=True)
            return stored(said, item.id, before.outcome, before.reason, told)
        self._leave(item, before)
        return self._arrive(said, before)

    def _retell(self, said: ClassifiedMention, before: StoredMention) -> Told:
        telling = self._stories.find(said)
        if telling is not None and telling.story.id == before.story:
            return Told(before.story, before.story_reason)
        return self._tell(said, before.item_id or "", telling, "same_conversation")

    def _leave(self, item: Item, before: StoredMention) -> None:
        """One mention less in this item, and one person less if it was their only one."""
        who = (item.id, before.person)
        self._tellers[who] -= 1
        self._keep(replace(item, mentions=item.mentions - 1, people=item.people - (self._tellers[who] == 0)))
        self._own.add(item.id)

    def _open(
        self,
        said: ClassifiedMention,
        conversation: str,
        decision: Decision,
        before: StoredMention | None,
        *,
        told_in: Item | None = None,
        reason: Reason | None = None,
    ) -> Item:
        assert decision.queue is not None
        # An edit that opens an item must not get the id of the one its first text may have opened.
        cause = (said.mention.id,) if before is None else (said.mention.id, said.mention.revision)
        queue = self._queues[decision.queue]
        item = new_item(derive("item", conversation, *cause), conversation, said, queue, decision.reason)
        self._keep(item)
        self._latest[conversation] = item
        self._count(item, said)
        shares = told_in is not None and reason != "too_short"
        self._alarm(item, said, told_in.id if told_in and shares else None, copy=reason == "story_done")
        return item

    def _fold(
        self, item: Item, said: ClassifiedMention, decision: Decision, *, counted: bool, alarming: bool = True
    ) -> None:
        """Into the item of its own conversation."""
        person = self._count(item, said) if counted else 0
        changed = replace(item, mentions=item.mentions + counted, people=item.people + person)
        self._own.add(item.id)
        if item.state == "done":
            self._keep(changed)
            return
        self._keep_open(replace(changed, **with_mention(item, said, decision)))
        if alarming:
            self._alarm(item, said, person=person)

    def _fold_copy(
        self,
        item: Item,
        said: ClassifiedMention,
        decision: Decision,
        reason: str,
        *,
        counted: bool,
        alarming: bool = True,
    ) -> None:
        """Into the item of somebody else, which is open."""
        person = self._count(item, said) if counted else 0
        changed = replace(item, mentions=item.mentions + counted, people=item.people + person)
        self._keep_open(replace(changed, **with_copy(item, said, decision)))
        self._copied[item.id] = reason
        if alarming:
            self._alarm(item, said, item.id, copy=True, person=person)

    def _count(self, item: Item, said: ClassifiedMention) -> int:
        """One mention more of this person in this item: 1 if it is the first."""
        who = (item.id, person_of(said.mention))
        self._tellers[who] += 1
        return int(self._tellers[who] == 1 and not is_by_author(said.mention, item))

    def _keep_open(self, item: Item) -> None:
        due_at = self._due(item)
        self._keep(item if due_at == item.due_at else replace(item, due_at=due_at))

    def _due(self, item: Item) -> datetime | None:
        """The clock: from the first mention, brought forward by urgency, never put back, stopped by an answer."""
        if item.first_reply_at is not None:
            return item.due_at
        due = deadline(self._queues[item.queue], item.urgency, item.opened_at)
        return min(due, item.due_at) if due and item.due_at else due or item.due_at

    def _alarm(
        self,
        item: Item,
        said: ClassifiedMention,
        story_item: str | None = None,
        *,
        copy: bool = False,
        person: int = 1,
    ) -> None:
        if is_critical(said):
            self._alarms.append(Alarm(item.conversation, item.id, said, story_item, copy, person))

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
            copied={item: reason for item, reason in self._copied.items() if item not in self._own},
            begun=tuple(self._stories.begun()),
            retold=tuple(self._stories.retold()),
        )

    def _clock_moved(self, item: Item) -> bool:
        before = self._before.get(item.id)
        return before is None or before.due_at != item.due_at


def is_critical(said: ClassifiedMention) -> bool:
    """The classifier calls it critical."""
    return said.verdict.urgency == "critical"


def _counter(after: StoredMention) -> tuple[str, str]:
    """Its outcome; what was folded into somebody else's item is named apart."""
    return (after.outcome, "" if after.outcome == "folded" and not after.copied else after.reason)


def _starts_anew(latest: Item, said: ClassifiedMention) -> bool:
    """Whether a mention opens a new item: the last is done, and it is newer than all that item holds.

    A late critical mention opens one too: nobody saw it, and an item that is done wakes nobody.
    """
    if latest.state != "done":
        return False
    newer = (said.mention.created_at, said.mention.id) > (latest.last_mention_at, latest.last_mention_id)
    return newer or is_critical(said)
