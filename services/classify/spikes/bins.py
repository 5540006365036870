"""The scan over counts per bin: what the step does with minutes, for series that come as a table."""

from collections import deque
from dataclasses import dataclass, field

from services.classify.spikes import baseline as bl
from services.classify.spikes.scan import surprise


@dataclass(frozen=True)
class BinFinding:
    """What one bin, as the end of its windows, says. `usual` is expected of the bin alone."""

    usual: float
    surprise: float
    shortest: float


@dataclass
class BinScan:
    """One series in bins of a fixed width, strictly causal: a bin is judged before it is learned."""

    width: float
    baseline: bl.Baseline
    counts: deque[int] = field(default_factory=deque)
    bins: int = 0

    def __post_init__(self) -> None:
        self.lengths = [max(1, round(window / self.width)) for window in bl.WINDOWS]

    def add(self, minute: int, count: int, learn: bool = True) -> BinFinding:
        """Judge and then learn the bin that begins at `minute`."""
        self.counts.append(count)
        if len(self.counts) > max(self.lengths):
            self.counts.popleft()
        self.bins += 1
        end = minute + self.width
        values = list(self.counts)
        best = 0.0
        shortest = 0.0
        done = set()
        usual_bin = bl.expected_count(self.baseline, minute, self.width)
        for index, length in enumerate(self.lengths):
            if length in done or length > len(values):
                continue
            done.add(length)
            span = length * self.width
            usual = bl.expected_count(self.baseline, int(end - span), span)
            total = sum(values[-length:])
            found = surprise(total, usual, bl.spread(self.baseline, int(end - span / 2), index))
            best = max(best, found)
            if index < 2:
                shortest = max(shortest, found)
            if learn and self.bins % length == 0:
                bl.learn_noise(self.baseline, index, minute, total, usual)
        per_hour = max(1, round(60 / self.width))
        if learn and self.bins % per_hour == 0 and len(values) >= per_hour:
            span = per_hour * self.width
            bl.learn_hours(self.baseline, int(end - span) // 60, sum(values[-per_hour:]), span / 60)
        return BinFinding(usual_bin, best, shortest)
