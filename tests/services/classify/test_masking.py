"""What leaves the desk holds nobody's data, and still reads as what it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classify.masking import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@wiedeldoorn bel me op 06-12 34 56 78", "@user bel me op 06-00 00 00 00"),
        ("of +31 6 12345678 of 020-1234567", "of +31 6 00000000 of 000-0000000"),
        ("nummer 0032 478 12 34 56", "nummer 0032 400 00 00 00"),
        ("mail eva.jansen+web@voorbeeld.nl maar", "mail naam@example.org maar"),
        ("van NL91 ABNA 0417 1643 00 afgeschreven", "van NL00 ABNA 0000 0000 00 afgeschreven"),
        ("BE68539007547034 is leeg", "BE00000000000000 is leeg"),
        ("order 1234567890 en bsn 123456782", "order 0000000000 en bsn 000000000"),
        ("ik woon op 1234 AB 12", "ik woon op 0000 XX"),
        ("zie https://x.com/eva/status/1?s=20, ok", "zie https://example.org ok"),
        ("groet @eva@social.example.", "groet @user."),
        ("het kost 12,50 en 10 minuten om 10:30, lijn 12", "het kost 12,50 en 10 minuten om 10:30, lijn 12"),
        ("", ""),
    ],
)
def test_personal_data_goes_and_its_shape_stays(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Groet, Eva de Vries", "Groet, Naam"),
        ("groet, EVA DE VRIES!", "groet, Naam!"),
        ("Mijn man Piet de Vries en Eva", "Mijn man Piet de Naam en Naam"),
        ("de evaluatie was goed", "de evaluatie was goed"),
    ],
)
def test_the_authors_own_name_goes(text: str, expected: str) -> None:
    assert masked(text, "Eva de Vries") == expected


def test_a_name_without_a_word_of_three_letters_is_left_alone() -> None:
    assert masked("op de bus", "O. de B.") == "op de bus"


@given(st.text() | st.from_regex(r"[@+06 .\-a-zA-Z\d]{0,60}"))
def test_masking_what_is_masked_changes_nothing(text: str) -> None:
    once = masked(text)
    assert masked(once) == once


@pytest.mark.parametrize("piece", ["a", "1 ", "@", "a.", "NL12", "1(", "x@"])
def test_a_hostile_long_text_takes_no_more_than_its_length(piece: str) -> None:
    masked(piece * 20_000, "Eva Jansen")
