"""The parts that run as long as the process does: one that fails is started again, and readiness tells meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from backbone.errors import Unavailable
from backbone.logs import failure

_LOG = structlog.get_logger("webcare.parts")
_AGAIN_S = 2.0
_AT_MOST_S = 60.0


class Parts:
    """Keeps loops and chores alive until `stop`."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._states: dict[str, str] = {}

    def states(self) -> list[tuple[str, str]]:
        """Each part and what it does: ``running``, or ``failed:<what>`` until it is started again."""
        return sorted(self._states.items())

    async def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work`, again and again if it fails, until it ends well; with growing pauses while something is away."""
        again_in_s = _AGAIN_S
        while not self._stop.is_set():
            self._states[name] = "running"
            try:
                await work()
            except Unavailable as error:
                self._states[name] = f"failed:{error.code}"
                _LOG.warning("part_waits", part=name, reason=error.code, again_in_s=again_in_s, words=str(error))
                await self.rest(again_in_s)
                again_in_s = min(2 * again_in_s, _AT_MOST_S)
            except Exception as error:
                self._states[name] = f"failed:{type(error).__name__}"
                _LOG.error("part_failed", part=name, again_in_s=_AGAIN_S, failure=failure(error))
                await self.rest(_AGAIN_S)
            else:
                return

    async def rest(self, seconds: float) -> None:
        """Wait, or stop waiting when it is time to stop."""
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return
