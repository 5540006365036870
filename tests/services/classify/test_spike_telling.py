"""A spike in words: what it says in each phase, in both languages, and that it never says nonsense."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.volume import ForecastHour, SpikeEvidence, TopChannel, TopStory
from services.classify.spikes.figures import clock, length, number, odds
from services.classify.spikes.telling import tell

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SINCE = datetime(2026, 1, 5, 13, 5, tzinfo=UTC)
CRISIS = SpikeEvidence(
    expected=4.0,
    seen=87,
    window_s=3600,
    chance=1e-10,
    since=SINCE,
    people=61,
    share_negative=0.72,
    share_urgent=0.02,
    usual_share_negative=0.3,
    stories=(TopStory(signature=7, seen=40), TopStory(signature=9, seen=3)),
    channels=(TopChannel(channel="forum", seen=17), TopChannel(channel="x", seen=70)),
    history_days=40.0,
    per_hour=240.0,
    peak_per_hour=1310.0,
    peak_at=SINCE + timedelta(minutes=50),
    forecast=(ForecastHour(at=SINCE + timedelta(hours=1), expected=260.0, low=180.0, high=400.0),),
)


def _crisis(**changes: Any) -> SpikeEvidence:
    return msgspec.structs.replace(CRISIS, **changes)


def test_opened():
    """What was seen against what was expected, what it is about, and how it goes on."""
    words = tell("Vlieland", "opened", "up", CRISIS, AMSTERDAM)
    assert words.nl == (
        "87 berichten van 61 mensen over Vlieland sinds 14:05, waar er 4 verwacht werden (kans 1 op 10 miljard). "
        "72% negatief (gewoonlijk 30%). Eén verhaal is 40 keer verteld. Vooral op X (80%). "
        "Nu 240 per uur. Komend uur verwacht: 180 tot 400."
    )
    assert words.en == (
        "87 messages from 61 people about Vlieland since 14:05, where 4 were expected (chance 1 in 10 billion). "
        "72% negative (usually 30%). One story was told 40 times. Mostly on X (80%). "
        "Now 240 an hour. Next hour expected: 180 to 400."
    )


def test_growing_and_growing_again():
    """How fast it is now."""
    grown = tell("Vlieland", "growing", "up", _crisis(reason="grown_since_last_report"), AMSTERDAM)
    assert "Het groeit: nu 240 per uur." in grown.nl
    assert "It is growing: now 240 an hour." in grown.en
    again = tell("Vlieland", "growing", "up", _crisis(reason="growing_again"), AMSTERDAM)
    assert "Het groeit weer: nu 240 per uur." in again.nl
    assert "It is growing again: now 240 an hour." in again.en


def test_peaked():
    """First that it goes down, then how high it was."""
    words = tell("Vlieland", "peaked", "up", _crisis(stories=(), channels=(), forecast=()), AMSTERDAM)
    assert words.nl == (
        "De piek neemt af: nu 240 per uur. De top was 1.310 per uur (14:55). "
        "87 berichten van 61 mensen over Vlieland sinds 14:05, waar er 4 verwacht werden (kans 1 op 10 miljard). "
        "72% negatief (gewoonlijk 30%)."
    )
    assert words.en == (
        "The spike is going down: now 240 an hour. The peak was 1,310 an hour (14:55). "
        "87 messages from 61 people about Vlieland since 14:05, where 4 were expected (chance 1 in 10 billion). "
        "72% negative (usually 30%)."
    )


def test_over():
    """The last hour and the top; no chance, since nothing is the matter."""
    words = tell("Vlieland", "over", "up", _crisis(seen=5, chance=0.03), AMSTERDAM)
    assert words.nl == (
        "Voorbij: 5 berichten over Vlieland in 1 uur, waar er 4 verwacht werden. De top was 1.310 per uur (14:55)."
    )
    assert words.en == (
        "Over: 5 messages about Vlieland in 1 hour, where 4 were expected. The peak was 1,310 an hour (14:55)."
    )


def test_silence():
    """How long nothing came, and what should have."""
    silent = _crisis(seen=0, people=0, window_s=3 * 3600, expected=12.0, chance=6.1e-6)
    words = tell("Vlieland", "opened", "down", silent, AMSTERDAM)
    assert words.nl == (
        "Al 3 uur geen bericht over Vlieland, waar er 12 verwacht werden (kans 1 op 160.000). Stil sinds 14:05."
    )
    assert words.en == (
        "For 3 hours no message about Vlieland, where 12 were expected (chance 1 in 160,000). Quiet since 14:05."
    )
    few = tell("Vlieland|channel=whatsapp", "opened", "down", msgspec.structs.replace(silent, seen=1), AMSTERDAM)
    assert (
        few.nl == "Maar 1 bericht over Vlieland op WhatsApp in 3 uur, waar er 12 verwacht werden (kans 1 op 160.000)."
    )
    over = tell("Vlieland|source=feed", "over", "down", silent, AMSTERDAM)
    assert over.nl == "Er komen weer berichten over Vlieland uit bron feed binnen."
    assert over.en == "There are messages about Vlieland from source feed again."


@pytest.mark.parametrize(
    ("series", "dutch", "english"),
    [
        ("Vlieland", "87 berichten van 61 mensen over Vlieland sinds", "87 messages from 61 people about Vlieland"),
        ("Vlieland|channel=x", "87 berichten van 61 mensen over Vlieland op X sinds", "about Vlieland on X since"),
        ("Vlieland|kind=negative", "87 negatieve berichten van", "87 negative messages from"),
        ("Vlieland|kind=urgent", "87 urgente berichten van", "87 urgent messages from"),
        ("Vlieland|source=rss-1", "over Vlieland uit bron rss-1 sinds", "about Vlieland from source rss-1 since"),
        ("Vlie%7Cland|drill=yes", "over Vlie|land sinds 14:05", "about Vlie|land since 14:05"),
        ("Vlieland|topic=veerboot", "over Vlieland (veerboot) sinds", "about Vlieland (veerboot) since"),
        ("Vlieland|story=123456", "over Vlieland met één verhaal sinds", "about Vlieland telling one story since"),
    ],
)
def test_what_is_counted_is_named(series: str, dutch: str, english: str):
    """Every kind of series has its own words; a story's number means nothing to anybody."""
    words = tell(series, "opened", "up", CRISIS, AMSTERDAM)
    assert dutch in words.nl
    assert english in words.en
    assert "123456" not in words.nl + words.en


