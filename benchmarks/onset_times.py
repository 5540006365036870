"""When something began in a stream of counts, said with hindsight and without the detector."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

WINDOW_MIN = 30
QUICK_MIN = 10
LEAST = 20
TIMES = 5.0
DAY_MIN = 24 * 60
DEFINITION = (
    f"An onset is the first minute from which the next {WINDOW_MIN} minutes hold at least {LEAST} messages and "
    f"{TIMES:g} times the median half hour of the day before, the first {QUICK_MIN} of them at least a third of that; "
    "the next onset of a stream is at least a day later. Kinds: `first` of a stream that is a day old, `later` than "
    "another one, and `at once`: the stream begins with it, so that nobody could know what is usual there."
)
Kind = Literal["first", "later", "at once"]
Counts = NDArray[np.int64]
KINDS: tuple[Kind, ...] = ("first", "later", "at once")


class Onset(NamedTuple):
    """Something began: in which minute since 1970, what the next half hour held, and what a half hour held before."""

    minute: int
    seen: int
    usual: float
    kind: Kind


def onsets(counts: Iterable[tuple[int, int]]) -> list[Onset]:
    """All onsets of a stream of (minute, messages), by DEFINITION. Half hours before its first message do not count."""
    held = dict[int, int]()
    for minute, count in counts:
        held[minute] = held.get(minute, 0) + count
    if not held:
        return []
    first = min(held)
    per_minute = np.zeros(max(held) - first + 1 + WINDOW_MIN, dtype=np.int64)
    per_minute[[minute - first for minute in held]] = list(held.values())
    upto = np.concatenate(([0], np.cumsum(per_minute)))
    found: list[Onset] = []
    for place in np.flatnonzero(_enough(per_minute, upto)):
        if found and place + first < found[-1].minute + DAY_MIN:
            continue
        if (onset := _onset(upto, int(place), first)) is not None:
            found.append(onset._replace(kind="later") if found else onset)
    return found


def _enough(per_minute: Counts, upto: Counts) -> NDArray[np.bool_]:
    """Where a minute has a message and is followed by the least number: the rest need not be looked at."""
    last = len(per_minute) - WINDOW_MIN
    enough: NDArray[np.bool_] = upto[WINDOW_MIN : last + WINDOW_MIN] - upto[:last] >= LEAST
    return (per_minute[:last] > 0) & enough


def _onset(upto: Counts, place: int, first: int) -> Onset | None:
    ends = np.arange(place, max(place - DAY_MIN, WINDOW_MIN - 1), -WINDOW_MIN)
    usual = float(np.median(upto[ends] - upto[ends - WINDOW_MIN])) if len(ends) else 0.0
    wanted = max(LEAST, TIMES * usual)
    seen, quick = (int(upto[min(place + n, len(upto) - 1)] - upto[place]) for n in (WINDOW_MIN, QUICK_MIN))
    if seen < wanted or quick < wanted / 3:
        return None
    return Onset(place + first, seen, usual, "at once" if place < DAY_MIN else "first")
