"""Mentions in, verdicts and volume out: the hot, stateless path, and the counter beside it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import structlog

from backbone.handling import Delivered, Rejected
from backbone.ports import Clock, EventLog, NewRecord, Partition
from contracts.mentions import ClassifiedMention, Mention, Origin, Verdict
from contracts.topics import MENTIONS_CLASSIFIED, MENTIONS_EXPRESS, MENTIONS_RAW, VOLUME_BLOCKS
from contracts.volume import VolumeUpdate
from services.classify.campaigns import Campaigns
from services.classify.counting import Arrival, BlockCounter, block_head
from services.classify.domain.verdict import Text
from services.classify.judges import Judges
from services.classify.registry import Judge
from services.classify.shadow import Shadow

_ENCODER = msgspec.json.Encoder()
_MENTION = msgspec.json.Decoder(Mention)
_LOG = structlog.get_logger("webcare.classify")


class ClassifyHandler:
    """Gives each mention its verdict and tells, with every batch, what the blocks it touched hold.

    A batch is judged by one model. A `shadow` judges it too, and what that says goes nowhere but into its counts.
    Both go out in one append, so that a crash repeats both: readers drop verdicts by their origin and counts by
    their block. On assignment the counter reads each open block again from its head. Without `campaigns` none are
    known; `sources` are watched apart.
    """

    group = "classify"
    topics: Sequence[str] = (MENTIONS_EXPRESS.name, MENTIONS_RAW.name)
    owns_offsets = False

    def __init__(
        self,
        log: EventLog,
        judges: Judges,
        clock: Clock,
        shadow: Shadow | None = None,
        campaigns: Campaigns | None = None,
        sources: Iterable[str] = (),
    ) -> None:
        self._log = log
        self._judges = judges
        self._clock = clock
        self._shadow = shadow
        self._campaigns = campaigns
        self._counter = BlockCounter(sources)

    async def assigned(self, committed: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Read the head of each open block again; start where the group stands."""
        for partition, offset in committed.items():
            kept = (await self._log.start_offsets(partition.topic))[partition]
            head = max(block_head(offset), kept)
            arrivals = await self._arrivals(partition, head, offset)
            gap = self._counter.prime(partition.topic, partition.number, offset, kept, arrivals)
            if gap:
                _LOG.warning("volume_gap", topic=gap.topic, partition=gap.partition, block=gap.block)
        return committed

    async def _arrivals(self, partition: Partition, start: int, end: int) -> list[Arrival]:
        records = await self._log.read(partition, start, end - start) if end > start else []
        places, mentions = [], []
        for record in records:
            try:
                mentions.append(_MENTION.decode(record.value))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # it went to the dead letters when it first came by
            places.append((record.topic, record.partition, record.offset))
        judge = await self._judges.present()
        verdicts = judge.judge([_text(mention) for mention in mentions])
        return [Arrival(*place, m, v) for place, m, v in zip(places, mentions, verdicts, strict=True)]

    async def handle(
        self,
        batch: Sequence[Delivered[Mention]],
        rejected: Sequence[Rejected],  # noqa: ARG002 - the runner writes their dead letters
    ) -> Sequence[NewRecord]:
        """Classified mentions in order of arrival, then one volume update per series."""
        judge = await self._judges.present()
        verdicts: list[Verdict] = []
        at_once = self._judges.at_once
        for start in range(0, len(batch), at_once):
            verdicts += self._judge(judge, [each.event for each in batch[start : start + at_once]])
            await asyncio.sleep(0)  # whoever asks how it stands, and the brokers, wait for no longer than this takes
        outputs = [_classified(each, verdict) for each, verdict in zip(batch, verdicts, strict=True)]
        arrivals = [
            Arrival(each.record.topic, each.record.partition, each.record.offset, each.event, verdict)
            for each, verdict in zip(batch, verdicts, strict=True)
        ]
        now = self._clock.now()
        updates: Sequence[VolumeUpdate] = self._counter.count(arrivals, now)
        if self._campaigns is not None:
            updates = await self._campaigns.stamp(updates, now)
        return outputs + [NewRecord(VOLUME_BLOCKS.name, u.series, _ENCODER.encode(u)) for u in updates]

    def _judge(self, judge: Judge, mentions: Sequence[Mention]) -> list[Verdict]:
        texts = [_text(mention) for mention in mentions]
        verdicts = judge.judge(texts)
        if self._shadow is not None:
            self._shadow.compare(judge.model, mentions, texts, verdicts, self._clock.now())
        return verdicts


def _text(mention: Mention) -> Text:
    followers = mention.author.followers if mention.author else None
    return Text(mention.text, mention.lang_hint, mention.channel, followers)


def _classified(each: Delivered[Mention], verdict: Verdict) -> NewRecord:
    record = each.record
    origin = Origin(topic=record.topic, partition=record.partition, offset=record.offset)
    event = ClassifiedMention(mention=each.event, verdict=verdict, origin=origin)
    return NewRecord(MENTIONS_CLASSIFIED.name, record.key, _ENCODER.encode(event))