def test_one_of_each_is_singular():
    """One message, one person, one expected."""
    words = tell("Vlieland", "opened", "up", _crisis(seen=1, people=1, expected=1.0, chance=0.5), AMSTERDAM)
    assert words.nl.startswith("1 bericht van 1 persoon over Vlieland sinds 14:05, waar er 1 verwacht werd. ")
    assert words.en.startswith("1 message from 1 person about Vlieland since 14:05, where 1 was expected. ")


def test_never_more_people_than_messages():
    """People are an estimate, messages are counted."""
    words = tell("Vlieland", "opened", "up", _crisis(seen=150, people=187), AMSTERDAM)
    assert words.nl.startswith("150 berichten van 150 mensen over Vlieland")


def test_little_history_is_said():
    """The expectation is rough while it rests on hours."""
    words = tell("Vlieland", "opened", "up", _crisis(history_days=5 / 24), AMSTERDAM)
    assert words.nl.endswith("Er is pas 5 uur geschiedenis: de verwachting is ruw.")
    assert words.en.endswith("Only 5 hours of history so far: the expectation is rough.")


def test_a_campaign_is_not_forgotten():
    """Its id means nothing to anybody; that it is counted in does."""
    words = tell("Vlieland", "opened", "up", _crisis(campaign="zomer"), AMSTERDAM)
    assert "De lopende campagne is al meegerekend." in words.nl
    assert "The running campaign is already counted in." in words.en


def test_content_that_says_nothing_is_left_out():
    """A story told twice, no channels, nothing known of the usual share."""
    dull = _crisis(stories=(TopStory(signature=1, seen=2),), channels=(), usual_share_negative=None, forecast=())
    words = tell("Vlieland", "opened", "up", dull, AMSTERDAM)
    assert words.nl.endswith("(kans 1 op 10 miljard). 72% negatief. Nu 240 per uur.")


def test_urgent_messages_and_two_channels():
    """Where they matter."""
    channels = (
        TopChannel(channel="x", seen=40),
        TopChannel(channel="facebook", seen=35),
        TopChannel(channel="a", seen=25),
    )
    words = tell("Vlieland", "opened", "up", _crisis(share_urgent=0.25, channels=channels), AMSTERDAM)
    assert "72% negatief (gewoonlijk 30%), 25% urgent. " in words.nl
    assert "Vooral op X (40%) en Facebook (35%)." in words.nl
    assert "Mostly on X (40%) and Facebook (35%)." in words.en


