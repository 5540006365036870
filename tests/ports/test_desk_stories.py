"""Stories as the router keeps them and screens read them (`backbone.ports.DeskTransaction`)."""

import struct
from typing import Any

import pytest
from desk_suite import START, at, cause, item, mention, opened
from msgspec.structs import replace

from backbone.errors import NotFound
from backbone.ports import Desk
from backbone.records import Story, StoryFigures


def story(name: str, *keys: int, **changes: Any) -> Story:
    plain = Story(
        id=f"story_{name}",
        brand="bakker",
        drill=False,
        sketch=name.encode(),
        keys=struct.pack(f">{len(keys)}q", *keys),
        mention_id=f"men_{name}",
        item_id="itm_1",
        first_at=START,
        last_at=START,
        expires_at=at(60),
    )
    return replace(plain, **changes)


async def kept(desk: Desk, *told: Story) -> None:
    async with desk.transaction() as tx:
        await tx.put_stories(told, ())


async def found(desk: Desk, *keys: int, brand: str = "bakker") -> list[str]:
    async with desk.reading() as tx:
        return [one.id for one in await tx.stories([brand], keys)]


async def test_a_story_comes_back_under_each_of_its_keys(desk: Desk) -> None:
    """To the byte and the microsecond; keys are any whole numbers of 64 bits."""
    precise = START.replace(microsecond=123_457)
    one = story("0001", -(2**63), 2**63 - 1, 0, sketch=bytes(range(256)), first_at=precise, item_id=None)
    await kept(desk, one, story("0002", 5, drill=True), story("0003", 5, first_at=at(-1)))
    async with desk.reading() as tx:
        for key in (-(2**63), 2**63 - 1, 0):
            assert await tx.stories(["bakker"], [key, 77]) == [one]
        assert await tx.stories(["bakker"], []) == []
    assert await found(desk, 5, 0) == ["story_0003", "story_0002", "story_0001"]
    assert await found(desk, 5, brand="slager") == []


async def test_telling_it_again_changes_item_and_times_only(desk: Desk) -> None:
    one = story("0001", 5)
    await kept(desk, one)
    again = replace(one, item_id="itm_2", first_at=at(-1), last_at=at(9), expires_at=at(99))
    async with desk.transaction() as tx:
        await tx.put_stories((), [replace(again, sketch=b"other", keys=b"")])
        assert await tx.stories(["bakker"], [5]) == [again]


async def test_more_keys_than_one_statement_takes(desk: Desk) -> None:
    many = [story(f"{n:04x}", n) for n in range(2_500)]
    await kept(desk, *many)
    assert len(await found(desk, *range(2_500))) == 2_500


async def test_a_key_that_many_stories_share_leads_to_the_newest(desk: Desk) -> None:
    for n in range(64):
        await kept(desk, story(f"{n:04x}", 5))
    assert await found(desk, 5) == [f"story_{n:04x}" for n in range(56, 64)]


async def test_what_expired_is_forgotten_with_its_keys(desk: Desk) -> None:
    """And no more of it at a time than asked; other brands and what others put under a key stay."""
    await kept(desk, *(story(f"{n:04x}", n, expires_at=at(n)) for n in range(6)))
    await kept(desk, story("0a00", 0), story("0b01", 9, brand="slager", expires_at=at(0)))  # the slot of story 0
    async with desk.transaction() as tx:
        assert await tx.forget_stories(["bakker"], at(3), 1_000, 2) == 2
        assert await tx.forget_stories(["bakker"], at(3), 1_000, 10) == 2
        assert await tx.forget_stories(["bakker"], at(3), 1_000, 10) == 0
    assert await found(desk, *range(6)) == ["story_0004", "story_0005", "story_0a00"]
    assert await found(desk, 9, brand="slager") == ["story_0b01"]


async def test_a_brand_keeps_the_most_recent_ones(desk: Desk) -> None:
    await kept(desk, *(story(f"{n:04x}", n, expires_at=at(n)) for n in range(9)))
    async with desk.transaction() as tx:
        assert await tx.forget_stories(["bakker"], at(-1), 4, 100) == 5
    assert await found(desk, *range(9)) == [f"story_{n:04x}" for n in range(5, 9)]


