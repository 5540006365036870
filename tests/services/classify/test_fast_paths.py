"""What is remembered or looked at first never changes what is found."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classify.domain import rules, text, vocabulary
from services.classify.domain.language import LanguageModel
from services.classify.domain.text import HANDLE, LINK, tokens

PIECES = [
    *("a", "niet", "http", "https", "https://t.co/x", "http:", "http:x", "www.", "www.x.nl", "@", "@a", "a@b.nl", "/"),
    *(" ", "  ", "\n", "\n\n", "\r", "\x1c", "\u2028", "\u00a0", ".", "...", "…", "?!", "-", "'", ":", "(", ":(", "<3"),
    *("🔥", "é", "\u0301", "١", "電"),
]
WORDS = ["gas", "niet", "ruik", "kom", "vast", "zonder", "x"]


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


PARTS = st.lists(st.sampled_from([*WORDS, "gas/niet", "vast*", "_", ".."]), min_size=2, max_size=5)


@given(parts=PARTS, words=st.lists(st.sampled_from(WORDS), max_size=12))
@settings(max_examples=500, deadline=None)
def test_the_look_before_the_walk_never_hides_a_phrase(parts: list[str], words: list[str]) -> None:
    elements = [vocabulary._element(part) for part in parts]
    for anchor, element in enumerate(elements):
        if element.gap:
            continue
        phrase = vocabulary._seen_from("c", elements, anchor, 1)
        whole = replace(phrase, near=None)
        assert [phrase.found(words, at) for at in range(len(words))] == [
            whole.found(words, at) for at in range(len(words))
        ]


def test_the_look_before_a_rule_never_hides_a_signal() -> None:
    known = vocabulary.vocabularies(LanguageModel())["nl"]
    book = rules.RuleBook.load()
    listed = {id(rule): rule for rules_of_first in book._by_first.values() for _, rule in rules_of_first}.values()
    texts = [
        "ik ruik gas in de hal van jullie winkel",
        "de oplader heeft vlam gevat",
        "heel utrecht zonder stroom",
        "mijn pakket is er nog niet, kunt u kijken?",
        "niet brand , dat was vorig jaar",
        "",
    ]
    fired = []
    for words in map(tokens, texts):
        found = known.find(words)
        fired += [rule for rule in listed if rules._fire(rule, words, found) is not None]
        passed_over = [rule for rule in listed if not rules._may_fire(rule, found.hits)]
        assert all(rules._fire(rule, words, found) is None for rule in passed_over)
    assert fired
