"""Questions to Elasticsearch, and its answers, typed.

Nothing is scored: what is asked are filters, so the order is that of the contract and the server may remember them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec

from backbone.archive_facts import instant, micros, wanted
from backbone.archive_query import Clause, mark
from backbone.ports import ArchiveHit, ArchiveQuery, Bucket
from contracts.mentions import ClassifiedMention, Sentiment, Urgency

MOST_VALUES = 65_536
"""Of one facet: each shard gives all it has, so that the counts are exact."""
BUCKETS_AT_ONCE = 4096
"""Intervals of one request: with those within them they stay under the server's limit of 65,536."""

_STEMMED = ("nl", "en")
_MARKED = re.compile(r"\x02(.*?)\x03")
_NO_LIMIT = 2**31 - 1

# ------------------------------------------------------------------------------------------------------ questions


def condition(query: ArchiveQuery, clauses: Sequence[Clause]) -> dict[str, Any]:
    """What a mention must be to answer."""
    filters: list[dict[str, Any]] = [
        {"terms": {field: [value for value in values if _is_unicode(value)]}} for field, values in wanted(query).items()
    ]
    if query.drill is not None:
        filters.append({"term": {"drill": query.drill}})
    if query.since is not None:
        filters.append({"range": {"created": {"gte": micros(query.since)}}})
    if query.until is not None:
        filters.append({"range": {"created": {"lt": micros(query.until)}}})
    filters += [_words(clause) for clause in clauses if not clause.excluded]
    return {"bool": {"filter": filters, "must_not": [_words(clause) for clause in clauses if clause.excluded]}}


