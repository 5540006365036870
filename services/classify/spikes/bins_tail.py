"""How surprising a count is, and what a surprise is worth in this stream: its own daily peaks say what is ordinary.

Bursty streams have tails that no variance describes. What a day's most surprising moment usually is, and how far such
moments lie apart, tells how far out a real event of this stream has to be; a first guess bridges the first days.
"""

import math

from services.classify.spikes.bins_settings import TableSettings

_LEAST_NOISE = 0.01
_NOISE_WEIGHT = 3.0
_TELLING_COUNT = 4.0
"""Windows with an expectation well below this tell of chance, not of noise."""
_SHORTEST = 15.0
"""Minutes: settings speak of a window of this length."""
_OFF = 0.5


def surprise(count: float, usual: float, relative: float) -> float:
    """-ln of a bound on the chance of `count` or more: mean `usual` > 0, variance mean + `relative` * mean^2.

    Chernoff's bound for the negative binomial (Boucheron, Lugosi and Massart, Concentration Inequalities, section 2.2):
    the divergence between the distribution and the one whose mean is `count`. 0 where `count` is not above `usual`.
    """
    if count <= usual:
        return 0.0
    size = 1.0 / max(relative, _LEAST_NOISE)
    return count * math.log(count / usual) - (count + size) * math.log((count + size) / (usual + size))


def capped(count: float, usual: float, relative: float, deviations: float) -> float:
    """As much of `count` as could be ordinary."""
    return min(count, usual + deviations * math.sqrt(usual + relative * usual * usual) + 1.0)


class Noise:
    """How far windows of one length stray from what was expected, beyond chance; learned by moments.

    Bliss and Fisher, Biometrics 9, 1953: the variance of a window is mean + relative * mean^2.
    """

    def __init__(self, minutes: float, settings: TableSettings) -> None:
        self._first = settings.noise * math.pow(_SHORTEST / minutes, settings.noise_fading)
        self._excess, self._weights = 0.0, 0.0

    @property
    def relative(self) -> float:
        """The estimate."""
        known = self._excess + self._first * _NOISE_WEIGHT
        return max(known / (self._weights + _NOISE_WEIGHT), _LEAST_NOISE)

    def learn(self, count: float, usual: float, foreseen: float) -> None:
        """One whole window, its count capped; `foreseen` (0 to 1) says how far its hour was known."""
        told = usual / _TELLING_COUNT
        weight = (told / (1.0 + told)) ** 2 * foreseen
        self._excess += weight * ((count - usual) ** 2 - usual) / (usual * usual)
        self._weights += weight

    def forget(self, keep: float) -> None:
        """All is worth `keep` times what it was."""
        self._excess *= keep
        self._weights *= keep


class Peaks:
    """The most surprising moment of each day, per window."""

    def __init__(self, minutes: list[float], settings: TableSettings) -> None:
        self._settings = settings
        self._today = [0.0] * len(minutes)
        self._usual = [settings.peak] * len(minutes)
        self._sums = [0.0] * len(minutes)
        self._logs = [0.0] * len(minutes)
        self._squares = [0.0] * len(minutes)
        self._days = 0.0
        lengths = [max(length / _SHORTEST, 1.0) for length in minutes]
        self._times = [settings.times_peak * length**-settings.times_fading for length in lengths]
        self._least = [settings.least * length**-settings.least_fading for length in lengths]
        self._opening = self._all_opening()

    def strength(self, window: int, surprised: float) -> float:
        """A surprise in this window as a share of what opens a spike: 1 opens."""
        self._today[window] = max(self._today[window], surprised)
        return surprised / self._opening[window]

    def end_day(self, keep: float) -> None:
        """A day is over: its peaks are learned, earlier days are worth `keep` times what they were."""
        for window, peak in enumerate(self._today):
            told = min(peak, self._settings.peak_cap * self._usual[window])
            log = math.log(_OFF + told)
            self._sums[window] = (self._sums[window] + told) * keep
            self._logs[window] = (self._logs[window] + log) * keep
            self._squares[window] = (self._squares[window] + log * log) * keep
        self._days = (self._days + 1.0) * keep
        self._today = [0.0] * len(self._today)
        guess, days = self._settings.peak * self._settings.peak_days, self._settings.peak_days
        self._usual = [(total + guess) / (self._days + days) for total in self._sums]
        self._opening = self._all_opening()

    def _all_opening(self) -> list[float]:
        easier = math.exp(self._settings.evenness * min(0.0, self._apart() - self._settings.peaks_apart))
        asked = [times * usual * easier for times, usual in zip(self._times, self._usual, strict=True)]
        return [max(least, most) for least, most in zip(self._least, asked, strict=True)]

    def _apart(self) -> float:
        """How far the peaks of days lie apart, over all windows."""
        guess, days = self._settings.peaks_apart, self._settings.peaks_apart_days
        if not self._days:
            return guess
        strays = zip(self._squares, self._logs, strict=True)
        variance = sum(square - log * log / self._days for square, log in strays) / len(self._logs)
        return math.sqrt(max(0.0, variance + days * guess * guess) / (max(self._days - 1.0, 0.0) + days))
