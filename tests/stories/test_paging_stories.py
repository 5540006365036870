"""Mentions at t, a page wanted in [t1, t2], and silence elsewhere: through the whole chain, in both modes."""

import random
from pathlib import Path

import pytest

from tests.stories.theatre import Play, at, does, pages, play_bytes, says

pytestmark = pytest.mark.slow

FIRE = "De flessenwarmer staat in brand en mijn dochter heeft brandwonden aan haar hand"
DANGERS = (
    FIRE,
    "Gaslucht in de hele keuken nadat jullie monteur is geweest",
    "Mijn zoon ligt in het ziekenhuis na het eten van jullie potje",
    "Ik kom jullie filiaal met een mes bezoeken, let maar op",
    "Stroomschok gekregen van jullie waterkoker, arm is verdoofd",
    "Er zat glas in de babyvoeding en mijn baby heeft een bloedende mond",
    "De lader is ontploft en ons bankstel staat in brand",
)
DAY = 24 * 60
SMALL_TALK = (
    "Hoe laat zijn jullie morgen open?",
    "Mooie kleuren in de nieuwe folder!",
    "Kan ik mijn bestelling nog wijzigen?",
    "Welke maat moet ik hebben voor een kleine keuken?",
    "Leuk filmpje op jullie pagina gezien",
)
RUMOUR = (
    "Klopt het dat de Lauw 3 wordt teruggehaald?",
    "Ik lees overal over die flessenwarmer, wat is er aan de hand?",
    "Moet ik mijn flessenwarmer nu wegdoen of niet",
    "Kunnen jullie hier eens op reageren, iedereen heeft het erover",
)


def quiet(days: int, per_day: int = 20, seed: int = 1) -> list[dict[str, object]]:
    dice = random.Random(seed)
    times = sorted(dice.uniform(0, days * DAY) for _ in range(days * per_day))
    return [says(time, dice.choice(SMALL_TALK), f"stil{number}") for number, time in enumerate(times)]


def storm(start: float, minutes: int, per_hour: float, seed: int = 2) -> list[dict[str, object]]:
    dice = random.Random(seed)
    lines, time = [], start
    while (time := time + dice.expovariate(per_hour / 60)) < start + minutes:
        lines.append(says(time, f"{dice.choice(RUMOUR)} {len(lines)}", f"storm{len(lines)}"))
    return lines


def test_one_calm_report_of_danger_at_night_wakes_the_one_on_call_at_once(play: Play) -> None:
    report = play([says(10, FIRE, "moeder"), does(11, "resolve", "sanne", incident="latest")])
    assert pages(report) == [("critical", "sanne", 10)]


def test_nobody_answers_so_the_next_is_woken_and_then_the_last_resort(play: Play) -> None:
    report = play([says(10, FIRE, "moeder")])
    first, second, *last = pages(report)
    assert first == ("critical", "sanne", 10)
    assert second == ("critical", "ilse", 15)
    assert all(to == "ilse" for _, to, _ in last)


def test_an_acknowledgement_stops_the_pages_and_running_out_starts_them_again(play: Play) -> None:
    report = play([says(10, FIRE, "moeder"), does(12, "acknowledge", "sanne", incident="latest")])
    assert pages(report)[0] == ("critical", "sanne", 10)
    assert [page for page in pages(report)[1:] if page[2] < 42] == []
    assert pages(report)[1] == ("critical", "sanne", 42)


def test_a_claim_answers_the_page_and_resolving_ends_the_incident(play: Play) -> None:
    lines = [
        says(10, FIRE, "moeder"),
        does(11, "claim", "sanne", mention="moeder-10"),
        does(13, "reply", "sanne", mention="moeder-10", text="Haal de stekker eruit en bel ons. ^Sanne"),
        does(14, "resolve", "sanne", mention="moeder-10"),
    ]
    report = play(lines)
    assert pages(report) == [("critical", "sanne", 10)]
    assert report["actions"] == {"claim: done": 1, "reply: done": 1, "resolve: done": 1}
    assert report["incidents_by_state"] == {"resolved": 1}
    assert report["items_by_state"] == {"done": 1}


def test_a_question_a_joke_and_anger_wake_nobody(play: Play) -> None:
    lines = [
        says(1, "Wat zijn jullie openingstijden?", "a"),
        says(2, "Ik lach me dood om jullie nieuwe spotje 😂", "b"),
        says(3, "Waardeloze service, altijd gedoe met jullie!!!", "c"),
        says(4, "Deze korting is levensgevaarlijk voor mijn portemonnee", "d"),
    ]
    report = play(lines)
    assert pages(report) == []
    assert report["items"] == 4


def test_two_quiet_weeks_wake_nobody(play: Play) -> None:
    report = play(quiet(14))
    assert pages(report) == []
    assert report["spikes"] == []


