"""Who calls: a bearer key per person, or a session that a key began in a browser."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import Request
from starlette.requests import HTTPConnection

from backbone.errors import NotFound
from backbone.ports import Clock
from backbone.web.people import READS_ONLY, Door, PersonKey, Role
from backbone.web.refusals import Forbidden, Unauthorized

COOKIE = "webcare_session"
CSRF_HEADER = "X-Webcare"
_KNOWN = "webcare.caller"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_ENDED = 10_000
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
    """Keys and sessions.

    A session is a signed note of who until when, so that every instance with the same secret knows it, and nothing
    that opens a door lies on a disk. A new key for a person ends their sessions. Signing out ends one here; another
    instance would take the same cookie until it runs out, were it not taken from the browser.
    """

    def __init__(self, door: Door, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._secret = door.session_secret.encode() or secrets.token_bytes(32)
        self._ended: OrderedDict[bytes, None] = OrderedDict()

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
        """A new session for whoever has this key, as it is kept in a cookie."""
        person = self._by_key(key)
        until = int((self._clock.now() + self._door.session_life).timestamp())
        note = f"{person.name.encode().hex()}.{until}.{secrets.token_hex(8)}"
        return _caller(person, "session"), f"{note}.{self._signature(note, person)}"

    def end(self, session: str | None) -> None:
        """Take this session no more."""
        if session and self._by_cookie(session):
            self._ended[_hash(session)] = None
            if len(self._ended) > _MOST_ENDED:
                self._ended.popitem(last=False)

    def _signature(self, note: str, person: PersonKey) -> str:
        return hmac.new(self._secret, f"{note}.{person.key_hash}".encode(), hashlib.sha256).hexdigest()

    def _open(self) -> Caller:
        if not self._door.auth_off:
            raise Unauthorized("This needs a key.", code="no_key")
        return _caller(next(iter(self._door.people), _DEMO), "open")

    def _by_header(self, header: str) -> PersonKey:
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthorized("The Authorization header holds no bearer key.", code="no_key")
        return self._by_key(key.strip())

    def _by_key(self, key: str) -> PersonKey:
        given = _hash(key).hex().encode()
        # All are compared, each in constant time, so that the time taken tells nothing.
        found = [person for person in self._door.people if hmac.compare_digest(person.key_hash.lower().encode(), given)]
        if not found:
            raise Unauthorized("This key is not known.", code="unknown_key")
        return found[0]

    def _by_cookie(self, session: str | None) -> PersonKey | None:
        note, _, signature = (session or "").rpartition(".")
        named, _, rest = note.partition(".")
        person = next((each for each in self._door.people if each.name.encode().hex() == named), None)
        if person is None or not hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._signature(note, person).encode()
        ):
            return None
        until = int(rest.partition(".")[0])
        return person if self._clock.now().timestamp() < until and _hash(session or "") not in self._ended else None


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
    """The caller; as a dependency it keeps strangers out of any route of an app whose state holds an `Auth`."""
    return known_caller(request)


async def require_actor(request: Request) -> Caller:
    """The caller, who may do more than look."""
    caller = known_caller(request)
    if READS_ONLY.issuperset(caller.roles):
        raise Forbidden(f"{caller.display} may look and not act.", code="reads_only")
    return caller
