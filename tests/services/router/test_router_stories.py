"""Stories through the router: what folds into whose item, what stays apart, and who is woken."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from router_world import MINUTE, START, World
from story_messages import ORIGINALS, says

from backbone.embedded.desk import SqliteDesk
from backbone.metrics import Metrics
from backbone.ports import Partition
from backbone.records import Item, StoredMention, Story, StoryFigures
from contracts.mentions import ClassifiedMention
from services.router import shelf
from services.router.domain.conservation import conservation, incident_conservation
from services.router.domain.stories import LASTS, keys_in
from services.router.handler import MentionHandler

TEXT = ORIGINALS[0]
SHORT = "trein weer te laat"
CASE = "Waarom is mijn pakket nog steeds niet bezorgd?"
FIRE = "Er komt vuur uit de meterkast van het buurthuis in Vlietdam en niemand neemt op"
ASKS = {"intent": "complaint", "addressed": True}


async def stored(world: World, number: int) -> StoredMention:
    async with world.desk.reading() as tx:
        return (await tx.mentions([f"m{number}"]))[f"m{number}"]


async def item_of(world: World, number: int) -> Item:
    return (await world.items())[f"m{number}"]


async def figures(world: World, number: int) -> StoryFigures:
    story = (await stored(world, number)).story
    assert story is not None
    async with world.desk.reading() as tx:
        return await tx.story_figures(story)


async def lawful(world: World, received: int) -> bool:
    """Nothing got lost, and the items hold what was put into them."""
    counts = await world.desk.counts()
    opened = len(await world.incidents())
    return conservation(received, 0, received, counts).holds and incident_conservation(opened, counts).holds


async def kept(desk: SqliteDesk) -> list[Story]:
    """Every story the desk looks for, oldest first."""
    async with desk.reading() as tx:
        keys = [key for text in (*ORIGINALS, SHORT, CASE, FIRE) for key in keys_in(says(0, text)).sought]
        return list(await tx.stories(["acme"], keys))


async def test_reposts_and_copies_of_others_are_one_item_of_so_many_people(world: World):
    """On any channel; the item stays the first author's, and who says it twice is one person."""
    await world.tell(says(1, TEXT))
    await world.tell(
        says(2, f"RT @een: {TEXT}"),
        says(3, f"{TEXT} 😡 https://t.example/1", source="f", channel="facebook"),
        says(4, f"RT @een: {TEXT[:80]}…", author="author2"),
    )
    item = await item_of(world, 1)
    assert {number: (await item_of(world, number)).id for number in (2, 3)} == {2: item.id, 3: item.id}
    assert (item.mentions, item.people, item.last_mention_id, item.author, item.excerpt) == (
        4, 3, "m1", "author1", TEXT,
    )  # fmt: skip
    told = [(await stored(world, number)) for number in (1, 2, 3, 4)]
    assert [(one.outcome, one.story_reason, one.copied) for one in told] == [
        ("opened", "", False),
        ("folded", "story_repost", True),
        ("folded", "story_copy", True),
        ("folded", "story_repost", True),
    ]
    seen = await figures(world, 1)
    assert (seen.mentions, seen.people, seen.channels) == (4, 3, {"x": 3, "facebook": 1})
    assert (seen.first_at, seen.last_at) == (START + 0.1 * MINUTE, START + 0.4 * MINUTE)
    assert await world.desk.counts() == {
        ("opened", "rest"): 1,
        ("folded", "story_repost"): 2,
        ("folded", "story_copy"): 1,
    }
    assert await lawful(world, 4)


async def test_the_change_of_an_item_says_that_it_was_a_copy(world: World):
    """In the trail, in the event, and apart from an urgency that rose."""
    await world.tell(says(1, TEXT))
    await world.tell(says(2, f"RT @een: {TEXT}"))
    await world.tell(says(3, f"RT @een: {TEXT}", "high"))
    item = await item_of(world, 1)
    async with world.desk.reading() as tx:
        reasons = [row.reason for row in await tx.audit(subject=item.id)]
    assert reasons == ["rest", "story_repost", "urgency_raised"]
    assert (item.urgency, item.due_at) == ("high", item.opened_at + 60 * MINUTE)


