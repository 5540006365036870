"""A process that appends to a log and says what was acknowledged: to be killed, or to run into a limit.

log_child.py PATH forever       append until killed
log_child.py PATH file-limit    append until no file may grow, lift the limit, append once more
"""

import asyncio
import resource
import signal
import sys
from pathlib import Path

from event_log_adapters import FOUR, TOPICS, new

from backbone.embedded.clock import RealClock
from backbone.embedded.log import SqliteLog
from backbone.errors import Unavailable

BATCH = 7


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def append(log: SqliteLog, writer: int, number: int) -> None:
    batch = f"{writer}-{number}"
    await log.append([new(FOUR, f"{batch}-{n}", f"{batch} {'x' * 2000}") for n in range(BATCH)])
    say(batch)


async def forever(log: SqliteLog) -> None:
    async def writer(writer: int) -> None:
        for number in range(1_000_000):
            await append(log, writer, number)

    await asyncio.gather(*(writer(n) for n in range(4)))


async def until_full(log: SqliteLog) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    for number in range(1_000):
        try:
            await append(log, 0, number)
        except Unavailable as error:
            say(f"refused {error.code}")
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await append(log, 1, 0)


async def main(path: str, what: str) -> None:
    log = await SqliteLog.open(Path(path), TOPICS, RealClock(), "full")
    await {"forever": forever, "file-limit": until_full}[what](log)
    await log.close()


asyncio.run(main(*sys.argv[1:]))
