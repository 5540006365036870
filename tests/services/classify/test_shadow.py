"""A second model judges along: only the difference is kept, and its failures stay its own."""

from collections.abc import AsyncIterator, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
import structlog
from prometheus_client import CollectorRegistry
from word_judges import NOW, SHIPPED, WordJudge, mention, put, registry

from backbone.embedded.clock import ReplayClock
from backbone.embedded.log import SqliteLog
from backbone.handling import Delivered
from backbone.metrics import Metrics
from backbone.ports import NewRecord, Record
from contracts.mentions import ClassifiedMention, Mention, Verdict
from contracts.topics import ALL_TOPICS, MENTIONS_CLASSIFIED, MENTIONS_RAW
from services.classify import shadow as shadows
from services.classify.domain.verdict import Text
from services.classify.handler import ClassifyHandler
from services.classify.judges import Chosen, Fixed
from services.classify.shadow import Ledger, Shadow, forget, tallies
from services.classify.tally import EXAMPLES, summed

TEXTS = ("er is brand", "er is rook", "brand en rook", "alles goed", "nog een vraag")


class Failing(WordJudge):
    """Fails on its first batches, then does its work."""

    def __init__(self, failures: int) -> None:
        super().__init__("ours-1", ("rook",))
        self.failures = failures

    def judge(self, texts: Sequence[Text]) -> list[Verdict]:
        if self.failures:
            self.failures -= 1
            raise ValueError(f"cannot judge {texts[0].text}")
        return super().judge(texts)


