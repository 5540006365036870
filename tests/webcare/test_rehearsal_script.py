"""The rehearsal promises a quiet day, a storm of 2,000 a day that ends now, and a team at work."""

import random
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.errors import BadInput
from services.ingest.domain.brands import Brand, IngestSettings
from services.ingest.domain.normalise import Arrival, to_mention
from webcare.rehearsal import arc
from webcare.rehearsal.crowd import repost_text
from webcare.rehearsal.material import written_material
from webcare.rehearsal.script import BRAND, LEAD, SHARED_MESSAGES, TEAM, Line, rehearsal, write_replay

END = datetime(2026, 3, 5, 20, 15, 30, 123456, tzinfo=UTC)


def at(line: Line) -> datetime:
    return datetime.fromisoformat(line["created_at"])


def messages(lines: list[Line]) -> list[Line]:
    return [line for line in lines if "kind" not in line]


def actions(lines: list[Line], action: str) -> list[Line]:
    return [line for line in lines if line.get("action") == action]


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return rehearsal(7, END)


def test_the_same_seed_and_end_give_the_same_bytes(tmp_path: Path) -> None:
    write_replay(rehearsal(7, END, 3), tmp_path / "one.ndjson")
    write_replay(rehearsal(7, END, 3), tmp_path / "two.ndjson")
    assert (tmp_path / "one.ndjson").read_bytes() == (tmp_path / "two.ndjson").read_bytes()


def test_another_seed_gives_another_rehearsal(lines: list[Line]) -> None:
    assert [line["text"] for line in messages(rehearsal(8, END))] != [line["text"] for line in messages(lines)]


def test_an_end_in_another_time_zone_is_the_same_moment(lines: list[Line]) -> None:
    assert rehearsal(7, END.astimezone(ZoneInfo("Europe/Amsterdam"))) == lines


