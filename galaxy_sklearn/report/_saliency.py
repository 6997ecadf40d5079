"""Which pixels speak for the answers of a few galaxies."""

from itertools import chain

import numpy as np
from matplotlib.figure import Figure

from galaxy_sklearn.displays import SaliencyDisplay
from galaxy_sklearn.report._pictures import as_map
from galaxy_sklearn.scoring import first_and_last
from galaxy_sklearn.transformers import reader_of

# Part of the image's side that a patch hides: 121 patches that overlap by half.
PATCH = 1 / 6


def most_telling(errors, unusual, n):
    """Return up to n galaxies in turn among the worst, the best and the most unusual."""
    order = np.argsort(errors, kind="stable")[: np.isfinite(errors).sum()]
    orders = [order[::-1], order]
    if unusual is not None:
        orders.append(np.argsort(-unusual, kind="stable"))
    in_turn = chain.from_iterable(zip(*(kind.tolist() for kind in orders), strict=False))
    return list(dict.fromkeys(in_turn))[:n]


def saliencies(estimator, X, rows, columns):
    """Find out which pixels speak for an answer.

    Parameters
    ----------
    estimator : Pipeline or classifier
        The fitted estimator.
    X : array-like of str or path-like, or images
        What it takes.
    rows : ndarray of int
        The galaxies.
    columns : sequence of int
        The answer for each of them.

    Returns
    -------
    list of dict
        The picture, and how much the fraction falls at most and rises at most. Empty if the last
        step takes no images.
    """
    if not len(rows):
        return []
    before, last = first_and_last(estimator)
    images = reader_of(estimator).transform(X)[rows]
    images = np.asarray(images if before is None else before.transform(images))
    if images.ndim < 3 or images.dtype == object or min(images.shape[1:3]) < 2:
        return []
    patch_size = max(1, round(PATCH * min(images.shape[1:3])))
    found = []
    for i, column in enumerate(columns):
        display = SaliencyDisplay.from_estimator(
            last,
            images[i : i + 1],
            last.classes_[column],
            patch_size=patch_size,
            ax=Figure().subplots(1, 2),
        )
        limit = float(np.abs(display.saliency).max())
        found.append(
            {
                "source": as_map(display.saliency, limit),
                "column": int(column),
                "fall": round(max(0.0, float(display.saliency.max())), 3),
                "rise": round(max(0.0, -float(display.saliency.min())), 3),
            }
        )
    return found
