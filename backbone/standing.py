"""What others see of a consumer, and how it waits: the same for every engine that runs one."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from backbone.dead_letters import DeadLetterLimit
from backbone.errors import Backpressure, Unavailable, WebcareError
from backbone.handling import Rejected
from backbone.metrics import Metrics
from backbone.ports import Record

STATES = ("starting", "running", "waiting", "stopped")
_LOG = structlog.get_logger("webcare.runner")
_LAG_EVERY = timedelta(seconds=1)


class RunnerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a runner paces itself. Times are in seconds."""

    batch_size: int = 500
    poll_timeout_s: float = 0.5
    dead_letter_share: float = 0.1
    dead_letter_window: int = 200
    dead_letters_in_a_row: int = 50
    retry_first_s: float = 0.1
    retry_most_s: float = 30.0
    retries: bool = True
    """False: raise at once where something is away, as a replay does, whose clock stands still meanwhile."""


class Standing:
    """One group's consumer in this process: its state, its figures, its dead letters, and the length of its waits."""

    def __init__(
        self, group: str, metrics: Metrics, settings: RunnerSettings, jitter: Callable[[float, float], float]
    ) -> None:
        self._group = group
        self._metrics = metrics
        self._settings = settings
        self._jitter = jitter
        self._lag_at: datetime | None = None
        self.limit = DeadLetterLimit(
            group, settings.dead_letter_share, settings.dead_letter_window, settings.dead_letters_in_a_row
        )
        self.set("starting")

    @property
    def state(self) -> str:
        """``starting``, ``running``, ``waiting:<code>``, ``stopped:<code>``."""
        return self._state

    def set(self, state: str, reason: str = "") -> None:
        """It is in this state now."""
        self._state = f"{state}:{reason}" if reason else state
        for name in STATES:
            self._metrics.runner_state.labels(self._group, name).set(name == state)

    def stopped(self, error: BaseException) -> None:
        """It cannot go on after this."""
        self.set("stopped", error.code if isinstance(error, WebcareError) else type(error).__name__)

    def waits(self, reason: str, attempt: int, error: Unavailable | None = None) -> float:
        """It waits, for the how manieth time in a row; returns for how many seconds: longer each time, with chance."""
        settings = self._settings
        least = error.retry_after_s if isinstance(error, Backpressure) else 0.0
        most = min(settings.retry_most_s, settings.retry_first_s * 2 ** min(attempt + 1, 30))
        delay = max(least, self._jitter(settings.retry_first_s, most))
        self.set("waiting", reason)
        self._metrics.retries.labels(self._group, reason).inc()
        words = str(error) if error else ""
        _LOG.warning("waiting", group=self._group, reason=reason, words=words, seconds=round(delay, 2))
        return delay

    def count(self, records: Sequence[Record], rejected: Sequence[Rejected]) -> None:
        """This batch is committed."""
        self.limit.count(records, rejected)
        self._metrics.batch_size.labels(self._group).observe(len(records))
        for topic, n in Counter(record.topic for record in records).items():
            self._metrics.records.labels(self._group, topic).inc(n)
        for item in rejected:
            self._metrics.dead_letters.labels(item.record.topic, item.reason).inc()

    def lag_is_due(self, now: datetime) -> bool:
        """Whether the lag should be looked at again; if so it counts as looked at."""
        if self._lag_at is not None and now - self._lag_at < _LAG_EVERY:
            return False
        self._lag_at = now
        return True

    def show_lag(self, lags: Mapping[str, int]) -> None:
        """Records appended and not handled yet, by topic."""
        for topic, lag in lags.items():
            self._metrics.lag.labels(self._group, topic).set(lag)


async def sleep_unless(sleeping: Awaitable[None], *events: asyncio.Event) -> None:
    """Sleep until the sleep is over or one of the events is set."""
    waiting = [asyncio.ensure_future(sleeping), *(asyncio.ensure_future(event.wait()) for event in events)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
