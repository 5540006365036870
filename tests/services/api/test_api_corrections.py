"""Corrections over HTTP: who may say what of which verdict, and what is shown of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from api_stage import PEOPLE, Stage, an_item, person, staged, standard, stored
from msgspec.structs import replace

from backbone.web.people import Door

MENTION = "men_itm_1_0"


async def correct(stage: Stage, by: str = "anna", item: str = "itm_1", **body: Any) -> httpx.Response:
    async with stage.client(by) as client:
        return await client.post(f"/v1/items/{item}/corrections", json={"mention_id": MENTION, **body})


async def detail(stage: Stage) -> dict[str, Any]:
    async with stage.client() as client:
        told: dict[str, Any] = (await client.get("/v1/items/itm_1")).json()
    return told


async def test_a_correction_stands_beside_the_verdict_which_stays(stage: Stage) -> None:
    await stage.add_item(an_item())
    answer = await correct(stage, urgency="critical", intent="question")
    assert answer.status_code == 200
    told = await detail(stage)
    [shown] = told["corrections"]
    assert shown == answer.json()["corrections"]
    assert shown["agreed"] == {"urgency": "critical", "intent": "question"}
    [given] = shown["given"]
    assert (given["person"], given["urgency"], given["sentiment"], given["settles"]) == (
        "anna",
        "critical",
        None,
        False,
    )
    assert told["mentions"][0]["verdict"]["urgency"] == "high"
    assert told["item"]["urgency"] == "high"
    assert answer.headers["ETag"] == f'"{told["item"]["seq"]}"'
    [row] = [row for row in told["audit"] if row["action"] == "item.corrected"]
    assert (row["actor"], row["reason"], row["data"]["urgency"]) == ("anna", "verdict_corrected", ["high", "critical"])


async def test_who_has_seen_the_item_is_told_that_it_changed(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client() as client:
        tag = (await client.get("/v1/items/itm_1")).headers["ETag"]
        await correct(stage, urgency="critical")
        assert (await client.get("/v1/items/itm_1", headers={"If-None-Match": tag})).status_code == 200


@pytest_asyncio.fixture
async def three(tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage with two agents, kim the second, and a lead."""
    settings = standard(door=Door(people=(*PEOPLE, person("kim"))))
    async with staged(tmp_path, settings) as built:
        await built.add_item(an_item())
        yield built


async def test_people_who_differ_are_both_kept_until_a_lead_decides(three: Stage) -> None:
    await correct(three, urgency="critical", care="webcare")
    differing = (await correct(three, "kim", urgency="low", care="webcare")).json()["corrections"]
    assert [each["person"] for each in differing["given"]] == ["anna", "kim"]
    assert (differing["agreed"], differing["disputed"]) == ({"care": "webcare"}, ["urgency"])
    settled = (await correct(three, "bram", urgency="high")).json()["corrections"]
    assert (settled["agreed"]["urgency"], settled["disputed"]) == ("high", [])


async def test_a_newer_correction_of_one_person_takes_the_place_of_the_older(stage: Stage) -> None:
    await stage.add_item(an_item())
    await correct(stage, urgency="critical", care="none")
    [given] = (await correct(stage, urgency="low")).json()["corrections"]["given"]
    assert (given["urgency"], given["care"]) == ("low", None)


async def test_the_same_key_acts_once(stage: Stage) -> None:
    await stage.add_item(an_item())
    body = {"mention_id": MENTION, "urgency": "low"}
    async with stage.client(**{"Idempotency-Key": "one"}) as client:
        first = await client.post("/v1/items/itm_1/corrections", json=body)
        second = await client.post("/v1/items/itm_1/corrections", json=body)
    assert (second.headers["Idempotent-Replayed"], second.json()) == ("true", first.json())


async def test_a_correction_of_an_edited_message_is_refused_and_an_older_one_counts_no_more(stage: Stage) -> None:
    item = await stage.add_item(an_item())
    assert (await correct(stage, revision=0, urgency="low")).status_code == 200
    async with stage.ports.desk.transaction() as desk:
        await desk.put_mentions([replace(stored(item, "Er is brand!", 0), revision=1)])
    late = await correct(stage, revision=0, urgency="low")
    assert (late.status_code, late.json()["code"], late.json()["current"]["revision"]) == (409, "mention_edited", 1)
    [shown] = (await detail(stage))["corrections"]
    assert (shown["given"][0]["outdated"], shown["agreed"]) == (True, {})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid"),
        ({"urgency": "urgent"}, 422, "invalid"),
        ({"lang": "Nederlands"}, 422, "invalid"),
        ({"lang": "nl", "sentimnt": "negative"}, 422, "unknown_field"),
        ({"urgency": "low", "mention_id": "men_itm_2_0"}, 422, "not_of_item"),
        ({"urgency": "low", "mention_id": "men_nowhere"}, 422, "not_of_item"),
    ],
)
async def test_what_cannot_be_taken_is_refused(stage: Stage, body: dict[str, Any], status: int, code: str) -> None:
    await stage.add_item(an_item("itm_1"))
    await stage.add_item(an_item("itm_2"))
    answer = await correct(stage, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await detail(stage))["corrections"] == []


@pytest.mark.parametrize(
    ("by", "item", "status"), [("rita", "itm_1", 403), ("otto", "itm_1", 404), ("anna", "itm_9", 404)]
)
async def test_readers_and_strangers_correct_nothing(stage: Stage, by: str, item: str, status: int) -> None:
    await stage.add_item(an_item())
    assert (await correct(stage, by, item, urgency="low")).status_code == status
    assert (await detail(stage))["corrections"] == []
