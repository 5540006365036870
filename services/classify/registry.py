"""Which models there are, which one judges, and the way back.

A model is a folder with a `model.json` that says its name. Those that ship lie beside the code; those that are trained
or copied here lie in one folder of the installation, with what was decided about them. The file `current.json` in that
folder says which one judges: every process that shares the folder follows it. Whoever changes it writes it whole.
"""

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from backbone.errors import BadInput, Conflict, NotFound, Unavailable
from contracts.mentions import Verdict
from services.classify.acceptance import Decision
from services.classify.domain.verdict import Text

MANIFEST = "model.json"
CURRENT = "current.json"
DECISION = "decision.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_KEPT_CHANGES = 200
_MOST_BACK = 20

Why = Literal["asked", "went_back", "candidate_better"]


class Judge(Protocol):
    """A model, loaded: one verdict per text, in order."""

    @property
    def model(self) -> str:
        """Its name."""
        ...

    def judge(self, texts: Sequence[Text]) -> list[Verdict]:
        """See `services.classify.domain.verdict.Classifier.judge`."""
        ...


Load = Callable[[Path], Judge]
"""The model in a folder, all its files checked; BadInput names the file that is damaged."""


class Change(msgspec.Struct, frozen=True):
    """One change of the model that judges: the audit trail of the folder."""

    at: datetime
    before: str
    after: str
    reason: Why


class Current(msgspec.Struct, frozen=True):
    """What `current.json` holds."""

    way: tuple[str, ...]
    """The models that judged one after the other; the last one judges, and `back` goes to the one before it."""
    changes: tuple[Change, ...] = ()


