"""The life of a spike: opened, growing, peaked, perhaps growing again, and over exactly once. Pure.

Every turn has its own hysteresis, so that noise around one threshold tells nobody anything: growth is told by factors,
a peak once the rate has stayed well below it, a new wave once it clearly left its low, and the end after a long calm.
Two turns are never closer together than `Rules.report_after_min`, the opening included.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

Phase = Literal["opened", "growing", "peaked", "over"]

_SMOOTHED_OVER_MIN = 10.0
_LOOK_AGAIN_MIN = 5
_QUARTERS = 4.0
_SURE = 2.0
"""Standard deviations, as Poisson has them, by which two quarters must differ before a turn rests on that."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When a turn is worth telling."""

    report_growth: float = 2.0
    """Told again when the rate is this many times what was last told."""
    report_after_min: int = 10
    peaked_share: float = 0.6
    """It has peaked when the smoothed rate stays under this part of its highest ..."""
    peaked_after_min: int = 20
    """... for so long."""
    again_share: float = 0.3
    """A new wave counts from this part of the highest rate on; below it is the tail of the old one."""
    close_after_min: int = 60
    remind_after_min: int = 0
    """Told again, in the phase it is in, after so long without a turn, so that it stays fresh; 0: never."""


class Life(msgspec.Struct, frozen=True, array_like=True):
    """Where a spike is in its life. Minutes are since 1970-01-01T00:00Z, rates are messages an hour."""

    phase: Phase
    since: int
    """The minute in which the phase began."""
    minute: int
    """The last minute that was followed."""
    told_at: int
    told: float
    """The rate when it was last told."""
    smooth: float
    peak: float
    """The highest rate since it opened, in minute `peak_at`."""
    peak_at: int
    crest: float
    """The highest rate of the present wave."""
    low: float
    """The lowest smoothed rate since it was told that it had peaked."""
    low_since: int | None = None
    """Since when the smoothed rate is well below the crest."""
    calm_since: int | None = None


class Turn(NamedTuple):
    """Something to tell: the phase that is entered, or goes on, and the named reason."""

    phase: Phase
    reason: str


def begin(minute: int, per_hour: float) -> Life:
    """A spike that opens in this minute."""
    return Life(
        phase="opened",
        since=minute,
        minute=minute,
        told_at=minute,
        told=per_hour,
        smooth=per_hour,
        peak=per_hour,
        peak_at=minute,
        crest=per_hour,
        low=per_hour,
    )


def follow(life: Life, minute: int, per_hour: float, calm: bool, rules: Rules) -> tuple[Life, Turn | None]:
    """What this minute makes of it. `per_hour` goes by the last quarter; `calm`: the windows are within expectation.

    A minute that was followed before, or that lies before it, changes nothing, and so does anything once it is over.
    """
    if minute <= life.minute or life.phase == "over":
        return life, None
    seen = _seen(life, minute, per_hour, calm, rules)
    if minute - seen.told_at < rules.report_after_min:
        return seen, None
    turn = _turn(seen, per_hour, rules)
    return (seen, None) if turn is None else (_turned(seen, turn, per_hour), turn)


def due(life: Life, rules: Rules) -> int | None:
    """The minute in which it should be followed if nothing arrives; None once it is over."""
    if life.phase == "over":
        return None
    ends = [life.minute + _LOOK_AGAIN_MIN] if life.calm_since is None else [life.calm_since + rules.close_after_min]
    if life.phase != "peaked":
        ends.append(
            life.minute + _LOOK_AGAIN_MIN if life.low_since is None else life.low_since + rules.peaked_after_min
        )
    return max(min(ends), life.told_at + rules.report_after_min, life.minute + 1)


def _seen(life: Life, minute: int, per_hour: float, calm: bool, rules: Rules) -> Life:
    fresh = -math.expm1((life.minute - minute) / _SMOOTHED_OVER_MIN)
    smooth = life.smooth + fresh * (per_hour - life.smooth)
    higher = per_hour > life.peak
    crest = max(life.crest, per_hour)
    below = smooth < rules.peaked_share * crest and _differ(crest, smooth)
    return msgspec.structs.replace(
        life,
        minute=minute,
        smooth=smooth,
        peak=per_hour if higher else life.peak,
        peak_at=minute if higher else life.peak_at,
        crest=crest,
        low=min(life.low, smooth),
        low_since=_first(life.low_since, minute) if below else None,
        calm_since=_first(life.calm_since, minute) if calm else None,
    )


def _first(known: int | None, minute: int) -> int:
    return minute if known is None else known


def _turn(life: Life, per_hour: float, rules: Rules) -> Turn | None:
    if life.calm_since is not None and life.minute - life.calm_since >= rules.close_after_min:
        return Turn("over", f"within_expectation_{rules.close_after_min}m")
    if life.phase != "peaked" and life.low_since is not None and life.minute - life.low_since >= rules.peaked_after_min:
        return Turn("peaked", "peaked")
    if life.calm_since is not None:
        return None
    if life.phase == "peaked" and _new_wave(life, rules):
        return Turn("growing", "growing_again")
    if life.phase != "peaked" and per_hour > 0.0 and per_hour >= rules.report_growth * life.told:
        return Turn("growing", "grown_since_last_report")
    if 0 < rules.remind_after_min <= life.minute - life.told_at:
        return Turn(life.phase, "goes_on")
    return None


def _new_wave(life: Life, rules: Rules) -> bool:
    least = max(rules.report_growth * life.low, rules.again_share * life.peak)
    return life.smooth >= least and _differ(life.smooth, life.low)


def _turned(life: Life, turn: Turn, per_hour: float) -> Life:
    if turn.reason == "goes_on":
        return msgspec.structs.replace(life, told_at=life.minute)
    peaked, again = turn.phase == "peaked", turn.reason == "growing_again"
    return msgspec.structs.replace(
        life,
        phase=turn.phase,
        since=life.minute if turn.phase != life.phase else life.since,
        told_at=life.minute,
        told=per_hour,
        low=life.smooth if peaked else life.low,
        crest=max(per_hour, life.smooth) if again else life.crest,
        low_since=None if peaked or again else life.low_since,
    )


def _differ(more: float, less: float) -> bool:
    """Two rates of a quarter differ by more than chance makes of one and the same."""
    return more - less >= _SURE * math.sqrt((more + less) * _QUARTERS)
