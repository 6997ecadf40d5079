"""All that is asked of a model, in one pass over the images."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import gen_batches

from galaxy_sklearn._tree_of import form_of
from galaxy_sklearn.images import ImageStack
from galaxy_sklearn.scoring import CHUNK, first_and_last, read_chunks
from galaxy_sklearn.transformers import reader_of

# The coverages of the intervals; the one that is shown for each galaxy.
COVERAGES, SHOWN = (0.5, 0.7, 0.8, 0.9, 0.95), 0.9
# Side of the images that baselines learn from.
SIDE = 16


@dataclass
class Predictions:
    """What was predicted of the galaxies that could be read, n of them."""

    errors: dict[int, str]  # the others, by row of X
    rows: np.ndarray  # (n,), of X
    fractions: np.ndarray  # (n, n_answers)
    unusual: np.ndarray | None  # (n,)
    intervals: np.ndarray | None  # (n_coverages, n, n_answers, 2)
    pixels: np.ndarray | None  # (n, <= SIDE, <= SIDE), what the last step was given
    centres: np.ndarray | None  # (n, n_channels)


def predict_all(estimator, X):
    """Predict all galaxies that can be read.

    Parameters
    ----------
    estimator : Pipeline or classifier
        Fitted, with ``predict_proba``.
    X : array-like of str or path-like, or images
        What it takes.

    Returns
    -------
    Predictions
        The predictions.

    Raises
    ------
    ValueError
        If none of the images can be read.
    """
    before, last = first_and_last(estimator)
    images = reader_of(estimator).transform(X)
    files = isinstance(images, ImageStack)
    chunks = (images[rows] for rows in gen_batches(len(images), CHUNK))
    errors, start, parts = {}, 0, []
    for tensor, failed, n_rows in read_chunks(before, last, chunks, report=files):
        errors |= {start + i: message for i, message in failed.items()}
        start += n_rows
        if tensor is not None:
            parts.append([*_predict(last, tensor), *_small(tensor)])
    if not parts:
        raise ValueError(f"None of the {len(images)} images can be read; the first: {errors[0]}")
    fractions, unusual, intervals, pixels, centres = (
        None if any(one is None for one in part) else list(part)
        for part in zip(*parts, strict=True)
    )
    return Predictions(
        errors=errors,
        rows=np.array([i for i in range(len(images)) if i not in errors]),
        fractions=np.concatenate(fractions),
        unusual=None if unusual is None else np.concatenate(unusual),
        intervals=None if intervals is None else np.concatenate(intervals, axis=1),
        pixels=None if pixels is None else np.concatenate(pixels),
        centres=None if centres is None else np.concatenate(centres),
    )


def _predict(classifier, tensor):
    """Return fractions, distances and intervals; None for those that it cannot tell."""
    if not hasattr(classifier, "_predict_all"):
        return np.asarray(classifier.predict_proba(tensor), dtype=float), None, None
    of_votes = form_of(classifier) is not None
    fractions, unusual, ends = classifier._predict_all(tensor, COVERAGES if of_votes else ())
    return fractions, unusual, None if not of_votes or ends is None else np.float32(ends)


def _small(tensor):
    """Return the images as a few gray pixels, and the central pixel of each."""
    tensor = np.asarray(tensor)
    if tensor.ndim < 3 or tensor.dtype == object:
        return None, None
    height, width = tensor.shape[1:3]
    centres = tensor[:, height // 2, width // 2].reshape(len(tensor), -1)
    gray = tensor.reshape(*tensor.shape[:3], -1).mean(axis=3, dtype=np.float32)
    for axis in (1, 2):
        length = gray.shape[axis]
        edges = np.linspace(0, length, min(SIDE, length) + 1).astype(int)
        sizes = np.diff(edges).reshape(-1, 1) if axis == 1 else np.diff(edges)
        gray = np.add.reduceat(gray, edges[:-1], axis=axis) / sizes.astype(np.float32)
    return gray, centres.astype(np.float32)
