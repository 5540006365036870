"""`POST /v1/mentions`: one message, an array, or NDJSON."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from backbone.bodies import TooLarge, WrongType, parse_json, read_body
from backbone.errors import BadInput, WebcareError
from backbone.ids import derive
from services.ingest.domain.normalise import Refused
from services.ingest.gate import Gate, Result

JSON = ("application/json", "application/cloudevents+json")
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")

_ENCODER = msgspec.json.Encoder()
_DOC = """Send mentions: a JSON object, an array of them, or NDJSON (one a line; Content-Type `application/x-ndjson`).

202 comes only after all accepted ones are durable. Each message has its own result, in the order sent: a bad one
does not hold back the others. Nothing acceptable in the request: 422, nothing was taken. Under pressure 429 or 503
with `Retry-After`; sending the same again is safe, a message counts once."""


def ingest_router(gate: Gate) -> APIRouter:
    """The route, to be mounted in an application that answers WebcareError with problem+json."""
    router = APIRouter()

    @router.post("/v1/mentions", status_code=202, summary="Send mentions", description=_DOC, tags=["ingest"])
    async def post_mentions(request: Request) -> Response:
        sent = await _sent(request, gate)
        arrival = gate.arrival(origin=derive("req", id(request), gate.arrival("").received_at))
        return _answer(await gate.take(sent, arrival))

    return router


async def _sent(request: Request, gate: Gate) -> list[object]:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in (*JSON, *NDJSON):
        remedy = f"Send {JSON[0]} or {NDJSON[0]}."
        raise WrongType(f"Content-Type {kind or 'none'!r} is not read.", code="wrong_content_type", remedy=remedy)
    limits = gate.settings
    body = await read_body(request.stream(), request.headers.get("content-encoding"), limits.max_body)
    messages = _lines(body, limits.max_depth) if kind in NDJSON else _messages(parse_json(body, limits.max_depth))
    if len(messages) > limits.max_batch:
        raise TooLarge(f"{len(messages)} messages in one request.", code="too_many", remedy=f"Max {limits.max_batch}.")
    return messages


def _messages(value: object) -> list[object]:
    messages = value if isinstance(value, list) else [value]
    if not messages:
        raise BadInput("There is nothing in the array.", code="empty")
    return messages


def _lines(body: bytes, max_depth: int) -> list[object]:
    messages = [_line(line, max_depth) for line in body.splitlines() if line.strip()]
    if not messages:
        raise BadInput("There is nothing in the body.", code="empty")
    return messages


def _line(line: bytes, max_depth: int) -> object:
    try:
        return parse_json(line, max_depth)
    except WebcareError as error:
        return Refused(error.code, "", error.message, error.remedy)


def _answer(results: list[Result]) -> Response:
    accepted = sum(result.status == "accepted" for result in results)
    body: dict[str, Any] = {
        "accepted": accepted,
        "refused": len(results) - accepted,
        "results": [_row(index, result) for index, result in enumerate(results)],
    }
    if accepted:
        return Response(_ENCODER.encode(body), 202, media_type="application/json")
    first = next(result.error for result in results if result.error)
    problem = {"type": "about:blank", "title": "Nothing could be taken", "status": 422, "detail": first.message}
    answer = {**problem, "code": first.code, "remedy": first.remedy, **body}
    return Response(_ENCODER.encode(answer), 422, media_type="application/problem+json")


def _row(index: int, result: Result) -> dict[str, Any]:
    if result.mention:
        return {"index": index, "status": "accepted", "id": result.mention.native_id, "mention_id": result.mention.id}
    error = result.error
    assert error is not None
    return {
        "index": index,
        "status": "refused",
        "code": error.code,
        "field": error.field,
        "detail": error.message,
        "remedy": error.remedy,
    }
