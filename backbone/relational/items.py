"""Mentions and items as the router writes them and as screens read them."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, get_args

import msgspec
from sqlalchemy import Select, bindparam, func, literal_column, select, tuple_
from sqlalchemy.exc import IntegrityError

from backbone.errors import BadInput, Conflict, NotFound
from backbone.ports import ItemFilter, ItemPage, QueueFigures
from backbone.records import Cause, Item, ItemState, Reply, StoredMention
from backbone.relational.rows import ITEMS, MENTIONS, REPLIES, instant, micros
from backbone.relational.tables import NO_DUE, items, mentions, replies
from backbone.relational.work import Work

_OPEN = items.c.state != literal_column("'done'")  # as the partial indexes say it, so that they are used
_DONE = items.c.state == literal_column("'done'")
_ITEM = select(*ITEMS.columns)
_BY_ID = _ITEM.where(items.c.id == bindparam("id"))
_BY_ORDER = _ITEM.order_by(items.c.id)  # rows are locked in one order everywhere
_OPEN_ONES = _BY_ORDER.where(_OPEN)
_MENTIONS = select(*MENTIONS.columns)
_OWN = (mentions.c.item_id == bindparam("item"), mentions.c.copied.is_(False))  # as the partial index says it
_MENTIONS_OF = _MENTIONS.where(*_OWN).order_by(mentions.c.created_at, mentions.c.id)
_REPLIES_OF = (
    select(*REPLIES.columns).where(replies.c.item_id == bindparam("item")).order_by(replies.c.at, replies.c.id)
)
_BY_CONVERSATION = attrgetter("conversation")  # two that add the same ones must not wait for each other
_HANDLING = (items.c.priority, items.c.due_order, items.c.opened_at, items.c.id)

_NEWEST_FIRST = func.row_number().over(
    partition_by=items.c.conversation, order_by=(items.c.opened_at.desc(), items.c.id.desc())
)

# -------------------------------------------------------------------------------------------------------- reading


def find(work: Work, item_id: str, *, lock: bool) -> Item | None:
    """One item, if it is there."""
    return work.find(ITEMS, work.lock(_BY_ID) if lock else _BY_ID, id=item_id)


def by_id(work: Work, item_id: str, *, lock: bool = False) -> Item:
    """See `DeskTransaction.item`. Locked, where a change that follows rests on it."""
    item = find(work, item_id, lock=lock)
    if item is None:
        raise NotFound(f"There is no item {item_id}.", code="no_such_item", remedy="Look for it in the list of items.")
    return item


def mentions_by_id(work: Work, ids: Sequence[str]) -> Mapping[str, StoredMention]:
    """See `DeskTransaction.mentions`."""
    return {
        mention.id: mention for mention in work.records_in(MENTIONS, _MENTIONS.where(work.among(mentions.c.id)), ids)
    }


def mentions_of(work: Work, item_id: str) -> Sequence[StoredMention]:
    """See `DeskTransaction.item_mentions`."""
    return work.records(MENTIONS, _MENTIONS_OF, item=item_id)


def replies_of(work: Work, item_id: str) -> Sequence[Reply]:
    """See `DeskTransaction.item_replies`."""
    return work.records(REPLIES, _REPLIES_OF, item=item_id)


def open_of(work: Work, conversations: Sequence[str]) -> Mapping[str, Item]:
    """See `DeskTransaction.open_items`."""
    found = work.records_in(ITEMS, work.lock(_OPEN_ONES.where(work.among(items.c.conversation))), conversations)
    work.locked.update((item.id, item) for item in found)
    return {item.conversation: item for item in found}


def locked_by_id(work: Work, ids: Sequence[str]) -> Mapping[str, Item]:
    """See `DeskTransaction.items_by_id`."""
    found = work.records_in(ITEMS, work.lock(_BY_ORDER.where(work.among(items.c.id))), ids)
    work.locked.update((item.id, item) for item in found)
    return {item.id: item for item in found}


def latest_of(work: Work, conversations: Sequence[str]) -> Mapping[str, Item]:
    """See `DeskTransaction.latest_items`. The newest is the one opened last."""
    ranked = _ITEM.where(work.among(items.c.conversation)).add_columns(_NEWEST_FIRST.label("rank")).subquery()
    newest = select(*(ranked.c[column.name] for column in ITEMS.columns)).where(ranked.c.rank == 1)
    return {item.conversation: item for item in work.records_in(ITEMS, newest, conversations)}


def page(work: Work, which: ItemFilter) -> ItemPage:
    """See `DeskTransaction.items`. What is open and what is done is asked for apart: each has its own index."""
    statement = _page_statement(which)
    states = get_args(ItemState) if which.states is None else which.states
    halves = [_DONE] if "done" in states else []
    halves += [_OPEN] if any(state != "done" for state in states) else []
    found = [item for half in halves for item in work.records(ITEMS, statement.where(half))]
    found.sort(key=_order)
    shown = tuple(found[: which.limit])
    return ItemPage(items=shown, next=_place(shown[-1]) if len(found) > which.limit and shown else None)


def _page_statement(which: ItemFilter) -> Select[Any]:
    statement = _ITEM.order_by(*_HANDLING).limit(which.limit + 1)
    if which.states is not None:
        statement = statement.where(items.c.state.in_(which.states))
    if which.brands is not None:
        statement = statement.where(items.c.brand.in_(which.brands))
    if which.queue is not None:
        statement = statement.where(items.c.queue == which.queue)
    if which.holder is not None:
        statement = statement.where(items.c.holder == which.holder)
    if which.after is not None:
        statement = statement.where(tuple_(*_HANDLING) > tuple_(*_parse(which.after)))
    return statement


def _order(item: Item) -> tuple[int, int, int, str]:
    due = NO_DUE if item.due_at is None else micros(item.due_at)
    return item.priority, due, micros(item.opened_at), item.id


def _place(item: Item) -> tuple[int, str]:
    priority, due, opened, item_id = _order(item)
    return priority, f"{due}.{opened}.{item_id}"


def _parse(after: tuple[int, str]) -> tuple[int, int, int, str]:
    due, _, rest = after[1].partition(".")
    opened, _, item_id = rest.partition(".")
    try:
        return after[0], int(due), int(opened), item_id
    except ValueError:
        raise BadInput(
            f"The cursor {after[1][:80]!r} is not one of ours.",
            code="bad_cursor",
            remedy="Use the cursor that came with the page before, or start without one.",
        ) from None


_FIGURES = select(
    items.c.queue,
    func.count().filter(items.c.state == "waiting").label("waiting"),
    func.count().filter(items.c.state == "claimed").label("claimed"),
    func.count().filter(items.c.overdue).label("overdue"),
    func.count().filter(items.c.urgency == "critical").label("critical"),
    func.count().filter(items.c.urgency == "high").label("high"),
    func.min(items.c.opened_at).label("oldest_at"),
    func.min(items.c.due_order).filter(items.c.first_reply_at.is_(None)).label("next_due_at"),
).where(_OPEN)


def queues(work: Work, brands: Sequence[str] | None) -> Sequence[QueueFigures]:
    """See `DeskTransaction.queues`; by name. `next_due_at` is of items that nobody answered yet."""
    statement = _FIGURES.group_by(items.c.queue).order_by(items.c.queue)
    if brands is not None:
        statement = statement.where(items.c.brand.in_(brands))
    return [_figures(row._asdict()) for row in work.run(statement)]


def _figures(row: dict[str, Any]) -> QueueFigures:
    due = row["next_due_at"]
    row["oldest_at"] = instant(row["oldest_at"])
    row["next_due_at"] = None if due in (None, NO_DUE) else instant(due)
    return QueueFigures(**row)


# -------------------------------------------------------------------------------------------------------- writing


def put_mentions(work: Work, stored: Sequence[StoredMention]) -> None:
    """See `DeskTransaction.put_mentions`."""
    work.put(mentions, *(MENTIONS.values(mention) for mention in stored))


def add(work: Work, new: Sequence[Item], cause: Cause) -> None:
    """See `DeskTransaction.add_items`; Conflict ``open_item_exists`` where the conversation has an open item."""
    if not new:
        return
    try:
        work.try_add(items, [ITEMS.values(item) for item in sorted(new, key=_BY_CONVERSATION)])
    except IntegrityError as error:
        raise Conflict(
            "One of the items is there already, or its conversation has another open item.",
            code="open_item_exists",
            remedy="Read the open items of these conversations again, then fold into them.",
        ) from error
    for item in new:
        work.locked[item.id] = item
        work.owed.tell("item.opened", None, item, cause)


def update_all(work: Work, changed: Sequence[Item], cause: Cause, action: str) -> None:
    """See `DeskTransaction.update_items`. The router may close an item; it neither takes nor ends a claim otherwise.

    Only columns that changed in any of them are written, and so only the indexes that have to be.
    """
    _lock(work, [item.id for item in changed])
    rows = []
    names: set[str] = set()
    for item in changed:
        before = work.locked[item.id]
        after = work.locked[item.id] = _keep_claim(before, item)
        names.update(_differing(before, after))
        rows.append(ITEMS.values(after))
        work.owed.tell(action, before, after, cause)
    columns = ("id", *sorted(names | {"due_order"} if "due_at" in names else names))
    work.store(items, [{name: row[name] for name in columns} for row in rows])


_FIELDS = tuple(name for name in Item.__struct_fields__ if name != "id")
_fields_of = attrgetter(*_FIELDS)


def _differing(before: Item, after: Item) -> list[str]:
    pairs = zip(_FIELDS, _fields_of(before), _fields_of(after), strict=True)
    return [name for name, was, value in pairs if value is not was and value != was]


def _keep_claim(before: Item, item: Item) -> Item:
    done = item.state == "done"
    return msgspec.structs.replace(
        item,
        state="done" if done else before.state,
        holder=None if done else before.holder,
        lease_until=None if done else before.lease_until,
        fence=before.fence,
        seq=before.seq + 1,
    )


def _lock(work: Work, ids: Sequence[str]) -> None:
    missing = [item_id for item_id in ids if item_id not in work.locked]
    if missing:
        locked_by_id(work, missing)
    for item_id in missing:
        if item_id not in work.locked:
            raise NotFound(f"There is no item {item_id}.", code="no_such_item")