@pytest.mark.parametrize(
    ("chance", "dutch", "english"),
    [
        (0.5, None, None),
        (0.04, "1 op 25", "1 in 25"),
        (6.2e-4, "1 op 1.600", "1 in 1,600"),
        (1.1e-6, "1 op 910.000", "1 in 910,000"),
        (1.01e-6, "1 op 1 miljoen", "1 in 1 million"),
        (1.01e-9, "1 op 1 miljard", "1 in 1 billion"),
        (3e-11, "1 op 30 miljard", "1 in 30 billion"),
        (0.0, "kleiner dan 1 op een biljoen", "less than 1 in a trillion"),
    ],
)
def test_chances_are_one_in_so_many(chance: float, dutch: str | None, english: str | None):
    """Round words, and none where it is no surprise."""
    assert odds(chance, "nl") == dutch
    assert odds(chance, "en") == english


def test_figures_and_lengths_read_as_people_write_them():
    """The marks of the language; no hundred and twenty minutes."""
    assert [number(value, "nl") for value in (0.5, 1.0, 9.96, 1234.4)] == ["0,5", "1", "10", "1.234"]
    assert [number(value, "en") for value in (0.5, 1234567.0)] == ["0.5", "1,234,567"]
    assert [length(minutes, "nl") for minutes in (1, 15, 60, 90, 150, 1440, 7200)] == [
        "1 minuut",
        "15 minuten",
        "1 uur",
        "90 minuten",
        "2 uur",
        "24 uur",
        "5 dagen",
    ]


def test_another_day_is_named():
    """Yesterday's time of day is not today's; summer time is kept to."""
    now = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert clock(now - timedelta(hours=12), now, AMSTERDAM, "nl") == "01:00"
    assert clock(now, now, AMSTERDAM, "nl") == "14:00"
    assert clock(now - timedelta(hours=24), now, AMSTERDAM, "nl") == "zaterdag 13:00"
    assert clock(now - timedelta(days=9), now, AMSTERDAM, "en") == "20 Mar 13:00"


NUMBERS = st.floats(0, 1e7) | st.sampled_from([0.0, 0.04, 0.5, 1.0, 9.95, float("nan"), float("inf")])
SHARES = st.floats(0, 1)
MOMENTS = st.integers(10**8, 4 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC))
EVIDENCE = st.builds(
    SpikeEvidence,
    expected=NUMBERS,
    seen=st.integers(0, 10**7),
    window_s=st.integers(0, 30 * 86400),
    chance=st.floats(0, 1) | st.sampled_from([0.0, 1e-300, float("nan")]),
    since=MOMENTS,
    people=st.integers(0, 10**6),
    share_negative=SHARES | st.just(float("nan")),
    share_urgent=SHARES,
    stories=st.lists(st.builds(TopStory, signature=st.integers(0, 9), seen=st.integers(0, 10**4))).map(tuple),
    history_days=NUMBERS,
    reason=st.sampled_from(["", "growing_again", "peaked"]),
    channels=st.lists(
        st.builds(TopChannel, channel=st.sampled_from(["x", "forum", ""]), seen=st.integers(0, 99)), max_size=3
    ).map(tuple),
    usual_share_negative=st.none() | SHARES,
    per_hour=st.none() | NUMBERS,
    peak_per_hour=st.none() | NUMBERS,
    peak_at=st.none() | MOMENTS,
    campaign=st.none() | st.sampled_from(["", "zomer"]),
    forecast=st.lists(
        st.builds(ForecastHour, at=st.just(SINCE), expected=NUMBERS, low=NUMBERS, high=NUMBERS), max_size=2
    ).map(tuple),
)


@given(
    EVIDENCE,
    st.sampled_from(["Vlieland", "Vlieland|channel=x", "V|kind=negative", "V|story=1", "V|x", "V|=", "V|channel="]),
    st.sampled_from(["opened", "growing", "peaked", "over"]),
    st.sampled_from(["up", "down"]),
    st.sampled_from([UTC, AMSTERDAM]),
)
def test_it_always_says_something_and_never_nonsense(evidence, series, phase, direction, zone):
    """Whole sentences, whatever is known: no gap, no None, no nan."""
    words = tell(series, phase, direction, evidence, zone)
    for said in (words.nl, words.en):
        assert re.fullmatch(r"[\dA-ZÉ].*\.", said)
        assert not re.search(r"  |None|nan\b|inf\b|\d+e[+-]?\d|-\d| ,|\.\.|\( | \)|\(\)|\{", said)
