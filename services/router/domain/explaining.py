"""Which series explains an incident of several spikes, and what the incident rests on.

All of it is worked out anew from all the spikes, so that it does not matter in which order they were heard of.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from backbone.records import Spike
from backbone.series import SeriesParts, is_whole, series_name, series_parts

MOST = 0.8
"""A part that holds at least this share of what is too much (or missing) explains it."""

_SPECIFIC = ("source", "channel", "kind")
"""Most specific first: a source is a configured place on a channel; negative ones come from everywhere."""
_AT_THE_END = ("words", "per_hour", "peak_per_hour", "peak_at", "forecast")
"""What is told of a spike when it is over; its figures stay those it was seen by."""
_IN_BRIEF = ("seen", "expected", "window_s", "since")

Figures = Mapping[str, Any]


class _Reading(NamedTuple):
    at: datetime
    figures: Figures


def evidence_of(members: Sequence[Spike]) -> dict[str, Any]:
    """What an incident rests on: the figures of the series that explains it, and the others beside it.

    `series` leads. `explained_by` are the parts that hold most of it, the most specific first, each a series or a
    story, with their share; a part need not have a spike of its own. `folded` are the other spikes.
    """
    lead = lead_of(members)
    others = [each for each in _in_order(members) if each.id != lead.id]
    return {
        **figures_of(lead),
        "series": lead.series,
        "phase": lead.phase,
        "explained_by": _explained_by(members),
        "folded": [_brief(each) for each in others],
    }


def _brief(spike: Spike) -> dict[str, Any]:
    figures = figures_of(spike)
    told = {name: value for name, value in figures.items() if name in _IN_BRIEF}
    return {"spike_id": spike.id, "series": spike.series, "phase": spike.phase, **told}


def _in_order(members: Iterable[Spike]) -> list[Spike]:
    return sorted(members, key=lambda each: (each.opened_at, each.id))


def _going_on(members: Sequence[Spike]) -> list[Spike]:
    """Those that are not over; all, where all are."""
    return _in_order([each for each in members if each.closed_at is None] or members)


def _whole(active: Sequence[Spike]) -> Spike:
    """The brand's own spike; without one that of the largest part."""
    return max(active, key=lambda each: (is_whole(each.series) or _is_drill(each), _rate(figures_of(each)), each.id))


def lead_of(members: Sequence[Spike]) -> Spike:
    """The most specific spike that explains what is going on; the brand's own, or the largest, where none does."""
    active = _going_on(members)
    whole = _whole(active)
    parts = [each for each in active if each.id != whole.id and not disjoint(each.series, whole.series)]
    ranked = [
        (_rank(each.series), -share, each.series, each) for each in parts if (share := _share(each, whole)) >= MOST
    ]
    ranked.append((_rank(whole.series), -1.0, whole.series, whole))
    return min(ranked, key=lambda one: one[:3])[3]


def _explained_by(members: Sequence[Spike]) -> list[dict[str, Any]]:
    active = _going_on(members)
    whole = _whole(active)
    figures = figures_of(whole)
    shares = {part: _excess_share(figures, part, None) for part in _told_parts(whole)}
    shares |= {each.series: _share(each, whole) for each in active if not disjoint(each.series, whole.series)}
    shares.pop(whole.series, None)
    named = sorted((_rank(series), -share, series) for series, share in shares.items() if share >= MOST)
    found: list[dict[str, Any]] = [{"series": series, "share": round(-share, 3)} for _, share, series in named]
    return [*_story(figures), *found]


def _story(figures: Figures) -> list[dict[str, Any]]:
    story, seen = figures.get("story"), max(int(figures.get("seen", 0)), 1)
    told = sum(int(each["seen"]) for each in figures.get("stories", ()) if each["signature"] == story)
    return [] if story is None else [{"story": story, "share": round(min(1.0, told / seen), 3)}]


def _told_parts(whole: Spike) -> list[str]:
    """The parts that a brand's evidence tells of by itself."""
    if whole.direction == "down" or not is_whole(whole.series):
        return []
    channels = [series_name(whole.brand, "channel", each["channel"]) for each in figures_of(whole).get("channels", ())]
    return [*channels, series_name(whole.brand, "kind", "negative")]


def _rank(series: str) -> int:
    field = series_parts(series).field
    return _SPECIFIC.index(field) if field in _SPECIFIC else len(_SPECIFIC)


def disjoint(one: str, other: str) -> bool:
    """No mention counts in both: two channels, two sources."""
    a, b = series_parts(one), series_parts(other)
    return a.field == b.field and a.value != b.value


def _is_drill(spike: Spike) -> bool:
    return series_parts(spike.series).field == "drill"


# --------------------------------------------------------------------------------------------------------- figures


def figures_of(spike: Spike) -> dict[str, Any]:
    """What is known of it now, by one window; when it is over, with how it ended."""
    latest, end = spike.evidence.get("latest", spike.evidence), spike.evidence.get("closed", {})
    now = {name: value for name, value in latest.items() if name not in ("latest", "closed")}
    return {**now, **{name: end[name] for name in _AT_THE_END if name in end}}


def _share(part: Spike, whole: Spike) -> float:
    """Which part of what is too much (or missing) in `whole` is in `part`.

    By what the whole's own evidence tells of the part, where it does: then both are of one window. Else by the two
    spikes' readings that are nearest in time, each brought to an hour.
    """
    figures = figures_of(whole)
    if part.series in _told_parts(whole):
        return _excess_share(figures, part.series, figures_of(part))
    a, b = min(product(_readings(part), _readings(whole)), key=lambda pair: abs(pair[0].at - pair[1].at))
    return min(1.0, _rate(a.figures) / _rate(b.figures))


def _excess_share(figures: Figures, series: str, own: Figures | None) -> float:
    """What the brand's evidence says of a part, above what the part's own spike expects.

    Without a spike of its own all that is expected of the brand is expected of the part: it can only be more than so.
    """
    seen, expected = float(figures.get("seen", 0)), float(figures.get("expected", 0.0))
    usual = expected if own is None else min(expected, float(own.get("expected", 0.0)) * _windows(figures, own))
    return min(1.0, max(0.0, _seen_of(series_parts(series), figures) - usual) / max(seen - expected, 1e-9))


def _seen_of(part: SeriesParts, figures: Figures) -> float:
    if part.field == "channel":
        return float(sum(each["seen"] for each in figures.get("channels", ()) if each["channel"] == part.value))
    return float(figures.get("share_negative", 0.0)) * float(figures.get("seen", 0))


def _windows(one: Figures, other: Figures) -> float:
    return float(one.get("window_s", 0)) / max(float(other.get("window_s", 0)), 1.0)


def _readings(spike: Spike) -> list[_Reading]:
    """Its figures as they were told, the latest first."""
    first = [_Reading(spike.opened_at, spike.evidence)]
    if "latest" not in spike.evidence or spike.told_at is None:
        return first
    return [_Reading(spike.told_at, spike.evidence["latest"]), *first]


def _rate(figures: Figures) -> float:
    """What is too much, or missing, an hour."""
    apart = abs(float(figures.get("seen", 0)) - float(figures.get("expected", 0.0)))
    return max(apart, 1e-9) * 3600 / max(float(figures.get("window_s", 0)), 1.0)
