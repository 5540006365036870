"""What a page says of a spike or a silence of several series."""

import msgspec
import pytest
from router_world import START
from spike_stories import FIGURES, STORY_ONE, evidence, silence, told

from contracts.volume import Words
from services.router.domain.explaining import evidence_of
from services.router.domain.folding import opened
from services.router.incidents import spike_incident
from services.router.paging.texts import digest_text, page_text
from services.router.paging.words import series


def incident_of(*events):
    """The incident that the first event opens, with what all of them tell."""
    members = [opened(event) for event in events]
    return msgspec.structs.replace(spike_incident(members[0], START), evidence=evidence_of(members))


def body_of(*events, language="nl"):
    return page_text(incident_of(*events), language, None).body.splitlines()


def test_a_spike_page_names_what_holds_most_of_it_where_the_title_does_not():
    figures = {**FIGURES["acme"], "story": STORY_ONE[0].signature, "stories": STORY_ONE}
    page = page_text(incident_of(told("acme", "opened", 0, figures=figures)), "nl", None)
    assert page.title.endswith("acme: piek in berichten")
    assert page.body.splitlines()[2:] == ["Eén verhaal: 90%.", "Vooral berichten op x (94%)."]


def test_a_spike_page_is_called_after_the_series_that_explains_it_and_names_the_others():
    events = [told(name, "opened", 0) for name in FIGURES]
    page = page_text(incident_of(*events), "en", None)
    assert page.title.endswith("acme: spike in messages on x")
    assert page.body.splitlines()[2:] == [
        "Also more than usual: messages, negative messages, messages from source forum."
    ]


def test_what_is_over_is_not_named_and_a_long_list_is_cut():
    parts = [told(f"acme|channel={name}", "opened", 1, figures={"seen": 5}) for name in "abcdef"]
    assert body_of(told("acme", "opened", 0), *parts)[-1] == (
        "Ook meer dan gewoonlijk: berichten op a, berichten op b, berichten op c, berichten op d en nog 2."
    )
    over = msgspec.structs.replace(parts[0], phase="over")
    assert len(body_of(told("acme", "opened", 0), over)) == len(body_of(told("acme", "opened", 0)))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_detectors_own_words_take_the_place_of_figures(language: str):
    words = Words(nl="Vijftig berichten.", en="Fifty messages.")
    event = msgspec.structs.replace(told("acme", "opened", 0), evidence=evidence(0, words=words))
    assert body_of(event, language=language) == [getattr(words, language)]


def test_a_silence_names_what_else_is_silent():
    assert body_of(silence("acme", "opened", 0), silence("acme|channel=x", "opened", 1, expected=10.0))[1:] == [
        "Ook stil: berichten op x."
    ]


def test_a_digest_counts_silences_apart():
    quiet, loud = incident_of(silence("acme", "opened", 0)), incident_of(told("acme", "opened", 0))
    assert [line.split(" (")[0] for line in digest_text([quiet, loud], "nl", None).body.splitlines()] == [
        "acme: 1 stilte",
        "acme: 1 piek",
    ]


def test_odd_names_cannot_break_a_title():
    """A source may be called anything."""
    assert series("acme|source=a%7Cb\nc", "nl") == "berichten uit bron a|b c"
    assert series("acme|drill=yes", "en") == "messages"
