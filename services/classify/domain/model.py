"""A model as a folder of checked files: read without running anything that stands in them."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from backbone.errors import BadInput
from services.classify.domain.decide import Decisions
from services.classify.domain.heads import COLUMNS
from services.classify.domain.language import CHOICES, LanguageTable
from services.classify.domain.weights import Weights, pairs, table

FORMAT: Final = 1
MANIFEST: Final = "model.json"
WEIGHTS: Final = "weights.npz"
DECISIONS: Final = "decisions.json"
CARD: Final = "CARD.md"
LANGUAGES: Final = ("nl", "en", "*")
"""A model holds weights for these; `*` judges every other language by what does not depend on it."""

SPEECH: Final = ("words", "runs")

Arrays = Mapping[str, npt.NDArray[np.generic]]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model is called, and what its files must be."""

    name: str
    format: int
    created: str
    """The day it was trained, in ISO 8601."""
    files: dict[str, str]
    """SHA-256 of each file beside this one that judges."""


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model. Immutable."""

    name: str
    weights: Mapping[str, Weights]
    decisions: Mapping[str, Decisions]
    speech: LanguageTable

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """The model in a folder.

        Raises BadInput (``model_missing``, ``model_damaged``, ``model_format``) that names the file.
        """
        manifest = _manifest(folder)
        for name in (WEIGHTS, DECISIONS):
            if sha256(_read(folder / name)).hexdigest() != manifest.files.get(name):
                raise _damaged(folder / name, "its bytes are not those that were trained")
        arrays = _arrays(folder / WEIGHTS)
        try:
            weights = {code: unpack(arrays, code) for code in LANGUAGES}
            decisions = msgspec.json.decode(_read(folder / DECISIONS), type=dict[str, Decisions])
            decisions = {code: decisions[code] for code in LANGUAGES}
            return cls(manifest.name, weights, decisions, _speech(arrays))
        except (KeyError, ValueError, IndexError, msgspec.MsgspecError) as error:
            raise _damaged(folder / WEIGHTS, f"it does not hold what a model needs: {error}") from error


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(_read(path), type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    if manifest.format != FORMAT:
        raise BadInput(
            f"{path} has format {manifest.format}; this version reads format {FORMAT}.",
            code="model_format",
            remedy="Train the model again with this version.",
        )
    return manifest


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}.",
            code="model_missing",
            remedy="`webcare models list` names the models that there are.",
        ) from error


def _arrays(path: Path) -> Arrays:
    try:
        with np.load(io.BytesIO(_read(path)), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, why: str) -> BadInput:
    return BadInput(
        f"{path} is damaged: {why}.",
        code="model_damaged",
        remedy="Copy the folder again, or go back to another model with `webcare models back`.",
    )


def pack(weights: "Learned", code: str) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of one language as a file keeps them; `unpack` gives the same scores back."""
    return {f"{code}/{name}": array for name, array in weights.items()}


Learned = Mapping[str, npt.NDArray[np.generic]]
"""Of one language: `words`, `pieces`, `signals` (names, joined by line ends, as bytes), `neighbours`, `near` (keys),
each with `.weights` and `.idf`; `length` and `start`."""


def unpack(arrays: Arrays, code: str) -> Weights:
    """The weights of one language. Raises KeyError or ValueError where something is missing or of another shape."""
    tables = {kind: table(*_named(arrays, f"{code}/{kind}")) for kind in ("words", "pieces", "signals")}
    both = {kind: pairs(_keys(arrays[f"{code}/{kind}"]), *_learned(arrays, f"{code}/{kind}")) for kind in _PAIRS}
    return Weights(
        words=tables["words"],
        pieces=tables["pieces"],
        signals=tables["signals"],
        neighbours=both["neighbours"],
        near=both["near"],
        length=_floats(arrays[f"{code}/length"]).reshape(COLUMNS),
        start=_floats(arrays[f"{code}/start"]).reshape(COLUMNS),
    )


_PAIRS = ("neighbours", "near")


def _speech(arrays: Arrays) -> LanguageTable:
    return LanguageTable(*(_spoken(arrays, f"speech/{kind}") for kind in SPEECH))


def _spoken(arrays: Arrays, kind: str) -> dict[str, tuple[float, ...]]:
    names = arrays[kind].tobytes().decode("utf-8").split("\n")
    values = _floats(arrays[f"{kind}.chances"]).reshape(len(names), len(CHOICES)).tolist()
    return {name: tuple(row) for name, row in zip(names, values, strict=True)}


def _named(arrays: Arrays, kind: str) -> tuple[list[str], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    joined = arrays[kind].tobytes().decode("utf-8")
    return (joined.split("\n") if joined else []), *_learned(arrays, kind)


def _learned(arrays: Arrays, kind: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    idf = _floats(arrays[f"{kind}.idf"]).reshape(-1)
    return _floats(arrays[f"{kind}.weights"]).reshape(len(idf), COLUMNS), idf


def _floats(array: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    return array.astype(np.float32)


def _keys(array: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    return array.astype(np.int64)
