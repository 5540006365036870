"""Words for codes and figures in the two languages that people are paged in: Dutch first, English second."""

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from backbone.series import series_parts

Language = Literal["nl", "en"]


@cache
def _reasons() -> dict[str, dict[Language, str]]:
    """What codes mean: one list for pages and for the page in the browser."""
    return msgspec.json.decode((files("contracts") / "reasons.json").read_bytes(), type=dict[str, dict[Language, str]])


def reason_in_words(code: str, language: Language) -> str:
    """A reason code in words; an unknown one as it is written, without its underscores."""
    known = _reasons().get(code)
    return code.replace("_", " ") if known is None else known[language]


def number(value: float, language: Language) -> str:
    """A figure with the language's marks: one decimal under 10, none above."""
    text = f"{value:,.1f}" if value < 10 and round(value, 1) != int(value) else f"{value:,.0f}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def expectation(value: float, language: Language) -> str:
    """What is expected: never as nothing, since nobody can be sure of nothing."""
    if value >= 0.05:
        return number(value, language)
    return "minder dan 0,1" if language == "nl" else "less than 0.1"


def share(value: float) -> str:
    """A part of one as a percentage."""
    return f"{value * 100:.0f}%"


def window(seconds: int, language: Language) -> str:
    """A length of time in minutes, or in hours, rounded, from two hours on."""
    minutes = seconds // 60
    if minutes >= 120:
        return f"{round(minutes / 60)} {'uur' if language == 'nl' else 'hours'}"
    if minutes == 1:
        return "1 minuut" if language == "nl" else "1 minute"
    return f"{minutes} {'minuten' if language == 'nl' else 'minutes'}"


def odds(chance: float, language: Language) -> str:
    """A probability as one in so many, in round words."""
    one = "1 op" if language == "nl" else "1 in"
    if chance <= 1e-9:
        return "kleiner dan 1 op een miljard" if language == "nl" else "less than 1 in a billion"
    times = 1 / chance
    if times >= 1_000_000:
        return f"{one} {number(float(f'{times / 1e6:.1g}'), language)} {'miljoen' if language == 'nl' else 'million'}"
    return f"{one} {number(float(f'{times:.2g}'), language)}"


def series(name: str, language: Language) -> str:
    """What is counted, in words, from a name such as ``brand|channel=x`` or ``brand|kind=negative``."""
    _, field, written = series_parts(name)
    value = " ".join(written.split())
    if not field or field == "drill":
        return "berichten" if language == "nl" else "messages"
    if field == "channel":
        return f"berichten op {value}" if language == "nl" else f"messages on {value}"
    if field == "source":
        return f"berichten uit bron {value}" if language == "nl" else f"messages from source {value}"
    kinds = {
        "negative": ("negatieve berichten", "negative messages"),
        "urgent": ("urgente berichten", "urgent messages"),
    }
    return kinds.get(value, (f"berichten ({value})", f"messages ({value})"))[language == "en"]
