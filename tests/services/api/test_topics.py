"""Which terms stand out: words and pairs, people rather than messages, copies once, against history."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.api.domain.terms import as_written, names_left_out, terms
from services.api.domain.topics import STANDS_OUT, reason, score, stands_out
from services.api.domain.voices import Said, Voices, count

QUIET = [
    "Wanneer komt mijn factuur binnen?",
    "Kan ik mijn abonnement verhuizen naar een nieuw adres?",
    "De monteur was vriendelijk en op tijd, compliment!",
    "How do I change my password?",
    "Mijn modem knippert rood sinds de verhuizing",
    "Hoe zeg ik mijn abonnement op?",
]


def history(copies: int = 100) -> Voices:
    """Ordinary days: everybody says one of six things in words of their own."""
    texts = (f"{text} kenmerk{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(copies) for text in QUIET)
    return count(Said(f"old_{n}", f"old person {n}", text) for n, text in enumerate(texts))


def crowd(*texts: str) -> Voices:
    """Each text by another person."""
    return count(Said(f"new_{n:03}", n, text) for n, text in enumerate(texts))


def found(now: Voices, before: Voices | None = None) -> list[str]:
    return [topic.term for topic in stands_out(now, history() if before is None else before, 10)]


def test_words_and_pairs_are_told_and_what_tells_nothing_is_not() -> None:
    told = terms(
        "@acme de STROOM is uitgevallen in Breda! Zie https://x.nl/a?b=1 of bel 0612345678, jan@voorbeeld.nl 😡"
    )
    assert told.words == ("stroom", "uitgevallen", "breda", "bel")
    assert told.pairs == ()


def test_a_pair_does_not_reach_over_a_mark_or_a_function_word() -> None:
    assert terms("rode modem knippert. factuur van breda").pairs == ("rode modem", "modem knippert")


def test_a_denial_is_half_of_a_pair_and_no_term_of_its_own() -> None:
    told = terms("Er is geen stroom, het is niet zonder reden")
    assert told.words == ("stroom", "reden")
    assert told.pairs == ("geen stroom", "zonder reden")


@pytest.mark.parametrize("text", ["5G werkt slecht", "de a12 staat vast"])
def test_names_with_a_digit_are_words(text: str) -> None:
    assert {"5g", "a12"} & set(terms(text).words)


@pytest.mark.parametrize(
    "text", ["NL91ABNA0417164300", "1234", "4811 AB1234", "€ 12,50", "@naam", "🔥🔥", "\u202e\u200f", ""]
)
def test_numbers_accounts_handles_and_emoji_are_no_terms(text: str) -> None:
    assert [word for word in terms(text).words if any(map(str.isdigit, word))] == []
    assert "naam" not in terms(text).words


def test_names_of_the_brand_are_left_out_however_they_are_written() -> None:
    left_out = names_left_out(["acme", "Acme Énergie", "#AcmeHelpt"])
    assert terms("acme storing: ACME Energie reageert, #acmehelpt", left_out).words == ("storing", "reageert")


def test_a_term_is_shown_as_it_was_written() -> None:
    assert as_written("storing coordinatie", "Geen. Storing coördinatie? ja") == "storing coördinatie"
    assert as_written("elders", "iets anders") == "elders"


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_has_terms_that_the_text_holds(text: str) -> None:
    told = terms(text)
    assert len(set(told.all())) == len(told.all())
    assert all(as_written(term, text) for term in told.all())


def test_what_suddenly_many_people_say_comes_first() -> None:
    now = crowd(*(f"geen stroom in breda, {word}" for word in ("hallo", "help", "hoezo", "alweer", "kom op", "snel")))
    assert found(now)[:2] == ["breda", "geen stroom"]


def test_what_is_always_said_does_not_stand_out() -> None:
    now = crowd(*(f"{text} breda storing" for text in QUIET))
    assert found(now) == ["breda storing"]


def test_a_shouter_is_one_voice() -> None:
    one = count(Said(f"s{n}", "shouter", f"oplichters bende nummer {chr(97 + n)}{chr(97 + n)}") for n in range(26))
    others = [Said(f"o{n}", n, text) for n, text in enumerate(QUIET)]
    both = count([*(Said(f"s{n}", "shouter", f"oplichters {chr(97 + n)}{chr(97 + n)}") for n in range(26)), *others])
    assert one.terms["oplichters"].voices == 1
    assert found(both) == []


def test_copies_of_one_text_are_one_voice_whatever_was_edited_or_cut_off() -> None:
    text = (
        "Grote brand bij het station van Utrecht, treinen rijden voorlopig niet richting Amsterdam volgens de brandweer"
    )
    copies = [text, f"RT @nieuws: {text}", f"{text} 🔥 https://t.co/abc", text[:95] + "…", text.upper()]
    folded = crowd(*copies)
    assert (folded.mentions, folded.people, folded.texts, folded.voices) == (5, 5, 1, 1)
    assert folded.terms["brand"].mentions == folded.terms["brand"].people == 5


def test_short_texts_are_the_words_of_each_who_says_them_unless_marked_as_a_repost() -> None:
    assert crowd(*["geen stroom in breda"] * 7).voices == 7
    assert count(Said(str(n), n, "geen stroom in breda", repost=n > 0) for n in range(7)).voices == 1


def test_different_texts_stay_apart() -> None:
    assert crowd(*QUIET).texts == len(QUIET)


def test_one_message_is_about_its_rare_words() -> None:
    now = crowd("Kan ik mijn abonnement op glasvezel zetten in Breda?")
    assert set(found(now)) == {"glasvezel zetten", "breda"}
    assert "abonnement" not in found(now)


def test_without_history_only_what_many_say_stands_out() -> None:
    nothing = count([])
    now = crowd(*(f"storing {chr(97 + n % 25) * 3}" for n in range(50)))
    topics = stands_out(now, nothing, 10)
    assert [topic.term for topic in topics] == ["storing"]
    assert reason(now, nothing, topics) == "little_history"


@pytest.mark.parametrize(
    ("now", "named"),
    [(crowd(), "no_mentions"), (crowd(*QUIET), "nothing_stands_out"), (crowd("glasvezel"), "stands_out")],
)
def test_every_answer_has_its_reason(now: Voices, named: str) -> None:
    before = history()
    assert reason(now, before, stands_out(now, before, 10)) == named


def test_a_topic_tells_its_figures_and_an_example() -> None:
    topic = next(each for each in stands_out(crowd(*["Storing", "weer een storing!"] * 4), history(), 10))
    assert (topic.term, topic.written, topic.mentions, topic.people, topic.share) == ("storing", "storing", 8, 8, 1.0)
    assert (topic.share_before, topic.example) == (0.0, "new_000")


def test_ordinary_days_seldom_show_a_term_by_chance() -> None:
    dice = random.Random(7)
    samples = [crowd(*dice.choices(QUIET, k=40)) for _ in range(100)]
    assert sum(bool(found(sample)) for sample in samples) <= 5


def test_more_evidence_is_a_higher_score_and_a_rate_as_before_is_none() -> None:
    assert score(1, 100, 10, 1000) < STANDS_OUT
    assert score(20, 100, 10, 1000) > score(10, 100, 10, 1000) > score(4, 100, 10, 1000)
    assert score(8, 200, 0, 180) > STANDS_OUT
    assert score(1, 1, 100, 5000) < STANDS_OUT < score(1, 1, 10, 5000)
    assert score(1, 100, 500, 1000) < -STANDS_OUT
    assert abs(score(500, 1000, 5000, 10_000)) < 0.2


def test_the_answer_is_bounded_and_the_same_each_time() -> None:
    now = crowd(*(f"rampwoord{chr(97 + n % 20)}" for n in range(400)))
    assert len(stands_out(now, history(), 5)) == 5
    assert stands_out(now, history(), 5) == stands_out(now, history(), 5)
