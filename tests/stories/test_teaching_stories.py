"""People teach a system that runs: a correction becomes a row, another model takes over and back, one judges along."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.classify.domain.resources import SHIPPED
from tests.stories.system import System, running, wait_for

pytestmark = pytest.mark.slow


def webcare(folder: Path, *arguments: str) -> str:
    """What a command says while the system runs."""
    command = [sys.executable, "-c", "from webcare.cli import main; main()", *arguments]
    done = subprocess.run(
        [*command, "--data", str(folder / "data")],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def judged(system: System, n: int) -> dict[str, Any]:
    """Somebody writes; the one mention of the item that comes of it, with the item's id."""
    message = {"id": f"n{n}", "text": f"Bericht {n}: bel mij op 06-12345678", "author": f"eva{n}"}
    assert system.post("/v1/mentions", {**message, "brand": "Wiedeldoorn"}).status_code == 202

    def of_author() -> list[dict[str, Any]]:
        return [item for item in system.get("/v1/items")["items"] if item["author_name"] == f"eva{n}"]

    wait_for(of_author, "the item")
    [item] = of_author()
    [mention] = system.get(f"/v1/items/{item['id']}")["mentions"]
    return {**mention, "item": item["id"]}


def install(folder: Path, name: str) -> None:
    target = folder / "data" / "models" / name
    shutil.copytree(SHIPPED, target)
    manifest = msgspec.json.decode((target / "model.json").read_bytes())
    (target / "model.json").write_bytes(msgspec.json.encode({**manifest, "name": name}))


def test_people_teach_a_system_that_runs(tmp_path: Path) -> None:
    install(tmp_path, "ours-1")
    with running(tmp_path) as system:
        first = judged(system, 1)
        assert first["verdict"]["model"] == SHIPPED.name
        given = {"mention_id": first["id"], "urgency": "high", "lang": "nl"}
        assert system.post(f"/v1/items/{first['item']}/corrections", given).status_code == 200
        assert webcare(tmp_path, "corrections", "export", str(tmp_path / "rows.csv")).startswith("1 rows")
        with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as stream:
            [row] = csv.DictReader(stream)
        assert (row["text"], row["urgency"]) == ("Bericht 1: bel mij op 06-00000000", "high")
        webcare(tmp_path, "models", "use", "ours-1")
        assert judged(system, 2)["verdict"]["model"] == "ours-1"
        webcare(tmp_path, "models", "back")
        assert judged(system, 3)["verdict"]["model"] == SHIPPED.name
        assert system.stop() == 0


def test_a_shadow_judges_along_and_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "ours-1")
    monkeypatch.setenv("WEBCARE_SHADOW", "ours-1")
    with running(tmp_path) as system:
        assert judged(system, 1)["verdict"]["model"] == SHIPPED.name
        figures = system.client.get("/metrics").text
        assert 'webcare_shadow_verdicts_total{head="urgency",result="same"} 1.0' in figures
        assert system.stop() == 0
    assert f"{SHIPPED.name} judges, ours-1 in the shadow: 1 mentions" in webcare(tmp_path, "models", "compare")
