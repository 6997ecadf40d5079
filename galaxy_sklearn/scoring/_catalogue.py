"""Scoring any number of images as a stream that can be resumed, on one machine or a cluster."""

import os
from collections import deque
from functools import lru_cache, partial
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import joblib
import pandas as pd
import pyarrow as pa
from joblib import effective_n_jobs
from sklearn.utils import gen_batches
from tqdm.auto import tqdm

from galaxy_sklearn._files import delete_unfinished, owned
from galaxy_sklearn._models import find_model, load_model
from galaxy_sklearn.datasets import iter_images
from galaxy_sklearn.images import ImageTable, is_table
from galaxy_sklearn.scoring._output import (
    MODEL,
    N_MESSAGES,
    Counts,
    Part,
    check_plan,
    counts_of_finished,
    delete_parts,
    in_parts,
    join_parts,
    keep_copy,
    rows_and_counts,
    write_part,
)
from galaxy_sklearn.scoring._predictions import (
    CHUNK,
    RESERVED,
    can_tell_unusual,
    content_id,
    copied,
    predict_chunks,
    reader_of,
)
from galaxy_sklearn.scoring._workers import run_in_processes, run_on_dask

# What was meant for a table in another format would become a folder of that name.
OTHER_FILES = {
    *(".arrow", ".avro", ".db", ".ecsv", ".feather", ".fit", ".fits", ".gz", ".h5", ".hdf5"),
    *(".html", ".json", ".npy", ".npz", ".orc", ".parq", ".pkl", ".pq", ".tsv", ".txt", ".vot"),
    *(".xls", ".xlsx", ".xml", ".zip"),
}


class Scored(NamedTuple):
    """Summary of a scoring run.

    Parameters
    ----------
    n_images : int
        Number of images in the output, those of earlier runs included.
    n_errors : int
        Number of them that could not be read.
    n_new : int
        Number of images that this run scored.
    messages : tuple of str
        The first errors of this run.
    n_unusual : int or None
        Number of images that are unlike those that the model learned from (``unusual`` above 1),
        those of earlier runs included; None if the model cannot tell.

    See Also
    --------
    score_catalogue : Score a catalogue.

    Examples
    --------
    >>> from galaxy_sklearn.scoring import Scored
    >>> Scored(n_images=1000, n_errors=1, n_new=400, messages=("7.jpg: ...",)).n_new
    400
    """

    n_images: int
    n_errors: int
    n_new: int
    messages: tuple[str, ...]
    n_unusual: int | None = None


