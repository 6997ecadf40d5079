"""Tables of predictions, with one row per image and the same columns everywhere."""

import io
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import joblib
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import gen_batches
from tqdm.auto import tqdm

from galaxy_sklearn._models import forget_training
from galaxy_sklearn._tree_of import tree_of
from galaxy_sklearn.surveys import GZ2
from galaxy_sklearn.transformers import ImageStack, reader_of

CHUNK = 1024
# Columns beside those of the classes.
RESERVED = {"file", "label", "unusual", "error", "model"}


def prediction_table(estimator, X, *, on_error="raise", verbose=False):
    """Predict a table with one row per image.

    Parameters
    ----------
    estimator : Pipeline or classifier
        A fitted pipeline whose last step is a `GalaxyClassifier`, or another classifier with
        ``predict_proba``.
    X : array-like of str or path-like, or images
        Image files, or anything else that the pipeline takes.
    on_error : {"raise", "report"}, default="raise"
        What to do with an image file that cannot be read: raise the error, or leave its row
        empty and put the error in the column ``error``.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    DataFrame
        A column for each of the pipeline's ``classes_`` with the predicted fractions or
        probabilities; ``label``, the kind of galaxy in words for vote fractions, the class
        otherwise; ``unusual``, how far the image lies from those of the training, the opposite of
        `GalaxyClassifier.score_samples`: above 1 the prediction is not to be trusted (only if the
        classifier can tell); ``error``, None or the reason why the image could not be read. The
        index, ``file``, holds the names of the files, or row numbers if X holds images.

    Raises
    ------
    FileNotFoundError, ValueError
        If an image cannot be read and ``on_error="raise"``.

    See Also
    --------
    galaxy_sklearn.displays.ThumbnailTable : Show the table with pictures.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from galaxy_sklearn.scoring import prediction_table
    >>> images = np.zeros((4, 8, 8))
    >>> classifier = DummyClassifier().fit(images, ["disk", "disk", "disk", "star"])
    >>> prediction_table(classifier, images[:1])
       disk  star label error
    0  0.75  0.25  disk  None
    """
    if on_error not in ("raise", "report"):
        raise ValueError(f"on_error must be 'raise' or 'report', got {on_error!r}.")
    images = reader_of(estimator).transform(X)
    files = isinstance(images, ImageStack)
    chunks = [images[rows] for rows in gen_batches(len(images), CHUNK)]
    report = files and on_error == "report"
    with tqdm(total=len(images), desc="predicting", unit=" images", disable=not verbose) as bar:
        tables = []
        for table in predict_chunks(estimator, chunks, report=report):
            tables.append(table)
            bar.update(len(table))
    table = pd.concat(tables, ignore_index=True)
    if files:
        table.index = pd.Index(images.names, name="file")
    return table


def can_tell_unusual(estimator):
    """Tell whether the table of predictions of an estimator has a column ``unusual``."""
    return hasattr(first_and_last(estimator)[1], "_predict_with_distances")


def copied(model):
    """Return a fitted pipeline as a file would give it back."""
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def content_id(model):
    """Return 16 digits that tell what a model is, wherever it is from.

    How it shows progress and shares the work does not matter, nor when it was trained.
    """
    # Which of its parts are one object, and so its bytes, depends on the kind of file it was in.
    model = copied(getattr(model, "best_estimator_", model))
    forget_training(model)
    given = model.get_params() if hasattr(model, "get_params") else {}
    given = {k: v for k, v in given.items() if k.rpartition("__")[2] in ("verbose", "n_jobs")}
    if given:
        model.set_params(**dict.fromkeys(given))
    return joblib.hash(model)[:16]


