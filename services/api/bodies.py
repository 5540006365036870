"""Request bodies: read with limits and checked as text before anything is made of them."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from backbone.bodies import parse_json, read_body, too_large
from backbone.errors import BadInput
from backbone.web.auth import known_caller
from services.api.settings import ApiSettings

_CHARSET = re.compile(r"charset\s*=\s*\"?([^\";\s]*)", re.IGNORECASE)
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ReadRequest(Request):
    """A request whose body was read and checked already."""

    def __init__(self, request: Request, body: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._checked = body
        self._value = value

    async def body(self) -> bytes:
        """The bytes as they came."""
        return self._checked

    async def json(self) -> Any:
        """The value they stand for."""
        return self._value


class JsonRoute(APIRoute):
    """A route whose body, if any, is JSON: 413, 415 or 400 before the handler sees it."""

    def get_route_handler(self) -> _Handler:
        """The framework's handler, given a body that was checked."""
        handler = super().get_route_handler()

        async def checked(request: Request) -> Response:
            settings: ApiSettings = request.app.state.settings
            body = await _read(request, settings.body_limit)
            return await handler(ReadRequest(request, body, _value(request, body, settings.depth_limit)))

        return checked


class PersonRoute(JsonRoute):
    """A route for people we know: a stranger's body is not even read."""

    def get_route_handler(self) -> _Handler:
        """The handler, with the door before it."""
        handler = super().get_route_handler()

        async def known(request: Request) -> Response:
            known_caller(request)
            return await handler(request)

        return known


async def _read(request: Request, limit: int) -> bytes:
    if request.method == "GET":
        return b""
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or len(declared) > 15 or int(declared) > limit:
        raise too_large(limit)
    return await read_body(request.stream(), None, limit)


def _value(request: Request, body: bytes, depth: int) -> Any:
    if not body:
        return None
    _check_type(request.headers.get("content-type", ""), request.headers.get("content-encoding", "identity"))
    return parse_json(body, depth)


def _check_type(content_type: str, encoding: str) -> None:
    kind, _, parameters = content_type.partition(";")
    charset = _CHARSET.search(parameters)
    if kind.strip().lower() != "application/json" or (charset and charset[1].lower() not in ("utf-8", "us-ascii")):
        detail = "The body must be application/json in UTF-8."
        raise BadInput(detail, code="wrong_content_type", remedy="Send `Content-Type: application/json`.")
    if encoding.strip().lower() != "identity":
        raise BadInput("The body is encoded.", code="wrong_encoding", remedy="Send it without Content-Encoding.")
