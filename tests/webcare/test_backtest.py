"""`webcare backtest`: a history that we wrote gives its pages, the same ones each time, and those of a replay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from backtest_stream import LATEST, QUIET, START, Burst, history, material, run_over, write
from hypothesis import given
from hypothesis import strategies as st

from backbone.campaigns import Campaign
from backbone.errors import BadInput
from contracts.campaigns import CampaignTold
from contracts.mentions import Author, Mention, Verdict
from contracts.volume import VolumeUpdate
from services.classify.spikes.settings import SpikeSettings
from webcare.backtesting.campaigns import Declared
from webcare.backtesting.candidates import SHIPPED, Candidate, budgets_of, candidates
from webcare.backtesting.detecting import Counting, Detector
from webcare.backtesting.material import Heard
from webcare.backtesting.pages import pages_of
from webcare.backtesting.run import Told
from webcare.replay.run import Plan, in_folder, open_folder, prepare, replay

CRISIS = START + timedelta(days=13, hours=10)
RISE = START + timedelta(days=10, hours=12)
DAYS = 15
VERDICT = Verdict(
    lang="nl", sentiment="neutral", sentiment_p=0.9, urgency="normal", urgency_p=0.8, urgency_p_critical=0.0,
    urgency_p_high=0.1, intent="remark", intent_p=0.9, care="webcare", unsure=False, reasons=(), signature=5, model="m",
)  # fmt: skip
SHIPPED_ONLY = [Candidate(SHIPPED, SpikeSettings())]


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of thirty a day, in them a crisis of four a minute, and some days before it a campaign's rise."""
    bursts = (Burst(CRISIS, 160, 40), Burst(RISE, 100, 60, QUIET))
    return write(tmp_path_factory.mktemp("history") / "acme.csv", history(DAYS, bursts=bursts))


async def test_a_crisis_is_one_page_with_its_evidence_and_quiet_days_have_none(eventful: Path) -> None:
    found = await run_over(eventful, SHIPPED_ONLY)
    [outcome] = found.outcomes
    [crisis] = [page for page in outcome.pages if page.at >= CRISIS]
    assert CRISIS <= crisis.at <= CRISIS + timedelta(minutes=15)
    assert crisis.brand == "acme"
    assert crisis.direction == "up"
    assert crisis.since <= crisis.at
    assert crisis.seen > 5 * crisis.expected
    assert 0 < crisis.people <= crisis.seen
    assert crisis.reason
    assert crisis.over is not None
    assert CRISIS + timedelta(minutes=40) <= crisis.over <= CRISIS + timedelta(hours=8)
    [rise] = [page for page in outcome.pages if page.at < CRISIS]
    assert RISE <= rise.at <= RISE + timedelta(hours=1)
    assert found.history.mentions == DAYS * 30 + 260
    assert found.history.brands == ("acme",)
    assert sum(outcome.by_month.values()) == len(outcome.pages)


async def test_two_runs_give_the_same_report_to_the_byte(eventful: Path) -> None:
    compared = candidates(None, [], [0.1], 1)
    first, second = [await run_over(eventful, compared) for _ in range(2)]
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    assert [each.settings for each in first.outcomes] == [SHIPPED, "budget 0.1"]


async def test_settings_are_compared_with_the_first(eventful: Path) -> None:
    """Settings that can never speak have none of the pages, and keep nothing that was judged."""
    deaf = Candidate("deaf", replace(SpikeSettings(), least_people=10_000))
    found = await run_over(eventful, [*SHIPPED_ONLY, deaf])
    first, other = found.outcomes
    assert len(first.pages) == first.shared >= 1
    assert first.lost == 0
    assert (other.pages, other.shared, other.lost) == ((), 0, len(first.pages))


async def test_a_campaign_is_known_to_those_settings_that_declare_it(eventful: Path) -> None:
    """Its rise pages where it is not declared; the crisis after it pages all the same."""
    lasts = timedelta(hours=1)
    declared = Campaign(id="c", name="sale", brand="acme", starts_at=RISE, ends_at=RISE + lasts, factor=60.0)
    compared = [*SHIPPED_ONLY, Candidate("with the campaign", SpikeSettings(), (declared,))]
    plain, knowing = (await run_over(eventful, compared)).outcomes
    assert [page.campaign for page in plain.pages] == [None, None]
    assert all(page.campaign == "c" for page in knowing.pages if page.at < RISE + lasts)
    assert len([page for page in knowing.pages if page.at >= CRISIS]) == 1


def test_what_was_declared_on_the_spot_is_known_from_then_on() -> None:
    """Declared ten minutes after it began, and ended an hour later: the past knew no more."""
    begins, ends = RISE, RISE + timedelta(hours=5)
    said = CampaignTold(
        id="1", campaign_id="c", name="sale", brand="acme", starts_at=begins, ends_at=ends, factor=3.0,
        at=begins + timedelta(minutes=10),
    )  # fmt: skip
    ended_at = begins + timedelta(minutes=70)
    ended = msgspec.structs.replace(said, id="2", ends_at=ended_at, at=ended_at, seq=1)
    declared = Declared(told=[ended, said])

    def known(minutes: int) -> list[datetime]:
        at = begins + timedelta(minutes=minutes)
        [update] = declared.stamp([VolumeUpdate(series="acme", brand="acme", at=at, blocks=())], at)
        return [datetime.fromtimestamp(each.end * 60, UTC) for each in update.campaigns]

    assert [known(minutes) for minutes in (5, 11, 60, 71)] == [[], [ends], [ends], [ended_at]]


