"""`webcare backtest` as people call it: files, a data folder, tables and reports, and mistakes."""

import asyncio
import csv
import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from backtest_stream import START, Burst, history, material, write
from typer.testing import CliRunner

from backbone.embedded.clock import ReplayClock
from backbone.embedded.log import SqliteLog
from backbone.errors import WebcareError
from backbone.ports import NewRecord
from contracts.mentions import ClassifiedMention, Origin
from contracts.topics import ALL_TOPICS, MENTIONS_CLASSIFIED, MENTIONS_RAW
from webcare.cli import app

pytestmark = pytest.mark.slow

CRISIS = START + timedelta(days=8, hours=9)
CONFIG = """
language: {language}
timezone: Europe/Amsterdam
brands:
  - name: acme
    names: [acme]
queues:
  - name: all
    hours: always
    target: {{normal: 4h}}
rules:
  - {{name: rest, queue: all}}
people:
  - {{name: noor, notify: [{{kind: webhook, url: "https://example.org/noor", secret_env: NOOR}}]}}
escalation:
  - name: all
    steps:
      - {{after: 0m, notify: [person:noor]}}
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    said = history(9, 20, [Burst(CRISIS, 100, 30)])
    return write(tmp_path_factory.mktemp("command") / "acme.csv", said)


def run(*arguments: object, fails: bool = False) -> str:
    result = CliRunner().invoke(app, ["backtest", *map(str, arguments)], catch_exceptions=fails)
    if fails:
        assert isinstance(result.exception, WebcareError), result.output
        return str(result.exception)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_a_file_gives_pages_a_table_to_judge_and_a_report(file: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "pages.csv", tmp_path / "report.json"
    told = run(file, "--budget", "3", "--out", out, "--json", report)
    assert "280 mentions of 1 brands" in told
    assert "Spikes only" in told
    assert "still rough" in told
    assert "paged once in 8.6 days" in told
    found = json.loads(report.read_bytes())
    assert [each["settings"] for each in found["outcomes"]] == ["as shipped", "budget 3"]
    with out.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    assert len(rows) == sum(len(each["pages"]) for each in found["outcomes"])
    assert {row["judgement"] for row in rows} == {""}
    out.write_text(out.read_text(encoding="utf-8").replace(",\n", ",vals\n"), encoding="utf-8")
    judged = run(file, "--judged", out)
    assert "by what was judged" in judged


def test_columns_of_another_name_and_times_on_the_local_clock(file: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed.csv"
    renamed.write_text(file.read_text(encoding="utf-8").replace("brand", "event", 1), encoding="utf-8")
    told = run(renamed, "--brand-column", "event", "--from", "2026-03-10", "--to", "2026-03-10T18:00")
    assert "told from 2026-03-10 00:00 to 2026-03-10 18:00" in told
    assert "paged once in 0.8 days" in told


def test_settings_of_two_files_are_compared_in_the_words_of_the_first(file: Path, tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine.yaml", tmp_path / "theirs.yaml"
    mine.write_text(CONFIG.format(language="nl"), encoding="utf-8")
    theirs.write_text(CONFIG.format(language="en"), encoding="utf-8")
    report = tmp_path / "report.json"
    told = run(file, "--config", mine, "--against", theirs, "--brand", "acme", "--json", report)
    assert "berichten" in told
    assert [each["settings"] for each in json.loads(report.read_bytes())["outcomes"]] == [str(mine), str(theirs)]


def test_without_a_file_it_is_what_the_data_folder_keeps(file: Path, tmp_path: Path) -> None:
    """The verdicts are those that were given then, and the pages those of the file."""
    asyncio.run(_keep(file, tmp_path / "log.db"))
    reports = [tmp_path / "kept.json", tmp_path / "file.json"]
    run("--data", tmp_path, "--json", reports[0])
    run(file, "--json", reports[1])
    kept, read = (json.loads(report.read_bytes()) for report in reports)
    assert kept == read
    assert len(kept["outcomes"][0]["pages"]) == 1


async def _keep(file: Path, path: Path) -> None:
    records = []
    async for heard in material(file).heard():
        for one in heard:
            origin = Origin(topic=MENTIONS_RAW.name, partition=0, offset=len(records))
            event = ClassifiedMention(mention=one.mention, verdict=one.verdict, origin=origin)
            records.append(NewRecord(MENTIONS_CLASSIFIED.name, "acme", msgspec.json.encode(event)))
    log = await SqliteLog.open(path, ALL_TOPICS, ReplayClock(START), "normal")
    await log.append(records)
    await log.close()


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--budget", "many"], "--budget: 'many'"),
        (["--brand", "acne"], "no brand 'acne'"),
        (["--config", "none.yaml"], "none.yaml"),
        (["--judged", "none.csv"], "none.csv"),
        (["--text-column", "said"], "said"),
        (["--model", "unknown"], "unknown"),
    ],
)
def test_mistakes_are_told_in_a_sentence(file: Path, options: list[str], wanted: str) -> None:
    assert wanted in run(file, *options, fails=True)


def test_a_folder_without_a_log_and_a_file_that_is_none(tmp_path: Path) -> None:
    assert "no log here" in run("--data", tmp_path, fails=True)
    assert "none.csv" in run(tmp_path / "none.csv", fails=True)
