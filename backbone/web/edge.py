"""What surrounds every route: headers that keep browsers strict, figures, and an answer to the unexpected."""

import secrets
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backbone.metrics import Metrics
from backbone.web.problem import problem

_log = structlog.get_logger(__name__)

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    b"content-security-policy": CSP.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Edge:
    """The outermost layer of ours."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._dress(scope, message)
                self._count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:
            number = secrets.token_hex(6)
            _log.exception("unexpected", number=number, route=_route(scope), exc_info=error)
            if not started:
                detail = "Something went wrong that we did not foresee."
                await problem(500, "unexpected", detail, instance=number)(scope, receive, send_on)

    def _dress(self, scope: Scope, message: Message) -> None:
        headers = dict(_HEADERS)
        if scope["path"].startswith("/v1"):
            headers[b"cache-control"] = b"no-store"
        own = {name.lower() for name, _ in message.get("headers", [])}
        message["headers"] = [
            *message.get("headers", []),
            *((name, value) for name, value in headers.items() if name not in own),
        ]

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.http_requests.labels(method, route, str(status)).inc()
        self._metrics.http_seconds.labels(route).observe(seconds)


def _route(scope: Scope) -> str:
    """The route's pattern, never what was asked: labels come from a fixed set."""
    return getattr(scope.get("route"), "path", None) or "none"
