"""The one way in: judge what was sent, append what can be taken, answer per message."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from backbone.errors import Backpressure
from backbone.metrics import Metrics
from backbone.ports import Clock, EventLog, NewRecord
from contracts.mentions import Mention
from contracts.topics import MENTIONS_EXPRESS, MENTIONS_RAW
from services.ingest.domain.brands import IngestSettings
from services.ingest.domain.normalise import Arrival, Refused, partition_key, to_mention

_ENCODER = msgspec.json.Encoder()


class Result(NamedTuple):
    """What became of one message, in the order sent."""

    status: Literal["accepted", "refused"]
    mention: Mention | None
    error: Refused | None


class Gate:
    """Takes messages in. What it calls accepted is durable in the log."""

    def __init__(
        self, log: EventLog, clock: Clock, settings: IngestSettings, metrics: Metrics, max_waiting: int = 20_000
    ) -> None:
        self._log = log
        self._clock = clock
        self.settings = settings
        self._metrics = metrics
        self._waiting = 0
        self._max_waiting = max_waiting

    def arrival(self, origin: str) -> Arrival:
        """How a push that comes in now arrives."""
        return Arrival(received_at=self._clock.now(), origin=origin)

    async def take(self, sent: Sequence[object], arrival: Arrival) -> list[Result]:
        """Judge and append, in order, in one append: either all acceptable ones are durable or none.

        Raises Backpressure when too many messages wait for the log, Unavailable when it cannot be written.
        """
        results = [judge(each, arrival, self.settings) for each in sent]
        self._count("received", "", len(results))
        for code, n in Counter(result.error.code for result in results if result.error).items():
            self._count("refused", code, n)
        await self.append([result.mention for result in results if result.mention])
        return results

    async def append(self, mentions: Sequence[Mention]) -> None:
        """Make mentions durable; the fast lane's go to their own topic."""
        if self._waiting + len(mentions) > self._max_waiting:
            raise Backpressure("Too many messages wait to be written.", retry_after_s=2)
        self._waiting += len(mentions)
        try:
            await self._log.append([to_record(mention) for mention in mentions])
        finally:
            self._waiting -= len(mentions)
        self._count("accepted", "", len(mentions))

    def _count(self, outcome: str, reason: str, n: int) -> None:
        if n:
            self._metrics.mentions.labels(outcome, reason).inc(n)


def judge(sent: object, arrival: Arrival, settings: IngestSettings) -> Result:
    """One message's result; never raises for what was sent. What could not even be read is its own Refused."""
    if isinstance(sent, Refused):
        return Result("refused", None, sent)
    try:
        return Result("accepted", to_mention(sent, arrival, settings), None)
    except Refused as error:
        return Result("refused", None, error)


def to_record(mention: Mention) -> NewRecord:
    """The mention as a record of its lane's topic."""
    topic = MENTIONS_EXPRESS if mention.express else MENTIONS_RAW
    return NewRecord(topic.name, partition_key(mention), _ENCODER.encode(mention))
