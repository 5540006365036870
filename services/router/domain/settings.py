"""What people wrote in the configuration, as the router needs it: queues, rules, hours, people, escalation, paging."""

from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Literal

import msgspec

from backbone.campaigns import Campaign, Extra
from contracts.mentions import Care, Intent, Sentiment, Urgency

Weekday = Literal[0, 1, 2, 3, 4, 5, 6]
"""0 is Monday."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """Open from `start` to `end` local time; an `end` at or before `start` is the next day; both 00:00: all day."""

    start: time
    end: time


class Hours(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Opening hours in one time zone: any number of intervals a weekday, days off, and days with hours of their own."""

    name: str
    timezone: str
    week: dict[Weekday, tuple[Interval, ...]]
    holidays: str | None = None
    """Country (ISO 3166, such as ``NL``) whose public holidays are days off."""
    exceptions: dict[date, tuple[Interval, ...]] = {}
    """Days with other hours; none means closed. They win over holidays and week."""

    @cached_property
    def worked_out(self) -> dict[date, tuple[tuple[datetime, datetime], ...]]:
        """When it is open on the days that were asked for: filled and bounded by whoever works them out."""
        return {}


ALWAYS = Hours(
    name="always",
    timezone="UTC",
    week={day: (Interval(start=time(0), end=time(0)),) for day in (0, 1, 2, 3, 4, 5, 6)},
)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """First response within `within` of opening time; where it came in outside hours, by `next_opening` local time
    of the next opening day if that is later ("evening -> next morning 10:00")."""

    within: timedelta
    next_opening: time | None = None


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Where items wait for a team. An urgency without a target has no clock."""

    name: str
    targets: dict[Urgency, Target]
    hours: Hours = ALWAYS
    urgent_ignores_hours: bool = True
    """Critical items' clocks run day and night, whatever the hours."""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """All that is given must hold; None does not restrict."""

    brands: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    langs: tuple[str, ...] | None = None
    urgencies: tuple[Urgency, ...] | None = None
    sentiments: tuple[Sentiment, ...] | None = None
    intents: tuple[Intent, ...] | None = None
    care: tuple[Care, ...] | None = None
    words: tuple[str, ...] | None = None
    """Any of these words or phrases, compared without case and accents, on word borders; ``word*`` is a prefix."""
    addressed: bool | None = None
    private: bool | None = None
    reposts: bool | None = None
    """True: only reposts of somebody else's words; False: anything but."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """First rule that fits decides: a queue, or nothing to handle (``filter``). Its name is the decision's reason."""

    name: str
    when: Condition
    queue: str | None = None
    filter: bool = False


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One way to reach a person, tried in the order written."""

    kind: Literal["webhook", "email", "record"]
    address: str
    secret: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can be on call, claim and answer."""

    name: str
    display: str
    channels: tuple[Channel, ...]
    language: Literal["nl", "en"] = "nl"


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """People take turns; hand-over at `handover` local time on the anchor's weekday (weeks) or each day (days)."""

    people: tuple[str, ...]
    anchor: date
    """A day on which the first person's turn began."""
    handover: time
    unit: Literal["day", "week"] = "week"
    every: int = 1


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on call when, in one time zone."""

    name: str
    timezone: str
    rotation: Rotation


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """`after` the step before (the first: after the incident opened) these are paged, all at once.

    A target is ``schedule:<name>`` or ``person:<name>``.
    """

    after: timedelta
    notify: tuple[str, ...]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """An escalation list: the steps in order, the whole again `repeat` times, then the last resort."""

    name: str
    steps: tuple[Step, ...]
    repeat: int = 0
    last_resort: str | None = None
    """A target that is paged when the steps are used up or nobody was found; never bundled, never waits."""
    extra: tuple[Extra, ...] = ()
    """Who is paged with the first step as well, because of a campaign; known when a run begins."""


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """How people are protected from floods, and how long an acknowledgement lasts."""

    digest_after: int = 3
    """More pages than this to a person within `digest_window` become one digest."""
    digest_window: timedelta = timedelta(minutes=15)
    ack_lease: timedelta | None = timedelta(minutes=30)
    """None: an acknowledgement never runs out."""


class RouterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the router decides by."""

    queues: tuple[Queue, ...]
    rules: tuple[Rule, ...]
    """The last one fits everything."""
    people: tuple[Person, ...]
    schedules: tuple[Schedule, ...]
    policies: dict[str, Policy]
    """By brand; ``*`` for the rest."""
    paging: Paging = Paging()
    claim_lease: timedelta = timedelta(minutes=15)
    base_url: str | None = None
    """Where the dashboard is, for links in pages."""
    campaigns: tuple[Campaign, ...] = ()
    """Those that were declared in advance."""

    def policy_of(self, brand: str) -> Policy:
        """The escalation list of a brand."""
        return self.policies.get(brand) or self.policies["*"]

    def snapshot(self, brand: str, extra: tuple[Extra, ...] = ()) -> dict[str, Any]:
        """The policy as plain data, frozen into an incident's run, with who stands by because of a campaign."""
        policy = self.policy_of(brand)
        return dict(msgspec.to_builtins(msgspec.structs.replace(policy, extra=extra) if extra else policy))
