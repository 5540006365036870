"""What is known beside the words: private data in a public place, and how many people follow who wrote it."""

import re

REACH = 50_000
"""From this many followers on an accusation counts as one with reach."""

_PRIVATE_CHANNELS = frozenset({"whatsapp", "messenger", "email", "chat", "dm", "sms", "phone"})
_LONG_NUMBER = re.compile(r"\d[\d -]{7}")
_PRIVATE = re.compile(
    r"\b(?:(?:\+|00)?31[ -]?6|06|\+?32 ?4\d{2})[ -]?(?:\d[ -]?){6,8}\b|\b(?:nl|be)\d{2} ?[a-z\d]{4}[ \d]{8,}"
)


def holds_private_data(written: str, channel: str | None) -> bool:
    """A phone or account number where everybody can read it; `written` went through `plain`."""
    if channel in _PRIVATE_CHANNELS or not _LONG_NUMBER.search(written):
        return False
    return _PRIVATE.search(written) is not None


def has_reach(followers: int | None) -> bool:
    return followers is not None and followers >= REACH
