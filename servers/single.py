"""What servers of one process share: start, stop, kill, hang and go on, over the same data."""

import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from servers.process import Process

_READY_S = 240.0


class Single(ABC):
    """A server of one process (and its children) in one folder.

    Used with `with` it starts and, at the end, goes away with its data.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self._process = Process(folder / f"{name}.process")

    @abstractmethod
    def launch(self) -> None:
        """Start without waiting."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves clients."""

    def await_ready(self) -> None:
        """Wait until it serves clients."""
        self._process.await_ready(self.answers, _READY_S)

    def start(self) -> None:
        """Start it on the data that is there; returns when it serves clients."""
        self.launch()
        self.await_ready()

    def stop(self) -> None:
        """Stop it cleanly; data stays."""
        self._process.stop()

    def restart(self) -> None:
        """Stop it cleanly and start it."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL to all of it."""
        self._process.kill()

    def pause(self) -> None:
        """It hangs: connections stand, nothing is answered."""
        self._process.pause()

    def resume(self) -> None:
        """It goes on."""
        self._process.resume()

    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.alive()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder)
