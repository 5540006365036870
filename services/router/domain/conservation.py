"""Nothing disappears: what came in is what became of it, to the unit."""

from collections.abc import Mapping

import msgspec

MENTION_OUTCOMES = ("duplicates", "edits", "opened", "folded", "filtered", "dead")
"""Every accepted mention ends in exactly one of these counters."""

_REACHED = ("accepted", "delivered", "read")
_OPEN = ("planned", "due", "sending")


class Conservation(msgspec.Struct, frozen=True):
    """Whether a sum is right, what is still on its way, and the parts of the sum by name."""

    holds: bool
    in_flight: int
    sums: dict[str, int]


def conservation(
    received: int, refused: int, accepted: int, counts: Mapping[tuple[str, str], int], *, at_rest: bool = True
) -> Conservation:
    """received = refused + accepted, and accepted = all outcomes + in flight; nothing is in flight `at_rest`.

    Negative `in_flight` means that something was counted twice.
    """
    sums = {"received": received, "refused": refused, "accepted": accepted}
    sums |= {name: total(counts, name) for name in MENTION_OUTCOMES}
    in_flight = accepted - sum(sums[name] for name in MENTION_OUTCOMES)
    settled = in_flight == 0 if at_rest else in_flight >= 0
    return Conservation(received == refused + accepted and settled, in_flight, sums)


def incident_conservation(opened: int, counts: Mapping[tuple[str, str], int]) -> Conservation:
    """alarms = incidents opened + alarms counted on an open incident; `opened` is what the desk holds."""
    sums = {name: total(counts, name) for name in ("alarms", "incidents_opened", "incidents_folded")}
    missing = sums["alarms"] - sums["incidents_opened"] - sums["incidents_folded"]
    return Conservation(missing == 0 and opened == sums["incidents_opened"], missing, sums)


def page_conservation(states: Mapping[str, int], counts: Mapping[tuple[str, str], int]) -> Conservation:
    """planned = accepted + failed + superseded + bundled + still open; `states` is what the desk holds, by state."""
    sums = {
        "planned": total(counts, "pages_planned"),
        "accepted": sum(states.get(state, 0) for state in _REACHED),
        "failed": states.get("failed", 0),
        "superseded": states.get("superseded", 0),
        "bundled": states.get("bundled", 0),
    }
    still_open = sum(states.get(state, 0) for state in _OPEN)
    ended = sums["accepted"] + sums["failed"] + sums["superseded"] + sums["bundled"]
    return Conservation(sums["planned"] == ended + still_open, still_open, sums)


def total(counts: Mapping[tuple[str, str], int], name: str) -> int:
    """One counter over all its reasons."""
    return sum(count for (each, _), count in counts.items() if each == name)
