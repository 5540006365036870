"""Commands on one item. Each is one conditional write; who loses is told what holds now."""

from datetime import datetime
from typing import Any, NoReturn

import msgspec
from sqlalchemy import BigInteger, Text, Update, and_, bindparam, case, func, insert, or_, select, update

from backbone.errors import Conflict
from backbone.records import Cause, Item, Reply, Timer
from backbone.relational.items import by_id, find
from backbone.relational.rows import ITEMS, REPLIES, micros
from backbone.relational.tables import items, replies
from backbone.relational.work import Work
from contracts.topics import REPLY_REQUESTED
from contracts.work import ReplyRequested

LEASE = "lease"
DEADLINE = "deadline"

_encode = msgspec.json.Encoder().encode


def _change(*conditions: Any, **values: Any) -> Update:
    """A conditional write of one item that returns it as it then is."""
    this = items.c.id == bindparam("an_id")
    changed = update(items).where(this, *conditions).values(seq=items.c.seq + 1, **values)
    return changed.returning(*ITEMS.columns)


_AT = bindparam("at", type_=BigInteger)
_PERSON = bindparam("person", type_=Text)
_RUNNING = and_(items.c.state == "claimed", items.c.lease_until > _AT)
_HELD_BY_PERSON = and_(_RUNNING, items.c.holder == _PERSON)
_FENCE = bindparam("expected_fence", type_=BigInteger)  # whatever the caller says it holds
_HELD_WITH_FENCE = and_(_HELD_BY_PERSON, items.c.fence == _FENCE)
_BACK: dict[str, Any] = {"state": "waiting", "holder": None, "lease_until": None}

_CLAIM = _change(
    items.c.state != "done",
    or_(items.c.state == "waiting", items.c.lease_until <= _AT, items.c.holder == _PERSON),
    state="claimed",
    holder=_PERSON,
    lease_until=bindparam("until"),
    fence=items.c.fence + case((_HELD_BY_PERSON, 0), else_=1),
)
_RELEASE = _change(_HELD_WITH_FENCE, **_BACK)
_REPLY = _change(
    _HELD_WITH_FENCE, lease_until=bindparam("until"), first_reply_at=func.coalesce(items.c.first_reply_at, _AT)
)
_RESOLVE = _change(_HELD_WITH_FENCE, state="done", holder=None, lease_until=None, resolved_at=_AT)
_EXPIRE = _change(items.c.state == "claimed", items.c.lease_until <= _AT, **_BACK)
_OVERDUE = _change(
    items.c.state != "done",
    items.c.first_reply_at.is_(None),
    items.c.due_at <= _AT,
    items.c.overdue.is_(False),
    overdue=True,
)
_KNOWN_REPLY = select(replies.c.id).where(replies.c.id == bindparam("id"))


def refuse_if_taken(work: Work, item_id: str, person: str, at: datetime) -> None:
    """Refuse a claim that cannot win as the item stands now. Winning needs `claim`."""
    item = by_id(work, item_id)
    if item.state == "done" or (_held(item, at) and item.holder != person):
        _refuse_claim(item)


def claim(work: Work, item_id: str, person: str, until: datetime, cause: Cause) -> Item:
    """See `DeskTransaction.claim`; ``item.claimed``, or ``item.renewed`` by who holds it already."""
    before = by_id(work, item_id, lock=True)
    after = _apply(work, _CLAIM, item_id, cause, person=person, until=micros(until))
    if after is None:
        _refuse_claim(before)
    work.owed.schedule(Timer(kind=LEASE, subject=item_id, due_at=until))
    work.owed.tell("item.renewed" if after.fence == before.fence else "item.claimed", before, after, cause)
    return after


def release(work: Work, item_id: str, person: str, fence: int, cause: Cause) -> Item:
    """See `DeskTransaction.release`; ``item.released``."""
    before = by_id(work, item_id, lock=True)
    after = _apply(work, _RELEASE, item_id, cause, person=person, expected_fence=fence)
    if after is None:
        _refuse_stale(before, person, fence, cause.at)
    work.owed.cancel(LEASE, item_id)
    work.owed.tell("item.released", before, after, cause)
    return after


