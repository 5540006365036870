"""Campaigns over HTTP: who may declare and end what, and what is shown of it."""

import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from api_listener import Listener
from api_stage import NOW, PEOPLE, Stage, person, staged, standard

from backbone.campaigns import Campaign
from backbone.web.people import Door
from contracts.topics import CAMPAIGNS
from services.api.routes.campaigns import MOST

HOUR = timedelta(hours=1)
PLANNED = Campaign(
    id="cmp_file",
    name="zomeractie",
    brand="acme",
    starts_at=NOW + HOUR,
    ends_at=NOW + 2 * HOUR,
    factor=5.0,
    people=("bram",),
)


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """With a campaign in the configuration, and luc who leads the other brand only."""
    luc = person("luc", "lead", brands=("other",))
    settings = standard(
        campaigns=(PLANNED,), reachable=("anna", "bram"), door=Door(people=(*PEOPLE, luc, person("ada", "admin")))
    )
    async with staged(tmp_path, settings) as built:
        yield built


async def declare(stage: Stage, by: str = "bram", key: str | None = None, **body: Any) -> httpx.Response:
    """An hour from now on, unless told otherwise."""
    asked = {"name": "tv vanavond", "brand": "acme", "ends_at": (NOW + HOUR).isoformat(), **body}
    async with stage.client(by, **({"Idempotency-Key": key} if key else {})) as client:
        return await client.post("/v1/campaigns", json=asked)


async def end(stage: Stage, campaign: str, by: str = "bram", **headers: str) -> httpx.Response:
    async with stage.client(by, **headers) as client:
        return await client.post(f"/v1/campaigns/{campaign}/end")


async def listed(stage: Stage, by: str = "anna", **query: Any) -> dict[str, str]:
    """State by name, in the order of the list."""
    async with stage.client(by) as client:
        answer = await client.get("/v1/campaigns", params=query)
    assert answer.status_code == 200, answer.text
    return {each["name"]: each["state"] for each in answer.json()["campaigns"]}


async def test_a_campaign_is_declared_with_what_it_says(stage: Stage) -> None:
    whole = {"starts_at": "2026-03-02T11:00:00+01:00", "factor": 8, "caution": 2.5, "people": ["bram", "anna", "bram"]}
    answer = await declare(stage, ends_at="2026-03-02T12:00:00Z", **whole)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["starts_at"], told["ends_at"]) == ("2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z")
    assert (told["factor"], told["caution"], told["people"]) == (8.0, 2.5, ["bram", "anna"])
    assert (told["state"], told["source"], told["declared_by"]) == ("planned", "desk", "bram")
    assert answer.headers["ETag"] == '"0"'
    async with stage.ports.desk.reading() as desk:
        [row] = await desk.audit(subject=told["id"])
    assert (row.action, row.actor, row.method, row.reason) == (
        "campaign.declared",
        "bram",
        "api",
        "campaign_declared",
    )


async def test_what_is_left_out_is_now_twice_as_much_and_nobody_extra(stage: Stage) -> None:
    told = (await declare(stage)).json()
    assert (told["starts_at"], told["factor"], told["caution"]) == ("2026-03-02T09:00:00Z", 2.0, 1.0)
    assert (told["state"], told["people"]) == ("running", [])


async def test_it_goes_to_who_counts_and_to_the_live_stream(stage: Stage) -> None:
    async with Listener(stage) as listener:
        await listener.hear()
        declared = (await declare(stage, by="ada")).json()
        assert await stage.relay() == 2
        heard = await listener.hear()
    assert (heard.name, heard.data["kind"], heard.data["subject"]) == ("work", "campaign.declared", declared["id"])
    assert sum((await stage.ports.log.end_offsets(CAMPAIGNS.name)).values()) == 1


async def test_the_clock_starts_and_ends_it(stage: Stage) -> None:
    await declare(stage, starts_at=(NOW + HOUR / 2).isoformat())
    seen = []
    for minutes in (0, 30, 60, 120):
        stage.clock.advance(NOW + timedelta(minutes=minutes))
        seen.append((await listed(stage), await listed(stage, running=True), await listed(stage, ended=True)))
    tv, summer = "tv vanavond", "zomeractie"
    assert seen == [
        ({tv: "planned", summer: "planned"}, {}, {tv: "planned", summer: "planned"}),
        ({tv: "running", summer: "planned"}, {tv: "running"}, {tv: "running", summer: "planned"}),
        ({summer: "running"}, {summer: "running"}, {tv: "ended", summer: "running"}),
        ({}, {}, {tv: "ended", summer: "ended"}),
    ]


async def test_somebody_can_end_it_early_and_again_without_effect(stage: Stage) -> None:
    campaign = (await declare(stage)).json()["id"]
    stage.clock.advance(NOW + HOUR / 4)
    first = await end(stage, campaign)
    stage.clock.advance(NOW + HOUR / 3)
    again = await end(stage, campaign, "ada")
    assert (first.status_code, first.json()) == (200, again.json())
    assert (first.json()["state"], first.json()["ended_by"], first.json()["ends_at"]) == (
        "ended",
        "bram",
        "2026-03-02T09:15:00Z",
    )
    assert await listed(stage) == {"zomeractie": "planned"}


