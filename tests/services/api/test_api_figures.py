"""Pages and incidents as figures, from what the desk tells."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from backbone.handling import Delivered
from backbone.metrics import Metrics
from backbone.ports import Record
from contracts.topics import WORK_EVENTS
from contracts.work import WorkEvent
from services.api.figures import Figures

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def told(kind: str, **data: object) -> Delivered[WorkEvent]:
    event = WorkEvent(
        id="evt_1", kind=kind, at=NOON, brand="b", subject="s", actor="a", reason="r", data={"kind": "spike", **data}
    )
    return Delivered(Record(WORK_EVENTS.name, 0, 0, "s", b"", NOON), event)


async def figures(*batch: Delivered[WorkEvent]) -> CollectorRegistry:
    registry = CollectorRegistry()
    await Figures(Metrics(registry)).handle(batch, ())
    return registry


async def test_a_page_counts_in_each_state_and_its_delay_once_it_is_accepted() -> None:
    accepted = told("page.accepted", accepted_at="2026-03-02T12:00:07Z", since="2026-03-02T12:00:00Z")
    registry = await figures(told("page.planned"), accepted, told("page.failed"))
    for state in ("planned", "accepted", "failed"):
        assert registry.get_sample_value("webcare_pages_total", {"kind": "spike", "state": state}) == 1
    assert registry.get_sample_value("webcare_time_to_page_seconds_sum", {"kind": "spike"}) == 7


async def test_an_incident_counts_where_its_state_changes_and_not_where_only_its_evidence_does() -> None:
    registry = await figures(
        told("incident.opened"), told("incident.updated"), told("incident.unacknowledged"), told("incident.resolved")
    )
    assert registry.get_sample_value("webcare_incidents_total", {"kind": "spike", "state": "triggered"}) == 2
    assert registry.get_sample_value("webcare_incidents_total", {"kind": "spike", "state": "resolved"}) == 1


async def test_items_are_counted_elsewhere() -> None:
    registry = await figures(told("item.opened"))
    assert registry.get_sample_value("webcare_pages_total", {"kind": "spike", "state": "opened"}) is None
