"""The words of a text as numbers, which copies share and texts that are only alike do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classify.domain.sketch import CUT, MOST_WORDS, WIDTH, Sketcher
from services.classify.domain.text import plain, tokens

STORY = "Grote storing bij de bank, klanten in heel Nederland kunnen niet pinnen en krijgen hun geld niet"


def sketch(text: str) -> bytes:
    return Sketcher().sketch(tokens(plain(text)))


def words(text: str) -> list[bytes]:
    made = sketch(text)
    return [made[at : at + WIDTH] for at in range(0, len(made), WIDTH)]


@pytest.mark.parametrize(
    "copy",
    [
        "RT @nieuws: " + STORY,
        "RT @een RT @twee: " + STORY,
        STORY.upper() + "!!!",
        STORY + " https://t.example/abc 😱",
        "@vriend " + STORY + " @nog_een",
        STORY.replace(",", " -"),
        STORY.replace("bank", "ba\u200bnk"),
        STORY + " via @nieuws",
    ],
)
def test_copies_and_reposts_have_the_same_sketch(copy: str) -> None:
    assert sketch(copy) == sketch(STORY)


@pytest.mark.parametrize("ending", ["…", "...", "… https://t.example/abc", "... 😡", "....", "… @nieuws"])
def test_of_what_was_cut_off_the_broken_word_is_left_out(ending: str) -> None:
    made = sketch(STORY[: STORY.index("pinnen") + 3] + ending)
    assert made.endswith(CUT)
    assert sketch(STORY).startswith(made.removesuffix(CUT))
    assert len(made) == 12 * WIDTH


def test_dots_in_the_middle_cut_nothing_off() -> None:
    assert sketch("tja... dat is jammer") == sketch("tja dat is jammer")


def test_words_with_digits_are_figures_and_others_are_not() -> None:
    flags = [word[0] & 1 for word in words("bestelling 48812 van 12-03 naar kassa3 is weg")]
    assert flags == [0, 1, 0, 1, 1, 0, 1, 0, 0]


def test_order_counts_and_hyphens_do_not() -> None:
    assert sketch("de hond bijt de man") != sketch("de man bijt de hond")
    assert sketch("e-mail adres") == sketch("e mail-adres")


def test_of_a_long_text_the_rest_is_one_figure() -> None:
    """So that a letter with somebody's own ending is not somebody else's."""
    long = " ".join(f"woord{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(MOST_WORDS + 20))
    made, other = words(long), words(long + " eigen einde")
    assert len(made) == len(other) == MOST_WORDS + 1
    assert made[:-1] == other[:-1]
    assert made[-1] != other[-1]
    assert made[-1][0] & 1


def test_a_text_without_words_has_no_sketch() -> None:
    assert [sketch(text) for text in ("", "👍👍", "...", "@jij https://t.example")] == [b""] * 4


@given(st.text(max_size=300))
def test_any_text_has_a_sketch_of_whole_words_that_is_always_the_same(text: str) -> None:
    made = sketch(text)
    assert len(made) % WIDTH == 0
    assert len(made) <= (MOST_WORDS + 2) * WIDTH
    assert made == sketch(text)
