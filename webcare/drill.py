"""`webcare drill`: a rehearsal on a running system, on the real clock, marked as a drill everywhere.

A brand of its own gets a quiet past, then a story that grows fast. What the system makes of it is real: a spike, an
incident, a page to whoever is on call, marked as a drill in its title.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import msgspec

from backbone.errors import BadInput, Unavailable
from services.ingest.domain.brands import Brand, IngestSettings
from services.router.domain.settings import Condition, RouterSettings, Rule
from webcare.rehearsal.arc import HISTORY_SOURCE

BRAND = "drill"
_PAST_DAYS = 14
_PAST_PER_DAY = 20
_BATCH = 200
_TIME_LIMIT_S = 30.0


class Rehearsed(NamedTuple):
    """What a drill measured, in seconds from the first message of the story; None: it did not happen in time."""

    messages: int
    spike_s: float | None
    incident_s: float | None
    page_s: float | None
    acknowledged_s: float | None


class DrillPlan(NamedTuple):
    """How hard to rehearse. `wait_s` bounds the whole drill after its last message."""

    address: str
    key: str
    per_minute: float = 30.0
    minutes: float = 3.0
    wait_s: float = 60.0
    seed: int = 1
    door: str = ""
    """Where messages are sent, if that is another address."""


def with_drill_brand(settings: IngestSettings) -> IngestSettings:
    """Settings that know the drill's brand."""
    return msgspec.structs.replace(settings, brands=(*settings.brands, Brand(name=BRAND)))


def with_drill_rules(settings: RouterSettings) -> RouterSettings:
    """Settings under which the drill's past is history only, and its story goes the ordinary way."""
    past = Rule(name="rehearsal_history", when=Condition(sources=(HISTORY_SOURCE,)), filter=True)
    policies = {BRAND: next(iter(settings.policies.values())), **settings.policies}
    return msgspec.structs.replace(settings, rules=(past, *settings.rules), policies=policies)


async def drill(plan: DrillPlan, texts: list[str], tell: Callable[[str], None]) -> Rehearsed:
    """Send the past, then the story, and watch what the system does; at the end its items and incidents are closed."""
    headers = {"Authorization": f"Bearer {plan.key}"}
    async with httpx.AsyncClient(base_url=plan.address, headers=headers, timeout=_TIME_LIMIT_S) as client:
        began = datetime.now(UTC)
        dice = random.Random(plan.seed)  # noqa: S311 - a play, no secret
        run = f"{began:%Y%m%d%H%M%S}"
        past = list(_past(dice, began, run))
        for start in range(0, len(past), _BATCH):
            await _send(client, plan.door, past[start : start + _BATCH])
        tell(f"{len(past)} quiet messages of the last {_PAST_DAYS} days are in.")
        return await _rehearse(client, plan, _story(dice, texts, run), tell)


async def _rehearse(
    client: httpx.AsyncClient, plan: DrillPlan, story: Iterator[dict[str, Any]], tell: Callable[[str], None]
) -> Rehearsed:
    started, clock = datetime.now(UTC), time.monotonic()
    watch = _Watch(client, started, tell)
    count = int(plan.per_minute * plan.minutes)
    for number in range(count):
        await asyncio.sleep(max(0.0, clock + number * 60 / plan.per_minute - time.monotonic()))
        await _send(client, plan.door, [next(story)])
        if number % max(1, int(plan.per_minute / 12)) == 0:
            await watch.look()
    while not watch.complete and time.monotonic() - clock < plan.minutes * 60 + plan.wait_s:
        await asyncio.sleep(1)
        await watch.look()
    await _clear(client, started)
    return Rehearsed(
        count, watch.seen.get("spike"), watch.seen.get("incident"), watch.seen.get("page"), watch.seen.get("ack")
    )


