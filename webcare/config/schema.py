"""The shape of the configuration file, as people write it."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from holidays import list_supported_countries
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from backbone.campaigns import LEAST_FACTOR, MOST_CAUTION, MOST_FACTOR
from contracts.mentions import Care, Intent, Sentiment, Urgency
from services.router.domain.settings import Interval
from webcare.config import words


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float | dict) else value


_DUTCH = {
    "kritiek": "critical",
    "hoog": "high",
    "normaal": "normal",
    "laag": "low",
    "negatief": "negative",
    "neutraal": "neutral",
    "positief": "positive",
    "klacht": "complaint",
    "vraag": "question",
    "opmerking": "remark",
    "geen": "none",
}


def _english(value: Any) -> Any:
    """Classes may be written in Dutch: kritiek, klacht, negatief."""
    return _DUTCH.get(value, value) if isinstance(value, str) else value


def _zone(value: object) -> str:
    if str(value) not in available_timezones():
        raise ValueError(f"{value!r} is not a time zone; write one such as Europe/Amsterdam")
    return ZoneInfo(str(value)).key


def _intervals(value: Any) -> list[Interval]:
    if value in ("closed", "dicht", None, False):
        return []
    found = sorted((words.interval(each) for each in _listed(value)), key=lambda each: each.start)
    for earlier, later in pairwise(found):
        if earlier.end <= earlier.start or later.start < earlier.end:
            found_at = f"{later.start:%H:%M} begins before {earlier.end:%H:%M} ends"
            raise ValueError(f"{found_at}; make them follow each other")
    return found


Word = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value)]
Words = Annotated[list[Word], BeforeValidator(_listed)]
Duration = Annotated[timedelta, BeforeValidator(words.duration)]
TimeOfDay = Annotated[time, BeforeValidator(words.time_of_day)]
Day = Annotated[date, BeforeValidator(words.day)]
LocalTime = Annotated[datetime, BeforeValidator(words.local_time)]
LocalEnd = Annotated[datetime, BeforeValidator(words.local_end)]
Intervals = Annotated[list[Interval], BeforeValidator(_intervals)]
T = TypeVar("T")
Classes = Annotated[list[Annotated[T, BeforeValidator(_english)]], BeforeValidator(_listed)]
Zone = Annotated[str, BeforeValidator(_zone)]
Name = Annotated[Word, Field(min_length=1, max_length=80, pattern=r"^[^|:]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class BrandPart(_Part):
    name: Name
    accounts: dict[str, Word] = {}
    names: Words = []
    hashtags: Words = []
    search: Words = []
    exclude: Words = []
    vip: Words = []


class HoursPart(_Part):
    timezone: Zone | None = None
    holidays: Word | None = None
    exceptions: dict[Day, Intervals] = {}
    week: dict[str, Intervals] = {}

    @model_validator(mode="before")
    @classmethod
    def _days_beside_the_rest(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "week" in value:
            return value
        own = {name: each for name, each in value.items() if name in ("timezone", "holidays", "exceptions")}
        week = {name: each for name, each in value.items() if name not in own}
        for name in week:
            words.weekdays(str(name))
        return {**own, "week": week}


class TargetPart(_Part):
    within: Duration
    next_opening: TimeOfDay | None = None


def _target(value: Any) -> Any:
    return value if isinstance(value, dict) else {"within": value}


class QueuePart(_Part):
    name: Name
    target: dict[Annotated[Urgency, BeforeValidator(_english)], Annotated[TargetPart, BeforeValidator(_target)]] = {}
    hours: Word = "always"
    critical_ignores_hours: bool = True


class WhenPart(_Part):
    brand: Words | None = None
    channel: Words | None = None
    source: Words | None = None
    lang: Words | None = None
    urgency: Classes[Urgency] | None = None
    sentiment: Classes[Sentiment] | None = None
    intent: Classes[Intent] | None = None
    care: Classes[Care] | None = None
    words: Words | None = None
    addressed: bool | None = None
    private: bool | None = None
    reposts: bool | None = None


class RulePart(_Part):
    name: Name
    when: WhenPart = WhenPart()
    queue: Word | None = None
    filter: bool = False

    @model_validator(mode="after")
    def _one_way_out(self) -> "RulePart":
        if (self.queue is None) == (not self.filter):
            raise ValueError("give either a queue or filter: true")
        return self


class ChannelPart(_Part):
    kind: Literal["webhook", "email"]
    url: str | None = None
    address: str | None = None
    secret_env: str | None = None
    """The environment variable that holds the signing secret."""

    @model_validator(mode="after")
    def _has_address(self) -> "ChannelPart":
        if self.kind == "webhook" and not (self.url or "").startswith(("https://", "http://")):
            raise ValueError("a webhook needs a url that begins with https:// or http://")
        if self.kind == "email" and "@" not in (self.address or ""):
            raise ValueError("an email needs an address such as sanne@example.org")
        return self


class PersonPart(_Part):
    name: Name
    display: str | None = None
    language: Literal["nl", "en"] | None = None
    key: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    """The hash of the person's key, as `webcare key` prints it."""
    roles: Annotated[list[Literal["agent", "lead", "admin", "reader"]], BeforeValidator(_listed)] = ["agent"]
    brands: Words | None = None
    """What the person may see; left out: everything."""
    notify: Annotated[list[ChannelPart], BeforeValidator(_listed)] = []


