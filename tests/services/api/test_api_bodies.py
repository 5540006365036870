"""What may be sent, and how the rest is refused."""

import json
import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from api_stage import Stage, an_incident, an_item, staged, standard
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.bodies import deeper_than
from backbone.errors import BadInput
from backbone.ports import Partition
from services.api.domain.cursors import ITEM_CURSOR, decode_cursor, encode_cursor
from services.api.domain.positions import read_positions, write_positions

JSON = {"Content-Type": "application/json"}
RESOLVE = "/v1/items/itm_1/resolve"


BAD_BODIES: list[tuple[bytes, dict[str, str], int, str]] = [
    (b'{"fence": 1', JSON, 400, "not_json"),
    (b'{"fence": NaN}', JSON, 400, "not_json"),
    (b'{"fence": 1e999}', JSON, 400, "not_json"),
    (b'{"fence": "\\ud800"}', JSON, 400, "not_json"),
    (b'{"fence": "\xff"}', JSON, 400, "invalid_utf8"),
    (b"[" * 60_000, JSON, 400, "too_deep"),
    (b'{"fence":' + b"[" * 33 + b"]" * 33 + b"}", JSON, 400, "too_deep"),
    (b'{"fence": 1}', {}, 415, "wrong_content_type"),
    (b'{"fence": 1}', {"Content-Type": "text/plain"}, 415, "wrong_content_type"),
    (b"fence=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "wrong_content_type"),
    (b'{"fence": 1}', {"Content-Type": "application/json; charset=latin-1"}, 415, "wrong_content_type"),
    (b"\x1f\x8b", {**JSON, "Content-Encoding": "gzip"}, 415, "wrong_encoding"),
    (b" " * 200_000, JSON, 413, "too_large"),
    (b"", JSON, 422, "invalid"),
    (b"null", JSON, 422, "invalid"),
    (b"[]", JSON, 422, "invalid"),
    (b'"text"', JSON, 422, "invalid"),
    (b"{}", JSON, 422, "invalid"),
    (b'{"fence": "1"}', JSON, 422, "invalid"),
    (b'{"fence": 1.5}', JSON, 422, "invalid"),
    (b'{"fence": true}', JSON, 422, "invalid"),
    (b'{"fence": -1}', JSON, 422, "invalid"),
    (b'{"fence": 9223372036854775808}', JSON, 422, "invalid"),
    (b'{"fence": 1, "holder": "anna"}', JSON, 422, "unknown_field"),
    (b'{"fence": 1}', {**JSON, "Idempotency-Key": "a b"}, 400, "bad_idempotency_key"),
    (b'{"fence": 1}', {**JSON, "Idempotency-Key": "x" * 201}, 400, "bad_idempotency_key"),
    (b'{"fence": 1}', {**JSON, "If-Match": "seven"}, 400, "bad_etag"),
]


async def test_bad_bodies_are_problems(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client() as client:
        for body, headers, status, code in BAD_BODIES:
            answer = await client.post(RESOLVE, content=body, headers=headers)
            told = answer.json()
            assert (answer.status_code, told["code"]) == (status, code), body[:60]
            assert answer.headers["content-type"] == "application/problem+json"
            assert told["detail"]
            assert told["remedy"]


async def test_every_unknown_field_is_named(stage: Stage) -> None:
    async with stage.client() as client:
        answer = (await client.post(RESOLVE, json={"fence": 1, "fnece": 2, "holder": "x"})).json()
        claim = (await client.post("/v1/items/itm_1/claim", json={"fence": 1})).json()
        ack = (await client.post("/v1/incidents/inc_1/acknowledge", json={"seq": 1})).json()
        query = (await client.get("/v1/items", params={"quue": "care"})).json()
    assert [error["loc"] for error in answer["errors"]] == ["body.fnece", "body.holder"]
    assert [error["loc"] for error in claim["errors"]] == ["body.fence"]
    assert [error["loc"] for error in ack["errors"]] == ["body.seq"]
    assert [error["loc"] for error in query["errors"]] == ["query.quue"]


@pytest.mark.parametrize("text", ["", "   \n", "x" * 5001, "nul \0 inside"])
async def test_a_reply_says_something_and_not_too_much(stage: Stage, text: str) -> None:
    async with stage.client() as client:
        answer = await client.post("/v1/items/itm_1/reply", json={"fence": 1, "text": text})
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == ["body.text"]


async def test_a_reply_of_5000_emoji_is_taken(stage: Stage) -> None:
    await stage.add_item(an_item())
    async with stage.client() as client:
        await client.post("/v1/items/itm_1/claim")
        body = json.dumps({"fence": 1, "text": "🚂" * 5000})
        answer = await client.post("/v1/items/itm_1/reply", content=body, headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["reply"]["text"] == "🚂" * 5000


async def test_a_body_without_a_length_is_cut_off_at_the_limit(stage: Stage) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000_000:
            sent += 10_000
            yield b" " * 10_000

    async with stage.client() as client:
        answer = await client.post(RESOLVE, content=endless(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert sent < 1_000_000


BAD_QUESTIONS = [
    ("/v1/nothing", 404, "no_such_route"),
    ("/v1/items/itm_none", 404, ""),
    ("/v1/incidents/inc_none", 404, ""),
    ("/v1/items?cursor=xx", 400, "bad_cursor"),
    ("/v1/items?cursor=%00", 422, "invalid"),
    (f"/v1/items?cursor={encode_cursor([10**30, 'x'])}", 400, "bad_cursor"),
    (f"/v1/incidents?cursor={encode_cursor('inc_none')}", 404, ""),
    (f"/v1/search?cursor={encode_cursor('nonsense')}", 400, ""),
    ("/v1/items?limit=0", 422, "invalid"),
    ("/v1/items?limit=100000", 422, "invalid"),
    ("/v1/items?state=open", 422, "invalid"),
    ("/v1/search?since=yesterday", 422, "invalid"),
    ("/v1/search?since=2026-01-01T00:00:00", 422, "invalid"),
    ("/v1/search?since=0001-01-01T00:00:00Z", 422, "invalid"),
    ("/v1/search?until=9999-12-31T23:59:59-12:00", 422, "invalid"),
    ("/v1/search?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", 422, "wrong_range"),
    ('/v1/search?q="open', 400, ""),
    ("/v1/volume?interval=7", 422, "invalid"),
    ("/v1/stream?last_event_id=xyz", 400, "bad_position"),
]


async def test_bad_questions_are_problems(stage: Stage) -> None:
    async with stage.client() as client:
        for path, status, code in BAD_QUESTIONS:
            answer = await client.get(path)
            assert answer.status_code == status, (path, answer.text)
            assert answer.json()["code"] == code or not code, path
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "allow"), [("GET", "/v1/items/itm_1/claim", "POST"), ("PUT", "/v1/items", "GET")]
)
async def test_a_wrong_method_is_told_the_right_one(stage: Stage, method: str, path: str, allow: str) -> None:
    async with stage.client() as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allow


# ---------------------------------------------------------------------------------------------------------- fuzzing

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["fence", "text", "mention_id", "expected_seq", "key", "brand", "title"])
BODIES = st.one_of(
    st.binary(max_size=200),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(FIELDS, VALUES, max_size=4).map(lambda value: json.dumps(value).encode()),
)
COMMANDS = st.sampled_from(
    [
        "/v1/items/itm_1/claim",
        "/v1/items/itm_1/release",
        "/v1/items/itm_1/reply",
        RESOLVE,
        "/v1/incidents/inc_1/acknowledge",
        "/v1/incidents/inc_1/resolve",
        "/v1/session",
        "/demo/pager/t0ken",
    ]
)
LISTS = st.sampled_from(
    ["/v1/items", "/v1/incidents", "/v1/pages", "/v1/search", "/v1/facets", "/v1/volume", "/v1/spikes", "/v1/queues"]
)
PARAMETERS = st.sampled_from(
    [
        "q",
        "brand",
        "queue",
        "state",
        "holder",
        "cursor",
        "limit",
        "since",
        "until",
        "minutes",
        "interval",
        "field",
        "lang",
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Idempotency-Key", "If-Match", "Authorization", "Content-Encoding", "Cookie"]),
    st.text(string.ascii_letters + string.digits + ' ;=/"*,-\xe9', max_size=30).map(
        lambda text: text.encode("latin-1")
    ),
    max_size=2,
)


async def test_whatever_is_sent_the_answer_is_never_a_500(tmp_path: Path) -> None:
    async with staged(tmp_path, standard(demo_token="t0ken")) as stage:
        await stage.add_item(an_item())
        await stage.add_incident(an_incident())
        for method, path, params, body, headers in _requests(400):
            async with stage.client() as client:
                typed = {"Content-Type": "application/json", **headers}
                answer = await client.request(method, path, params=params, content=body, headers=typed)
            assert answer.status_code < 500, (method, path, params, body, headers, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["code"]


def _requests(count: int) -> list[tuple[str, str, Any, bytes, dict[str, Any]]]:
    """Drawn before the loop runs: hypothesis drives plain functions, not coroutines."""
    drawn: list[tuple[str, str, Any, bytes, dict[str, Any]]] = []

    @settings(max_examples=200)
    @given(COMMANDS, BODIES, LISTS, st.dictionaries(PARAMETERS, st.text(max_size=20), max_size=3), HEADERS)
    def draw(command: str, body: bytes, path: str, params: dict[str, str], headers: dict[str, Any]) -> None:
        drawn.append(("POST", command, None, body, headers))
        drawn.append(("GET", path, params, b"", {}))

    draw()
    return drawn[:count]


@given(st.integers(-(2**53), 2**53), st.text(max_size=200))
def test_cursors_come_back_as_they_were_given(number: int, text: str) -> None:
    assert decode_cursor(encode_cursor((number, text)), ITEM_CURSOR) == (number, text)


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        place = decode_cursor(text, ITEM_CURSOR)
    except BadInput:
        return
    assert isinstance(place[0], int)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["work.events", "spike.events"]), st.integers(0, 99)),
        st.integers(0, 2**48),
        min_size=1,
        max_size=12,
    )
)
def test_positions_come_back_as_they_were_given(plain: dict[tuple[str, int], int]) -> None:
    positions = {Partition(*key): offset for key, offset in plain.items()}
    assert read_positions(write_positions(positions)) == positions


@given(VALUES)
def test_depth_is_that_of_the_value_whatever_its_strings_hold(value: Any) -> None:
    def depth(inner: Any) -> int:
        if isinstance(inner, dict):
            return 1 + max(map(depth, inner.values()), default=0)
        return 1 + max(map(depth, inner), default=0) if isinstance(inner, list) else 0

    body = json.dumps(value).encode()
    assert not deeper_than(body, depth(value))
    assert depth(value) == 0 or deeper_than(body, depth(value) - 1)
