"""A server that answers as Elasticsearch does when it cannot: no real one can be made to on demand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

Answer = tuple[int, Any]


def error(kind: str, status: int, reason: str = "") -> Answer:
    """The body of a refusal."""
    return status, {"error": {"type": kind, "reason": reason, "root_cause": []}, "status": status}


def items(*statuses: int, kind: str = "", reason: str = "") -> Answer:
    """The body of a bulk answer with these items."""
    told = {"error": {"type": kind, "reason": reason}} if kind else {}
    return 200, {
        "errors": True,
        "items": [{"index": {"status": each, **(told if each >= 300 else {})}} for each in statuses],
    }


class StandIn:
    """Answers what `bulk` and the others hold; remembers what it was sent."""

    def __init__(self) -> None:
        self.version = "8.19.8"
        self.lifecycles = False
        self.bulk: Callable[[list[bytes]], Answer] = lambda lines: items(*[200] * (len(lines) // 2))
        self.anything: Answer | None = None
        self.pause_s = 0.0
        self.sent: list[tuple[str, str, bytes]] = []
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen, where it listened before."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.handle)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Be away."""
        await self._runner.cleanup()

    def of(self, path: str) -> list[Any]:
        """The bodies that were sent to a path."""
        return [msgspec.json.decode(body) for _, at, body in self.sent if at == path and body]

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.sleep(self.pause_s)
        self.sent.append((request.method, request.path, body))
        status, told = self._answer(request.path, body)
        headers = {"X-Elastic-Product": "Elasticsearch"}
        if isinstance(told, str):
            return web.Response(status=status, text=told, content_type="text/html", headers=headers)
        return web.Response(
            status=status, body=msgspec.json.encode(told), content_type="application/json", headers=headers
        )

    def _answer(self, path: str, body: bytes) -> Answer:
        if self.anything is not None:
            return self.anything
        if path == "/":
            return 200, {"version": {"number": self.version}}
        if path == "/_ilm/status":
            return (200, {"operation_mode": "RUNNING"}) if self.lifecycles else error("unknown", 400)
        if path == "/_bulk":
            return self.bulk(body.splitlines())
        return 200, {}


@asynccontextmanager
async def standing_in() -> AsyncIterator[StandIn]:
    """One of them, on a free port."""
    stand_in = StandIn()
    await stand_in.start()
    try:
        yield stand_in
    finally:
        await stand_in.stop()
