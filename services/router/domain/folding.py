"""Several series of a brand, one crisis: which incident a spike belongs to.

A brand's mentions count in the brand as a whole and in its parts (a channel, a source, the negative ones), so that one
crisis makes several series rise. The first opens the incident; those that overlap it in time are folded into it.
Silences are folded among each other, never with what rises.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from backbone.records import Incident, Spike
from backbone.series import is_whole, series_name
from contracts.volume import SpikeEvent
from services.router.domain.explaining import disjoint, figures_of, lead_of

ROUTER = "router"
"""Who resolves an incident when its spikes are over."""

_SAME_STORY_BITS = 3


class Home(NamedTuple):
    """The incident a spike is folded into, and the named reason."""

    incident: Incident
    reason: str


# ------------------------------------------------------------------------------------------------------- one spike


def opened(event: SpikeEvent) -> Spike:
    """A spike that is heard of for the first time; it has no incident yet."""
    return Spike(
        id=event.spike_id,
        series=event.series,
        brand=event.brand,
        opened_at=event.at,
        closed_at=None,
        evidence=_plain(event),
        incident_id=None,
        drill=event.drill,
        direction=event.direction,
        phase=event.phase,
        told_at=event.at,
    )


def is_news(spike: Spike, event: SpikeEvent) -> bool:
    """The event says more than is known: not one that comes again after a later one, or after the end."""
    return spike.closed_at is None and event.kind != "opened" and (spike.told_at is None or event.at >= spike.told_at)


def heard(spike: Spike, event: SpikeEvent) -> Spike:
    """The spike after an event of it. What it was opened on stays; what it has grown to stands beside it."""
    if event.kind == "closed":
        evidence = {**spike.evidence, "closed": _plain(event)}
        return replace(spike, evidence=evidence, phase="over", closed_at=event.at)
    return replace(spike, evidence={**spike.evidence, "latest": _plain(event)}, phase=event.phase, told_at=event.at)


def _plain(event: SpikeEvent) -> dict[str, Any]:
    """As the desk gives it back, so that the same evidence is equal."""
    return {"series": event.series, **msgspec.json.decode(msgspec.json.encode(event.evidence))}


# -------------------------------------------------------------------------------------------------- which incident


def kind_of(spike: Spike) -> str:
    """The kind of the incident that this spike opens."""
    return "spike" if spike.direction == "up" else "silence"


def dedup_key(spike: Spike) -> str:
    """Of what rises at most one incident of a brand is open; of what stopped, at most one of each series.

    A silence keeps its series: the second stream that stops must not hide behind the first, which may be down for days.
    """
    if spike.direction == "down":
        return f"{spike.brand}|silence|{spike.series}"
    whole = series_name(spike.brand, "drill", "yes") if spike.drill else series_name(spike.brand)
    return f"{spike.brand}|spike|{whole}"


def akin(spike: Spike, others: Iterable[Spike]) -> list[Spike]:
    """Those of other spikes that may be the same crisis: same brand, direction and drill, and not over before it."""
    return [
        each
        for each in others
        if each.id != spike.id
        and (each.brand, each.direction, each.drill) == (spike.brand, spike.direction, spike.drill)
        and (each.closed_at is None or each.closed_at >= spike.opened_at)
        and each.incident_id is not None
    ]


def home_of(spike: Spike, at: datetime, known: Sequence[Spike], incidents: Mapping[str, Incident]) -> Home | None:
    """The incident that a spike, told at `at`, is folded into; None: it opens one of its own.

    `known` are all spikes of its brand that bear upon it, `incidents` those of `akin(spike, known)`. An open incident
    goes before one that is over; of those the oldest.
    """
    near = akin(spike, known)
    found = [incident for incident in incidents.values() if not is_over(incident, _members(incident, known), at)]
    found = [each for each in found if _takes(_members(each, near), spike)]
    if not found:
        return None
    home = min(found, key=lambda each: (each.state == "resolved", each.opened_at, each.id))
    return Home(home, _reason(spike, _members(home, known)))


def is_over(incident: Incident, members: Sequence[Spike], at: datetime) -> bool:
    """What happens at `at` comes after it. Where all spikes ended by themselves, the last of them says when."""
    if incident.state != "resolved" or incident.resolved_at is None:
        return False
    ends = [each.closed_at for each in members if each.closed_at is not None]
    return at > (max(ends) if ends and incident.resolved_by == ROUTER else incident.resolved_at)


def goes_on(spike: Spike, incident: Incident, members: Sequence[Spike], at: datetime) -> bool:
    """An open spike is told of at `at`, after its incident was over because the others were: it was heard of too late.

    What a person resolved stays resolved, whatever its spikes do.
    """
    by_itself = incident.resolved_by == ROUTER
    return by_itself and spike.closed_at is None and is_over(incident, members, at)


def _members(incident: Incident, spikes: Iterable[Spike]) -> list[Spike]:
    return [each for each in spikes if each.incident_id == incident.id]


def _takes(near: Sequence[Spike], spike: Spike) -> bool:
    """Whatever rises beside a crisis is told in its incident; a stream that stops, if it may be the same stream."""
    return any(spike.direction == "up" or not disjoint(spike.series, each.series) for each in near)


def _reason(spike: Spike, members: Sequence[Spike]) -> str:
    if spike.direction == "down":
        return "silence_folded"
    lead = lead_of(members)
    if disjoint(spike.series, lead.series) or _other_story(spike, lead):
        return "spike_elsewhere"
    return "spike_whole_folded" if is_whole(spike.series) else "spike_part_folded"


def _other_story(one: Spike, other: Spike) -> bool:
    """Each is one story, and not the same."""
    a, b = (figures_of(each).get("story") for each in (one, other))
    return a is not None and b is not None and (a ^ b).bit_count() > _SAME_STORY_BITS
