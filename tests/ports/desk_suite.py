"""The adapters that the desk's suite runs on, and the records its tests are made of."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import msgspec
from postgres_databases import Databases

from backbone.distributed.connections import Postgres
from backbone.distributed.desk import PostgresDesk
from backbone.embedded.desk import SqliteDesk
from backbone.ids import derive
from backbone.ports import Desk, DeskTransaction
from backbone.records import Attempt, Cause, Incident, Item, Page, Reply, StoredMention
from contracts.work import WorkEvent

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASE = 15 * MINUTE


class Adapter(Protocol):
    """One place where a desk keeps its data."""

    async def open(self) -> Desk:
        """Open the desk, or open it again with what it kept."""
        ...


class SqliteAdapter:
    """The embedded desk, in a folder of the test. `empty` is a file with the tables, made once."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self.path = folder / "desk.db"
        shutil.copyfile(empty, self.path)

    async def open(self) -> SqliteDesk:
        return await SqliteDesk.open(self.path, durability="normal")


class PostgresAdapter:
    """The distributed desk, in a database of its own."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._at: Postgres | None = None

    async def open(self) -> PostgresDesk:
        if self._at is None:
            self._at = await self._databases.copy()
        return await PostgresDesk.open(self._at)


Fresh = Callable[[], Adapter]


def at(minutes: float) -> datetime:
    """That many minutes after the start."""
    return START + minutes * MINUTE


def cause(minutes: float = 0, actor: str = "router", reason: str = "test") -> Cause:
    return Cause(actor=actor, method="system", at=at(minutes), reason=reason)


def item(name: str, **changes: Any) -> Item:
    """A waiting item of conversation `name`."""
    fresh = Item(
        id=derive("itm", name),
        brand="bakker",
        queue="care",
        conversation=name,
        channel="x",
        source="x-main",
        thread=None,
        author="a1",
        author_name="Ans",
        state="waiting",
        urgency="normal",
        unsure=False,
        sentiment="negative",
        intent="complaint",
        care="webcare",
        lang="nl",
        priority=30,
        reason="complaints",
        opened_at=START,
        last_mention_at=START,
        last_mention_id=derive("men", name),
        excerpt="Mijn brood is weer niet bezorgd",
        mentions=1,
        due_at=at(60),
    )
    return msgspec.structs.replace(fresh, **changes)


def mention(name: str, **changes: Any) -> StoredMention:
    fresh = StoredMention(
        id=derive("men", name),
        revision=0,
        brand="bakker",
        item_id=derive("itm", name),
        outcome="opened",
        reason="complaints",
        created_at=START,
        text="Mijn brood is weer niet bezorgd",
        author_name="Ans",
        url=None,
        verdict={"urgency": "normal", "reasons": [{"code": "complaint", "words": ["niet bezorgd"]}]},
    )
    return msgspec.structs.replace(fresh, **changes)


def reply(to: Item, author: str, name: str = "r1", minutes: float = 0) -> Reply:
    return Reply(
        id=derive("rep", to.id, name),
        item_id=to.id,
        mention_id=to.last_mention_id,
        author=author,
        text="Wat vervelend. We bellen u vandaag.",
        at=at(minutes),
    )


def incident(name: str, **changes: Any) -> Incident:
    """A triggered incident of the key `name`."""
    fresh = Incident(
        id=derive("inc", name),
        dedup_key=name,
        brand="bakker",
        kind="critical",
        state="triggered",
        reason="critical_mention",
        evidence={"urgency_p": 0.98},
        opened_at=START,
        first_mention_at=START,
    )
    return msgspec.structs.replace(fresh, **changes)


def page(name: str, of: Incident | None = None, **changes: Any) -> Page:
    """A planned page that is due at the start."""
    fresh = Page(
        id=derive("pag", name),
        incident_id=None if of is None else of.id,
        brand="bakker",
        kind="critical",
        person="ann",
        channel="0:webhook",
        epoch=0,
        loop=0,
        step=0,
        state="planned",
        reason="on_duty",
        due_at=START,
        created_at=START,
        since=START,
        expires_at=at(2),
        title="Kritiek bericht",
        body="Er is een kritiek bericht over bakker.",
    )
    return msgspec.structs.replace(fresh, **changes)


def ended(of: Page, outcome: Any = "accepted", minutes: float = 0) -> Attempt:
    """How the send that `take_pages` began ended."""
    return Attempt(page_id=of.id, n=of.attempts, started=at(minutes), ended=at(minutes), outcome=outcome, detail="200")


async def opened(desk: Desk, *names: str, **changes: Any) -> list[Item]:
    """Items that stand on the desk."""
    new = [item(name, **changes) for name in names]
    async with desk.transaction() as tx:
        await tx.add_items(new, cause())
    return new


async def claimed(desk: Desk, of: Item, person: str, minutes: float = 0) -> Item:
    """Claim it for a lease from that minute."""
    async with desk.transaction() as tx:
        return await tx.claim(of.id, person, at(minutes) + LEASE, cause(minutes, person))


async def triggered(desk: Desk, name: str = "fire", *pages: Page) -> Incident:
    """An open incident on the desk, with its pages."""
    async with desk.transaction() as tx:
        new, _ = await tx.open_incident(incident(name), cause())
        await tx.plan_pages([msgspec.structs.replace(one, incident_id=new.id) for one in pages], cause())
    return new


async def events(desk: Desk) -> list[WorkEvent]:
    """The work events that the desk owes the log."""
    async with desk.reading() as tx:
        rows = await tx.outbox(10_000)
    return [msgspec.json.decode(row.payload, type=WorkEvent) for row in rows if row.topic == "work.events"]


async def kinds(desk: Desk) -> list[str]:
    return [event.kind for event in await events(desk)]


async def actions(desk: Desk, subject: str | None = None) -> list[str]:
    """What the audit trail tells, in order."""
    async with desk.reading() as tx:
        return [entry.action for entry in await tx.audit(subject=subject, limit=10_000)]


async def due_timers(tx: DeskTransaction) -> list[tuple[str, str]]:
    """All timers there are; they are taken."""
    return [(timer.kind, timer.subject) for timer in await tx.take_timers(at(100_000), 1_000)]
