"""What a push turns into, and why what is refused is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.brands import Brand, IngestSettings
from services.ingest.domain.normalise import FIELDS, Arrival, Refused, partition_key, to_mention
from services.ingest.gate import judge

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SETTINGS = IngestSettings(
    brands=(
        Brand(
            name="Wiedeldoorn",
            accounts={"x": "@wiedeldoorn"},
            hashtags=("lauw3",),
            search=("flessenwarmer",),
            exclude=("laan",),
            vip_authors=("@burgemeester",),
        ),
        Brand(name="Spoorwolk", names=("Spoor Wolk",)),
    )
)
ARRIVAL = Arrival(received_at=NOW, origin="req_1")
GOOD = {"id": "1", "text": "Dag @wiedeldoorn, wanneer zijn jullie open?", "created_at": "2026-05-01T11:59:00Z"}


def refused(**changes: object) -> Refused:
    result = judge({**GOOD, **changes}, ARRIVAL, SETTINGS)
    assert result.error is not None
    return result.error


def test_a_good_message_becomes_a_mention_of_the_brand_it_names() -> None:
    mention = to_mention(GOOD, ARRIVAL, SETTINGS)
    assert (mention.brand, mention.addressed, mention.express) == ("Wiedeldoorn", True, ())
    assert mention.created_at == datetime(2026, 5, 1, 11, 59, tzinfo=UTC)


def test_the_same_message_has_the_same_id_and_another_source_another() -> None:
    first, again = (to_mention(GOOD, ARRIVAL, SETTINGS) for _ in range(2))
    other = to_mention({**GOOD, "source": "mail"}, ARRIVAL, SETTINGS)
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    ("text", "brand", "addressed"),
    [
        ("vraag aan #wiedeldoorn", "Wiedeldoorn", True),
        ("mijn FLESSENWÄRMER doet het niet", None, None),
        ("mijn Flessenwarmer doet het niet", "Wiedeldoorn", False),
        ("de flessenwarmer in de laan", None, None),
        ("wiedeldoorns zijn planten", None, None),
        ("met de Spoor Wolk naar huis", "Spoorwolk", False),
        ("Spoor Wolk? nee, @wiedeldoorn", "Wiedeldoorn", True),
    ],
)
def test_the_brand_is_found_by_account_hashtag_name_and_term(text: str, brand: str | None, addressed: bool) -> None:
    if brand is None and "FLESSENWÄRMER" in text:
        brand, addressed = "Wiedeldoorn", False  # accents do not count
    result = judge({**GOOD, "text": text}, ARRIVAL, SETTINGS)
    if brand is None:
        assert result.error is not None
        assert result.error.code == "no_brand"
    else:
        assert result.mention is not None
        assert (result.mention.brand, result.mention.addressed) == (brand, addressed)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"id": None}, "id_missing", "id"),
        ({"id": ["1"]}, "id_missing", "id"),
        ({"text": None}, "text_missing", "text"),
        ({"text": 5}, "text_missing", "text"),
        ({"text": "x" * 1_000_000}, "text_too_long", "text"),
        ({"text": "half \ud800"}, "invalid_unicode", "text"),
        ({"created_at": "1900-01-01T00:00:00Z"}, "created_at_too_old", "created_at"),
        ({"created_at": "2100-01-01T00:00:00Z"}, "created_at_in_future", "created_at"),
        ({"created_at": "gisteren"}, "created_at_unreadable", "created_at"),
        ({"created_at": "2026-05-01T11:59:00"}, "created_at_unreadable", "created_at"),
        ({"created_at": {}}, "created_at_unreadable", "created_at"),
        ({"created_at": "9" * 30}, "created_at_unreadable", "created_at"),
        ({"brand": "Wiedeldorn"}, "unknown_brand", "brand"),
        ({"author": []}, "author_unreadable", "author"),
        ({"author": {"id": "1", "phone": "06"}}, "unknown_field", "author.phone"),
        ({"author": {"name": "Jan"}}, "author_unreadable", "author.id"),
        ({"followers": -1}, "wrong_type", "followers"),
        ({"private": "misschien"}, "wrong_type", "private"),
        ({"thread": {}}, "wrong_type", "thread"),
        ({"url": "u" * 3000}, "too_long", "url"),
        ({"crated_at": "2026-05-01T11:59:00Z"}, "unknown_field", "crated_at"),
    ],
)
def test_bad_input_is_refused_by_field_with_a_code(changes: dict[str, object], code: str, field: str) -> None:
    error = refused(**changes)
    assert (error.code, error.field) == (code, field)


def test_a_misspelt_field_gets_the_right_one_as_remedy() -> None:
    assert "created_at" in refused(crated_at="x").remedy
    assert "Wiedeldoorn" in refused(brand="Wiedeldorn").remedy


def test_what_is_no_object_is_refused() -> None:
    for sent in (None, 1, "x", [GOOD], True):
        assert judge(sent, ARRIVAL, SETTINGS).status == "refused"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": "@wiedeldoorn hij staat in brand!"}, "danger_word"),
        ({"private": True}, "private_message"),
        ({"author": {"id": "9", "handle": "Burgemeester"}}, "vip"),
    ],
)
def test_the_fast_lane_has_named_reasons(changes: dict[str, object], reason: str) -> None:
    assert to_mention({**GOOD, **changes}, ARRIVAL, SETTINGS).express == (reason,)


def test_one_persons_messages_share_a_key_and_a_thread_stands_in_for_a_person() -> None:
    with_author = to_mention({**GOOD, "author": "u1", "thread": "t"}, ARRIVAL, SETTINGS)
    without = to_mention({**GOOD, "thread": "t"}, ARRIVAL, SETTINGS)
    assert partition_key(with_author) == "Wiedeldoorn|u1"
    assert partition_key(without) == "Wiedeldoorn|t"


def test_a_file_may_have_other_columns_and_times_without_an_offset() -> None:
    arrival = ARRIVAL._replace(strict=False)
    sent = {**GOOD, "label": "x", "created_at": "2026-05-01 11:59:00"}
    assert to_mention(sent, arrival, SETTINGS).created_at == NOW - timedelta(minutes=1)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), anything, max_size=6))
def test_whatever_is_sent_is_taken_or_refused_with_a_reason(sent: dict[str, object]) -> None:
    result = judge({**GOOD, **sent}, ARRIVAL, SETTINGS)
    assert (result.mention is None) != (result.error is None)
    assert result.error is None or (result.error.code and result.error.message)
