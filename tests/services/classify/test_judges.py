"""The model that judges follows the choice from batch to batch, whatever state the files are in."""

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from word_judges import NOW, SHIPPED, put, registry

from backbone.errors import BadInput
from services.classify.judges import Chosen, Fixed
from services.classify.registry import CURRENT

Logged = list[MutableMapping[str, Any]]


@pytest.fixture(autouse=True)
def logged() -> Iterator[Logged]:
    with structlog.testing.capture_logs() as lines:
        yield lines


async def test_a_choice_holds_from_the_next_batch_on_and_is_logged(tmp_path: Path, logged: Logged) -> None:
    here = registry(tmp_path)
    put(tmp_path / "models", "ours-1")
    judges = Chosen.open(here, SHIPPED)
    first = await judges.present()
    assert (first.model, await judges.present() is first) == (SHIPPED, True)
    here.use("ours-1", NOW)
    chosen = await judges.present()
    assert (chosen.model, await judges.present() is chosen) == ("ours-1", True)
    here.back(NOW)
    assert (await judges.present()).model == SHIPPED
    moves = [(line["event"], line["before"], line["after"]) for line in logged]
    assert moves == [("model_switched", SHIPPED, "ours-1"), ("model_switched", "ours-1", SHIPPED)]


async def test_a_start_takes_what_was_chosen_before(tmp_path: Path) -> None:
    put(tmp_path / "models", "ours-1")
    registry(tmp_path).use("ours-1", NOW)
    assert (await Chosen.open(registry(tmp_path), SHIPPED).present()).model == "ours-1"


@pytest.mark.parametrize("harm", ["a file of the model", "the model", "the choice"])
async def test_what_is_damaged_is_refused_in_the_log_and_the_present_one_goes_on(
    tmp_path: Path, harm: str, logged: Logged
) -> None:
    here = registry(tmp_path)
    folder = put(tmp_path / "models", "ours-1")
    judges = Chosen.open(here, SHIPPED)
    here.use("ours-1", NOW)
    if harm == "a file of the model":
        (folder / "words.json").write_bytes(b"[")
    elif harm == "the model":
        (folder / "model.json").unlink()
    else:
        (tmp_path / "models" / CURRENT).write_bytes(b"{")
    assert [(await judges.present()).model for _ in range(3)] == [SHIPPED] * 3
    [line] = logged
    assert (line["event"], line["goes_on"], line["log_level"]) == ("model_refused", SHIPPED, "error")
    if harm == "a file of the model":
        assert (line["reason"], "ours-1" in line["words"]) == ("model_damaged", True)


async def test_a_start_with_a_damaged_choice_falls_back_to_the_shipped_one(tmp_path: Path, logged: Logged) -> None:
    put(tmp_path / "models", "ours-1")
    here = registry(tmp_path)
    here.use("ours-1", NOW)
    (tmp_path / "models" / "ours-1" / "words.json").unlink()
    assert (await Chosen.open(here, SHIPPED).present()).model == SHIPPED
    assert [line["event"] for line in logged] == ["model_refused"]


async def test_nothing_goes_on_where_the_shipped_one_is_damaged(tmp_path: Path) -> None:
    here = registry(tmp_path)
    (tmp_path / "shipped" / SHIPPED / "words.json").unlink()
    with pytest.raises(BadInput, match=SHIPPED):
        Chosen.open(here, SHIPPED)


async def test_a_fixed_one_stays_whatever_people_choose(tmp_path: Path) -> None:
    here = registry(tmp_path)
    put(tmp_path / "models", "ours-1")
    judges = Fixed(here.load(SHIPPED))
    here.use("ours-1", NOW)
    assert (await judges.present()).model == SHIPPED
