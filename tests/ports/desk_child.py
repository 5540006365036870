"""A process that writes to a desk and says what was committed: to be killed in the middle of a transaction.

desk_child.py PATH
"""

import asyncio
import sys
from pathlib import Path

from desk_suite import cause, item, mention

from backbone.embedded.desk import SqliteDesk
from backbone.ports import Partition

PARTITION = Partition("mentions.classified", 0)
BATCH = 20


async def main(path: Path) -> None:
    desk = await SqliteDesk.open(path, durability="normal")
    for number in range(1_000_000):
        names = [f"{number}-{n}" for n in range(BATCH)]
        async with desk.transaction() as tx:
            await tx.add_items([item(name) for name in names], cause())
            await tx.put_mentions([mention(name) for name in names])
            await tx.count({("accepted", ""): BATCH})
            await tx.advance("router", PARTITION, number * BATCH, (number + 1) * BATCH)
        sys.stdout.write(f"{(number + 1) * BATCH}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
