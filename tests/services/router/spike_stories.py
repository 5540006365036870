"""Crises as the spike step tells of them: several series of a brand that rise together, each with its own events."""

from typing import Any

import msgspec
from router_world import MINUTE, START

from contracts.volume import SpikeEvent, SpikeEvidence, TopChannel, TopStory

CHANNELS = (TopChannel(channel="facebook", seen=3), TopChannel(channel="x", seen=47))
FIGURES: dict[str, dict[str, Any]] = {
    "acme": {"seen": 50, "expected": 1.0, "share_negative": 0.6, "channels": CHANNELS},
    "acme|channel=x": {"seen": 47, "expected": 0.8, "share_negative": 0.6},
    "acme|kind=negative": {"seen": 30, "expected": 0.2, "share_negative": 1.0},
    "acme|source=forum": {"seen": 20, "expected": 0.1, "share_negative": 0.5},
}
"""A crisis on x: there it is, in most of the brand's mentions; a source has two in five."""


def evidence(minute: float, **figures: Any) -> SpikeEvidence:
    plain = SpikeEvidence(
        expected=1.0,
        seen=50,
        window_s=900,
        chance=1e-9,
        since=START + (minute - 15) * MINUTE,
        people=40,
        share_negative=0.5,
        share_urgent=0.1,
        history_days=20.0,
        reason="above_expectation_15m",
    )
    return msgspec.structs.replace(plain, **figures)


def told(
    series: str, kind: str, minute: float, phase: str = "", figures: dict[str, Any] | None = None, **changes: Any
) -> SpikeEvent:
    """What is told of a series at a minute; its spike is named after it."""
    event = SpikeEvent(
        id=f"{series} {kind} {minute}",
        spike_id=f"spike of {series}",
        series=series,
        brand=series.partition("|")[0],
        kind=kind,
        at=START + minute * MINUTE,
        evidence=evidence(minute, **(FIGURES.get(series, {}) if figures is None else figures)),
        phase=phase or {"opened": "opened", "updated": "growing", "closed": "over"}[kind],
    )
    return msgspec.structs.replace(event, **changes)


def life(series: str, opens: float, closes: float, **changes: Any) -> list[SpikeEvent]:
    """A spike's whole life: opened, grown, past its peak, over."""
    grown = {**FIGURES.get(series, {}), **changes.pop("figures", {})}
    return [
        told(series, "opened", opens, figures=grown, **changes),
        told(series, "updated", opens + 10, figures=grown, **changes),
        told(series, "updated", opens + 30, "peaked", figures=grown, **changes),
        told(series, "closed", closes, figures=grown, **changes),
    ]


def silence(series: str, kind: str, minute: float, expected: float = 40.0, **changes: Any) -> SpikeEvent:
    """A stream that stopped, or speaks again."""
    figures = {"seen": 0, "expected": expected, "window_s": 7200, "reason": "silent_longer_than_usual"}
    event = told(series, kind, minute, figures=figures, direction="down", **changes)
    return msgspec.structs.replace(event, spike_id=f"silence of {series}")


STORY_ONE = (TopStory(signature=0b1111_0000, seen=45),)
STORY_TWO = (TopStory(signature=0b0000_1111_1111, seen=30),)
