"""How good verdicts are: the figures that the model card shows and that decide whether a candidate is taken."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.mentions import Verdict
from services.classify.domain.heads import HEADS
from services.classify.domain.verdict import Classifier, Text
from services.classify.training.corpus import Row

Places = npt.NDArray[np.int64]
BINS: Final = 10


class Bin(msgspec.Struct, frozen=True):
    """Verdicts whose chance of their urgency lies in one tenth: how many, the mean chance, the share that was right."""

    rows: int
    chance: float
    right: float


class Scores(msgspec.Struct, frozen=True):
    """How verdicts on labelled rows compare with the labels. Shares are in 0..1; a share of nothing is 1."""

    rows: int
    critical: int
    """Rows that are critical."""
    critical_recall: float
    """Of those, the share called critical."""
    false_pages: float
    """Of the others, the share called critical."""
    macro_f1: dict[str, float]
    """By head: the mean over classes of F1."""
    unsure: float
    reliability: tuple[Bin, ...] = ()


def score(folder: Path | None, rows: Sequence[Row]) -> Scores:
    """The scores of the model in a folder, by default the shipped one."""
    return compare(Classifier.load(folder).judge([Text(row.text) for row in rows]), rows)


def compare(verdicts: Sequence[Verdict], rows: Sequence[Row]) -> Scores:
    """The scores of verdicts on rows, pairwise. A head that nobody labelled in a row is not scored there."""
    truth = np.array([[_place(at, label) for at, label in enumerate(row.labels)] for row in rows]).reshape(
        -1, len(HEADS)
    )
    said = np.array([_said(verdict) for verdict in verdicts]).reshape(-1, len(HEADS))
    told = truth >= 0
    critical, paged = (truth[:, 0] == 0), (said[:, 0] == 0)
    f1 = {
        head.name: round(macro_f1(truth[told[:, at], at], said[told[:, at], at], len(head.classes)), 4)
        for at, head in enumerate(HEADS)
    }
    urgent = told[:, 0]
    return Scores(
        rows=len(rows),
        critical=int(critical.sum()),
        critical_recall=_share(paged[critical], 1.0),
        false_pages=_share(paged[urgent & ~critical], 0.0),
        macro_f1=f1,
        unsure=_share(np.array([verdict.unsure for verdict in verdicts], bool), 0.0),
        reliability=reliability(
            np.array([verdict.urgency_p for verdict in verdicts])[urgent], (truth[:, 0] == said[:, 0])[urgent]
        ),
    )


def macro_f1(truth: Places, said: Places, classes: int) -> float:
    """The mean of F1 over the classes that occur in the labels or the verdicts."""
    found = []
    for place in range(classes):
        both = int(((truth == place) & (said == place)).sum())
        either = int((truth == place).sum() + (said == place).sum())
        if either:
            found.append(2 * both / either)
    return float(np.mean(found)) if found else 1.0


def reliability(chances: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Ten bins of the chance; empty ones are left out (Guo et al. 2017, section 2)."""
    place = np.minimum((chances * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(int(mine.sum()), round(float(chances[mine].mean()), 3), round(float(right[mine].mean()), 3))
        for mine in (place == each for each in range(BINS))
        if mine.any()
    )


def _said(verdict: Verdict) -> list[int]:
    said = (verdict.urgency, verdict.sentiment, verdict.intent, verdict.care)
    return [_place(at, label) for at, label in enumerate(said)]


def _place(head: int, label: str) -> int:
    return HEADS[head].classes.index(label) if label else -1


def _share(values: npt.NDArray[np.bool_], of_nothing: float) -> float:
    return round(float(values.mean()), 4) if len(values) else of_nothing
