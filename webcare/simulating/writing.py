"""One simulated stream as a file that `webcare replay` reads, and beside it what happens in it and when."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from backbone.errors import BadInput
from webcare.simulating.arrivals import CHANNELS, Arrivals, together
from webcare.simulating.happenings import FLOOD, REPOSTS, Crisis, Heap, crisis, heap
from webcare.simulating.present import write
from webcare.simulating.run import (
    CAMPAIGN_MIN,
    HORIZON_MIN,
    WARM_DAYS,
    Onset,
    Plan,
    Stream,
    campaign_extra,
    chance_of,
    onsets_of,
    quiet_days,
)
from webcare.simulating.streams import MINUTES_PER_DAY, Background
from webcare.simulating.texts import text_of

BRAND = "Zwiebelstroom"
_SILENCE_MIN = 2 * MINUTES_PER_DAY
_LEAST_SLOT_DAYS = 3
_SUFFIXES = (".ndjson", ".jsonl")


class Happening(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that was put into the stream: from `at` up to `until`."""

    kind: str
    """``crisis``, ``campaign``, ``reposts``, ``flood`` or ``silence``."""
    at: datetime
    until: datetime
    growth: str | None = None
    source: float | None = None
    target: float | None = None
    """Of a crisis: how it grows, from and to how many a day."""
    factor: float | None = None
    """Of a campaign."""


class Onsets(msgspec.Struct, frozen=True):
    """What is known of a written stream."""

    brand: str
    per_day: float
    days: int
    seed: int
    dispersion: str
    timezone: str
    mentions: int
    starts: datetime
    ends: datetime
    happenings: tuple[Happening, ...]


def write_stream(plan: Plan, per_day: float, path: Path) -> tuple[Onsets, Path]:
    """Write the mentions to `path` and what happens in them beside it; each comes once, in a stretch of its own.

    Returns what is known of the stream, and where that was written. Raises BadInput where days or name do not do.
    """
    if path.suffix not in _SUFFIXES:
        raise BadInput(f"--write: {path.name} has another ending.", remedy=f"End it in {' or '.join(_SUFFIXES)}.")
    back, arrivals, happenings = _story(plan, Stream(per_day, 0))
    known = Onsets(
        brand=BRAND,
        per_day=per_day,
        days=plan.days,
        seed=plan.seed,
        dispersion=plan.dispersion,
        timezone=plan.timezone,
        mentions=arrivals.size,
        starts=_moment(back.start),
        ends=_moment(back.start + len(back.cycle)),
        happenings=tuple(happenings),
    )
    beside = path.with_suffix(".onsets.json")
    write(path, b"".join(_lines(arrivals)))
    write(beside, msgspec.json.format(msgspec.json.encode(known), indent=2) + b"\n")
    return known, beside


class _Scene(NamedTuple):
    """What a happening adds, the minutes in which nothing else is written, and how it is told."""

    adds: tuple[Arrivals, ...]
    told: tuple[Happening, ...]
    silent: tuple[int, int] | None = None


class _Stage:
    """Makes scenes of one stream, each with chance of its own."""

    def __init__(self, plan: Plan, stream: Stream, back: Background) -> None:
        self._plan, self._stream, self._back = plan, stream, back
        self._scenes = 0

    def crisis(self, minute: int, onset: Onset) -> _Scene:
        added = crisis(self._rng(), minute * 60, Crisis(onset.growth, onset.target - onset.source, HORIZON_MIN))
        told = Happening(
            "crisis", _moment(minute), _moment(minute + HORIZON_MIN), onset.growth, onset.source, onset.target
        )
        return _Scene((added,), (told,))

    def campaign(self, minute: int, *inside: Onset) -> _Scene:
        """A campaign, with a crisis halfway where one is given."""
        end, factor = minute + CAMPAIGN_MIN, self._plan.campaign
        extra = campaign_extra(self._rng(), self._back, factor, minute, end)
        told = Happening("campaign", _moment(minute), _moment(end), factor=factor)
        within = [self.crisis(minute + CAMPAIGN_MIN // 2, onset) for onset in inside]
        return _Scene(
            (extra, *(added for one in within for added in one.adds)),
            (told, *(happening for one in within for happening in one.told)),
        )

    def heap(self, minute: int, kind: str, of: Heap) -> _Scene:
        told = Happening(kind, _moment(minute), _moment(minute + of.minutes))
        return _Scene((heap(self._rng(), minute * 60, of),), (told,))

    def silence(self, minute: int) -> _Scene:
        end = minute + _SILENCE_MIN
        return _Scene((), (Happening("silence", _moment(minute), _moment(end)),), (minute * 60, end * 60))

    def _rng(self) -> np.random.Generator:
        self._scenes += 1
        return chance_of(self._plan, self._stream, self._scenes, 9)


def _story(plan: Plan, stream: Stream) -> tuple[Background, Arrivals, list[Happening]]:
    rng = chance_of(plan, stream)
    back, quiet = quiet_days(rng, plan, stream)
    scenes = _scenes(rng, plan, stream, back)
    for scene in scenes:
        if scene.silent:
            first, last = scene.silent
            quiet = together(quiet.between(0, first), quiet.between(last, (back.start + len(back.cycle)) * 60))
    arrivals = together(quiet, *(added for scene in scenes for added in scene.adds))
    return back, arrivals, [told for scene in scenes for told in scene.told]


def _scenes(rng: np.random.Generator, plan: Plan, stream: Stream, back: Background) -> list[_Scene]:
    stage = _Stage(plan, stream, back)
    onsets = onsets_of(plan, stream.per_day)
    campaigns = 1 + len(onsets) if plan.campaign > 1.0 else 0
    minutes = iter(_minutes(rng, plan, back, len(onsets) + campaigns + 3))
    scenes = [stage.crisis(next(minutes), onset) for onset in onsets]
    if campaigns:
        scenes.append(stage.campaign(next(minutes)))
        scenes += [stage.campaign(next(minutes), onset) for onset in onsets]
    scenes += [stage.heap(next(minutes), "reposts", REPOSTS), stage.heap(next(minutes), "flood", FLOOD)]
    return [*scenes, stage.silence(next(minutes))]


def _minutes(rng: np.random.Generator, plan: Plan, back: Background, scenes: int) -> Sequence[int]:
    """A moment in a stretch of its own for each, after the first weeks."""
    least = WARM_DAYS + scenes * _LEAST_SLOT_DAYS
    if plan.days < least:
        raise BadInput(f"--days: {plan.days} is too few for {scenes} happenings.", remedy=f"Write at least {least}.")
    slot = (plan.days - WARM_DAYS) * MINUTES_PER_DAY // scenes
    first = back.start + WARM_DAYS * MINUTES_PER_DAY
    return [first + place * slot + int(rng.integers(slot - _SILENCE_MIN)) for place in range(scenes)]


def _lines(arrivals: Arrivals) -> Iterator[bytes]:
    texts: dict[int, str] = {}
    columns = (column.tolist() for column in arrivals)
    for number, (second, person, story, negative, urgent, channel) in enumerate(zip(*columns, strict=True), 1):
        if story not in texts:
            texts[story] = text_of(story, negative, urgent)
        line = {
            "id": f"s{number}",
            "created_at": datetime.fromtimestamp(second, UTC),
            "brand": BRAND,
            "channel": CHANNELS[channel],
            "author": f"p{person:08x}",
            "text": texts[story],
        }
        yield msgspec.json.encode(line) + b"\n"


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
