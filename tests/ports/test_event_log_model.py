"""The log against a model of it: any mix of appends, polls, commits, joins, leaves and restarts."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from event_log_adapters import FOUR, ONE, Adapter, KafkaAdapter, SqliteAdapter, new
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from backbone.ports import Consumer, NewRecord, Partition

T = TypeVar("T")

TOPICS = {topic.name: topic for topic in (FOUR, ONE)}
RECORDS = st.lists(
    st.builds(new, st.sampled_from((FOUR, ONE)), st.text(max_size=3), st.text(max_size=20)), min_size=1, max_size=12
)


class LogModel(RuleBasedStateMachine):
    """`kept` is what each partition should hold, `committed` what the group should remember."""

    most_members = 4

    def adapt(self) -> Adapter:
        return SqliteAdapter(self.folder)

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.adapter = self.adapt()
        self.log = self.wait(self.adapter.open((FOUR, ONE)))
        self.kept: dict[Partition, list[tuple[str, bytes]]] = {
            Partition(topic.name, n): [] for topic in TOPICS.values() for n in range(topic.partitions)
        }
        self.committed: dict[Partition, int] = {}
        self.members: list[Consumer] = []

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def teardown(self) -> None:
        self.wait(self.log.close())
        self.wait(self.adapter.clear())
        self.loop.close()
        shutil.rmtree(self.folder)

    @rule(records=RECORDS)
    def append(self, records: list[NewRecord]) -> None:
        for record, (partition, offset) in zip(records, self.wait(self.log.append(records)), strict=True):
            assert (partition.topic, offset) == (record.topic, len(self.kept[partition]))
            self.kept[partition].append((record.key, record.value))

    @rule(batches=st.lists(RECORDS, min_size=2, max_size=5))
    def append_at_once(self, batches: list[list[NewRecord]]) -> None:
        async def together() -> list[Any]:
            return await asyncio.gather(*(self.log.append(records) for records in batches))

        for records, stands in zip(batches, self.wait(together()), strict=True):
            for record, (partition, offset) in zip(records, stands, strict=True):
                assert offset == len(self.kept[partition])
                self.kept[partition].append((record.key, record.value))

    @precondition(lambda self: len(self.members) < self.most_members)
    @rule(topics=st.sets(st.sampled_from(sorted(TOPICS)), min_size=1))
    def join(self, topics: set[str]) -> None:
        self.members.append(self.wait(self.log.consumer("g", sorted(topics))))

    @precondition(lambda self: self.members)
    @rule(data=st.data(), limit=st.integers(1, 20))
    def poll(self, data: st.DataObject, limit: int) -> None:
        member = data.draw(st.sampled_from(self.members))
        before = member.assignment()
        records = self.wait(member.poll(limit, 0.0))
        assert len(records) <= limit
        assert records or all(position >= len(self.kept[partition]) for partition, position in before.items())
        position = dict(before)
        for record in records:
            partition = Partition(record.topic, record.partition)
            assert record.offset == position[partition]
            assert (record.key, record.value) == self.kept[partition][record.offset]
            position[partition] += 1
        assert member.assignment() == position

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        member = data.draw(st.sampled_from(self.members))
        self.wait(member.commit(member.assignment()))
        self.committed.update({partition: n for partition, n in member.assignment().items() if n})

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        member = data.draw(st.sampled_from(self.members))
        self.members.remove(member)
        self.wait(member.close())

    @rule()
    def restart(self) -> None:
        """What was not committed is forgotten, nothing else."""
        self.wait(self.log.close())
        self.log = self.wait(self.adapter.open((FOUR, ONE)))
        self.members = []

    @invariant()
    def each_partition_is_one_members(self) -> None:
        held = [partition for member in self.members for partition in member.assignment()]
        assert len(held) == len(set(held))

    @invariant()
    def nobody_stands_before_what_was_committed(self) -> None:
        for member in self.members:
            for partition, position in member.assignment().items():
                assert position >= self.committed.get(partition, 0)

    @invariant()
    def the_log_holds_what_it_should(self) -> None:
        assert self.wait(self.log.group_offsets("g")) == self.committed
        for topic in TOPICS:
            ends = self.wait(self.log.end_offsets(topic))
            assert ends == {partition: len(kept) for partition, kept in self.kept.items() if partition.topic == topic}


class KafkaModel(LogModel):
    """With one member, since partitions change hands some time after another joined."""

    server: str
    most_members = 1

    def adapt(self) -> Adapter:
        return KafkaAdapter(self.server)


class LockstepModel(KafkaModel):
    """The groups of a replay are as prompt as the embedded ones."""

    most_members = 4

    def adapt(self) -> Adapter:
        return KafkaAdapter(self.server, lockstep=True)


def few(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # Topics are made for each example: a failure is told as it was found.
        phases=[phase for phase in Phase if phase is not Phase.shrink],
    )


TestLogModel = LogModel.TestCase
TestLogModel.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.servers
@pytest.mark.parametrize("model", [KafkaModel, LockstepModel])
def test_kafka_is_as_the_model_says(
    model: type[KafkaModel], kafka_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "server", kafka_server, raising=False)
    run_state_machine_as_test(model, settings=few(6))
