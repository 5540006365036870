"""From scores to honest chances and to decisions, fitted on rows the weights were not trained on."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from services.classify.domain.decide import Decisions, decide
from services.classify.domain.heads import COLUMNS, HEADS, Head
from services.classify.domain.weights import Floats
from services.classify.training.corpus import Row
from services.classify.training.evaluate import macro_f1

FALSE_PAGES: Final = 0.036
"""The share of texts that are not critical which may wake somebody; recall of critical is what that leaves.

The rows that are learned from stand closer to the border than messages do, and each fold is judged without the
sittings that wrote it: on the test split this share is less than half as large.
"""
_LEANS: Final = tuple(np.arange(-1.5, 1.51, 0.25).tolist())
_ROUNDS = 2

Labels = npt.NDArray[np.int64]


def labels_of(rows: Sequence[Row]) -> Labels:
    """One column for each head: the place of the class, -1 where nobody said."""
    return np.array([[_place(head, row.labels[at]) for at, head in enumerate(HEADS)] for row in rows], np.int64)


def _place(head: Head, label: str) -> int:
    return head.classes.index(label) if label else -1


def calibrate(scores: Floats, labels: Labels) -> Decisions:
    """Chances by scaling and shifting scores (Platt 1999, for several classes); leans with the best macro-F1."""
    scale: list[float] = []
    shift: list[float] = []
    for at, head in enumerate(HEADS):
        told = labels[:, at] >= 0
        factor, offsets = _chances(scores[told, head.columns].astype(np.float64), labels[told, at])
        scale.append(factor)
        shift += offsets
    level = Decisions(tuple(scale), tuple(shift), (0.0,) * COLUMNS, 1.1)
    chances = decide(scores, level).chances
    told = labels[:, 0] >= 0
    page = threshold(chances[told, 0], labels[told, 0] == 0, FALSE_PAGES)
    return _leaning(scores, labels, Decisions(level.scale, level.shift, level.lean, page))


def _chances(scores: npt.NDArray[np.float64], labels: Labels) -> tuple[float, list[float]]:
    classes = scores.shape[1]
    truth = np.eye(classes)[labels]

    def loss(values: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        raised = scores * values[0] + values[1:]
        raised -= raised.max(axis=1, keepdims=True)
        log_chances = raised - np.log(np.exp(raised).sum(axis=1, keepdims=True))
        beyond = np.exp(log_chances) - truth
        slope = np.concatenate(([(beyond * scores).sum()], beyond.sum(axis=0))) / len(labels)
        return -float((log_chances * truth).sum()) / len(labels), slope

    found = minimize(loss, np.concatenate(([1.0], np.zeros(classes))), jac=True, method="L-BFGS-B").x
    return round(float(found[0]), 4), [round(float(value), 4) for value in found[1:]]


def threshold(chances: Floats, critical: npt.NDArray[np.bool_], share: float) -> float:
    """The lowest chance at which at most `share` of what is not critical is called critical."""
    others = np.sort(chances[~critical])[::-1]
    allowed = int(share * len(others))
    if allowed >= len(others):
        return 0.0
    return round(float(others[allowed]) + 1e-4, 4)


def _leaning(scores: Floats, labels: Labels, level: Decisions) -> Decisions:
    """Leans head by head and class by class, each the best of a fixed grid while the others stand."""
    lean = list(level.lean)
    for at, head in enumerate(HEADS):
        for _ in range(_ROUNDS):
            for column in range(head.start + (1 if at == 0 else 0), head.columns.stop):
                lean[column] = max(_LEANS, key=lambda value: _gain(scores, labels, level, lean, column, value, head))
    return Decisions(level.scale, level.shift, tuple(lean), level.page)


def _gain(
    scores: Floats, labels: Labels, level: Decisions, lean: Sequence[float], column: int, value: float, head: Head
) -> tuple[float, float]:
    tried = [*lean[:column], value, *lean[column + 1 :]]
    at = HEADS.index(head)
    told = labels[:, at] >= 0
    won = decide(scores[told], Decisions(level.scale, level.shift, tuple(tried), level.page)).won[:, at]
    return macro_f1(labels[told, at], won, len(head.classes)), -abs(value)
