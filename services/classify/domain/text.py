"""From what somebody typed to a list of tokens: one pass, no loss of what decides.

A token is a lower-case word, a number, a run of sentence marks, an emoji or an old-fashioned smiley. Handles become
`@`, links become `://`. A hash sign is dropped: `#fail` is the word `fail`.
"""

import html
import re
import unicodedata

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
    found = _TOKEN.findall(plain_text)
    if "@" in plain_text or "/" in plain_text or "www." in plain_text:
        return [
            HANDLE if token[0] == "@" else LINK if token[:5] in _LINK_STARTS or token[:4] == "www." else token
            for token in found
        ]
    return found
