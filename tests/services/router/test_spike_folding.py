"""Several series rise in one crisis: one incident and one page, whatever is heard of first, and by the right name."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from router_world import MINUTE, START, World
from router_world import settings as standard
from spike_stories import FIGURES, STORY_ONE, STORY_TWO, evidence, life, silence, told

from backbone.embedded.desk import SqliteDesk
from backbone.records import Incident, Spike
from contracts.volume import SpikeEvent
from services.router.domain.conservation import incident_conservation

pytestmark = pytest.mark.slow

SERIES = tuple(FIGURES)
LIVES = [
    life(series, opens, closes) for series, opens, closes in zip(SERIES, (0, 2, 3, 5), (95, 90, 99, 80), strict=True)
]


@asynccontextmanager
async def fresh(empty_desk: Path) -> AsyncIterator[World]:
    """A world for one example of a property."""
    with TemporaryDirectory() as folder:
        path = Path(shutil.copy(empty_desk, Path(folder) / "desk.db"))
        desk = await SqliteDesk.open(path, durability="normal")
        try:
            yield World(desk, standard())
        finally:
            await desk.close()


@st.composite
def heard(draw: st.DrawFn, lives: list[list[SpikeEvent]]) -> list[SpikeEvent]:
    """The lives in any order that keeps each series' own; now and then the last few of a series come once more."""
    rest = [list(life) for life in lives]
    events: list[SpikeEvent] = []
    while any(rest):
        series = draw(st.sampled_from([each for each in rest if each]))
        events.append(series.pop(0))
        again = [each for each in events if each.series == events[-1].series]
        events += again[len(again) - draw(st.sampled_from([0, 0, 0, 1, 3])) :]
    return events


async def tell_all(world: World, events: list[SpikeEvent], at_once: int) -> None:
    for start in range(0, len(events), at_once):
        await world.grow(*events[start : start + at_once])


async def spikes(world: World) -> list[Spike]:
    async with world.desk.reading() as tx:
        return list(await tx.spikes(None, False, 100))


async def reasons(world: World, incident: Incident) -> list[str]:
    async with world.desk.reading() as tx:
        rows = await tx.audit(incident_id=incident.id)
    return [row.reason for row in rows if row.action.startswith("incident.")]


PROPERTY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@PROPERTY
@given(events=heard(LIVES))
async def test_one_crisis_is_one_incident_and_one_page_in_every_order(empty_desk: Path, events: list[SpikeEvent]):
    """Four series; also where one was over before another was heard of, and where events come again."""
    async with fresh(empty_desk) as world:
        await tell_all(world, events, 1)
        (incident,) = await world.incidents()
        assert (incident.kind, incident.state) == ("spike", "resolved")
        assert [who for _, who in world.pages()] == ["anna"]
        found = await spikes(world)
        assert {(spike.series, spike.phase, spike.incident_id) for spike in found} == {
            (series, "over", incident.id) for series in SERIES
        }
        assert incident_conservation(1, await world.desk.counts()).sums == {
            "alarms": 4,
            "incidents_opened": 1,
            "incidents_folded": 3,
        }


@PROPERTY
@given(
    opens=st.permutations([one[0] for one in LIVES]),
    rest=heard([one[1:3] for one in LIVES]),
    at_once=st.integers(1, 16),
)
async def test_the_series_that_explains_it_leads_in_every_order(
    empty_desk: Path, opens: list[SpikeEvent], rest: list[SpikeEvent], at_once: int
):
    """A crisis on x is called one, whoever was first; the evidence is the same to the letter."""
    async with fresh(empty_desk) as world:
        await tell_all(world, [*opens, *rest], at_once)
        (incident,) = await world.incidents()
        leading = incident.evidence
        assert (leading["series"], leading["seen"], leading["phase"]) == ("acme|channel=x", 47, "peaked")
        assert leading["explained_by"] == [{"series": "acme|channel=x", "share": 0.943}]
        assert [(each["series"], each["seen"], each["phase"]) for each in leading["folded"]] == [
            ("acme", 50, "peaked"),
            ("acme|kind=negative", 30, "peaked"),
            ("acme|source=forum", 20, "peaked"),
        ]


@PROPERTY
@given(ends=heard([one[3:] for one in LIVES]))
async def test_it_is_resolved_when_the_last_of_its_spikes_is_over(empty_desk: Path, ends: list[SpikeEvent]):
    """And not before, whichever that is; the timeline says so."""
    async with fresh(empty_desk) as world:
        await tell_all(world, [one[0] for one in LIVES], 4)
        over: set[str] = set()
        for event in ends:
            await world.grow(event)
            over.add(event.series)
            (incident,) = await world.incidents()
            assert (incident.state == "resolved") == (len(over) == 4)
        assert (await reasons(world, incident))[-5:] == ["part_over"] * 3 + ["spike_over"] * 2
        assert incident.evidence["phase"] == "over"


