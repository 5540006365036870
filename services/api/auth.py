"""Who calls: a bearer key per person, or a session that a key began in a browser."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fastapi import Request
from starlette.requests import HTTPConnection

from backbone.errors import NotFound
from backbone.ports import Clock
from services.api.refusals import Forbidden, Unauthorized
from services.api.settings import READS_ONLY, ApiSettings, PersonKey, Role

COOKIE = "webcare_session"
CSRF_HEADER = "X-Webcare"
_KNOWN = "webcare.caller"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_SESSIONS = 10_000
_DEMO = PersonKey(name="demo", display="Demo", key_hash="", roles=("lead",))


@dataclass(frozen=True)
class Caller:
    """Somebody we know, and how they proved it."""

    name: str
    display: str
    roles: tuple[Role, ...]
    brands: tuple[str, ...] | None
    by: Literal["key", "session", "open"]

    def scope(self, asked: Sequence[str] = ()) -> tuple[str, ...] | None:
        """The brands to look at: those asked for, else all this person may see (None: every brand)."""
        foreign = [] if self.brands is None else [brand for brand in asked if brand not in self.brands]
        if foreign:
            raise Forbidden(f"You may not see the brand {foreign[0]}.", code="brand_not_yours")
        return tuple(asked) or self.brands

    def must_see(self, brand: str, what: str) -> None:
        """Another's brand is as if it were not there."""
        if self.brands is not None and brand not in self.brands:
            raise NotFound(f"There is no {what}.", code="not_found")


class Auth:
    """Keys and sessions. Sessions live in memory: a restart signs browsers out, and nothing can be stolen from disk."""

    def __init__(self, settings: ApiSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._sessions: OrderedDict[bytes, tuple[PersonKey, datetime]] = OrderedDict()

    def caller(self, request: HTTPConnection) -> Caller:
        """Who sent this request; Unauthorized, or Forbidden where a page of another site may have sent it."""
        header = request.headers.get("authorization")
        if header is not None:
            return _caller(self._by_header(header), "key")
        person = self._by_cookie(request.cookies.get(COOKIE))
        found = _caller(person, "session") if person else self._open()
        if request.scope.get("method") not in _SAFE and request.headers.get(CSRF_HEADER) != "1":
            remedy = f"Send the header `{CSRF_HEADER}: 1`, or a key."
            raise Forbidden(
                "Without a key, writes need a header that other sites cannot send.", code="csrf", remedy=remedy
            )
        return found

    def begin(self, key: str) -> tuple[Caller, str]:
        """A new session for whoever has this key, and its secret."""
        person = self._by_key(key)
        secret = secrets.token_urlsafe(32)
        self._sessions[_hash(secret)] = (person, self._clock.now() + self._settings.session_life)
        while len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return _caller(person, "session"), secret

    def end(self, secret: str | None) -> None:
        """Forget a session, if it is there."""
        self._sessions.pop(_hash(secret or ""), None)

    def _open(self) -> Caller:
        if not self._settings.auth_off:
            raise Unauthorized("This needs a key.", code="no_key")
        return _caller(next(iter(self._settings.people), _DEMO), "open")

    def _by_header(self, header: str) -> PersonKey:
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthorized("The Authorization header holds no bearer key.", code="no_key")
        return self._by_key(key.strip())

    def _by_key(self, key: str) -> PersonKey:
        given = _hash(key).hex().encode()
        # All are compared, each in constant time, so that the time taken tells nothing.
        found = [
            person for person in self._settings.people if hmac.compare_digest(person.key_hash.lower().encode(), given)
        ]
        if not found:
            raise Unauthorized("This key is not known.", code="unknown_key")
        return found[0]

    def _by_cookie(self, secret: str | None) -> PersonKey | None:
        held = self._sessions.get(_hash(secret)) if secret else None
        if held is None:
            return None
        person, until = held
        if until <= self._clock.now():
            self.end(secret)
            return None
        return person


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _caller(person: PersonKey, by: Literal["key", "session", "open"]) -> Caller:
    return Caller(person.name, person.display, person.roles, person.brands, by)


def known_caller(request: Request) -> Caller:
    """The caller, looked up once a request; raises as `Auth.caller`."""
    caller: Caller | None = request.scope.get(_KNOWN)
    if caller is None:
        auth: Auth = request.app.state.auth
        caller = request.scope[_KNOWN] = auth.caller(request)
    return caller


# Dependencies are coroutines though they wait for nothing: plain functions would each cost a change of thread.


async def require_person(request: Request) -> Caller:
    """The caller; as a dependency it keeps strangers out of any route of an app that `build_api` built."""
    return known_caller(request)


async def require_actor(request: Request) -> Caller:
    """The caller, who may do more than look."""
    caller = known_caller(request)
    if READS_ONLY.issuperset(caller.roles):
        raise Forbidden(f"{caller.display} may look and not act.", code="reads_only")
    return caller
