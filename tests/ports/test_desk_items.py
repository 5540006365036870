"""Mentions and items as the router writes and screens read them (`backbone.ports.DeskTransaction`)."""

import pytest
from desk_suite import LEASE, START, at, cause, claimed, item, kinds, mention, opened, reply
from msgspec.structs import replace

from backbone.errors import BadInput, Conflict, NotFound
from backbone.ports import Desk, ItemFilter
from backbone.records import Item


async def test_mentions_are_kept_and_an_edit_replaces_them(desk: Desk) -> None:
    many = [mention(f"m{n}") for n in range(2_500)]
    edited = replace(many[0], revision=1, text="Toch bezorgd", verdict={"urgency": "low"}, drill=True)
    async with desk.transaction() as tx:
        await tx.put_mentions(many)
        await tx.put_mentions([edited])
        assert await tx.mentions([edited.id]) == {edited.id: edited}
    async with desk.reading() as tx:
        found = await tx.mentions([*(one.id for one in many), "men_unknown", many[0].id])
        assert found == {one.id: one for one in [edited, *many[1:]]}
        assert await tx.mentions([]) == {}


async def test_an_items_mentions_come_oldest_first(desk: Desk) -> None:
    own = [mention(f"m{n}", item_id="itm_1", created_at=at(-n)) for n in range(3)]
    async with desk.transaction() as tx:
        await tx.put_mentions([*own, mention("other", item_id="itm_2"), mention("filtered", item_id=None)])
        assert await tx.item_mentions("itm_1") == own[::-1]


async def test_an_item_comes_back_as_it_was_put(desk: Desk) -> None:
    """Every field, with and without a value, to the microsecond."""
    precise = START.replace(microsecond=123_457)
    full = item(
        "c1", thread="t1", incident_id="inc_1", drill=True, unsure=True, opened_at=precise, first_reply_at=precise
    )
    bare = item("c2", due_at=None, author=None, author_name=None)
    async with desk.transaction() as tx:
        await tx.add_items([full, bare], cause())
    async with desk.reading() as tx:
        assert [await tx.item(full.id), await tx.item(bare.id)] == [full, bare]
        with pytest.raises(NotFound, match="itm_nowhere"):
            await tx.item("itm_nowhere")


async def test_a_conversation_has_one_open_item(desk: Desk) -> None:
    [first] = await opened(desk, "c1")
    with pytest.raises(Conflict) as refused:
        await opened(desk, "c0", "c1", id="itm_other")
    assert refused.value.code == "open_item_exists"
    async with desk.transaction() as tx:
        assert await tx.open_items(["c0", "c1"]) == {"c1": first}


async def test_items_that_are_refused_leave_the_rest_of_the_transaction_whole(desk: Desk) -> None:
    await opened(desk, "c1")
    async with desk.transaction() as tx:
        await tx.put_mentions([mention("before")])
        with pytest.raises(Conflict):
            await tx.add_items([item("c0"), item("c1", id="itm_other")], cause())
        await tx.add_items([item("c2")], cause())
    async with desk.reading() as tx:
        assert set(await tx.open_items(["c0", "c1", "c2"])) == {"c1", "c2"}
        assert len(await tx.mentions([mention("before").id])) == 1
    assert await kinds(desk) == ["item.opened"] * 2


async def test_a_conversation_that_is_done_can_be_opened_anew(desk: Desk) -> None:
    [old] = await opened(desk, "c1")
    holding = await claimed(desk, old, "ann")
    async with desk.transaction() as tx:
        done = await tx.resolve(old.id, "ann", holding.fence, cause(1))
        assert await tx.open_items(["c1"]) == {}
        assert await tx.latest_items(["c1", "c9"]) == {"c1": done}
        new = item("c1", id="itm_new", opened_at=at(5))
        await tx.add_items([new], cause(5))
        assert await tx.open_items(["c1"]) == {"c1": new}
        assert await tx.latest_items(["c1"]) == {"c1": new}


