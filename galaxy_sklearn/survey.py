"""Scoring a whole survey: streaming, resuming, on one machine or on many."""

import hashlib
import json
import os
from collections import deque
from functools import lru_cache, partial
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed, effective_n_jobs
from sklearn.utils import gen_batches
from tqdm.auto import tqdm

from galaxy_sklearn._quiet import import_tensorflow
from galaxy_sklearn.catalogue import CHUNK, load_model, predict_chunks
from galaxy_sklearn.datasets import iter_images
from galaxy_sklearn.transformers import ImageReader

__all__ = ["Scored", "score_catalogue"]

PLAN = "_plan.json"
MODEL = "_model.joblib"
HALF = ".new"
# Fractions are all different: a dictionary of them, pyarrow's default, is half as much again.
PARQUET = {"use_dictionary": ["label", "model"], "compression": "zstd"}
N_MESSAGES = 10


class Scored(NamedTuple):
    """What `score_catalogue` did.

    Attributes
    ----------
    n_images : int
        Number of images in the output, those of earlier runs included.
    n_errors : int
        Number of them that could not be read.
    n_new : int
        Number of images that this run scored.
    messages : tuple of str
        The first errors of this run.
    """

    n_images: int
    n_errors: int
    n_new: int
    messages: tuple[str, ...]


class Part(NamedTuple):
    """Some of the images, the folder they are named from, and where their predictions go."""

    file: str
    names: tuple
    root: str


