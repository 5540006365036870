"""The map of the system: each topic with its key, its type, who writes it and who reads it."""

from dataclasses import dataclass
from datetime import timedelta

from contracts.base import Event
from contracts.campaigns import CampaignTold
from contracts.mentions import ClassifiedMention, Mention
from contracts.volume import SpikeEvent, VolumeUpdate
from contracts.work import DeadLetter, ReplyRequested, WorkEvent


@dataclass(frozen=True)
class Topic:
    """One topic: order holds per key; `retention` is the least time its records are kept."""

    name: str
    event: type[Event]
    key: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    retention: timedelta
    partitions: int = 4
    followed: bool = False
    """Its readers read all of it from the start, each by itself and in no group. What cannot be read they leave out, so
    it has no dead letters."""

    @property
    def dead(self) -> str:
        """Where records go that no handler can take."""
        return f"{self.name}.dead"

    @property
    def has_dead(self) -> bool:
        """Whether anything goes there."""
        return bool(self.read_by) and not self.followed


_MONTH = timedelta(days=30)
_AUTHOR = "brand and author (thread where there is no author)"

MENTIONS_RAW = Topic("mentions.raw", Mention, _AUTHOR, ("ingest",), ("classify",), _MONTH)
MENTIONS_EXPRESS = Topic("mentions.express", Mention, _AUTHOR, ("ingest",), ("classify",), _MONTH)
MENTIONS_CLASSIFIED = Topic(
    "mentions.classified", ClassifiedMention, _AUTHOR, ("classify",), ("router", "api"), timedelta(days=90)
)
VOLUME_BLOCKS = Topic("volume.blocks", VolumeUpdate, "series", ("classify",), ("spikes",), _MONTH)
SPIKE_EVENTS = Topic("spike.events", SpikeEvent, "series", ("spikes",), ("router", "api"), _MONTH)
WORK_EVENTS = Topic("work.events", WorkEvent, "subject", ("router",), ("api",), _MONTH)
REPLY_REQUESTED = Topic("reply.requested", ReplyRequested, "item", ("router",), (), _MONTH)
# Longer than the longest time from telling of a campaign to its end.
CAMPAIGNS = Topic(
    "campaigns", CampaignTold, "brand", ("router",), ("classify",), timedelta(days=400), partitions=1, followed=True
)

TOPICS: tuple[Topic, ...] = (
    MENTIONS_RAW,
    MENTIONS_EXPRESS,
    MENTIONS_CLASSIFIED,
    VOLUME_BLOCKS,
    SPIKE_EVENTS,
    WORK_EVENTS,
    REPLY_REQUESTED,
    CAMPAIGNS,
)


def dead_letters_of(topic: Topic) -> Topic:
    """The dead-letter topic of a topic that has one."""
    return Topic(topic.dead, DeadLetter, topic.key, topic.read_by, ("people",), timedelta(days=90), partitions=1)


ALL_TOPICS: tuple[Topic, ...] = TOPICS + tuple(dead_letters_of(topic) for topic in TOPICS if topic.has_dead)
