"""Server processes, known by pid and start time: any process may stop them, and a stranger's pid is never touched."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from servers.errors import ServerTrouble

_POLL_S = 0.05
_SHOWN_LINES = 25


class Identity(NamedTuple):
    """One process of one boot of this machine; a pid alone may be somebody else by now."""

    pid: int
    born: str

    def alive(self) -> bool:
        """Whether it runs; a dead child of ours is taken away on the way."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return identify(self.pid) == self


class _Stat(NamedTuple):
    state: str
    parent: int
    born: str


def _stat(pid: int) -> _Stat | None:
    try:
        written = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = written.rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return _Stat(fields[0], int(fields[1]), f"{boot}:{fields[19]}")


def identify(pid: int) -> Identity | None:
    """Who runs under this pid; None if nobody does (a zombie is nobody)."""
    stat = _stat(pid)
    return None if stat is None or stat.state in "ZX" else Identity(pid, stat.born)


def _held(pid: int) -> bool:
    stat = _stat(pid)
    return stat is None or stat.state in "TZX"


def _descendants(roots: set[int]) -> list[Identity]:
    parents = {int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdecimal()}
    found, wave = set[int](), roots
    while wave:
        wave = {pid for pid, stat in parents.items() if stat and stat.parent in wave} - found
        found |= wave
    return [each for each in map(identify, found) if each]


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether it held within the time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True


class Process:
    """One server process. What is known of it stands in `record`, so another process can go on with it."""

    def __init__(self, record: Path) -> None:
        self._record = record
        self.log = record.with_suffix(".log")

    def launch(self, command: Sequence[str], environment: Mapping[str, str], *, stop: int = signal.SIGTERM) -> None:
        """Start it in a session of its own, its output added to the log; `stop` is the signal that ends it cleanly."""
        if self.alive():
            raise ServerTrouble(f"{self._record.stem} runs already.", "Stop it first.")
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
            pid = os.posix_spawnp(command[0], list(command), environment, file_actions=actions, setsid=True)
        finally:
            os.close(log)
            os.close(null)
        stat = _stat(pid)
        self._write([Identity(pid, stat.born if stat else "")], stop)

    def await_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return once it is; raises ServerTrouble with the end of its log if it dies or takes too long."""
        wait_until(lambda: not self.alive() or ready(), seconds)
        if not self.alive():
            raise ServerTrouble(f"{self._record.stem} died.", self._log_end())
        if not ready():
            raise ServerTrouble(f"{self._record.stem} is not ready after {seconds:.0f} s.", self._log_end())
        known, stop = self._read()
        self._write([*known, *_descendants({each.pid for each in known})], stop)

    def alive(self) -> bool:
        """Whether any of it runs."""
        return any(each.alive() for each in self._read()[0])

    def ask_to_stop(self) -> None:
        """Send the signal that ends it cleanly, and do not wait."""
        known, stop = self._read()
        _send(known[:1], stop)

    def stop(self, seconds: float = 30.0) -> None:
        """End it cleanly, and by force when it does not end in time."""
        self.ask_to_stop()
        if not wait_until(lambda: not self.alive(), seconds):
            self.kill()

    def kill(self) -> None:
        """SIGKILL to all of it at once, as when the power goes."""
        _send(self._read()[0], signal.SIGSTOP)
        family = self._family()
        _send(family, signal.SIGKILL)
        if not wait_until(lambda: not any(each.alive() for each in family), 30):
            raise ServerTrouble(f"{self._record.stem} does not die.")

    def pause(self) -> None:
        """Return when it hangs: connections stand, nothing is answered."""
        family = self._family()
        _send(family, signal.SIGSTOP)
        if not wait_until(lambda: all(_held(each.pid) for each in family), 30):
            raise ServerTrouble(f"{self._record.stem} does not pause.")

    def resume(self) -> None:
        """It goes on."""
        _send(self._family(), signal.SIGCONT)

    def _family(self) -> list[Identity]:
        known = [each for each in self._read()[0] if each.alive()]
        return list(dict.fromkeys([*known, *_descendants({each.pid for each in known})]))

    def _read(self) -> tuple[list[Identity], int]:
        try:
            written = json.loads(self._record.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return [], signal.SIGTERM
        return [Identity(*each) for each in written["processes"]], written["stop"]

    def _write(self, processes: list[Identity], stop: int) -> None:
        write_json(self._record, {"processes": list(dict.fromkeys(processes)), "stop": stop})

    def _log_end(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(["The end of its log:", *lines[-_SHOWN_LINES:]])


def _send(to: Sequence[Identity], number: int) -> None:
    for each in to:
        if each.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.pid, number)


def recorded(folder: Path) -> Iterator[Process]:
    """The processes with a record anywhere below."""
    return (Process(record) for record in sorted(folder.rglob("*.process")))


def write_json(path: Path, value: object) -> None:
    """Write it whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(value), encoding="utf-8")
    beside.replace(path)
