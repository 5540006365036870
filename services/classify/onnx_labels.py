"""What the columns of a plugged-in model mean, and how its chances join the verdict of the shipped model."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from contracts.mentions import Reason, Verdict
from services.classify.domain.heads import HEADS
from services.classify.domain.signals import PRIVATE
from services.classify.domain.verdict import CONFIDENCE

PLUGGED_IN: Final = "plugged_in_model"
"""The reason of a class that a plugged-in model chose where the shipped model chose another."""
UNAVAILABLE: Final = "model_unavailable"
"""The reason of a verdict that the shipped model gave alone, because the plugged-in one failed."""
BESIDE_THE_TEXT: Final = frozenset({"reach_with_accusation", PRIVATE})
"""Reasons that no text tells; what they raised stays raised."""

_CLASSES: Final = {head.name: head.classes for head in HEADS}
_LEVELS: Final = _CLASSES["urgency"]
_HURRY: Final = ("critical", "high")
_DIGITS: Final = 4
_WHOLE: Final = 0.02

Floats = npt.NDArray[np.float32]
Chances = Mapping[str, Mapping[str, float]]
"""Of one text: by head, the chance of each class."""


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `labels.json` holds.

    Each output column is ``head:class`` or null, which is not looked at. A head is there with all its classes or not
    at all.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
    outputs: dict[str, tuple[str | None, ...]]
    scores: Literal["logits", "chances"] = "logits"
    temperature: dict[str, Annotated[float, msgspec.Meta(gt=0, le=100)]] = {}
    """By head, what logits are divided by: calibration, 1 where none is given."""
    page: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    """The chance of critical from which on it is called critical."""
    max_tokens: Annotated[int, msgspec.Meta(ge=8, le=512)] = 128
    """More of a text is not read."""

    def problem(self) -> str | None:
        """What is wrong with it, in words; None where nothing is."""
        columns = [column for each in self.outputs.values() for column in each if column is not None]
        if not columns:
            return "it names no column of any head"
        known = {f"{head}:{label}" for head, labels in _CLASSES.items() for label in labels}
        strange = [column for column in columns if column not in known]
        if strange:
            return f"{strange[0][:80]!r} is not one of {', '.join(sorted(known))}"
        if len(set(columns)) < len(columns):
            return f"{next(one for one in columns if columns.count(one) > 1)!r} is there twice"
        lacking = [
            f"{head}:{label}" for head in self.heads for label in _CLASSES[head] if self._place(head, label) is None
        ]
        if lacking:
            return f"{lacking[0]!r} is missing: a head is there with all its classes or not at all"
        apart = [head for head in self.heads if len({self._output(head, label) for label in _CLASSES[head]}) > 1]
        if apart:
            return f"the classes of {apart[0]!r} are columns of different outputs"
        unheard = self.temperature.keys() - set(self.heads)
        return f"it has a temperature for {min(unheard)!r} and no columns of it" if unheard else None

    @property
    def heads(self) -> list[str]:
        """The heads that it has, in our order."""
        there = {column.partition(":")[0] for each in self.outputs.values() for column in each if column is not None}
        return [head for head in _CLASSES if head in there]

    def _place(self, head: str, label: str) -> tuple[str, int] | None:
        wanted = f"{head}:{label}"
        return next(((name, each.index(wanted)) for name, each in self.outputs.items() if wanted in each), None)

    def _output(self, head: str, label: str) -> str:
        place = self._place(head, label)
        return place[0] if place else ""

    def chances(self, outputs: Mapping[str, Floats]) -> list[Chances]:
        """Of each row of the outputs, the chances by head. ValueError for what are no chances."""
        by_head = {head: self._chances_of(head, outputs) for head in self.heads}
        rows = len(next(iter(by_head.values())))
        return [
            {head: dict(zip(_CLASSES[head], by_head[head][row].tolist(), strict=True)) for head in by_head}
            for row in range(rows)
        ]

    def _chances_of(self, head: str, outputs: Mapping[str, Floats]) -> npt.NDArray[np.float64]:
        places = [place for label in _CLASSES[head] if (place := self._place(head, label))]
        scores = outputs[places[0][0]][:, [at for _, at in places]].astype(np.float64)
        if not np.isfinite(scores).all():
            raise ValueError("not_numbers")
        if self.scores == "logits":
            scores = _softmax(scores / self.temperature.get(head, 1.0))
        elif (scores < 0).any() or (np.abs(scores.sum(axis=1) - 1) > _WHOLE).any():
            raise ValueError("not_chances")
        # So that a text has the same chances in a batch of any size.
        rounded: npt.NDArray[np.float64] = np.round(scores, _DIGITS)
        return rounded


def _softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    raised: npt.NDArray[np.float64] = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


def joined(verdict: Verdict, chances: Chances, model: str, page: float) -> Verdict:
    """The verdict with the plugged-in model's chances of the heads it has, and the shipped model's of all others."""
    changes: dict[str, Any] = {"model": model}
    for head in ("sentiment", "intent"):
        if head in chances:
            changes |= _most_likely(head, chances[head])
    if "care" in chances:
        changes["care"] = _most_likely("care", chances["care"])["care"]
    if "urgency" in chances:
        changes |= _urgency(verdict, chances["urgency"], page)
    if changes.get("urgency", verdict.urgency) in _HURRY:
        changes["care"] = "webcare"
    return _with_reasons(verdict, replace(verdict, **changes), chances)


def unavailable(verdict: Verdict) -> Verdict:
    """The shipped model's verdict, which says that the plugged-in model had no part in it."""
    return replace(verdict, reasons=(*verdict.reasons, Reason(code=UNAVAILABLE)))


def _most_likely(head: str, chances: Mapping[str, float]) -> dict[str, Any]:
    won = max(_CLASSES[head], key=chances.__getitem__)
    return {head: won, f"{head}_p": chances[won]}


def _urgency(verdict: Verdict, chances: Mapping[str, float], page: float) -> dict[str, Any]:
    won = "critical" if chances["critical"] >= page else max(_LEVELS[1:], key=chances.__getitem__)
    raised = any(reason.code in BESIDE_THE_TEXT for reason in verdict.reasons)
    if raised and _LEVELS.index(verdict.urgency) < _LEVELS.index(won):
        return {}
    return {
        "urgency": won,
        "urgency_p": chances[won],
        "urgency_p_critical": chances["critical"],
        "urgency_p_high": chances["high"],
        "unsure": chances[won] < CONFIDENCE,
    }


def _with_reasons(shipped: Verdict, verdict: Verdict, chances: Chances) -> Verdict:
    """Reasons for a class that lost are left out; where another class won, the plugged-in model is the reason."""
    said = {head: getattr(verdict, head) for head in _CLASSES}
    kept = [reason for reason in shipped.reasons if _still_holds(reason, said)]
    changed: Sequence[str] = [head for head in chances if said[head] != getattr(shipped, head)]
    told = [
        Reason(code=PLUGGED_IN, effect=f"{head}:{said[head]}", weight=round(chances[head][said[head]], 2))
        for head in changed
    ]
    return replace(verdict, reasons=(*told, *kept))


def _still_holds(reason: Reason, said: Mapping[str, str]) -> bool:
    head, _, label = reason.effect.partition(":")
    return head not in said or said[head] == label
