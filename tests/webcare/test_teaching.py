"""The commands about models and corrections, on the model that ships."""

import asyncio
import csv
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from backbone.corrections import Correction
from backbone.embedded.clock import ReplayClock
from backbone.embedded.desk import SqliteDesk
from backbone.errors import BadInput, Conflict, NotFound, Unavailable
from backbone.metrics import Metrics
from backbone.ports import NewRecord
from backbone.records import Cause, Item, StoredMention
from backbone.standing import RunnerSettings
from contracts.mentions import ClassifiedMention, Mention
from contracts.topics import MENTIONS_CLASSIFIED, MENTIONS_RAW
from services.classify.build import judging, named, registry_of
from services.classify.domain.resources import SHIPPED
from services.classify.domain.verdict import Text
from services.classify.settings import ModelSettings
from services.classify.training.corpus import read
from webcare.adapters import Adapters, embedded
from webcare.chain import Chain
from webcare.cli import app
from webcare.config.schema import ClassifyPart, ConfigFile
from webcare.corrections import desk_in_folder, rows_of, write_rows
from webcare.models import model_settings
from webcare.notifiers import recording
from webcare.replay.defaults import default_settings

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `webcare ...` on a data folder and returns what it says; raises what it raises."""

    def command(*arguments: str) -> str:
        result = CliRunner().invoke(app, [*arguments, "--data", str(tmp_path)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return command


def install(data: Path, name: str) -> Path:
    """The shipped model under another name."""
    folder = data / "models" / name
    shutil.copytree(SHIPPED, folder)
    manifest = msgspec.json.decode((folder / "model.json").read_bytes())
    (folder / "model.json").write_bytes(msgspec.json.encode({**manifest, "name": name}))
    return folder


# --------------------------------------------------------------------------------------------------------- models


def test_models_are_listed_chosen_and_gone_back_from(tmp_path: Path, run: Run) -> None:
    install(tmp_path, "ours-1")
    (install(tmp_path, "ours-2") / "decision.json").write_text('{"taken": false, "reasons": ["urgency_worse"]}')
    listed = run("models", "list").splitlines()
    assert [line.split(":")[0] for line in listed] == [f"* {SHIPPED.name}", "  ours-1", "  ours-2"]
    assert "refused (urgency_worse)" in listed[2]
    assert run("models", "use", "ours-1").startswith(f"ours-1 judges from the next batch on (before: {SHIPPED.name})")
    assert run("models", "use", "ours-1") == "ours-1 judges already\n"
    assert "* ours-1: installed" in run("models", "list")
    with pytest.raises(Conflict, match="urgency_worse"):
        run("models", "use", "ours-2")
    run("models", "use", "ours-2", "--refused-too")
    assert run("models", "back").startswith("ours-1 judges from the next batch on")
    assert run("models", "back").startswith(f"{SHIPPED.name} judges")


def test_a_damaged_model_is_refused_by_name(tmp_path: Path, run: Run) -> None:
    weights = install(tmp_path, "torn") / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    for command in ("show", "use"):
        with pytest.raises(BadInput, match=r"torn/weights\.npz") as refused:
            run("models", command, "torn")
        assert refused.value.code == "model_damaged"
    assert f"* {SHIPPED.name}" in run("models", "list")


def test_a_models_card_is_shown(tmp_path: Path, run: Run) -> None:
    (install(tmp_path, "ours-1") / "CARD.md").write_text("# ours-1\nWeak on [irony].")
    shown = run("models", "show", "ours-1")
    assert shown.startswith("  ours-1: installed, of 20")
    assert "Weak on [irony]." in shown
    with pytest.raises(NotFound, match=SHIPPED.name):
        run("models", "show", "nowhere")


def test_settings_come_from_the_environment_then_the_file_then_the_data_folder(tmp_path: Path) -> None:
    config = ConfigFile.model_construct(classify=ClassifyPart(model="a", shadow="b", models="/srv/models"))
    told = model_settings(config, tmp_path, {"WEBCARE_KAFKA_INSTANCE": "one"})
    assert told == ModelSettings(folder=Path("/srv/models"), model="a", shadow="b", instance="one")
    wins = {"WEBCARE_MODELS": "/mnt/m", "WEBCARE_MODEL": "c", "WEBCARE_SHADOW": "d", "WEBCARE_KAFKA_INSTANCE": "one"}
    assert model_settings(config, tmp_path, wins) == ModelSettings(
        folder=Path("/mnt/m"), model="c", shadow="d", instance="one"
    )
    told = model_settings(ConfigFile.model_construct(classify=ClassifyPart()), tmp_path, {})
    assert (told.folder, told.model, told.shadow) == (tmp_path / "models", None, None)


@pytest.mark.parametrize(("confidence", "unsure"), [(0.0, False), (1.0, True)])
async def test_who_configures_more_confidence_has_more_verdicts_unsure(
    tmp_path: Path, confidence: float, unsure: bool
) -> None:
    config = ConfigFile.model_construct(classify=ClassifyPart(confidence=confidence))
    settings = model_settings(config, tmp_path, {})
    judge = await judging(settings, Metrics(CollectorRegistry())).judges.present()
    assert [verdict.unsure for verdict in judge.judge([Text("Mijn pakket is er nog niet, kunt u kijken?")])] == [unsure]


def test_a_configured_model_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    metrics = Metrics(CollectorRegistry())
    for wrong in ({"model": "nowhere"}, {"shadow": "nowhere"}):
        with pytest.raises(NotFound, match="nowhere"):
            judging(ModelSettings(folder=tmp_path, **wrong), metrics)


# ----------------------------------------------------------------------------------------------- a chain that runs


def said(n: int, text: str) -> Mention:
    return Mention(
        id=f"men_{n}",
        source="x-main",
        native_id=str(n),
        brand="acme",
        channel="x",
        text=text,
        created_at=NOW,
        received_at=NOW,
    )


async def verdict_of(adapters: Adapters, chain: Chain, n: int) -> str:
    """The model that judges one more message."""
    mention = said(n, "Mijn oplader rookt!")
    await adapters.log.append([NewRecord(MENTIONS_RAW.name, "one", msgspec.json.encode(mention))])
    await chain.settle()
    for partition, end in (await adapters.log.end_offsets(MENTIONS_CLASSIFIED.name)).items():
        for record in await adapters.log.read(partition, 0, end):
            event = msgspec.json.decode(record.value, type=ClassifiedMention)
            if event.mention.id == mention.id:
                return event.verdict.model
    raise AssertionError("no verdict")


async def test_a_running_chain_follows_the_choice_and_a_replay_does_not(tmp_path: Path) -> None:
    install(tmp_path, "ours-1")
    install(tmp_path, "ours-2")
    models, metrics = registry_of(tmp_path / "models"), Metrics(CollectorRegistry())
    settings = ModelSettings(folder=tmp_path / "models", shadow="ours-2")
    async with embedded(tmp_path, ReplayClock(NOW), "normal") as adapters:
        rules = default_settings(("acme",))
        limits = RunnerSettings(retries=False)
        chain = Chain(adapters, rules, recording(), metrics, "t", limits, lambda: 0.5, judging(settings, metrics))
        assert await verdict_of(adapters, chain, 1) == SHIPPED.name
        models.use("ours-1", NOW)
        assert await verdict_of(adapters, chain, 2) == "ours-1"
        models.back(NOW)
        assert await verdict_of(adapters, chain, 3) == SHIPPED.name
        await chain.close()
    models.use("ours-1", NOW)
    assert named(None, tmp_path / "models").model == SHIPPED.name
    assert named("ours-2", tmp_path / "models").model == "ours-2"


async def test_two_models_are_compared_in_words(tmp_path: Path) -> None:
    install(tmp_path, "ours-2")
    metrics = Metrics(CollectorRegistry())
    settings = ModelSettings(folder=tmp_path / "models", shadow="ours-2")
    async with embedded(tmp_path, ReplayClock(NOW), "normal") as adapters:
        rules, limits = default_settings(("acme",)), RunnerSettings(retries=False)
        chain = Chain(adapters, rules, recording(), metrics, "t", limits, lambda: 0.5, judging(settings, metrics))
        await verdict_of(adapters, chain, 1)
        await chain.close()
    told = CliRunner().invoke(app, ["models", "compare", "--data", str(tmp_path)]).output
    assert f"{SHIPPED.name} judges, ours-2 in the shadow: 1 mentions from 2026-03-02 09:00" in told
    assert "changed: lang 0.00% (0), urgency 0.00% (0)" in told
    assert f"pages: 0 only by ours-2, 0 only by {SHIPPED.name}" in told


def test_a_replay_and_a_table_are_judged_by_the_model_they_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "ours-1")
    monkeypatch.setenv("WEBCARE_DATA", str(tmp_path))
    table = tmp_path / "messages.csv"
    table.write_text("id,text,created_at,brand\n1,Waar blijft mijn pakket?,2026-03-02T09:00:00Z,b\n")
    replay = ["replay", str(table), "--data", str(tmp_path / "replay")]
    assert CliRunner().invoke(app, [*replay, "--model", "ours-1"]).exit_code == 0
    other = CliRunner().invoke(app, replay).exception
    assert isinstance(other, BadInput)
    assert other.code == "other_replay"
    told = CliRunner().invoke(app, ["classify", str(table), "--out", str(tmp_path / "out.csv"), "--model", "ours-1"])
    assert "1 rows judged by ours-1" in told.output
    nowhere = CliRunner().invoke(app, ["classify", str(table), "--out", str(tmp_path / "out.csv"), "--model", "x"])
    assert isinstance(nowhere.exception, NotFound)


def test_nothing_compared_yet_says_how_to_begin(run: Run) -> None:
    assert "classify: {shadow: NAME}" in run("models", "compare")
    assert run("models", "compare", "--forget") == "0 counts dropped\n"


# ---------------------------------------------------------------------------------------------------- corrections


async def corrected_desk(data: Path, texts: dict[str, str]) -> None:
    """A desk with one item and its mentions, the urgency of each of which somebody corrected."""
    desk = await SqliteDesk.open(data / "desk.db", "normal")
    cause = Cause(actor="anna", method="api", at=NOW, reason="verdict_corrected")
    async with desk.transaction() as tx:
        await tx.put_mentions([_stored(name, text) for name, text in texts.items()])
        await tx.add_items([_item()], cause)
        for name in texts:
            given = Correction(
                mention_id=f"men_{name}", person="anna", revision=0, brand="acme", at=NOW, settles=False, urgency="high"
            )
            await tx.correct("itm_1", given, cause)
    await desk.close()


def _stored(name: str, text: str) -> StoredMention:
    return StoredMention(
        id=f"men_{name}",
        revision=0,
        brand="acme",
        item_id="itm_1",
        outcome="opened",
        reason="rest",
        created_at=NOW,
        text=text,
        author_name="Eva Jansen",
        url=None,
        verdict={"lang": "nl", "urgency": "low", "sentiment": "neutral", "intent": "question", "care": "webcare"},
    )


def _item() -> Item:
    return Item(
        id="itm_1",
        brand="acme",
        queue="care",
        conversation="c1",
        channel="x",
        source="x-main",
        thread=None,
        author="platform-id-77",
        author_name="Eva Jansen",
        state="waiting",
        urgency="low",
        unsure=False,
        sentiment="neutral",
        intent="question",
        care="webcare",
        lang="nl",
        priority=5,
        reason="rest",
        opened_at=NOW,
        last_mention_at=NOW,
        last_mention_id="men_1",
        excerpt="",
        mentions=1,
        due_at=None,
    )


async def test_corrections_are_exported_beside_a_process_that_runs_on_the_folder(tmp_path: Path) -> None:
    texts = {f"{n:04}": f'Bericht {n}, "06-1234{n:04}"\n' for n in range(1_200)}
    await corrected_desk(tmp_path, {**texts, "x": "Groet, Eva Jansen"})
    async with embedded(tmp_path, ReplayClock(NOW), "normal"), desk_in_folder(tmp_path) as desk:
        found = await rows_of(desk)
    write_rows(found.rows, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["id", "lang", "text", "urgency", "sentiment", "intent", "care"]
    assert len(rows) == len(found.rows) == 1_201
    assert {row["urgency"] for row in rows} == {"high"}
    assert "Groet, Naam" in {row["text"] for row in rows}
    assert not any("1234" in row["text"] or "Eva" in str(row) for row in rows)
    assert (tmp_path / "rows.csv").stat().st_mode & 0o077 == 0


async def test_the_trainer_reads_what_is_exported(tmp_path: Path) -> None:
    await corrected_desk(tmp_path, {"1": 'Mijn "oplader", rookt\nnog steeds', "2": "Hallo?"})
    async with desk_in_folder(tmp_path) as desk:
        found = await rows_of(desk)
    write_rows(found.rows, tmp_path / "rows.csv")
    taken = read(tmp_path / "rows.csv")
    assert {(row.text, row.labels) for row in taken} == {
        (row.text, (row.urgency, row.sentiment, row.intent, row.care)) for row in found.rows
    }


def test_an_export_without_a_desk_or_with_nowhere_to_go_says_so(tmp_path: Path, run: Run) -> None:
    with pytest.raises(BadInput, match="no desk here"):
        run("corrections", "export", str(tmp_path / "rows.csv"))
    asyncio.run(corrected_desk(tmp_path, {"1": "Hallo"}))
    with pytest.raises(Unavailable, match="nowhere"):
        run("corrections", "export", str(tmp_path / "nowhere" / "rows.csv"))
    assert run("corrections", "export", str(tmp_path / "rows.csv")) == f"1 rows: {tmp_path / 'rows.csv'}\n"


async def test_a_desk_of_another_version_is_left_alone(tmp_path: Path) -> None:
    await corrected_desk(tmp_path, {"1": "Hallo"})
    with sqlite3.connect(tmp_path / "desk.db") as other:
        other.execute("UPDATE alembic_version SET version_num = '0003'")
    other.close()
    with pytest.raises(BadInput, match="0003") as refused:
        async with desk_in_folder(tmp_path):
            pass
    assert refused.value.code == "other_desk"
