"""Figures, chances and times as people read them, in the two languages. Pure."""

import math
from datetime import datetime, tzinfo
from typing import Literal

Language = Literal["nl", "en"]

_SWAPPED = str.maketrans(",.", ".,")
_UNITS = {
    "nl": ((1e12, "biljoen"), (1e9, "miljard"), (1e6, "miljoen")),
    "en": ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")),
}
_DAYS = {
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "nl": ("jan", "feb", "mrt", "apr", "mei", "juni", "juli", "aug", "sept", "okt", "nov", "dec"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec"),
}
_MOST_TIMES = 1e12
_NAMED_DAYS = 6


def say(language: Language, dutch: str, english: str) -> str:
    """The one that is asked for."""
    return dutch if language == "nl" else english


def number(value: float, language: Language) -> str:
    """1.234 and 0,5 in Dutch, 1,234 and 0.5 in English; one decimal below ten, none above."""
    text = f"{value:,.1f}" if value < 9.95 and round(value, 1) != round(value) else f"{value:,.0f}"
    return text if language == "en" else text.translate(_SWAPPED)


def counted(count: float, one: str, more: str, language: Language) -> str:
    """A number with its noun."""
    text = number(count, language)
    return f"{text} {one if text == '1' else more}"


def expectation(value: float, language: Language) -> str:
    """What is expected: never as nothing, since nobody can be sure of nothing."""
    return number(value, language) if value >= 0.05 else say(language, "minder dan 0,1", "less than 0.1")


def percent(share: float) -> str:
    """A part of one."""
    return f"{min(max(share, 0.0), 1.0) * 100:.0f}%"


def odds(chance: float, language: Language) -> str | None:
    """A probability as one in so many, in round words; None where it is no surprise at all."""
    if not 0.0 <= chance <= 0.1:
        return None
    one = say(language, "1 op", "1 in")
    if chance * _MOST_TIMES < 1.0:
        return say(language, "kleiner dan 1 op een biljoen", "less than 1 in a trillion")
    times = rounded(1.0 / chance)
    for unit, name in _UNITS[language]:
        if times >= unit:
            return f"{one} {number(times / unit, language)} {name}"
    return f"{one} {number(times, language)}"


def rounded(times: float) -> float:
    """Two figures that count, and one from a million on."""
    return float(f"{times:.0e}") if times >= 950_000 else float(f"{times:.1e}")


def length(minutes: float, language: Language) -> str:
    """A length of time: minutes below two hours unless it is one hour, hours below three days, then days."""
    if minutes < 120 and round(minutes) != 60:
        return counted(round(minutes), *_noun(language, ("minuut", "minuten"), ("minute", "minutes")), language)
    if minutes < 3 * 1440:
        return counted(round(minutes / 60), *_noun(language, ("uur", "uur"), ("hour", "hours")), language)
    return counted(round(minutes / 1440), *_noun(language, ("dag", "dagen"), ("day", "days")), language)


def _noun(language: Language, dutch: tuple[str, str], english: tuple[str, str]) -> tuple[str, str]:
    return dutch if language == "nl" else english


def clock(at: datetime, now: datetime, zone: tzinfo, language: Language) -> str:
    """A time of day, with the weekday where it is not today's, and the date where it is not this week's."""
    here, today = at.astimezone(zone), now.astimezone(zone)
    days = abs((today.date() - here.date()).days)
    if days == 0:
        return f"{here:%H:%M}"
    if days <= _NAMED_DAYS:
        return f"{_DAYS[language][here.weekday()]} {here:%H:%M}"
    return f"{here.day} {_MONTHS[language][here.month - 1]} {here:%H:%M}"


def known(value: float | None) -> float | None:
    """The value where it is a number that can be said."""
    return value if value is not None and math.isfinite(value) and value >= 0.0 else None
