"""Which model judges: chosen by name, gone back from, never a damaged one."""

from datetime import timedelta
from pathlib import Path

import pytest
from word_judges import NOW, SHIPPED, put, registry

from backbone.errors import BadInput, Conflict, NotFound, Unavailable, WebcareError
from services.classify.acceptance import Decision
from services.classify.registry import CURRENT


def test_the_shipped_one_judges_until_somebody_chooses(tmp_path: Path) -> None:
    here = registry(tmp_path)
    assert (here.current(), here.stamp(), list(here.changes())) == (SHIPPED, None, [])
    with pytest.raises(Conflict) as refused:
        here.back(NOW)
    assert refused.value.code == "nothing_before"


def test_a_choice_holds_for_whoever_shares_the_folder_and_is_written_down(tmp_path: Path) -> None:
    put(tmp_path / "models", "ours-1", "rook")
    here = registry(tmp_path)
    change = here.use("ours-1", NOW)
    assert change is not None
    assert (change.before, change.after, change.reason) == (SHIPPED, "ours-1", "asked")
    other = registry(tmp_path)
    assert (other.current(), list(other.changes())) == ("ours-1", [change])
    assert here.use("ours-1", NOW) is None


def test_back_goes_the_way_back_step_by_step(tmp_path: Path) -> None:
    here = registry(tmp_path)
    stamps = [here.stamp()]
    for n in (1, 2):
        put(tmp_path / "models", f"ours-{n}")
        here.use(f"ours-{n}", NOW + timedelta(hours=n))
        stamps.append(here.stamp())
    assert [here.back(NOW).after, here.back(NOW).after] == ["ours-1", SHIPPED]
    stamps.append(here.stamp())
    assert len(set(stamps)) == len(stamps)
    with pytest.raises(Conflict):
        here.back(NOW)
    assert [change.reason for change in here.changes()] == ["asked", "asked", "went_back", "went_back"]
    here.use("ours-2", NOW)
    assert here.back(NOW).after == SHIPPED


@pytest.mark.parametrize("name", ["nowhere", "../shipped/plain-1", "", ".hidden", "a" * 200])
def test_a_model_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path, name: str) -> None:
    put(tmp_path / "models", "ours-1")
    with pytest.raises(NotFound, match=f"ours-1, {SHIPPED}"):
        registry(tmp_path).use(name, NOW)


def test_a_damaged_model_is_refused_by_name_and_the_present_one_stays(tmp_path: Path) -> None:
    here = registry(tmp_path)
    put(tmp_path / "models", "ours-1")
    here.use("ours-1", NOW)
    (put(tmp_path / "models", "torn") / "words.json").write_bytes(b"[")
    put(tmp_path / "models", "renamed", calls_itself="ours-1")
    for name, code in (("torn", "model_damaged"), ("renamed", "other_name")):
        with pytest.raises(BadInput) as refused:
            here.use(name, NOW)
        assert refused.value.code == code
        assert name in str(refused.value)
    assert here.current() == "ours-1"


def test_one_cannot_go_back_to_a_damaged_model(tmp_path: Path) -> None:
    here = registry(tmp_path)
    first = put(tmp_path / "models", "ours-1")
    put(tmp_path / "models", "ours-2")
    here.use("ours-1", NOW)
    here.use("ours-2", NOW)
    (first / "words.json").unlink()
    with pytest.raises(BadInput, match="ours-1"):
        here.back(NOW)
    assert here.current() == "ours-2"


@pytest.mark.parametrize("content", [b"{", b'{"way": []}', b"\xff"])
def test_a_choice_that_cannot_be_read_names_its_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / CURRENT).write_bytes(content)
    with pytest.raises(BadInput, match=CURRENT) as refused:
        registry(tmp_path).current()
    assert refused.value.code == "damaged_choice"


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    put(tmp_path / "models", "ours-1")
    here = registry(tmp_path)
    (tmp_path / "models" / CURRENT).mkdir()
    with pytest.raises(WebcareError, match=CURRENT) as refused:
        here.use("ours-1", NOW)
    assert isinstance(refused.value, Unavailable)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [CURRENT, "ours-1"]


def test_the_list_tells_what_there_is(tmp_path: Path) -> None:
    here = registry(tmp_path)
    put(tmp_path / "models", "ours-1", created="2026-03-02")
    put(tmp_path / "models", SHIPPED, "other words")
    (put(tmp_path / "models", "torn") / "model.json").write_bytes(b"{")
    (tmp_path / "models" / "shadow").mkdir()
    here.decide("ours-1", Decision(taken=True, reasons=("better",)), NOW)
    told = [(one.name, one.shipped, one.current, one.created, bool(one.problem)) for one in here.known()]
    assert told == [
        (SHIPPED, True, False, "2026-03-01", False),
        ("ours-1", False, True, "2026-03-02", False),
        ("torn", False, False, "", True),
    ]
    assert here.folder(SHIPPED) == tmp_path / "shipped" / SHIPPED


def test_a_candidate_that_is_better_judges_and_one_that_is_not_is_kept_with_its_reasons(tmp_path: Path) -> None:
    here = registry(tmp_path)
    for name in ("good", "bad"):
        put(tmp_path / "models", name)
    taken = here.decide("good", Decision(taken=True, reasons=("better",)), NOW)
    assert taken is not None
    assert (taken.after, taken.reason) == ("good", "candidate_better")
    refused = Decision(taken=False, reasons=("urgency_worse", "corrections_not_better"))
    assert here.decide("bad", refused, NOW) is None
    assert (here.current(), here.decision("bad")) == ("good", refused)
    with pytest.raises(Conflict, match="urgency_worse, corrections_not_better") as told:
        here.use("bad", NOW)
    assert told.value.code == "candidate_refused"
    assert here.use("bad", NOW, refused_too=True) is not None
    with pytest.raises(BadInput, match=SHIPPED):
        here.decide(SHIPPED, refused, NOW)
