"""A client of the live stream that speaks ASGI itself, so that it can be slow, leave, and come back."""

import asyncio
import json
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from api_stage import Stage, key_of


class Heard(NamedTuple):
    """One server-sent event; `name` is empty for a comment."""

    name: str
    id: str | None
    data: Any


class Listener:
    """Use as a context: connected inside, gone after."""

    def __init__(self, stage: Stage, name: str = "anna", last_id: str | None = None, **query: Any) -> None:
        headers = [(b"authorization", f"Bearer {key_of(name)}".encode())]
        headers += [(b"last-event-id", last_id.encode())] if last_id else []
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/v1/stream",
            "raw_path": b"/v1/stream",
            "query_string": urlencode(query, doseq=True).encode(),
            "root_path": "",
            "headers": headers,
            "server": ("webcare.test", 80),
            "client": ("127.0.0.1", 1),
            "state": {},
        }
        self._app = stage.app
        self._messages: asyncio.Queue[Heard | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self.takes = asyncio.Event()
        """Cleared: the client takes nothing more, as one behind a stalled network."""
        self.takes.set()
        self.status = 0
        self.last_id = last_id

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._app(self._scope, self._receive, self._send))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        self.takes.set()
        await asyncio.wait_for(self._task, 5)

    async def hear(self) -> Heard:
        """The next event that is no comment."""
        while True:
            heard = await self.any()
            if heard.name:
                return heard

    async def any(self) -> Heard:
        """The next event or comment; EOFError at the end of the stream."""
        heard = await asyncio.wait_for(self._messages.get(), 5)
        if heard is None:
            raise EOFError
        self.last_id = heard.id or self.last_id
        return heard

    async def numbers(self, count: int) -> list[int]:
        """What the next work events number themselves."""
        return [(await self.hear()).data["data"]["n"] for _ in range(count)]

    async def ended(self) -> None:
        """Return when the app is done with this client."""
        await asyncio.wait_for(asyncio.shield(self._task), 5)

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        for block in message.get("body", b"").decode().split("\n\n"):
            if block:
                self._messages.put_nowait(_heard(block))
        if not message.get("more_body"):
            self._messages.put_nowait(None)


def _heard(block: str) -> Heard:
    fields = dict(line.partition(": ")[::2] for line in block.split("\n") if not line.startswith(":"))
    data = json.loads(fields["data"]) if "data" in fields else None
    return Heard(fields.get("event", ""), fields.get("id"), data)