@dataclass
class House:
    """A handler with its shadow, and what it counts."""

    folder: Path
    log: SqliteLog
    metrics: Metrics
    clock: ReplayClock

    def handler(self, judge: WordJudge | None = None) -> ClassifyHandler:
        second = judge or WordJudge("ours-1", ("rook",))
        present = Fixed(WordJudge(SHIPPED, ("brand",)))
        shadow = Shadow(second, Ledger(self.folder / "models", "one"), self.metrics)
        return ClassifyHandler(self.log, present, self.clock, shadow)

    def figure(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = ReplayClock(NOW)
    log = await SqliteLog.open(tmp_path / "log.db", ALL_TOPICS, clock, "normal")
    yield House(tmp_path, log, Metrics(CollectorRegistry()), clock)
    await log.close()


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def batch(mentions: Sequence[Mention]) -> list[Delivered[Mention]]:
    return [Delivered(Record(MENTIONS_RAW.name, 0, n, "k", b"", NOW), each) for n, each in enumerate(mentions)]


def said(texts: Sequence[str] = TEXTS) -> list[Mention]:
    return [mention(n, text) for n, text in enumerate(texts)]


def verdicts(outputs: Sequence[NewRecord]) -> list[Verdict]:
    values = [record.value for record in outputs if record.topic == MENTIONS_CLASSIFIED.name]
    return [msgspec.json.decode(value, type=ClassifiedMention).verdict for value in values]


async def test_only_the_present_verdicts_go_out_and_differences_are_counted(house: House) -> None:
    with_shadow = await house.handler().handle(batch(said()), ())
    alone = await ClassifyHandler(house.log, Fixed(WordJudge(SHIPPED, ("brand",))), house.clock).handle(
        batch(said()), ()
    )
    assert with_shadow == alone
    [tally] = tallies(house.folder / "models")
    assert (tally.present, tally.shadow, tally.mentions, tally.since) == (SHIPPED, "ours-1", len(TEXTS), NOW)
    assert tally.changed == {"urgency": 2, "sentiment": 2}
    assert tally.urgency == {"critical->normal": 1, "normal->critical": 1}
    assert (tally.gained, tally.gained_examples, tally.lost, tally.lost_examples) == (1, ["men_1"], 1, ["men_0"])


async def test_the_figures_tell_the_same(house: House, logged: list[MutableMapping[str, Any]]) -> None:
    await house.handler().handle(batch(said()), ())
    for head, changed in (("urgency", 2), ("sentiment", 2), ("intent", 0), ("care", 0), ("lang", 0)):
        assert house.figure("webcare_shadow_verdicts_total", head=head, result="changed") == changed
        assert house.figure("webcare_shadow_verdicts_total", head=head, result="same") == len(TEXTS) - changed
    assert house.figure("webcare_shadow_urgency_total", present="critical", shadow="normal") == 1
    assert house.figure("webcare_shadow_pages_total", change="gained") == 1
    assert house.figure("webcare_shadow_pages_total", change="lost") == 1
    pages = [line for line in logged if line["event"] == "shadow_page"]
    assert [(line["change"], line["mention"]) for line in pages] == [("lost", "men_0"), ("gained", "men_1")]
    assert not any(text in str(line) for line in logged for text in TEXTS)


async def test_a_shadow_that_fails_changes_nothing_and_is_let_go_after_three_batches(
    house: House, logged: list[MutableMapping[str, Any]]
) -> None:
    broken = Failing(100)
    handler = house.handler(broken)
    for _ in range(5):
        assert len(verdicts(await handler.handle(batch(said()), ()))) == len(TEXTS)
    assert (broken.failures, house.figure("webcare_shadow_failures_total")) == (97, 3)
    assert [line["event"] for line in logged] == ["shadow_failed", "shadow_failed", "shadow_stopped"]
    assert not any(text in str(line) for line in logged for text in TEXTS)
    assert tallies(house.folder / "models") == []


async def test_a_shadow_that_recovers_goes_on(house: House) -> None:
    handler = house.handler(Failing(2))
    for _ in range(4):
        await handler.handle(batch(said()), ())
    assert [tally.mentions for tally in tallies(house.folder / "models")] == [2 * len(TEXTS)]


async def test_counts_that_cannot_be_written_stop_nothing(house: House, logged: list[MutableMapping[str, Any]]) -> None:
    (house.folder / "models").write_text("no folder")
    handler = house.handler()
    for _ in range(3):
        assert len(verdicts(await handler.handle(batch(said()), ()))) == len(TEXTS)
    assert [line["event"] for line in logged if line["event"] != "shadow_page"] == ["shadow_unwritten"]
    assert house.figure("webcare_shadow_pages_total", change="gained") == 3


async def test_a_restart_goes_on_counting_until_it_is_told_to_forget(house: House) -> None:
    await house.handler().handle(batch(said()), ())
    house.clock.advance(NOW + timedelta(hours=1))
    second = house.handler()
    await second.handle(batch(said()), ())
    [tally] = tallies(house.folder / "models")
    assert (tally.mentions, tally.since, tally.until) == (2 * len(TEXTS), NOW, NOW + timedelta(hours=1))
    assert forget(house.folder / "models") == 1
    await second.handle(batch(said()), ())
    [tally] = tallies(house.folder / "models")
    assert (tally.mentions, tally.since) == (len(TEXTS), NOW + timedelta(hours=1))


async def test_a_drill_is_left_out(house: House) -> None:
    await house.handler().handle(batch([mention(1, "er is rook", drill=True), mention(2, "er is rook")]), ())
    [tally] = tallies(house.folder / "models")
    assert (tally.mentions, tally.gained_examples) == (1, ["men_2"])


async def test_examples_are_the_newest_and_bounded(house: House) -> None:
    await house.handler().handle(batch(said(["er is rook"] * (EXAMPLES + 20))), ())
    [tally] = tallies(house.folder / "models")
    assert (tally.gained, len(tally.gained_examples)) == (EXAMPLES + 20, EXAMPLES)
    assert tally.gained_examples[-1] == f"men_{EXAMPLES + 19}"


async def test_several_processes_are_summed_by_pair_of_models(house: House) -> None:
    for instance, second in (("one", "ours-1"), ("two", "ours-1"), ("one", "ours-2")):
        shadow = Shadow(WordJudge(second, ("rook",)), Ledger(house.folder / "models", instance), house.metrics)
        await ClassifyHandler(house.log, Fixed(WordJudge(SHIPPED, ("brand",))), house.clock, shadow).handle(
            batch(said()), ()
        )
        house.clock.advance(house.clock.now() + timedelta(minutes=1))
    (house.folder / "models" / shadows.FOLDER / "half.json").write_text("{")
    found = summed(tallies(house.folder / "models"))
    assert [(one.shadow, one.mentions, one.gained) for one in found] == [
        ("ours-2", len(TEXTS), 1),
        ("ours-1", 2 * len(TEXTS), 2),
    ]
    assert found[1].changed == {"sentiment": 4, "urgency": 4}
    assert found[1].gained_examples == ["men_1"]


async def test_a_model_that_becomes_the_present_one_is_no_longer_compared(house: House) -> None:
    here = registry(house.folder)
    put(house.folder / "models", "ours-1", "rook")
    second = WordJudge("ours-1", ("rook",))
    shadow = Shadow(second, Ledger(house.folder / "models", "one"), house.metrics)
    handler = ClassifyHandler(house.log, Chosen.open(here, SHIPPED), house.clock, shadow)
    assert {verdict.model for verdict in verdicts(await handler.handle(batch(said()), ()))} == {SHIPPED}
    here.use("ours-1", NOW)
    assert {verdict.model for verdict in verdicts(await handler.handle(batch(said()), ()))} == {"ours-1"}
    assert len(second.judged) == len(TEXTS)


async def test_all_of_a_batch_is_judged_by_one_model(house: House) -> None:
    """Also where somebody chooses another while the batch is judged."""
    here = registry(house.folder)
    put(house.folder / "models", "ours-1", "rook")
    here.use("ours-1", NOW)

    class Switching(WordJudge):
        def judge(self, texts: Sequence[Text]) -> list[Verdict]:
            if here.current() == "ours-1":
                here.back(NOW)
            return super().judge(texts)

    judges = Chosen(here, Switching("ours-1", ("rook",)), here.stamp())
    handler = ClassifyHandler(house.log, judges, house.clock)
    first = verdicts(await handler.handle(batch(said(["er is brand"] * 1_200)), ()))
    second = verdicts(await handler.handle(batch(said()), ()))
    assert ({one.model for one in first}, {one.model for one in second}) == ({"ours-1"}, {SHIPPED})
