"""Arrivals per interval, beside what was expected."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from backbone.errors import BadInput
from backbone.ports import ArchiveQuery, Bucket
from services.api import views
from services.api.live import Frame
from services.api.ports import ApiPorts, Rate

MOST_BARS = 3_000
_RECENT = timedelta(minutes=5)
_MINUTE_S = 60


def aligned(at: datetime, interval_s: int) -> datetime:
    """The start of the interval that `at` lies in; intervals count from 1970."""
    second = int(at.timestamp())
    return datetime.fromtimestamp(second - second % interval_s, UTC)


def expected_in(rates: Sequence[Rate], start: datetime, interval_s: int) -> float | None:
    """How many were expected in the interval from `start`; None where no rate is known at its start."""
    end = start + timedelta(seconds=interval_s)
    if not rates or rates[0].since > start:
        return None
    ends = [rate.since for rate in rates[1:]] + [end]
    spans = [(min(end, until) - max(start, rate.since), rate) for rate, until in zip(rates, ends, strict=True)]
    return sum(max(0.0, span.total_seconds()) / 60 * rate.per_minute for span, rate in spans)


async def volume(ports: ApiPorts, query: ArchiveQuery, series: Sequence[str], interval_s: int) -> tuple[views.Bar, ...]:
    """One bar per interval from the query's `since` to its `until`, both aligned; the empty ones too."""
    since, until = query.since, query.until
    assert since is not None
    assert until is not None
    count = -(-int((until - since).total_seconds()) // interval_s)
    if count > MOST_BARS:
        remedy = f"Ask for at most {MOST_BARS}: a longer interval or a shorter time."
        raise BadInput(f"That would be {count} intervals.", code="too_many_buckets", remedy=remedy)
    found = {bucket.start: bucket for bucket in await ports.archive.histogram(query, interval_s)}
    starts = [since + timedelta(seconds=interval_s * index) for index in range(count)]
    known = [ports.expected(one, since, until) for one in series] if ports.expected else []
    return tuple(
        views.bar(
            found.get(start) or Bucket(start=start, count=0, sentiment={}, urgency={}), _sum(known, start, interval_s)
        )
        for start in starts
    )


def _sum(known: Sequence[Sequence[Rate]], start: datetime, interval_s: int) -> float | None:
    expected = [each for rates in known if (each := expected_in(rates, start, interval_s)) is not None]
    return round(sum(expected), 3) if expected else None


async def beat(ports: ApiPorts, brands: Sequence[str]) -> list[Frame]:
    """The last minutes' volume of each brand, for the live stream."""
    until = aligned(ports.clock.now(), _MINUTE_S) + timedelta(seconds=_MINUTE_S)
    return [await _of_brand(ports, brand, until) for brand in brands]


async def _of_brand(ports: ApiPorts, brand: str, until: datetime) -> Frame:
    query = ArchiveQuery(brands=(brand,), since=until - _RECENT, until=until)
    bars = await volume(ports, query, (brand,), _MINUTE_S)
    data = {"brand": brand, "interval_s": _MINUTE_S, "bars": [bar.model_dump() for bar in bars]}
    return Frame("volume", brand, msgspec.json.encode(data))
