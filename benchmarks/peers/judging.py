"""What others do with one text: VADER's sentiment of English, and the language by py3langid and by lingua.

Runs by the peers' own Python: texts as a JSON list on standard input, a JSON object of seconds per round on standard
output. Each is loaded and warm before it is timed.
"""

import json
import sys
import time
from collections.abc import Callable

import py3langid
from lingua import Language, LanguageDetectorBuilder
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

_WARM = 50


def peers() -> dict[str, Callable[[str], object]]:
    """One call for one text each."""
    five = (Language.DUTCH, Language.ENGLISH, Language.GERMAN, Language.FRENCH, Language.SPANISH)
    py3langid.set_languages(["nl", "en", "de", "fr", "es"])
    return {
        "VADER, sentiment": SentimentIntensityAnalyzer().polarity_scores,
        "py3langid, language of five": py3langid.classify,
        "lingua, language of five": LanguageDetectorBuilder.from_languages(*five).build().detect_language_of,
    }


def main() -> None:
    asked = json.load(sys.stdin)
    seconds: dict[str, list[float]] = {}
    for name, judge in peers().items():
        for text in asked["texts"][:_WARM]:
            judge(text)
        for _ in range(asked["rounds"]):
            began = time.perf_counter()
            for text in asked["texts"]:
                judge(text)
            seconds.setdefault(name, []).append(time.perf_counter() - began)
    json.dump(seconds, sys.stdout)


if __name__ == "__main__":
    main()
