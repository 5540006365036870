"""What mentions are about."""

from datetime import datetime

from pydantic import Field

from services.api.domain.topics import Reason
from services.api.topics import About
from services.api.views.base import View


class Topic(View):
    """A term that stands out: more people say it than history makes likely."""

    term: str = Field(description="One word, or two that stand next to each other; search for it in quotation marks.")
    written: str = Field(description="As people wrote it, in lower case.")
    mentions: int
    people: int
    share: float = Field(description="0..1, of the voices in these mentions; copies of one text are one voice.")
    share_before: float = Field(description="0..1, of the voices in history.")
    score: float = Field(description="Standard deviations above history.")
    example: str = Field(description="The id of the first mention with it.")


class Compared(View):
    """One side of the comparison. Where `read` is less than `mentions`, an even sample over time was read."""

    since: datetime
    until: datetime
    mentions: int
    read: int
    people: int = Field(description="Different people behind what was read.")


class Topics(View):
    """The terms that stand out in some mentions against the brand's history, most telling first."""

    brand: str
    reason: Reason = Field(description="Why there are these terms, or none.")
    topics: list[Topic]
    now: Compared
    before: Compared


def topics(brand: str, about: About, limit: int) -> Topics:
    """An answer in public words."""
    return Topics(
        brand=brand,
        reason=about.reason,
        topics=[Topic.model_validate(one) for one in about.topics[:limit]],
        now=Compared.model_validate(about.now),
        before=Compared.model_validate(about.before),
    )
