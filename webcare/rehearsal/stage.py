"""The rehearsed crisis on a system that has just started: played fast, and it ends now."""

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from backbone.embedded.clock import ReplayClock
from backbone.metrics import Metrics
from services.ingest.domain.brands import IngestSettings
from services.router.domain.settings import RouterSettings
from webcare.adapters import Adapters
from webcare.chain import Chain
from webcare.rehearsal.script import rehearsal, write_replay
from webcare.replay.lines import Script, columns_of, read_script
from webcare.replay.lockstep import Lockstep
from webcare.replay.playing import playing

SEED = 1
QUIET_DAYS = 14
"""Enough history for the detector to be sure of what is usual."""


class StageClock(ReplayClock):
    """A clock that a play moves until it is over, and that is the real one from then on."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._real = False

    def release(self) -> None:
        """The play is over."""
        self._real = True

    def now(self) -> datetime:
        """The play's time, then the real one; never back."""
        if self._real:
            self.advance(datetime.now(UTC))
        return super().now()

    async def sleep(self, seconds: float) -> None:
        """In the play's time, then in the real one."""
        await (asyncio.sleep(seconds) if self._real else super().sleep(seconds))


class Stage(Protocol):
    """The parts of a system that a play needs."""

    @property
    def adapters(self) -> Adapters: ...
    @property
    def chain(self) -> Chain: ...
    @property
    def ingest(self) -> IngestSettings: ...
    @property
    def router(self) -> RouterSettings: ...


def curtain(end: datetime, ingest: IngestSettings) -> Script:
    """The written play, shifted so that it ends at `end`."""
    with tempfile.TemporaryDirectory(prefix="webcare-play-") as folder:
        path = Path(folder) / "rehearsal.ndjson"
        write_replay(rehearsal(SEED, end, QUIET_DAYS), path)
        return read_script(path, columns_of(), end, ingest)


async def rehearse(stage: Stage, clock: StageClock, script: Script, console: Console) -> None:
    """Play it to its end on the stage's chain; then the clock is the real one."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        bar = progress.add_task("a rehearsed crisis", total=len(script.lines))

        def seen(n: int, at: datetime) -> None:
            progress.update(bar, advance=n, description=f"a rehearsed crisis: {at:%d-%m %H:%M}")

        metrics = Metrics(CollectorRegistry())
        async with playing(stage.adapters, stage.router, metrics, stage.chain, script) as actors:
            await Lockstep(stage.chain, clock, actors, None, seen).run(script.lines, 0, script.lines[-1].at)
            played = await actors.outcomes(script)
    clock.release()
    acts = ", ".join(f"{outcome} {count}" for outcome, count in sorted(played.items()))
    console.print(f"rehearsed: {script.accepted} messages up to now ({acts}); it stays up for use", highlight=False)