def reply(work: Work, given: Reply, fence: int, until: datetime, cause: Cause) -> Item:
    """See `DeskTransaction.reply`; ``item.replied``."""
    before = by_id(work, given.item_id, lock=True)
    if work.first(_KNOWN_REPLY, id=given.id) is not None:
        return before
    holder = {"person": given.author, "expected_fence": fence}
    after = _apply(work, _REPLY, given.item_id, cause, until=micros(until), **holder)
    if after is None:
        _refuse_stale(before, given.author, fence, cause.at)
    work.run(insert(replies), REPLIES.values(given))
    work.owed.schedule(Timer(kind=LEASE, subject=after.id, due_at=until))
    work.owed.cancel(DEADLINE, after.id)
    work.owed.tell("item.replied", before, after, cause)
    work.owed.publish(REPLY_REQUESTED.name, after.id, _encode(_request(given, after)))
    return after


def resolve(work: Work, item_id: str, person: str, fence: int, cause: Cause) -> Item:
    """See `DeskTransaction.resolve`; ``item.resolved``."""
    before = by_id(work, item_id, lock=True)
    after = _apply(work, _RESOLVE, item_id, cause, person=person, expected_fence=fence)
    if after is None:
        _refuse_stale(before, person, fence, cause.at)
    work.owed.cancel(LEASE, item_id)
    work.owed.cancel(DEADLINE, item_id)
    work.owed.tell("item.resolved", before, after, cause)
    return after


def expire(work: Work, item_id: str, cause: Cause) -> Item | None:
    """See `DeskTransaction.expire_lease`; ``item.expired``."""
    before = find(work, item_id, lock=True)
    after = _apply(work, _EXPIRE, item_id, cause)
    if before is None or after is None:
        return None
    work.owed.cancel(LEASE, item_id)
    work.owed.tell("item.expired", before, after, cause)
    return after


def mark_overdue(work: Work, item_id: str, cause: Cause) -> Item | None:
    """See `DeskTransaction.mark_overdue`; ``item.overdue``, once."""
    before = find(work, item_id, lock=True)
    after = _apply(work, _OVERDUE, item_id, cause)
    if before is None or after is None:
        return None
    work.owed.tell("item.overdue", before, after, cause)
    return after


def _apply(work: Work, statement: Update, item_id: str, cause: Cause, **values: Any) -> Item | None:
    work.locked.pop(item_id, None)
    return work.find(ITEMS, statement, an_id=item_id, at=micros(cause.at), **values)


def _held(item: Item, at: datetime) -> bool:
    return item.state == "claimed" and item.lease_until is not None and item.lease_until > at


def _request(given: Reply, item: Item) -> ReplyRequested:
    return ReplyRequested(
        id=given.id,
        item_id=item.id,
        mention_id=given.mention_id,
        brand=item.brand,
        channel=item.channel,
        source=item.source,
        thread=item.thread,
        text=given.text,
        author=given.author,
        at=given.at,
        drill=item.drill,
    )


def _refuse_claim(item: Item) -> NoReturn:
    if item.state == "done":
        raise Conflict(
            f"Item {item.id} is done.",
            code="done",
            remedy="A new mention in this conversation opens a new item.",
            current=msgspec.to_builtins(item),
        )
    raise Conflict(
        f"Item {item.id} is held by {item.holder} until {_time(item.lease_until)}.",
        code="held",
        remedy="Take another item, or ask the holder to release it.",
        current=msgspec.to_builtins(item),
    )


def _refuse_stale(item: Item, person: str, fence: int, at: datetime) -> NoReturn:
    raise Conflict(
        f"The claim of {person} on item {item.id} (fence {fence}) no longer holds: {_now(item, at)}.",
        code="stale_fence",
        remedy="Nothing was changed. Claim the item again if it is free.",
        current=msgspec.to_builtins(item),
    )


def _now(item: Item, at: datetime) -> str:
    if item.state == "done":
        return f"it is done since {_time(item.resolved_at)}"
    if item.state == "waiting":
        return "it waits in its queue, held by nobody"
    if _held(item, at):
        return f"it is held by {item.holder} until {_time(item.lease_until)} with fence {item.fence}"
    return f"the lease of {item.holder} ran out at {_time(item.lease_until)}"


def _time(at: datetime | None) -> str:
    return "an unknown time" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