async def test_from_and_to_say_which_pages_are_told_not_what_is_learned(eventful: Path) -> None:
    whole = await run_over(eventful, SHIPPED_ONLY)
    late = await run_over(eventful, SHIPPED_ONLY, Told(since=RISE + timedelta(days=2)))
    assert [page.at for page in late.outcomes[0].pages] == [
        page.at for page in whole.outcomes[0].pages if page.at >= RISE + timedelta(days=2)
    ]
    assert late.outcomes[0].pages[0].number == 1
    assert late.outcomes[0].pages[0].history_days > 10
    early = await run_over(eventful, SHIPPED_ONLY, Told(until=RISE))
    assert early.outcomes[0].pages == ()
    assert early.history.until == RISE
    assert early.history.mentions < whole.history.mentions


async def test_one_brand_alone_has_the_pages_it_had_among_others(eventful: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.csv", history(DAYS, seed=3), brand="bolt").read_text(encoding="utf-8")
    rows = [line.replace("m", "n", 1) for line in other.splitlines()[1:]]
    both = tmp_path / "both.csv"
    both.write_text(eventful.read_text(encoding="utf-8") + "\n".join(rows) + "\n", encoding="utf-8")
    compared = [Candidate(SHIPPED, SpikeSettings(brands=2))]
    together = await run_over(both, compared)
    alone = await run_over(both, compared, Told(brands=("acme",)))
    assert together.history.brands == ("acme", "bolt")
    assert alone.history.brands == ("acme",)
    of_acme = [page.at for page in together.outcomes[0].pages if page.brand == "acme"]
    assert [page.at for page in alone.outcomes[0].pages] == of_acme


async def test_what_is_asked_for_must_be_there(eventful: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no brand 'acne' here. There are: acme"):
        await run_over(eventful, SHIPPED_ONLY, Told(brands=("acne",)))
    with pytest.raises(BadInput, match="no mention to go through"):
        await run_over(eventful, SHIPPED_ONLY, Told(until=START))
    with pytest.raises(BadInput, match="no mention to go through"):
        await run_over(eventful, SHIPPED_ONLY, Told(since=LATEST))
    with pytest.raises(BadInput, match="no mention to go through"):
        await run_over(write(tmp_path / "empty.csv", []), SHIPPED_ONLY)


@given(st.lists(st.tuples(st.integers(-20, 40), st.integers(0, 3)), max_size=60), st.integers(1, 20))
def test_how_a_history_is_cut_changes_no_count(steps: list[tuple[int, int]], size: int) -> None:
    """Whatever the pieces in which it is read, the same updates at the same instants, and these never fall back."""
    heard, at = [], START
    for number, (seconds, author) in enumerate(steps):
        at += timedelta(seconds=seconds)
        mention = Mention(
            id=f"m{number}", source="s", native_id=str(number), brand="acme", channel="x", text="", created_at=at,
            received_at=at, author=Author(id=str(author)),
        )  # fmt: skip
        heard.append(Heard(at, mention, VERDICT))
    whole, pieces = [], []
    for told, length in ((whole, max(1, len(heard))), (pieces, size)):
        counting = Counting(lambda updates, at, told=told: told.append((at, updates)))
        for start in range(0, len(heard), length):
            counting.take(heard[start : start + length])
        counting.flush()
    assert whole == pieces
    assert [at for at, _ in whole] == sorted(at for at, _ in whole)
    counted = {block.block: block for _, updates in whole for update in updates for block in update.blocks}
    assert sum(minute.arrivals for block in counted.values() for minute in block.minutes) == len(heard)


@pytest.mark.slow
async def test_it_says_what_a_replay_of_the_whole_system_says(tmp_path: Path) -> None:
    """The same spikes within the seconds that are counted together, opened and closed."""
    file = write(tmp_path / "acme.csv", history(3, 20, [Burst(START + timedelta(days=2, hours=9), 60, 20)]))
    plan = Plan(file, latest=LATEST)
    prepared = prepare(plan)
    folder = tmp_path / "replay"
    open_folder(folder, plan, prepared.script)
    report = await replay(plan, prepared, in_folder(folder), lambda n, at: None)
    detector = Detector(SpikeSettings())
    counting = Counting(detector.take)
    async for heard in material(file).heard():
        counting.take(heard)
    counting.flush()
    detector.let_pass(START + timedelta(days=3))
    wanted = [(each["series"], each["opened"]) for each in report["spikes"]]
    opened = [(each.series, each.at) for each in detector.events if each.kind == "opened"]
    assert opened
    assert sorted(series for series, _ in opened) == sorted(series for series, _ in wanted)
    times = zip(sorted(opened), sorted(wanted), strict=True)
    assert all(abs(at - datetime.fromisoformat(told)) <= timedelta(seconds=30) for (_, at), (_, told) in times)
    assert len(pages_of(detector.events)) == report["incidents_by_kind"]["spike"]


def test_budgets_are_numbers_with_commas_between() -> None:
    assert budgets_of("0.3, 1,3") == [0.3, 1.0, 3.0]
    assert budgets_of("") == []
    for wrong in ("often", "0", "-1", "1;3", "nan", "inf"):
        with pytest.raises(BadInput, match="--budget"):
            budgets_of(wrong)


def test_settings_that_are_named_twice_are_tried_once() -> None:
    assert [each.name for each in candidates(None, [], [3.0, 1.0, 3.0], 2)] == [SHIPPED, "budget 3", "budget 1"]
