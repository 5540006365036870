"""Streams for the measurement of onsets: a table of counts per minute, or a replay, through the live detector."""

import asyncio
import csv
import gzip
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, TextIO

from backbone.errors import BadInput
from backbone.ids import hash32
from contracts.volume import BlockCount, MinuteCount, SpikeEvent, VolumeUpdate
from services.classify.counting import BLOCK_SIZE
from services.classify.spikes.settings import SpikeSettings
from webcare.backtesting.detecting import Counting, Detector
from webcare.backtesting.material import FileMaterial, judges_of
from webcare.backtesting.pages import SpikePage, pages_of
from webcare.config.schema import ClassifyPart
from webcare.replay.lines import columns_of, read_script

COUNTS = "volume_per_minute.csv"
REPLAYS = ("replay.csv", "replay.csv.gz")
_MINUTE = timedelta(minutes=1)

Seen = Callable[[int], None]


class Stream(NamedTuple):
    """One brand's stream: messages by minute since 1970, and the pages it led to."""

    name: str
    counts: Counter[int]
    pages: list[SpikePage]


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as raw:
        yield TextIOWrapper(raw, encoding="utf-8-sig", newline="")


# ------------------------------------------------------------------------------------------------------- counts


def counted_streams(path: Path, seen: Seen, *, apart: bool = False) -> list[Stream]:
    """A table of series, minute and messages, in this order, sorted by minute; each message is another person's.

    `apart`: each stream has the budget of false pages for itself, instead of a share of it.
    """
    counts: dict[str, Counter[int]] = {}
    with _opened(path) as text:
        for series, minute, messages in _rows(text):
            counts.setdefault(series, Counter())[minute] += messages
    settings = SpikeSettings(brands=1 if apart else max(1, len(counts)))
    streams = []
    for name, held in counts.items():
        streams.append(Stream(name, held, pages_of(_detected(name, held, settings))))
        seen(held.total())
    return streams


def _rows(text: TextIO) -> Iterator[tuple[str, int, int]]:
    reader = csv.reader(text)
    next(reader, None)
    for row in reader:
        try:
            series, at, messages = row
            yield series, int(_instant(at).timestamp() // 60), int(messages)
        except ValueError as error:
            remedy = "Write series, minute (as 2026-03-01T13:45Z) and messages."
            raise BadInput(f"line {reader.line_num}: {error}.", code="bad_counts", remedy=remedy) from error


def _instant(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _detected(name: str, counts: Counter[int], settings: SpikeSettings) -> list[SpikeEvent]:
    """What the spike step says when each minute is counted at its end."""
    detector = Detector(settings)
    at = None
    for update in _updates(name, counts):
        at = update.at
        detector.take([update], at)
    if at is not None:
        detector.let_pass(at)
    return detector.events


def _updates(name: str, counts: Counter[int]) -> Iterator[VolumeUpdate]:
    offset = 0
    for minute in sorted(counts):
        blocks = []
        left = counts[minute]
        while left:
            room = min(left, BLOCK_SIZE - offset % BLOCK_SIZE)
            blocks.append(_block(name, offset, minute, room))
            offset, left = offset + room, left - room
        at = datetime.fromtimestamp(minute * 60, UTC) + _MINUTE
        yield VolumeUpdate(series=name, brand=name, at=at, blocks=tuple(blocks))


def _block(name: str, offset: int, minute: int, messages: int) -> BlockCount:
    """A block of its own for each minute: what an earlier minute left of one is not told again."""
    people = tuple(sorted({hash32(f"{name}\x1f{offset + n}") for n in range(messages)}))
    counted = MinuteCount(minute=minute, arrivals=messages, people=people)
    return BlockCount(topic="counts", partition=0, block=offset, upto=offset + messages - 1, minutes=(counted,))


# ------------------------------------------------------------------------------------------------------- replay


def replayed_streams(path: Path, seen: Seen, *, apart: bool = False) -> list[Stream]:
    """A replay, judged by the shipped model; its brands stand in the column brand, or event. `apart`: as above."""
    with _opened(path) as text:
        header = next(csv.reader(text), [])
    columns = columns_of(brand="brand" if "brand" in header else "event")
    script = read_script(path, columns, datetime.now(UTC), None)
    material = FileMaterial(script, judges_of(None, Path(), ClassifyPart()))
    detector = Detector(SpikeSettings(brands=1 if apart else max(1, len(material.brands))))
    counts: dict[str, Counter[int]] = {brand: Counter() for brand in material.brands}
    asyncio.run(_replay(material, detector, counts, seen))
    pages = pages_of(detector.events)
    return [Stream(brand, held, [page for page in pages if page.brand == brand]) for brand, held in counts.items()]


async def _replay(material: FileMaterial, detector: Detector, counts: dict[str, Counter[int]], seen: Seen) -> None:
    counting = Counting(detector.take)
    at = None
    async for heard in material.heard():
        for one in heard:
            counts[one.mention.brand][int(one.at.timestamp() // 60)] += 1
            at = one.at
        counting.take(heard)
        seen(len(heard))
    counting.flush()
    if at is not None:
        detector.let_pass(at)
