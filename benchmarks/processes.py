"""What processor time processes took, as the kernel tells it: who the time goes to on a machine that all share."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class _Process(NamedTuple):
    parent: int
    seconds: float


def cpu_seconds(roots: Mapping[str, Iterable[int]]) -> dict[str, float]:
    """By name: the seconds of these processes and all that they started."""
    running = _running()
    return {name: sum(running[pid].seconds for pid in _family(set(pids), running)) for name, pids in roots.items()}


def pids_in(folder: Path) -> list[int]:
    """The processes of the server that has this folder, as its records name them."""
    return [pid for record in folder.rglob("*.process") for pid, _ in json.loads(record.read_text())["processes"]]


def _family(pids: set[int], running: Mapping[int, _Process]) -> set[int]:
    found, wave = set[int](), pids & set(running)
    while wave:
        found |= wave
        wave = {pid for pid, process in running.items() if process.parent in wave} - found
    return found


def _running() -> dict[int, _Process]:
    found: dict[int, _Process] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            # Its own time, and that of children that ended.
            found[int(entry.name)] = _Process(int(fields[1]), sum(map(int, fields[11:15])) * _TICK_S)
    return found
