"""Campaigns in the configuration file: local times become instants, and mistakes are told with their line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backbone.campaigns import Campaign
from webcare.config.build import router_settings
from webcare.config.load import InvalidConfig, load_config

GOOD = """
timezone: Europe/Amsterdam
brands: [{name: Wiedeldoorn}, {name: Roggekust}]
queues: [{name: klant, target: {hoog: 1h}}]
rules: [{name: rest, queue: klant}]
people:
  - {name: sanne, notify: [{kind: webhook, url: "https://example.org/sanne"}]}
  - {name: ilse, notify: [{kind: webhook, url: "https://example.org/ilse"}]}
  - {name: joris}
escalation: {name: standaard, steps: [{notify: [person:sanne]}], last_resort: person:sanne}
campaigns:
  - name: zomeractie
    brands: [Wiedeldoorn]
    from: 2026-07-01 08:00
    to: 2026-07-14
    factor: 5
    people: [ilse]
    caution: 3
  - {name: wisseling, from: "2026-03-29 01:30", to: "2026-03-29 04:30"}
"""


def load(tmp_path: Path, text: str) -> tuple[Campaign, ...]:
    path = tmp_path / "webcare.yaml"
    path.write_text(text)
    return router_settings(load_config(path).config, {}).campaigns


def complaints(tmp_path: Path, old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(InvalidConfig) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    return "\n".join(map(str, caught.value.complaints))


def test_a_campaign_becomes_one_for_each_brand_with_its_times_in_utc(tmp_path: Path) -> None:
    summer, *others = load(tmp_path, GOOD)
    assert (summer.name, summer.brand, summer.factor, summer.caution) == ("zomeractie", "Wiedeldoorn", 5.0, 3.0)
    assert (summer.people, summer.source, summer.declared_by) == (("ilse",), "configuration", None)
    assert (summer.starts_at, summer.ends_at) == (
        datetime(2026, 7, 1, 6, tzinfo=UTC),
        datetime(2026, 7, 14, 22, tzinfo=UTC),  # a date alone: to the end of that day
    )
    assert [each.brand for each in others] == ["Wiedeldoorn", "Roggekust"]
    assert len({each.id for each in (summer, *others)}) == 3
    assert [(each.factor, each.caution, each.people) for each in others] == [(2.0, 1.0, ())] * 2


def test_local_times_follow_the_change_of_the_clock(tmp_path: Path) -> None:
    *_, night = load(tmp_path, GOOD)
    assert night.ends_at - night.starts_at == timedelta(hours=2)
    assert night.starts_at == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


def test_the_same_file_gives_the_same_campaigns(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD) == load(tmp_path, GOOD)


def test_a_file_without_campaigns_has_none(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD.partition("campaigns:")[0]) == ()


@pytest.mark.parametrize(
    ("written", "local"),
    [
        ("2026-07-01T08:00", datetime(2026, 7, 1, 6, tzinfo=UTC)),
        ('"2026-06-30 24:00"', datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ('"2026-03-29 02:30"', datetime(2026, 3, 29, 1, tzinfo=UTC)),  # is skipped: the moment of the skip
        ('"2025-10-26 02:30"', datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),  # is shown twice: the first time
    ],
)
def test_a_beginning_can_be_written_in_several_ways(tmp_path: Path, written: str, local: datetime) -> None:
    [summer, *_] = load(tmp_path, GOOD.replace("2026-07-01 08:00", written))
    assert summer.starts_at == local


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("from: 2026-07-01 08:00", "from: 1 juli", 14, "write it as 2026-12-24 18:00, or 2026-12-24"),
        ("from: 2026-07-01 08:00", "from: 2026-07-01 8 uur", 14, "is not a local time"),
        ("from: 2026-07-01 08:00", "from: 9999-07-01", 14, "is not a local time"),
        ("    from: 2026-07-01 08:00\n", "", 12, "campaigns[1].from: is missing"),
        ("    from: ", "    form: ", 14, "Did you mean 'from'?"),
        ("to: 2026-07-14", "to: 2026-06-14", 15, "campaigns[1].to: it ends before it begins. Write a later time"),
        ('to: "2026-03-29 04:30"', 'to: "2026-03-29 01:30"', 19, "it ends before it begins"),
        ("factor: 5", "factor: 0", 16, "greater than or equal to 0.1"),
        ("factor: 5", "factor: 101", 16, "less than or equal to 100"),
        ("factor: 5", "factor: nan", 16, "less than or equal to 100"),
        ("factor: 5", "factor: veel", 16, "valid number"),
        ("caution: 3", "caution: 0.5", 18, "greater than or equal to 1"),
        ("people: [ilse]", "people: [isle]", 17, "Did you mean 'ilse'?"),
        ("people: [ilse]", "people: [joris]", 9, "'joris' is on call and cannot be reached"),
        ("brands: [Wiedeldoorn]", "brands: [Widdeldoorn]", 13, "Did you mean 'Wiedeldoorn'?"),
        ("name: wisseling", "name: zomeractie", 19, "is there twice"),
        ("name: wisseling", 'name: "a:b"', 19, "match pattern"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_remedy(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    told = complaints(tmp_path, old, new)
    assert f"line {line}: error" in told
    assert words.lower() in told.lower()
