"""A trained candidate against the present model: scored on the shipped test split and on held-out corrections."""

from collections.abc import Sequence
from datetime import datetime

from services.classify.acceptance import Decision, Judged, accept, halves
from services.classify.registry import Registry
from services.classify.training.corpus import Row
from services.classify.training.evaluate import score


def settle(registry: Registry, name: str, shipped: Sequence[Row], corrections: Sequence[Row], at: datetime) -> Decision:
    """Decide about the candidate `name`, which lies in the registry's folder: it judges from now on, or is refused.

    It must be trained on no row of `shipped`, and of all `corrections` on the first of their `halves` only. The
    decision is kept in its folder either way.
    """
    _, judging = halves(corrections)

    def judged(model: str) -> Judged:
        folder = registry.folder(model)
        return Judged(score(folder, shipped), score(folder, judging))

    decision = accept(judged(registry.current()), judged(name))
    registry.decide(name, decision, at)
    return decision
