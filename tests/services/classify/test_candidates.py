"""A candidate against the present model, on real rows: the shipped model, one that never pages, one without feeling."""

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from services.classify.acceptance import held_out
from services.classify.build import registry_of
from services.classify.candidates import settle
from services.classify.domain.heads import HEADS, SENTIMENT
from services.classify.domain.resources import SHIPPED
from services.classify.registry import Registry
from services.classify.training.corpus import TEST, Row, load

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def install(models: Path, name: str, *, pages: bool = True, feels: bool = True) -> None:
    """The shipped model under another name; without `pages` nothing is critical to it, without `feels` all neutral."""
    shutil.copytree(SHIPPED, models / name)
    every = msgspec.json.decode((SHIPPED / "decisions.json").read_bytes())
    for decisions in every.values():
        decisions["page"] = decisions["page"] if pages else 2.0
        neutral = HEADS[1].start + SENTIMENT.index("neutral")
        decisions["lean"][neutral] += 0.0 if feels else 100.0
    changed = msgspec.json.encode(every)
    (models / name / "decisions.json").write_bytes(changed)
    manifest = msgspec.json.decode((SHIPPED / "model.json").read_bytes())
    files = {**manifest["files"], "decisions.json": hashlib.sha256(changed).hexdigest()}
    (models / name / "model.json").write_bytes(msgspec.json.encode({**manifest, "name": name, "files": files}))


@pytest.fixture(scope="module")
def rows() -> tuple[list[Row], list[Row]]:
    """Shipped test rows, and as many that stand for corrections."""
    all_rows = [row for row in load(TEST) if row.lang == "nl"][:400]
    return all_rows[::2], all_rows[1::2]


@pytest.fixture
def models(tmp_path: Path) -> Registry:
    install(tmp_path, "whole")
    install(tmp_path, "silent", pages=False)
    install(tmp_path, "numb", feels=False)
    return registry_of(tmp_path)


def test_a_candidate_that_is_better_on_both_judges_from_now_on(
    models: Registry, rows: tuple[list[Row], list[Row]]
) -> None:
    models.use("numb", NOW)
    decision = settle(models, "whole", *rows, NOW)
    assert (decision.taken, decision.reasons) == (True, ("better",))
    assert (models.current(), models.decision("whole")) == ("whole", decision)


def test_a_candidate_that_misses_danger_is_refused_and_kept(
    models: Registry, rows: tuple[list[Row], list[Row]]
) -> None:
    decision = settle(models, "silent", *rows, NOW)
    assert {"critical_recall_worse", "critical_recall_worse_on_corrections"} <= set(decision.reasons)
    assert (models.current(), models.decision("silent")) == (SHIPPED.name, decision)


def test_the_same_again_is_not_better_and_too_few_corrections_say_nothing(
    models: Registry, rows: tuple[list[Row], list[Row]]
) -> None:
    shipped, corrections = rows
    assert settle(models, "whole", shipped, corrections, NOW).reasons == ("corrections_not_better",)
    few = [row for row in corrections if held_out(row.id)][:5]
    assert settle(models, "whole", shipped, few, NOW).reasons == ("corrections_too_few",)
