"""Faust alone: an agent that only counts, and says how long it took. counting.py BROKERS FROM FOLDER COUNT"""

import os
import sys
import time
from typing import Any

import faust


def main(brokers: str, source: str, folder: str, count: int) -> None:
    app: Any = faust.App(
        f"{source}.counting",
        broker=";".join(f"kafka://{each}" for each in brokers.split(",")),
        store="memory://",
        datadir=folder,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
    )

    @app.agent(app.topic(source, value_serializer="json"))
    async def agent(stream: Any) -> None:
        seen, began, cpu = 0, 0.0, 0.0
        async for _ in stream:
            if not seen:
                began, cpu = time.perf_counter(), time.process_time()
            seen += 1
            if seen == count:
                sys.stdout.write(f"took {time.perf_counter() - began} {time.process_time() - cpu}\n")
                sys.stdout.flush()
                os._exit(0)  # what it would do on its way out is not measured

    faust.Worker(app, loglevel="ERROR", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
