"""Intervals and sets that hold what is found for new galaxies as often as they promise.

Split conformal prediction (Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World):
the errors of galaxies that were set aside from the training tell how large those of new ones are.
MAPIE and crepes, which are well kept, take one column of targets, and none with unknown values.
"""

from typing import NamedTuple

import numpy as np

# Share of the galaxies set aside, those with the nearest predictions, that tell the spread at one,
# and their least number.
NEAREST, LEAST = 0.2, 10
# The spread is no smaller than this part of the mean one, where votes happen to agree.
FLOOR = 0.1


class Errors(NamedTuple):
    """What one answer's errors are like: their spread by prediction, and their normalized sizes."""

    predicted: np.ndarray
    spread: np.ndarray
    scores: np.ndarray


def find_errors(predicted, voted):
    """Return the errors of each answer.

    Parameters
    ----------
    predicted, voted : ndarray of shape (n_galaxies, n_answers)
        Fractions of galaxies set aside; what was voted is NaN where it is unknown.

    Returns
    -------
    list of Errors
        Errors divided by the mean size of those with similar predictions (Lei et al. 2018, JASA
        113, 1094, section 5.2), in ascending order.
    """
    found = []
    for p, v in zip(predicted.T, voted.T, strict=True):
        known = ~np.isnan(v)
        order = np.argsort(p[known], kind="stable")
        p, size = p[known][order], np.abs(v - p)[known][order]
        floor = FLOOR * size.mean() if len(p) else 0
        spread = np.maximum(_moving_mean(size), floor)
        # Of the others: the error of a new galaxy is not in its spread either.
        of_others = np.maximum(_moving_mean(size, without_own=True), floor)
        # A spread of 0 is that of predictions without any error.
        scores = np.divide(size, of_others, out=np.zeros_like(size), where=of_others > 0)
        found.append(Errors(p, spread, np.sort(scores)))
    return found


def _moving_mean(values, *, without_own=False):
    n = len(values)
    width = min(n, max(LEAST, round(NEAREST * n)))
    sums = np.concatenate([[0], np.cumsum(values)])
    first = np.clip(np.arange(n) - width // 2, 0, n - width)
    total = sums[first + width] - sums[first]
    if without_own:
        return np.maximum(total - values, 0) / max(width - 1, 1)
    return total / max(width, 1)


def intervals(errors, predicted, coverage):
    """Return intervals that hold the fraction that new volunteers vote.

    Parameters
    ----------
    errors : list of Errors
        Of each answer.
    predicted : ndarray of shape (n_galaxies, n_answers)
        Fractions.
    coverage : float
        The probability to hold it.

    Returns
    -------
    ndarray of shape (n_galaxies, n_answers, 2)
        Lower and upper end; 0 and 1 if too few galaxies were set aside to tell.
    """
    ends = np.empty((*predicted.shape, 2))
    for j, (known, spread, scores) in enumerate(errors):
        half = np.full(len(predicted), np.inf)
        limit = threshold(scores, coverage)
        if np.isfinite(limit):
            half = limit * np.interp(predicted[:, j], known, spread)
        ends[:, j] = predicted[:, j, None] + half[:, None] * [-1, 1]
    return ends.clip(0, 1)


def threshold(scores, coverage):
    """Return the score that a new one exceeds with probability 1 - `coverage` at most."""
    rank = int(np.ceil((len(scores) + 1) * coverage))
    return scores[rank - 1] if rank <= len(scores) else np.inf
