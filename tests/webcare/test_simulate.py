"""`webcare simulate`: the arithmetic of its curves, and the command from options to report."""

import json
import math
import re
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

import webcare.rehearsal
from backbone.errors import BadInput, Unavailable
from contracts.mentions import Mention
from services.classify.spikes.settings import SpikeSettings
from webcare.cli import app
from webcare.replay.run import Plan as ReplayPlan
from webcare.replay.run import prepare
from webcare.simulating.curves import poisson_interval, quantile, report_of
from webcare.simulating.many import jobs_of, simulate
from webcare.simulating.run import FalsePage, Found, Onset, Plan, Stream, Unwanted, onsets_of, run_stream
from webcare.simulating.settings import base_of, settings_for

TINY = ["simulate", "--per-day", "20,60", "--to", "2000", "--days", "4", "--runs", "2", "--onsets", "1"]
REHEARSAL = Path(webcare.rehearsal.__file__).parent / "config.yaml"
STEP = Onset("step", 20.0, 2000.0)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (10, 4.7954, 18.3904), (100, 81.3640, 121.6268)]
)
def test_the_interval_is_the_one_of_the_tables(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), abs=2e-4)


def test_quantiles_are_delays_that_were_seen_and_what_was_missed_took_longest() -> None:
    delays: list[float | None] = [4.0, None, 1.0, 3.0, 2.0]
    assert [quantile(delays, share) for share in (0.2, 0.5, 0.8, 0.9)] == [1.0, 3.0, 4.0, None]
    assert quantile([], 0.5) is None
    assert quantile([None], 0.5) is None


def false_page(stream: int, day: float, during: Unwanted = "quiet") -> FalsePage:
    return FalsePage(during, stream, day, "above_expectation_5m", 9, 1.0, 300, 8)


def found(number: int, days: list[float], delays: list[float | None]) -> Found:
    return Found(
        Stream(20.0, number),
        mentions=400,
        per_hour=2.0 + number,
        per_day=4.0,
        false=[*(false_page(number, day) for day in days), false_page(number, 20.0, "campaign")],
        already_open=number,
        delays={STEP: delays},
        campaigns=2,
        heaps=3,
        silences=[None],
    )


def test_streams_add_up_to_a_level() -> None:
    plan = Plan(days=37)
    one, two = found(0, [0.5, 7.0, 36.9], [60.0, 120.0]), found(1, [6.99], [None, 180.0])
    (level,) = report_of(plan, [(1.0, one), (1.0, two)]).levels
    assert (level.per_day, level.budget, level.streams, level.mentions) == (20.0, 1.0, 2, 800)
    assert (level.first_week.pages, level.first_week.days) == (2, 14.0)
    assert level.first_week.per_30_days == pytest.approx(2 / 14 * 30, abs=1e-3)
    assert (level.after.pages, level.after.days, level.after.per_30_days) == (2, 60.0, 1.0)
    assert (level.after.low, level.after.high) == pytest.approx((0.121, 3.612), abs=1e-3)
    (told,) = level.crises
    assert (told.tried, told.missed, told.median_min, told.p90_min) == (4, 1, 2.0, None)
    assert (level.campaigns.pages, level.campaigns.tried, level.after_campaigns.pages) == (2, 4, 0)
    assert (level.reposts.pages, level.flood.tried) == (0, 6)
    assert level.variance_over_mean_per_hour == 2.5
    assert level.open_at_onset == 1
    assert (level.silence.tried, level.silence.missed) == (2, 2)
    assert [page.day for page in level.false_pages] == [0.5, 7.0, 36.9, 20.0, 6.99, 20.0]


def test_each_budget_is_a_point_of_the_curve() -> None:
    told = report_of(Plan(days=7), [(0.1, found(0, [], [60.0])), (3.0, found(0, [1.0], [30.0]))])
    assert [(level.budget, level.first_week.pages) for level in told.levels] == [(0.1, 0), (3.0, 1)]
    assert [level.crises[0].median_min for level in told.levels] == [1.0, 0.5]
    assert [level.after.days for level in told.levels] == [0.0, 0.0]


def test_a_crisis_is_ten_times_as_usual_where_the_target_is_hardly_more() -> None:
    plan = Plan(to=(2000.0, 200.0), growths=("step", "doubling"))
    targets = [(onset.growth, onset.target) for onset in onsets_of(plan, 100.0)]
    assert targets == [("step", 2000.0), ("doubling", 2000.0), ("step", 1000.0), ("doubling", 1000.0)]
    assert [onset.target for onset in onsets_of(Plan(), 2000.0)] == [20000.0]


def test_a_stream_gives_the_same_again_and_its_crises_are_seen() -> None:
    """A hundredfold step by many people is seen in all of the streams, whatever the settings say of false pages."""
    plan = Plan(days=6, onsets=2)
    once, again = (run_stream(plan, Stream(20.0, 0), base_of(None)) for _ in range(2))
    assert once == again
    assert len(once.delays[STEP]) == len(once.in_campaign[STEP]) == 2
    assert all(delay is not None and 0 < delay <= 7200 for delay in once.delays[STEP])
    assert once.campaigns == once.heaps == len(once.silences) == 2


def test_what_is_tried_does_not_change_the_quiet_stream() -> None:
    with_campaigns = run_stream(Plan(days=6, onsets=2), Stream(20.0, 0), base_of(None))
    without = run_stream(Plan(days=6, onsets=2, campaign=1.0, growths=("ramp",)), Stream(20.0, 0), base_of(None))
    assert (with_campaigns.mentions, without.campaigns) == (without.mentions, 0)
    assert [page for page in with_campaigns.false if page.during == "quiet"] == [
        page for page in without.false if page.during == "quiet"
    ]
    assert with_campaigns.silences == without.silences


