"""Which models judge, and where they lie."""

from pathlib import Path

import msgspec

from services.classify.domain.verdict import CONFIDENCE


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is configured; None leaves it to what people chose with `webcare models use`."""

    folder: Path
    """Where models lie that do not ship with the code; it need not be there."""
    model: str | None = None
    """This one judges, whatever people choose."""
    shadow: str | None = None
    """This one judges too, and only the difference is counted."""
    onnx: Path | None = None
    """A folder with a transformer that judges beside the model."""
    onnx_threads: int = 1
    confidence: float = CONFIDENCE
    """A verdict whose most likely urgency has less than this chance is unsure."""
    instance: str = "one"
    """Tells the counts of processes apart that share the folder."""
