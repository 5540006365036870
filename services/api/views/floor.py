"""Queues, people, and the state of the system."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import Field

from backbone.ports import QueueFigures
from backbone.web.auth import Caller
from services.api.settings import ApiSettings, QueueDisplay
from services.api.views.base import View
from services.api.views.campaigns import ExtraRow


class Target(View):
    """A queue's promise for one urgency."""

    urgency: str
    within_s: int
    next_opening: str | None


class Queue(View):
    """A queue as it stands now, with its promises."""

    queue: str
    waiting: int = 0
    claimed: int = 0
    overdue: int = 0
    critical: int = 0
    high: int = 0
    oldest_at: datetime | None = None
    next_due_at: datetime | None = None
    hours: str | None = None
    targets: tuple[Target, ...] = ()


class QueueList(View):
    """Every queue: those of the configuration in its order, then others that hold items."""

    at: datetime
    queues: list[Queue]


class OnCallRow(View):
    """Who is on call."""

    schedule: str
    person: str
    display: str
    until: datetime | None


class OnCallList(View):
    """Who is on call now."""

    at: datetime
    on_call: list[OnCallRow]
    extra: list[ExtraRow] = Field(description="Who is paged as well now, because of a campaign.")


class Me(View):
    """Who you are here."""

    name: str
    display: str
    roles: tuple[str, ...]
    brands: tuple[str, ...] | None = Field(description="Which brands you may see; null is every brand.")
    by: str = Field(description="How you proved it: key, session, or open (a demonstration).")
    organisation: str | None
    timezone: str = Field(description="In which to show times.")
    people: dict[str, str] = Field(description="What people are called, by name.")
    watched: list[str] = Field(description="The configured brands you may see.")
    demo: bool = Field(description="Pages go to a receiver here, and `/v1/demo/pages` shows them.")


class Count(View):
    """One conservation counter."""

    name: str
    reason: str
    count: int


class Conservation(View):
    """What became of everything that came in; `holds` is null where nobody adds it up in this process."""

    at: datetime
    holds: bool | None
    figures: dict[str, int]
    counts: list[Count]


class DemoPage(View):
    """A page as the demonstration's receiver got it."""

    id: str
    at: datetime
    seen: int = Field(description="How often it came; a repeat has the same id.")
    body: Any


class DemoPages(View):
    """Pages received, newest first."""

    pages: list[DemoPage]


def queue(name: str, figures: QueueFigures | None, shown: QueueDisplay | None) -> Queue:
    """A queue from its figures, if it holds items, and its promises, if it is configured."""
    plain = msgspec.structs.asdict(figures) if figures else {"queue": name}
    promises = {"hours": shown.hours, "targets": shown.targets} if shown else {}
    return Queue.model_validate({**plain, **promises})


def me(caller: Caller, settings: ApiSettings) -> Me:
    """A caller, and what a page needs to speak of people and times."""
    watched = [brand for brand in settings.brands if caller.brands is None or brand in caller.brands]
    return Me(
        name=caller.name,
        display=caller.display,
        roles=caller.roles,
        brands=caller.brands,
        by=caller.by,
        organisation=settings.organisation,
        timezone=settings.timezone,
        people={person.name: person.display for person in settings.door.people},
        watched=watched,
        demo=settings.demo_token is not None,
    )
