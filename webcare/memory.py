"""How a process that handles batches looks after its memory."""

import gc

_NEW, _YOUNG, _OLD = 50_000, 20, 100


def settle_memory() -> None:
    """What is loaded by now stays, and is not looked through again; the rest is, every so many batches.

    A batch makes some ten thousand objects and lets go of all of them by itself; looking for cycles among them after
    every 700, as is usual, takes a quarter of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW, _YOUNG, _OLD)
