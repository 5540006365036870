"""What the router's tests share: mentions and verdicts, and a world with a clock, a desk and people who get pages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from backbone.embedded.clock import ReplayClock
from backbone.embedded.desk import SqliteDesk
from backbone.handling import Delivered, Rejected
from backbone.ids import derive
from backbone.ports import Delivery, NewRecord, Notice, Partition, Record
from backbone.records import Cause, Incident, Item, Page
from contracts.mentions import Author, ClassifiedMention, Mention, Origin, Reason, Urgency, Verdict
from contracts.volume import SpikeEvent, SpikeEvidence
from services.router.build import Router, build_router
from services.router.domain.settings import (
    Channel,
    Condition,
    Paging,
    Person,
    Policy,
    Queue,
    Rotation,
    RouterSettings,
    Rule,
    Schedule,
    Step,
    Target,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_STANDARD_VERDICT = Verdict(
    lang="nl",
    sentiment="neutral",
    sentiment_p=0.9,
    urgency="normal",
    urgency_p=0.9,
    urgency_p_critical=0.01,
    urgency_p_high=0.05,
    intent="question",
    intent_p=0.9,
    care="webcare",
    unsure=False,
    reasons=(),
    signature=1,
    model="test",
)


def verdict(**changes: object) -> Verdict:
    return msgspec.structs.replace(_STANDARD_VERDICT, **changes)


def mention(number: int = 1, *, minute: float = 0.0, author: str | None = "ann", **changes: object) -> Mention:
    """Mention `number`, said `minute` minutes after the start."""
    at = START + minute * MINUTE
    plain = Mention(
        id=f"m{number}",
        source="s",
        native_id=str(number),
        brand="acme",
        channel="x",
        text=f"bericht {number}",
        created_at=at,
        received_at=at,
        author=None if author is None else Author(id=author, name=author.title()),
    )
    return msgspec.structs.replace(plain, **changes)


def said(number: int = 1, urgency: Urgency = "normal", *, minute: float = 0.0, **changes: object) -> ClassifiedMention:
    """A classified mention; `changes` that a verdict has go to the verdict, the others to the mention."""
    fields = set(Verdict.__struct_fields__)
    judged = {name: value for name, value in changes.items() if name in fields}
    rest = {name: value for name, value in changes.items() if name not in fields}
    judged.setdefault("signature", int(derive("story", number)[-16:], 16))
    if urgency == "critical":
        judged.setdefault("reasons", (Reason(code="gas_danger", words=("gaslucht",), effect="urgency:critical"),))
    return ClassifiedMention(
        mention=mention(number, minute=minute, **rest),
        verdict=verdict(urgency=urgency, **judged),
        origin=Origin(topic="mentions.raw", partition=0, offset=number),
    )


def spike(kind: str = "opened", *, minute: float = 0.0, number: int = 1, **changes: object) -> SpikeEvent:
    """An event of spike `number` of the whole brand."""
    at = START + minute * MINUTE
    seen = SpikeEvidence(
        expected=0.6,
        seen=43,
        window_s=900,
        chance=2e-8,
        since=at - 15 * MINUTE,
        people=38,
        share_negative=0.8,
        share_urgent=0.1,
        history_days=12.0,
    )
    plain = SpikeEvent(
        id=f"e{number}{kind}{minute}",
        spike_id=f"spike{number}",
        series="acme",
        brand="acme",
        kind=kind,
        at=at,
        evidence=seen,
    )
    return msgspec.structs.replace(plain, **changes)


def person(name: str, *channels: str, language: str = "nl") -> Person:
    """Somebody with a channel of each kind; one webhook if none is named."""
    kinds = channels or ("webhook",)
    return Person(
        name=name,
        display=name.title(),
        channels=tuple(Channel(kind=kind, address=f"{kind}:{name}") for kind in kinds),
        language=language,
    )


def settings(**changes: object) -> RouterSettings:
    """Anna on call, then Bram after ten minutes, Cor as last resort; critical and high in hand within the hour."""
    plain = RouterSettings(
        queues=(
            Queue(name="general", targets={"high": Target(within=60 * MINUTE), "critical": Target(within=15 * MINUTE)}),
            Queue(name="crisis", targets={"critical": Target(within=5 * MINUTE)}),
        ),
        rules=(
            Rule(name="danger", when=Condition(urgencies=("critical",)), queue="crisis"),
            Rule(name="not_ours", when=Condition(care=("none",)), filter=True),
            Rule(name="rest", when=Condition(), queue="general"),
        ),
        people=(person("anna"), person("bram", language="en"), person("cor")),
        schedules=(
            Schedule(
                name="duty",
                timezone="Europe/Amsterdam",
                rotation=Rotation(people=("anna",), anchor=date(2026, 1, 5), handover=time(9)),
            ),
        ),
        policies={
            "*": Policy(
                name="standard",
                steps=(
                    Step(after=timedelta(0), notify=("schedule:duty",)),
                    Step(after=10 * MINUTE, notify=("person:bram",)),
                ),
                last_resort="person:cor",
            )
        },
        paging=Paging(),
        base_url="https://care.example",
    )
    return msgspec.structs.replace(plain, **changes)


class Log:
    """The part of an event log that the relay uses: what was appended, and a switch to be away."""

    def __init__(self) -> None:
        self.records: list[NewRecord] = []
        self.fails: Exception | None = None

    async def append(self, records: Sequence[NewRecord]) -> Sequence[tuple[Partition, int]]:
        if self.fails is not None:
            raise self.fails
        self.records += records
        return [(Partition(record.topic, 0), n) for n, record in enumerate(records)]


class Inbox:
    """A notifier that keeps what it accepted; `answers` (by person) come first."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.keys: list[str] = []
        self.answers: dict[str, list[Delivery]] = {}

    async def send(self, notice: Notice, idempotency_key: str) -> Delivery:
        self.keys.append(idempotency_key)
        waiting = self.answers.get(notice.person)
        if waiting:
            return waiting.pop(0)
        self.notices.append(notice)
        return Delivery(outcome="accepted", detail="200", ref=f"ref-{len(self.notices)}")

    async def close(self) -> None:
        return None


