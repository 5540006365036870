"""Items and mentions as they are stored: made from what was said, and changed by what is said next."""

from typing import Any

import msgspec

from backbone.records import Item, Outcome, StoredMention
from contracts.mentions import ClassifiedMention, Mention
from services.router.domain.hours import deadline
from services.router.domain.rules import Decision
from services.router.domain.settings import Queue
from services.router.domain.stories import person_of
from services.router.domain.verdicts import effective, more_urgent, priority, stronger_care

EXCERPT = 200
"""Characters of the newest mention that lists show."""


class Told(msgspec.Struct, frozen=True):
    """What a mention has to do with a story: which, why it is in its item or apart, and whether it is a copy there."""

    story: str | None = None
    reason: str = ""
    copied: bool = False


NOTHING = Told()


def new_item(item_id: str, conversation: str, said: ClassifiedMention, queue: Queue, reason: str) -> Item:
    """The item that a mention opens."""
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


def with_mention(item: Item, said: ClassifiedMention, decision: Decision) -> dict[str, Any]:
    """What one more mention (or a newer text of one) changes of an open item, but for its count and its clock."""
    mention, verdict = said.mention, said.verdict
    changes = with_copy(item, said, decision)
    changes.update(opened_at=min(item.opened_at, mention.created_at), drill=item.drill and mention.drill)
    if effective(verdict) == item.urgency:
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


def with_copy(item: Item, said: ClassifiedMention, decision: Decision) -> dict[str, Any]:
    """What a copy by somebody else changes: the item may rise, and stays its first author's in all else."""
    verdict = said.verdict
    urgency = effective(verdict)
    changes: dict[str, Any] = {
        "priority": min(item.priority, priority(urgency, verdict.intent, verdict.care)),
        "care": stronger_care(item.care, verdict.care),
    }
    if more_urgent(urgency, item.urgency):
        assert decision.queue is not None
        changes.update(urgency=urgency, unsure=verdict.unsure, queue=decision.queue, reason=decision.reason)
    return changes


def excerpt(text: str) -> str:
    """The start of a text on one line."""
    return " ".join(text[: EXCERPT * 4].split())[:EXCERPT]


def _author_name(mention: Mention) -> str | None:
    author = mention.author
    return None if author is None else author.name or author.handle


def stored(
    said: ClassifiedMention, item_id: str | None, outcome: Outcome, reason: str, told: Told = NOTHING
) -> StoredMention:
    """A mention with what became of it."""
    mention = said.mention
    verdict = msgspec.to_builtins(said.verdict)
    del verdict["sketch"]  # its story has what is needed of it
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
        verdict=verdict,
        drill=mention.drill,
        channel=mention.channel,
        person=person_of(mention),
        story=told.story,
        story_reason=told.reason,
        copied=told.copied,
    )
