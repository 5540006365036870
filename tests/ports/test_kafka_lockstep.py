"""The log as a replay steps through it: the batches of embedded mode, no question to the brokers without need."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from event_log_adapters import FOUR, ONE, KafkaAdapter, SqliteAdapter, new, numbered, values
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backbone.distributed.kafka_client import Brokers
from backbone.ports import Consumer, EventLog, Partition

pytestmark = pytest.mark.servers

APPENDS = st.lists(
    st.tuples(st.sampled_from((FOUR, ONE)), st.text(max_size=2), st.integers(0, 3000)), min_size=1, max_size=30
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), APPENDS),
        st.tuples(st.just("poll"), st.tuples(st.integers(0, 1), st.integers(1, 20))),
        st.tuples(st.just("back"), st.integers(0, 1)),
    ),
    min_size=5,
    max_size=40,
)


async def batches(log: EventLog, steps: list[tuple[str, Any]]) -> list[list[tuple[str, int, int, bytes]]]:
    """What two groups get of the same steps: each batch, in order."""
    members: list[Consumer] = [await log.consumer(group, [FOUR.name, ONE.name]) for group in ("first", "second")]
    found = []
    for what, how in steps:
        if what == "append":
            await log.append([new(topic, key, f"{key}{'x' * size}") for topic, key, size in how])
        elif what == "poll":
            member, limit = how
            records = await members[member].poll(limit, 0.0)
            found.append([(record.topic, record.partition, record.offset, record.value) for record in records])
            await members[member].commit(members[member].assignment())
        else:
            await members[how].seek({partition: at // 2 for partition, at in members[how].assignment().items()})
    return found


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.shrink],
)
@given(steps=STEPS)
def test_the_same_steps_give_the_same_batches_as_embedded(kafka_server: str, steps: list[tuple[str, Any]]) -> None:
    async def both() -> None:
        kafka = KafkaAdapter(kafka_server, lockstep=True)
        log = await kafka.open((FOUR, ONE))
        with tempfile.TemporaryDirectory() as folder:
            embedded = await SqliteAdapter(Path(folder)).open((FOUR, ONE))
            expected = await batches(embedded, steps)
            await embedded.close()
        assert await batches(log, steps) == expected
        await log.close()
        await kafka.clear()

    asyncio.run(both())


async def test_a_poll_without_anything_new_asks_nobody(kafka_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = KafkaAdapter(kafka_server, lockstep=True)
    log = await adapter.open()
    first, second = await log.consumer("first", [FOUR.name]), await log.consumer("second", [FOUR.name])
    await log.append(numbered(FOUR, 40))
    asked: list[object] = []
    ask = Brokers.ask

    async def counted(self: Brokers, node: int, request: object) -> Any:
        asked.append(request)
        return await ask(self, node, request)

    monkeypatch.setattr(Brokers, "ask", counted)
    assert len(await first.poll(100, 0.0)) == 40
    assert len(asked) == 1
    assert len(await second.poll(100, 0.0)) == 40
    assert list(await first.poll(100, 0.0)) == []
    assert sum((await log.end_offsets(FOUR.name)).values()) == 40
    assert len(asked) == 1
    await log.close()
    await adapter.clear()


async def test_commits_are_out_when_the_log_is_closed(kafka_server: str) -> None:
    adapter = KafkaAdapter(kafka_server, lockstep=True)
    log = await adapter.open()
    consumer = await log.consumer("g", [ONE.name])
    await log.append(numbered(ONE, 5))
    for _ in range(3):
        await consumer.poll(1, 0.0)
        await consumer.commit(consumer.assignment())
    await log.close()
    again = await adapter.open()
    assert await again.group_offsets("g") == {Partition(ONE.name, 0): 3}
    assert values(await (await again.consumer("g", [ONE.name])).poll(10, 0.0)) == ["3", "4"]
    await again.close()
    await adapter.clear()
