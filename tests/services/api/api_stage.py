"""A whole api on real embedded adapters, with the few things a test wants to find there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from backbone.embedded.archive import SqliteArchive
from backbone.embedded.clock import ReplayClock
from backbone.embedded.desk import SqliteDesk
from backbone.embedded.log import SqliteLog
from backbone.metrics import Metrics
from backbone.ports import NewRecord
from backbone.records import Cause, Incident, Item, Page, StoredMention
from backbone.web.operations import RunnerState
from backbone.web.people import Door, PersonKey
from contracts.mentions import Author, ClassifiedMention, Mention, Origin, Reason, Verdict
from contracts.topics import ALL_TOPICS, WORK_EVENTS
from contracts.work import WorkEvent
from services.api.app import build_api
from services.api.ports import ApiPorts, OnCall, Rate, Sums
from services.api.settings import ApiSettings, QueueDisplay, TargetDisplay

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SYSTEM = Cause(actor="router", method="system", at=NOW, reason="test")


def key_of(name: str) -> str:
    """A test person's key."""
    return f"key-of-{name}-0123456789abcdef"


def person(name: str, *roles: Any, brands: tuple[str, ...] | None = None) -> PersonKey:
    """Somebody with a key."""
    digest = hashlib.sha256(key_of(name).encode()).hexdigest()
    return PersonKey(name=name, display=name.title(), roles=roles or ("agent",), brands=brands, key_hash=digest)


PEOPLE = (
    person("anna"),
    person("bram", "lead"),
    person("rita", "reader"),
    person("otto", "agency", brands=("other",)),
)
QUEUES = (
    QueueDisplay(name="care", hours="office", targets=(TargetDisplay(urgency="high", within_s=3600),)),
    QueueDisplay(name="night", hours="always"),
)


@dataclass
class Stage:
    """The api under test and what it stands on."""

    app: FastAPI
    ports: ApiPorts
    clock: ReplayClock
    runners: list[RunnerState] = field(default_factory=list)

    def client(self, name: str | None = "anna", **headers: str) -> httpx.AsyncClient:
        """A client that sends this person's key (none for None)."""
        key = {"Authorization": f"Bearer {key_of(name)}"} if name else {}
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://webcare.test", headers={**key, **headers})

    async def add_item(self, item: Item, *texts: str) -> Item:
        """Put an item with mentions on the desk."""
        async with self.ports.desk.transaction() as desk:
            await desk.put_mentions([stored(item, text, n) for n, text in enumerate(texts or ("Waar blijft het?",))])
            await desk.add_items([item], SYSTEM)
        return item

    async def add_incident(self, incident: Incident) -> Incident:
        """Open an incident."""
        async with self.ports.desk.transaction() as desk:
            return (await desk.open_incident(incident, SYSTEM))[0]

    async def incident(self, incident_id: str) -> Incident:
        """An incident as the desk has it."""
        async with self.ports.desk.reading() as desk:
            return await desk.incident(incident_id)

    async def relay(self) -> int:
        """Give the log what the desk owes it."""
        async with self.ports.desk.transaction() as desk:
            rows = await desk.outbox(1000)
            await self.ports.log.append([NewRecord(row.topic, row.key, row.payload) for row in rows])
            await desk.published(rows)
        return len(rows)

    async def tell(self, count: int, brand: str = "acme", start: int = 0) -> None:
        """Put work events on the log."""
        events = [work_event(n, brand) for n in range(start, start + count)]
        await self.ports.log.append(
            [NewRecord(WORK_EVENTS.name, event.subject, msgspec.json.encode(event)) for event in events]
        )


@asynccontextmanager
async def staged(
    folder: Path, settings: ApiSettings | None = None, extra: Sequence[Any] = (), **more: Any
) -> AsyncIterator[Stage]:
    """An api on adapters in `folder`."""
    clock = ReplayClock(NOW)
    desk = await SqliteDesk.open(folder / "desk.db", "normal")
    archive = await SqliteArchive.open(folder / "archive.db")
    log = await SqliteLog.open(folder / "log.db", ALL_TOPICS, clock, "normal")
    runners: list[RunnerState] = []
    ports = ApiPorts(
        desk=desk,
        archive=archive,
        log=log,
        clock=clock,
        metrics=Metrics(CollectorRegistry()),
        on_call=lambda now: [OnCall(schedule="care", person="bram", display="Bram", until=now + timedelta(hours=3))],
        runners=lambda: runners,
        **more,
    )
    app = build_api(ports, settings or standard(), extra)
    try:
        yield Stage(app, ports, clock, runners)
    finally:
        await app.state.live.stop()
        await asyncio.gather(desk.close(), archive.close(), log.close())


