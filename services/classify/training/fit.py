"""Learning the weights of one language: four logistic regressions over the same evidence.

Each head is a multinomial logistic regression with L2 (Bishop 2006, section 4.3.4), classes weighted by the inverse of
their frequency, solved by L-BFGS to a fixed tolerance: the same rows give the same weights.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from services.classify.domain.heads import COLUMNS, HEADS
from services.classify.domain.weights import Floats
from services.classify.training.corpus import Row
from services.classify.training.evidence import BETWEEN, Feature, Seen, Space, idf_of

STRENGTH: Final = 3.0
"""How far the rows may pull a weight from zero; the inverse of the L2 penalty. Chosen by cross-validation."""
FOLDS: Final = 4
_TOLERANCE = 1e-3
_MOST_STEPS = 200
_GRID = 64
"""Weights are whole sixty-fourths: that moves no score by a hundredth, and a file of them is half as large."""
_KEPT = np.float16

Progress = Callable[[str], None]


class Fitted(NamedTuple):
    """Weights by column of a space, and what each class has before anything is read."""

    space: Space
    weights: Floats
    start: Floats


def fit(rows: Sequence[Row], seen: Sequence[Seen], importance: npt.NDArray[np.float64]) -> Fitted:
    """Weights for these rows. Raises ValueError where a head has one class only."""
    space = Space(seen)
    matrix = space.matrix(seen)
    weights = np.zeros((space.width, COLUMNS), np.float32)
    start = np.zeros(COLUMNS, np.float32)
    for at, head in enumerate(HEADS):
        told = [place for place, row in enumerate(rows) if row.labels[at]]
        labels = np.array([head.classes.index(rows[place].labels[at]) for place in told])
        coefficients, intercepts, classes = _solve(matrix[told], labels, importance[told])
        weights[:, head.start + classes] = coefficients.T
        absent = np.setdiff1d(np.arange(len(head.classes)), classes)
        start[head.start + classes] = intercepts
        start[head.start + absent] = intercepts.min() - 10.0
    return Fitted(space, (np.round(weights * _GRID) / _GRID).astype(np.float32), start)


def _solve(
    matrix: sparse.csr_matrix, labels: npt.NDArray[np.int64], importance: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    solver = LogisticRegression(C=STRENGTH, class_weight="balanced", tol=_TOLERANCE, max_iter=_MOST_STEPS)
    with threadpool_limits(1):  # the order of a sum must not depend on how many cores there are
        solver.fit(matrix, labels, sample_weight=importance)
    return _every_class(solver.coef_), _every_class(solver.intercept_), solver.classes_


def _every_class(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of two classes the library tells one side; the other is its mirror."""
    return np.concatenate([-values, values]) / 2 if len(values) == 1 else values


def scores(fitted: Fitted, seen: Sequence[Seen]) -> Floats:
    """What the classifier would give these rows."""
    found: Floats = np.asarray(fitted.space.matrix(seen) @ fitted.weights, np.float32) + fitted.start
    return found


def folds(rows: Sequence[Row]) -> list[int]:
    """A fold for each row. Rows of one batch share theirs, so that no row is judged by its neighbours."""
    batches = sorted({row.batch for row in rows})
    place = {batch: at % FOLDS for at, batch in enumerate(batches)}
    return [place[row.batch] for row in rows]


def arrays(fitted: Fitted) -> dict[str, npt.NDArray[np.generic]]:
    """The weights as `domain.model` keeps them."""
    space = fitted.space
    found: dict[str, npt.NDArray[np.generic]] = {}
    words = [feature for feature in space.features if feature[0] == "words"]
    for kind in ("words", "pieces", "signals"):
        mine = [feature for feature in space.features if feature[0] == kind]
        found[kind] = _joined(mine)
        _add(found, kind, fitted, mine)
    index = {name: place for place, (_, name) in enumerate(words)}
    for kind in ("neighbours", "near"):
        keyed = sorted((_key(feature, index), feature) for feature in space.features if feature[0] == kind)
        found[kind] = np.array([key for key, _ in keyed], np.int64)
        _add(found, kind, fitted, [feature for _, feature in keyed])
    found["length"] = fitted.weights[-1]
    found["start"] = fitted.start
    return found


def _add(found: dict[str, npt.NDArray[np.generic]], kind: str, fitted: Fitted, features: Sequence[Feature]) -> None:
    columns = [fitted.space.column[feature] for feature in features]
    found[f"{kind}.weights"] = fitted.weights[columns].astype(_KEPT)
    found[f"{kind}.idf"] = idf_of(fitted.space, features)


def _joined(features: Sequence[Feature]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\n".join(name for _, name in features).encode("utf-8"), np.uint8)


def _key(feature: Feature, index: dict[str, int]) -> int:
    first, _, second = feature[1].partition(BETWEEN)
    return index[first] * len(index) + index[second]