def predict_chunks(estimator, chunks, *, report):
    """Predict one chunk after the other, while the next one is read.

    Parameters
    ----------
    estimator : Pipeline or classifier
        The fitted estimator.
    chunks : iterable of ImageStack or array-like
        Images. Two chunks are in memory at a time.
    report : bool
        Whether an image that cannot be read becomes an empty row instead of raising an error.

    Yields
    ------
    DataFrame
        One row per image of the chunk, with a column for each class, ``label`` and ``error``.

    Raises
    ------
    FileNotFoundError, ValueError
        If an image cannot be read and `report` is False, or the model cannot take the images.
    """
    before, last = first_and_last(estimator)
    taken = RESERVED & {str(name) for name in last.classes_}
    if taken:
        raise ValueError(
            f"The class {taken.pop()!r} has the name of a column of the table of predictions; "
            "rename it."
        )
    for chunk in read_chunks(before, last, chunks, report=report):
        yield _predict(last, *chunk)


def first_and_last(estimator):
    """Return the steps of a pipeline before the last one, or None, and the last one."""
    estimator = getattr(estimator, "best_estimator_", estimator)  # of a search
    if isinstance(estimator, Pipeline):
        return estimator[:-1], estimator[-1]
    return None, estimator


def read_chunks(before, last, chunks, *, report):
    """Transform one chunk after the other, while the caller works on the one before.

    Parameters
    ----------
    before : Pipeline or None
        The steps that transform.
    last : classifier
        The last step, which may refuse what these make of an image.
    chunks : iterable of ImageStack or array-like
        Images. Two chunks are in memory at a time.
    report : bool
        Whether an image that cannot be read is left out instead of raising an error.

    Yields
    ------
    images : array-like or None
        The transformed images; None if none could be read.
    errors : dict of int to str
        Why an image could not be read, by its position in the chunk.
    n_rows : int
        Number of images in the chunk.
    """
    with ThreadPoolExecutor(1) as reader:
        ahead = None
        for chunk in chain(chunks, [None]):
            following = None
            if chunk is not None:
                following = reader.submit(_read, before, last, chunk, report)
            if ahead is not None:
                yield ahead.result()
            ahead = following


def _read(before, last, chunk, report):
    """Transform the images by the first steps; return the errors of those that cannot be."""
    if before is None:
        return chunk, {}, len(chunk)
    try:
        return _transformed(before, last, chunk), {}, len(chunk)
    except (OSError, ValueError):
        if not report:
            raise
        errors = dict(_unreadable(before, last, chunk))
        if not errors:
            raise
    good = [i for i in range(len(chunk)) if i not in errors]
    return (before.transform(chunk[good]) if good else None), errors, len(chunk)


def _unreadable(before, last, images):
    """Yield position and message of each image that cannot be transformed or answered for."""
    for i in range(len(images)):
        try:
            _transformed(before, last, images[i : i + 1])
        except (OSError, ValueError) as error:
            yield i, str(error)


def _transformed(before, last, images):
    """Return what the last step takes; refuse images that it would not take, by their names."""
    tensor = before.transform(images)
    if (
        isinstance(images, ImageStack)
        and hasattr(last, "_check_as_fitted")
        and getattr(tensor, "ndim", 0) == 4
    ):
        last._check_as_fitted(tensor, images.paths)
    return tensor


def _predict(classifier, images, errors, n_rows):
    classes = classifier.classes_
    values = np.full((n_rows, len(classes)), np.nan)
    labels = np.full(n_rows, None, dtype=object)
    unusual = np.full(n_rows, np.nan)
    good = [i for i in range(n_rows) if i not in errors]
    can_tell = can_tell_unusual(classifier)
    if good:
        if can_tell:
            values[good], unusual[good] = classifier._predict_with_distances(images)
        else:
            values[good] = classifier.predict_proba(images)
        labels[good] = _words(classifier, values[good])
    table = pd.DataFrame(values, columns=list(classes))
    table["label"] = labels
    if can_tell:
        table["unusual"] = unusual
    table["error"] = pd.Series([errors.get(i) for i in range(n_rows)], dtype=object)
    return table


def _words(classifier, fractions):
    if getattr(classifier, "form_", None) is not None:
        return (tree_of(classifier) or GZ2).label(fractions)
    return classifier.classes_[fractions.argmax(axis=1)]
