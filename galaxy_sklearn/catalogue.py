"""Tables of predictions."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import gen_batches
from tqdm.auto import tqdm

from galaxy_sklearn.decision_tree import GZ2
from galaxy_sklearn.transformers import ImageReader, ImageStack

__all__ = ["prediction_table"]

CHUNK = 1024


def prediction_table(estimator, X, *, on_error="raise", verbose=False):
    """Predict a table with a row for each galaxy.

    Parameters
    ----------
    estimator : Pipeline
        A fitted pipeline whose last step is a `GalaxyClassifier`, or another classifier with
        ``predict_proba``.
    X : array-like of str or path-like, or images
        Image files, or whatever else the pipeline takes.
    on_error : {"raise", "report"}, default="raise"
        What to do with an image file that cannot be read: raise the error, or leave its row
        empty and report it in the column ``error``, which is there only if there are any.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    DataFrame
        A column for each of the pipeline's ``classes_`` with the predicted fractions or
        probabilities, and ``label``: the kind of galaxy in words for vote fractions, the class
        otherwise. The index, ``file``, holds the names of the files; the row numbers if X
        holds images.

    Raises
    ------
    FileNotFoundError, ValueError
        If an image cannot be read and ``on_error="raise"``.

    Examples
    --------
    >>> from pathlib import Path
    >>> prediction_table(pipe, sorted(Path("images").glob("*.jpg")))  # doctest: +SKIP
    """
    if on_error not in ("raise", "report"):
        raise ValueError(f"on_error must be 'raise' or 'report', got {on_error!r}.")
    images = ImageReader().transform(X)
    files = isinstance(images, ImageStack)
    classes = estimator.classes_
    values = np.full((len(images), len(classes)), np.nan)
    labels = np.full(len(images), None, dtype=object)
    errors = {}
    with tqdm(total=len(images), desc="predicting", unit=" images", disable=not verbose) as bar:
        for rows in gen_batches(len(images), CHUNK):
            chunk, good = images[rows], np.arange(rows.start, rows.stop)
            try:
                fractions = estimator.predict_proba(chunk)
            except (OSError, ValueError):
                if on_error == "raise" or not files:
                    raise
                found = {rows.start + i: e for i, e in _unreadable(estimator[:-1], chunk)}
                if not found:
                    raise
                errors.update(found)
                good = np.setdiff1d(good, list(found))
                fractions = np.empty((0, len(classes)))
                if len(good):
                    fractions = estimator.predict_proba(images[good])
            values[good] = fractions
            if len(good):
                labels[good] = _words(estimator, fractions)
            bar.update(rows.stop - rows.start)
    index = pd.RangeIndex(len(images))
    if files:
        index = pd.Index([Path(os.fspath(path)).name for path in images.paths], name="file")
    table = pd.DataFrame(values, index=index, columns=list(classes))
    table["label"] = labels
    if errors:
        table["error"] = [errors.get(i) for i in range(len(images))]
    return table


def _unreadable(preprocessing, images):
    """Yield position and message of each image that the first steps cannot digest."""
    for i in range(len(images)):
        try:
            preprocessing.transform(images[i : i + 1])
        except (OSError, ValueError) as error:
            yield i, str(error)


def _words(estimator, fractions):
    classifier = estimator[-1] if hasattr(estimator, "steps") else estimator
    if getattr(classifier, "form_", None) is not None:
        return (classifier.tree or GZ2).label(fractions)
    return estimator.classes_[fractions.argmax(axis=1)]
