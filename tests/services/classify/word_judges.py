"""Small models for tests of everything around a model: a folder, a list of words that are critical, nothing learned."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from backbone.errors import BadInput
from contracts.mentions import Mention, Verdict
from services.classify.domain.verdict import Text
from services.classify.registry import Registry

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SHIPPED = "plain-1"


@dataclass
class WordJudge:
    """Critical where one of its words stands in the text, else normal."""

    model: str
    words: tuple[str, ...]
    judged: list[str] = field(default_factory=list)

    def judge(self, texts: Sequence[Text]) -> list[Verdict]:
        self.judged += [text.text for text in texts]
        return [self._verdict(text.text) for text in texts]

    def _verdict(self, text: str) -> Verdict:
        critical = any(word in text for word in self.words)
        return Verdict(
            lang="nl",
            sentiment="negative" if critical else "neutral",
            sentiment_p=0.9,
            urgency="critical" if critical else "normal",
            urgency_p=0.9,
            urgency_p_critical=0.9 if critical else 0.1,
            urgency_p_high=0.05,
            intent="complaint",
            intent_p=0.9,
            care="webcare",
            unsure=False,
            reasons=(),
            signature=1,
            model=self.model,
        )


def put(place: Path, name: str, *words: str, calls_itself: str | None = None, created: str = "2026-03-01") -> Path:
    """A model in a folder of its name."""
    folder = place / name
    folder.mkdir(parents=True)
    told = {"name": calls_itself or name, "created": created}
    (folder / "model.json").write_bytes(msgspec.json.encode(told))
    (folder / "words.json").write_bytes(msgspec.json.encode(words))
    return folder


def load(folder: Path) -> WordJudge:
    """The model in a folder; BadInput where a file is damaged."""
    try:
        told = msgspec.json.decode((folder / "model.json").read_bytes())
        words = msgspec.json.decode((folder / "words.json").read_bytes(), type=tuple[str, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise BadInput(f"{folder.name} is damaged.", code="model_damaged") from error
    return WordJudge(told["name"], words)


def registry(folder: Path) -> Registry:
    """With the shipped model, which calls fire critical."""
    shipped = folder / "shipped"
    if not shipped.exists():
        put(shipped, SHIPPED, "brand")
    return Registry(shipped, folder / "models", SHIPPED, load)


def mention(n: int, text: str, *, drill: bool = False) -> Mention:
    return Mention(
        id=f"men_{n}",
        source="x-main",
        native_id=str(n),
        brand="acme",
        channel="x",
        text=text,
        created_at=NOW,
        received_at=NOW,
        drill=drill,
    )
