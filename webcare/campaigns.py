"""Campaigns of a running system, through its api: declared periods, in either mode."""

from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import httpx

from backbone.errors import BadInput, Unavailable
from services.router.domain.wallclock import at_wall, wall
from webcare.config import words

_TIME_LIMIT_S = 30.0
_LAST_PORT = 65_535


class Wanted(NamedTuple):
    """A campaign as somebody writes it: local times on the clocks of the installation."""

    name: str
    brand: str
    ends: str
    starts: str = ""
    factor: float = 2.0
    caution: float = 1.0
    people: tuple[str, ...] = ()


def connected(url: str, key: str) -> httpx.AsyncClient:
    """A client of the system that answers there; BadInput where that is no address, or no key."""
    try:
        if (httpx.URL(url).port or 0) > _LAST_PORT:
            raise httpx.InvalidURL("Invalid port")
    except httpx.InvalidURL as error:
        remedy = "Write it as http://127.0.0.1:8080."
        raise BadInput(f"{url!r} is no address.", code="bad_url", remedy=remedy) from error
    if not key.isascii():
        raise BadInput("The key holds characters that no key has.", code="bad_key", remedy="Check --key.")
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=_TIME_LIMIT_S)


async def listed(client: httpx.AsyncClient, brand: str = "", *, ended: bool = False) -> list[str]:
    """A line for each campaign."""
    query = {"ended": str(ended).lower(), **({"brand": brand} if brand else {})}
    timezone = await _timezone(client)
    found = (await _asked(client.get("/v1/campaigns", params=query)))["campaigns"]
    return [_line(each, timezone) for each in found] or ["No campaigns."]


async def added(client: httpx.AsyncClient, wanted: Wanted) -> str:
    """Declare it; its line."""
    timezone = await _timezone(client)
    starts = {"starts_at": _instant(wanted.starts, timezone, end=False)} if wanted.starts else {}
    body = {
        "name": wanted.name,
        "brand": wanted.brand,
        "ends_at": _instant(wanted.ends, timezone, end=True),
        "factor": wanted.factor,
        "caution": wanted.caution,
        "people": list(wanted.people),
        **starts,
    }
    return _line(await _asked(client.post("/v1/campaigns", json=body)), timezone)


async def ended_now(client: httpx.AsyncClient, campaign: str) -> str:
    """End it; its line."""
    timezone = await _timezone(client)
    return _line(await _asked(client.post(f"/v1/campaigns/{campaign}/end")), timezone)


async def _asked(request: Awaitable[httpx.Response]) -> dict[str, Any]:
    try:
        answer = await request
    except httpx.HTTPError as error:
        remedy = "Start it with `webcare up`, or name its address with --url."
        raise Unavailable(f"The system does not answer: {error}.", code="no_answer", remedy=remedy) from error
    told: dict[str, Any] = _json(answer)
    if answer.is_error:
        code = str(told.get("code", answer.status_code))
        raise BadInput(str(told.get("detail", f"The system answers {code}.")), code=code, remedy=told.get("remedy", ""))
    return told


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise BadInput("What answers there is no webcare.", code="not_webcare", remedy="Check --url.")
    return told


async def _timezone(client: httpx.AsyncClient) -> str:
    return str((await _asked(client.get("/v1/me")))["timezone"])


def _instant(written: str, timezone: str, *, end: bool) -> str:
    try:
        return at_wall(timezone, (words.local_end if end else words.local_time)(written)).isoformat()
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        raise BadInput(f"{what}.", code="not_a_time", remedy=f"{remedy.capitalize()}.") from error


def _line(told: Mapping[str, Any], timezone: str) -> str:
    starts, ends = (wall(timezone, datetime.fromisoformat(told[name])) for name in ("starts_at", "ends_at"))
    parts = [
        f"{told['id']} {told['state']}: {told['name']} ({told['brand']})",
        f"{starts:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}",
        f"{told['factor']:g} times as much",
        *([f"caution {told['caution']:g}"] if told["caution"] != 1 else []),
        *([f"with {', '.join(told['people'])}"] if told["people"] else []),
        *(["in the configuration"] if told["source"] == "configuration" else [f"by {told['declared_by']}"]),
        *([f"ended by {told['ended_by']}"] if told["ended_by"] else []),
    ]
    return ", ".join(parts)
