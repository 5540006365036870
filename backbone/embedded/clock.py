"""The two clocks: the real one, and one that a replay moves."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta


class RealClock:
    """The system's time, which stands still where the system's is set back."""

    def __init__(self) -> None:
        self._latest = datetime.now(UTC)

    def now(self) -> datetime:
        self._latest = max(self._latest, datetime.now(UTC))
        return self._latest

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ReplayClock:
    """A clock that stands still until it is moved, and then wakes those whose time has come, earliest first."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._slept = 0

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        due = self._now + timedelta(seconds=seconds)
        if due <= self._now:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._slept += 1
        heapq.heappush(self._sleepers, (due, self._slept, woken))
        await woken

    def next_wake(self) -> datetime | None:
        """When the first of those who sleep wants to wake."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def advance(self, to: datetime) -> None:
        """Move to an instant; one that has passed leaves the clock where it is."""
        self._now = max(self._now, to.astimezone(UTC))
        while (due := self.next_wake()) is not None and due <= self._now:
            heapq.heappop(self._sleepers)[2].set_result(None)