@pytest.mark.parametrize(
    ("text", "first", "again", "reason"),
    [
        (SHORT, {}, {}, "too_short"),
        (CASE, ASKS, ASKS, "own_case"),
        (TEXT, {}, {"minute": -5}, "said_first"),
    ],
)
async def test_what_may_be_a_case_of_its_own_keeps_an_item_of_its_own(world: World, text, first, again, reason):
    """It counts in the story all the same."""
    await world.tell(says(1, text, **first))
    await world.tell(says(2, text, **again))
    assert (await item_of(world, 1)).id != (await item_of(world, 2)).id
    assert (await stored(world, 2)).story_reason == reason
    assert (await figures(world, 1)).people == 2
    assert (await world.desk.counts())["opened", "rest"] == 2


async def test_other_order_numbers_are_other_stories(world: World):
    await world.tell(says(1, "Mijn bestelling 48812 is nog niet aangekomen waar blijft hij nou toch", **ASKS))
    await world.tell(says(2, "Mijn bestelling 51077 is nog niet aangekomen waar blijft hij nou toch", **ASKS))
    assert (await figures(world, 1)).people == 1
    assert (await item_of(world, 1)).id != (await item_of(world, 2)).id


async def test_a_marked_repost_of_a_case_is_no_case(world: World):
    """And a long letter that others paste word for word is answered once, unless somebody adds to it."""
    letter = f"{CASE} Al drie keer thuisgebleven en drie keer kwam er niemand"
    await world.tell(says(1, letter, **ASKS))
    await world.tell(
        says(2, f"RT @een: {letter}", **ASKS),
        says(3, f"{letter} 😡", **ASKS),
        says(4, f"RT @een: {letter} bij mij precies hetzelfde", **ASKS),
    )
    told = [(await stored(world, number)).story_reason for number in (2, 3, 4)]
    assert told == ["story_repost", "story_copy", "own_words"]
    assert (await item_of(world, 4)).author == "author4"
    assert (await item_of(world, 1)).people == 3


@pytest.mark.parametrize("private", [{"channel": "dm"}, {"channel": "whatsapp", "source": "w"}, {"private": True}])
async def test_what_is_private_is_never_folded_into_the_item_of_another(world: World, private):
    """Neither way, and it is not shown in a story."""
    await world.tell(says(1, TEXT, **private), says(2, TEXT, **private))
    await world.tell(says(3, TEXT))
    assert len({(await item_of(world, number)).id for number in (1, 2, 3)}) == 3
    assert (await stored(world, 1)).story is None
    assert (await figures(world, 3)).mentions == 1


async def test_who_says_the_same_in_another_thread_is_still_one_person(world: World):
    """Their own words twice are no second case."""
    await world.tell(says(1, CASE, author="ann", thread="t1", **ASKS))
    await world.tell(says(2, CASE, author="ann", thread="t2", **ASKS))
    item = await item_of(world, 1)
    assert (item.mentions, item.people) == (2, 1)
    assert (await item_of(world, 2)).id == item.id


async def test_who_has_an_item_keeps_their_conversation_together(world: World):
    """A repost by somebody who asked something before goes to their own item, and what they say after a repost too."""
    await world.tell(says(1, TEXT), says(2, CASE, author="bob", **ASKS))
    await world.tell(says(3, f"RT @een: {TEXT}", author="bob"), says(4, f"RT @een: {TEXT}", author="cor"))
    assert (await item_of(world, 3)).id == (await item_of(world, 2)).id
    await world.tell(says(5, "En hoe zit het nu met mijn kaartje?", author="cor", **ASKS))
    own = await item_of(world, 5)
    assert own.id not in {(await item_of(world, 1)).id, (await item_of(world, 2)).id}
    assert own.author == "cor"


async def test_a_copy_of_what_is_done_opens_an_item_for_the_rest(world: World):
    await world.tell(says(1, TEXT))
    await world.finish(await item_of(world, 1))
    await world.tell(says(2, f"RT @een: {TEXT}"))
    await world.tell(says(3, f"RT @een: {TEXT}"))
    second = await item_of(world, 2)
    assert (second.state, second.people) == ("waiting", 2)
    assert [(await stored(world, number)).story_reason for number in (2, 3)] == ["story_done", "story_repost"]
    assert (await figures(world, 3)).people == 3


