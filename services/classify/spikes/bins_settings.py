"""What the judgement of a table rests on, in one place: `benchmarks.nab` halves and doubles each of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableSettings:
    """The same for every table, whatever its volume and the width of its bins. Surprise is in nats (see `surprise`)."""

    windows: tuple[float, ...] = (15.0, 60.0, 360.0, 1440.0)
    """Lengths in minutes of the windows that are looked at with every bin, shortest first."""

    memory_days: float = 33.0
    """How long hours of the week, noise and daily peaks are remembered: after so many days e times less."""
    level_days: float = 2.0
    """The same for how busy the stream is beside its calendar."""
    cap_deviations: float = 3.5
    """What lies further out is not learned: a spike does not become what is usual."""
    noise: float = 0.12
    """Relative variance of fifteen minutes beyond chance, before anything is learned of it."""
    noise_fading: float = 0.4
    """How fast that first guess falls with the length of a window, as a power."""

    peak: float = 6.0
    """Surprise of a stream's most surprising moment of a day, before anything is learned of it."""
    peak_days: float = 4.0
    """So many days that first guess is worth."""
    peak_cap: float = 5.0
    """A day's peak counts for at most so many usual ones."""
    peaks_apart: float = 0.9
    """How far the peaks of days lie apart in a bursty stream: standard deviation of their logarithm."""
    peaks_apart_days: float = 4.0
    evenness: float = 1.5
    """How much less is asked of streams whose days resemble one another, as a power of e per unit of the above."""

    times_peak: float = 5.2
    """A spike is so many times as surprising as the usual peak of a day of a bursty stream ..."""
    times_fading: float = 0.2
    """... and less so in longer windows, by this power of their length: they average, so their tails are lighter."""
    least: float = 10.0
    """And it is at least so surprising in fifteen minutes: few streams are so even that less would be an event."""
    least_fading: float = 0.25

    calm: float = 0.3
    """A spike calms down where the shortest window's share of what opens one is below this ..."""
    calm_minutes: float = 360.0
    """... and is over when it was so for so long."""
    lull_minutes: float = 30.0
    """After so long a calm a much larger burst opens a spike of its own ..."""
    larger: float = 2.0
    """... where it is so many times as strong as all that was seen of the spike that is still open."""

    false_a_month: float = 2.0
    """In streams whose days hardly stray from chance: how many false alerts a month their thresholds allow ..."""
    chance_after_days: float = 7.0
    """... from so long after their first bin on."""
    chance_telling: float = 0.7
    """A window tells of that where it held enough on so many days, as a share of those of the window that did most."""
