"""Mentions that were found, and how many there were."""

from datetime import datetime

from pydantic import Field

from backbone.ports import ArchiveHit, Bucket
from contracts.mentions import ClassifiedMention
from services.api.views.base import View


class Reason(View):
    """One signal that decided a verdict, and the words that carried it."""

    code: str
    words: tuple[str, ...] = ()
    effect: str = ""
    weight: float = 0.0


class Verdict(View):
    """What the classifier made of a text. Probabilities are in 0..1."""

    lang: str = "und"
    sentiment: str | None = None
    sentiment_p: float | None = None
    urgency: str | None = None
    urgency_p: float | None = None
    urgency_p_critical: float | None = None
    urgency_p_high: float | None = None
    intent: str | None = None
    intent_p: float | None = None
    care: str | None = None
    unsure: bool = False
    reasons: tuple[Reason, ...] = ()
    model: str | None = None


class Bar(View):
    """What came in one interval, and what was expected there where that is known."""

    start: datetime
    count: int
    expected: float | None = None
    sentiment: dict[str, int] = Field(default={})
    urgency: dict[str, int] = Field(default={})


class Volume(View):
    """Arrivals per interval, none left out, oldest first."""

    brands: list[str] | None
    since: datetime
    until: datetime
    interval_s: int
    bars: list[Bar]


class Found(View):
    """A mention that was found; in `highlight` matches stand in `<mark>` and all else is escaped HTML."""

    id: str
    revision: int
    brand: str
    channel: str
    source: str
    author_name: str | None
    author_handle: str | None
    text: str
    url: str | None
    thread: str | None
    created_at: datetime
    received_at: datetime
    private: bool
    drill: bool
    verdict: Verdict
    highlight: str | None


class SearchPage(View):
    """Mentions found, newest first; `total` is exact; `next` continues."""

    hits: list[Found]
    total: int
    next: str | None


class Facets(View):
    """How many mentions per value of each field, most first."""

    facets: dict[str, dict[str, int]]


def bar(bucket: Bucket, expected: float | None) -> Bar:
    """A bucket of the archive beside what was expected."""
    return Bar(
        start=bucket.start,
        count=bucket.count,
        expected=expected,
        sentiment=bucket.sentiment,
        urgency=bucket.urgency,
    )


def found(hit: ArchiveHit) -> Found:
    """A hit of the archive; a person's platform id stays inside."""
    event: ClassifiedMention = hit.mention
    said, author = event.mention, event.mention.author
    plain = {name: getattr(said, name) for name in Found.model_fields if hasattr(said, name)}
    names = {"author_name": author.name if author else None, "author_handle": author.handle if author else None}
    return Found.model_validate({**plain, **names, "verdict": event.verdict, "highlight": hit.highlight})
