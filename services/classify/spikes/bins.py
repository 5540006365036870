"""The scan over counts per bin: the mathematics of the step, for a series that comes as a table of counts."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from services.classify.spikes import baseline as base
from services.classify.spikes.baseline import WINDOWS, Baseline
from services.classify.spikes.scan import surprise

THRESHOLD = 0.5
"""A score from here on opens a spike, in every series."""

_MINUTES_PER_HOUR = 60
_FEWEST_BINS = 2
"""One bin alone is a burst; more of them are a story."""
_OPEN_SURPRISE = (8.5, 8.5, 7.5, 5.0, 3.0)
"""As the step's, but the short windows ask for more: a table counts messages, and one sender may have sent them all."""
_CALM_SURPRISE = 2.0
_CLOSE_AFTER_MIN = 360
_SCORE_DIGITS = 4
_HIGHEST_WHILE_OPEN = THRESHOLD - 10.0**-_SCORE_DIGITS


class Bin(NamedTuple):
    """A count that was seen, and what calendar and level said of it before."""

    seen: int
    calendar: float
    level: float


class BinScore(NamedTuple):
    """What was expected of a bin, and how strongly it calls for a new alert (0 to 1, rounded as it is written)."""

    expected: float
    score: float

    @property
    def alert(self) -> bool:
        """A spike opens with this bin."""
        return self.score >= THRESHOLD


class _Look(NamedTuple):
    place: int
    start: float
    decades: float


@dataclass
class BinScan:
    """One series in bins of `width` minutes. Strictly causal: a bin is judged before it is learned.

    While a spike is open the score stays just below the threshold: nobody is called twice for one story. It closes
    when the shortest window was within expectation for six hours.
    """

    width: float
    baseline: Baseline
    _bins: deque[Bin] = field(default_factory=deque)
    _seen: int = 0
    _lengths: dict[int, int] = field(default_factory=dict)
    """Bins per window, by the window's place in WINDOWS."""
    _open: bool = False
    _calm_since: float | None = None
    _told: float = 0.0
    """When the last spike closed: windows of an hour or more that reach behind it say nothing new."""

    def __post_init__(self) -> None:
        wanted = {index: round(minutes / self.width) for index, minutes in enumerate(WINDOWS)}
        self._lengths = {index: bins for index, bins in wanted.items() if bins >= _FEWEST_BINS}
        if not self._lengths:
            self._lengths = {len(WINDOWS) - 1: 1}
        self._bins = deque(maxlen=max(self._lengths.values()))

    def skip(self) -> None:
        """Bins are missing: windows do not reach across them."""
        self._bins.clear()

    def add(self, minute: float, count: int) -> BinScore:
        """Judge and then learn the bin that begins at `minute`."""
        hour = int(minute) // _MINUTES_PER_HOUR
        base.begin_hour(self.baseline, hour)
        level = base.level(self.baseline)
        usual = base.expected_count(self.baseline, int(minute), self.width)
        self._bins.append(Bin(count, usual / level, level))
        self._seen += 1
        looks = self._look(minute + self.width)
        base.learn_hours(self.baseline, hour, count, self.width / _MINUTES_PER_HOUR)
        return BinScore(usual, self._score(looks, minute + self.width))

    def _look(self, end: float) -> list[_Look]:
        held = list(self._bins)
        windows = [(index, bins) for index, bins in self._lengths.items() if bins <= len(held)]
        return [self._look_at(index, held[-bins:], end) for index, bins in windows]

    def _look_at(self, index: int, held: list[Bin], end: float) -> _Look:
        count = sum(one.seen for one in held)
        usual = held[0].level * sum(one.calendar for one in held)
        start = end - len(held) * self.width
        middle = int((start + end) / 2)
        raw = surprise(count, usual, base.spread(self.baseline, middle, index))
        decades = raw / base.stretch(self.baseline, index)
        base.note_peak(self.baseline, index, raw)
        if self._seen % len(held) == 0:
            base.learn_noise(self.baseline, index, middle, count, usual)
        return _Look(index, start, decades)

    def _score(self, looks: list[_Look], end: float) -> float:
        if self._open:
            self._wait_for_calm(looks, end)
        fresh = [one for one in looks if WINDOWS[one.place] < _MINUTES_PER_HOUR or one.start >= self._told]
        strength = max((one.decades / _OPEN_SURPRISE[one.place] for one in fresh), default=0.0)
        score = round(strength / (1.0 + strength), _SCORE_DIGITS)
        if self._open:
            return round(min(score, _HIGHEST_WHILE_OPEN), _SCORE_DIGITS)
        self._open, self._calm_since = score >= THRESHOLD, None
        return score

    def _wait_for_calm(self, looks: list[_Look], end: float) -> None:
        if looks and looks[0].decades >= _CALM_SURPRISE:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = end
        elif end - self._calm_since >= _CLOSE_AFTER_MIN:
            self._open, self._told = False, end