def score_catalogue(
    model,
    images,
    output,
    *,
    keep=None,
    bands=None,
    part_size=16384,
    n_jobs=None,
    n_workers=None,
    scheduler=None,
    verbose=True,
):
    """Predict any number of images and write the predictions to Parquet files.

    Images are listed, read and predicted as a stream: memory does not grow with their number.
    Each part of the output appears when it is complete, so that a call with the same arguments
    resumes a run that was killed, without losing or repeating an image. An image that cannot be
    read becomes a row with its error.

    Parameters
    ----------
    model : Pipeline, str or path-like
        A fitted pipeline, the name of a file that `galaxy_sklearn.sharing.load_model` loads, or
        that of a pretrained model, such as ``"gz2"``.
    images : str, path-like, DataFrame or array-like of str
        A folder tree, an archive, a table or names, see `galaxy_sklearn.datasets.iter_images`.
        To resume a run, give the same images in the same order.
    output : str or path-like
        Folder of Parquet files ``part-00000000.parquet``, ..., which
        ``pandas.read_parquet(output)`` reads as one table; or a name ending in ``.csv`` or
        ``.parquet`` for one file, which appears at the end. Nothing is done if it is there
        already, with the answers of this model for these images.
    keep : list of str, optional
        Columns of the table `images` that are carried into the output, such as the number of the
        galaxy, by which it is joined with other tables. Integers and text stay as they are, NaN
        is null. In a CSV file, what is written like numbers throughout is numbers; with zeros
        before them (``"007"``) it stays text.
    bands : list of str, optional
        Columns of the table `images` with the names of the FITS files of each band, in the order
        of the channels, see `galaxy_sklearn.ImageReader`. By default an image is one file, in the
        column ``path``, ``file`` or ``file_loc``.
    part_size : int, default=16384
        Number of images in a part: the most images that are scored again after an interruption.
    n_jobs : int, optional
        Number of threads that read images in each process; by default that of the pipeline's
        ``tensor`` step, and 1 if there are several workers on this machine.
    n_workers : int, optional
        Number of processes on this machine, each of which loads the model and scores complete
        parts; -1 for one per core. This is the fastest way without a GPU if there are more than a
        few parts. With None or 1, this process reads and predicts at the same time.
    scheduler : str, optional
        Address of a Dask scheduler (``"tcp://host:8786"``). Its workers score the parts; each
        loads the model once. Images and output must have the same paths for them as for this
        process.
    verbose : bool, default=True
        Whether to show a progress bar.

    Returns
    -------
    Scored
        Number of images, of errors, of images scored by this run and of unusual ones, and the
        first errors.

    Raises
    ------
    ValueError
        If there are no images; if the output was begun with another model, part size, `keep` or
        other images, or is a file that holds something else, or one of another format; if the
        model cannot take the images; if a column of `keep` or `bands` is missing, stands in the
        table more than once, holds what cannot be kept (lists, or integers that have lost digits
        as floats) or has the name of a column of the output, or `images` is no table; if
        `n_workers` is invalid, or is given together with `scheduler`.
    FileNotFoundError
        If a file or folder does not exist.
    BlockingIOError
        If another process is writing the output.
    OSError
        If a file cannot be written, as on a full disk. Make room, and call again.

    Notes
    -----
    Columns: ``file`` (the image's name; relative to the folder, if `images` is one), those of
    `keep`, one for each class (float32), ``label``, ``unusual`` (float32, if the model can tell,
    see `prediction_table`), ``error`` (null if there is none), ``model`` (16 digits of a hash of
    what the model is, its parameters and weights: the same however often it is saved and loaded,
    with the same versions of the libraries).

    Examples
    --------
    >>> from galaxy_sklearn.scoring import score_catalogue
    >>> score_catalogue("gz2", "cutouts/", "scores/")  # doctest: +SKIP

    The numbers of the galaxies go along, and join the answers with the catalogue:

    >>> import tempfile
    >>> import pandas as pd
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from galaxy_sklearn import FlattenToTensor, ImageReader
    >>> catalogue = pd.DataFrame({"objid": [587722981741363294, 7], "mag": [16.5, 17.25]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = [str(Path(folder, f"{objid}.png")) for objid in catalogue["objid"]]
    ...     for file in files:
    ...         Image.new("RGB", (8, 8)).save(file)
    ...     model = make_pipeline(ImageReader(), FlattenToTensor(), DummyClassifier())
    ...     model = model.fit(files, ["smooth", "featured"])
    ...     table = catalogue[["objid"]].assign(path=files)
    ...     output = Path(folder, "scores.parquet")
    ...     done = score_catalogue(model, table, output, keep=["objid"], verbose=False)
    ...     joined = catalogue.merge(pd.read_parquet(output), on="objid")
    >>> joined[["objid", "mag", "featured", "smooth"]]
                    objid    mag  featured  smooth
    0  587722981741363294  16.50       0.5     0.5
    1                   7  17.25       0.5     0.5
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
    if output.suffix.lower() in OTHER_FILES:
        raise ValueError(
            f"output {output}: expected a name that ends in .csv or .parquet, or that of a folder."
        )
    is_file = isinstance(model, (str, os.PathLike))
    if is_file:
        model = find_model(model)
    root = ""
    if isinstance(images, (str, os.PathLike)):
        root = os.fspath(images).rstrip(f"{os.sep}/")
    elif not is_table(images):
        images = list(images)
    rows, schema = _rows(images, keep, bands)
    total = sum(1 for _ in rows())
    if not total:
        raise ValueError(f"There are no images in {str(images)[:200]!r}.")
    # An error in the model is raised before anything is written.
    estimator = load_model(model) if is_file else copied(model)
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(f"model must have predict_proba, got {type(estimator).__name__}.")
    classes = [str(name) for name in getattr(estimator, "best_estimator_", estimator).classes_]
    taken = next((name for name in schema.names if name in RESERVED.union(classes)), None)
    if taken is not None:
        raise ValueError(
            f"keep={keep!r}: {taken!r} is the name of a column of the output; rename it."
        )
    model_id, can_tell = content_id(estimator), can_tell_unusual(estimator)

    one_file = output.suffix.lower() in (".csv", ".parquet")
    folder = output.with_name(f"{output.name}.parts") if one_file else output

    def parts():
        for i, (names, kept) in enumerate(in_parts(rows(), part_size, schema)):
            yield Part(str(folder / f"part-{i:08d}.parquet"), names, root, model_id, kept)

    with owned(folder, by="process"):
        if one_file and output.exists():
            counts = counts_of_finished(output, parts(), classes, can_tell)
            delete_parts(folder)  # of a run that was killed before it did so
            return Scored(total, counts.n_errors, 0, (), counts.n_unusual if can_tell else None)
        check_plan(
            folder, {"model": model_id, "part_size": part_size, "keep": schema.names or None}
        )
        n_parts = -(-total // part_size)
        surplus = sorted(folder.glob("part-*.parquet"))[n_parts:]
        if surplus:
            raise ValueError(
                f"{folder} holds {len(surplus)} parts more than the {total} images need, such as "
                f"{surplus[0].name}: images were removed since it was begun. Choose another output."
            )
        delete_unfinished(folder)
        delete_unfinished(output.parent, output.name)
        if scheduler is None and effective_n_jobs(n_workers) == 1:
            score = partial(_score_parts, _prepared(estimator, n_jobs))
        else:
            # A copy: the file may be overwritten while they load it.
            model_file = keep_copy(estimator, folder)
            if scheduler is None:
                one = partial(_score_part, model_file, n_jobs or 1)
                score = partial(run_in_processes, one, n_workers=n_workers)
            else:
                one = partial(_score_part, model_file, n_jobs)
                score = partial(run_on_dask, one, scheduler=scheduler)
        with tqdm(total=total, desc="scoring", unit=" images", disable=not verbose) as bar:
            counts, n_new, messages = _score_missing(score, parts(), bar)
        # What workers left that were killed, and the copy that they read.
        delete_unfinished(folder)
        (folder / MODEL).unlink(missing_ok=True)
        if one_file:
            join_parts(folder, output)
    return Scored(total, counts.n_errors, n_new, messages, counts.n_unusual if can_tell else None)


def _rows(images, keep, bands):
    """Return a function that iterates over names and kept values, and the types of these."""
    for name, columns in {"keep": keep, "bands": bands}.items():
        if columns is None:
            continue
        if isinstance(columns, str) or not all(isinstance(column, str) for column in columns):
            raise ValueError(f"{name} must be a list of names of columns, got {columns!r}.")
        twice = [column for i, column in enumerate(columns) if column in columns[:i]]
        if twice:
            raise ValueError(f"{name}={columns!r}: {twice[0]!r} is there more than once.")
        if not is_table(images):
            found = repr(os.fspath(images)) if not isinstance(images, list) else "names of files"
            raise ValueError(
                f"{name}={columns!r} are columns of a table: expected images to be a data frame, "
                f"or a .csv, .parquet, .hdf5 or .zarr file, got {found}."
            )
    if keep is None and bands is None:
        return lambda: zip(iter_images(images), strict=True), pa.schema([])
    table = ImageTable(images, keep or (), bands)
    return table.__iter__, table.schema


def _score_missing(score, parts, bar):
    """Score the parts that do not exist yet."""
    counts, n_new, messages = Counts(), 0, []

    def missing():
        nonlocal counts
        for part in parts:
            done = rows_and_counts(part)
            if done is None:
                yield part
            else:
                counts = counts.plus(done[1])
                bar.update(done[0])
                if not bar.disable:
                    # Rate and remaining time are those of new images.
                    bar.initial += done[0]

    for n_rows, of_part, first in score(missing()):
        n_new += n_rows
        counts = counts.plus(of_part)
        messages += first[: N_MESSAGES - len(messages)]
        bar.update(n_rows)
        bar.set_postfix(errors=counts.n_errors)
    return counts, n_new, tuple(messages)


def _score_part(model_file, n_jobs, part):
    (result,) = _score_parts(_load(model_file, part.model_id, n_jobs), [part])
    return result


def _score_parts(estimator, parts):
    """Score and write parts, reading ahead; yield the results of `write_part`."""
    under_way = deque()
    reader = reader_of(estimator)

    def chunks():
        for part in parts:
            stack = reader.transform(list(part.names))
            batches = list(gen_batches(len(stack), CHUNK))
            under_way.append((part, len(batches)))
            for rows in batches:
                yield stack[rows]

    tables = predict_chunks(estimator, chunks(), report=True)
    for first in tables:
        part, n_chunks = under_way.popleft()
        table = pd.concat([first, *islice(tables, n_chunks - 1)], ignore_index=True)
        yield write_part(part, table)


@lru_cache(maxsize=1)
def _load(model_file, model_id, n_jobs):
    # The id is an argument for the cache: a file may be overwritten.
    return _prepared(joblib.load(model_file), n_jobs)


def _prepared(estimator, n_jobs):
    if "tensor" in getattr(estimator, "named_steps", {}):
        estimator.set_params(tensor__verbose=False)
        if n_jobs is not None:
            estimator.set_params(tensor__n_jobs=n_jobs)
    return estimator
