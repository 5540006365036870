"""Spikes and silences, with what was told of them last."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, computed_field

from backbone.series import series_parts
from services.api.views.base import View


class Words(BaseModel):
    """The same in both languages."""

    nl: str
    en: str


class ChannelShare(BaseModel):
    """How many messages of the window came from a channel."""

    channel: str
    seen: int


class StoryShare(BaseModel):
    """How many messages of the window told one story."""

    signature: int
    seen: int


class ForecastHour(BaseModel):
    """What one of the next hours may bring, in messages; eight times out of ten it lies from `low` to `high`."""

    at: datetime = Field(description="Start of the hour.")
    expected: float
    low: float
    high: float


class SpikeTold(BaseModel):
    """What was told of it last; what an older version did not tell is null or empty."""

    words: Words | None = Field(default=None, description="All of it in a few sentences.")
    reason: str = Field(default="", description="The named rule that made it worth telling.")
    per_hour: float | None = Field(default=None, description="Messages an hour, by the last quarter.")
    peak_per_hour: float | None = Field(default=None, description="The most since it opened, at `peak_at`.")
    peak_at: datetime | None = None
    usual_share_negative: float | None = None
    channels: list[ChannelShare] = Field(default=[], description="Where it is said, the most first.")
    stories: list[StoryShare] = Field(default=[], description="What is told most, the most first.")
    story: int | None = Field(default=None, description="The one story that explains it, where one does.")
    campaign: str | None = Field(default=None, description="The declared campaign that raised the expectation.")
    forecast: list[ForecastHour] = Field(default=[], description="The next hours, as of when it was told.")


class SeriesPart(BaseModel):
    """Of a brand's mentions those whose `field` is `value`."""

    field: str = Field(description="channel, source, kind or drill.")
    value: str


class Spike(View):
    """A series above what its calendar and history expect, or one that stopped, with the evidence."""

    id: str
    series: str
    brand: str
    direction: Literal["up", "down"] = Field(description="`down`: a stream that stopped.")
    phase: Literal["opened", "growing", "peaked", "over"]
    opened_at: datetime
    told_at: datetime | None
    closed_at: datetime | None
    evidence: dict[str, Any] = Field(
        description="What it was opened on; what it has grown to under `latest`, what it ended with under `closed`."
    )
    incident_id: str | None
    drill: bool

    @computed_field
    def part(self) -> SeriesPart | None:
        """What part of the brand the series counts; null: the brand as a whole."""
        _, field, value = series_parts(self.series)
        return SeriesPart(field=field, value=value) if field else None

    @computed_field
    def told(self) -> SpikeTold:
        """What was told of it last."""
        last = self.evidence.get("closed") or self.evidence.get("latest") or self.evidence
        return SpikeTold.model_validate(last)


class SpikeList(View):
    """Spikes, newest first."""

    at: datetime
    spikes: list[Spike]
