"""Stories over HTTP: an item says how many people say the same, and who they are."""

from datetime import timedelta

import pytest
from api_stage import NOW, SYSTEM, Stage, an_incident, an_item, stored
from msgspec.structs import replace

from backbone.records import Item, StoredMention


def telling(item: Item, n: int, person: int, channel: str = "x", **changes: object) -> StoredMention:
    """A mention of the story, `n` minutes after the first."""
    at = NOW + timedelta(minutes=n)
    plain = replace(stored(item, f"RT @eva: Waar blijft het? {n}", n), person=person, channel=channel, created_at=at)
    return replace(
        plain, **{"story": "story_1", "copied": n > 0, "story_reason": "story_repost" if n else "", **changes}
    )


@pytest.fixture
async def told(stage: Stage) -> Item:
    """An item of three people and four mentions, and what somebody else asks in the same words."""
    item = await stage.add_item(an_item(mentions=4, people=3))
    apart = await stage.add_item(an_item("itm_2"))
    mentions = [
        telling(item, 0, 1),
        telling(item, 1, 2),
        telling(item, 2, 2, "facebook"),
        telling(item, 3, 3),
        replace(telling(apart, 4, 4), id="men_apart", copied=False, story_reason="own_case"),
    ]
    async with stage.ports.desk.transaction() as desk:
        await desk.put_mentions(mentions)
    return item


async def test_an_item_says_how_many_people_say_the_same(stage: Stage, told: Item) -> None:
    """The conversation stands in the item, copies in its story."""
    async with stage.client() as client:
        detail = (await client.get("/v1/items/itm_1")).json()
        listed = (await client.get("/v1/items")).json()["items"]
    assert [(mention["story"], mention["channel"]) for mention in detail["mentions"]] == [("story_1", "x")]
    assert detail["story"] == {
        "id": "story_1",
        "brand": "acme",
        "mentions": 5,
        "people": 4,
        "channels": {"x": 4, "facebook": 1},
        "first_at": NOW.isoformat().replace("+00:00", "Z"),
        "last_at": (NOW + timedelta(minutes=4)).isoformat().replace("+00:00", "Z"),
    }
    assert {item["id"]: item["people"] for item in listed} == {"itm_1": 3, "itm_2": 1}


async def test_an_item_that_tells_no_story_says_so(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client() as client:
        assert (await client.get("/v1/items/itm_1")).json()["story"] is None


async def test_what_is_told_apart_from_an_item_is_seen_in_it_at_once(stage: Stage, told: Item) -> None:
    """The item itself did not change, and is sent all the same."""
    async with stage.client() as client:
        first = await client.get("/v1/items/itm_1")
        again = await client.get("/v1/items/itm_1", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200


async def test_a_storys_mentions_come_page_by_page_with_why(stage: Stage, told: Item) -> None:
    async with stage.client() as client:
        figures = (await client.get("/v1/stories/story_1")).json()
        first = (await client.get("/v1/stories/story_1/mentions", params={"limit": 2})).json()
        rest = (await client.get("/v1/stories/story_1/mentions", params={"cursor": first["next"]})).json()
    assert first["story"] == rest["story"] == figures
    mentions = first["mentions"] + rest["mentions"]
    assert [(one["item_id"], one["story_reason"]) for one in mentions] == [
        ("itm_1", ""),
        *[("itm_1", "story_repost")] * 3,
        ("itm_2", "own_case"),
    ]
    assert rest["next"] is None
    assert "platform-id-77" not in str(first)


async def test_a_story_of_a_brand_one_may_not_see_is_not_shown(stage: Stage, told: Item) -> None:
    async with stage.client("otto") as client:
        for path in ("/v1/stories/story_1", "/v1/stories/story_1/mentions"):
            assert (await client.get(path)).status_code == 404
    async with stage.client() as client:
        refused = await client.get("/v1/stories/story_9")
        assert (refused.status_code, refused.json()["code"]) == (404, "no_such_story")
        wrong = await client.get("/v1/stories/story_1/mentions", params={"cursor": "nonsense"})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_cursor")


async def test_a_repost_can_be_answered_too_and_a_mention_of_another_item_cannot(stage: Stage, told: Item) -> None:
    async with stage.client() as client:
        fence = (await client.post("/v1/items/itm_1/claim")).json()["fence"]
        body = {"fence": fence, "text": "Dank voor het doorgeven.", "mention_id": "men_itm_1_1"}
        answer = await client.post("/v1/items/itm_1/reply", json=body)
        assert answer.json()["reply"]["mention_id"] == "men_itm_1_1"
        refused = await client.post("/v1/items/itm_1/reply", json={**body, "mention_id": "men_apart"})
        assert refused.json()["code"] == "not_of_item"


async def test_an_incidents_evidence_counts_people(stage: Stage, told: Item) -> None:
    """As many as its item has by now."""
    await stage.add_incident(an_incident("inc_1", item_id="itm_1"))
    async with stage.ports.desk.transaction() as desk:
        await desk.update_items([replace(await desk.item("itm_1"), people=7)], SYSTEM, "item.updated")
    async with stage.client() as client:
        shown = (await client.get("/v1/incidents/inc_1")).json()["incident"]
        [listed] = (await client.get("/v1/incidents")).json()["incidents"]
    assert shown["evidence"]["people"] == listed["evidence"]["people"] == 7