async def test_the_router_changes_what_it_locked_but_never_a_claim(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    holding = await claimed(desk, fresh, "ann")
    async with desk.transaction() as tx:
        locked = (await tx.open_items(["c1"]))["c1"]
        changed = replace(locked, urgency="critical", priority=1, due_at=None, mentions=2, holder="bob", fence=99)
        await tx.update_items([changed], cause(), "item.folded")
        stored = await tx.item(fresh.id)
        assert stored == replace(changed, holder="ann", fence=holding.fence, seq=holding.seq + 1)
    assert await kinds(desk) == ["item.opened", "item.claimed", "item.folded"]


async def test_an_item_folded_into_twice_in_a_batch_counts_both(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    async with desk.transaction() as tx:
        await tx.update_items([replace(fresh, mentions=2), replace(fresh, mentions=3)], cause(), "item.folded")
        assert await tx.item(fresh.id) == replace(fresh, mentions=3, seq=2)


async def test_an_item_the_router_closes_has_no_holder(desk: Desk) -> None:
    [fresh] = await opened(desk, "c1")
    holding = await claimed(desk, fresh, "ann")
    async with desk.transaction() as tx:
        await tx.update_items([replace(holding, state="done", resolved_at=at(1))], cause(1), "item.closed")
        closed = await tx.item(fresh.id)
    assert (closed.state, closed.holder, closed.lease_until) == ("done", None, None)


async def test_only_items_that_are_there_can_be_changed(desk: Desk) -> None:
    with pytest.raises(NotFound):
        async with desk.transaction() as tx:
            await tx.update_items([item("c1")], cause(), "item.folded")


def _shuffled() -> list[Item]:
    """Items whose order rests on each of priority, due time, age and id in turn."""
    return [
        item(f"c{n}", priority=priority, due_at=None if due is None else at(due), opened_at=at(age))
        for n, (priority, due, age) in enumerate(
            [(2, 5, 0), (1, None, 1), (1, 9, 0), (1, 3, 2), (1, 3, 1), (1, 3, 1), (1, None, 0), (3, 1, 0), (2, 5, 0)]
        )
    ]


async def test_items_are_listed_in_handling_order_page_by_page(desk: Desk) -> None:
    """Priority, then due time (none last), then age, then id; a cursor continues where the page ended."""
    far = at(10_000_000)
    expected = sorted(_shuffled(), key=lambda one: (one.priority, one.due_at or far, one.opened_at, one.id))
    async with desk.transaction() as tx:
        await tx.add_items(_shuffled(), cause())
    for size in (1, 2, 4, 9, 50):
        seen: list[Item] = []
        after = None
        async with desk.reading() as tx:
            while True:
                shown = await tx.items(ItemFilter(after=after, limit=size))
                seen += shown.items
                if (after := shown.next) is None:
                    break
                assert len(shown.items) == size
        assert seen == expected


async def test_lists_keep_to_their_filters(desk: Desk) -> None:
    a, b, c = [(await opened(desk, name, brand=brand, queue=q))[0] for name, brand, q in
               (("a", "bakker", "care"), ("b", "slager", "care"), ("c", "bakker", "press"))]  # fmt: skip
    held = await claimed(desk, c, "ann")
    gone = await claimed(desk, b, "bob")
    async with desk.transaction() as tx:
        gone = await tx.resolve(b.id, "bob", gone.fence, cause(1))
    async with desk.reading() as tx:

        async def ids(**wanted: object) -> set[str]:
            return {one.id for one in (await tx.items(ItemFilter(**wanted))).items}  # type: ignore[arg-type]

        assert await ids() == {a.id, b.id, c.id}
        assert await ids(brands=("slager",)) == {gone.id}
        assert await ids(brands=()) == set()
        assert await ids(queue="care", states=("waiting", "claimed")) == {a.id}
        assert await ids(states=("done",)) == {gone.id}
        assert await ids(holder="ann") == {held.id}


async def test_a_cursor_that_is_not_ours_is_refused(desk: Desk) -> None:
    async with desk.reading() as tx:
        with pytest.raises(BadInput, match="cursor"):
            await tx.items(ItemFilter(after=(1, "nonsense")))


async def test_queue_figures_count_what_is_not_done(desk: Desk) -> None:
    await opened(desk, "c1", urgency="critical", due_at=at(5), overdue=True)
    await opened(desk, "c2", urgency="high", due_at=None, opened_at=at(-3))
    [answered] = await opened(desk, "c3", due_at=at(2))
    await opened(desk, "c4", queue="press", due_at=None, brand="slager")
    [done] = await opened(desk, "c5", queue="gone")
    holding = await claimed(desk, answered, "ann")
    over = await claimed(desk, done, "ann")
    async with desk.transaction() as tx:
        await tx.reply(reply(answered, "ann"), holding.fence, at(1) + LEASE, cause(1, "ann"))
        await tx.resolve(done.id, "ann", over.fence, cause(1))
    async with desk.reading() as tx:
        care, press = await tx.queues(None)
        assert await tx.queues(["bakker"]) == [care]
    assert (care.queue, care.waiting, care.claimed, care.overdue, care.critical, care.high) == ("care", 2, 1, 1, 1, 1)
    assert (care.oldest_at, care.next_due_at) == (at(-3), at(5))
    assert (press.queue, press.waiting, press.next_due_at) == ("press", 1, None)
