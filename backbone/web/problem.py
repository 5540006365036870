"""Every error as `application/problem+json` (RFC 9457), with a stable code and what to do about it."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from backbone.errors import (
    Backpressure,
    BadInput,
    Conflict,
    InvalidRecord,
    NotFound,
    Stopped,
    Unavailable,
    WebcareError,
)
from backbone.web.public import public
from backbone.web.refusals import Forbidden, PreconditionFailed, Unauthorized

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 20
_LONGEST_NAME = 100

_BY_CODE = {
    "too_large": 413,
    "too_many": 413,
    "wrong_content_type": 415,
    "wrong_encoding": 415,
    "invalid": 422,
    "unknown_field": 422,
    "other_command": 422,
    "not_of_item": 422,
    "too_many_buckets": 422,
    "wrong_range": 422,
}
_BY_CLASS: tuple[tuple[type[WebcareError], int], ...] = (
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (PreconditionFailed, 412),
    (Conflict, 409),
    (InvalidRecord, 422),
    (BadInput, 400),
    (Backpressure, 429),
    (Unavailable, 503),
    (Stopped, 503),
)
_REMEDIES = {
    400: "Mend what was sent; /v1/openapi.json describes it.",
    401: "Send `Authorization: Bearer <key>`, or sign in with POST /v1/session.",
    403: "Ask whoever keeps the configuration for the role or brand.",
    404: "Check the address and the id.",
    405: "Use one of the methods in the Allow header.",
    409: "Look at `current`, then decide anew.",
    412: "Read it again, then decide anew.",
    413: "Send less at once.",
    415: "Send `Content-Type: application/json`.",
    422: "Mend what was sent; /v1/openapi.json describes it.",
    429: "Try again when Retry-After says so.",
    500: "Try again; if it stays, give the number in `instance` to whoever keeps this system.",
    503: "Try again; nothing that was acknowledged is lost.",
}


class FieldError(BaseModel):
    """One thing that is wrong with what was sent."""

    loc: str = Field(examples=["body.fence"])
    msg: str = Field(examples=["Input should be a valid integer"])


class Problem(BaseModel):
    """What went wrong, with a stable code and what to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:webcare:problem:stale_fence",
                    "title": "Conflict",
                    "status": 409,
                    "detail": "Item itm_1 is held by Bram.",
                    "code": "stale_fence",
                    "remedy": "Look at `current`, then decide anew.",
                    "current": {"holder": "bram", "fence": 3},
                }
            ]
        }
    )
    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str
    instance: str | None = None
    current: dict[str, Any] | None = None
    errors: list[FieldError] | None = None


def problem(
    status: int,
    code: str,
    detail: str,
    remedy: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """A problem as an answer; what is None in `more` is left out."""
    body = {
        "type": f"urn:webcare:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "remedy": remedy or _REMEDIES.get(status, ""),
        **{name: value for name, value in more.items() if value is not None},
    }
    content = msgspec.json.encode(body, enc_hook=str)
    return Response(content, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def status_of(error: WebcareError) -> int:
    """The HTTP status of one of our errors."""
    by_class = next((status for kind, status in _BY_CLASS if isinstance(error, kind)), 500)
    return _BY_CODE.get(error.code, by_class) if isinstance(error, BadInput) else by_class


def answer_error(error: WebcareError, retry_after_s: float = 1.0) -> Response:
    """One of our errors as an answer."""
    status = status_of(error)
    headers = _headers(error, status, retry_after_s)
    current = public(error.current) if isinstance(error, Conflict) else None
    return problem(status, error.code, error.message, error.remedy, headers=headers, current=current)


def _headers(error: WebcareError, status: int, retry_after_s: float) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="webcare"'}
    if status in (429, 503):
        wait = error.retry_after_s if isinstance(error, Backpressure) else retry_after_s
        return {"Retry-After": str(max(1, math.ceil(wait)))}
    return {}


def answer_invalid(errors: Sequence[Mapping[str, Any]]) -> Response:
    """What the models found wrong, field by field, without what was sent."""
    found = [FieldError(loc=_place(error["loc"]), msg=str(error["msg"])) for error in errors[:_MOST_ERRORS]]
    unknown = [_place(error["loc"]) for error in errors if error["type"] == "extra_forbidden"]
    first = found[0] if found else FieldError(loc="body", msg="cannot be read")
    code, detail = "invalid", f"{first.loc}: {first.msg}."
    if unknown:
        code, detail = "unknown_field", f"There is no field {unknown[0]}."
    remedy = "Mend the fields in `errors`; /v1/openapi.json describes them."
    return problem(422, code, detail, remedy, errors=[error.model_dump() for error in found])


def _place(loc: Sequence[object]) -> str:
    return ".".join(str(part)[:_LONGEST_NAME] for part in loc)


def answer_http(error: HTTPException) -> Response:
    """What the framework refuses by itself: no such route, wrong method, an unreadable body."""
    codes = {400: "unreadable", 404: "no_such_route", 405: "method_not_allowed", 413: "too_large"}
    code = codes.get(error.status_code, HTTPStatus(error.status_code).name.lower())
    return problem(error.status_code, code, str(error.detail), headers=error.headers)


def handle_errors(app: FastAPI, retry_after_s: float) -> None:
    """Make every error of every route of `app`, mounted ones too, a problem."""

    async def ours(_: Request, error: Exception) -> Response:
        assert isinstance(error, WebcareError)
        return answer_error(error, retry_after_s)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer_invalid(error.errors())

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer_http(error)

    app.add_exception_handler(WebcareError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems a route may answer with, for its description."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in (401, *statuses, 503)}
