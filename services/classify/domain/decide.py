"""From scores to classes: calibrated chances, the threshold of a page, and when a verdict is unsure."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from services.classify.domain.heads import HEADS, Head
from services.classify.domain.weights import Floats, Whole

_URGENCY = HEADS[0]


class Decisions(msgspec.Struct, frozen=True):
    """How scores of one language become decisions.

    The chance of a class is softmax(scale * score + shift) within its head, fitted on texts that were not trained on.
    Of a head the class with the highest log chance + lean wins; `critical` is left out of that and wins from the
    chance `page` on.
    """

    scale: tuple[float, ...]
    """One for each head."""
    shift: tuple[float, ...]
    """One for each class."""
    lean: tuple[float, ...]
    """One for each class."""
    page: float


@dataclass(frozen=True, slots=True)
class Decided:
    """Chances of each class, and of each head the class that won as its place within the head."""

    chances: Floats
    won: Whole


def decide(scores: Floats, decisions: Decisions) -> Decided:
    """Decisions on a batch of scores, one row for each text."""
    chances = np.empty_like(scores)
    won = np.empty((len(scores), len(HEADS)), np.int64)
    shift, lean = _row(decisions.shift), _row(decisions.lean)
    for at, head in enumerate(HEADS):
        columns = head.columns
        chances[:, columns] = _softmax(scores[:, columns] * decisions.scale[at] + shift[columns])
        won[:, at] = _winner(head, chances[:, columns], lean[columns])
    paged = chances[:, _URGENCY.start] >= decisions.page
    won[paged, 0] = 0
    return Decided(chances, won)


def _winner(head: Head, chances: Floats, lean: Floats) -> Whole:
    wanted = np.log(np.maximum(chances, 1e-9)) + lean
    if head is _URGENCY:
        wanted[:, 0] = -np.inf
    best: Whole = wanted.argmax(axis=1)
    return best


def _softmax(scores: Floats) -> Floats:
    raised: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: Floats = raised / raised.sum(axis=1, keepdims=True)
    return chances


def _row(values: Sequence[float]) -> Floats:
    return np.array(values, np.float32)
