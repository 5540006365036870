"""Simulated mentions through the real spike step, told as the counter tells them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

import msgspec
import numpy as np

from contracts.volume import BlockCount, DeclaredCampaign, MinuteCount, SpikeEvent, VolumeUpdate
from services.classify.spikes.settings import SpikeSettings
from services.classify.spikes.state import SeriesState
from services.classify.spikes.step import new_series, next_due, step, tick
from webcare.simulating.arrivals import CHANNELS, Arrivals

BRAND = "simulated"
BLOCK_SIZE = 64
_TOPIC = "mentions.raw"
_Key = TypeVar("_Key", int, str)


@dataclass
class Teller:
    """Tells mentions as the counter does, each batch when it is over: what the blocks hold that it touched.

    `alone` is a log that holds nothing else, so that blocks fill up over minutes and are told again each time they
    grow; else each batch falls in blocks of its own, as where many brands share a log. Both count the same.
    """

    alone: bool = False
    offset: int = 0
    """Where the log goes on."""
    block: dict[int, MinuteCount] = field(default_factory=dict)
    """What the block at the end of the log holds, by minute."""

    def tell(
        self, arrivals: Arrivals, batch_s: int, campaigns: tuple[DeclaredCampaign, ...] = ()
    ) -> Iterator[VolumeUpdate]:
        """One update per `batch_s` seconds (a divisor of 60) in which something arrived."""
        if not arrivals.size:
            return
        bounds = [0, *(np.flatnonzero(np.diff(arrivals.second // batch_s)) + 1).tolist(), arrivals.size]
        seconds = arrivals.second.tolist()
        columns = tuple(column.tolist() for column in arrivals[1:])
        for first, last in pairwise(bounds):
            at = _moment((seconds[first] // batch_s + 1) * batch_s)
            blocks = self._add(seconds[first] // 60, columns, first, last)
            yield VolumeUpdate(series=BRAND, brand=BRAND, at=at, blocks=blocks, campaigns=campaigns)

    def copy(self) -> "Teller":
        """One that goes on from here by itself."""
        return replace(self, block=dict(self.block))

    def _add(self, minute: int, columns: Sequence[list[int]], first: int, last: int) -> tuple[BlockCount, ...]:
        told = []
        while first < last:
            place = self.offset % BLOCK_SIZE
            if place == 0:
                self.block = {}
            end = min(last, first + BLOCK_SIZE - place)
            count = _count(minute, *(column[first:end] for column in columns))
            held = self.block.get(minute)
            self.block[minute] = _sum(held, count) if held else count
            self.offset += end - first
            told.append(self._content())
            first = end
        if not self.alone:
            self.offset += -self.offset % BLOCK_SIZE
        return tuple(told)

    def _content(self) -> BlockCount:
        upto = self.offset - 1
        minutes = tuple(self.block[minute] for minute in sorted(self.block))
        return BlockCount(topic=_TOPIC, partition=0, block=upto // BLOCK_SIZE, upto=upto, minutes=minutes)


@dataclass
class Driver:
    """One series on a clock of its own: time passes, mentions are told, events are kept."""

    settings: SpikeSettings
    teller: Teller = field(default_factory=Teller)
    state: SeriesState | None = None
    events: list[SpikeEvent] = field(default_factory=list)

    def fork(self) -> "Driver":
        """A driver that goes on from here by itself, without the events so far."""
        return replace(self, teller=self.teller.copy(), state=self.state.copy() if self.state else None, events=[])

    def feed(self, arrivals: Arrivals, batch_s: int, campaigns: tuple[DeclaredCampaign, ...] = ()) -> None:
        """Mentions after all that came before, each batch of `batch_s` seconds told when it is over."""
        for update in self.teller.tell(arrivals, batch_s, campaigns):
            self._let_pass(update.at)
            self.state, events = step(self.state or new_series(update), update, self.settings)
            self.events += events

    def wait(self, until: int) -> None:
        """Nothing arrives before second `until`."""
        self._let_pass(_moment(until))

    def _let_pass(self, now: datetime) -> None:
        due = next_due(self.state, self.settings) if self.state else None
        while self.state and due and due <= now:
            self.state, events = tick(self.state, due, self.settings)
            self.events += events
            before, due = due, next_due(self.state, self.settings)
            if due and due <= before:
                return


def _count(
    minute: int, people: list[int], stories: list[int], negative: list[int], urgent: list[int], channels: list[int]
) -> MinuteCount:
    angry = [story for story, one in zip(stories, negative, strict=True) if one]
    return MinuteCount(
        minute=minute,
        arrivals=len(people),
        negative=sum(negative),
        urgent=sum(urgent),
        people=tuple(sorted(set(people))),
        stories=tuple((story, stories.count(story)) for story in sorted(set(stories))),
        channels=tuple((CHANNELS[each], channels.count(each)) for each in sorted(set(channels))),
        negative_stories=tuple((story, angry.count(story)) for story in sorted(set(angry))),
    )


def _sum(one: MinuteCount, more: MinuteCount) -> MinuteCount:
    return msgspec.structs.replace(
        one,
        arrivals=one.arrivals + more.arrivals,
        negative=one.negative + more.negative,
        urgent=one.urgent + more.urgent,
        people=tuple(sorted({*one.people, *more.people})),
        stories=_pairs(one.stories, more.stories),
        channels=_pairs(one.channels, more.channels),
        negative_stories=_pairs(one.negative_stories, more.negative_stories),
    )


def _pairs(one: tuple[tuple[_Key, int], ...], more: tuple[tuple[_Key, int], ...]) -> tuple[tuple[_Key, int], ...]:
    told = dict(one)
    for key, count in more:
        told[key] = told.get(key, 0) + count
    return tuple(sorted(told.items()))


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
