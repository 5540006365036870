"""What the gate counts and appends, and what reading a body's bytes quickly may not change."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from backbone.bodies import parse_carefully, parse_json
from backbone.embedded.clock import ReplayClock
from backbone.errors import BadInput
from backbone.metrics import Metrics
from backbone.ports import NewRecord, Partition
from contracts.mentions import Mention
from services.ingest.domain.brands import Brand, IngestSettings
from services.ingest.gate import Gate

DEPTH = 3


class Log:
    """The part of an event log that the gate uses."""

    def __init__(self) -> None:
        self.records: list[NewRecord] = []

    async def append(self, records: Sequence[NewRecord]) -> Sequence[tuple[Partition, int]]:
        self.records += records
        return [(Partition(record.topic, 0), n) for n, record in enumerate(records)]


async def test_each_message_is_counted_once_and_refused_ones_by_their_code() -> None:
    log, registry = Log(), CollectorRegistry()
    settings = IngestSettings(brands=(Brand(name="Acme"),))
    gate = Gate(log, ReplayClock(datetime(2026, 5, 1, tzinfo=UTC)), settings, Metrics(registry))
    sent: list[object] = [{"id": str(n), "text": "Dag Acme, er is brand" if n else "Dag Acme"} for n in range(3)]
    results = await gate.take([*sent, {"id": "4"}, {"id": "5"}, None, {"text": "x"}], gate.arrival("req_1"))

    def counted(outcome: str, reason: str) -> float | None:
        for family in registry.collect():
            for sample in family.samples:
                if sample.labels == {"outcome": outcome, "reason": reason} and sample.name.endswith("_total"):
                    return sample.value
        return None

    assert [result.status for result in results] == ["accepted"] * 3 + ["refused"] * 4
    assert (counted("received", ""), counted("accepted", "")) == (7, 3)
    codes = ("text_missing", "not_an_object", "id_missing")
    assert [counted("refused", code) for code in codes] == [2, 1, 1]
    assert [record.topic for record in log.records] == ["mentions.raw", "mentions.express", "mentions.express"]
    assert [msgspec.json.decode(record.value, type=Mention).native_id for record in log.records] == ["0", "1", "2"]


def outcome(read: Callable[[], object]) -> tuple[str, str] | str:
    """What came of reading: the value, or the refusal's code and words."""
    try:
        return repr(read())
    except BadInput as error:
        return error.code, error.message


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet='a[{"\\é\ud800\x00\n'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="a[é", max_size=3), inner, max_size=3),
    max_leaves=12,
)
written = st.builds(lambda value, plain: json.dumps(value, ensure_ascii=plain), values, st.booleans())
bodies = written.map(lambda text: text.encode("utf-8", "surrogatepass"))
bent = st.builds(lambda body, place, byte: body[:place] + byte + body[place:], bodies, st.integers(0, 40), st.binary())


@given(bodies | bent | st.binary())
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":"\xed\xa0\x80"}')
@example(b'{"\xff":1}')
@example(b"[[[[1]]]]")
@example(b'["[[[[["]')
@example(b"[[[[")
@example(b"1e999")
def test_the_short_cut_for_flat_json_says_what_the_careful_reading_says(body: bytes) -> None:
    assert outcome(lambda: parse_json(body, DEPTH)) == outcome(lambda: parse_carefully(body, DEPTH))
