"""The life of a spike in a table: opened once, over after hours of calm, and only a much larger burst comes between."""

import math

from services.classify.spikes.bins_settings import TableSettings


class OpenSpike:
    """Whether a spike is open, and how strong a burst has to be to open one."""

    def __init__(self, settings: TableSettings) -> None:
        self._settings = settings
        self.is_open = False
        self._calm_since = math.inf
        self._strongest = 0.0
        self._to_beat = math.inf
        self.over_at = -math.inf
        """When the last spike was over."""

    @property
    def told(self) -> float:
        """Until when all is told: infinite while a spike is open."""
        return math.inf if self.is_open else self.over_at

    def wait(self, shortest: float, end: float) -> None:
        """A bin ended at minute `end`, and this was the strength of the shortest window."""
        if not self.is_open:
            return
        if shortest >= self._settings.calm:
            self._calm_since = math.inf
            return
        self._calm_since = min(self._calm_since, end)
        calm = end - self._calm_since
        if calm >= self._settings.calm_minutes:
            self.is_open, self.over_at = False, end
        elif calm >= self._settings.lull_minutes and math.isinf(self._to_beat):
            self._to_beat = self._settings.larger * max(self._strongest, 1.0)

    def opens(self, strength: float, alert: bool) -> bool:
        """A burst of this strength, that would be an `alert` of its own, opens a spike."""
        opening = alert and (not self.is_open or strength >= self._to_beat)
        if opening:
            self.is_open, self._strongest = True, strength
            self._calm_since = self._to_beat = math.inf
        elif self.is_open:
            self._strongest = max(self._strongest, strength)
        return opening
