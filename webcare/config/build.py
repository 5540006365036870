"""From the checked file to each service's settings."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from backbone.campaigns import Campaign
from backbone.errors import BadInput
from backbone.ids import derive
from services.classify.spikes.calendar import Calendar
from services.classify.spikes.life import Rules
from services.classify.spikes.settings import SpikeSettings
from services.ingest.domain.brands import Brand, IngestSettings
from services.router.domain import settings as router
from services.router.domain.wallclock import at_wall
from webcare.config import words
from webcare.config.schema import (
    BrandPart,
    ChannelPart,
    ConfigFile,
    EscalationPart,
    HoursPart,
    PersonPart,
    QueuePart,
    RulePart,
    SchedulePart,
)

_MONDAY = date(2024, 1, 1)


def ingest_settings(config: ConfigFile) -> IngestSettings:
    """What ingest decides by."""
    return IngestSettings(brands=tuple(_brand(part) for part in config.brands))


def _brand(part: BrandPart) -> Brand:
    return Brand(
        name=part.name,
        accounts=dict(part.accounts),
        names=tuple(part.names),
        hashtags=tuple(part.hashtags),
        search=tuple(part.search),
        exclude=tuple(part.exclude),
        vip_authors=tuple(part.vip),
    )


def router_settings(config: ConfigFile, environment: Mapping[str, str] | None) -> router.RouterSettings:
    """What the router decides by; secrets come from `environment`, a missing one raises BadInput naming it.

    None: this process sends nothing to anybody and needs no secrets.
    """
    hours = {name: _hours(name, part, config.timezone) for name, part in config.opening_hours.items()}
    return router.RouterSettings(
        queues=tuple(_queue(part, {"always": router.ALWAYS, **hours}) for part in config.queues),
        rules=tuple(_rule(part) for part in config.rules),
        people=tuple(_person(part, config.language, environment) for part in config.people),
        schedules=tuple(_schedule(part, config.timezone) for part in config.schedule),
        policies={brand: _policy(part) for part in config.escalation for brand in part.brands or ["*"]},
        paging=router.Paging(
            digest_after=config.paging.digest_after,
            digest_window=config.paging.digest_window,
            ack_lease=config.paging.acknowledge_lasts or None,
        ),
        claim_lease=config.claim_lasts,
        base_url=config.address,
        campaigns=declared_campaigns(config),
    )


def _hours(name: str, part: HoursPart, timezone: str) -> router.Hours:
    week = {day: tuple(found) for days, found in part.week.items() for day in words.weekdays(days)}
    return router.Hours(
        name=name,
        timezone=part.timezone or timezone,
        week=week,
        holidays=part.holidays.upper() if part.holidays else None,
        exceptions={day: tuple(found) for day, found in part.exceptions.items()},
    )


def _queue(part: QueuePart, hours: Mapping[str, router.Hours]) -> router.Queue:
    targets = {
        urgency: router.Target(within=target.within, next_opening=target.next_opening)
        for urgency, target in part.target.items()
    }
    return router.Queue(
        name=part.name,
        targets=targets,
        hours=hours[part.hours],
        urgent_ignores_hours=part.critical_ignores_hours,
    )


def _rule(part: RulePart) -> router.Rule:
    when = part.when
    condition = router.Condition(
        brands=_maybe(when.brand),
        channels=_maybe(when.channel),
        sources=_maybe(when.source),
        langs=_maybe(when.lang),
        urgencies=tuple(when.urgency) if when.urgency else None,
        sentiments=tuple(when.sentiment) if when.sentiment else None,
        intents=tuple(when.intent) if when.intent else None,
        care=tuple(when.care) if when.care else None,
        words=_maybe(when.words),
        addressed=when.addressed,
        private=when.private,
        reposts=when.reposts,
    )
    return router.Rule(name=part.name, when=condition, queue=part.queue, filter=part.filter)


def _maybe(written: list[str] | None) -> tuple[str, ...] | None:
    return tuple(written) if written else None


def _person(part: PersonPart, language: str, environment: Mapping[str, str] | None) -> router.Person:
    return router.Person(
        name=part.name,
        display=part.display or part.name,
        language="en" if (part.language or language) == "en" else "nl",
        channels=tuple(_channel(channel, environment) for channel in part.notify),
    )


def _channel(part: ChannelPart, environment: Mapping[str, str] | None) -> router.Channel:
    address = part.url if part.kind == "webhook" else part.address
    secret = secret_from(environment, part.secret_env) if part.secret_env and environment is not None else None
    return router.Channel(kind=part.kind, address=address or "", secret=secret)


def secret_from(environment: Mapping[str, str], name: str) -> str:
    """A secret by the name of its environment variable; raises BadInput where it is not set."""
    if not environment.get(name):
        raise BadInput(f"The environment variable {name} is not set.", code="secret_missing", remedy="Set it.")
    return environment[name]


def _schedule(part: SchedulePart, timezone: str) -> router.Schedule:
    day, _, at = part.rotation.handover.strip().rpartition(" ")
    since = part.rotation.since or _MONDAY
    weekday = words.weekdays(day)[0] if day else since.weekday()
    return router.Schedule(
        name=part.name,
        timezone=part.timezone or timezone,
        rotation=router.Rotation(
            people=tuple(part.rotation.people),
            anchor=date.fromordinal(since.toordinal() + (weekday - since.weekday()) % 7),
            handover=words.time_of_day(at),
            unit="week" if part.rotation.every.endswith("w") else "day",
            every=int(part.rotation.every[:-1]),
        ),
    )


def _policy(part: EscalationPart) -> router.Policy:
    steps = tuple(router.Step(after=step.after, notify=tuple(step.notify)) for step in part.steps)
    return router.Policy(name=part.name, steps=steps, repeat=part.repeat, last_resort=part.last_resort)


def spike_settings(config: ConfigFile) -> SpikeSettings:
    """How sure the spike step must be, for so many brands."""
    part = config.spikes
    return SpikeSettings(
        false_pages_per_month=part.false_pages_per_month,
        brands=len(config.brands),
        sources=tuple(part.sources),
        calendar=Calendar(config.timezone, part.holidays),
        least_people=part.least_people,
        rules=Rules(close_after_min=_minutes(part.close_after), remind_after_min=_minutes(part.remind_after)),
        least_silence_min=_minutes(part.least_silence),
        silence_after_days=part.silence_after_days,
    )


def _minutes(duration: timedelta) -> int:
    return max(1, round(duration / timedelta(minutes=1)))


def declared_campaigns(config: ConfigFile) -> tuple[Campaign, ...]:
    """Those declared in advance: one for each brand."""
    return tuple(_campaigns(config))


def _campaigns(config: ConfigFile) -> Iterator[Campaign]:
    every = [brand.name for brand in config.brands]
    for part in config.campaigns:
        for brand in dict.fromkeys(part.brands or every):
            yield Campaign(
                id=derive("cmp", "configuration", part.name, brand),
                name=part.name,
                brand=brand,
                starts_at=at_wall(config.timezone, part.starts),
                ends_at=at_wall(config.timezone, part.ends),
                factor=part.factor,
                caution=part.caution,
                people=tuple(dict.fromkeys(part.people)),
            )
