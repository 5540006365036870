"""Comparing words: the short cuts say what the long way says, for any text and any terms."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.ingest.domain.brands import Brand, Suspects
from services.ingest.domain.matching import match_brand
from services.ingest.domain.screen import express_reasons
from services.ingest.domain.text import any_of, begins, clue, fold, folded

plain = ["acme", "ac", "me", "@", "#", " ", "*", "-", "_", "1", "\x1f"]
strange = ["é", "e\u0301", "ß", "ﬁ", "İ", "\u200b", "\u00ad", "🔥", "٣"]
pieces = st.sampled_from(plain + strange)
writings = st.lists(pieces, max_size=8).map("".join)
brands = st.builds(
    Brand,
    name=writings,
    accounts=st.dictionaries(st.just("x"), writings),
    names=st.lists(writings, max_size=2).map(tuple),
    hashtags=st.lists(writings, max_size=2).map(tuple),
    search=st.lists(writings, max_size=2).map(tuple),
    exclude=st.lists(writings, max_size=1).map(tuple),
)


@given(st.text() | writings)
@example("Z\u0323\u0307alıgo \U0001e944 \U000e0041")
def test_folding_drops_every_mark_and_zero_width_character_and_nothing_else(text: str) -> None:
    apart = unicodedata.normalize("NFKD", text.lower() if text.isascii() else text.casefold())
    assert fold(text) == "".join(char for char in apart if unicodedata.category(char) not in ("Mn", "Cf"))


@given(st.text(st.characters(max_codepoint=127)) | writings)
@example("".join(map(chr, range(128))))
def test_the_words_of_a_text_are_its_runs_of_word_characters(text: str) -> None:
    ready = folded(text)
    assert ready.words == set(re.findall(r"\w+", ready.text))


@given(writings, writings, writings)
@example("ac*", "acme", "")
@example("ac me*", "ac mes", "")
@example("ac *", "ac me", "")
@example("@", "a @ b", "")
def test_a_text_that_holds_a_term_holds_its_clue(term: str, text: str, before: str) -> None:
    for written in (text, before + term + text, f"{before} {term} {text}"):
        ready = folded(written)
        if begins(any_of([term]), ready.text) is not None:
            assert clue(term) is None or clue(term) in ready.words


@given(st.lists(brands, max_size=4), writings)
def test_no_brand_that_a_text_is_about_is_left_out(watched: list[Brand], text: str) -> None:
    ready = folded(text)
    suspects = Suspects(watched).among(ready.words)
    for brand in watched:
        if match_brand(ready, Suspects([brand])) is not None:
            assert brand in suspects
        found = (brand.patterns.called, brand.patterns.named, brand.patterns.search)
        assert brand in suspects or all(begins(pattern, ready.text) is None for pattern in found)


@pytest.mark.parametrize(
    ("text", "dangerous"),
    [
        ("Er is vlammenzee hier", True),
        ("VLÁMMEN!", True),
        ("vla", False),
        ("xvlam", False),
        ("gas", True),
        ("gasten", False),
        ("hij geeft gas_", False),
        ("bel 112.", True),
        ("bel 1121", False),
        ("", False),
        ("a brande c", False),
    ],
)
def test_danger_is_a_whole_word_or_the_beginning_of_one(text: str, dangerous: bool) -> None:
    assert express_reasons(folded(text), None, False, None) == (("danger_word",) if dangerous else ())
