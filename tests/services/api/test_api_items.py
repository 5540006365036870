"""Items over HTTP: lists, detail, and the four commands."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from api_stage import NOW, Stage, an_incident, an_item

from contracts.topics import REPLY_REQUESTED
from contracts.work import ReplyRequested


async def claimed(stage: Stage, item_id: str = "itm_1", by: str = "anna") -> int:
    async with stage.client(by) as client:
        return int((await client.post(f"/v1/items/{item_id}/claim")).json()["fence"])


async def test_items_come_in_handling_order_page_by_page(stage: Stage) -> None:
    for n in range(5):
        await stage.add_item(an_item(f"itm_{n}", priority=9 - n))
    async with stage.client() as client:
        first = (await client.get("/v1/items", params={"limit": 3})).json()
        rest = (await client.get("/v1/items", params={"limit": 3, "cursor": first["next"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == [f"itm_{n}" for n in (4, 3, 2, 1, 0)]
    assert rest["next"] is None


async def test_filters_restrict_the_list(stage: Stage) -> None:
    await stage.add_item(an_item("itm_1"))
    await stage.add_item(an_item("itm_2", queue="night"))
    await stage.add_item(an_item("itm_3", brand="other"))
    await claimed(stage, "itm_2")
    async with stage.client() as client:
        for params, expected in (
            ({}, {"itm_1", "itm_2", "itm_3"}),
            ({"brand": "other"}, {"itm_3"}),
            ({"queue": "night"}, {"itm_2"}),
            ({"holder": "me"}, {"itm_2"}),
            ({"state": ["waiting"]}, {"itm_1", "itm_3"}),
            ({"state": ["done"]}, set()),
        ):
            answer = (await client.get("/v1/items", params=params)).json()
            assert {item["id"] for item in answer["items"]} == expected, params


async def test_an_item_comes_with_mentions_reasons_replies_and_audit(stage: Stage) -> None:
    await stage.add_item(an_item(mentions=2), "Waar blijft het?", "Hallo?")
    async with stage.client() as client:
        answer = await client.get("/v1/items/itm_1")
    detail = answer.json()
    assert [mention["text"] for mention in detail["mentions"]] == ["Waar blijft het?", "Hallo?"]
    assert detail["mentions"][0]["verdict"]["reasons"][0]["code"] == "angry_words"
    assert [row["action"] for row in detail["audit"]] == ["item.opened"]
    assert answer.headers["ETag"] == f'"{detail["item"]["seq"]}"'
    assert "platform-id-77" not in answer.text


async def test_an_unchanged_item_is_not_sent_again(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client() as client:
        tag = (await client.get("/v1/items/itm_1")).headers["ETag"]
        same = await client.get("/v1/items/itm_1", headers={"If-None-Match": tag})
        await client.post("/v1/items/itm_1/claim")
        changed = await client.get("/v1/items/itm_1", headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200


async def test_claim_reply_resolve_is_the_whole_way_of_an_item(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client() as client:
        item = (await client.post("/v1/items/itm_1/claim")).json()
        assert (item["holder"], item["state"], item["fence"]) == ("anna", "claimed", 1)
        assert item["lease_until"] == "2026-03-02T09:15:00Z"
        said = {"fence": item["fence"], "text": "Beste Eva, het komt morgen. ^Anna"}
        replied = (await client.post("/v1/items/itm_1/reply", json=said)).json()
        assert replied["reply"]["mention_id"] == "men_itm_1_0"
        done = (await client.post("/v1/items/itm_1/resolve", json={"fence": item["fence"]})).json()
        assert done["state"] == "done"
        listed = (await client.get("/v1/items", params={"state": "done"})).json()
        assert [one["id"] for one in listed["items"]] == ["itm_1"]


async def test_a_reply_is_owed_to_the_platform_once_however_often_it_is_sent(stage: Stage) -> None:
    await stage.add_item(an_item())
    fence = await claimed(stage)
    said = {"fence": fence, "text": "Beste Eva, dank je. ^Anna"}
    async with stage.client() as client:
        answers = [(await client.post("/v1/items/itm_1/reply", json=said)).json() for _ in range(3)]
    assert len({answer["reply"]["id"] for answer in answers}) == 1
    await stage.relay()
    requested = [
        record
        for partition, end in (await stage.ports.log.end_offsets(REPLY_REQUESTED.name)).items()
        for record in await stage.ports.log.read(partition, 0, end)
    ]
    events = [msgspec.json.decode(record.value, type=ReplyRequested) for record in requested]
    assert [(event.text, event.author) for event in events] == [("Beste Eva, dank je. ^Anna", "anna")]


async def test_a_reply_to_a_mention_of_another_item_is_refused(stage: Stage) -> None:
    await stage.add_item(an_item("itm_1"))
    await stage.add_item(an_item("itm_2"))
    fence = await claimed(stage)
    said = {"fence": fence, "text": "Dank!", "mention_id": "men_itm_2_0"}
    async with stage.client() as client:
        answer = await client.post("/v1/items/itm_1/reply", json=said)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_of_item")


async def test_a_stale_fence_is_refused_with_who_holds_it_now(stage: Stage) -> None:
    await stage.add_item(an_item())
    old = await claimed(stage)
    stage.clock.advance(NOW + timedelta(minutes=16))
    new = await claimed(stage, by="bram")
    async with stage.client() as client:
        for action, body in (("reply", {"text": "Dank!"}), ("resolve", {}), ("release", {})):
            answer = await client.post(f"/v1/items/itm_1/{action}", json={"fence": old, **body})
            told = answer.json()
            assert (answer.status_code, told["code"]) == (409, "stale_fence")
            assert (told["current"]["holder"], told["current"]["fence"]) == ("bram", new)
            assert "bram" in told["detail"]
            assert "platform-id-77" not in answer.text


async def test_a_held_item_cannot_be_claimed_and_its_holder_renews(stage: Stage) -> None:
    await stage.add_item(an_item())
    fence = await claimed(stage)
    async with stage.client("bram") as bram, stage.client() as anna:
        refused = await bram.post("/v1/items/itm_1/claim")
        stage.clock.advance(NOW + timedelta(minutes=10))
        again = (await anna.post("/v1/items/itm_1/claim")).json()
    assert (refused.status_code, refused.json()["code"]) == (409, "held")
    assert refused.json()["current"]["holder"] == "anna"
    assert (again["fence"], again["lease_until"]) == (fence, "2026-03-02T09:25:00Z")


async def test_released_items_wait_again(stage: Stage) -> None:
    await stage.add_item(an_item())
    fence = await claimed(stage)
    async with stage.client() as client:
        item = (await client.post("/v1/items/itm_1/release", json={"fence": fence})).json()
    assert (item["state"], item["holder"]) == ("waiting", None)


async def test_of_200_claims_at_once_one_wins_and_all_others_learn_who(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client("anna") as anna, stage.client("bram") as bram:
        # A person may renew, so that each of the two may win more than once; never both.
        answers = await asyncio.gather(
            *((anna if n % 2 else bram).post("/v1/items/itm_1/claim", timeout=60) for n in range(200))
        )
    winners = {answer.json()["holder"] for answer in answers if answer.status_code == 200}
    losers = [answer for answer in answers if answer.status_code == 409]
    assert len(winners) == 1
    assert len(losers) == 100
    assert {answer.json()["current"]["holder"] for answer in losers} == winners
    assert {answer.json()["fence"] for answer in answers if answer.status_code == 200} == {1}


async def test_claiming_a_critical_item_acknowledges_its_incident(stage: Stage) -> None:
    await stage.add_incident(an_incident(item_id="itm_1"))
    await stage.add_item(an_item(incident_id="inc_1"))
    await claimed(stage)
    incident = await stage.incident("inc_1")
    assert (incident.state, incident.acked_by) == ("acknowledged", "anna")
    assert incident.ack_expires_at == NOW + timedelta(minutes=30)


async def test_claiming_leaves_an_incident_that_somebody_else_has(stage: Stage) -> None:
    await stage.add_incident(an_incident(item_id="itm_1"))
    await stage.add_item(an_item(incident_id="inc_1"))
    async with stage.client("bram") as bram:
        await bram.post("/v1/incidents/inc_1/acknowledge")
    await claimed(stage)
    assert (await stage.incident("inc_1")).acked_by == "bram"


async def test_claiming_one_item_of_a_spike_leaves_the_spike_alone(stage: Stage) -> None:
    await stage.add_incident(an_incident(kind="spike"))
    await stage.add_item(an_item(incident_id="inc_1"))
    fence = await claimed(stage)
    async with stage.client() as client:
        await client.post("/v1/items/itm_1/resolve", json={"fence": fence})
    assert (await stage.incident("inc_1")).state == "triggered"


async def test_resolving_a_critical_item_resolves_its_incident_with_that_reason(stage: Stage) -> None:
    await stage.add_incident(an_incident(item_id="itm_1"))
    await stage.add_item(an_item(incident_id="inc_1"))
    fence = await claimed(stage)
    async with stage.client() as client:
        await client.post("/v1/items/itm_1/resolve", json={"fence": fence})
        timeline = (await client.get("/v1/incidents/inc_1")).json()["timeline"]
    assert (await stage.incident("inc_1")).state == "resolved"
    ends = [(row["action"], row["reason"], row["actor"]) for row in timeline]
    assert ("incident.acknowledged", "claimed", "anna") in ends
    assert ("incident.resolved", "item_resolved", "anna") in ends


async def test_a_refused_resolve_leaves_the_incident_open(stage: Stage) -> None:
    await stage.add_incident(an_incident(item_id="itm_1"))
    await stage.add_item(an_item(incident_id="inc_1"))
    async with stage.client() as client:
        answer = await client.post("/v1/items/itm_1/resolve", json={"fence": 7})
    assert answer.status_code == 409
    assert (await stage.incident("inc_1")).state == "triggered"


async def test_the_same_idempotency_key_gets_the_same_answer(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client(**{"Idempotency-Key": "k-1"}) as client:
        first = await client.post("/v1/items/itm_1/claim")
        stage.clock.advance(NOW + timedelta(minutes=5))
        second = await client.post("/v1/items/itm_1/claim")
    assert second.content == first.content
    assert second.headers["ETag"] == first.headers["ETag"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_an_idempotency_key_is_for_one_command_only(stage: Stage) -> None:
    await stage.add_item(an_item())
    fence = await claimed(stage)
    async with stage.client(**{"Idempotency-Key": "k-1"}) as client:
        first = await client.post("/v1/items/itm_1/reply", json={"fence": fence, "text": "Een"})
        other_body = await client.post("/v1/items/itm_1/reply", json={"fence": fence, "text": "Twee"})
        other_path = await client.post("/v1/items/itm_1/resolve", json={"fence": fence})
    assert first.status_code == 200
    for answer in (other_body, other_path):
        assert (answer.status_code, answer.json()["code"]) == (422, "other_command")


async def test_an_idempotency_key_is_a_persons_own_and_refusals_are_not_kept(stage: Stage) -> None:
    await stage.add_item(an_item())
    fence = await claimed(stage)
    async with stage.client("bram", **{"Idempotency-Key": "k-1"}) as bram, stage.client() as anna:
        refused = await bram.post("/v1/items/itm_1/claim")
        await anna.post("/v1/items/itm_1/release", json={"fence": fence}, headers={"Idempotency-Key": "k-1"})
        taken = await bram.post("/v1/items/itm_1/claim")
    assert (refused.status_code, taken.status_code) == (409, 200)
    assert taken.json()["holder"] == "bram"


async def test_the_same_key_sent_at_once_acts_once(stage: Stage) -> None:
    await stage.add_item(an_item())
    fence = await claimed(stage)
    said = {"fence": fence, "text": "Een keer"}
    async with stage.client(**{"Idempotency-Key": "k-1"}) as client:
        answers = await asyncio.gather(*(client.post("/v1/items/itm_1/reply", json=said) for _ in range(10)))
        detail = (await client.get("/v1/items/itm_1")).json()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(detail["replies"]) == 1


@pytest.mark.parametrize("action", ["claim", "resolve"])
async def test_a_write_on_what_changed_since_is_refused(stage: Stage, action: str) -> None:
    await stage.add_item(an_item())
    async with stage.client() as client:
        tag = (await client.get("/v1/items/itm_1")).headers["ETag"]
        fresh = await client.post("/v1/items/itm_1/claim", headers={"If-Match": tag})
        body = {"json": {"fence": 1}} if action == "resolve" else {}
        stale = await client.post(f"/v1/items/itm_1/{action}", headers={"If-Match": tag}, **body)
        right = await client.post(
            f"/v1/items/itm_1/{action}", headers={"If-Match": f'W/"99", {fresh.headers["ETag"]}'}, **body
        )
    assert fresh.status_code == 200
    assert (stale.status_code, stale.json()["code"]) == (412, "changed")
    assert stale.json()["current"]["holder"] == "anna"
    assert right.status_code == 200


async def test_the_audit_tells_who_did_it_and_by_what(stage: Stage) -> None:
    await stage.add_item(an_item())
    await claimed(stage)
    async with stage.client() as client:
        audit = (await client.get("/v1/items/itm_1")).json()["audit"]
    assert (audit[-1]["action"], audit[-1]["actor"], audit[-1]["method"]) == ("item.claimed", "anna", "api")