def _is_unicode(value: str) -> bool:
    """No archive holds half a character, and none can be asked for."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _words(clause: Clause) -> dict[str, Any]:
    text = " ".join(clause.words)
    if clause.forms:
        return {"bool": {"should": [_phrase(text), *(_forms(text, lang) for lang in _STEMMED)]}}
    if not clause.prefix:
        return _phrase(text)
    if len(clause.words) == 1:
        return {"prefix": {"words": {"value": text}}}
    return {"match_phrase_prefix": {"words": {"query": text, "max_expansions": _NO_LIMIT}}}


def _phrase(text: str) -> dict[str, Any]:
    return {"match_phrase": {"words": {"query": text}}}


def _forms(text: str, lang: str) -> dict[str, Any]:
    return {"bool": {"filter": [{"term": {"lang": lang}}, {"match": {f"words.{lang}": {"query": text}}}]}}


def page_request(
    found: Mapping[str, Any], limit: int, position: tuple[int, str] | None, clauses: Sequence[Clause]
) -> dict[str, Any]:
    """The first `limit` hits after `position`, newest first, then by id."""
    request = {"query": found, "size": limit, "track_total_hits": True, "sort": [{"created": "desc"}, {"id": "asc"}]}
    if position is not None:
        request["search_after"] = list(position)
    if any(clause.forms and not clause.excluded for clause in clauses):
        request["highlight"] = {
            "fields": {f"words.{lang}": {} for lang in _STEMMED},
            "number_of_fragments": 0,
            "pre_tags": ["\x02"],
            "post_tags": ["\x03"],
        }
    return request


def period_request(found: Mapping[str, Any]) -> dict[str, Any]:
    """Between which instants the mentions lie."""
    return {
        "query": found,
        "size": 0,
        "track_total_hits": True,
        "aggs": {"first": {"min": {"field": "created"}}, "last": {"max": {"field": "created"}}},
    }


def buckets_request(found: Mapping[str, Any], interval: int, first: int, last: int) -> dict[str, Any]:
    """Counts of the intervals (of so many microseconds) with these numbers; those without a mention are left out."""
    period = {"range": {"created": {"gte": first * interval, "lt": (last + 1) * interval}}}
    return {
        "query": {"bool": {"filter": [found, period]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            "intervals": {
                "histogram": {"field": "created", "interval": interval, "min_doc_count": 1},
                "aggs": {field: {"terms": {"field": field}} for field in ("sentiment", "urgency")},
            }
        },
    }


def facets_request(found: Mapping[str, Any], fields: Sequence[str], limit: int) -> dict[str, Any]:
    """Counts per value, most first, then by name."""
    terms = {
        "size": min(limit, MOST_VALUES),
        "shard_size": MOST_VALUES,
        "order": [{"_count": "desc"}, {"_key": "asc"}],
    }
    aggs = {field: {"terms": {"field": field, **terms}} for field in fields}
    return {"query": found, "size": 0, "track_total_hits": False, "aggs": aggs}


# -------------------------------------------------------------------------------------------------------- answers


class _Kept(msgspec.Struct):
    body: ClassifiedMention


class _Hit(msgspec.Struct):
    source: _Kept = msgspec.field(name="_source")
    highlight: dict[str, list[str]] = {}


class _Total(msgspec.Struct):
    value: int


class _Hits(msgspec.Struct):
    total: _Total
    hits: list[_Hit]


class _Page(msgspec.Struct):
    hits: _Hits


class _Edge(msgspec.Struct):
    value: float | None = None


class _Edges(msgspec.Struct):
    first: _Edge = msgspec.field(default_factory=_Edge)
    last: _Edge = msgspec.field(default_factory=_Edge)


class _Period(msgspec.Struct):
    aggregations: _Edges = msgspec.field(default_factory=_Edges)


class _Value(msgspec.Struct):
    key: str
    doc_count: int


class _Values(msgspec.Struct):
    buckets: list[_Value] = []


class _Interval(msgspec.Struct):
    key: float
    doc_count: int
    sentiment: _Values
    urgency: _Values


class _Intervals(msgspec.Struct):
    buckets: list[_Interval] = []


class _Histogram(msgspec.Struct):
    intervals: _Intervals = msgspec.field(default_factory=_Intervals)


class _Counted(msgspec.Struct):
    aggregations: _Histogram = msgspec.field(default_factory=_Histogram)


class _Facets(msgspec.Struct):
    aggregations: dict[str, _Values] = {}


_page = msgspec.json.Decoder(_Page).decode
_period = msgspec.json.Decoder(_Period).decode
_counted = msgspec.json.Decoder(_Counted).decode
_facets = msgspec.json.Decoder(_Facets).decode


def read_page(answer: bytes, clauses: Sequence[Clause]) -> tuple[list[ArchiveHit], int]:
    """The hits and how many there are in all."""
    found = _page(answer).hits
    positive = any(not clause.excluded for clause in clauses)
    return [_hit(hit, clauses if positive else ()) for hit in found.hits], found.total.value


def _hit(hit: _Hit, clauses: Sequence[Clause]) -> ArchiveHit:
    event = hit.source.body
    if not clauses:
        return ArchiveHit(mention=event, highlight=None)
    forms = {form for texts in hit.highlight.values() for text in texts for form in _MARKED.findall(text)}
    return ArchiveHit(mention=event, highlight=mark(event.mention.text, clauses, forms))


def read_period(answer: bytes, interval: int) -> tuple[int, int] | None:
    """The numbers of the first and the last interval; None where nothing was found."""
    edges = _period(answer).aggregations
    if edges.first.value is None or edges.last.value is None:
        return None
    return int(edges.first.value) // interval, int(edges.last.value) // interval


def read_buckets(answers: Sequence[bytes], interval: int, first: int, last: int) -> list[Bucket]:
    """Every interval from `first` to `last`, those without a mention too."""
    intervals = [each for answer in answers for each in _counted(answer).aggregations.intervals.buckets]
    found = {round(each.key / interval): each for each in intervals}
    return [_bucket(found.get(number), number * interval) for number in range(first, last + 1)]


def _bucket(found: _Interval | None, start: int) -> Bucket:
    return Bucket(
        start=instant(start),
        count=found.doc_count if found else 0,
        sentiment=_split(found.sentiment if found else None, get_args(Sentiment)),
        urgency=_split(found.urgency if found else None, get_args(Urgency)),
    )


def _split(found: _Values | None, values: Sequence[str]) -> dict[str, int]:
    counts = {value.key: value.doc_count for value in found.buckets} if found else {}
    return {value: counts.get(value, 0) for value in values}


def read_facets(answer: bytes, fields: Sequence[str]) -> dict[str, dict[str, int]]:
    """Counts per value of each of `fields`."""
    found = _facets(answer).aggregations
    return {field: {value.key: value.doc_count for value in found.get(field, _Values()).buckets} for field in fields}