class World:
    """A router on a real desk, a clock that is moved by hand, and the pages that people got."""

    def __init__(self, desk: SqliteDesk, chosen: RouterSettings) -> None:
        self.desk = desk
        self.settings = chosen
        self.clock = ReplayClock(START)
        self.log = Log()
        self.inbox = Inbox()
        self.mail = Inbox()
        self.offsets: dict[str, int] = {"mentions.classified": 0, "spike.events": 0}
        self.router = self.restart()

    def restart(self) -> Router:
        """A new process on the same desk: all that was in memory is gone."""
        notifiers = {"webhook": self.inbox, "email": self.mail}
        self.router = build_router(
            self.desk, self.log, notifiers, self.settings, self.clock, "pager-1", jitter=lambda: 0.5
        )
        return self.router

    async def tell(self, *mentions: ClassifiedMention) -> None:
        """Hand over mentions as one batch, at the clock's time, and do what is due."""
        place = Partition("mentions.classified", 0)
        await self.router.mentions.assigned({place: 0})
        await self.router.mentions.handle([self.deliver(each) for each in mentions], ())
        await self.router.settle()

    async def grow(self, *events: SpikeEvent) -> None:
        """Hand over events of spikes."""
        await self.router.spikes.assigned({Partition("spike.events", 0): 0})
        await self.router.spikes.handle([self.deliver(each) for each in events], ())
        await self.router.settle()

    def deliver(self, event: ClassifiedMention | SpikeEvent) -> Delivered:
        topic = "spike.events" if isinstance(event, SpikeEvent) else "mentions.classified"
        return Delivered(self.record(topic, msgspec.json.encode(event)), event)

    def record(self, topic: str, value: bytes) -> Record:
        offset = self.offsets[topic]
        self.offsets[topic] += 1
        return Record(topic, 0, offset, "acme|ann", value, self.clock.now())

    def rejected(self, reason: str = "not_json") -> Rejected:
        return Rejected(self.record("mentions.classified", b"{"), reason, "at byte 1")

    async def pass_time(self, minute: float) -> None:
        """Move the clock to `minute` after the start, stopping at each instant at which something is due."""
        until = START + minute * MINUTE
        while (due := await self.desk.next_due()) is not None and due <= until:
            self.clock.advance(due)
            await self.router.settle()
        self.clock.advance(until)

    def pages(self) -> list[tuple[float, str]]:
        """Who got a page by webhook or mail, and at which minute; in order."""
        notices = sorted([*self.inbox.notices, *self.mail.notices], key=lambda notice: notice.at)
        return [(round((notice.at - START) / MINUTE, 3), notice.person) for notice in notices]

    def cause(self, actor: str = "anna", reason: str = "asked") -> Cause:
        return Cause(actor=actor, method="api", at=self.clock.now(), reason=reason)

    async def acknowledge(self, incident: Incident, who: str, minutes: float | None = 30) -> Incident:
        until = None if minutes is None else self.clock.now() + minutes * MINUTE
        async with self.desk.transaction() as tx:
            return await tx.acknowledge(incident.id, who, until, None, self.cause(who))

    async def finish(self, item: Item, who: str = "anna") -> Item:
        """Claim and resolve an item, and with it its incident, as the api does."""
        async with self.desk.transaction() as tx:
            claimed = await tx.claim(item.id, who, self.clock.now() + 15 * MINUTE, self.cause(who))
            done = await tx.resolve(item.id, who, claimed.fence, self.cause(who))
            if done.incident_id is not None:
                await tx.resolve_incident(done.incident_id, self.cause(who))
            return done

    async def incidents(self) -> Sequence[Incident]:
        """Oldest first."""
        async with self.desk.reading() as tx:
            return list(reversed(await tx.incidents(None, None, 1000)))

    async def items(self) -> Mapping[str, Item]:
        """The item of each mention that is in one."""
        async with self.desk.reading() as tx:
            stored = await tx.mentions([f"m{number}" for number in range(200)])
            return {each.id: await tx.item(each.item_id) for each in stored.values() if each.item_id}

    async def page_states(self) -> list[Page]:
        """Every page of every incident and every person, in order."""
        async with self.desk.reading() as tx:
            found = [page for each in self.settings.people for page in await tx.pages(person=each.name)]
        return sorted(found, key=lambda page: (page.due_at, page.id))
