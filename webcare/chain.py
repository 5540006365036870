"""All services in one process: every handler on its runner, every loop over the desk."""

from collections.abc import Callable, Mapping
from datetime import datetime

from backbone.metrics import Metrics
from backbone.ports import Notifier
from backbone.runner import Runner, RunnerSettings
from services.api.projector import Projector
from services.classify.domain.verdict import Classifier
from services.classify.handler import ClassifyHandler
from services.classify.spikes.handler import SpikesHandler
from services.classify.spikes.settings import SpikeSettings
from services.router.build import build_router
from services.router.domain.settings import RouterSettings
from webcare.adapters import Adapters


class Chain:
    """mention -> verdict -> spike -> incident -> page, in one process, over one set of adapters.

    The order of `runners`, then of the router's steps, is the order in which a replay steps them.
    """

    def __init__(
        self,
        adapters: Adapters,
        settings: RouterSettings,
        notifiers: Mapping[str, Notifier],
        metrics: Metrics,
        owner: str,
        runner_settings: RunnerSettings,
        jitter: Callable[[], float],
    ) -> None:
        log, clock = adapters.log, adapters.clock
        self.adapters = adapters
        self.spikes = SpikesHandler(log, adapters.spike_state, SpikeSettings())
        self.router = build_router(adapters.desk, log, notifiers, settings, clock, owner, jitter, metrics)
        handlers = (
            ClassifyHandler(log, Classifier.load(), clock),
            self.router.mentions,
            self.spikes,
            self.router.spikes,
            Projector(adapters.archive),
        )
        self.runners = tuple(Runner(log, handler, clock, metrics, runner_settings) for handler in handlers)

    async def settle(self) -> bool:
        """Step everything, in order, until nothing is left to do at this instant; True if anything was done."""
        worked = False
        while await self._round():
            worked = True
        # Last and once: nothing here reads what the desk tells the log.
        while await self.router.relay.step():
            pass
        return worked

    async def _round(self) -> bool:
        worked = False
        for runner in self.runners:
            while await runner.step():
                worked = True
        if await self._is_due():
            worked = any([await self.router.timers.step(), await self.router.pager.step()]) or worked
        return await self.spikes.tick(self.adapters.clock.now()) or worked

    async def _is_due(self) -> bool:
        due = await self.adapters.desk.next_due()
        return due is not None and due <= self.adapters.clock.now()

    async def next_due(self) -> datetime | None:
        """When the next timer, page or spike is due."""
        due = [at for at in (await self.adapters.desk.next_due(), self.spikes.next_due()) if at]
        return min(due, default=None)

    def states(self) -> list[tuple[str, str]]:
        """Each runner's group and state."""
        return [(runner.group, runner.state) for runner in self.runners]

    async def close(self) -> None:
        """Leave the groups."""
        for runner in self.runners:
            await runner.close()
