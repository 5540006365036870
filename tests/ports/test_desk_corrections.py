"""What people say a verdict should have been (`backbone.ports.DeskTransaction`)."""

from typing import Any

import pytest
from desk_suite import actions, at, cause, events, mention, opened
from msgspec.structs import replace

from backbone.corrections import Correction
from backbone.errors import NotFound
from backbone.ports import Desk
from backbone.records import Item, StoredMention
from backbone.relational.rows import CORRECTIONS


def correction(of: StoredMention, person: str = "anna", minutes: float = 1, **said: Any) -> Correction:
    return Correction(
        mention_id=of.id, person=person, revision=0, brand=of.brand, at=at(minutes), settles=False, **said
    )


async def corrected(desk: Desk, of: Item, *given: Correction) -> None:
    """Give each of them, in a transaction of its own."""
    for each in given:
        async with desk.transaction() as tx:
            await tx.correct(of.id, each, replace(cause(actor=each.person), at=each.at))


async def with_mention(desk: Desk, name: str = "c1") -> tuple[Item, StoredMention]:
    [item] = await opened(desk, name)
    said = mention(name, item_id=item.id)
    async with desk.transaction() as tx:
        await tx.put_mentions([said])
    return item, said


async def test_a_correction_comes_back_as_it_was_given(desk: Desk) -> None:
    item, said = await with_mention(desk)
    whole = correction(said, urgency="critical", sentiment="negative", intent="complaint", care="webcare", lang="nl")
    one = replace(correction(said, "bram", urgency="low"), settles=True)
    await corrected(desk, item, whole, one)
    async with desk.reading() as tx:
        assert list(await tx.corrections([said.id, "men_unknown"])) == [whole, one]
        assert await tx.corrections([]) == []


async def test_the_newest_of_a_person_takes_the_place_of_the_older_and_leaves_others_alone(desk: Desk) -> None:
    item, said = await with_mention(desk)
    first, other = correction(said, urgency="high", care="none"), correction(said, "bram", 2, urgency="low")
    second = correction(said, minutes=3, urgency="critical")
    await corrected(desk, item, first, other, second)
    async with desk.reading() as tx:
        assert list(await tx.corrections([said.id])) == [other, second]


async def test_each_change_is_audited_and_told_once_and_leaves_the_verdict_alone(desk: Desk) -> None:
    item, said = await with_mention(desk)
    given = correction(said, urgency="critical")
    again = replace(given, at=at(9))
    await corrected(desk, item, given, again)
    assert (await actions(desk, item.id)).count("item.corrected") == 1
    async with desk.reading() as tx:
        after = await tx.item(item.id)
        [row] = [row for row in await tx.audit(subject=item.id) if row.action == "item.corrected"]
        kept = await tx.mentions([said.id])
    assert after == replace(item, seq=item.seq + 1)
    assert kept == {said.id: said}
    assert (row.actor, row.at) == ("anna", at(1))
    assert row.data == {"mention": said.id, "revision": 0, "urgency": ["normal", "critical"]}
    [told] = [event for event in await events(desk) if event.kind == "item.corrected"]
    assert (told.subject, told.data["seq"]) == (item.id, after.seq)


async def test_a_mention_that_is_not_in_the_item_cannot_be_corrected_there(desk: Desk) -> None:
    item, _ = await with_mention(desk, "c1")
    _, other = await with_mention(desk, "c2")
    with pytest.raises(NotFound) as refused:
        await corrected(desk, item, correction(other, urgency="low"))
    assert refused.value.code == "no_such_mention"
    with pytest.raises(NotFound, match="itm_nowhere"):
        await corrected(desk, replace(item, id="itm_nowhere"), correction(other, urgency="low"))
    async with desk.reading() as tx:
        assert await tx.corrections([other.id]) == []


async def test_corrected_mentions_come_page_by_page(desk: Desk) -> None:
    pairs = [await with_mention(desk, f"c{n}") for n in range(5)]
    await with_mention(desk, "untouched")
    for item, said in pairs:
        await corrected(desk, item, correction(said, urgency="low"), correction(said, "bram", urgency="high"))
    async with desk.reading() as tx:
        first = await tx.corrected_mentions("", 3)
        rest = await tx.corrected_mentions(first[-1].id, 3)
    assert [one.id for one in (*first, *rest)] == sorted(said.id for _, said in pairs)


def test_the_table_has_the_fields_of_its_record_in_their_order() -> None:
    assert [column.name for column in CORRECTIONS.table.c] == [column.name for column in CORRECTIONS.columns]
