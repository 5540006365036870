"""A receiver of pages for the demonstration, so that the page that was sent can be seen."""

import hmac
from collections import OrderedDict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Response
from fastapi.routing import APIRoute

from backbone.errors import NotFound
from backbone.ids import derive
from backbone.web.auth import require_person
from services.api import views
from services.api.bodies import JsonRoute
from services.api.context import TheApi

_MOST = 500


def demo_path(token: str) -> str:
    """Where pages are sent in a demonstration."""
    return f"/demo/pager/{token}"


def demo_router(token: str, route: type[APIRoute] = JsonRoute) -> APIRouter:
    """Takes webhooks for whoever knows the token of this start, and shows the last 500."""
    router = APIRouter(tags=["demo"], route_class=route)
    received: OrderedDict[str, views.DemoPage] = OrderedDict()

    @router.post(demo_path("{given}"), status_code=204, summary="Receive a page", include_in_schema=False)
    async def receive(
        api: TheApi,
        given: str,
        body: Annotated[dict[str, Any], Body()],
        webhook_id: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Response:
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise NotFound("There is no such receiver.", code="not_found")
        page_id = webhook_id or derive("got", sorted(map(str, body.items())))
        seen = received[page_id].seen + 1 if page_id in received else 1
        received[page_id] = views.DemoPage(id=page_id, at=api.now(), seen=seen, body=body)
        while len(received) > _MOST:
            received.popitem(last=False)
        return Response(status_code=204)

    @router.get("/v1/demo/pages", dependencies=[Depends(require_person)], summary="Pages received, newest first")
    async def pages() -> views.DemoPages:
        return views.DemoPages(pages=list(reversed(received.values())))

    return router
