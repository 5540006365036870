"""A process that writes to a desk and says what was committed: to be killed in the middle of a transaction.

desk_child.py PATH|URL
"""

import asyncio
import sys
from pathlib import Path

from desk_suite import cause, item, mention

from backbone.distributed.connections import Postgres
from backbone.distributed.desk import PostgresDesk
from backbone.embedded.desk import SqliteDesk
from backbone.ports import Desk, Partition

PARTITION = Partition("mentions.classified", 0)
BATCH = 20


async def open_desk(where: str) -> Desk:
    """The desk in PostgreSQL where that is an address, else the one in the file."""
    if where.startswith("postgresql://"):
        return await PostgresDesk.open(Postgres(url=where))
    return await SqliteDesk.open(Path(where), durability="normal")


async def main(where: str) -> None:
    desk = await open_desk(where)
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
    asyncio.run(main(sys.argv[1]))
