"""All services in one process: every handler on its runner, every loop over the desk."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from backbone.metrics import Metrics
from backbone.ports import Notifier
from backbone.runner import Runner
from backbone.standing import RunnerSettings
from services.api.projector import Projector
from services.classify.build import Judging
from services.classify.campaigns import Campaigns
from services.classify.domain.verdict import Classifier
from services.classify.handler import ClassifyHandler
from services.classify.judges import Fixed
from services.classify.spikes.handler import SpikesHandler
from services.classify.spikes.settings import SpikeSettings
from services.router.build import build_router
from services.router.domain.settings import RouterSettings
from webcare.adapters import Adapters

_UNKNOWN = datetime.min.replace(tzinfo=UTC)


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
        judging: Judging | None = None,
        spikes: SpikeSettings | None = None,
    ) -> None:
        """Without `judging` the shipped model judges, for good."""
        judges, shadow = judging or (Fixed(Classifier.load()), None)
        log, clock = adapters.log, adapters.clock
        self.adapters = adapters
        self._due: datetime | None = _UNKNOWN
        spikes = spikes or SpikeSettings()
        self.spikes = SpikesHandler(log, adapters.spike_state, spikes)
        self.router = build_router(adapters.desk, log, notifiers, settings, clock, owner, jitter, metrics)
        # With each batch: a replay that is taken up again then hears of a campaign when the first one did.
        campaigns = Campaigns(log, settings.campaigns, every=timedelta(0))
        handlers = (
            ClassifyHandler(log, judges, clock, shadow, campaigns, spikes.sources),
            self.router.mentions,
            self.spikes,
            self.router.spikes,
            Projector(adapters.archive),
        )
        self.runners = tuple(Runner(log, handler, clock, metrics, runner_settings) for handler in handlers)

    async def settle(self) -> bool:
        """Step everything, in order, until nothing is left to do at this instant; True if anything was done."""
        self._due = _UNKNOWN
        worked = False
        while await self._round():
            self._due = _UNKNOWN
            worked = True
        # Last and once: nothing here waits for what the desk tells the log. Of campaigns the next batch hears.
        while await self.router.relay.step():
            pass
        return worked

    async def _round(self) -> bool:
        worked = False
        for runner in self.runners:
            while await runner.step():
                worked = True
        now = self.adapters.clock.now()
        if worked:
            self._due = _UNKNOWN
        due = await self._desk_due()
        if due is not None and due <= now:
            worked = any([await self.router.timers.step(), await self.router.pager.step()]) or worked
        return await self.spikes.tick(now) or worked

    async def _desk_due(self) -> datetime | None:
        """What the desk says is due next; asked once until something may have changed it."""
        if self._due is _UNKNOWN:
            self._due = await self.adapters.desk.next_due()
        return self._due

    async def next_due(self) -> datetime | None:
        """When the next timer, page or spike is due, after `settle`."""
        due = [at for at in (await self._desk_due(), self.spikes.next_due()) if at]
        return min(due, default=None)

    def states(self) -> list[tuple[str, str]]:
        """Each runner's group and state."""
        return [(runner.group, runner.state) for runner in self.runners]

    async def close(self) -> None:
        """Leave the groups."""
        for runner in self.runners:
            await runner.close()
