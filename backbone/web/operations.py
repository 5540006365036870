"""For those who keep a service running: alive, ready, figures."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from backbone.errors import Unavailable, WebcareError
from backbone.metrics import Metrics
from backbone.web.auth import known_caller
from backbone.web.problem import problem, problems

_log = structlog.get_logger(__name__)


class RunnerState(msgspec.Struct, frozen=True, kw_only=True):
    """One loop of this process: whether it works, and if not why."""

    name: str
    ready: bool
    detail: str = ""


class Check(BaseModel):
    """One thing this process needs, and whether it answers."""

    name: str
    ready: bool
    detail: str
    required: bool = True
    """Without it the process cannot do its work; where it is not required, the process does the rest meanwhile."""


class Readiness(BaseModel):
    """Whether this process can do its work: ``ready``, or ``degraded`` where something is away it can do without."""

    status: str
    checks: list[Check]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What readiness and figures are made of."""

    metrics: Metrics
    pings: Mapping[str, Callable[[], Awaitable[None]]]
    states: Callable[[], Sequence[RunnerState]] = tuple
    optional: frozenset[str] = field(default_factory=frozenset)
    """Names of pings and states without which the process is of use all the same."""
    before_scrape: Callable[[], Awaitable[None]] | None = None
    """Brings figures up to date that are only known when asked for; Unavailable leaves them as they are."""
    metrics_public: bool = True
    ping_timeout_s: float = 2.0
    retry_after_s: int = 1


def operations_router(watched: Watched) -> APIRouter:
    """`/health`, `/ready` and `/metrics`, for an application whose errors are problems."""
    router = APIRouter(tags=["operations"])

    @router.get("/health", summary="This process is alive")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/ready", responses=problems(), response_model=Readiness, summary="This process can work")
    async def ready() -> Response:
        """503 names what is not ready, and why."""
        return _answer(await _checks(watched), watched)

    @router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
    async def metrics(request: Request) -> Response:
        if not watched.metrics_public:
            known_caller(request)
        if watched.before_scrape:
            with contextlib.suppress(Unavailable):
                await watched.before_scrape()
        return Response(generate_latest(watched.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _checks(watched: Watched) -> list[Check]:
    pinged = await asyncio.gather(*(_check(name, ping, watched) for name, ping in watched.pings.items()))
    return [*pinged, *(_of_state(state, watched) for state in watched.states())]


def _of_state(state: RunnerState, watched: Watched) -> Check:
    required = state.name not in watched.optional
    return Check(name=state.name, ready=state.ready, detail=state.detail, required=required)


async def _check(name: str, ping: Callable[[], Awaitable[None]], watched: Watched) -> Check:
    required = name not in watched.optional
    try:
        async with asyncio.timeout(watched.ping_timeout_s):
            await ping()
    except TimeoutError:
        return Check(name=name, ready=False, detail=f"no answer in {watched.ping_timeout_s:g} s", required=required)
    except WebcareError as error:
        # The words may hold a path of this machine: they are for the log, the remedy is for everybody.
        _log.warning("not_ready", part=name, code=error.code, why=error.message)
        return Check(name=name, ready=False, detail=f"{error.code}. {error.remedy}".strip(), required=required)
    return Check(name=name, ready=True, detail="", required=required)


def _answer(checks: list[Check], watched: Watched) -> Response:
    missing = [check for check in checks if not check.ready]
    if any(check.required for check in missing):
        words = "; ".join(f"{check.name}: {check.detail or 'not ready'}" for check in missing)
        retry = {"Retry-After": str(watched.retry_after_s)}
        return problem(503, "not_ready", words, headers=retry, checks=[check.model_dump() for check in checks])
    readiness = Readiness(status="degraded" if missing else "ready", checks=checks)
    return Response(readiness.model_dump_json(), media_type="application/json")
