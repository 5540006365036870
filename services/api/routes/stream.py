"""The live stream as server-sent events."""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.types import Send

from backbone.web.problem import problems
from services.api.bodies import PersonRoute
from services.api.context import Filters, TheApi, ThePerson
from services.api.domain.positions import Positions, read_positions
from services.api.live import Brands, Live

_log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1", tags=["stream"], route_class=PersonRoute)

_DOC = """Server-sent events. `work` (a change of the desk: its `kind`, subject and new state), `spike`, `volume`
(the last minutes of a brand, every few seconds), `ready` (you are connected) and `reset` (read everything anew; the
stream goes on, or ends where you were too slow). Each `id` says where you stand: send it back as `Last-Event-ID`, and
nothing is missed and nothing comes twice. A comment comes at least every 15 seconds."""


class StreamQuery(Filters):
    """What to hear of."""

    last_event_id: str | None = Field(
        default=None, max_length=2000, description="As the header, for clients that cannot set it."
    )


class EventStream(StreamingResponse):
    """Sends a listener its events until it leaves, or takes too long to take one."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, start: Positions | None, brands: Brands) -> None:
        super().__init__(live.events(start, brands), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._live = live

    async def stream_response(self, send: Send) -> None:
        """One message per event; refuses before the first where there is no room."""
        events = self.body_iterator
        assert isinstance(events, AsyncIterator)
        async with self._live.listening(), contextlib.aclosing(events):  # type: ignore[type-var]
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            try:
                async for event in events:
                    async with self._live.sending():
                        await send({"type": "http.response.body", "body": event, "more_body": True})
            except TimeoutError:
                # Nothing more is sent, not even the end: it would wait as well. The server drops the connection.
                _log.info("stream_closed", reason="client_takes_nothing")
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@router.get(
    "/stream",
    responses={**problems(400, 403, 429), 200: {"content": {"text/event-stream": {}}, "description": "Events"}},
    response_class=Response,
    summary="Everything that happens, as it happens",
    description=_DOC,
)
async def stream(
    api: TheApi,
    person: ThePerson,
    query: Annotated[StreamQuery, Query()],
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    told = last_event_id or query.last_event_id
    start = read_positions(told) if told else None
    return EventStream(api.live, start, person.scope(query.brand))
