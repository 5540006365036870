"""Whether two texts tell the same story, by their signatures."""

from collections.abc import Iterable

from backbone.records import Incident

NEAR_BITS = 3
"""Signatures of 64 bits at most this far apart are one story: copies, reposts and small edits."""


def same_story(one: int, other: int) -> bool:
    """They differ in so few bits that their texts say the same."""
    return (one ^ other).bit_count() <= NEAR_BITS


def told_before(signature: int, brand: str, drill: bool, incidents: Iterable[Incident]) -> Incident | None:
    """The oldest of these open incidents in which the brand's same story was told, if one is."""
    told = [
        incident
        for incident in incidents
        if (incident.brand, incident.drill, incident.kind) == (brand, drill, "critical")
        and "story" in incident.evidence
        and same_story(signature, int(incident.evidence["story"], 16))
    ]
    return min(told, key=lambda incident: (incident.opened_at, incident.id), default=None)
