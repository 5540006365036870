"""An application around some routes: errors as problems, a door, figures, readiness."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from backbone.ports import Clock
from backbone.web.auth import Auth
from backbone.web.edge import Edge
from backbone.web.operations import Watched, operations_router
from backbone.web.people import Door
from backbone.web.problem import handle_errors


def application(watched: Watched, door: Door, clock: Clock, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """`routers`, and what every service shows to those who keep it running."""
    app = FastAPI(title="Webcare", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.auth = Auth(door, clock)
    handle_errors(app, watched.retry_after_s)
    for router in (*routers, operations_router(watched)):
        app.include_router(router)
    app.add_middleware(Edge, metrics=watched.metrics)
    return app
