"""The whole verdict of a text: a pure function of what was written and of the model that ships with the code."""

import re
from collections.abc import Sequence

import msgspec

from contracts.mentions import Care, Reason, Verdict
from services.classify.domain.intent import IntentModel, Wish
from services.classify.domain.language import LanguageModel
from services.classify.domain.profile import Profiler
from services.classify.domain.rules import RuleBook, Signal
from services.classify.domain.sentiment import Feeling, SentimentLexicon, settle
from services.classify.domain.text import plain, tokens
from services.classify.domain.urgency import Haste, evidence, haste
from services.classify.domain.vocabulary import Found, vocabularies

MODEL = "rules-2"
CONFIDENCE = 0.55
"""A verdict whose most likely urgency has less than this chance is unsure."""
REACH = 50_000
"""From this many followers on an accusation counts as one with reach."""

_PRIVATE_CHANNELS = frozenset({"whatsapp", "messenger", "email", "chat", "dm", "sms", "phone"})
_LONG_NUMBER = re.compile(r"\d[\d -]{7}")
_PRIVATE = re.compile(
    r"\b(?:(?:\+|00)?31[ -]?6|06|\+?32 ?4\d{2})[ -]?(?:\d[ -]?){6,8}\b|\b(?:nl|be)\d{2} ?[a-z\d]{4}[ \d]{8,}"
)
_MOST_WORDS = 6
_LEAST_WEIGHT = 0.5
_ANCHORS = frozenset(
    {
        "own",
        "you",
        "org",
        "utility",
        "outage",
        "device",
        "child",
        "vulnerable",
        "body",
        "staff",
        "contact",
        "seeforeign",
    }
)


class Text(msgspec.Struct, frozen=True):
    """What was written, and what is known beside it."""

    text: str
    lang_hint: str | None = None
    channel: str | None = None
    followers: int | None = None


class Classifier:
    """Judges texts. The same text gets the same verdict from the same model, alone or in a batch, in any order."""

    def __init__(self, *, confidence: float = CONFIDENCE) -> None:
        languages = LanguageModel()
        self.model = MODEL
        self._confidence = confidence
        self._profiler = Profiler(languages)
        self._vocabularies = vocabularies(languages)
        self._rules = RuleBook.load()
        self._sentiment = SentimentLexicon.load()
        self._intent = IntentModel.load()

    @classmethod
    def load(cls) -> "Classifier":
        """The classifier with the tables that ship beside the code."""
        return cls()

    def judge(self, texts: Sequence[Text]) -> list[Verdict]:
        """One verdict per text, in order. Any text works: empty, without words, very long, of any script."""
        plains = [plain(text.text) for text in texts]
        split = [tokens(written) for written in plains]
        languages, signatures = self._profiler.profile(split, [text.lang_hint for text in texts])
        return [self._verdict(*one) for one in zip(texts, plains, split, languages, signatures, strict=True)]

    def _verdict(self, text: Text, written: str, words: list[str], language: str, signature: int) -> Verdict:
        vocabulary = self._vocabularies[language if language in self._vocabularies else "*"]
        found = vocabulary.find(words)
        _beside(text, written, found)
        signals = self._rules.signals(words, found)
        critical, high = evidence(signals, "critical"), evidence(signals, "high")
        trouble = max(critical, high)
        mood = self._sentiment.mood(words, found, language)
        wish = self._intent.wish(words, found.hits, trouble, mood.positive - mood.negative)
        feeling = settle(mood, found.hits, trouble, wish.intent)
        anchored = not _ANCHORS.isdisjoint(found.hits)
        urgent = haste(critical, high, wish.needs_answer, anchored=anchored)
        return Verdict(
            lang=language,
            sentiment=feeling.sentiment,
            sentiment_p=feeling.p,
            urgency=urgent.urgency,
            urgency_p=urgent.p,
            urgency_p_critical=urgent.p_critical,
            urgency_p_high=urgent.p_high,
            intent=wish.intent,
            intent_p=wish.p,
            care=_care(urgent, wish),
            unsure=urgent.p < self._confidence,
            reasons=_reasons(words, found, signals, urgent, feeling, wish),
            signature=signature,
            model=self.model,
        )


def _beside(text: Text, written: str, found: Found) -> None:
    """What the words alone do not tell: private data in a public place, and the reach of who accuses."""
    hits = found.hits
    if text.followers is not None and text.followers >= REACH and "accuse" in hits:
        hits["reach"] = [*hits.get("reach", ()), *hits["accuse"]]
    if text.channel not in _PRIVATE_CHANNELS and _LONG_NUMBER.search(written) and _PRIVATE.search(written):
        hits["#private"] = [0]


def _care(urgent: Haste, wish: Wish) -> Care:
    """Whatever is no spam was found by a brand's names, so it concerns the organisation as far as a text can tell."""
    if urgent.urgency in ("critical", "high") or wish.intent in ("complaint", "question"):
        return "webcare"
    return "none" if wish.intent == "spam" else "community"


def _reasons(
    words: Sequence[str], found: Found, signals: Sequence[Signal], urgent: Haste, feeling: Feeling, wish: Wish
) -> tuple[Reason, ...]:
    listed = _signal_reasons(words, found, signals, urgent) if signals else []
    if feeling.places:
        weight = round(abs(feeling.positive - feeling.negative), 2)
        effect = f"sentiment:{feeling.sentiment}"
        listed.append(Reason(code="feeling", words=_said(words, found, feeling.places), effect=effect, weight=weight))
    said = _said(words, found, wish.places)
    listed.append(Reason(code=wish.intent, words=said, effect=f"intent:{wish.intent}", weight=round(wish.p, 2)))
    return tuple(listed)


def _signal_reasons(words: Sequence[str], found: Found, signals: Sequence[Signal], urgent: Haste) -> list[Reason]:
    strongest: dict[str, Signal] = {}
    for signal in signals:
        if signal.code not in strongest or signal.weight > strongest[signal.code].weight:
            strongest[signal.code] = signal
    listed = [_signal_reason(words, found, signal) for signal in strongest.values()]
    listed = [reason for reason in listed if reason.weight >= _LEAST_WEIGHT or urgent.urgency in ("normal", "low")]
    listed.sort(key=lambda reason: -reason.weight)
    return listed


def _signal_reason(words: Sequence[str], found: Found, signal: Signal) -> Reason:
    code = "_but_".join([signal.code, *signal.guards[:1]])
    said = _said(words, found, signal.places)
    return Reason(code=code, words=said, effect=f"urgency:{signal.effect}", weight=round(signal.weight, 2))


def _said(words: Sequence[str], found: Found, places: Sequence[int]) -> tuple[str, ...]:
    if not words or not places:
        return ()
    ends = found.ends
    return tuple([" ".join(words[at : ends[at] + 1]) if at in ends else words[at] for at in places[:_MOST_WORDS]])
