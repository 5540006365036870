"""Incidents and their pages: what may wake a person, and who was reached."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from msgspec.structs import replace
from pydantic import Field

from backbone.ports import DeskTransaction
from backbone.records import Incident, IncidentState, Page
from backbone.web.problem import problems
from services.api import views, work
from services.api.bodies import PersonRoute
from services.api.commands import TheCommand, once
from services.api.context import Command, Filters, Id, Name, TheApi, ThePerson, none_if_empty
from services.api.domain.cursors import TEXT_CURSOR, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1", tags=["incidents"], route_class=PersonRoute)

_COMMANDS: dict[int | str, dict[str, Any]] = problems(400, 403, 404, 409, 412, 413, 415, 422)
_TIMELINE_STEP = 200
_LONGEST_TIMELINE = 2_000


class IncidentQuery(Filters):
    """Which incidents."""

    state: list[IncidentState] = Field(default=[], description="Repeat it; none: every state.", max_length=3)
    cursor: Name | None = None
    limit: int = Field(default=50, ge=1, le=200)


class PageQuery(Filters):
    """Which pages."""

    person: Name | None = None
    hours: int = Field(default=24, ge=1, le=744, description="Due in the last hours.")
    limit: int = Field(default=50, ge=1, le=200)


class AcknowledgeCommand(Command):
    """`expected_seq` is what you saw; another state is refused."""

    expected_seq: int | None = Field(default=None, ge=0, le=2**53)


class ResolveCommand(Command):
    """Nothing needs to be said to resolve."""


@router.get("/incidents", responses=problems(400, 403, 422), summary="Incidents, newest first")
async def incidents(api: TheApi, person: ThePerson, query: Annotated[IncidentQuery, Query()]) -> views.IncidentList:
    before = decode_cursor(query.cursor, TEXT_CURSOR) if query.cursor else None
    async with api.ports.desk.reading() as desk:
        found = await desk.incidents(person.scope(query.brand), none_if_empty(query.state), query.limit, before)
        shown = await _shown(desk, found)
    more = encode_cursor(found[-1].id) if len(found) == query.limit else None
    return views.IncidentList(at=api.now(), incidents=shown, next=more)


@router.get(
    "/incidents/{incident_id}",
    responses=problems(404),
    response_model=views.IncidentDetail,
    summary="One incident with its timeline and pages",
)
async def incident(api: TheApi, person: ThePerson, incident_id: Id) -> Response:
    async with api.ports.desk.reading() as desk:
        found = await desk.incident(incident_id)
        person.must_see(found.brand, f"incident {incident_id}")
        [shown] = await _shown(desk, [found])
        detail = views.IncidentDetail(
            incident=shown,
            timeline=await _timeline(desk, incident_id),
            pages=[await _page(desk, page) for page in await desk.pages(incident_id=incident_id)],
        )
    content = detail.model_dump_json()
    return Response(content, media_type="application/json", headers={"ETag": f'"{found.seq}"'})


async def _shown(desk: DeskTransaction, incidents: Sequence[Incident]) -> list[views.Incident]:
    """With how many people the evidence of a critical one rests on by now: those of its item."""
    ids = [each.item_id for each in incidents if each.kind == "critical" and each.item_id is not None]
    items = await desk.items_by_id(ids) if ids else {}
    shown = []
    for each in incidents:
        item = items.get(each.item_id or "")
        known = {} if item is None else {"people": item.people}
        shown.append(views.Incident.model_validate(replace(each, evidence={**each.evidence, **known})))
    return shown


async def _timeline(desk: DeskTransaction, incident_id: str) -> list[views.AuditRow]:
    rows: list[views.AuditRow] = []
    while len(rows) < _LONGEST_TIMELINE:
        after = rows[-1].number if rows else 0
        step = await desk.audit(incident_id=incident_id, after=after, limit=_TIMELINE_STEP)
        rows += [views.AuditRow.model_validate(row) for row in step]
        if len(step) < _TIMELINE_STEP:
            break
    return rows


async def _page(desk: DeskTransaction, page: Page) -> views.Page:
    return views.page(page, await desk.attempts(page.id))


@router.post(
    "/incidents/{incident_id}/acknowledge",
    responses=_COMMANDS,
    response_model=views.Incident,
    summary="Take it on: nobody more is woken",
)
async def acknowledge(
    api: TheApi, asked: TheCommand, incident_id: Id, body: AcknowledgeCommand | None = None
) -> Response:
    """A lease of 30 minutes by default, after which it wakes people again. 409 tells who was first."""

    async def act(desk: DeskTransaction) -> tuple[views.Incident, int]:
        seen = body.expected_seq if body else None
        done = await work.acknowledge(api, desk, incident_id, seen, asked)
        return views.Incident.model_validate(done), done.seq

    return await once(api, asked, body, act)


@router.post(
    "/incidents/{incident_id}/resolve",
    responses=_COMMANDS,
    response_model=views.Incident,
    summary="Close it for good",
)
async def resolve(api: TheApi, asked: TheCommand, incident_id: Id, body: ResolveCommand | None = None) -> Response:
    """Closed; what comes after it opens a new one."""

    async def act(desk: DeskTransaction) -> tuple[views.Incident, int]:
        done = await work.resolve_incident(api, desk, incident_id, asked)
        return views.Incident.model_validate(done), done.seq

    return await once(api, asked, body, act)


@router.get("/pages", responses=problems(403, 422), summary="Recent pages and their receipts, newest first")
async def pages(api: TheApi, person: ThePerson, query: Annotated[PageQuery, Query()]) -> views.PageList:
    brands = person.scope(query.brand)
    async with api.ports.desk.reading() as desk:
        found = await desk.pages(person=query.person, since=api.now() - timedelta(hours=query.hours))
        newest = [page for page in reversed(found) if brands is None or page.brand in brands][: query.limit]
        shown = [await _page(desk, page) for page in newest]
    return views.PageList(at=api.now(), pages=shown)
