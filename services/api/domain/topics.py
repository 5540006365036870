"""What mentions are about: the terms that stand out in them against what was said before.

The log-likelihood ratio G2 of two rates (Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence",
Computational Linguistics 19, 1993), which unlike a chi-square or a difference of log-odds holds for counts near zero:
of the voices now, how many use the term, and of those in history? History begins with `UNSEEN` voices that hardly use
any term, so that with little history only what many say stands out, and a term that nobody used before is rare and not
impossible. The score is the signed root of G2, which is to be read as standard deviations.
"""

from collections.abc import Iterable, Sequence
from math import copysign, log, sqrt
from typing import Literal, NamedTuple

from services.api.domain.terms import as_written
from services.api.domain.voices import Count, Voices

UNSEEN = 50.0
UNSEEN_RATE = 0.01
STANDS_OUT = 3.0
"""Standard deviations above history from which a term stands out: one in 740 does so by chance."""
LITTLE_HISTORY = 50
"""Voices of history below which only the loudest terms can stand out."""
_FEW = 5
_LEAST_SHARE = 0.01
_WITHIN = 0.5
"""A word of which more than this part is said within one pair adds nothing to that pair."""

Reason = Literal["stands_out", "little_history", "nothing_stands_out", "no_mentions"]
"""Why an answer is what it is: the terms found, those found with little to compare with, or why there are none."""


class Topic(NamedTuple):
    """A term that stands out."""

    term: str
    """As the archive compares words; two words stand next to each other."""
    written: str
    """As the example writes it, in lower case."""
    mentions: int
    people: int
    share: float
    """Of the voices now."""
    share_before: float
    """Of the voices in history."""
    score: float
    """Standard deviations above history."""
    example: str
    """The first mention with it."""


def stands_out(now: Voices, before: Voices, most: int) -> list[Topic]:
    """At most `most` terms of `now` that stand out, the highest score first; equal ones by their letters."""
    scores = {
        term: score(found.voices, now.voices, _said(before, term), before.voices) for term, found in candidates(now)
    }
    sure = sorted((term for term in scores if scores[term] >= STANDS_OUT), key=lambda term: (-scores[term], term))
    return [_topic(term, scores[term], now, before) for term in _without_repeats(sure, now)[:most]]


def candidates(now: Voices) -> Iterable[tuple[str, Count]]:
    """The terms that enough voices use: of more than a few voices two, of many one in a hundred."""
    least = 1 if now.voices < _FEW else max(2, round(now.voices * _LEAST_SHARE))
    return [(term, found) for term, found in now.terms.items() if found.voices >= least]


def reason(now: Voices, before: Voices, found: Sequence[Topic]) -> Reason:
    """The named reason of an answer."""
    if not now.mentions:
        return "no_mentions"
    if before.voices < LITTLE_HISTORY:
        return "little_history"
    return "stands_out" if found else "nothing_stands_out"


def score(said: int, of: int, said_before: int, of_before: int) -> float:
    """How many standard deviations a term lies above its rate in history."""
    yes_before, all_before = said_before + UNSEEN * UNSEEN_RATE, of_before + UNSEEN
    rate = (said + yes_before) / (of + all_before)
    g2 = 2 * (
        _part(said, of * rate)
        + _part(of - said, of * (1 - rate))
        + _part(yes_before, all_before * rate)
        + _part(all_before - yes_before, all_before * (1 - rate))
    )
    return copysign(sqrt(max(g2, 0.0)), said - of * rate)


def _part(seen: float, expected: float) -> float:
    return seen * log(seen / expected) if seen else 0.0


def _said(before: Voices, term: str) -> int:
    found = before.terms.get(term)
    return found.voices if found else 0


def _without_repeats(ranked: Sequence[str], now: Voices) -> list[str]:
    """A pair replaces a word that is mostly said within it; of pairs with a word in common the first one stays."""
    pairs: list[str] = []
    paired: set[str] = set()
    for term in ranked:
        parts = term.split(" ")
        if len(parts) > 1 and paired.isdisjoint(parts):
            pairs.append(term)
            paired.update(parts)
    told = {
        word
        for pair in pairs
        for word in pair.split(" ")
        if word in now.terms and now.terms[pair].voices > _WITHIN * now.terms[word].voices
    }
    rare = {pair for pair in pairs if told.isdisjoint(pair.split(" "))}
    return [term for term in ranked if (" " not in term and term not in told) or (term in pairs and term not in rare)]


def _topic(term: str, value: float, now: Voices, before: Voices) -> Topic:
    found = now.terms[term]
    return Topic(
        term=term,
        written=as_written(term, found.example.text),
        mentions=found.mentions,
        people=found.people,
        share=_share(found.voices, now.voices),
        share_before=_share(_said(before, term), before.voices),
        score=round(value, 2),
        example=found.example.id,
    )


def _share(part: int, of: int) -> float:
    return round(part / of, 6) if of else 0.0