@PROPERTY
@given(events=heard([life("acme", 0, 60), life("other", 1, 70), life("other|channel=x", 2, 65)]))
async def test_two_brands_stay_apart(empty_desk: Path, events: list[SpikeEvent]):
    """A crisis each, though they overlap."""
    async with fresh(empty_desk) as world:
        await tell_all(world, events, 3)
        assert sorted(incident.brand for incident in await world.incidents()) == ["acme", "other"]


SILENT = [silence("acme", "opened", 3), silence("acme", "closed", 80)]
SILENT_ON_X = [silence("acme|channel=x", "opened", 5), silence("acme|channel=x", "closed", 70)]


@PROPERTY
@given(events=heard([life("acme|kind=negative", 0, 60), SILENT, SILENT_ON_X]))
async def test_silence_and_spike_stay_apart_and_silences_fold_among_each_other(
    empty_desk: Path, events: list[SpikeEvent]
):
    """The negative ones rise while the rest is silent: two incidents, whatever the order."""
    async with fresh(empty_desk) as world:
        await tell_all(world, events, 1)
        found = {incident.kind: incident for incident in await world.incidents()}
        assert len(await world.incidents()) == 2
        assert {kind: each.state for kind, each in found.items()} == {"spike": "resolved", "silence": "resolved"}
        assert (await reasons(world, found["silence"]))[-1] == "silence_over"
        assert (await reasons(world, found["spike"]))[-1] == "spike_over"


async def test_a_drill_is_never_folded_into_a_real_crisis(world: World):
    drill = told("acme|drill=yes", "opened", 1, drill=True)
    await world.grow(told("acme", "opened", 0), drill)
    assert [incident.drill for incident in await world.incidents()] == [False, True]


async def test_a_part_that_rises_while_the_brand_is_calm_has_an_incident_of_its_own(world: World):
    """When the brand rises later it joins it: nobody is woken again, and the part still leads."""
    await world.grow(told("acme|channel=x", "opened", 0))
    (before,) = await world.incidents()
    assert before.evidence["series"] == "acme|channel=x"
    await world.grow(told("acme", "opened", 20))
    (incident,) = await world.incidents()
    assert (incident.id, incident.evidence["series"]) == (before.id, "acme|channel=x")
    assert (await reasons(world, incident))[-1] == "spike_whole_folded"
    assert len(world.pages()) == 1


async def test_a_part_of_a_small_share_is_told_beside_the_brand(world: World):
    """The brand leads, since no part explains it."""
    await world.grow(told("acme", "opened", 0), told("acme|source=forum", "opened", 1))
    (incident,) = await world.incidents()
    assert incident.evidence["series"] == "acme"
    assert [each["series"] for each in incident.evidence["folded"]] == ["acme|source=forum"]


async def test_what_explains_it_is_named_before_it_has_a_spike_of_its_own(world: World):
    """The brand's own evidence tells where it is said and whether it is one story."""
    figures = {**FIGURES["acme"], "share_negative": 0.95, "story": 0b1111_0000, "stories": STORY_ONE}
    await world.grow(told("acme", "opened", 0, figures=figures))
    (incident,) = await world.incidents()
    assert incident.evidence["series"] == "acme"
    assert incident.evidence["explained_by"] == [
        {"story": 0b1111_0000, "share": 0.9},
        {"series": "acme|channel=x", "share": 0.939},
        {"series": "acme|kind=negative", "share": 0.949},
    ]


async def test_a_spike_elsewhere_in_the_brand_is_folded_and_told_by_name(world: World):
    """Another channel, or another story: no second page, but the timeline says that it is elsewhere."""
    await world.grow(told("acme|channel=x", "opened", 0))
    await world.grow(told("acme|channel=facebook", "opened", 5))
    (incident,) = await world.incidents()
    assert (await reasons(world, incident))[-1] == "spike_elsewhere"
    assert len(world.pages()) == 1


async def test_another_story_in_a_part_is_told_as_elsewhere(world: World):
    one = {**FIGURES["acme"], "story": STORY_ONE[0].signature, "stories": STORY_ONE}
    other = {"seen": 30, "story": STORY_TWO[0].signature, "stories": STORY_TWO}
    await world.grow(told("acme", "opened", 0, figures=one))
    await world.grow(told("acme|kind=negative", "opened", 5, figures=other))
    (incident,) = await world.incidents()
    assert (await reasons(world, incident))[-1] == "spike_elsewhere"


async def test_a_spike_that_opens_after_all_were_over_is_a_new_incident(world: World):
    await world.grow(*life("acme", 0, 60))
    world.clock.advance(START + 61 * MINUTE)
    await world.grow(told("acme|channel=x", "opened", 61))
    assert [incident.state for incident in await world.incidents()] == ["resolved", "triggered"]


