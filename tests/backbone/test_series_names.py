"""Names of series come apart into what they were made of."""

from hypothesis import given
from hypothesis import strategies as st

from backbone.series import SeriesParts, is_whole, series_name, series_parts

odd = st.text(st.sampled_from("a%7C|=25é\n "), max_size=12) | st.text(max_size=12)
fields = st.sampled_from(["channel", "source", "kind", "drill"])


@given(odd, fields, odd)
def test_a_name_comes_apart_into_what_it_was_made_of(brand: str, field: str, value: str):
    assert series_parts(series_name(brand, field, value)) == SeriesParts(brand, field, value)
    assert series_parts(series_name(brand)) == SeriesParts(brand)


@given(odd, fields, odd)
def test_the_whole_is_told_from_its_parts_by_the_name(brand: str, field: str, value: str):
    assert is_whole(series_name(brand))
    assert not is_whole(series_name(brand, field, value))


@given(st.text())
def test_any_text_comes_apart(name: str):
    """Also one that nobody put together."""
    assert len(series_parts(name)) == 3


def test_plain_names_are_written_as_they_are():
    assert series_name("Café de Buurt & Co") == "Café de Buurt & Co"
    assert series_name("acme", "channel", "x") == "acme|channel=x"
