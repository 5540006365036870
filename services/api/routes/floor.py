"""The work floor: queues with their clocks, spikes, who is on call, who you are."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from backbone.records import SpikePart
from backbone.web.problem import problems
from services.api import views
from services.api.bodies import PersonRoute
from services.api.campaigns import declared, standing_by
from services.api.context import Filters, Name, TheApi, ThePerson

router = APIRouter(prefix="/v1", tags=["floor"], route_class=PersonRoute)


_MOST_CAMPAIGNS = 1000


class SpikeQuery(Filters):
    """Which spikes."""

    open: bool = Field(default=False, description="Only those that go on.")
    incident: Name | None = Field(default=None, description="Only those of this incident: the series of one crisis.")
    part: SpikePart | None = Field(
        default=None, description="Only series that are a part by this; `whole`: of brands altogether."
    )
    limit: int = Field(default=50, ge=1, le=200)


@router.get("/queues", responses=problems(403, 422), summary="Every queue with its clocks and promises")
async def queues(api: TheApi, person: ThePerson, query: Annotated[Filters, Query()]) -> views.QueueList:
    async with api.ports.desk.reading() as desk:
        figures = {each.queue: each for each in await desk.queues(person.scope(query.brand))}
    shown = {queue.name: queue for queue in api.settings.queues}
    names = [*shown, *sorted(figures.keys() - shown.keys())]
    return views.QueueList(
        at=api.now(), queues=[views.queue(name, figures.get(name), shown.get(name)) for name in names]
    )


@router.get("/spikes", responses=problems(403, 422), summary="Spikes with their evidence, newest first")
async def spikes(api: TheApi, person: ThePerson, query: Annotated[SpikeQuery, Query()]) -> views.SpikeList:
    async with api.ports.desk.reading() as desk:
        found = await desk.spikes(
            person.scope(query.brand), query.open, query.limit, incident_id=query.incident, part=query.part
        )
    return views.SpikeList(at=api.now(), spikes=[views.Spike.model_validate(spike) for spike in found])


@router.get("/oncall", responses=problems(), summary="Who is on call now, and who stands by for a campaign")
async def on_call(api: TheApi, person: ThePerson) -> views.OnCallList:
    at = api.now()
    async with api.ports.desk.reading() as desk:
        campaigns = await declared(api, desk, person.scope(), at, _MOST_CAMPAIGNS)
    return views.OnCallList(
        at=at,
        on_call=[views.OnCallRow.model_validate(row) for row in api.ports.on_call(at)],
        extra=standing_by(api, campaigns, at),
    )


@router.get("/me", responses=problems(), summary="Who you are here")
async def me(api: TheApi, person: ThePerson) -> views.Me:
    return views.me(person, api.settings)
