"""Which models there are and which one judges: from configuration and environment, and for the commands."""

import socket
from collections.abc import Mapping
from pathlib import Path

from services.classify.settings import ModelSettings
from services.classify.tally import HEADS, Tally
from webcare.config.schema import ConfigFile

FOLDER = "models"


def models_folder(data: Path, variables: Mapping[str, str], configured: str | None = None) -> Path:
    """Where the models of an installation lie: WEBCARE_MODELS, else what is configured, else in the data folder."""
    named = variables.get("WEBCARE_MODELS", "").strip() or configured
    return Path(named) if named else data / FOLDER


def model_settings(config: ConfigFile, data: Path, variables: Mapping[str, str]) -> ModelSettings:
    """What a process is told; the environment wins over the file."""
    part = config.classify
    return ModelSettings(
        folder=models_folder(data, variables, part.models),
        model=variables.get("WEBCARE_MODEL", "").strip() or part.model,
        shadow=variables.get("WEBCARE_SHADOW", "").strip() or part.shadow,
        instance=variables.get("WEBCARE_KAFKA_INSTANCE", "").strip() or socket.gethostname(),
        onnx=Path(part.onnx) if part.onnx else None,
        onnx_threads=part.onnx_threads,
        confidence=part.confidence,
    )


def compared(tally: Tally) -> list[str]:
    """A tally in words, a line each."""
    n = tally.mentions
    pages = f"pages: {tally.gained} only by {tally.shadow}, {tally.lost} only by {tally.present}"
    return [
        f"{tally.present} judges, {tally.shadow} in the shadow: {n} mentions from {tally.since:%Y-%m-%d %H:%M} to "
        f"{tally.until:%Y-%m-%d %H:%M} UTC",
        "changed: " + ", ".join(f"{head} {_share(tally.changed.get(head, 0), n)}" for head in HEADS),
        *(f"  {move}: {count}" for move, count in sorted(tally.urgency.items(), key=lambda each: (-each[1], each[0]))),
        pages,
        *(f"  only {tally.shadow}: {mention}" for mention in reversed(tally.gained_examples)),
        *(f"  only {tally.present}: {mention}" for mention in reversed(tally.lost_examples)),
    ]


def _share(count: int, of: int) -> str:
    return f"{count / of:.2%} ({count})" if of else "0"
