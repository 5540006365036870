"""Commands: who asks, under which idempotency key, having seen what; done at most once."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from backbone.errors import BadInput
from backbone.ids import derive
from backbone.ports import DeskTransaction
from backbone.records import Cause, Incident, Item, Method
from backbone.web.auth import Caller, require_actor
from backbone.web.refusals import PreconditionFailed
from services.api import views
from services.api.context import Api, Command

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_TAGS = re.compile(r'\s*(?:W/)?"([0-9]{1,15})"\s*')


class Answered(msgspec.Struct, frozen=True):
    """What a command was answered, and a fingerprint of what it asked."""

    asked: str
    etag: str
    body: bytes


@dataclass(frozen=True)
class Asked:
    """One command as it came in, before its body."""

    caller: Caller
    path: str
    key: str | None
    seen: frozenset[int] | None
    """The `seq` values of If-Match; None where the caller did not say or takes any."""

    def cause(self, api: Api, reason: str) -> Cause:
        """Who changes the desk, and why."""
        method: Method = "api" if self.caller.by == "key" else "ui"
        return Cause(actor=self.caller.name, method=method, at=api.now(), reason=reason)

    def must_match(self, record: Item | Incident) -> None:
        """Refuse if the caller saw another state than holds now."""
        if self.seen is None or record.seq in self.seen:
            return
        view = views.Item if isinstance(record, Item) else views.Incident
        current = view.model_validate(record).model_dump(mode="json")
        raise PreconditionFailed("It changed since you read it.", code="changed", current=current)

    def fingerprint(self, body: Command | None) -> str:
        """What was asked: the same for the same command."""
        plain = body.model_dump_json() if body else ""
        return hashlib.sha256(f"{self.path}\n{plain}".encode()).hexdigest()

    def own_id(self, kind: str, *parts: object) -> str:
        """An id for what this command makes: the same for the same key, else for the same content."""
        return derive(kind, self.caller.name, *((self.path, self.key) if self.key else parts))


async def _asked(
    request: Request,
    caller: Annotated[Caller, Depends(require_actor)],
    idempotency_key: Annotated[
        str | None, Header(description="1 to 200 visible characters; the same key never acts twice.")
    ] = None,
    if_match: Annotated[str | None, Header(description='What you saw, as the ETag gave it: `"<seq>"`.')] = None,
) -> Asked:
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        raise BadInput("The Idempotency-Key is not 1 to 200 visible ASCII characters.", code="bad_idempotency_key")
    return Asked(caller, request.url.path, idempotency_key, tags(if_match))


TheCommand = Annotated[Asked, Depends(_asked)]


def tags(header: str | None) -> frozenset[int] | None:
    """The `seq` values of an If-Match or If-None-Match header; None where it is absent or ``*``."""
    if header is None or header.strip() == "*":
        return None
    found = [_TAGS.fullmatch(tag) for tag in header.split(",")]
    if not all(found):
        raise BadInput("The ETag is not one that was given out here.", code="bad_etag", remedy='Send `"<seq>"`.')
    return frozenset(int(tag[1]) for tag in found if tag)


Act = Callable[[DeskTransaction], Awaitable[tuple[BaseModel, int]]]
"""Does it, and gives the answer with the `seq` that holds after it."""


async def once(api: Api, asked: Asked, body: Command | None, act: Act) -> Response:
    """Do a command in one transaction, or give the answer it had before under its key.

    Only what was done is remembered: a refusal changed nothing, so the same key may ask again.
    """
    fingerprint = asked.fingerprint(body)
    async with api.ports.desk.transaction() as desk:
        before = await _before(desk, asked, fingerprint)
        if before is not None:
            return _response(before, {"Idempotent-Replayed": "true"})
        answer, seq = await act(desk)
        done = Answered(fingerprint, f'"{seq}"', answer.model_dump_json().encode())
        if asked.key is not None:
            await desk.remember(asked.key, asked.caller.name, msgspec.msgpack.encode(done), api.now())
    return _response(done, {})


async def _before(desk: DeskTransaction, asked: Asked, fingerprint: str) -> Answered | None:
    known = await desk.recall(asked.key, asked.caller.name) if asked.key is not None else None
    if known is None:
        return None
    before = msgspec.msgpack.decode(known, type=Answered)
    if before.asked != fingerprint:
        remedy = "Use a new key for a new command."
        raise BadInput("This Idempotency-Key was used for another command.", code="other_command", remedy=remedy)
    return before


def _response(done: Answered, headers: dict[str, str]) -> Response:
    return Response(done.body, media_type="application/json", headers={"ETag": done.etag, **headers})
