"""Declared periods (`backbone.ports.DeskTransaction`)."""

import asyncio
import contextlib
from typing import Any

import msgspec
import pytest
from desk_suite import actions, at, cause, events
from msgspec.structs import replace

from backbone.campaigns import Campaign
from backbone.errors import NotFound
from backbone.ids import derive
from backbone.ports import Desk
from backbone.relational.rows import CAMPAIGNS
from contracts.campaigns import CampaignTold


def campaign(name: str = "zomeractie", **changes: Any) -> Campaign:
    """A campaign from the tenth minute to the hour."""
    plain = Campaign(
        id=derive("cmp", name),
        name=name,
        brand="bakker",
        starts_at=at(10),
        ends_at=at(60),
        factor=2.5,
        caution=3.0,
        people=("ann", "bea"),
        declared_by="lea",
        declared_at=at(0),
    )
    return replace(plain, **changes)


async def declared(desk: Desk, *campaigns: Campaign) -> None:
    """Each in a transaction of its own."""
    for each in campaigns:
        async with desk.transaction() as tx:
            assert await tx.declare_campaign(each, cause(actor="lea", reason="campaign_declared")) == each


async def ended(desk: Desk, of: Campaign, minutes: float, actor: str = "max") -> Campaign:
    async with desk.transaction() as tx:
        return await tx.end_campaign(of.id, cause(minutes, actor, "campaign_ended"))


async def told(desk: Desk) -> list[CampaignTold]:
    """The campaigns' events that the desk owes the log, which are all keyed by brand."""
    async with desk.reading() as tx:
        rows = [row for row in await tx.outbox(10_000) if row.topic == "campaigns"]
    found = [msgspec.json.decode(row.payload, type=CampaignTold) for row in rows]
    assert [row.key for row in rows] == [each.brand for each in found]
    return found


async def test_a_campaign_comes_back_as_it_was_declared(desk: Desk) -> None:
    alone, whole = campaign("alleen", people=(), caution=1.0, factor=0.1), campaign()
    await declared(desk, whole, alone)
    async with desk.reading() as tx:
        assert await tx.campaign(whole.id) == whole
        assert await tx.campaign(alone.id) == alone


async def test_declaring_is_audited_and_told_to_people_and_to_who_counts(desk: Desk) -> None:
    await declared(desk, campaign())
    [event] = await events(desk)
    assert (event.kind, event.brand, event.actor, event.drill) == ("campaign.declared", "bakker", "lea", False)
    assert event.data["people"] == ["ann", "bea"]
    async with desk.reading() as tx:
        [row] = await tx.audit(subject=campaign().id)
    assert (row.actor, row.reason, row.data["factor"]) == ("lea", "campaign_declared", [None, 2.5])
    [heard] = await told(desk)
    assert (heard.campaign_id, heard.starts_at, heard.ends_at, heard.seq) == (campaign().id, at(10), at(60), 0)
    assert (heard.factor, heard.caution, heard.at) == (2.5, 3.0, at(0))


async def test_the_same_id_is_declared_once(desk: Desk) -> None:
    await declared(desk, campaign())
    async with desk.transaction() as tx:
        assert await tx.declare_campaign(campaign(factor=9.0), cause()) == campaign()
    assert await actions(desk) == ["campaign.declared"]
    assert len(await told(desk)) == 1


async def test_a_running_campaign_ends_when_somebody_ends_it(desk: Desk) -> None:
    await declared(desk, campaign())
    after = await ended(desk, campaign(), 30)
    assert after == campaign(ends_at=at(30), ended_by="max", seq=1)
    assert [each.state(at(minute)) for minute in (29, 30) for each in (after,)] == ["running", "ended"]
    assert [(each.seq, each.ends_at) for each in await told(desk)] == [(0, at(60)), (1, at(30))]
    assert len({each.id for each in await told(desk)}) == 2


async def test_one_that_has_not_begun_is_called_off(desk: Desk) -> None:
    await declared(desk, campaign())
    after = await ended(desk, campaign(), 5)
    assert [after.state(at(minute)) for minute in (5, 20)] == ["ended", "ended"]


async def test_ending_what_is_over_changes_nothing(desk: Desk) -> None:
    await declared(desk, campaign())
    first = await ended(desk, campaign(), 30)
    assert await ended(desk, campaign(), 31, "ann") == first
    await declared(desk, campaign("andere"))
    assert await ended(desk, campaign("andere"), 60) == campaign("andere")
    assert await actions(desk, campaign().id) == ["campaign.declared", "campaign.ended"]
    assert await actions(desk, campaign("andere").id) == ["campaign.declared"]


async def test_of_two_who_end_it_at_once_the_first_is_remembered(desk: Desk) -> None:
    await declared(desk, campaign())
    both = await asyncio.gather(ended(desk, campaign(), 30, "ann"), ended(desk, campaign(), 31, "max"))
    assert both[0] == both[1]
    assert await actions(desk, campaign().id) == ["campaign.declared", "campaign.ended"]


async def test_a_campaign_that_is_not_there_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound) as caught:
        await ended(desk, campaign(), 30)
    assert caught.value.code == "no_such_campaign"
    async with desk.reading() as tx:
        with pytest.raises(NotFound):
            await tx.campaign("cmp_nowhere")


async def test_campaigns_are_listed_by_brand_and_end_the_last_first(desk: Desk) -> None:
    early, late = campaign("vroeg", ends_at=at(20)), campaign("laat", ends_at=at(90))
    other = campaign("elders", brand="slager", ends_at=at(50))
    await declared(desk, early, late, other)
    async with desk.reading() as tx:
        assert list(await tx.campaigns(None, None, 10)) == [late, other, early]
        assert list(await tx.campaigns(["bakker"], None, 10)) == [late, early]
        assert list(await tx.campaigns(None, at(20), 10)) == [late, other]
        assert list(await tx.campaigns(["bakker", "slager"], None, 1)) == [late]
        assert list(await tx.campaigns([], None, 10)) == []


async def test_a_declaration_that_is_rolled_back_is_told_to_nobody(desk: Desk) -> None:
    with contextlib.suppress(RuntimeError):
        async with desk.transaction() as tx:
            await tx.declare_campaign(campaign(), cause())
            raise RuntimeError
    assert await told(desk) == []
    async with desk.reading() as tx:
        assert list(await tx.campaigns(None, None, 10)) == []


def test_the_table_has_the_fields_of_its_record_in_their_order() -> None:
    assert [column.name for column in CAMPAIGNS.table.c] == [column.name for column in CAMPAIGNS.columns]
