"""The application: routes, doors and the live stream, on the ports it is given."""

import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from backbone.web.auth import Auth
from backbone.web.edge import Edge
from backbone.web.operations import Watched, operations_router
from backbone.web.problem import Problem, handle_errors
from services.api.context import Api
from services.api.live import Live
from services.api.page import BUILT, DashboardPage
from services.api.ports import ApiPorts
from services.api.routes import (
    archive,
    campaigns,
    corrections,
    floor,
    incidents,
    items,
    operations,
    session,
    stories,
    stream,
    topics,
)
from services.api.routes.demo import demo_router
from services.api.settings import ApiSettings
from services.api.topics import TopicReader
from services.api.volume import beat

_ROUTERS = (
    *(session.router, items.router, corrections.router, stories.router, incidents.router),
    *(campaigns.router, floor.router, archive.router, topics.router, stream.router),
)
_ABOUT = """Mentions, items, incidents and pages. Send `Authorization: Bearer <key>`. Every error is
`application/problem+json` with a stable `code` and a `remedy`. All instants are UTC. Lists go on with `cursor`;
writes take `Idempotency-Key` and `If-Match`."""


def build_api(ports: ApiPorts, settings: ApiSettings, extra_routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The application, ready to be served.

    `extra_routers` get its errors; who may use them they say themselves, with `Depends(require_person)`. Before the
    server waits for open connections, call `app.state.live.stop()`: streams do not end by themselves.
    """
    live = Live(ports.log, settings, ports.metrics, functools.partial(beat, ports, settings.brands))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await live.stop()

    app = FastAPI(
        title="Webcare",
        version="1",
        description=_ABOUT,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.settings, app.state.live = settings, live
    app.state.auth = Auth(settings.door, ports.clock)
    reader = TopicReader(ports.archive, ports.clock, settings.brand_names)
    app.state.api = Api(ports, settings, app.state.auth, live, reader)
    handle_errors(app, settings.retry_after_s)
    demo = (demo_router(settings.demo_token),) if settings.demo_token else ()
    for router in (*_ROUTERS, operations.router, operations_router(_watched(ports, settings)), *demo, *extra_routers):
        app.include_router(router)
    app.router.default = DashboardPage(settings.dashboard or BUILT)
    app.add_middleware(Edge, metrics=ports.metrics)
    _describe(app)
    return app


def _watched(ports: ApiPorts, settings: ApiSettings) -> Watched:
    async def count_what_is_in_flight() -> None:
        if ports.conservation:
            ports.metrics.in_flight.set((await ports.conservation()).figures.get("in_flight", 0))

    return Watched(
        metrics=ports.metrics,
        pings={"desk": ports.desk.ping, "archive": ports.archive.ping, "log": ports.log.ping},
        states=ports.runners,
        optional=ports.can_miss,
        before_scrape=count_what_is_in_flight,
        metrics_public=settings.metrics_public,
        ping_timeout_s=settings.ping_timeout_s,
        retry_after_s=settings.retry_after_s,
    )


def _describe(app: FastAPI) -> None:
    """Put the problem's schema, to which every route refers, and the key into the description."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
            parts = schema.setdefault("components", {})
            described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            parts.setdefault("schemas", {}).update({**described.pop("$defs", {}), "Problem": described})
            parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            schema["security"] = [{"key": []}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]
