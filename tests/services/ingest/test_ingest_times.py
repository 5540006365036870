"""Instants as people and platforms write them."""

from datetime import UTC, datetime

import pytest

from services.ingest.domain.times import parse_instant

WANTED = datetime(2017, 10, 31, 22, 10, 47, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2017-10-31T22:10:47Z",
        "2017-10-31T23:10:47+01:00",
        "2017-10-31 22:10:47.000+00:00",
        "Tue Oct 31 22:10:47 +0000 2017",
        "Tue, 31 Oct 2017 22:10:47 +0000",
        "1509487847",
        "1509487847000",
    ],
)
def test_every_common_form_is_read(written: str) -> None:
    assert parse_instant(written) == WANTED


def test_a_time_without_an_offset_is_utc_only_where_allowed() -> None:
    assert parse_instant("2017-10-31 22:10:47", naive_is_utc=True) == WANTED
    with pytest.raises(ValueError, match="offset"):
        parse_instant("2017-10-31 22:10:47")
