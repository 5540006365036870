"""What a backtest runs over: mentions with verdicts, in the order in which the system heard of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from prometheus_client import CollectorRegistry

from backbone.metrics import Metrics
from contracts.campaigns import CampaignTold
from contracts.mentions import Mention, Verdict
from services.classify.build import named, plugged
from services.classify.domain.verdict import Text
from services.classify.judges import AT_ONCE, Fixed, Judges
from webcare.config.schema import ClassifyPart
from webcare.replay.lines import Script


class Heard(NamedTuple):
    """A mention with its verdict, and when the system heard of it."""

    at: datetime
    mention: Mention
    verdict: Verdict


class Material(Protocol):
    """A history. Rehearsals are no part of it."""

    @property
    def total(self) -> int:
        """How many mentions there are to read, at most."""
        ...

    @property
    def brands(self) -> Sequence[str]:
        """Whose mentions they are, sorted."""
        ...

    @property
    def refused(self) -> Mapping[str, int]:
        """What could not be read so far, by reason."""
        ...

    @property
    def campaigns(self) -> Sequence[CampaignTold]:
        """What people declared on the spot in that time."""
        ...

    def heard(self) -> AsyncIterator[Sequence[Heard]]:
        """Every mention once, by `at`, a few at a time. To be read once."""
        ...


class FileMaterial:
    """The mentions of a file: heard of when they were written, and judged here."""

    def __init__(self, script: Script, judges: Judges) -> None:
        lines = [line.happens for line in script.lines]
        self._mentions = [one for one in lines if isinstance(one, Mention) and not one.drill]
        self._judges = judges
        self.total = len(self._mentions)
        self.brands: Sequence[str] = sorted({mention.brand for mention in self._mentions})
        self.refused: Mapping[str, int] = dict(sorted(script.refused.items()))
        self.campaigns: Sequence[CampaignTold] = ()

    async def heard(self) -> AsyncIterator[Sequence[Heard]]:
        """See `Material.heard`."""
        judge = await self._judges.present()
        for start in range(0, self.total, AT_ONCE):
            mentions = self._mentions[start : start + AT_ONCE]
            verdicts = judge.judge([_text(mention) for mention in mentions])
            yield [Heard(mention.created_at, mention, v) for mention, v in zip(mentions, verdicts, strict=True)]


def judges_of(model: str | None, models: Path, part: ClassifyPart) -> Judges:
    """Who judges a file: the model named, or the shipped one, beside the configuration's transformer if it has one."""
    fixed = Fixed(named(model, models, part.confidence))
    return plugged(fixed, Path(part.onnx) if part.onnx else None, part.onnx_threads, Metrics(CollectorRegistry()))


def _text(mention: Mention) -> Text:
    followers = mention.author.followers if mention.author else None
    return Text(mention.text, mention.lang_hint, mention.channel, followers)
