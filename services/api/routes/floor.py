"""The work floor: queues with their clocks, spikes, who is on call, who you are."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from backbone.web.problem import problems
from services.api import views
from services.api.bodies import PersonRoute
from services.api.context import Filters, TheApi, ThePerson

router = APIRouter(prefix="/v1", tags=["floor"], route_class=PersonRoute)


class SpikeQuery(Filters):
    """Which spikes."""

    open: bool = Field(default=False, description="Only those that go on.")
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
        found = await desk.spikes(person.scope(query.brand), query.open, query.limit)
    return views.SpikeList(at=api.now(), spikes=[views.Spike.model_validate(spike) for spike in found])


@router.get("/oncall", responses=problems(), summary="Who is on call now")
async def on_call(api: TheApi, _: ThePerson) -> views.OnCallList:
    at = api.now()
    return views.OnCallList(at=at, on_call=[views.OnCallRow.model_validate(row) for row in api.ports.on_call(at)])


@router.get("/me", responses=problems(), summary="Who you are here")
async def me(api: TheApi, person: ThePerson) -> views.Me:
    return views.me(person, api.settings)