class Manifest(msgspec.Struct, frozen=True):
    """What is told of a model without loading it; its folder's `model.json` holds more."""

    name: str
    created: str = ""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One model as the list shows it."""

    name: str
    folder: Path
    shipped: bool
    current: bool
    created: str
    decision: Decision | None
    """What was decided when it was a candidate."""
    problem: str = ""
    """Why its `model.json` cannot be read; its other files are checked when it is loaded."""


class Registry:
    """The models of one installation. `default` judges until somebody chooses; it is among the shipped ones."""

    def __init__(self, shipped: Path, installed: Path, default: str, load: Load) -> None:
        self._shipped = shipped
        self.installed = installed
        self._default = default
        self._load = load

    # what there is

    def known(self) -> list[Known]:
        """Every model, shipped ones first, each kind by name. A shipped name wins over the same name elsewhere."""
        current = self.current()
        found: dict[str, Known] = {}
        for place, shipped in ((self._shipped, True), (self.installed, False)):
            for folder in _model_folders(place):
                found.setdefault(folder.name, self._known(folder, current, shipped=shipped))
        return list(found.values())

    def _known(self, folder: Path, current: str, *, shipped: bool) -> Known:
        problem, manifest = "", Manifest(folder.name)
        try:
            manifest = _manifest(folder)
        except (BadInput, Unavailable) as error:
            problem = str(error)
        return Known(
            name=folder.name,
            folder=folder,
            shipped=shipped,
            current=folder.name == current,
            created=manifest.created,
            decision=self.decision(folder.name),
            problem=problem,
        )

    def folder(self, name: str) -> Path:
        """Where a model lies; NotFound ``no_such_model`` names those that there are."""
        if _NAME.fullmatch(name):
            for place in (self._shipped, self.installed):
                if (place / name / MANIFEST).is_file():
                    return place / name
        names = [folder.name for place in (self._shipped, self.installed) for folder in _model_folders(place)]
        listed = ", ".join(sorted(set(names))) or "none"
        remedy = f"Known: {listed}; others are looked for in {self.installed}."
        raise NotFound(f"There is no model {name[:80]!r}.", code="no_such_model", remedy=remedy)

    def load(self, name: str) -> Judge:
        """A model by name, all its files checked.

        NotFound ``no_such_model``; BadInput that names the damaged file, or ``other_name`` where the folder holds a
        model that calls itself something else: verdicts must name the model that can be found again.
        """
        folder = self.folder(name)
        judge = self._load(folder)
        if judge.model != name:
            raise BadInput(
                f"{folder} holds the model {judge.model!r}.",
                code="other_name",
                remedy=f"Call the folder {judge.model}.",
            )
        return judge

    # which one judges

    def stamp(self) -> tuple[int, int, int] | None:
        """Changes with every change of the model that judges; cheap enough to ask for with each batch."""
        try:
            found = os.stat(self.installed / CURRENT)  # noqa: PTH116 - a Path is made anew each time otherwise
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def current(self) -> str:
        """The name of the model that judges, where no configuration names one.

        BadInput ``damaged_choice`` where the file that says so cannot be read.
        """
        return self._read().way[-1]

    def changes(self) -> Sequence[Change]:
        """What changed, oldest first."""
        return self._read().changes

    def use(self, name: str, at: datetime, reason: Why = "asked", *, refused_too: bool = False) -> Change | None:
        """Let a model judge from the next batch on; None if it does already. It is loaded first.

        Whatever `load` raises leaves the present one in its place, as does Conflict ``candidate_refused`` for a
        candidate that was refused (unless `refused_too`).
        """
        before = self._read()
        if before.way[-1] == name:
            return None
        self.load(name)
        decision = self.decision(name)
        if decision is not None and not decision.taken and not refused_too:
            raise Conflict(
                f"{name} was refused as a candidate: {', '.join(decision.reasons)}.",
                code="candidate_refused",
                remedy="Train another one, or use --refused-too if you know better.",
            )
        return self._write(before, (*before.way, name), at, reason)

    def back(self, at: datetime) -> Change:
        """Let the model judge that did before this one; Conflict ``nothing_before``."""
        before = self._read()
        if len(before.way) < 2:
            raise Conflict(
                f"{before.way[-1]} is the first that judged here.",
                code="nothing_before",
                remedy="Choose one with `webcare models use NAME`.",
            )
        self.load(before.way[-2])
        return self._write(before, before.way[:-1], at, "went_back")

    def _read(self) -> Current:
        path = self.installed / CURRENT
        try:
            current = msgspec.json.decode(path.read_bytes(), type=Current)
        except FileNotFoundError:
            return Current((self._default,))
        except OSError as error:
            raise _away(path, error) from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _unreadable_choice(path, str(error)) from error
        if not current.way:
            raise _unreadable_choice(path, "it names no model")
        return current

    def _write(self, before: Current, way: tuple[str, ...], at: datetime, reason: Why) -> Change:
        change = Change(at, before.way[-1], way[-1], reason)
        after = Current(way[-_MOST_BACK:], (*before.changes, change)[-_KEPT_CHANGES:])
        write_whole(self.installed / CURRENT, msgspec.json.format(msgspec.json.encode(after)))
        return change

    # candidates

    def decision(self, name: str) -> Decision | None:
        """What was decided about a candidate, if it was one."""
        path = self.installed / name / DECISION
        try:
            return msgspec.json.decode(path.read_bytes(), type=Decision)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def decide(self, name: str, decision: Decision, at: datetime) -> Change | None:
        """Keep what was decided about a candidate in its folder; a taken one judges from now on."""
        if self.folder(name).parent != self.installed:
            raise BadInput(f"{name} ships with the code: it is no candidate.", code="not_a_candidate")
        write_whole(self.installed / name / DECISION, msgspec.json.format(msgspec.json.encode(decision)))
        return self.use(name, at, "candidate_better") if decision.taken else None


def _model_folders(place: Path) -> list[Path]:
    try:
        return sorted(each for each in place.iterdir() if (each / MANIFEST).is_file() and _NAME.fullmatch(each.name))
    except OSError:
        return []


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise _away(path, error) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}.", code="model_damaged", remedy="Copy it again.") from error


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place, whole; Unavailable where it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise _away(path, error) from error


def _away(path: Path, error: OSError) -> Unavailable:
    remedy = "Check the folder of the models (`classify.models`) and who may write to it."
    return Unavailable(f"{path}: {error.strerror}.", code="models_away", remedy=remedy)


def _unreadable_choice(path: Path, why: str) -> BadInput:
    remedy = "Delete it, then choose with `webcare models use NAME`."
    return BadInput(f"{path} cannot be read: {why}.", code="damaged_choice", remedy=remedy)
