import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classify.domain.verdict import Classifier, Text

STORY = "Grote storing bij de bank, klanten in heel Nederland kunnen niet pinnen en krijgen hun geld niet"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


def signature(classifier: Classifier, text: str) -> int:
    return classifier.judge([Text(text)])[0].signature


def distance(classifier: Classifier, one: str, other: str) -> int:
    return (signature(classifier, one) ^ signature(classifier, other)).bit_count()


@pytest.mark.parametrize(
    "copy",
    [
        "RT @nieuws: " + STORY,
        STORY.upper() + "!!!",
        STORY + " https://t.example/abc 😱",
        "@vriend " + STORY,
        STORY.replace(" ", "  "),
        STORY.replace("bank", "ba\u200bnk"),
    ],
)
def test_copies_and_reposts_have_the_same_signature(classifier: Classifier, copy: str) -> None:
    assert distance(classifier, STORY, copy) == 0


def test_another_amount_in_the_same_template_is_the_same_story(classifier: Classifier) -> None:
    assert distance(classifier, "Win nu 250 euro bij deze winkel", "Win nu 9000 euro bij deze winkel") == 0


def test_a_text_that_was_cut_off_stays_close(classifier: Classifier) -> None:
    assert distance(classifier, STORY, STORY[: STORY.index(" en krijgen") - 2] + "…") <= 16


def test_other_stories_are_far_apart(classifier: Classifier) -> None:
    assert distance(classifier, STORY, "Mijn bestelling van vorige week is met een kapotte doos bezorgd") > 18


def test_texts_without_words_differ_and_an_empty_text_is_zero(classifier: Classifier) -> None:
    assert signature(classifier, "") == 0
    assert signature(classifier, "👍") != signature(classifier, "🔥")


@given(words=st.lists(st.sampled_from(["storing", "bank", "klanten", "pinnen", "geld"]), min_size=4, max_size=12))
def test_the_order_of_words_does_not_matter(classifier: Classifier, words: list[str]) -> None:
    assert distance(classifier, " ".join(words), " ".join(reversed(words))) == 0
