"""Counts pages and incidents as the desk tells of them, whoever changed it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from backbone.handling import Delivered, Rejected
from backbone.metrics import Metrics
from backbone.ports import NewRecord, Partition
from contracts.topics import WORK_EVENTS
from contracts.work import WorkEvent

_INCIDENT = {
    "opened": "triggered",
    "unacknowledged": "triggered",
    "acknowledged": "acknowledged",
    "resolved": "resolved",
}


class Figures:
    """A handler (see `backbone.handling.Handler`). A batch that comes again after a crash is counted by a new process,
    whose counters began at 0."""

    group = "figures"
    topics: Sequence[str] = (WORK_EVENTS.name,)
    owns_offsets = False

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Nothing is kept between batches."""
        return committed

    async def handle(
        self,
        batch: Sequence[Delivered[WorkEvent]],
        rejected: Sequence[Rejected],  # noqa: ARG002 - the runner writes their dead letters
    ) -> Sequence[NewRecord]:
        """Count what came into a state."""
        for event in (one.event for one in batch):
            subject, _, change = event.kind.partition(".")
            if subject == "page":
                self._page(event, change)
            elif subject == "incident" and change in _INCIDENT:
                self._metrics.incidents.labels(str(event.data.get("kind", "")), _INCIDENT[change]).inc()
        return ()

    def _page(self, event: WorkEvent, state: str) -> None:
        kind = str(event.data.get("kind", ""))
        self._metrics.pages.labels(kind, state).inc()
        accepted, since = event.data.get("accepted_at"), event.data.get("since")
        if state == "accepted" and accepted and since:
            took = datetime.fromisoformat(accepted) - datetime.fromisoformat(since)
            self._metrics.time_to_page.labels(kind).observe(max(0.0, took.total_seconds()))
