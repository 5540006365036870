"""A run: one folder with everything that was started together, and who answers for it."""

import atexit
import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from servers import docker
from servers.account import is_root, reachable
from servers.errors import ServerTrouble
from servers.process import Identity, identify, recorded, wait_until, write_json

OWNER = "WEBCARE_SERVERS_OWNER"
"""The pid of the process that answers for the servers that we start; without it we do."""
CACHE = "WEBCARE_SERVERS"
"""Names the folder that keeps the servers' programs."""
_STOP_S = 8.0
_SHARED_ROOT = Path("/var/tmp/webcare-servers")  # noqa: S108  made for root alone, and its owner is checked
_OWNER_FILE = "owner.json"


def cache_folder(variables: Mapping[str, str] = os.environ) -> Path:
    """Where downloaded servers are kept from run to run, made or not."""
    return Path(variables.get(CACHE) or Path.home() / ".cache" / "webcare" / "servers").absolute()


def runs_folder() -> Path:
    """Where runs are, made or not; as root a place that the servers' user can reach."""
    folder = cache_folder() / "runs"
    return folder if not is_root() or reachable(folder) else _SHARED_ROOT


def _made(runs: Path) -> Path:
    runs.mkdir(mode=0o711, parents=True, exist_ok=True)
    if runs.stat().st_uid != os.geteuid():
        raise ServerTrouble(f"{runs} is not ours.", f"Remove it, or set {CACHE} to a folder of yours.")
    return runs


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; a dead holder lets go."""
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Run:
    """The servers in one folder. They end with `stop`, or when the next run finds that their owner is gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def named(cls, folder: Path, owner: Identity) -> "Run":
        """The run in `folder`, made if need be; what others left behind is cleared."""
        with locked(_made(folder.parent) / ".lock"):
            clear_leftovers(folder.parent)
            if not folder.exists():
                folder.mkdir(mode=0o711)
                write_json(folder / _OWNER_FILE, owner)
        return cls(folder)

    @classmethod
    def current(cls) -> "Run":
        """The run of the process that answers for us, made if need be."""
        owner = identify(int(os.environ.get(OWNER) or os.getpid()))
        if not owner:
            raise ServerTrouble(f"{OWNER} names no process that runs.", "Unset it.")
        if owner.pid == os.getpid():
            atexit.register(end_own_run)
        return cls.named(_folder_of(owner.pid), owner)

    def keep(self) -> None:
        """Let it go on when its owner ends, until somebody stops it."""
        write_json(self.folder / _OWNER_FILE, None)

    def new_folder(self, kind: str) -> Path:
        """A fresh folder for one server."""
        folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self.folder))
        folder.chmod(0o711)
        return folder

    def abandoned(self) -> bool:
        """Whether whoever answered for it is gone."""
        try:
            owner = json.loads((self.folder / _OWNER_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return True
        return owner is not None and not Identity(*owner).alive()

    def stop(self) -> None:
        """Stop everything and take the data away. Twice is harmless."""
        processes = list(recorded(self.folder))
        for each in processes:
            each.resume()
            each.ask_to_stop()
        wait_until(lambda: not any(each.alive() for each in processes), _STOP_S)
        for each in processes:
            each.kill()
        docker.remove_containers(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


def end_own_run() -> None:
    """Stop what was started for this process, if anything."""
    folder = _folder_of(os.getpid())
    if folder.exists():
        Run(folder).stop()


def _folder_of(owner: int) -> Path:
    return runs_folder() / f"run-{owner}"


def clear_leftovers(runs: Path) -> list[str]:
    """Stop and remove the runs whose owner is gone; the caller holds the lock. Returns their names."""
    gone = [run for run in map(Run, sorted(runs.iterdir())) if run.folder.is_dir() and run.abandoned()]
    for run in gone:
        run.stop()
    return [run.folder.name for run in gone]