async def test_a_spike_heard_of_late_that_goes_on_opens_an_incident(world: World):
    """Its opening overlapped what was over already, so nobody was woken; it goes on, so somebody is."""
    await world.grow(*life("acme", 0, 60))
    await world.grow(told("acme|channel=x", "opened", 50))
    assert len(await world.incidents()) == 1
    world.clock.advance(START + 75 * MINUTE)
    await world.grow(told("acme|channel=x", "updated", 75))
    late = (await world.incidents())[-1]
    assert (late.state, late.evidence["series"]) == ("triggered", "acme|channel=x")
    await world.grow(told("acme|channel=x", "closed", 140))
    assert [incident.state for incident in await world.incidents()] == ["resolved", "resolved"]


async def test_what_a_person_resolved_stays_so_and_what_opens_after_it_is_new(world: World):
    """Its spike may grow; a part that opens later is news."""
    await world.grow(told("acme", "opened", 0))
    (incident,) = await world.incidents()
    world.clock.advance(START + 10 * MINUTE)
    async with world.desk.transaction() as tx:
        await tx.resolve_incident(incident.id, world.cause("anna"))
    await world.grow(told("acme", "updated", 20), told("acme|channel=x", "opened", 9))
    assert len(await world.incidents()) == 1
    await world.grow(told("acme|kind=negative", "opened", 25))
    assert [each.state for each in await world.incidents()] == ["resolved", "triggered"]


async def test_a_silent_stream_does_not_hide_behind_another_that_stopped_before(world: World):
    """Two channels have an incident each; when the brand stops altogether it joins the first."""
    await world.grow(silence("acme|channel=x", "opened", 0))
    world.clock.advance(START + 5 * MINUTE)
    await world.grow(silence("acme|channel=facebook", "opened", 5))
    assert len(await world.incidents()) == 2
    await world.grow(silence("acme", "opened", 9, expected=90.0))
    first, second = await world.incidents()
    assert [each["series"] for each in first.evidence["folded"]] == ["acme|channel=x"]
    assert second.evidence["folded"] == []
    assert first.reason == "silent_longer_than_usual"


async def test_a_silence_leads_by_the_stream_that_is_missing(world: World):
    """Nearly all that is missing of the brand is missing on x."""
    await world.grow(silence("acme", "opened", 0, expected=42.0), silence("acme|channel=x", "opened", 1, expected=40.0))
    (incident,) = await world.incidents()
    assert (incident.evidence["series"], incident.evidence["explained_by"]) == (
        "acme|channel=x",
        [{"series": "acme|channel=x", "share": 0.952}],
    )


async def test_evidence_says_that_nobody_was_reached_until_the_end(world: World):
    """What the pager wrote there is not lost when a spike grows."""
    await world.grow(told("acme", "opened", 0))
    (incident,) = await world.incidents()
    async with world.desk.transaction() as tx:
        await tx.update_evidence(incident.id, {**incident.evidence, "unreached": "nobody_left"}, world.cause())
    await world.grow(told("acme", "updated", 12, figures={"seen": 80}))
    (after,) = await world.incidents()
    assert (after.evidence["unreached"], after.evidence["seen"]) == ("nobody_left", 80)


async def test_an_event_that_comes_again_after_a_later_one_changes_nothing(world: World):
    """Neither the spike, nor the incident, nor its timeline."""
    events = life("acme", 0, 60)[:3]
    await world.grow(*events)
    before = (await spikes(world), await world.incidents())
    await world.grow(*events)
    assert (await spikes(world), await world.incidents()) == before


async def test_a_spike_keeps_what_it_opened_on_grew_to_and_ended_with(world: World):
    opened, grown, _, closed = life("acme", 0, 60)
    grown = msgspec.structs.replace(grown, evidence=evidence(10, seen=99))
    await world.grow(opened, grown, closed)
    (spike,) = await spikes(world)
    assert (spike.phase, spike.direction, spike.closed_at) == ("over", "up", START + 60 * MINUTE)
    assert [spike.evidence["seen"], spike.evidence["latest"]["seen"], spike.evidence["closed"]["seen"]] == [50, 99, 50]


SILENCE_NL = "0 berichten in 2 uur waar 40 wordt verwacht; kans kleiner dan 1 op een miljard."
SILENCE_EN = "0 messages in 2 hours where 40 is expected; chance less than 1 in a billion."


@pytest.mark.parametrize(
    ("language", "title", "line"),
    [("nl", "stilte: geen berichten op x", SILENCE_NL), ("en", "silence: no messages on x", SILENCE_EN)],
)
async def test_a_silence_pages_in_its_own_words(world: World, language: str, title: str, line: str):
    people = tuple(msgspec.structs.replace(person, language=language) for person in world.settings.people)
    world.settings = msgspec.structs.replace(world.settings, people=people)
    world.restart()
    await world.grow(silence("acme|channel=x", "opened", 0))
    (notice,) = world.inbox.notices
    assert notice.title.endswith(f"acme: {title}")
    assert notice.body.splitlines()[0] == line