async def test_one_that_was_just_ended_is_over_however_fast_the_clock_goes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = (await declare(stage)).json()["id"]
    ticks = itertools.count(1)
    monkeypatch.setattr(stage.clock, "now", lambda: NOW + next(ticks) * timedelta(milliseconds=1))
    assert (await end(stage, campaign)).json()["state"] == "ended"


async def test_the_configurations_cannot_be_ended_here(stage: Stage) -> None:
    answer = await end(stage, "cmp_file")
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["current"]["source"]) == (
        409,
        "configured_campaign",
        "configuration",
    )
    assert "file" in problem["remedy"]
    assert (await end(stage, "cmp_file", "luc")).status_code == 404


@pytest.mark.parametrize(("by", "code"), [("anna", "leads_only"), ("rita", "reads_only"), ("otto", "leads_only")])
async def test_only_leads_and_admins_declare_and_end(stage: Stage, by: str, code: str) -> None:
    campaign = (await declare(stage)).json()["id"]
    for answer in (await declare(stage, by), await end(stage, campaign, by)):
        assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_who_sees_another_brand_only_neither_declares_ends_nor_sees_it(stage: Stage) -> None:
    campaign = (await declare(stage)).json()["id"]
    assert (await declare(stage, "luc")).json()["code"] == "brand_not_yours"
    assert (await end(stage, campaign, "luc")).status_code == 404
    assert (await declare(stage, "luc", brand="other", name="elders")).status_code == 200
    assert list(await listed(stage, "luc")) == ["elders"]
    assert list(await listed(stage, "anna", brand="other")) == ["elders"]
    assert sorted(await listed(stage, "anna")) == ["elders", "tv vanavond", "zomeractie"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"brand": "acne"}, 400, "unknown_brand"),
        ({"people": ["rita"]}, 400, "unknown_person"),
        ({"ends_at": "2026-03-02T09:00:00Z"}, 400, "campaign_over"),
        ({"starts_at": "2026-03-02T10:00:00Z"}, 400, "campaign_over"),
        ({"ends_at": "2027-03-04T09:00:00Z"}, 400, "campaign_too_long"),
        ({"ends_at": "2026-03-02T10:00:00"}, 422, "invalid"),
        ({"ends_at": "morgen"}, 422, "invalid"),
        ({"factor": 0.05}, 422, "invalid"),
        ({"factor": 101}, 422, "invalid"),
        ({"factor": "5"}, 422, "invalid"),
        ({"caution": 0.5}, 422, "invalid"),
        ({"name": "a|b"}, 422, "invalid"),
        ({"name": ""}, 422, "invalid"),
        ({"until": "2026-03-02T10:00:00Z"}, 422, "unknown_field"),
    ],
)
async def test_what_does_not_hold_is_refused_with_a_remedy(
    stage: Stage, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await declare(stage, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["remedy"]
    assert list(await listed(stage)) == ["zomeractie"]


async def test_the_same_key_declares_and_ends_once(stage: Stage) -> None:
    first, second = await declare(stage, key="one"), await declare(stage, key="one")
    assert (second.headers["Idempotent-Replayed"], second.json()) == ("true", first.json())
    assert (await declare(stage, key="one", factor=3)).json()["code"] == "other_command"
    ends = [await end(stage, first.json()["id"], **{"Idempotency-Key": "two"}) for _ in range(2)]
    assert ends[0].json() == ends[1].json()
    async with stage.ports.desk.reading() as desk:
        assert len(await desk.audit(subject=first.json()["id"])) == 2


async def test_who_saw_another_state_does_not_end_it(stage: Stage) -> None:
    campaign = (await declare(stage)).json()["id"]
    stale = await end(stage, campaign, **{"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["current"]["seq"]) == (412, "changed", 0)
    assert (await end(stage, campaign, **{"If-Match": '"0"'})).status_code == 200


async def test_a_brand_has_no_more_than_people_can_oversee(stage: Stage) -> None:
    for number in range(MOST):
        assert (await declare(stage, name=f"actie {number}")).status_code == 200
    answer = await declare(stage)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_campaigns")
    assert (await declare(stage, brand="other")).status_code == 200


async def test_who_is_on_call_comes_with_who_stands_by_and_why(stage: Stage) -> None:
    async with stage.client() as client, stage.client("luc") as luc:
        before = (await client.get("/v1/oncall")).json()
        declared = (await declare(stage, people=["anna"])).json()
        stage.clock.advance(NOW + 1.5 * HOUR / 2)
        during = (await client.get("/v1/oncall")).json()
        elsewhere = (await luc.get("/v1/oncall")).json()
        stage.clock.advance(NOW + 1.5 * HOUR)
        later = (await client.get("/v1/oncall")).json()
    assert (before["extra"], elsewhere["extra"]) == ([], [])
    assert during["extra"] == [
        {
            "person": "anna",
            "display": "Anna",
            "campaign": "tv vanavond",
            "campaign_id": declared["id"],
            "brand": "acme",
            "until": "2026-03-02T10:00:00Z",
        }
    ]
    assert [(each["person"], each["campaign_id"]) for each in later["extra"]] == [("bram", "cmp_file")]
