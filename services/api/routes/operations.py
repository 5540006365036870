"""For those who keep the system running: alive, ready, metrics, and whether anything got lost."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from backbone.errors import Unavailable, WebcareError
from services.api import views
from services.api.auth import known_caller
from services.api.context import Api, TheApi, ThePerson
from services.api.problem import problem, problems

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["operations"])


@router.get("/health", summary="This process is alive")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/ready", responses=problems(), response_model=views.Readiness, summary="This process can work")
async def ready(api: TheApi) -> Response:
    """503 names what is not ready, and why."""
    pings = {"desk": api.ports.desk.ping, "archive": api.ports.archive.ping, "log": api.ports.log.ping}
    checks = list(await asyncio.gather(*(_check(name, ping, api) for name, ping in pings.items())))
    states = api.ports.runners() if api.ports.runners else ()
    checks += [views.Check(name=state.name, ready=state.ready, detail=state.detail) for state in states]
    missing = [check for check in checks if not check.ready]
    if missing:
        words = "; ".join(f"{check.name}: {check.detail or 'not ready'}" for check in missing)
        shown = [check.model_dump() for check in checks]
        retry = {"Retry-After": str(api.settings.retry_after_s)}
        return problem(503, "not_ready", words, headers=retry, checks=shown)
    return Response(views.Readiness(status="ready", checks=checks).model_dump_json(), media_type="application/json")


async def _check(name: str, ping: Callable[[], Awaitable[None]], api: Api) -> views.Check:
    try:
        async with asyncio.timeout(api.settings.ping_timeout_s):
            await ping()
    except TimeoutError:
        return views.Check(name=name, ready=False, detail=f"no answer in {api.settings.ping_timeout_s:g} s")
    except WebcareError as error:
        # The words may hold a path of this machine: they are for the log, the remedy is for everybody.
        _log.warning("not_ready", part=name, code=error.code, why=error.message)
        return views.Check(name=name, ready=False, detail=f"{error.code}. {error.remedy}".strip())
    return views.Check(name=name, ready=True, detail="")


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
async def metrics(api: TheApi, request: Request) -> Response:
    if not api.settings.metrics_public:
        known_caller(request)
    if api.ports.conservation:
        with contextlib.suppress(Unavailable):
            api.ports.metrics.in_flight.set((await api.ports.conservation()).figures.get("in_flight", 0))
    return Response(generate_latest(api.ports.metrics.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/conservation", responses=problems(), summary="What became of everything that came in")
async def conservation(api: TheApi, _: ThePerson) -> views.Conservation:
    counts = await api.ports.desk.counts()
    sums = await api.ports.conservation() if api.ports.conservation else None
    return views.Conservation(
        at=api.now(),
        holds=sums.holds if sums else None,
        figures=dict(sums.figures) if sums else {},
        counts=[views.Count(name=name, reason=why, count=n) for (name, why), n in sorted(counts.items())],
    )
