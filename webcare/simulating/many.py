"""Many streams over several processes: the same report whatever the number of processes."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import NamedTuple

from services.classify.spikes.settings import SpikeSettings
from webcare.simulating.curves import Report, report_of
from webcare.simulating.run import Found, Plan, Stream, run_stream


class Job(NamedTuple):
    """One stream under one budget (none: as the settings have it)."""

    budget: float | None
    stream: Stream
    settings: SpikeSettings


def jobs_of(levels: Sequence[float], streams: int, budgets: Sequence[tuple[float | None, SpikeSettings]]) -> list[Job]:
    """Each budget, each level, each stream: every budget meets the very same streams."""
    return [
        Job(budget, Stream(per_day, number), settings)
        for budget, settings in budgets
        for per_day in levels
        for number in range(streams)
    ]


def simulate(plan: Plan, jobs: Sequence[Job], processes: int, done: Callable[[Job], None]) -> Report:
    """Run all of them; `done` is told of each as it ends."""
    # The busiest first, so that no process is left with one long stream at the end.
    order = sorted(range(len(jobs)), key=lambda place: -jobs[place].stream.per_day)
    found: dict[int, Found] = {}
    for place, each in _run_all(plan, jobs, order, processes):
        found[place] = each
        done(jobs[place])
    return report_of(plan, [(job.budget, found[place]) for place, job in enumerate(jobs)])


def _run_all(plan: Plan, jobs: Sequence[Job], order: list[int], processes: int) -> Iterator[tuple[int, Found]]:
    if processes == 1:
        for place in order:
            yield place, run_stream(plan, jobs[place].stream, jobs[place].settings)
        return
    # Spawned, not forked: the progress bar runs in a thread.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(jobs)), mp_context=context) as pool:
        places: dict[Future[Found], int] = {}
        for place in order:
            places[pool.submit(run_stream, plan, jobs[place].stream, jobs[place].settings)] = place
        try:
            for future in as_completed(places):
                yield places[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)
