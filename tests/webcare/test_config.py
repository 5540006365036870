"""The configuration file: what holds is built, what does not is told with its line and a remedy."""

import contextlib
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import webcare.rehearsal
from backbone.errors import BadInput
from webcare.config.build import ingest_settings, router_settings
from webcare.config.document import Unreadable, parse_document
from webcare.config.load import InvalidConfig, Loaded, load_config

EXAMPLE = Path(webcare.rehearsal.__file__).with_name("config.yaml")

GOOD = """
timezone: Europe/Amsterdam
brands:
  - name: Wiedeldoorn
    accounts: {x: "@wiedeldoorn"}
opening_hours:
  kantoor:
    ma-vr: ["09:00-12:30", "13:00-17:30"]
    za: ["22:00-02:00"]
    holidays: nl
    exceptions: {2026-12-24: ["09:00-12:00"], 2026-12-31: dicht}
queues:
  - name: klant
    target: {hoog: 1h, normaal: {within: 4h, next_opening: "10:00"}}
    hours: kantoor
rules:
  - name: spam
    when: {intent: spam}
    filter: true
  - name: klachten
    when: {intent: [klacht, vraag], urgency: hoog, words: [kapot]}
    queue: klant
  - name: rest
    queue: klant
people:
  - name: sanne
    notify: [{kind: webhook, url: "https://example.org/pager", secret_env: PAGER_SECRET}]
schedule: {name: webcare, rotation: {people: [sanne], handover: "wo 08:30", since: 2026-01-01}}
escalation:
  name: standaard
  steps: [{notify: [schedule:webcare]}, {after: 5m, notify: [person:sanne]}]
  last_resort: person:sanne
"""


def load(tmp_path: Path, text: str) -> Loaded:
    path = tmp_path / "webcare.yaml"
    path.write_text(text)
    return load_config(path)


def complaint(tmp_path: Path, old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(InvalidConfig) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    return "\n".join(str(each) for each in caught.value.complaints)


def test_the_shipped_example_holds_without_a_note() -> None:
    assert load_config(EXAMPLE).notes == ()


def test_a_good_file_becomes_the_services_settings(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD).config
    settings = router_settings(config, {"PAGER_SECRET": "s"})
    queue, hours = settings.queues[0], settings.queues[0].hours
    assert [brand.name for brand in ingest_settings(config).brands] == ["Wiedeldoorn"]
    assert queue.targets["high"].within == timedelta(hours=1)
    assert queue.targets["normal"].next_opening == time(10)
    assert [each.start for each in hours.week[0]] == [time(9), time(13)]
    assert hours.week[5][0].end == time(2)
    assert hours.exceptions[date(2026, 12, 31)] == ()
    assert settings.rules[1].when.intents == ("complaint", "question")
    assert settings.people[0].channels[0].secret == "s"
    assert settings.schedules[0].rotation.anchor == date(2026, 1, 7)
    assert settings.policies["*"].steps[1].after == timedelta(minutes=5)


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="PAGER_SECRET"):
        router_settings(load(tmp_path, GOOD).config, {})


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("accounts:", "acounts:", 5, "Did you mean 'accounts'?"),
        ("Europe/Amsterdam", "Europe/Amsterdm", 2, "such as Europe/Amsterdam"),
        ("09:00-12:30", "9-12", 8, "is not a time of day"),
        ("13:00-17:30", "12:00-17:30", 8, "begins before 12:30 ends"),
        ("ma-vr", "xx-vr", 7, "names no weekdays"),
        ("2026-12-31: dicht", "31-12-2026: dicht", 11, "write it as 2026-12-24"),
        ("hoog: 1h", "hoog: een uur", 14, "write 15m"),
        ("hoog: 1h", "hoogst: 1h", 14, "Choose 'critical'"),
        ("hours: kantoor", "hours: kantor", 15, "Did you mean 'kantoor'?"),
        ("filter: true", "filter: false", 17, "give either a queue or filter: true"),
        ("    queue: klant\npeople", "    queue: klanten\npeople", 24, "Did you mean 'klant'?"),
        ("  - name: rest\n    queue: klant\n", "", 20, "does not fit everything"),
        ("when: {intent: spam}", "when: {}", 17, "are never asked"),
        ("url: ", "link: ", 27, "is not a setting here"),
        ("people: [sanne]", "people: [sane]", 28, "Did you mean 'sanne'?"),
        ("schedule:webcare", "schedul:webcare", 31, "is no target"),
        ("last_resort: person:sanne", "last_resort: person:san", 32, "Did you mean 'sanne'?"),
        ("  - name: sanne\n    notify", "  - name: sanne\n    notfy", 27, "Did you mean 'notify'?"),
        ("brands:\n  - name: Wiedeldoorn", "brands:\n  - nam: Wiedeldoorn", 4, "is missing"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_remedy(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    told = complaint(tmp_path, old, new)
    assert f"line {line}: error" in told
    assert words.lower() in told.lower()


def test_every_mistake_is_told_at_once_in_order_of_line(tmp_path: Path) -> None:
    told = complaint(tmp_path, "accounts:", "acounts:")
    both = GOOD.replace("accounts:", "acounts:").replace("hoog: 1h", "hoog: x")
    with pytest.raises(InvalidConfig) as caught:
        load(tmp_path, both)
    assert told in "\n".join(map(str, caught.value.complaints))
    assert [each.line for each in caught.value.complaints] == [5, 14]


def test_somebody_on_call_who_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    notify = '    notify: [{kind: webhook, url: "https://example.org/pager", secret_env: PAGER_SECRET}]\n'
    assert "cannot be reached" in complaint(tmp_path, notify, "")


def test_a_policy_without_a_last_resort_is_worth_a_note(tmp_path: Path) -> None:
    notes = load(tmp_path, GOOD.replace("  last_resort: person:sanne\n", "")).notes
    assert [note.warning for note in notes] == [True]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1", 1), ("a: 1\n\tb: 2", 2), ("", 1), ("a: 1\nb: 2\na: 3", 3), ("? [a]\n: 1", 1), ("a: &x [*x]", 1)],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_document(text)
    assert caught.value.line == line


def test_a_file_full_of_references_to_itself_does_not_explode() -> None:
    text = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    with pytest.raises(Unreadable):
        parse_document(text)


def test_words_stay_words_and_only_true_and_false_are_switches() -> None:
    read = parse_document("a: no\nb: on\nc: 10:30\nd: 2026-12-24\ne: true\nf: 3\ng:").data
    assert read == {"a": "no", "b": "on", "c": "10:30", "d": "2026-12-24", "e": True, "f": 3, "g": None}


@given(st.text(max_size=200))
def test_any_text_is_read_or_told(text: str) -> None:
    with contextlib.suppress(Unreadable):
        parse_document(text)
