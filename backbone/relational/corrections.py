"""Corrections: what people say the verdicts on mentions should have been."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import bindparam, select, update

from backbone.corrections import Correction
from backbone.errors import NotFound
from backbone.records import Cause, Item, StoredMention
from backbone.relational.items import by_id
from backbone.relational.rows import CORRECTIONS, ITEMS, MENTIONS
from backbone.relational.tables import corrections, items, mentions
from backbone.relational.work import Work

_CORRECTIONS = select(*CORRECTIONS.columns)
_ONE = _CORRECTIONS.where(
    corrections.c.mention_id == bindparam("mention"), corrections.c.person == bindparam("a_person")
)
_MENTION = select(*MENTIONS.columns).where(
    mentions.c.id == bindparam("mention"), mentions.c.item_id == bindparam("item")
)
_NEXT = update(items).where(items.c.id == bindparam("an_id")).values(seq=items.c.seq + 1).returning(*ITEMS.columns)
_CORRECTED = (
    select(*MENTIONS.columns)
    .where(mentions.c.id > bindparam("after"))
    .where(select(corrections.c.person).where(corrections.c.mention_id == mentions.c.id).exists())
    .order_by(mentions.c.id)
    .limit(bindparam("limit"))
)
_BY_TIME = attrgetter("mention_id", "at", "person")


def correct(work: Work, item_id: str, correction: Correction, cause: Cause) -> Item:
    """See `DeskTransaction.correct`. The item is locked first, as everywhere."""
    item = by_id(work, item_id, lock=True)
    mention = work.find(MENTIONS, _MENTION, mention=correction.mention_id, item=item_id)
    if mention is None:
        raise NotFound(
            f"Item {item_id} has no mention {correction.mention_id}.",
            code="no_such_mention",
            remedy="Read the item again.",
        )
    before = work.find(CORRECTIONS, _ONE, mention=mention.id, a_person=correction.person)
    if correction.says_as(before):
        return item
    work.put(corrections, CORRECTIONS.values(correction))
    after = work.find(ITEMS, _NEXT, an_id=item_id)
    assert after is not None, "it is locked"
    work.owed.tell("item.corrected", item, after, cause, _told(mention, correction))
    return after


def _told(mention: StoredMention, correction: Correction) -> dict[str, Any]:
    """For the audit trail: what the verdict says, and what the person says instead."""
    said = {head: [mention.verdict.get(head), value] for head, value in correction.said().items()}
    return {"mention": mention.id, "revision": correction.revision, **said}


def of_mentions(work: Work, ids: Sequence[str]) -> Sequence[Correction]:
    """See `DeskTransaction.corrections`."""
    found = work.records_in(CORRECTIONS, _CORRECTIONS.where(work.among(corrections.c.mention_id)), ids)
    return sorted(found, key=_BY_TIME)


def corrected(work: Work, after: str, limit: int) -> Sequence[StoredMention]:
    """See `DeskTransaction.corrected_mentions`."""
    return work.records(MENTIONS, _CORRECTED, after=after, limit=limit)