async def test_who_told_what_is_counted_by_item_and_person(desk: Desk) -> None:
    said = [
        mention("m1", item_id="itm_1", person=7),
        mention("m2", item_id="itm_1", person=7),
        mention("m3", item_id="itm_1", person=2**60, copied=True),
        mention("m4", item_id="itm_2", person=7, copied=True),
        mention("m5", item_id=None, person=7),
    ]
    async with desk.transaction() as tx:
        await tx.put_mentions(said)
        assert await tx.tellers(["itm_1", "itm_2"], [7, 2**60, 9]) == {
            ("itm_1", 7): 2,
            ("itm_1", 2**60): 1,
            ("itm_2", 7): 1,
        }
        assert await tx.tellers([], [7]) == {}


async def test_figures_count_people_and_not_reposts(desk: Desk) -> None:
    told = [
        mention("m1", story="story_1", person=1, channel="x", created_at=at(0)),
        mention("m2", story="story_1", person=2, channel="facebook", created_at=at(5), copied=True),
        mention("m3", story="story_1", person=2, channel="x", created_at=at(9), copied=True),
        mention("m4", story="story_2", person=3, channel="x", item_id="itm_2"),
    ]
    expected = StoryFigures(
        id="story_1",
        brand="bakker",
        mentions=3,
        people=2,
        channels={"x": 2, "facebook": 1},
        first_at=at(0),
        last_at=at(9),
    )
    async with desk.transaction() as tx:
        await tx.put_mentions(told)
    async with desk.reading() as tx:
        assert await tx.story_figures("story_1") == expected
        assert list(expected.channels) == list((await tx.story_figures("story_1")).channels)
        with pytest.raises(NotFound, match="story_9"):
            await tx.story_figures("story_9")


async def test_an_items_story_is_what_most_people_said_of_what_it_says_itself(desk: Desk) -> None:
    """Not what somebody says whose other message was copied into it."""
    told = [
        mention("m1", item_id="itm_1", story="story_1", person=1),
        mention("m2", item_id="itm_1", story="story_2", person=1),
        mention("m3", item_id="itm_1", story="story_2", person=2, copied=True),
        *(mention(f"n{n}", item_id="itm_2", story="story_3", person=n) for n in range(9)),
        mention("m4", item_id="itm_1", story="story_3", person=3, copied=True),
    ]
    async with desk.transaction() as tx:
        await tx.put_mentions(told)
    async with desk.reading() as tx:
        mine = await tx.item_story("itm_1")
        assert mine is not None
        assert (mine.id, mine.people) == ("story_2", 2)
        assert await tx.item_story("itm_9") is None


async def test_a_storys_mentions_come_oldest_first_page_by_page(desk: Desk) -> None:
    told = [mention(f"m{n}", story="story_1", created_at=at(n // 2)) for n in range(7)]
    async with desk.transaction() as tx:
        await tx.put_mentions([*told, mention("other", story="story_2")])
    expected = sorted(told, key=lambda one: (one.created_at, one.id))
    async with desk.reading() as tx:
        first = await tx.story_mentions("story_1", 3)
        rest = await tx.story_mentions("story_1", 9, (first[-1].created_at, first[-1].id))
    assert [*first, *rest] == expected


async def test_copies_are_not_among_an_items_own_mentions(desk: Desk) -> None:
    own, copy = mention("m1", item_id="itm_1"), mention("m2", item_id="itm_1", copied=True)
    async with desk.transaction() as tx:
        await tx.put_mentions([own, copy])
        assert await tx.item_mentions("itm_1") == [own]


async def test_items_are_locked_and_changed_by_id(desk: Desk) -> None:
    [first, second] = await opened(desk, "c1", "c2")
    async with desk.transaction() as tx:
        assert await tx.items_by_id([first.id, "itm_nowhere", second.id]) == {first.id: first, second.id: second}
        await tx.update_items([replace(first, mentions=2, people=2)], cause(), "item.updated")
        assert await tx.item(first.id) == replace(item("c1"), mentions=2, people=2, seq=1)
