"""`python -m benchmarks.onsets FOLDER...`: when something began in real streams, and when and why it was paged.

A FOLDER holds `volume_per_minute.csv` (series, minute, messages) or `replay.csv`, plain or .gz, with its brands in a
column `brand` or `event`. Nothing of them is kept. Onsets are said with hindsight by a definition of its own, which is
printed; the detector is given each message at its time. Counts name no people: each message is another person's.
"""

import statistics
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from rich.console import Console
from rich.table import Table

from backbone.errors import WebcareError
from benchmarks.onset_times import DEFINITION, KINDS, WINDOW_MIN, Onset, onsets
from benchmarks.streams import COUNTS, REPLAYS, Stream, counted_streams, replayed_streams
from webcare.backtesting.pages import SpikePage

_EARLY = timedelta(minutes=WINDOW_MIN)
_SOON = timedelta(hours=6)
_LASTS = timedelta(days=1)
_WIDTH = 150


class Found(NamedTuple):
    """An onset, and the first page about it."""

    stream: str
    onset: Onset
    page: SpikePage | None

    @property
    def delay_min(self) -> float | None:
        """Minutes from the onset to the page; below 0 where somebody was told before, and the page is still open."""
        return None if self.page is None else (self.page.at - _at(self.onset.minute)).total_seconds() / 60


class Result(NamedTuple):
    """One file's onsets, and the pages that are not from half an hour before one to a day after it."""

    found: list[Found]
    besides: list[SpikePage]
    quiet: list[str]
    """Streams without an onset."""
    days: float


def _at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def result_of(streams: Iterable[Stream]) -> Result:
    """Each onset with the page that is open when it begins, or the first within six hours."""
    found: list[Found] = []
    besides: list[SpikePage] = []
    quiet: list[str] = []
    days = 0.0
    for stream in streams:
        began = onsets(stream.counts.items())
        found += [Found(stream.name, onset, _page_of(onset, stream.pages)) for onset in began]
        besides += [page for page in stream.pages if not any(_about(page, onset, _LASTS) for onset in began)]
        quiet += [] if began else [stream.name]
        days += (max(stream.counts) - min(stream.counts)) / 1440 if stream.counts else 0.0
    return Result(found, besides, quiet, days)


def _about(page: SpikePage, onset: Onset, lasts: timedelta) -> bool:
    began = _at(onset.minute)
    return page.at < began + lasts and (page.over is None or page.over >= began - _EARLY)


def _page_of(onset: Onset, pages: Iterable[SpikePage]) -> SpikePage | None:
    return min((page for page in pages if _about(page, onset, _SOON)), key=lambda page: page.at, default=None)


# -------------------------------------------------------------------------------------------------------- tables


def _table(result: Result, title: str) -> Table:
    table = Table("stream", "onset (UTC)", "half hour", "usual", "kind", "first page", "delay, min", "evidence")
    table.title = title
    for each in sorted(result.found, key=_by_kind):
        onset, page = each.onset, each.page
        told = (_written(page.at), f"{each.delay_min:.0f}", _evidence(page)) if page else ("none", "", "")
        table.add_row(each.stream, _written(_at(onset.minute)), str(onset.seen), f"{onset.usual:g}", onset.kind, *told)
    return table


def _by_kind(each: Found) -> tuple[int, str, int]:
    return KINDS.index(each.onset.kind), each.stream, each.onset.minute


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _evidence(page: SpikePage) -> str:
    figures = f"{page.seen} in {page.window_s // 60} min, {page.expected:.3g} expected, {page.people} people"
    return f"{figures}; {page.history_days:.1f} days known"


def _summary(result: Result) -> Iterator[str]:
    for kind in KINDS:
        of_kind = [each for each in result.found if each.onset.kind == kind]
        delays = sorted(delay for each in of_kind if (delay := each.delay_min) is not None)
        told = f"{kind}: {len(delays)} of {len(of_kind)} onsets paged"
        if delays:
            # One that was open before cannot be told sooner than at once.
            waited = [max(delay, 0.0) for delay in delays]
            ninth = waited[min(len(waited) - 1, int(0.9 * len(waited)))]
            within = sum(delay <= 10 for delay in waited)
            open_before = sum(delay < 0 for delay in delays)
            told += f", {open_before} of them before; delay median {statistics.median(waited):.0f} min, p90 {ninth:.0f}"
            told += f"; within 10 min {within}"
        yield told
    rough = sum(page.history_days < 1 for page in result.besides)
    yield (
        f"pages about no such onset: {len(result.besides)} in {result.days:.0f} stream-days, {rough} of them in the "
        f"first day of their stream; streams without an onset: {', '.join(result.quiet) or 'none'}"
    )


# ----------------------------------------------------------------------------------------------------------- main


class Reading(Protocol):
    """How a file becomes streams."""

    def __call__(self, path: Path, seen: Callable[[int], None], *, apart: bool) -> list[Stream]:
        """The streams of `path`; `apart`: each with a budget of its own."""
        ...


def _files(folders: Iterable[Path]) -> Iterator[tuple[Path, Reading]]:
    for folder in folders:
        if (counts := folder / COUNTS).exists():
            yield counts, counted_streams
        replays = [folder / name for name in REPLAYS if (folder / name).exists()]
        if replays:
            yield replays[0], replayed_streams
        if not replays and not counts.exists():
            print(f"{folder}: neither {COUNTS} nor {' or '.join(REPLAYS)}", file=sys.stderr)


def main() -> None:
    """Print a table for each file."""
    parser = ArgumentParser(prog="python -m benchmarks.onsets", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--apart", action="store_true", help="Each stream has the whole budget of false pages.")
    asked = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    status = Console(stderr=True)
    console.print(DEFINITION, highlight=False)
    for path, reading in _files(asked.folders):
        done = 0
        with status.status(path.name) as shown:

            def seen(n: int, shown: object = shown, path: Path = path) -> None:
                nonlocal done
                done += n
                shown.update(f"{path}: {done:,} messages")  # type: ignore[attr-defined]

            try:
                result = result_of(reading(path, seen, apart=asked.apart))
            except WebcareError as error:
                raise SystemExit(f"{path}: {error}") from None
        console.print(_table(result, f"{path.parent.name}/{path.name}: {done:,} messages"))
        for line in _summary(result):
            console.print(line, highlight=False)


if __name__ == "__main__":
    main()
