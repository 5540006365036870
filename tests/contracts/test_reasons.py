"""Every code that people may read has words in Dutch and English."""

import json
from importlib.resources import files

from services.classify.domain.heads import INTENT
from services.classify.domain.signals import signal_tables

WORDS = json.loads((files("contracts") / "reasons.json").read_text("utf-8"))


def test_every_reason_of_the_classifier_has_words() -> None:
    codes = {*signal_tables("*")["*"].codes, *INTENT, "wording", "feeling", "reach_with_accusation"}
    assert codes - WORDS.keys() == set()


def test_words_are_there_in_both_languages_and_in_order() -> None:
    assert list(WORDS) == sorted(WORDS)
    assert all(set(said) == {"nl", "en"} and said["nl"].strip() and said["en"].strip() for said in WORDS.values())
