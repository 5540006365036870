"""From what somebody typed to a list of tokens: one pass, no loss of what decides.

A token is a lower-case word, a number, a run of sentence marks, an emoji or an old-fashioned smiley. Handles become
`@`, links become `://`. A hash sign is dropped: `#fail` is the word `fail`.
"""

import html
import re
import unicodedata
from itertools import chain

HANDLE = "@"
LINK = "://"
BREAKS = frozenset(".!?…\n")
"""Tokens that start with one of these end a sentence."""

_LONGEST = 100_000
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff]")
_TYPOGRAPHIC = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"', "–": " ", "—": " "})
_REPOST = re.compile(r"^\s*rt\s+@\w+:?\s*", re.IGNORECASE)
_MAIL = r"[\w.+-]+@[\w-]+\.[\w.-]*\w"
_WORD = r"\w+(?:['-]\w+)*"
_MARKS = ("@", "/", "www.")
"""Beside one of these a word that starts as a link does is one."""
_LINE_BREAKS = re.compile(r"(\n+)")
_LONGEST_REMEMBERED = 40
_MOST_REMEMBERED = 50_000
_LINK_STARTS = frozenset({"http:", "https"})
_SMILEY = r"[:;=]['-]?[()dp\[\]/\\|](?!\w)|<3"
_TOKEN = re.compile(
    rf"(?:https?:|www\.)\S+|{_MAIL}|@\w+|{_WORD}|{_SMILEY}|[.!?…]+|\n+|[^\w\s#@'\"()\[\],;:/\\*_~|<>=+&^%$-]"
)


def plain(text: str) -> str:
    """The text in one Unicode form, without invisible characters, entities and repost prefix, in lower case."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_TYPOGRAPHIC)
    if text[:3].lower() in ("rt ", "rt\t"):
        text = _REPOST.sub("", text)
    return text[:_LONGEST].lower()


def tokens(plain_text: str) -> list[str]:
    """The tokens of a text that went through `plain`, in order."""
    found = _by_line(plain_text) if "\n" in plain_text else _of_line(plain_text)
    if "http" in plain_text and any(mark in plain_text for mark in _MARKS):
        return [LINK if token[:5] in _LINK_STARTS else token for token in found]
    return found


def _by_line(text: str) -> list[str]:
    found: list[str] = []
    for piece in _LINE_BREAKS.split(text):
        found += (piece,) if piece[:1] == "\n" else _of_line(piece)
    return found


def _of_line(line: str) -> list[str]:
    # No token but a line break holds white space, and none looks beyond it: a line is the sum of its chunks.
    return list(chain.from_iterable(map(_CHUNKS.__getitem__, line.split())))


class _Chunks(dict[str, tuple[str, ...]]):
    """The tokens of what stands between white space. The memory is bounded and never changes a result."""

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        found = tuple(map(_named, _TOKEN.findall(chunk)))
        if len(chunk) <= _LONGEST_REMEMBERED and chunk[:4] != "http":  # a link hardly ever comes twice
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[chunk] = found
        return found


def _named(token: str) -> str:
    if token[0] == "@":
        return HANDLE
    return LINK if token[:4] == "www." else token


_CHUNKS = _Chunks()