def standard(**changes: Any) -> ApiSettings:
    """The settings of most tests."""
    base = ApiSettings(
        door=Door(people=PEOPLE), brands=("acme", "other"), queues=QUEUES, tail_every_s=0.005, volume_every_s=60.0
    )
    return msgspec.structs.replace(base, **changes)


def rates(_: str, since: datetime, until: datetime) -> list[Rate]:
    """Two a minute, whenever."""
    return [Rate(since=since, per_minute=2.0), Rate(since=since + (until - since) / 2, per_minute=2.0)]


async def sums() -> Sums:
    """A law that holds."""
    return Sums(holds=True, figures={"received": 3, "accepted": 3})


def an_item(item_id: str = "itm_1", **changes: Any) -> Item:
    """An item that waits."""
    plain = Item(
        id=item_id,
        brand="acme",
        queue="care",
        conversation=f"conversation-{item_id}",
        channel="x",
        source="x-main",
        thread=None,
        author="platform-id-77",
        author_name="Eva",
        state="waiting",
        urgency="high",
        unsure=False,
        sentiment="negative",
        intent="complaint",
        care="webcare",
        lang="nl",
        priority=5,
        reason="complaints",
        opened_at=NOW - timedelta(minutes=5),
        last_mention_at=NOW - timedelta(minutes=4),
        last_mention_id=f"men_{item_id}_0",
        excerpt="Waar blijft het?",
        mentions=1,
        due_at=NOW + timedelta(minutes=55),
    )
    return msgspec.structs.replace(plain, **changes)


def stored(item: Item, text: str, n: int) -> StoredMention:
    """One mention of an item."""
    return StoredMention(
        id=f"men_{item.id}_{n}",
        revision=0,
        brand=item.brand,
        item_id=item.id,
        outcome="opened" if n == 0 else "folded",
        reason="complaints",
        created_at=item.opened_at + timedelta(seconds=n),
        text=text,
        author_name=item.author_name,
        url=None,
        verdict=msgspec.to_builtins(verdict()),
    )


def verdict() -> Verdict:
    """An angry complaint."""
    return Verdict(
        lang="nl",
        sentiment="negative",
        sentiment_p=0.9,
        urgency="high",
        urgency_p=0.8,
        urgency_p_critical=0.1,
        urgency_p_high=0.8,
        intent="complaint",
        intent_p=0.7,
        care="webcare",
        unsure=False,
        reasons=(Reason(code="angry_words", words=("waar blijft",), effect="urgency:high", weight=1.5),),
        signature=2**63 + 5,
        model="rules-2",
    )


def an_incident(incident_id: str = "inc_1", **changes: Any) -> Incident:
    """A critical mention's incident."""
    plain = Incident(
        id=incident_id,
        dedup_key=f"acme|{incident_id}",
        brand="acme",
        kind="critical",
        state="triggered",
        reason="threat_to_life",
        evidence={"urgency_p_critical": 0.97},
        opened_at=NOW - timedelta(minutes=2),
        first_mention_at=NOW - timedelta(minutes=3),
    )
    return msgspec.structs.replace(plain, **changes)


def a_page(page_id: str = "pag_1", **changes: Any) -> Page:
    """A page that is due."""
    plain = Page(
        id=page_id,
        incident_id="inc_1",
        brand="acme",
        kind="critical",
        person="bram",
        channel="0:webhook",
        epoch=0,
        loop=0,
        step=0,
        state="planned",
        reason="escalation_step",
        due_at=NOW - timedelta(minutes=1),
        created_at=NOW - timedelta(minutes=1),
        since=NOW - timedelta(minutes=3),
        expires_at=NOW + timedelta(minutes=1),
        title="Kritiek bericht voor acme",
        body="Iemand is in gevaar.",
    )
    return msgspec.structs.replace(plain, **changes)


def classified(n: int, text: str, at: datetime = NOW, **changes: Any) -> ClassifiedMention:
    """A mention with its verdict."""
    said = Mention(
        id=f"men_{n:05}",
        source="x-main",
        native_id=str(n),
        brand="acme",
        channel="x",
        text=text,
        created_at=at,
        received_at=at,
        author=Author(id=f"platform-{n}", name="Eva", handle="@eva"),
    )
    said = msgspec.structs.replace(said, **changes)
    return ClassifiedMention(
        mention=said, verdict=verdict(), origin=Origin(topic="mentions.raw", partition=0, offset=n)
    )


def work_event(n: int, brand: str = "acme") -> WorkEvent:
    """A change of the desk."""
    return WorkEvent(
        id=f"wrk_{n:06}",
        kind="item.opened",
        at=NOW,
        brand=brand,
        subject=f"itm_{n}",
        actor="router",
        reason="complaints",
        data={"n": n},
    )