class RotationPart(_Part):
    people: Words = Field(min_length=1)
    handover: Word = "mon 09:00"
    every: Word = "1w"
    since: Day | None = None

    @model_validator(mode="after")
    def _readable(self) -> "RotationPart":
        day, _, at = self.handover.strip().rpartition(" ")
        words.time_of_day(at)
        if day:
            words.weekdays(day)
        if self.every[-1:] not in ("d", "w") or not self.every[:-1].isdecimal() or not int(self.every[:-1]):
            raise ValueError(f"every: {self.every!r} is not a turn; write 1w or 1d")
        return self


class SchedulePart(_Part):
    name: Name
    timezone: Zone | None = None
    rotation: RotationPart


class StepPart(_Part):
    after: Duration = timedelta(0)
    notify: Words = Field(min_length=1)


class EscalationPart(_Part):
    name: Name
    brands: Words | None = None
    steps: list[StepPart] = Field(min_length=1)
    repeat: Annotated[int, Field(ge=0, le=20)] = 0
    last_resort: Word | None = None


class PagingPart(_Part):
    digest_after: Annotated[int, Field(ge=1)] = 3
    digest_window: Duration = timedelta(minutes=15)
    acknowledge_lasts: Duration = timedelta(minutes=30)


class ClassifyPart(_Part):
    model: Name | None = None
    """This one judges, whatever people choose."""
    shadow: Name | None = None
    models: Annotated[str, Field(min_length=1)] | None = None
    """The folder with the models of this installation."""
    onnx: Annotated[str, Field(min_length=1)] | None = None
    """The folder of a transformer that judges beside the model."""
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.5
    onnx_threads: Annotated[int, Field(ge=1, le=64)] = 1


def _country(value: object) -> str | None:
    if value in ("none", "geen", None, False):
        return None
    if str(value).upper() not in list_supported_countries():
        raise ValueError(f"{value!r} is not a country of which holidays are known; write one such as NL, or none")
    return str(value).upper()


class SpikesPart(_Part):
    false_pages_per_month: Annotated[float, Field(ge=0.01, le=1000)] = 1.0
    """The budget of the whole installation: it sets every threshold."""
    least_people: Annotated[int, Field(ge=2, le=1000)] = 5
    sources: Words = []
    """Sources that are watched apart."""
    holidays: Annotated[str | None, BeforeValidator(_country)] = "NL"
    """The country whose public holidays are as quiet as a Sunday."""
    close_after: Duration = timedelta(minutes=60)
    remind_after: Duration = timedelta(minutes=60)
    least_silence: Duration = timedelta(minutes=60)
    silence_after_days: Annotated[int, Field(ge=1, le=365)] = 14


class CampaignPart(_Part):
    name: Name
    brands: Words | None = None
    starts: LocalTime = Field(alias="from")
    ends: LocalEnd = Field(alias="to")
    factor: Annotated[float, Field(ge=LEAST_FACTOR, le=MOST_FACTOR)] = 2.0
    people: Words = []
    caution: Annotated[float, Field(ge=1, le=MOST_CAUTION)] = 1.0


class EmailPart(_Part):
    host: str
    port: int = 587
    sender: str
    user: str | None = None
    password_env: str | None = None
    starttls: bool = True


class ConfigFile(_Part):
    """The whole file."""

    organisation: str = "webcare"
    language: Literal["nl", "en"] = "nl"
    timezone: Zone = "Europe/Amsterdam"
    address: str | None = None
    """Where people open the dashboard, for links in pages."""
    brands: list[BrandPart] = Field(min_length=1)
    opening_hours: dict[str, HoursPart] = {}
    queues: list[QueuePart] = Field(min_length=1)
    rules: list[RulePart] = Field(min_length=1)
    people: list[PersonPart] = Field(min_length=1)
    schedule: Annotated[list[SchedulePart], BeforeValidator(_listed)] = []
    escalation: Annotated[list[EscalationPart], BeforeValidator(_listed), Field(min_length=1)]
    paging: PagingPart = PagingPart()
    claim_lasts: Duration = timedelta(minutes=15)
    classify: ClassifyPart = ClassifyPart()
    spikes: SpikesPart = SpikesPart()
    campaigns: Annotated[list[CampaignPart], BeforeValidator(_listed)] = []
    email: EmailPart | None = None
