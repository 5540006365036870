"""The router put together, for whoever gives it adapters."""

import random
from collections.abc import Callable, Mapping

from backbone.metrics import Metrics
from backbone.ports import Clock, Desk, EventLog, Notifier
from services.router.domain.hours import is_open
from services.router.domain.settings import RouterSettings
from services.router.handler import MentionHandler
from services.router.paging.loop import Loop
from services.router.paging.pager import Pager
from services.router.paging.relay import Relay
from services.router.paging.timers import Timers
from services.router.spike_handler import SpikeHandler


class Router:
    """Two handlers for the runner, and three loops over the desk: live they run, in a replay they are stepped."""

    def __init__(
        self,
        handlers: tuple[MentionHandler, SpikeHandler],
        steps: tuple[Timers, Pager, Relay],
        loops: tuple[Loop, ...],
        desk: Desk,
        clock: Clock,
    ) -> None:
        self.mentions, self.spikes = handlers
        self.timers, self.pager, self.relay = steps
        self.loops = loops
        self._desk = desk
        self._clock = clock
        self._taken_up = False

    def poke(self) -> None:
        """The desk changed: there may be work for the loops."""
        for loop in self.loops:
            loop.poke()

    async def settle(self) -> None:
        """Do all that is due at the clock's instant, in a fixed order, then pass on what the log is owed.

        The first time it takes up what a pager of the same name was sending when it died.
        """
        while not self._taken_up or await self._is_due():
            self._taken_up = True
            if not any([await self.timers.step(), await self.pager.step()]):
                break
        while await self.relay.step():
            pass

    async def _is_due(self) -> bool:
        due = await self._desk.next_due()
        return due is not None and due <= self._clock.now()


def build_router(
    desk: Desk,
    log: EventLog,
    notifiers: Mapping[str, Notifier],
    settings: RouterSettings,
    clock: Clock,
    owner: str,
    jitter: Callable[[], float] = random.random,
    metrics: Metrics | None = None,
) -> Router:
    """`owner` names the pager in leases. A replay gives a `jitter` that is always the same.

    Raises BadInput if the rules leave a mention without a decision.
    """
    steps = (Timers(desk, settings, clock), Pager(desk, notifiers, settings, clock, owner, jitter), Relay(desk, log))
    loops = tuple(Loop(each, desk, clock) for each in steps)

    def poke() -> None:
        for loop in loops:
            loop.poke()

    for queue in settings.queues:  # what public holidays need is read now, not in the first batch
        is_open(queue.hours, clock.now())
    handlers = (MentionHandler(desk, settings, clock, poke, metrics), SpikeHandler(desk, settings, clock, poke))
    return Router(handlers, steps, loops, desk, clock)
