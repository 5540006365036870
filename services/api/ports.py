"""What the api is given by whoever starts it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from backbone.metrics import Metrics
from backbone.ports import Archive, Clock, Desk, EventLog
from backbone.web.operations import RunnerState


class OnCall(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on call for a schedule, and until when as far as the schedule tells."""

    schedule: str
    person: str
    display: str
    until: datetime | None


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of a series from `since` until the next rate: mentions a minute."""

    since: datetime
    per_minute: float


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """The sides of the conservation law and whether they are equal."""

    holds: bool
    figures: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class ApiPorts:
    """Stores, clock and metrics, and what only the composition can know."""

    desk: Desk
    archive: Archive
    log: EventLog
    clock: Clock
    metrics: Metrics
    on_call: Callable[[datetime], Sequence[OnCall]]
    expected: Callable[[str, datetime, datetime], Sequence[Rate]] | None = None
    """(series, since, until) -> rates in order of time, the first at or before `since`; none where nothing is known."""
    conservation: Callable[[], Awaitable[Sums]] | None = None
    runners: Callable[[], Sequence[RunnerState]] = tuple
    can_miss: frozenset[str] = frozenset()
    """Names among the stores and runners without which it still is of use: readiness says degraded."""
