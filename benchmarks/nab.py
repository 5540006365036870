"""`python -m benchmarks.nab FOLDER`: the judgement of tables on a folder of labelled series, scored as NAB scores.

FOLDER holds *.csv (`timestamp`, `value`) and windows.json, which lists each file's windows by its name, as NAB's own
labels do. Printed: files at the one threshold of `webcare spikes` and at the best one in hindsight; each setting halved
and doubled; and, since so few files are easily fitted, each file with the settings and the threshold that the others
would have chosen.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from backbone.errors import BadInput, NotFound
from benchmarks.nab_scoring import PROFILES, STANDARD, Labelled, Profile, Tally, tally, together
from services.classify.spikes.bins import THRESHOLD, BinScan
from services.classify.spikes.bins_settings import TableSettings
from webcare.spike_table import minute_of, read_table

_DAY = 1440.0
_FEWEST = 2


class Series(NamedTuple):
    """A file's bins (minute of the beginning and count), their labels, and the width of a bin in minutes."""

    name: str
    bins: list[tuple[float, int]]
    labelled: Labelled
    width: float

    @property
    def days(self) -> float:
        """Of the part that is scored."""
        return (self.labelled.rows - self.labelled.probation) * self.width / _DAY


class Candidate(NamedTuple):
    """Settings by a name, and the score of every row of every series under them."""

    name: str
    scores: list[list[float]]


def load(folder: Path) -> list[Series]:
    """Every *.csv of the folder with its windows, by name; raises BadInput or NotFound with what to do."""
    try:
        listed = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"{folder.name} has no windows.json.", remedy="Name a folder with windows.json.") from error
    except ValueError as error:
        raise BadInput(f"windows.json is not JSON: {error}.", remedy="Write it as NAB's labels are.") from error
    windows = {Path(name).name: spans for name, spans in listed.items()}
    series = [_series(path, windows.get(path.name, [])) for path in sorted(folder.glob("*.csv"))]
    if not series:
        raise NotFound(f"{folder.name} has no *.csv.", remedy="Name a folder with the series.")
    return series


def _series(path: Path, spans: Sequence[Sequence[str]]) -> Series:
    bins = read_table(path)
    if len(bins) < _FEWEST:
        raise BadInput(f"{path.name} has fewer than two rows.", remedy="Leave it out of the folder.")
    rows = {minute: row for row, (minute, _) in enumerate(bins)}
    windows = []
    for first, last in spans:
        places = rows.get(minute_of(first)), rows.get(minute_of(last))
        if places[0] is None or places[1] is None:
            raise BadInput(f"{path.name} has no row at {first} or {last}.", remedy="Take windows.json of these files.")
        windows.append((places[0], places[1]))
    return Series(path.stem, bins, Labelled(len(bins), tuple(sorted(windows))), bins[1][0] - bins[0][0])


def judge(series: Series, settings: TableSettings) -> list[float]:
    """The score of each row."""
    scan = BinScan(series.width, settings=settings)
    return [scan.add(minute, count).score for minute, count in series.bins]


def at(every: Sequence[Series], scores: Sequence[list[float]], threshold: float, profile: Profile) -> list[Tally]:
    """What each series comes to where a row is flagged from this score on."""
    return [
        tally(one.labelled, [row for row, score in enumerate(of) if score >= threshold], profile)
        for one, of in zip(every, scores, strict=True)
    ]


def best_threshold(every: Sequence[Series], scores: Sequence[list[float]], profile: Profile = STANDARD) -> float:
    """The threshold with the most points in hindsight, among the scores that open spikes and some below."""
    opening = {score for of in scores for score in of if score >= THRESHOLD}
    below = {THRESHOLD - step / 50 for step in range(1, 10)}
    return max(
        sorted(opening | below | {THRESHOLD}),
        key=lambda threshold: together(at(every, scores, threshold, profile)).raw,
    )


def variations(settings: TableSettings) -> Iterator[tuple[str, TableSettings]]:
    """The settings as they are, and with each of them halved and doubled."""
    yield "as shipped", settings
    for field in fields(settings):
        value = getattr(settings, field.name)
        for word, factor in (("halved", 0.5), ("doubled", 2.0)):
            other = tuple(each * factor for each in value) if isinstance(value, tuple) else value * factor
            changed: dict[str, Any] = {field.name: other}
            yield f"{field.name} {word}", replace(settings, **changed)


