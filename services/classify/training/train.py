"""Making a model: weights for each language, decisions fitted by cross-validation, and a folder that is whole or not
there."""

import io
import shutil
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from backbone.errors import BadInput
from services.classify.domain.decide import Decisions
from services.classify.domain.heads import COLUMNS, HEADS
from services.classify.domain.model import DECISIONS, FORMAT, LANGUAGES, MANIFEST, WEIGHTS, Arrays, Manifest, pack
from services.classify.domain.weights import Floats
from services.classify.training.calibrate import calibrate, labels_of
from services.classify.training.corpus import Row
from services.classify.training.evidence import Seen, see_all
from services.classify.training.fit import FOLDS, Progress, arrays, fit, folds, scores

FEWEST = 4
"""Rows of a class in a language; with fewer, a fold would know nothing of it."""
OTHERS = 0.3
"""How much a row in another language than the one that is learned counts."""
_STAMP = (2020, 1, 1, 0, 0, 0)
"""Files inside the archive carry this time, so that the same weights are the same bytes."""


class Learned(msgspec.Struct, frozen=True):
    """One language: its arrays and decisions, and the scores of its rows by weights that were not trained on them."""

    arrays: dict[str, npt.NDArray[np.generic]]
    decisions: Decisions


def check(folder: Path, rows: Sequence[Row]) -> None:
    """Refuse before the work what would fail after it.

    Raises BadInput: ``not_a_model`` for a folder that holds something else, ``rows_too_few`` where a language with
    weights of its own, or a class, has hardly any rows.
    """
    if folder.exists() and not (folder / MANIFEST).exists():
        raise BadInput(f"{folder} is there and holds no model.", code="not_a_model", remedy="Choose another name.")
    for code in LANGUAGES[:-1]:
        mine = [row for row in rows if row.lang == code]
        for at, head in enumerate(HEADS):
            counts = Counter(row.labels[at] for row in mine)
            if rare := [name for name in head.classes if counts[name] < FEWEST]:
                raise BadInput(
                    f"In {code} {head.name} {rare[0]} has {counts[rare[0]]} rows; {FEWEST} are needed.",
                    code="rows_too_few",
                    remedy="Add rows of that class.",
                )


def learn(rows: Sequence[Row], code: str, progress: Progress) -> Learned:
    """Weights and decisions for one of LANGUAGES. Rows in other languages help to learn, and are not judged by."""
    seen = see_all(rows, code)
    importance = np.array([1.0 if code in ("*", row.lang) else OTHERS for row in rows])
    mine = [at for at, row in enumerate(rows) if code in ("*", row.lang)]
    unseen = _unseen(rows, seen, importance, progress, code)
    progress(f"{code}: all rows")
    return Learned(arrays(fit(rows, seen, importance)), calibrate(unseen[mine], labels_of([rows[at] for at in mine])))


def _unseen(
    rows: Sequence[Row], seen: Sequence[Seen], importance: npt.NDArray[np.float64], progress: Progress, code: str
) -> Floats:
    """The scores of each row by weights that were learned from the other folds."""
    found = np.zeros((len(rows), COLUMNS), np.float32)
    fold = np.array(folds(rows))
    for each in range(FOLDS):
        progress(f"{code}: fold {each + 1} of {FOLDS}")
        rest, held = np.flatnonzero(fold != each).tolist(), np.flatnonzero(fold == each).tolist()
        if held:
            fitted = fit([rows[at] for at in rest], [seen[at] for at in rest], importance[rest])
            found[held] = scores(fitted, [seen[at] for at in held])
    return found


def write(folder: Path, name: str, created: str, learned: Mapping[str, Learned], speech: Arrays) -> None:
    """Write a model; the folder is whole or, after a crash, not there. An older one of this name is replaced."""
    parts = dict(speech)
    for code in LANGUAGES:
        parts |= pack(learned[code].arrays, code)
    weights = _archive(parts)
    decisions = _json({code: learned[code].decisions for code in LANGUAGES})
    files = {WEIGHTS: sha256(weights).hexdigest(), DECISIONS: sha256(decisions).hexdigest()}
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    (unfinished / WEIGHTS).write_bytes(weights)
    (unfinished / DECISIONS).write_bytes(decisions)
    (unfinished / MANIFEST).write_bytes(_json(Manifest(name, FORMAT, created, files)))
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.replace(folder)


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def _archive(parts: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    """An npz whose bytes depend on the arrays alone."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts):
            data = io.BytesIO()
            np.lib.format.write_array(data, parts[name], allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _STAMP), data.getvalue(), zipfile.ZIP_DEFLATED)
    return target.getvalue()