def test_the_budget_goes_to_the_settings_and_simulated_weeks_have_no_holidays(tmp_path: Path) -> None:
    base = base_of(None)
    assert settings_for(0.3, base).false_pages_per_month == 0.3
    assert settings_for(None, base) == base
    assert (base.calendar.zone, base.calendar.country) == ("Europe/Amsterdam", None)
    path = tmp_path / "webcare.yaml"
    path.write_text(REHEARSAL.read_text("utf-8").replace("Europe/Amsterdam", "Europe/Lisbon"), "utf-8")
    assert base_of(path).calendar.zone == "Europe/Lisbon"


def run(*options: str) -> str:
    result = CliRunner().invoke(app, [*TINY, *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_command_tells_every_level_and_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    shown = run("--json", str(one), "--jobs", "1", "--onset", "step,ramp")
    run("--json", str(two), "--jobs", "2", "--onset", "step,ramp")
    assert one.read_bytes() == two.read_bytes()
    report = json.loads(one.read_text())
    assert [level["per_day"] for level in report["levels"]] == [20.0, 60.0]
    for level in report["levels"]:
        assert level["streams"] == 2
        assert [(each["growth"], each["tried"]) for each in level["crises"]] == [("step", 2), ("ramp", 2)]
        assert level["first_week"]["days"] == 8.0
    assert "False pages per 30 quiet days" in re.sub(r"\s+", " ", shown)


def test_the_command_draws_a_curve_over_budgets(tmp_path: Path) -> None:
    path = tmp_path / "curve.json"
    shown = run("--json", str(path), "--jobs", "1", "--budget", "0.1,3", "--campaign", "1", "--per-day", "20")
    points = [line.split()[4] for line in shown.partition("along the budgets")[2].splitlines() if "->" in line]
    assert points == ["0.1", "3"]
    levels = json.loads(path.read_text())["levels"]
    assert [level["budget"] for level in levels] == [0.1, 3.0]
    assert levels[0]["mentions"] == levels[1]["mentions"]
    assert all(level["crises_in_campaign"] == [] for level in levels)
    medians = [level["crises"][0]["median_min"] or math.inf for level in levels]
    assert medians[0] >= medians[1]


def test_a_written_stream_can_be_replayed_and_its_onsets_are_known(tmp_path: Path) -> None:
    path = tmp_path / "stream.ndjson"
    run("--write", str(path), "--days", "40")
    known = json.loads((tmp_path / "stream.onsets.json").read_text())
    script = prepare(ReplayPlan(path=path)).script
    assert (script.received, script.refused, script.brands) == (known["mentions"], {}, (known["brand"],))
    kinds = [each["kind"] for each in known["happenings"]]
    assert kinds == ["crisis", "campaign", "campaign", "crisis", "reposts", "flood", "silence"]
    mentions = [line.happens for line in script.lines if isinstance(line.happens, Mention)]
    times = [mention.created_at.isoformat() for mention in mentions]
    for each in known["happenings"]:
        at, until = (each[edge].replace("Z", "+00:00") for edge in ("at", "until"))
        inside = sum(at <= time < until for time in times)
        assert inside == 0 if each["kind"] == "silence" else inside >= 20
    assert len({mention.text for mention in mentions}) > 100


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.ndjson", "b.ndjson", "c.ndjson")]
    for path, seed in zip(paths, ("7", "7", "8"), strict=True):
        run("--write", str(path), "--days", "40", "--seed", seed)
    one, same, other = (path.read_bytes() for path in paths)
    assert one == same != other


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--per-day", "20,many"], "--per-day: 'many' cannot be used. Write numbers above 0, up to 1,000,000"),
        (["--per-day", "0"], "--per-day"),
        (["--to", "nan"], "--to"),
        (["--budget", "-1"], "--budget"),
        (["--onset", "jump"], "--onset: 'jump' is not a way to grow. Write one or more of step, ramp, doubling."),
        (["--dispersion", "mad"], "--dispersion: there is no 'mad'. Write one of calm, usual, wild."),
        (["--days", "1"], "--days: 1 cannot be used. Write a number from 2"),
        (["--runs", "0"], "--runs"),
        (["--onsets", "0"], "--onsets"),
        (["--jobs", "0"], "--jobs"),
        (["--campaign", "0.5"], "--campaign: 0.5 cannot be used. Write a factor from 1 (no campaigns) to 100."),
        (["--write", "stream.csv"], "--write: stream.csv has another ending. End it in .ndjson or .jsonl."),
        (["--write", "stream.ndjson"], "--days: 4 is too few for 6 happenings. Write at least"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_a_bad_option_says_what_to_write(options: list[str], told: str) -> None:
    result = CliRunner().invoke(app, [*TINY, *options])
    assert result.exit_code == 1
    assert isinstance(result.exception, BadInput), result.exception
    assert told in str(result.exception)


def test_a_report_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, [*TINY, "--per-day", "20", "--jobs", "1", "--json", str(tmp_path / "no" / "r.json")]
    )
    assert isinstance(result.exception, Unavailable)
    assert "r.json" in str(result.exception)


def test_progress_is_told_once_per_stream() -> None:
    jobs = jobs_of([20.0, 40.0], 2, [(None, SpikeSettings())])
    seen: list[Stream] = []
    report = simulate(Plan(days=2, onsets=1), jobs, 1, lambda job: seen.append(job.stream))
    assert sorted(seen) == [Stream(20.0, 0), Stream(20.0, 1), Stream(40.0, 0), Stream(40.0, 1)]
    assert msgspec.json.decode(msgspec.json.encode(report))["levels"][1]["per_day"] == 40.0
