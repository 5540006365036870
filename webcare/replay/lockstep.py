"""The lockstep driver: release one instant, let everything handle it, then move the clock."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from backbone.embedded.clock import ReplayClock
from backbone.errors import Stopped
from contracts.mentions import Mention
from services.ingest.gate import to_record
from webcare.chain import Chain
from webcare.replay.actors import Actors
from webcare.replay.lines import Action, Line

TAIL = timedelta(hours=2)
"""How long the clock runs on after the last line: digests go out, spikes that are over close."""


class Lockstep:
    """Runs a script through a chain on a replayed clock. Deterministic: see design.md section 5.

    It takes up where the log says that an earlier run ended, and then does what that run would have done.
    """

    def __init__(
        self,
        chain: Chain,
        clock: ReplayClock,
        actors: Actors,
        speed: float | None,
        progress: Callable[[int, datetime], None],
    ) -> None:
        self._chain = chain
        self._clock = clock
        self._actors = actors
        self._speed = speed
        self._progress = progress

    async def run(self, lines: Sequence[Line], appended: int, end: datetime | None) -> None:
        """All `lines`, of which the first `appended` mentions are in the log already; then on to `end`."""
        await self._chain.settle()
        rest = await self._left(lines, appended)
        for at, group in groupby(rest, key=lambda line: line.at):
            await self._move_to(at)
            some = list(group)
            await self._release(some)
            self._progress(len(some), at)
        if end is not None:
            await self._move_to(end)

    async def _left(self, lines: Sequence[Line], appended: int) -> list[Line]:
        """The lines still to do: not the mentions that are in the log, nor the actions that were played."""
        left: list[Line] = []
        for line in lines:
            if isinstance(line.happens, Action):
                if not await self._actors.is_done(line):
                    left.append(line)
            elif appended:
                appended -= 1
            else:
                left.append(line)
        return left

    async def _move_to(self, at: datetime) -> None:
        """Move the clock to `at`, stopping at every due timer on the way."""
        while (due := await self._chain.next_due()) is not None and due < at:
            await self._pass_to(due)
            if not await self._chain.settle():
                raise Stopped(f"Something is due at {due:%Y-%m-%d %H:%M:%S} and nobody takes it.", code="timer_stuck")
        await self._pass_to(at)

    async def _pass_to(self, at: datetime) -> None:
        if self._speed is not None and at > self._clock.now():
            await asyncio.sleep((at - self._clock.now()).total_seconds() / self._speed)
        self._clock.advance(at)

    async def _release(self, lines: list[Line]) -> None:
        """What happens at this instant, in order of line, and all that follows from it."""
        for acting, some in groupby(lines, key=lambda line: isinstance(line.happens, Action)):
            if acting:
                await self._act(list(some))
            else:
                await self._arrive([line.happens for line in some if isinstance(line.happens, Mention)])

    async def _arrive(self, mentions: Sequence[Mention]) -> None:
        await self._chain.adapters.log.append([to_record(mention) for mention in mentions])
        await self._chain.settle()

    async def _act(self, lines: Sequence[Line]) -> None:
        for line in lines:
            await self._actors.act(line)
            await self._chain.settle()
