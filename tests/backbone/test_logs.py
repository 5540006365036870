"""Logs tell what happened, and nothing of what people wrote or who they are."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from backbone import logs
from backbone.errors import Unavailable

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    stream, root = io.StringIO(), logging.getLogger()
    before, level = list(root.handlers), root.level
    logs.setup("json", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_an_event_is_one_json_line_with_its_fields(lines: Lines) -> None:
    structlog.get_logger("webcare.test").warning("batch_dropped", group="router", records=3)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "batch_dropped",
        "group": "router",
        "level": "warning",
        "logger": "webcare.test",
        "records": 3,
    }


def test_personal_fields_are_blanked_however_deep_they_lie(lines: Lines) -> None:
    structlog.get_logger().info("seen", text="Ik ben boos", more={"author": {"id": 1}, "ids": [{"name": "Jan"}]})
    (line,) = lines()
    assert (line["text"], line["more"]) == (
        "[redacted]",
        {"author": "[redacted]", "ids": [{"name": "[redacted]"}]},
    )


@pytest.mark.parametrize("personal", ["jan.de.vries+x@example.co.uk", "+31 6 12345678", "06-12 34 56 78", "0612345678"])
def test_addresses_and_numbers_are_blanked_in_any_words(lines: Lines, personal: str) -> None:
    structlog.get_logger().info("seen", detail=f"from {personal}, today")
    (line,) = lines()
    assert line["detail"] == "from [redacted], today"


@pytest.mark.parametrize(
    "word", ["2026-01-05T09:00:00Z", "10.0.0.1:8080", "inc_3f0c9a7be1d25a4c1234", "mentions.raw/2"]
)
def test_instants_hosts_and_ids_stay(lines: Lines, word: str) -> None:
    structlog.get_logger().info("seen", detail=f"at {word}")
    assert lines()[0]["detail"] == f"at {word}"


def test_lines_of_libraries_come_out_the_same_way(lines: Lines) -> None:
    logging.getLogger("library").error("cannot reach %s", "jan@example.org")
    (line,) = lines()
    assert (line["event"], line["logger"], line["level"]) == ("cannot reach [redacted]", "library", "error")


def test_exceptions_come_without_the_words_of_others(lines: Lines) -> None:
    try:
        try:
            raise ValueError("Ik ben boos")
        except ValueError as error:
            raise Unavailable("The desk is away.", code="desk_away") from error
    except Unavailable:
        structlog.get_logger().exception("step_failed")
        logging.getLogger("library").exception("it failed")
    for line in lines():
        assert (line["exception"]["code"], line["exception"]["message"]) == ("desk_away", "The desk is away.")
        assert line["exception"]["cause"]["type"] == "ValueError"
        assert "test_logs.py" in line["exception"]["frames"][0]
        assert "boos" not in json.dumps(line)


def test_the_console_form_is_for_people(capsys: pytest.CaptureFixture[str], lines: Lines) -> None:
    stream = io.StringIO()
    logs.setup("console", stream=stream)
    structlog.get_logger("webcare.test").info("started", port=8080)
    assert "started" in stream.getvalue()
    assert "port=8080" in stream.getvalue()
