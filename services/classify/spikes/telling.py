"""A spike's evidence in a few short sentences, Dutch first and English. Pure; no names of people, no text of a mention.

What is not known is left out: a sentence is there or it is not, and the first one always is.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from backbone.series import series_parts
from contracts.volume import SpikeEvidence, Words
from services.classify.spikes.figures import (
    Language,
    clock,
    counted,
    expectation,
    known,
    length,
    number,
    odds,
    percent,
    say,
)
from services.classify.spikes.life import Phase

_ROUGH_DAYS = 3.0
_STORY_SHARE = 0.2
_STORY_LEAST = 3
_URGENT_SHARE = 0.1
_CHANNEL_SHARE = 0.5
_CHANNELS = {
    "x": "X",
    "whatsapp": "WhatsApp",
    "linkedin": "LinkedIn",
    "youtube": "YouTube",
    "tiktok": "TikTok",
    "rss": "RSS",
}
_KINDS = ("negative", "urgent")
_SMALL = frozenset({"forum", "review", "email", "chat", "news", "sms"})


class _Told(NamedTuple):
    """What the sentences are about."""

    brand: str
    field: str
    """What part of the brand is counted: nothing, channel, kind, source, topic, story ..."""
    value: str
    phase: Phase
    evidence: SpikeEvidence
    zone: tzinfo
    language: Language

    def say(self, dutch: str, english: str) -> str:
        return say(self.language, dutch, english)

    def end(self) -> datetime:
        return self.evidence.since + timedelta(seconds=self.evidence.window_s)

    def clock(self, at: datetime) -> str:
        return clock(at, self.end(), self.zone, self.language)

    def number(self, value: float) -> str:
        return number(value, self.language)


_Sentence = Callable[[_Told], str | None]
"""One sentence in the language of what is told; None where there is nothing to say."""


def tell(series: str, phase: Phase, direction: str, evidence: SpikeEvidence, zone: tzinfo) -> Words:
    """What is the matter with `series` (``brand``, ``brand|channel=x``, ``brand|kind=negative`` ...), in words.

    `direction` is ``up`` or ``down``; clock times are those of `zone`, with the weekday where the window began on an
    earlier day than it ended.
    """
    dutch = _Told(*series_parts(series), phase, evidence, zone, "nl")
    sentences = _sentences(phase, direction)
    return Words(nl=_text(dutch, sentences), en=_text(dutch._replace(language="en"), sentences))


def channel_name(channel: str) -> str:
    """A channel as it writes itself."""
    return _CHANNELS.get(channel, channel if channel in _SMALL else channel.capitalize())


def _sentences(phase: Phase, direction: str) -> tuple[_Sentence, ...]:
    if direction == "down":
        return (_heard_again,) if phase == "over" else (_silent, _campaign, _rough)
    if phase == "over":
        return (_back, _peak)
    content = (_seen, _negative, _story, _channels)
    if phase == "peaked":
        return (_falling, _peak, *content, _next_hour, _campaign, _rough)
    return (*content, _rate, _next_hour, _campaign, _rough)


def _text(told: _Told, sentences: tuple[_Sentence, ...]) -> str:
    return " ".join(said for sentence in sentences if (said := sentence(told)))


def _seen(told: _Told) -> str:
    evidence = told.evidence
    since = told.clock(evidence.since)
    what = f"{_messages(told, evidence.seen)}{_from_people(told)} {_about(told)}"
    return f"{what} {told.say('sinds', 'since')} {since}{_expected(told)}."


def _silent(told: _Told) -> str:
    evidence = told.evidence
    window = length(evidence.window_s / 60, told.language)
    about, expected = _about(told), _expected(told)
    if evidence.seen:
        few = _messages(told, evidence.seen)
        return told.say(f"Maar {few} {about} in {window}{expected}.", f"Only {few} {about} in {window}{expected}.")
    one, since = _noun(told)[0], told.clock(evidence.since)
    return told.say(
        f"Al {window} geen {one} {about}{expected}. Stil sinds {since}.",
        f"For {window} no {one} {about}{expected}. Quiet since {since}.",
    )


def _heard_again(told: _Told) -> str:
    noun, about = _noun(told)[1], _about(told)
    return told.say(f"Er komen weer {noun} {about} binnen.", f"There are {noun} {about} again.")


def _back(told: _Told) -> str:
    window = length(told.evidence.window_s / 60, told.language)
    what = f"{_messages(told, told.evidence.seen)} {_about(told)} in {window}{_expected(told, chance=False)}"
    return told.say(f"Voorbij: {what}.", f"Over: {what}.")


def _falling(told: _Told) -> str:
    now = _now(told)
    tail = f": {now}." if now else "."
    return told.say(f"De piek neemt af{tail}", f"The spike is going down{tail}")


def _peak(told: _Told) -> str | None:
    rate, at = known(told.evidence.peak_per_hour), told.evidence.peak_at
    if rate is None or at is None:
        return None
    when, much = told.clock(at), told.number(rate)
    return told.say(f"De top was {much} per uur ({when}).", f"The peak was {much} an hour ({when}).")


def _negative(told: _Told) -> str | None:
    evidence = told.evidence
    shares = []
    negative, usual = known(evidence.share_negative), known(evidence.usual_share_negative)
    if negative is not None and told.value != "negative":
        usually = "" if usual is None else told.say(f" (gewoonlijk {percent(usual)})", f" (usually {percent(usual)})")
        shares.append(f"{percent(negative)} {told.say('negatief', 'negative')}{usually}")
    urgent = known(evidence.share_urgent)
    if urgent is not None and urgent >= _URGENT_SHARE and told.value != "urgent":
        shares.append(f"{percent(urgent)} urgent")
    return f"{', '.join(shares)}." if shares else None


def _story(told: _Told) -> str | None:
    most = max((story.seen for story in told.evidence.stories), default=0)
    if most < max(_STORY_LEAST, _STORY_SHARE * told.evidence.seen):
        return None
    times = told.number(most)
    return told.say(f"Eén verhaal is {times} keer verteld.", f"One story was told {times} times.")


def _channels(told: _Told) -> str | None:
    known_channels = sorted(told.evidence.channels, key=lambda one: (-one.seen, one.channel))
    total = sum(one.seen for one in known_channels)
    if told.field == "channel" or total <= 0:
        return None
    shares = [(channel_name(one.channel), one.seen / total) for one in known_channels[:2] if one.channel]
    if not shares:
        return None
    if shares[0][1] >= _CHANNEL_SHARE or len(shares) == 1:
        name, share = shares[0]
        return told.say(f"Vooral op {name} ({percent(share)}).", f"Mostly on {name} ({percent(share)}).")
    both = told.say(" en ", " and ").join(f"{name} ({percent(share)})" for name, share in shares)
    return told.say(f"Vooral op {both}.", f"Mostly on {both}.")


def _rate(told: _Told) -> str | None:
    now = _now(told)
    if now is None:
        return None
    if told.phase != "growing":
        return f"{now[0].upper()}{now[1:]}."
    again = told.evidence.reason == "growing_again"
    return told.say(
        f"Het groeit{' weer' if again else ''}: {now}.", f"It is growing{' again' if again else ''}: {now}."
    )


def _now(told: _Told) -> str | None:
    rate = known(told.evidence.per_hour)
    if rate is None:
        return None
    much = told.number(round(rate)) if rate >= 0.5 else told.say("minder dan 1", "less than 1")
    return told.say(f"nu {much} per uur", f"now {much} an hour")


def _next_hour(told: _Told) -> str | None:
    """The next hour, as a band."""
    if not told.evidence.forecast:
        return None
    hour = told.evidence.forecast[0]
    low, high = known(hour.low), known(hour.high)
    if low is None or high is None:
        return None
    least, most = told.number(round(low)), told.number(round(high))
    if least == most:
        return told.say(f"Komend uur verwacht: {most}.", f"Next hour expected: {most}.")
    return told.say(f"Komend uur verwacht: {least} tot {most}.", f"Next hour expected: {least} to {most}.")


def _campaign(told: _Told) -> str | None:
    if not told.evidence.campaign:
        return None
    return told.say("De lopende campagne is al meegerekend.", "The running campaign is already counted in.")


def _rough(told: _Told) -> str | None:
    days = known(told.evidence.history_days)
    if days is None or days >= _ROUGH_DAYS:
        return None
    past = length(days * 1440, told.language)
    return told.say(
        f"Er is pas {past} geschiedenis: de verwachting is ruw.",
        f"Only {past} of history so far: the expectation is rough.",
    )


def _messages(told: _Told, count: int) -> str:
    """A number of what is counted, with its noun."""
    return counted(count, *_noun(told), told.language)


def _noun(told: _Told) -> tuple[str, str]:
    """What is counted: one, and more."""
    dutch = {"negative": ("negatief bericht", "negatieve berichten"), "urgent": ("urgent bericht", "urgente berichten")}
    english = {"negative": ("negative message", "negative messages"), "urgent": ("urgent message", "urgent messages")}
    kind = told.value if told.field == "kind" else ""
    if told.language == "nl":
        return dutch.get(kind, ("bericht", "berichten"))
    return english.get(kind, ("message", "messages"))


def _about(told: _Told) -> str:
    """What the messages are about and where they come from."""
    brand = told.say(f"over {told.brand}", f"about {told.brand}")
    if not told.value or told.field == "drill" or (told.field == "kind" and told.value in _KINDS):
        return brand
    if told.field == "channel":
        return f"{brand} {told.say('op', 'on')} {channel_name(told.value)}"
    if told.field == "source":
        return f"{brand} {told.say('uit bron', 'from source')} {told.value}"
    if told.field == "story":
        return told.say(f"{brand} met één verhaal", f"{brand} telling one story")
    return f"{brand} ({told.value})"


def _from_people(told: _Told) -> str:
    # People are estimated where there are many: never more than wrote.
    people = min(told.evidence.people, told.evidence.seen)
    if people <= 0:
        return ""
    noun = told.say("persoon" if people == 1 else "mensen", "person" if people == 1 else "people")
    return told.say(f" van {told.number(people)} {noun}", f" from {told.number(people)} {noun}")


def _expected(told: _Told, *, chance: bool = True) -> str:
    expected = known(told.evidence.expected)
    if expected is None:
        return ""
    much = expectation(expected, told.language)
    one = much == "1" or expected < 0.05
    rare = odds(told.evidence.chance, told.language) if chance else None
    brackets = f" ({told.say('kans', 'chance')} {rare})" if rare else ""
    verb = told.say("werd" if one else "werden", "was" if one else "were")
    return told.say(f", waar er {much} verwacht {verb}{brackets}", f", where {much} {verb} expected{brackets}")
