"""What is remembered or looked at first never changes what is found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classify.domain import text
from services.classify.domain.signals import signal_tables
from services.classify.domain.text import HANDLE, LINK, tokens

PIECES = [
    *("a", "niet", "http", "https", "https://t.co/x", "http:", "http:x", "www.", "www.x.nl", "@", "@a", "a@b.nl", "/"),
    *(" ", "  ", "\n", "\n\n", "\r", "\x1c", "\u2028", "\u00a0", ".", "...", "…", "?!", "-", "'", ":", "(", ":(", "<3"),
    *("🔥", "é", "\u0301", "١", "電"),
]


def in_one_pass(written: str) -> list[str]:
    found = text._TOKEN.findall(written)
    if not any(mark in written for mark in ("@", "/", "www.")):
        return list(found)
    starts = ("http:", "https", "www.")
    return [HANDLE if token[0] == "@" else LINK if token.startswith(starts) else token for token in found]


@given(written=st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=25).map("".join)))
@settings(max_examples=500, deadline=None)
def test_tokens_by_chunk_are_the_tokens_of_one_pass(written: str) -> None:
    assert tokens(written) == in_one_pass(written)


def test_what_splits_chunks_is_what_no_token_holds() -> None:
    for code in range(0x110000):
        if chr(code).isspace() and chr(code) != "\n":
            assert in_one_pass(f"a{chr(code)}b") == ["a", "b"]


def test_a_full_memory_of_chunks_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_MOST_REMEMBERED", 3)
    written = " ".join(f"woord{number}" for number in range(10))
    assert tokens(written) == tokens(written) == written.split()
    text._CHUNKS.clear()
    tokens(written)
    assert len(text._CHUNKS) <= 3


KNOWN = signal_tables(("nl",))["nl"]
ENTRIES = sorted({word for first, second in KNOWN._entries.phrases for word in (first, second)})[:400]


@given(words=st.lists(st.sampled_from([*ENTRIES, *KNOWN._entries.words]), max_size=14))
@settings(max_examples=200, deadline=None)
def test_the_look_at_neighbours_never_hides_a_phrase(words: list[str]) -> None:
    firsts, seconds = zip(*(KNOWN.pairs_up(word) for word in words), strict=True) if words else ((), ())
    seen = KNOWN.in_phrases(np.array(firsts[:-1], np.int64), np.array(seconds[1:], np.int64))
    for at in range(len(words) - 1):
        assert bool(KNOWN.phrases(words, at)) <= bool(seen[at])


def test_a_phrase_is_found_wherever_it_stands() -> None:
    phrases = [known for listed in KNOWN._entries.phrases.values() for known in listed]
    assert len(phrases) > 1_000
    for known in phrases[::50]:
        words = ["x", *known.words, "y"]
        found = [phrase for at in range(len(words) - 1) for phrase in KNOWN.phrases(words, at)]
        assert (1, known.words, known.bit) in found
