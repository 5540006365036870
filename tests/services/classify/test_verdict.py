import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.mentions import Verdict
from services.classify.domain.beside import REACH
from services.classify.domain.model import Model
from services.classify.domain.resources import SHIPPED
from services.classify.domain.verdict import Classifier, Text
from services.classify.training.corpus import TEST, load


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


def judge(classifier: Classifier, text: str, **hints: str | int) -> Verdict:
    return classifier.judge([Text(text, **hints)])[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "😂😂😂",
        "🔥🔥",
        "\u200b\u200d\ufeff",
        "\ud800 gas \udfff",
        "مرحبا، هناك رائحة غاز في المبنى",
        "שלום, איפה החבילה שלי?",
        "поезд опоздал на час",
        "電車が遅れています",
        "ik ruik gas 這裡 и дым",
        "a" * 50_000,
        "nog steeds niet " * 5_000,
        "!?" * 3_000,
        "@a @b @c https://x.example",
        "\x00\x01\x02",
        "&amp;&lt;&#x110000;",
    ],
)
def test_any_text_gets_a_verdict_with_chances_and_a_reason(classifier: Classifier, text: str) -> None:
    verdict = judge(classifier, text)
    for chance in (verdict.sentiment_p, verdict.urgency_p, verdict.urgency_p_critical, verdict.intent_p):
        assert 0 <= chance <= 1
    assert 0 <= verdict.urgency_p_critical + verdict.urgency_p_high <= 1
    assert verdict.reasons
    assert 0 <= verdict.signature < 2**64
    assert verdict.model == classifier.model


@given(texts=st.lists(st.text(max_size=120), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_verdict_does_not_depend_on_the_batch_or_its_order(classifier: Classifier, texts: list[str]) -> None:
    asked = [Text(text) for text in texts]
    together = classifier.judge(asked)
    assert together == [classifier.judge([one])[0] for one in asked]
    assert together == classifier.judge(asked[::-1])[::-1]


def test_what_people_write_is_judged_alike_alone_and_in_any_batch(classifier: Classifier) -> None:
    asked = [Text(row.text) for row in load(TEST)]
    together = classifier.judge(asked)
    assert together == [classifier.judge([one])[0] for one in asked]
    assert together == [each for at in range(0, len(asked), 37) for each in classifier.judge(asked[at : at + 37])]


def test_two_processes_agree_to_the_last_digit() -> None:
    program = (
        "from services.classify.domain.verdict import Classifier, Text\n"
        "texts = ['Ik ruik gas en er komt rook uit de meterkast, help!', 'Great, another delay. Thanks a lot']\n"
        "print(Classifier.load().judge([Text(text) for text in texts]))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1


def test_an_empty_batch_is_an_empty_answer(classifier: Classifier) -> None:
    assert classifier.judge([]) == []


CALM = {
    "We ruiken een gaslucht in de hal van ons appartement.": "gas_danger",
    "De oplader van jullie heeft vlam gevat": "fire_danger",
    "Stuk glas doorgeslikt uit jullie yoghurt": "wording",
    "Ik wil niet meer leven door die schulden bij jullie": "self_harm",
    "Ik kom vanavond met een mes naar jullie kantoor": "wording",
    "In de app zie ik de facturen van andere klanten": "wording",
    "Mijn account is gehackt en er worden nu bestellingen gedaan": "wording",
    "Heel Utrecht zit al een uur zonder stroom, niemand weet iets": "wording",
    "My daughter had an allergic reaction, peanuts were not on the label": "illness",
}


@pytest.mark.parametrize(("text", "code"), CALM.items())
def test_calm_danger_is_critical_and_says_why(classifier: Classifier, text: str, code: str) -> None:
    verdict = judge(classifier, text)
    assert verdict.urgency == "critical"
    assert verdict.care == "webcare"
    reason = next(reason for reason in verdict.reasons if reason.code == code)
    assert reason.effect == "urgency:critical"
    assert reason.words


@pytest.mark.parametrize(
    "text",
    [
        "ik lach me dood om die reclame van jullie",
        "Brandende vraag: wie heeft die jingle bedacht?",
        "die korting is levensgevaarlijk 😂",
        "Die nieuwe burger is de bom!",
        "Ik sterf van de honger en mijn bestelling is er nog steeds niet 😂",
        "you guys are on fire today, great service",
        "killer deal on headphones, thanks!",
        "would it kill you to answer the phone",
        "Verzekeren jullie ook tegen brand in de schuur?",
        "Gisteren in de film: hele trein in brand",
        "KLOTEBEDRIJF!!! WAAROM STAAT ER WEER EEN VERKEERD BEDRAG OP MIJN FACTUUR?!?!",
        "Kreeg weer zo'n nepmail van jullie, niet ingetrapt",
    ],
)
def test_figures_of_speech_jokes_and_anger_page_nobody(classifier: Classifier, text: str) -> None:
    assert judge(classifier, text).urgency != "critical"


def test_capitals_and_exclamation_marks_never_raise_the_level(classifier: Classifier) -> None:
    calm = judge(classifier, "waardeloze service, altijd gedoe met jullie")
    loud = judge(classifier, "WAARDELOZE SERVICE, ALTIJD GEDOE MET JULLIE!!!!!!")
    assert calm.urgency == loud.urgency == "normal"


def test_reach_counts_only_together_with_an_accusation(classifier: Classifier) -> None:
    accusation = "Jullie directie pleegt al jaren fraude met subsidies, zo oneerlijk"
    complaint = "Mijn pakket is weer te laat"
    assert judge(classifier, accusation, followers=REACH).urgency == "critical"
    told = judge(classifier, accusation, followers=REACH).reasons[0]
    assert (told.code, told.effect) == ("reach_with_accusation", "urgency:critical")
    assert judge(classifier, accusation, followers=10).urgency != "critical"
    assert judge(classifier, complaint, followers=10_000_000).urgency == "normal"


def test_a_phone_number_is_private_in_public_only(classifier: Classifier) -> None:
    text = "Bel mij terug op 06-12345678 over mijn bestelling"
    assert judge(classifier, text, channel="x").urgency == "high"
    assert judge(classifier, text, channel="whatsapp").urgency == "normal"


def test_a_negated_or_past_danger_is_not_critical(classifier: Classifier) -> None:
    assert judge(classifier, "Er is geen brand bij jullie geweest toch?").urgency != "critical"
    past = judge(
        classifier, "Vorig jaar is jullie lader in brand gevlogen, netjes vervangen. Nu doet de nieuwe het niet"
    )
    assert past.urgency == "normal"


def test_confidence_decides_what_is_unsure() -> None:
    text = Text("Mijn pakket is er nog niet, kunt u kijken?")
    assert Classifier(Model.load(SHIPPED), confidence=1.01).judge([text])[0].unsure
    assert not Classifier(Model.load(SHIPPED), confidence=0.0).judge([text])[0].unsure


def test_typing_errors_and_stretched_words_are_still_read(classifier: Classifier) -> None:
    assert judge(classifier, "er komt roooook uit de meterkast van jullie").urgency == "critical"
    stretched, plain = judge(classifier, "heeeel erg bedankt"), judge(classifier, "heel erg bedankt")
    assert stretched.urgency_p == plain.urgency_p


@pytest.mark.parametrize("piece", ["a", "a-", "!?", "gas ruik ", "heeeel ", "niet brand in huis nu ", "😂", "x@"])
def test_a_hostile_long_text_takes_no_more_than_its_length(classifier: Classifier, piece: str) -> None:
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        judge(classifier, piece * (60_000 // len(piece)))
    finally:
        sys.setprofile(None)
    assert steps < 2_000_000
