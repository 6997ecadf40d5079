"""Scoring the parts of a catalogue in processes of this machine or on a Dask cluster."""

import os
from itertools import islice

from joblib import Parallel, cpu_count, delayed, effective_n_jobs

from galaxy_sklearn._quiet import import_tensorflow


def run_in_processes(score, parts, n_workers):
    """Let processes score one part after the other, each on its share of the cores."""
    n_threads = max(1, cpu_count() // effective_n_jobs(n_workers))
    run = Parallel(n_workers, backend="loky", batch_size=1, return_as="generator_unordered")
    yield from run(delayed(_with_threads)(n_threads, score, part) for part in parts)


def _with_threads(n_threads, score, part):
    # TensorFlow reads this variable when it starts.
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(n_threads)
    import_tensorflow()
    return score(part)


def run_on_dask(score, parts, scheduler):
    """Keep all workers of a cluster busy, also those that join later, with few parts queued."""
    from dask.distributed import Client, as_completed

    with Client(scheduler) as client:
        # The part of a worker that dies is tried again elsewhere: the part is not to blame.
        futures = as_completed(with_results=True)
        parts, under_way = iter(parts), 0
        while True:
            slots = 2 * max(1, sum(client.nthreads().values()))
            for part in islice(parts, max(0, slots - under_way)):
                futures.add(client.submit(score, part, pure=False, retries=5))
                under_way += 1
            if not under_way:
                return
            _, result = next(futures)
            under_way -= 1
            yield result
