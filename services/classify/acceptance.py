"""Whether a candidate takes the present model's place: pure, with a named reason for every no.

Both are judged twice: on the shipped test split, and on the half of the corrections that no model is trained on.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol, TypeVar

import msgspec

TOLERANCE = {"critical_recall": 0.005, "false_pages": 0.002, "urgency": 0.005, "intent": 0.005, "sentiment": 0.005}
"""So much worse on the shipped test split counts as equal: less than one row in two hundred."""
FEWEST_CORRECTIONS = 20
"""On fewer held-out corrections than this nothing can be said."""

TOLERANCE_ON_CORRECTIONS = {"critical_recall": 0.0, "false_pages": 0.02}
"""The same on the corrections, which are few and of the hard cases: one more page in fifty may buy what was missed."""
_F1S = ("urgency", "intent", "sentiment")


class Scores(Protocol):
    """How a model does on some rows (`services.classify.training.evaluate.Scores`), each figure in 0..1."""

    @property
    def rows(self) -> int: ...

    @property
    def critical_recall(self) -> float: ...

    @property
    def false_pages(self) -> float: ...

    @property
    def macro_f1(self) -> Mapping[str, float]: ...


class Judged(NamedTuple):
    """One model's scores."""

    shipped: Scores
    corrections: Scores
    """On the held-out half."""


class Decision(msgspec.Struct, frozen=True):
    """Whether it is taken, and why: ``better``, or every bar it missed."""

    taken: bool
    reasons: tuple[str, ...]


class Identified(Protocol):
    """A row with an id."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Identified)


def held_out(row_id: str) -> bool:
    """Whether the row with this id is one that models are judged by: half of all ids, the same ones for ever."""
    return bool(hashlib.blake2b(row_id.encode(), digest_size=1, person=b"held-out").digest()[0] & 1)


def halves(rows: Iterable[R]) -> tuple[list[R], list[R]]:
    """The rows to train on, and those to judge by."""
    training: list[R] = []
    judging: list[R] = []
    for row in rows:
        (judging if held_out(row.id) else training).append(row)
    return training, judging


def accept(present: Judged, candidate: Judged, fewest: int = FEWEST_CORRECTIONS) -> Decision:
    """Take the candidate if it is nowhere worse on the shipped test split, and better on the corrections.

    Nowhere worse: on each bar at most `TOLERANCE` behind. Better: the mean of the three macro-F1s is higher, while
    recall of critical is not lower and false pages are within `TOLERANCE_ON_CORRECTIONS`.
    """
    reasons = [f"{bar}_worse" for bar in _worse(present.shipped, candidate.shipped, TOLERANCE)]
    if candidate.corrections.rows < fewest:
        reasons.append("corrections_too_few")
    else:
        reasons += _on_corrections(present.corrections, candidate.corrections)
    return Decision(not reasons, tuple(reasons) or ("better",))


def _on_corrections(present: Scores, candidate: Scores) -> Iterator[str]:
    yield from (f"{bar}_worse_on_corrections" for bar in _worse(present, candidate, TOLERANCE_ON_CORRECTIONS))
    if not _mean(candidate) > _mean(present):
        yield "corrections_not_better"


def _worse(present: Scores, candidate: Scores, tolerance: Mapping[str, float]) -> Iterator[str]:
    before, after = _behind(present), _behind(candidate)
    # The scores are rounded; what is only the error of a subtraction is not worse.
    yield from (bar for bar, most in tolerance.items() if after[bar] - before[bar] > most + 1e-9)


def _behind(scores: Scores) -> dict[str, float]:
    """How far each bar is from perfect."""
    f1s = {head: 1.0 - scores.macro_f1[head] for head in _F1S}
    return {"critical_recall": 1.0 - scores.critical_recall, "false_pages": scores.false_pages, **f1s}


def _mean(scores: Scores) -> float:
    return sum(scores.macro_f1[head] for head in _F1S) / len(_F1S)