async def test_a_late_original_gets_the_copies_that_come_after_it(world: World):
    """A repost that overtook it keeps its item; nobody's own message is hidden behind a repost."""
    await world.tell(says(2, f"RT @een: {TEXT}", minute=5))
    await world.tell(says(1, TEXT, minute=1))
    await world.tell(says(3, f"RT @een: {TEXT}", minute=6))
    original = await item_of(world, 1)
    assert original.author == "author1"
    assert (await item_of(world, 3)).id == original.id
    assert (await item_of(world, 2)).people == 1


# ---------------------------------------------------------------------------------------------------- edits and crashes


async def test_a_copy_that_is_edited_into_something_else_gets_its_own_answer(world: World):
    """It leaves the item as it was before it, and counts as an edit."""
    await world.tell(says(1, TEXT))
    await world.tell(says(2, f"RT @een: {TEXT}"), says(3, f"RT @een: {TEXT}"))
    await world.tell(says(2, CASE, revision=1, **ASKS))
    shared, own = await item_of(world, 1), await item_of(world, 2)
    assert (shared.mentions, shared.people, own.mentions, own.author) == (2, 2, 1, "author2")
    assert (await stored(world, 2)).copied is False
    assert (await figures(world, 1)).people == 2
    assert (await world.desk.counts())["edits", ""] == 1
    assert await lawful(world, 4)


async def test_a_copy_that_is_edited_and_still_says_the_same_stays(world: World):
    """It may raise the item, and is not counted twice."""
    await world.tell(says(1, TEXT), says(2, f"RT @een: {TEXT}"))
    await world.tell(says(2, f"RT @een: {TEXT} 😡", "high", revision=1))
    item = await item_of(world, 1)
    assert (item.mentions, item.people, item.urgency) == (2, 2, "high")
    assert (await item_of(world, 2)).id == item.id
    await world.finish(item)
    await world.tell(says(2, f"RT @een: {TEXT} 🙏", "high", revision=2))
    assert ((await item_of(world, 2)).id, (await stored(world, 2)).revision) == (item.id, 2)


async def test_an_original_that_is_edited_is_found_by_both_its_texts(world: World):
    await world.tell(says(1, TEXT))
    await world.tell(says(1, ORIGINALS[1], revision=1))
    await world.tell(says(2, f"RT @een: {TEXT}"), says(3, f"RT @een: {ORIGINALS[1]}"))
    item = await item_of(world, 1)
    assert item.people == 3
    async with world.desk.reading() as tx:
        seen = await tx.item_story(item.id)
    assert seen is not None
    assert seen.people == 2


async def test_a_redelivery_and_a_new_process_change_nothing(world: World):
    """Whatever was in memory is gone: the desk alone says what was told."""
    await world.tell(says(1, TEXT), says(2, f"RT @een: {TEXT}"))
    world.restart()
    await world.tell(says(2, f"RT @een: {TEXT}"), says(3, f"RT @een: {TEXT}"))
    item = await item_of(world, 1)
    assert (item.mentions, item.people) == (3, 3)
    assert (await figures(world, 1)).mentions == 3
    assert (await world.desk.counts())["folded", "story_repost"] == 2
    assert len(await kept(world.desk)) == 1


