"""Every code that people may read has words in Dutch and English."""

import json
from importlib.resources import files
from pathlib import Path

import services.classify.domain as domain

DATA = Path(domain.__file__).parent / "data"
WORDS = json.loads((files("contracts") / "reasons.json").read_text("utf-8"))


def test_every_rule_of_the_classifier_has_words() -> None:
    lines = [line for name in ("rules.tsv", "intent.tsv") for line in (DATA / name).read_text("utf-8").splitlines()]
    codes = {line.split("\t")[0] for line in lines if line.strip() and not line.startswith("#")}
    assert codes - WORDS.keys() == set()


def test_words_are_there_in_both_languages_and_in_order() -> None:
    assert list(WORDS) == sorted(WORDS)
    assert all(set(said) == {"nl", "en"} and said["nl"].strip() and said["en"].strip() for said in WORDS.values())