def test_from_20_to_2000_a_day_is_paged_within_ten_minutes_once_and_ends_when_it_is_over(play: Play) -> None:
    onset = 10 * DAY
    report = play([*quiet(10), *storm(onset, 120, 2000 / 24), does(onset + 15, "acknowledge", "sanne")])
    spikes = [page for page in pages(report) if page[0] == "spike"]
    assert {spike["series"].partition("|")[0] for spike in report["spikes"]} == {"Wiedeldoorn"}
    assert report["incidents"] == 1
    assert onset < spikes[0][2] <= onset + 10
    assert {to for _, to, _ in spikes if _ <= onset + 15} <= {"sanne", "ilse"}
    assert report["spikes"][0]["closed"] is not None
    assert report["spikes"][0]["evidence"]["seen"] >= 5


def test_a_flood_of_danger_is_three_pages_and_a_digest(play: Play) -> None:
    config = None  # one step without repeat, more than 3 pages in 15 minutes become one digest
    lines = [says(10 + n / 10, danger, f"m{n}") for n, danger in enumerate(DANGERS)]
    kinds = [kind for kind, _, _ in pages(play(lines, config))]
    assert kinds.count("critical") == 3
    assert kinds.count("digest") == 1


def test_reposts_of_one_danger_are_one_incident_and_one_page(play: Play) -> None:
    shared = [says(12 + n, f"RT @moeder: {FIRE}", f"deler{n}") for n in range(20)]
    report = play([says(10, FIRE, "moeder"), *shared, does(11, "acknowledge", "sanne")])
    assert pages(report)[0] == ("critical", "sanne", 10)
    assert [page for page in pages(report)[1:] if page[2] < 41] == []
    assert report["incidents"] == 1


def test_who_was_too_late_hears_who_holds_it_and_changes_nothing(play: Play) -> None:
    lines = [
        says(1, "Kan iemand mij helpen met mijn bestelling?", "klant"),
        does(2, "claim", "sanne", mention="klant-1"),
        does(3, "claim", "ilse", mention="klant-1"),
        does(4, "reply", "ilse", mention="klant-1", text="Ik ook! ^Ilse"),
    ]
    report = play(lines)
    assert report["actions"] == {"claim: done": 1, "claim: held": 1, "reply: stale_fence": 1}


def test_a_claim_runs_out_after_fifteen_minutes_and_somebody_else_may_answer(play: Play) -> None:
    lines = [
        says(1, "Kan iemand mij helpen met mijn bestelling?", "klant"),
        does(2, "claim", "sanne", mention="klant-1"),
        does(18, "claim", "ilse", mention="klant-1"),
        does(19, "reply", "sanne", mention="klant-1", text="Hier ben ik weer ^Sanne"),
    ]
    assert play(lines)["actions"] == {"claim: done": 2, "reply: stale_fence": 1}


def test_every_message_ends_somewhere_that_has_a_name(play: Play) -> None:
    again = says(1, "Hoe laat gaan jullie open?", "a")
    lines = [
        again,
        again,
        {**again, "text": "Hoe laat gaan jullie dicht?", "revision": 1},
        says(2, "En op zondag?", "a"),
        says(3, "WIN een gratis iPhone!!! klik hier http://win.example", "spammer"),
        {"created_at": at(4), "text": "geen id", "brand": "Wiedeldoorn"},
        {"id": "x", "created_at": "1900-01-01T00:00:00Z", "text": "oud", "brand": "Wiedeldoorn"},
    ]
    report = play(lines)
    law = report["conservation"]
    assert (report["received"], report["refused"], report["accepted"]) == (7, 2, 5)
    assert (law["duplicates"], law["edits"], law["opened"], law["folded"], law["filtered"]) == (1, 1, 1, 1, 1)


def test_two_runs_say_the_same_to_the_byte(tmp_path: Path) -> None:
    lines = [*quiet(3), *storm(3 * DAY, 60, 100), says(3 * DAY + 5, FIRE, "moeder")]
    assert play_bytes(tmp_path / "one", lines) == play_bytes(tmp_path / "two", lines)


def test_people_are_told_what_to_do_in_several_words(play: Play) -> None:
    lines = [
        says(10, FIRE, "moeder"),
        {"kind": "action", "at": at(11), "verb": "Acknowledge", "who": "sanne", "target": "moeder-10"},
        {"kind": "action", "time": at(12), "do": "claim", "user": "sanne", "item": "moeder-10"},
        does(13, "reply", "sanne", text="Wij bellen u nu. ^Sanne"),
        does(14, "resolve", "sanne"),
        does(15, "claim", "sanne", mention="nooit-gezien"),
    ]
    assert play(lines)["actions"] == {
        "acknowledge: done": 1,
        "claim: done": 1,
        "claim: no_target": 1,
        "reply: done": 1,
        "resolve: done": 1,
    }
