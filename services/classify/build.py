"""The models of a process, from its settings."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from backbone.metrics import Metrics
from services.classify.domain.resources import SHIPPED
from services.classify.domain.verdict import CONFIDENCE, Classifier
from services.classify.judges import Chosen, Fixed, Judges
from services.classify.onnx import Plugged, Transformer
from services.classify.registry import Judge, Registry
from services.classify.settings import ModelSettings
from services.classify.shadow import Ledger, Shadow


class Judging(NamedTuple):
    """Who judges, and who judges in the shadow."""

    judges: Judges
    shadow: Shadow | None


def registry_of(folder: Path, confidence: float = CONFIDENCE) -> Registry:
    """The shipped models and those in `folder`; each is unsure below `confidence`."""
    return Registry(SHIPPED.parent, folder, SHIPPED.name, partial(Classifier.load, confidence=confidence))


def judging(settings: ModelSettings, metrics: Metrics) -> Judging:
    """What the settings name, loaded.

    NotFound or BadInput where a model that the configuration names is not there or damaged, or its transformer does
    not fit: nothing shall judge by another model than the one it was told to.
    """
    registry = registry_of(settings.folder, settings.confidence)
    chosen: Judges = Fixed(registry.load(settings.model)) if settings.model else Chosen.open(registry, SHIPPED.name)
    judges = plugged(chosen, settings.onnx, settings.onnx_threads, metrics)
    shadow = None
    if settings.shadow:
        ledger = Ledger(settings.folder, settings.instance)
        shadow = Shadow(registry.load(settings.shadow), ledger, metrics)
    return Judging(judges, shadow)


def plugged(judges: Judges, folder: Path | None, threads: int, metrics: Metrics) -> Judges:
    """With the transformer in `folder` beside them, where there is one; raises as `Transformer.load` does."""
    if folder is None:
        return judges
    transformer = Transformer.load(folder, threads)
    return Plugged(judges, transformer, lambda reason: metrics.model_failures.labels(reason).inc())


def named(name: str | None, folder: Path, confidence: float = CONFIDENCE) -> Judge:
    """One model by name, the shipped one without a name: for a replay or a table, whose results rest on it."""
    return registry_of(folder, confidence).load(name or SHIPPED.name)
