"""Stages for stories: the embedded one, and one on real servers whose reports must be the same to the byte."""

from pathlib import Path
from typing import Any

import pytest

from tests.rooms import room
from tests.stories.theatre import CONFIG, Play, checked, play_bytes
from webcare.replay.run import on_servers


@pytest.fixture(params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Plays in a folder; on servers it plays in a folder as well, and compares."""
    servers = request.getfixturevalue("servers") if request.param == "servers" else None

    def played(lines: list[dict[str, Any]], config: str | None = CONFIG) -> dict[str, Any]:
        written = play_bytes(tmp_path / "embedded", lines, config)
        if servers is not None:
            with room(servers) as connections:
                assert play_bytes(tmp_path / "servers", lines, config, on_servers(connections)) == written
        return checked(written)

    return played