def score_catalogue(
    model,
    images,
    output,
    *,
    part_size=16384,
    n_jobs=None,
    n_workers=None,
    scheduler=None,
    verbose=True,
):
    """Predict the images of a survey, as many as there are, into partitioned Parquet.

    Images are listed, read and predicted as a stream: memory does not grow with their number.
    Each part of the output appears when it is whole, so that a run that was killed goes on where
    it ended, without losing or repeating an image. An image that cannot be read becomes a row with
    its error.

    Parameters
    ----------
    model : Pipeline, str or path-like
        A fitted pipeline, or the joblib file of one. Load only files that you trust.
    images : str, path-like, DataFrame or array-like of str
        A folder tree, an archive, a table or names, see `galaxy_sklearn.datasets.iter_images`.
        Resuming needs the same images in the same order.
    output : str or path-like
        Folder of Parquet files ``part-00000000.parquet``, ..., to be read as one table by
        ``pandas.read_parquet(output)``; or a name ending in ``.csv`` or ``.parquet`` for one
        file, which appears when all is done.
    part_size : int, default=16384
        Images a part: what a kill may cost, at most.
    n_jobs : int, optional
        Threads that read images, in each process; by default those of the pipeline's ``tensor``
        step, and 1 if there are several workers on this machine.
    n_workers : int, optional
        Processes on this machine, each of which loads the model and scores whole parts; -1 for
        one for each core. Without a GPU they are the quickest, from some parts on. None or 1
        works in this process, reading and predicting at the same time.
    scheduler : str, optional
        Address of a Dask scheduler (``"tcp://host:8786"``). Its workers do the work, each loading
        the model once; they must see the images and the output under the same names as this
        process.
    verbose : bool, default=True
        Whether to show progress.

    Returns
    -------
    Scored
        Numbers of images, of errors and of images scored now, and the first errors.

    Raises
    ------
    ValueError
        If there are no images; if the output was begun with another model, part size or other
        images; if the model cannot take the images; if ``n_workers`` is no number of processes, or
        there is a scheduler as well.
    FileNotFoundError
        If a file or folder does not exist.

    Notes
    -----
    Columns: ``file`` (the image's name; within the folder, if that is given), one for each class
    (float32), ``label``, ``error`` (null where there is none), ``model`` (the first 16 digits of
    the SHA-256 of the model's file).

    Examples
    --------
    >>> from galaxy_sklearn.survey import score_catalogue
    >>> score_catalogue("model.joblib", "cutouts/", "scores/")  # doctest: +SKIP
    """
    if n_workers is not None and (not isinstance(n_workers, Integral) or n_workers == 0):
        raise ValueError(f"n_workers must be an int other than 0, or None, got {n_workers!r}.")
    if n_workers is not None and scheduler is not None:
        raise ValueError(
            f"n_workers={n_workers!r} are processes on this machine; the cluster of "
            f"scheduler={scheduler!r} has its own workers. Give one of the two."
        )
    output = Path(output)
    if not output.parent.is_dir():
        raise FileNotFoundError(f"output {output}: there is no folder {str(output.parent)!r}.")
    one_file = output.suffix in (".csv", ".parquet")
    folder = output.with_name(f"{output.name}.parts") if one_file else output
    root = ""
    if isinstance(images, (str, os.PathLike)):
        root = f"{os.fspath(images).rstrip(os.sep)}{os.sep}"
    elif not isinstance(images, pd.DataFrame):
        images = list(images)
    total = sum(1 for _ in iter_images(images))
    if not total:
        raise ValueError(f"There are no images in {str(images)[:200]!r}.")
    here = scheduler is None and effective_n_jobs(n_workers) == 1
    if isinstance(model, (str, os.PathLike)):
        if not Path(model).is_file():
            raise FileNotFoundError(f"There is no model file {os.fspath(model)!r}.")
        model_file, model_id = str(Path(model).absolute()), _digest(Path(model))
        if here:
            # Or say what is wrong with it, before anything is written.
            _load(model_file, model_id, n_jobs)
        folder.mkdir(exist_ok=True)
    else:
        folder.mkdir(exist_ok=True)
        model_file, model_id = _save_model(model, folder)
    _check_plan(folder, {"model": model_id, "part_size": part_size})

    errors, new, messages = 0, 0, []
    with tqdm(total=total, desc="scoring", unit=" images", disable=not verbose) as bar:

        def missing():
            nonlocal errors
            for i, names in enumerate(_in_parts(iter_images(images), part_size)):
                part = Part(str(folder / f"part-{i:08d}.parquet"), names, root)
                done = _rows_and_errors(part)
                if done is None:
                    yield part
                else:
                    errors += done[1]
                    bar.update(done[0])
                    if not bar.disable:
                        # Not done now: the rate and the time left are those of new images.
                        bar.initial += done[0]

        if here:
            results = _score_parts(model_file, model_id, n_jobs, missing())
        elif scheduler is None:
            score = partial(_score_part, model_file, model_id, n_jobs or 1)
            results = _run_in_processes(score, missing(), n_workers)
        else:
            score = partial(_score_part, model_file, model_id, n_jobs)
            results = _run_on_dask(score, missing(), scheduler)
        for n_rows, n_errors, first in results:
            new += n_rows
            errors += n_errors
            messages += first[: N_MESSAGES - len(messages)]
            bar.update(n_rows)
            bar.set_postfix(errors=errors)
    n_parts = -(-total // part_size)
    surplus = sorted(folder.glob("part-*.parquet"))[n_parts:]
    if surplus:
        raise ValueError(
            f"{folder} holds {len(surplus)} parts more than the {total} images make, such as "
            f"{surplus[0].name}: images are gone since it was begun. Choose another output."
        )
    for left in folder.glob(f"*{HALF}"):
        left.unlink(missing_ok=True)
    if one_file:
        _join(folder, output)
    return Scored(total, errors, new, tuple(messages))


# -------------------------------------------------------------------- where it runs


def _run_in_processes(score, parts, n_workers):
    """Let each process score part after part, all its work on as many cores as are its own."""
    n_threads = max(1, cpu_count() // effective_n_jobs(n_workers))
    run = Parallel(n_workers, backend="loky", batch_size=1, return_as="generator_unordered")
    yield from run(delayed(_with_threads)(n_threads, score, part) for part in parts)


def _with_threads(n_threads, score, part):
    # TensorFlow reads it when it starts.
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(n_threads)
    import_tensorflow()
    return score(part)


def _run_on_dask(score, parts, scheduler):
    """Keep all workers busy, those that join later too, with few parts waiting."""
    from dask.distributed import Client, as_completed

    with Client(scheduler) as client:
        # A worker that dies takes its part with it to another; that is no fault of the part.
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


def _score_part(model_file, model_id, n_jobs, part):
    (result,) = _score_parts(model_file, model_id, n_jobs, [part])
    return result


def _score_parts(model_file, model_id, n_jobs, parts):
    """Write parts, reading the next one while one is predicted; yield what `_write_part` says."""
    under_way = deque()

    def chunks():
        for part in parts:
            stack = ImageReader().transform(list(part.names))
            batches = list(gen_batches(len(stack), CHUNK))
            under_way.append((part, len(batches)))
            for rows in batches:
                yield stack[rows]

    tables = predict_chunks(_load(model_file, model_id, n_jobs), chunks(), report=True)
    for first in tables:
        part, n_chunks = under_way.popleft()
        table = pd.concat([first, *islice(tables, n_chunks - 1)], ignore_index=True)
        yield _write_part(part, table, model_id)


def _write_part(part, table, model_id):
    """Return the number of rows and of errors, and the first errors."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    classes = table.columns[:-2]
    columns = {"file": pa.array([name.removeprefix(part.root) for name in part.names])}
    columns |= {name: pa.array(table[name].to_numpy(np.float32)) for name in classes}
    columns |= {
        name: pa.array([None if pd.isna(x) else str(x) for x in table[name]], pa.string())
        for name in ("label", "error")
    }
    columns["model"] = pa.DictionaryArray.from_arrays(
        np.zeros(len(table), np.int8), pa.array([model_id])
    )
    errors = table["error"].dropna().tolist()
    marks = {"images": _fingerprint(part.names), "errors": str(len(errors))}
    # What a kill leaves half written begins with a dot: who reads the folder passes it over.
    file = Path(part.file)
    written = file.with_name(f".{file.name}.{os.getpid()}{HALF}")
    pq.write_table(pa.table(columns).replace_schema_metadata(marks), written, **PARQUET)
    written.replace(file)
    return len(table), len(errors), errors[:N_MESSAGES]


@lru_cache(maxsize=1)
def _load(model_file, model_id, n_jobs):
    # The id is there for the cache: a file may be written again.
    estimator = load_model(model_file)
    if "tensor" in getattr(estimator, "named_steps", {}):
        estimator.set_params(tensor__verbose=False)
        if n_jobs is not None:
            estimator.set_params(tensor__n_jobs=n_jobs)
    return estimator


# ------------------------------------------------------------------------- the plan


def _save_model(model, folder):
    """Return the file of the model, written beside the parts, and its id."""
    path = folder / MODEL
    written = path.with_name(f"{MODEL}.{os.getpid()}{HALF}")
    joblib.dump(model, written)
    if path.exists() and _digest(path) != _digest(written):
        written.unlink()
        raise ValueError(f"{folder} was begun with another model; choose another output.")
    written.replace(path)
    return str(path.absolute()), _digest(path)


def _digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _check_plan(folder, plan):
    path = folder / PLAN
    if path.exists():
        begun = json.loads(path.read_text())
        for name, value in plan.items():
            if begun[name] != value:
                raise ValueError(
                    f"{folder} was begun with {name}={begun[name]!r}, not {value!r}; choose "
                    "another output."
                )
    elif any(folder.glob("part-*.parquet")):
        raise ValueError(f"{folder} holds parts of another output; choose another one.")
    path.write_text(json.dumps(plan))


def _in_parts(names, size):
    while part := tuple(islice(names, size)):
        yield part


def _rows_and_errors(part):
    """Return the numbers of a part that is done, None of one that is not."""
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(part.file)
    except FileNotFoundError:
        return None
    if found.metadata[b"images"].decode() != _fingerprint(part.names):
        raise ValueError(
            f"{part.file} holds other images than those listed now (from {str(part.names[0])!r} "
            "on): some were added or are gone since it was begun. Choose another output."
        )
    return found.num_rows, int(found.metadata[b"errors"])


def _fingerprint(names):
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:16]


def _join(folder, output):
    """Make one file of the parts, and remove them."""
    import pyarrow.csv
    import pyarrow.parquet as pq

    written = folder / f".whole{HALF}"
    parts = sorted(folder.glob("part-*.parquet"))
    schema = pq.read_schema(parts[0]).remove_metadata()
    if output.suffix == ".parquet":
        writer = pq.ParquetWriter(written, schema, **PARQUET)
    else:  # which knows no dictionaries
        position = schema.get_field_index("model")
        schema = schema.set(position, pyarrow.field("model", pyarrow.string()))
        writer = pyarrow.csv.CSVWriter(written, schema)
    with writer:
        for part in parts:
            writer.write_table(pq.read_table(part).replace_schema_metadata(None).cast(schema))
    written.replace(output)
    for path in (*parts, folder / PLAN, folder / MODEL):
        path.unlink(missing_ok=True)
    folder.rmdir()