async def test_a_batch_that_fails_leaves_no_story(world: World, monkeypatch):
    """Stories, items and offsets are one transaction: the same batch comes again and has its effect once."""

    async def fails(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(shelf.Shelf, "keep", fails)
        with pytest.raises(RuntimeError):
            await world.tell(says(1, TEXT), says(2, f"RT @een: {TEXT}"))
    assert await world.items() == {}
    world.offsets["mentions.classified"] = 0
    world.restart()
    await world.tell(says(1, TEXT), says(2, f"RT @een: {TEXT}"))
    assert (await item_of(world, 1)).people == 2
    assert await lawful(world, 2)


# -------------------------------------------------------------------------------------------------- critical stories


async def test_a_critical_story_pages_once(world: World):
    """However many pass it on: one incident that counts them, one page, and the people behind it."""
    await world.tell(says(1, FIRE, "critical"))
    await world.tell(*(says(number, f"RT @een: {FIRE}", "critical") for number in range(2, 30)))
    [incident] = await world.incidents()
    assert incident.mentions == 29
    item = await item_of(world, 1)
    assert (item.people, item.incident_id) == (29, incident.id)
    assert world.pages() == [(0.0, "anna")]
    assert await lawful(world, 29)


async def test_a_copy_raises_the_item_and_wakes_somebody(world: World):
    """What the first text alone did not say."""
    await world.tell(says(1, FIRE))
    await world.tell(says(2, f"RT @een: {FIRE}", "critical"))
    item = await item_of(world, 1)
    assert (item.urgency, item.queue, item.author) == ("critical", "crisis", "author1")
    assert world.pages() == [(0.0, "anna")]


async def test_reposts_of_a_danger_that_is_over_wake_nobody_and_own_words_do(world: World):
    """They do open an item, on top of the queue; and nothing gets lost in the sums."""
    await world.tell(says(1, FIRE, "critical"))
    await world.finish(await item_of(world, 1))
    await world.tell(says(2, f"RT @een: {FIRE}", "critical", minute=9))
    await world.tell(says(3, f"RT @een: {FIRE}", "critical", minute=10))
    assert (await item_of(world, 2)).state == "waiting"
    assert world.pages() == [(0.0, "anna")]
    await world.tell(says(4, "Het brandt weer in Vlietdam", "critical", minute=20))
    assert world.pages() == [(0.0, "anna")] * 2
    assert await lawful(world, 4)


async def test_a_case_of_its_own_in_a_critical_story_counts_on_the_open_incident(world: World):
    """It has an item of its own that somebody must answer; the one who is awake is not woken again."""
    question = "Er komt vuur uit mijn meterkast, wat nu?"
    await world.tell(says(1, question, "critical", **ASKS))
    await world.tell(says(2, question, "critical", **ASKS))
    [incident] = await world.incidents()
    assert incident.mentions == 2
    first, second = await item_of(world, 1), await item_of(world, 2)
    assert first.id != second.id
    assert {first.incident_id, second.incident_id} == {incident.id}
    assert world.pages() == [(0.0, "anna")]


@pytest.mark.parametrize("changes", [{"text": "brand!! help"}, {"text": FIRE, "channel": "dm"}])
async def test_short_cries_and_private_ones_wake_somebody_each(world: World, changes):
    """Two people in danger say the same few words."""
    text = changes.pop("text")
    await world.tell(says(1, text, "critical", **changes), says(2, text, "critical", **changes))
    assert len(await world.incidents()) == 2


# ------------------------------------------------------------------------------------------------------------- bounds


async def test_stories_are_forgotten_when_nobody_tells_them_any_more(world: World):
    """Then the same text begins a new one; its mentions keep telling the old."""
    await world.tell(says(1, TEXT))
    await world.pass_time(LASTS / MINUTE + 60)
    later = LASTS / MINUTE + 60
    await world.tell(says(2, ORIGINALS[1], minute=later))
    assert [story.mention_id for story in await kept(world.desk)] == ["m2"]
    await world.tell(says(3, f"RT @een: {TEXT}", minute=later))
    assert (await figures(world, 1)).mentions == (await figures(world, 3)).mentions == 1


async def test_a_brand_has_so_many_stories_and_no_more(world: World, monkeypatch):
    """The newest; what is told again and again stays."""
    monkeypatch.setattr(shelf, "MOST_STORIES", 5)
    monkeypatch.setattr(shelf, "SWEEP_AFTER", 3)
    await world.tell(says(0, TEXT, minute=0))
    for number, text in enumerate(ORIGINALS[1:20], 1):
        world.clock.advance(START + timedelta(minutes=number))
        await world.tell(says(number, text, minute=number), says(100 + number, f"RT @een: {TEXT}", minute=number))
        assert len(await kept(world.desk)) <= 5 + 3
    assert (await item_of(world, 0)).people == 20
    assert (await figures(world, 0)).mentions == 20


async def test_what_was_folded_into_stories_is_named_apart_in_the_figures(world: World):
    """By its reason, beside what was folded into a conversation."""
    metrics = Metrics(CollectorRegistry())
    handler = MentionHandler(world.desk, world.settings, world.clock, lambda: None, metrics)
    await handler.assigned({Partition("mentions.classified", 0): 0})
    batch: list[ClassifiedMention] = [says(1, TEXT), says(2, f"RT @een: {TEXT}"), says(3, CASE, author="author1")]
    await handler.handle([world.deliver(each) for each in batch], ())
    read = metrics.registry.get_sample_value
    outcomes = [("opened", "rest"), ("folded", "story_repost"), ("folded", "")]
    assert [read("webcare_mentions_total", {"outcome": outcome, "reason": reason}) for outcome, reason in outcomes] == [
        1.0,
        1.0,
        1.0,
    ]
