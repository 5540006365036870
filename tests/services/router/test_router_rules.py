"""Rules: the first that fits decides, and says so by its name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from router_world import mention, verdict

from backbone.errors import BadInput
from contracts.mentions import Mention, Verdict
from services.router.domain.rules import Decision, RuleBook, fold, pattern
from services.router.domain.settings import Condition, Rule

LAST = Rule(name="rest", when=Condition(), queue="general")


def decide(when: Condition, said: Mention, judged: Verdict | None = None) -> str:
    book = RuleBook([Rule(name="first", when=when, queue="special"), LAST], {"special", "general"})
    judged = judged or verdict()
    return book.decide(said, judged, judged.urgency).reason


@pytest.mark.parametrize(
    ("words", "text", "fits"),
    [
        (("gas",), "Ik ruik GAS!", True),
        (("gas",), "gasten", False),
        (("gas*",), "een Gaslucht hier", True),
        (("gas*",), "vergassen", False),
        (("café",), "CAFE dicht", True),
        (("cafe",), "het café is dicht", True),
        (("geen  stroom",), "we hebben geen\nstroom", True),
        (("geen stroom",), "geen enkele stroom", False),
        (("#fail",), "weer #fail", True),
        (("ss",), "straße", False),
        (("strasse",), "Straße", True),
        (("a.b",), "axb", False),
        (("één", "twee"), "dat zijn er twee", True),
    ],
)
def test_words_are_matched_whole_and_without_case_and_accents(words, text, fits):
    """Whole words and phrases, prefixes with a star, and nothing of a pattern language."""
    assert (decide(Condition(words=words), mention(text=text)) == "first") is fits


@given(st.text(max_size=200))
def test_any_text_can_be_folded_and_finds_itself(text):
    """Folding twice is folding once, and a text's first word is found in it."""
    assert fold(fold(text)) == fold(text)
    words = [word for word in text.split() if not word.endswith("*")]
    if words:
        assert pattern([words[0]]).search(fold(text))


@pytest.mark.parametrize(
    ("when", "changes", "judged"),
    [
        (Condition(brands=("acme",)), {"brand": "other"}, {}),
        (Condition(channels=("x",)), {"channel": "email"}, {}),
        (Condition(sources=("s",)), {"source": "t"}, {}),
        (Condition(langs=("nl",)), {}, {"lang": "en"}),
        (Condition(urgencies=("normal",)), {}, {"urgency": "low"}),
        (Condition(sentiments=("neutral",)), {}, {"sentiment": "negative"}),
        (Condition(intents=("question",)), {}, {"intent": "spam"}),
        (Condition(care=("webcare",)), {}, {"care": "none"}),
        (Condition(addressed=True), {"addressed": False}, {}),
        (Condition(private=False), {"private": True}, {}),
        (Condition(reposts=False), {"repost_of": "m0"}, {}),
    ],
)
def test_each_condition_restricts(when, changes, judged):
    """What fits goes to the first rule; one thing different goes on to the last."""
    assert decide(when, mention()) == "first"
    assert decide(when, mention(**changes), verdict(**judged)) == "rest"


def test_all_that_is_given_must_hold():
    """Two conditions are an and."""
    both = Condition(brands=("acme",), words=("gas",))
    assert decide(both, mention(text="gas")) == "first"
    assert decide(both, mention(text="water")) == "rest"


def test_a_filter_gives_no_queue_and_its_name_as_reason():
    """Nothing to handle is a decision too."""
    book = RuleBook([Rule(name="not_ours", when=Condition(care=("none",)), filter=True), LAST], {"general"})
    assert book.decide(mention(), verdict(care="none"), "normal") == Decision(None, "not_ours")


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([], "no_last_rule"),
        ([Rule(name="some", when=Condition(langs=("nl",)), queue="general")], "no_last_rule"),
        ([Rule(name="lost", when=Condition(), queue="nowhere")], "no_such_queue"),
        ([Rule(name="both", when=Condition(), queue="general", filter=True)], "rule_without_effect"),
        ([Rule(name="neither", when=Condition())], "rule_without_effect"),
    ],
)
def test_rules_that_leave_a_mention_undecided_are_refused(rules, code):
    """At the start, with what to do about it; not when the first such mention comes."""
    with pytest.raises(BadInput) as refused:
        RuleBook(rules, {"general"})
    assert refused.value.code == code
    assert refused.value.remedy


@given(st.text())
def test_folding_drops_every_combining_character_and_nothing_else(text):
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        assert fold(text) == "".join(char for char in apart if not unicodedata.combining(char))
