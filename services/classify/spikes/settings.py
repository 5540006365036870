"""How sure the spike step must be before it speaks. Thresholds are surprises: decades of -log10 chance."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SpikeSettings:
    """One set for every series, from 20 to 20,000 a day."""

    open_surprise: tuple[float, ...] = (7.0, 6.5, 5.5, 4.5, 3.0)
    """A spike opens here, per scan window (5, 15, 60 minutes, 6 and 24 hours).

    A month has some 9,000 looks at five minutes and 30 at a day, so that the same chance of a false alarm allows the
    long windows to speak sooner. All leave room for streams that burst more than the learned noise tells.
    """
    calm_surprise: float = 2.0
    """Below this the last quarter is within expectation."""
    content_surprise: float = 1.5
    """What negative and urgent shares and one growing story may add together at most."""
    least_people: int = 5
    close_after_min: int = 60
    report_growth: float = 2.0
    """An open spike is reported again when it has grown by this factor since the last report."""
    report_after_min: int = 10
    future_min: int = 5
    """A mention dated further ahead of the clock counts as of now."""
    history_min: int = 360
    """Mentions older than this only teach what is expected: an import of last month wakes nobody."""