class _Watch:
    """Asks the system what it made of the story, and notes when each thing first showed."""

    def __init__(self, client: httpx.AsyncClient, started: datetime, tell: Callable[[str], None]) -> None:
        self._client = client
        self._started = started
        self._tell = tell
        self.seen: dict[str, float] = {}

    @property
    def complete(self) -> bool:
        return {"spike", "incident", "page", "ack"} <= self.seen.keys()

    async def look(self) -> None:
        spikes = (await _get(self._client, "/v1/spikes", brand=BRAND))["spikes"]
        incidents = (await _get(self._client, "/v1/incidents", brand=BRAND))["incidents"]
        pages = (await _get(self._client, "/v1/pages", brand=BRAND))["pages"]
        self._note("spike", "The spike is seen", [spike["opened_at"] for spike in spikes])
        self._note("incident", "The incident is open", [each["opened_at"] for each in incidents])
        self._note("page", "The page was accepted", [page["accepted_at"] for page in pages])
        self._note("ack", "Somebody acknowledged", [each["acked_at"] for each in incidents])

    def _note(self, what: str, words: str, times: list[str | None]) -> None:
        after = [at for each in times if each and (at := datetime.fromisoformat(each)) >= self._started]
        if after and what not in self.seen:
            self.seen[what] = (min(after) - self._started).total_seconds()
            self._tell(f"{words} after {self.seen[what]:.0f} s.")


def _past(dice: random.Random, now: datetime, run: str) -> Iterator[dict[str, Any]]:
    for day in range(_PAST_DAYS, 0, -1):
        for number in range(_PAST_PER_DAY):
            at = now - timedelta(days=day) + timedelta(seconds=dice.uniform(0, 86_400 - 600))
            yield {**_message(f"{run}-past-{day}-{number}", "Rustige dag.", at), "source": HISTORY_SOURCE}


def _story(dice: random.Random, texts: list[str], run: str) -> Iterator[dict[str, Any]]:
    number = 0
    while True:
        number += 1
        yield _message(f"{run}-{number}", dice.choice(texts), datetime.now(UTC))


def _message(native_id: str, text: str, at: datetime) -> dict[str, Any]:
    author = {"id": f"drill-{native_id}", "name": "Oefening"}
    own = {"id": native_id, "text": text, "created_at": at.isoformat(), "author": author}
    return {**own, "brand": BRAND, "source": "drill", "channel": "drill", "drill": True}


async def _send(client: httpx.AsyncClient, door: str, messages: list[dict[str, Any]]) -> None:
    answer = await _asked(client.post(f"{door}/v1/mentions", json=messages))
    if answer["refused"]:
        first = next(row for row in answer["results"] if row["status"] == "refused")
        raise BadInput(f"The system refuses the drill: {first['detail']}", code="drill_refused")


async def _get(client: httpx.AsyncClient, path: str, **query: str) -> dict[str, Any]:
    return await _asked(client.get(path, params=query))


async def _asked(request: Any) -> dict[str, Any]:
    try:
        answer: httpx.Response = await request
    except httpx.HTTPError as error:
        remedy = "Start it with `webcare up`, or name its address with --url."
        raise Unavailable(f"The system does not answer: {error}.", code="no_answer", remedy=remedy) from error
    if answer.is_error:
        told: Mapping[str, Any] = answer.json()
        raise BadInput(f"{told.get('detail', answer.status_code)}", code="drill_failed", remedy=told.get("remedy", ""))
    body: dict[str, Any] = answer.json()
    return body


async def _clear(client: httpx.AsyncClient, started: datetime) -> None:
    """Close what the drill opened, as far as this key may."""
    incidents = (await _get(client, "/v1/incidents", brand=BRAND))["incidents"]
    for incident in incidents:
        if incident["state"] != "resolved" and datetime.fromisoformat(incident["opened_at"]) >= started:
            await client.post(f"/v1/incidents/{incident['id']}/resolve", json={})
    while items := (await _get(client, "/v1/items", brand=BRAND, state="waiting", limit="100"))["items"]:
        for item in items:
            claimed = await _asked(client.post(f"/v1/items/{item['id']}/claim", json={}))
            await client.post(f"/v1/items/{item['id']}/resolve", json={"fence": claimed["fence"]})
