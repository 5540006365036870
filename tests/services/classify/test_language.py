import pytest

from services.classify.domain.language import LanguageModel, word_lists
from services.classify.domain.model import Model
from services.classify.domain.profile import Profiler
from services.classify.domain.resources import SHIPPED
from services.classify.domain.text import plain, tokens


@pytest.fixture(scope="module")
def profiler() -> Profiler:
    return Profiler(LanguageModel(Model.load(SHIPPED).speech), word_lists().function)


def language(profiler: Profiler, text: str, hint: str | None = None) -> str:
    return profiler.profile([tokens(plain(text))], [hint])[0][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mijn pakketje is nog steeds niet aangekomen", "nl"),
        ("kunde gij da eens nakijken aub", "nl"),
        ("wss morgen ff bellen", "nl"),
        ("My parcel still has not arrived", "en"),
        ("Mein Paket ist immer noch nicht da", "de"),
        ("Mon colis n'est toujours pas arrivé", "fr"),
        ("Mi paquete todavía no ha llegado", "es"),
        ("Il treno è sempre in ritardo, che vergogna", "und"),
        ("Pociąg znowu jest spóźniony", "und"),
        ("", "und"),
        ("😂😂", "und"),
        ("電車が遅れています", "und"),
        ("12345 67", "und"),
    ],
)
def test_short_messages_get_their_language(profiler: Profiler, text: str, expected: str) -> None:
    assert language(profiler, text) == expected


def test_a_hint_decides_where_the_text_says_nothing(profiler: Profiler) -> None:
    assert language(profiler, "👍", "nl") == "nl"
    assert language(profiler, "👍", "tr") == "tr"
    assert language(profiler, "👍", "not a code") in {"no", "und"}


def test_a_wrong_hint_does_not_beat_a_clear_text(profiler: Profiler) -> None:
    assert language(profiler, "Waarom is mijn trein alweer een uur te laat?", "en") == "nl"
