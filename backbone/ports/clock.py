"""The clock: the time, as an argument."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, as an argument of everything that needs it."""

    def now(self) -> datetime:
        """The present instant, aware, UTC. Never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when that much of this clock's time has passed."""
        ...
