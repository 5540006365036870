"""Every consumer takes every recorded example: none is a dead letter, all are handled."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from backbone.embedded.clock import ReplayClock
from backbone.metrics import Metrics
from backbone.ports import NewRecord
from backbone.runner import Runner
from backbone.standing import RunnerSettings
from contracts.topics import TOPICS
from services.api.figures import Figures
from tests.contracts.examples import contracts_examples
from webcare.adapters import Adapters, embedded
from webcare.chain import Chain
from webcare.notifiers import recording
from webcare.replay.defaults import default_settings

READ = [topic.name for topic in TOPICS if topic.read_by and not topic.followed]


def chain_of(adapters: Adapters) -> tuple[Runner, ...]:
    metrics = Metrics(CollectorRegistry())
    settings = RunnerSettings(retries=False)
    chain = Chain(adapters, default_settings(("Wiedeldoorn",)), recording(), metrics, "test", settings, lambda: 0.5)
    figures = Runner(adapters.log, Figures(metrics), adapters.clock, metrics, settings)
    return (*chain.runners, figures)


@pytest.mark.parametrize("topic", READ)
async def test_all_examples_of_a_topic_are_handled_by_all_its_readers(tmp_path: Path, topic: str) -> None:
    clock = ReplayClock(datetime.now(UTC) + timedelta(days=365))
    async with embedded(tmp_path, clock, "normal", inline=True) as adapters:
        runners = chain_of(adapters)
        examples = contracts_examples(topic)
        assert examples
        await adapters.log.append([NewRecord(topic, name, value) for name, value in examples])
        readers = [runner for runner in runners if topic in runner.topics]
        handled = [await runner.step() for runner in readers]
        assert readers
        assert handled == [len(examples)] * len(readers)
        assert sum((await adapters.log.end_offsets(f"{topic}.dead")).values()) == 0
        for runner in runners:
            await runner.close()
