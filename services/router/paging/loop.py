"""How a loop over the desk lives: it works while there is work, then sleeps until the next is due or somebody pokes."""

import asyncio
from typing import Protocol

import structlog

from backbone.errors import Unavailable
from backbone.ports import Clock, Desk

_LONGEST_S = 1.0
"""Other processes write to the desk too, and cannot poke."""
_SHORTEST_S = 0.05

_log = structlog.get_logger(__name__)


class Steps(Protocol):
    """A loop's work, one piece at a time; in a replay the driver calls it, live a `Loop` does."""

    name: str

    async def step(self) -> bool:
        """Do one piece of work that is due now; False if there was none."""
        ...


class Loop:
    """Runs steps on the real clock until it is told to stop; a piece of work that was begun is finished."""

    def __init__(self, steps: Steps, desk: Desk, clock: Clock) -> None:
        self.name = steps.name
        self._steps = steps
        self._desk = desk
        self._clock = clock
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """There may be work now."""
        self._poked.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`. What is unavailable is tried again; any other error ends the loop, for all to see."""
        while not stop.is_set():
            self._poked.clear()
            try:
                if await self._steps.step():
                    continue
                pause = await self._pause()
            except Unavailable as error:
                _log.warning("loop_waits", loop=self.name, error=str(error))
                pause = _LONGEST_S
            await self._rest(pause, stop)

    async def _pause(self) -> float:
        due = await self._desk.next_due()
        if due is None:
            return _LONGEST_S
        return min(max((due - self._clock.now()).total_seconds(), _SHORTEST_S), _LONGEST_S)

    async def _rest(self, seconds: float, stop: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(each) for each in (stop.wait(), self._poked.wait(), self._clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
