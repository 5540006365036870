"""`webcare campaigns`: what it asks of the api, what it prints, and how it fails."""

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.responses import PlainTextResponse
from typer.testing import CliRunner

from backbone.campaigns import Campaign
from backbone.errors import BadInput, Unavailable
from tests.services.api.api_stage import NOW, Stage, staged, standard
from webcare.campaigns import Wanted, added, connected, ended_now, listed
from webcare.cli import app

FILE = Campaign(
    id="cmp_file",
    name="zomeractie",
    brand="other",
    starts_at=datetime(2026, 6, 30, 22, tzinfo=UTC),
    ends_at=datetime(2026, 7, 31, 22, tzinfo=UTC),
    factor=5.0,
    caution=3.0,
    people=("bram", "anna"),
)
TONIGHT = Wanted("tv", "acme", "2026-03-02 22:30", starts="2026-03-02 20:00", factor=8.0, people=("anna",))


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, standard(campaigns=(FILE,), reachable=("anna", "bram"))) as built:
        yield built


async def test_a_campaign_is_declared_listed_and_ended_in_local_time(stage: Stage) -> None:
    async with stage.client("bram") as client:
        line = await added(client, TONIGHT)
        both = await listed(client)
        of_brand = await listed(client, "acme")
        over = await ended_now(client, line.partition(" ")[0])
        left = await listed(client)
        everything = await listed(client, ended=True)
    campaign, _, told = line.partition(" ")
    assert told == ("planned: tv (acme), 2026-03-02 20:00 to 2026-03-02 22:30, 8 times as much, with anna, by bram")
    of_file = (
        "cmp_file planned: zomeractie (other), 2026-07-01 00:00 to 2026-08-01 00:00, 5 times as much, caution 3, "
        "with bram, anna, in the configuration"
    )
    assert (both, of_brand, left) == ([line, of_file], [line], [of_file])
    assert over.startswith(f"{campaign} ended: tv (acme)")
    assert over.endswith("by bram, ended by bram")
    assert everything == [over, of_file]


async def test_without_a_start_it_begins_now_and_a_day_alone_is_the_whole_day(stage: Stage) -> None:
    async with stage.client("bram") as client:
        line = await added(client, Wanted("vandaag", "acme", "2026-03-02"))
    assert "running: vandaag (acme), 2026-03-02 10:00 to 2026-03-03 00:00, 2 times as much, by bram" in line
    assert NOW.hour == 9  # UTC: an hour behind the wall clock


async def test_no_campaigns_is_said(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, stage.client() as client:
        assert await listed(client) == ["No campaigns."]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (TONIGHT._replace(ends="vanavond"), "'vanavond' is not a local time. Write it as 2026-12-24 18:00"),
        (TONIGHT._replace(brand="acne"), "There is no brand acne. There are: acme, other."),
        (TONIGHT._replace(people=("rita",)), "There is nobody called rita who can be paged."),
    ],
)
async def test_what_does_not_hold_is_one_sentence_with_a_remedy(stage: Stage, wanted: Wanted, words: str) -> None:
    async with stage.client("bram") as client:
        with pytest.raises(BadInput) as caught:
            await added(client, wanted)
    assert words in str(caught.value)


async def test_what_answers_and_is_no_webcare_is_told() -> None:
    elsewhere = httpx.ASGITransport(PlainTextResponse("Welkom"))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://elsewhere") as client:
        with pytest.raises(BadInput) as caught:
            await listed(client)
    assert caught.value.code == "not_webcare"


async def test_a_system_that_is_away_is_told_with_what_to_do() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with connected(f"http://127.0.0.1:{port}", "key") as client:
        with pytest.raises(Unavailable, match="--url"):
            await listed(client)


@pytest.mark.parametrize(
    ("url", "key", "code"),
    [
        ("http://:x", "key", "bad_url"),
        ("http://127.0.0.1:99999", "key", "bad_url"),
        ("http://127.0.0.1:1", "sleutel\u2026", "bad_key"),
    ],
)
def test_an_address_or_a_key_that_cannot_be_used_is_told(url: str, key: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        connected(url, key)
    assert caught.value.code == code
    assert "sleutel" not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (["list"], {"--brand", "--ended", "--url", "--key"}),
        (["add"], {"--brand", "--to", "--from", "--factor", "--caution", "--person", "--url", "--key"}),
        (["end"], {"--url", "--key"}),
    ],
)
def test_each_command_and_option_is_there_and_in_the_guide(command: list[str], options: set[str]) -> None:
    helped = CliRunner().invoke(app, ["campaigns", *command, "--help"], env={"COLUMNS": "200"})
    guide = (Path(__file__).parents[2] / "docs" / "campaigns.md").read_text("utf-8")
    assert helped.exit_code == 0
    assert all(option in helped.output for option in options)
    assert f"webcare campaigns {command[0]}" in guide
    assert all(f"| `{option}` |" in guide for option in options)