def left_out(every: Sequence[Series], candidates: Sequence[Candidate]) -> list[tuple[str, float, Tally]]:
    """For each series the settings and threshold with the most points on the others, and what they give on it."""
    thresholds = [THRESHOLD, *(THRESHOLD + step / 40 for step in (1, 2, 3))]
    tried = [(each, threshold) for each in candidates for threshold in thresholds]
    tallies = [at(every, each.scores, threshold, STANDARD) for each, threshold in tried]
    chosen = []
    for place in range(len(every)):
        points = [together(of[:place] + of[place + 1 :]).raw for of in tallies]
        best = points.index(max(points))
        each, threshold = tried[best]
        chosen.append((each.name, threshold, tallies[best][place]))
    return chosen


def files_table(every: Sequence[Series], scores: Sequence[list[float]], threshold: float) -> Table:
    """Points of each file in the three profiles, windows hit, and false edges a day."""
    columns = (*(profile.name for profile in PROFILES), "windows hit", "false edges", "a stream-day")
    table = Table("file", *columns, title=f"score >= {threshold:g}")
    by_profile = [at(every, scores, threshold, profile) for profile in PROFILES]
    for place, one in enumerate(every):
        table.add_row(one.name, *_cells([of[place] for of in by_profile], one.days))
    whole = [together(of) for of in by_profile]
    table.add_row("all", *_cells(whole, sum(one.days for one in every)), end_section=True)
    return table


def _cells(tallies: Sequence[Tally], days: float) -> list[str]:
    points = [f"{each.points(profile):.1f}" for each, profile in zip(tallies, PROFILES, strict=True)]
    one = tallies[0]
    return [*points, f"{one.hits} of {one.windows}", f"{one.false_edges}", f"{one.false_edges / days:.3f}"]


def sensitivity_table(every: Sequence[Series], candidates: Sequence[Candidate]) -> Table:
    """All files at the one threshold, under each candidate."""
    table = Table("settings", "standard", "windows hit", "false edges a stream-day", title="sensitivity")
    days = sum(one.days for one in every)
    for each in candidates:
        whole = together(at(every, each.scores, THRESHOLD, STANDARD))
        hits = f"{whole.hits} of {whole.windows}"
        table.add_row(each.name, f"{whole.points(STANDARD):.1f}", hits, f"{whole.false_edges / days:.3f}")
    return table


def left_out_table(every: Sequence[Series], candidates: Sequence[Candidate]) -> Table:
    """Each file as the others would have had it judged."""
    columns = ("chosen on the others", "threshold", "standard", "windows hit", "false edges a day")
    table = Table("file left out", *columns, title="leave one file out")
    chosen = left_out(every, candidates)
    for one, (name, threshold, of) in zip(every, chosen, strict=True):
        hits, edges = f"{of.hits} of {of.windows}", f"{of.false_edges / one.days:.3f}"
        table.add_row(one.name, name, f"{threshold:g}", f"{of.points(STANDARD):.1f}", hits, edges)
    whole = together(of for _, _, of in chosen)
    edges = f"{whole.false_edges / sum(one.days for one in every):.3f}"
    table.add_row("all", "", "", f"{whole.points(STANDARD):.1f}", f"{whole.hits} of {whole.windows}", edges)
    return table


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nab", description=__doc__)
    parser.add_argument("folder", type=Path, help="*.csv and windows.json")
    parser.add_argument("--files-only", action="store_true", help="no sensitivity, nothing left out: seconds")
    asked = parser.parse_args()
    console = Console(width=120)
    every = load(asked.folder)
    began = time.perf_counter()
    shipped = Candidate("as shipped", [judge(one, TableSettings()) for one in every])
    took = time.perf_counter() - began
    console.print(f"{sum(one.labelled.rows for one in every) / took:,.0f} rows a second on one core")
    console.print(files_table(every, shipped.scores, THRESHOLD))
    console.print(files_table(every, shipped.scores, best_threshold(every, shipped.scores)))
    if asked.files_only:
        return
    console.print("each setting halved and doubled; some minutes ...")
    tried = [Candidate(name, [judge(one, each) for one in every]) for name, each in variations(TableSettings())]
    console.print(sensitivity_table(every, tried))
    console.print(left_out_table(every, tried))


if __name__ == "__main__":
    main()
