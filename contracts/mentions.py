"""What people said, and what the classifier made of it."""

from typing import Literal

import msgspec

from contracts.base import Event, Instant

Urgency = Literal["critical", "high", "normal", "low"]
Sentiment = Literal["negative", "neutral", "positive"]
Intent = Literal["spam", "complaint", "question", "compliment", "remark"]
Care = Literal["webcare", "community", "none"]


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote it, as far as the platform tells. `id` is the platform's own, unique within the source."""

    id: str
    name: str | None = None
    handle: str | None = None
    followers: int | None = None


class Mention(Event, frozen=True, kw_only=True):
    """One public or private message about or to a brand, on `mentions.raw` or `mentions.express`.

    The same message always has the same `id` (derived from source and native id); an edit has the same id and a
    higher `revision`. `created_at` is the platform's time, `received_at` ours.
    """

    id: str
    source: str
    native_id: str
    brand: str
    channel: str
    text: str
    created_at: Instant
    received_at: Instant
    author: Author | None = None
    thread: str | None = None
    """The platform's conversation, where it has one; mentions of one thread are one item."""
    url: str | None = None
    lang_hint: str | None = None
    addressed: bool = True
    """The brand is mentioned, tagged or written to (reactive webcare); False: found in the wild (proactive)."""
    private: bool = False
    revision: int = 0
    repost_of: str | None = None
    express: tuple[str, ...] = ()
    """Named reasons why the fast lane took it; empty on `mentions.raw`."""
    origin: str | None = None
    """Where it came in: a request id, or file and line."""
    drill: bool = False
    v: int = 1


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One signal that decided a verdict: a stable code, the words that carried it, and how much it weighed.

    `effect` names what it argued for, such as ``urgency:critical`` or ``sentiment:negative``.
    """

    code: str
    words: tuple[str, ...] = ()
    effect: str = ""
    weight: float = 0.0


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Language, sentiment, urgency, intent and care of one text: a pure function of the text and the model.

    Probabilities are calibrated and in 0..1. `urgency` is the predicted class; where `unsure` is set the router
    treats the mention one level higher, though never as critical.
    """

    lang: str
    """ISO 639-1 code, or ``und`` where it cannot be told."""
    sentiment: Sentiment
    sentiment_p: float
    urgency: Urgency
    urgency_p: float
    urgency_p_critical: float
    urgency_p_high: float
    intent: Intent
    intent_p: float
    care: Care
    unsure: bool
    reasons: tuple[Reason, ...]
    signature: int
    """Story signature: 64 bits; texts that say the same have signatures a few bits apart, copies the same one."""
    sketch: bytes = b""
    """The words of the text in order, four bytes each, at most 64 and one for the rest; empty where none was made.

    The lowest bit of a word's first byte is set if it holds a digit. ``ff ff ff ff`` at the end: the text was cut off.
    """
    model: str


class Origin(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The place in the log where a mention came from; readers drop what they have handled up to `offset`."""

    topic: str
    partition: int
    offset: int


class ClassifiedMention(Event, frozen=True, kw_only=True):
    """A mention with its verdict, on `mentions.classified`, keyed as the mention was.

    Of one origin topic and partition, origins rise; a lower or equal one is a redelivery after a crash.
    """

    mention: Mention
    verdict: Verdict
    origin: Origin
    v: int = 1