def test_a_replay_file_holds_one_line_of_json_each(lines: list[Line], tmp_path: Path) -> None:
    write_replay(lines, tmp_path / "replay.ndjson")
    read = [msgspec.json.decode(raw) for raw in (tmp_path / "replay.ndjson").read_bytes().splitlines()]
    assert read == lines


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    days=st.integers(0, 5),
    end=st.integers(1_577_836_800_000, 2_051_222_400_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC)),
)
def test_every_rehearsal_keeps_its_promises(seed: int, days: int, end: datetime) -> None:
    """In order of time, ends with a message at `end`, no id twice, no text empty, no action before its message."""
    lines = rehearsal(seed, end, days)
    said = messages(lines)
    assert [at(line) for line in lines] == sorted(at(line) for line in lines)
    assert lines[-1] == said[-1]
    assert at(lines[-1]) == end.replace(microsecond=end.microsecond // 1000 * 1000)
    assert len({line["id"] for line in said}) == len(said)
    assert all(line["text"].strip() and line["author"] and line["brand"] == BRAND for line in said)
    moments = {line["id"]: at(line) for line in said}
    assert all(moments[line["mention"]] < at(line) for line in lines if "mention" in line)
    story = [line for line in said if at(line) >= end.replace(microsecond=0) - arc.STORY]
    assert 350 <= len(story) <= 450


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_quiet_days_have_about_twenty_messages_and_the_last_exactly_twenty(seed: int) -> None:
    start = END.replace(microsecond=123000) - arc.STORY
    before = [at(line) for line in messages(rehearsal(seed, END, 14)) if at(line) < start]
    days = Counter((start - moment) // timedelta(days=1) for moment in before)
    history = [days[number] for number in range(14)]
    assert history[0] == 20
    assert all(17 <= count <= 23 for count in history)


def test_the_quiet_day_peaks_in_the_late_afternoon_and_in_the_evening() -> None:
    rng = random.Random(1)
    moments = [m for _ in range(200) for m in arc.quiet_day(rng, datetime(2026, 7, 1, 3, tzinfo=UTC), 20)]
    hours = Counter(moment.astimezone(arc.AMSTERDAM).hour for moment in moments)
    assert {hour for hour, _ in hours.most_common(2)} == {16, 21}


@pytest.mark.parametrize("seed", range(5))
def test_the_last_hours_run_at_two_thousand_a_day(seed: int) -> None:
    last = [line for line in messages(rehearsal(seed, END)) if at(line) > END - timedelta(hours=4)]
    assert len(last) / 4 * 24 == pytest.approx(2000, rel=0.1)


def test_the_storm_breaks_loose_with_the_injury(lines: list[Line]) -> None:
    [injury] = [line for line in messages(lines) if line["id"].endswith("-injury")]
    assert at(injury) == END.replace(microsecond=123000) - arc.STORM
    before = [line for line in messages(lines) if at(injury) - arc.MURMUR <= at(line) < at(injury)]
    assert len(before) == 7
    assert before[0]["id"].endswith("-smoke-first")


def test_shares_come_after_their_original_from_somebody_else(lines: list[Line]) -> None:
    originals = {line["id"]: line for line in messages(lines) if "-share-" not in line["id"]}
    shares = [line for line in messages(lines) if "-share-" in line["id"]]
    shared = Counter(line["id"].rsplit("-share-", 1)[0] for line in shares)
    assert len(shares) > 150
    assert len(shared) == SHARED_MESSAGES
    for share in shares:
        original = originals[share["id"].rsplit("-share-", 1)[0]]
        assert at(share) > at(original)
        assert share["author"] != original["author"]
    pairs = [(line["id"].rsplit("-share-", 1)[0], line["author"]) for line in shares]
    assert len(set(pairs)) == len(pairs)


def test_shares_are_marked_cut_off_decorated_or_bare() -> None:
    text = "woord " * 40
    made = {repost_text(random.Random(seed), "x", "iemand_oef", text) for seed in range(40)}
    assert text in made
    assert f"RT @iemand_oef: {text}" in made
    assert any(copy.endswith("…") and len(copy) <= 141 for copy in made)
    assert any(len(copy) > len(f"RT @iemand_oef: {text}") for copy in made)


def test_everybody_has_one_follower_count(lines: list[Line]) -> None:
    seen = {(line["author"], line["followers"]) for line in messages(lines)}
    assert len(seen) == len({author for author, _ in seen})


def test_a_long_history_does_not_run_out_of_people() -> None:
    said = messages(rehearsal(1, END, 200))
    assert len(said) > 200 * 18
    assert len({line["id"] for line in said}) == len(said)


def test_every_handle_is_marked_as_invented(lines: list[Line]) -> None:
    assert all(line["author"].endswith("_oef") for line in messages(lines))


def test_every_line_is_a_mention_that_ingest_takes() -> None:
    """The strict door for pushes knows every field of every message."""
    settings = IngestSettings(brands=(Brand(name=BRAND),))
    arrival = Arrival(received_at=END, origin="rehearsal")
    mentions = [to_mention(line, arrival, settings) for line in messages(rehearsal(7, END))]
    assert len({mention.id for mention in mentions}) == len(mentions)


def test_private_messages_of_one_person_are_one_conversation(lines: list[Line]) -> None:
    private = [line for line in messages(lines) if line.get("private")]
    assert {line["channel"] for line in private} == {"whatsapp", "email"}
    conversation = {line["thread"] for line in private if line["id"].endswith(("case-now", "case-safe"))}
    assert len(conversation) == 1


def test_the_team_handles_part_of_the_story_and_leaves_a_living_queue(lines: list[Line]) -> None:
    begin = END - arc.STORY
    replies = [line for line in actions(lines, "reply") if "everyday" not in line["mention"]]
    resolved = [line for line in actions(lines, "resolve") if "everyday" not in line["mention"]]
    assert len(replies) == 10
    assert len(resolved) == 5
    assert all(at(line) > begin for line in replies)
    assert all(re.search(r"(\^\w+|van Wiedeldoorn|teamleider webcare)$", line["text"]) for line in replies)


def test_a_reply_follows_its_claim_within_the_lease_and_by_the_same_person(lines: list[Line]) -> None:
    claims = {line["mention"]: line for line in actions(lines, "claim")}
    assert len(claims) == len(actions(lines, "claim"))
    for line in (*actions(lines, "reply"), *actions(lines, "resolve")):
        claim = claims[line["mention"]]
        assert line["by"] == claim["by"]
        assert at(claim) < at(line) < at(claim) + timedelta(minutes=30)
    for reply in actions(lines, "reply"):
        assert at(reply) < at(claims[reply["mention"]]) + timedelta(minutes=15)


def test_the_spike_and_the_first_critical_ones_are_acknowledged(lines: list[Line]) -> None:
    acknowledged = Counter(line["incident_kind"] for line in actions(lines, "acknowledge"))
    assert (acknowledged["spike"], acknowledged["critical"]) == (1, 4)
    assert acknowledged["latest"] > 50
    first = next(line for line in actions(lines, "acknowledge") if line["incident_kind"] == "critical")
    [report] = [line for line in messages(lines) if line["id"].endswith("-smoke-first")]
    assert at(first) - at(report) == timedelta(seconds=90)


def test_an_end_without_a_time_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="time zone"):
        rehearsal(1, END.replace(tzinfo=None))


def test_fewer_than_no_quiet_days_are_refused() -> None:
    with pytest.raises(BadInput, match="-1 quiet days"):
        rehearsal(1, END, -1)


def test_the_team_stands_in_the_configuration_of_the_rehearsal() -> None:
    file = Path(arc.__file__).with_name("config.yaml")
    config = yaml.safe_load(file.read_text("utf-8"))
    assert {person["name"] for person in config["people"]} == {*TEAM, LEAD}
    assert [brand["name"] for brand in config["brands"]] == [BRAND]
    assert {one.message.handle.by for one in written_material().story() if one.message.handle} <= {*TEAM, LEAD}
