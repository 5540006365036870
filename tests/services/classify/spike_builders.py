"""Mentions, updates and whole days for the tests of counting and of the spike step."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
from counting_builders import mention, verdict

from contracts.volume import BlockCount, DeclaredCampaign, MinuteCount, SpikeEvent, VolumeUpdate
from services.classify.counting import Arrival
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series, next_due, step, tick

START = datetime(2026, 1, 5, tzinfo=UTC)
START_MINUTE = int(START.timestamp()) // 60
SETTINGS = SpikeSettings()


def arrival(
    offset: int, at: datetime, *, partition: int = 0, brand: str = "Vlieland", author: str | None = None
) -> Arrival:
    number = partition * 1_000_000 + offset
    return Arrival("mentions.raw", partition, offset, mention(number, at, brand=brand, author=author), verdict())


class Feed:
    """One series, told minute by minute, each minute a block of its own; ticks fire when they are due."""

    def __init__(self, state: SeriesState | None = None, blocks: int = 0, *, series: str = "Vlieland") -> None:
        self.state = state
        self.blocks = blocks
        self.series = series
        self.campaigns: tuple[DeclaredCampaign, ...] = ()
        self.events: list[SpikeEvent] = []

    def copy(self) -> "Feed":
        return Feed(self.state.copy() if self.state else None, self.blocks, series=self.series)

    def minute(
        self,
        minute: int,
        people: Iterable[int],
        *,
        at: datetime | None = None,
        arrivals: int | None = None,
        negative: int = 0,
        story: int | None = None,
    ) -> list[SpikeEvent]:
        hashes = tuple(sorted(people))
        count = len(hashes) if arrivals is None else arrivals
        now = at or datetime.fromtimestamp(minute * 60 + 59, UTC)
        told = self.wait(now)
        if count == 0:
            return told
        held = MinuteCount(
            minute=minute,
            arrivals=count,
            negative=negative,
            people=hashes,
            stories=((story, count),) if story else (),
            negative_stories=((story, negative),) if story and negative else (),
        )
        block = BlockCount(
            topic="mentions.raw", partition=0, block=self.blocks, upto=self.blocks * 64 + 63, minutes=(held,)
        )
        self.blocks += 1
        update = VolumeUpdate(
            series=self.series,
            brand="Vlieland",
            at=now,
            blocks=(block,),
            drill=self.series.endswith("|drill=yes"),
            campaigns=self.campaigns,
        )
        return told + self.update(update)

    def update(self, update: VolumeUpdate) -> list[SpikeEvent]:
        self.state, events = step(self.state or new_series(update), update, SETTINGS)
        self.events += events
        return events

    def wait(self, now: datetime) -> list[SpikeEvent]:
        told: list[SpikeEvent] = []
        while self.state and (due := next_due(self.state, SETTINGS)) and due <= now:
            self.state, events = tick(self.state, due, SETTINGS)
            told += events
        self.events += told
        return told

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


def feed_days(feed: Feed, days: range, per_day: float, seed: int = 3) -> Feed:
    """Quiet days: new people each minute, as many as chance and the hour of day make of it, nothing told twice."""
    rng = np.random.default_rng(seed)
    for minute in range(minute_at(days.start), minute_at(days.stop)):
        feed.minute(minute, people(rng, per_day / 1440 * day_shape(minute)))
    return feed


def people(rng: np.random.Generator, usual: float) -> list[int]:
    """About so many people who were never seen before."""
    return rng.integers(0, 2**32, int(rng.poisson(usual))).tolist()


def instant(minute: int) -> datetime:
    """When a minute begins."""
    return datetime.fromtimestamp(minute * 60, UTC)


def minute_at(days: float = 0.0, minutes: int = 0) -> int:
    return START_MINUTE + int(timedelta(days=days) / timedelta(minutes=1)) + minutes


def day_shape(minute: int) -> float:
    """Relative volume: a working day with tops in the afternoon and the evening; quieter weekends. Mean about 1."""
    hour = minute / 60 % 24
    bumps = math.exp(-(((hour - 16.5) / 3.5) ** 2)) + 0.9 * math.exp(-(((hour - 21.5) / 1.8) ** 2))
    morning = 0.6 * math.exp(-(((hour - 10.5) / 3) ** 2))
    weekend = 0.7 if (minute // 1440 + 3) % 7 >= 5 else 1.0
    return (0.15 + bumps + morning) * weekend / 0.61
