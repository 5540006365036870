"""Who stands by for a campaign is paged with the first step while it runs, and not before or after."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace
from router_world import MINUTE, START, World, person, said, settings, spike

from backbone.campaigns import Campaign, Extra, extra_people, running
from backbone.ids import derive
from backbone.records import Cause

MakeWorld = Callable[..., Awaitable[World]]
PEOPLE = (*settings().people, person("dirk"), person("eva", language="en"), replace(person("fien"), channels=()))


def campaign(name: str = "zomeractie", **changes: Any) -> Campaign:
    """Dirk stands by for acme from the tenth minute to the hour."""
    plain = Campaign(
        id=derive("cmp", name),
        name=name,
        brand="acme",
        starts_at=START + 10 * MINUTE,
        ends_at=START + 60 * MINUTE,
        factor=3.0,
        people=("dirk",),
    )
    return replace(plain, **changes)


async def declare(world: World, declared: Campaign) -> None:
    """On the spot."""
    by = Cause(actor="lea", method="api", at=world.clock.now(), reason="campaign_declared")
    async with world.desk.transaction() as tx:
        await tx.declare_campaign(replace(declared, declared_by="lea", declared_at=world.clock.now()), by)


@pytest.fixture(params=["configuration", "desk"])
async def during(request: pytest.FixtureRequest, make_world: MakeWorld) -> World:
    """A world with the campaign, declared in either way."""
    if request.param == "configuration":
        return await make_world(people=PEOPLE, campaigns=(campaign(),))
    world = await make_world(people=PEOPLE)
    await declare(world, campaign())
    return world


async def test_who_stands_by_is_paged_with_the_first_step(during: World) -> None:
    await during.pass_time(20)
    await during.tell(said(1, "critical", minute=20))
    assert sorted(during.pages()) == [(20, "anna"), (20, "dirk")]
    reasons = {page.person: page.reason for page in await during.page_states()}
    assert reasons == {"anna": "step_due", "dirk": "campaign:zomeractie"}
    [to_dirk] = [notice for notice in during.inbox.notices if notice.person == "dirk"]
    assert "U staat extra paraat voor de campagne zomeractie." in to_dirk.body
    assert all("zomeractie" not in notice.body for notice in during.inbox.notices if notice.person != "dirk")


async def test_the_steps_after_it_page_as_usual(during: World) -> None:
    await during.pass_time(20)
    await during.grow(spike(minute=20))
    await during.pass_time(59)
    assert sorted(during.pages()) == [(20, "anna"), (20, "dirk"), (30, "bram"), (40, "cor")]


async def test_before_it_begins_and_once_it_ended_incidents_page_as_usual(during: World) -> None:
    await during.tell(said(1, "critical"))
    await during.pass_time(60)
    await during.tell(said(2, "critical", minute=60, author="bob"))
    assert "dirk" not in [who for _, who in during.pages()]


async def test_the_run_tells_who_was_paged_because_of_what(during: World) -> None:
    await during.pass_time(20)
    await during.grow(spike(minute=20))
    [incident] = await during.incidents()
    async with during.desk.reading() as tx:
        run = await tx.run(incident.id, 0)
        planned = [row for row in await tx.audit(incident_id=incident.id) if row.action == "page.planned"]
    assert run is not None
    assert run.policy["extra"] == [{"person": "dirk", "campaign": "zomeractie"}]
    assert len(planned) == 2


async def test_a_run_that_begins_anew_asks_anew(during: World) -> None:
    await during.pass_time(20)
    await during.tell(said(1, "critical", minute=20))
    [incident] = await during.incidents()
    await during.acknowledge(incident, "anna", minutes=50)
    await during.pass_time(75)
    assert sorted(during.pages()) == [(20, "anna"), (20, "dirk"), (70, "anna")]


async def test_one_ended_early_wakes_who_stood_by_no_more(make_world: MakeWorld) -> None:
    world = await make_world(people=PEOPLE)
    await declare(world, campaign())
    await world.pass_time(30)
    async with world.desk.transaction() as tx:
        await tx.end_campaign(campaign().id, world.cause("lea"))
    await world.tell(said(1, "critical", minute=30))
    assert world.pages() == [(30, "anna")]


async def test_another_brands_campaign_and_a_drill_wake_nobody_extra(make_world: MakeWorld) -> None:
    world = await make_world(people=PEOPLE, campaigns=(campaign(brand="other"), campaign("oefening")))
    await world.pass_time(20)
    await world.grow(spike(minute=20, drill=True))
    assert world.pages() == [(20, "anna")]


async def test_who_is_on_call_anyway_is_paged_once_and_who_cannot_be_reached_holds_up_nobody(
    make_world: MakeWorld,
) -> None:
    world = await make_world(people=PEOPLE, campaigns=(campaign(people=("fien", "anna", "nobody", "eva")),))
    await world.pass_time(20)
    await world.tell(said(1, "critical", minute=20))
    assert sorted(world.pages()) == [(20, "anna"), (20, "eva")]
    assert {page.person: page.reason for page in await world.page_states()} == {
        "anna": "step_due",
        "eva": "campaign:zomeractie",
    }
    [to_eva] = [notice for notice in world.inbox.notices if notice.person == "eva"]
    assert "You stand by for zomeractie." in to_eva.body


async def test_with_nobody_on_call_who_stands_by_is_paged(make_world: MakeWorld) -> None:
    world = await make_world(people=PEOPLE, schedules=(), campaigns=(campaign(),))
    await world.pass_time(20)
    await world.tell(said(1, "critical", minute=20))
    assert world.pages() == [(20, "dirk")]


def test_who_stands_by_for_two_campaigns_does_so_because_of_the_first() -> None:
    late = campaign("daarna", starts_at=START + 11 * MINUTE, people=("eva", "dirk"))
    found = running((late, campaign(), campaign("elders", brand="other")), "acme", START + 20 * MINUTE)
    assert [each.name for each in found] == ["zomeractie", "daarna"]
    assert extra_people(found) == (Extra("dirk", "zomeractie"), Extra("eva", "daarna"))
