"""Scores with intervals: how much they would differ with other galaxies."""

import numpy as np
import pandas as pd

from galaxy_sklearn.metrics import question_weights, voted_and_predicted
from galaxy_sklearn.votes import check_votes

N_SAMPLES = 1000
# Numbers of the resampled galaxies that are in memory at a time.
BLOCK = 10_000_000
TITLES = {
    "cumulative_rmse": "RMSE, cumulative fractions",
    "conditional_rmse": "RMSE, conditional fractions",
    "conditional_mse": "MSE, conditional fractions",
    "conditional_cross_entropy": "cross-entropy",
    "brier_score": "Brier score",
    "accuracy": "accuracy",
    "same_label": "same label",
}
GREATER_IS_BETTER = ("accuracy", "same_label")


def scores(target, predictions):
    """Score predictions, with bootstrap intervals over galaxies.

    Parameters
    ----------
    target : Target
        The truth.
    predictions : dict of str to DataFrame
        Fractions by name.

    Returns
    -------
    DataFrame
        A row for each prediction; for each score a column of that name, and ``<name>_low`` and
        ``<name>_high``, between which it lies for 95% of samples of as many galaxies.
    """
    terms = {name: _terms(target, fractions) for name, fractions in predictions.items()}
    return _resampled(terms, len(target.votes))


def question_intervals(target, fractions):
    """Return the reach-weighted RMSE of each question's conditional fractions, with its interval.

    Returns
    -------
    DataFrame
        A row for each question, with the columns of `scores` for ``conditional_rmse``.
    """
    tree = target.tree
    voted, predicted = voted_and_predicted(target.votes, fractions, tree=tree)
    squares = (voted.conditional(tree) - predicted.conditional(tree)) ** 2
    weights = question_weights(voted, tree)
    terms = {}
    for q, (question, columns) in enumerate(zip(tree.questions, tree.slices, strict=True)):
        known = ~np.isnan(squares[:, columns])
        total = np.where(known, squares[:, columns], 0).sum(axis=1) * weights[:, q]
        terms[question.name] = {
            "conditional_rmse": (total, known.sum(axis=1) * weights[:, q]),
        }
    return _resampled(terms, len(target.votes))


def galaxy_errors(target, fractions):
    """Return how far off each galaxy is.

    Returns
    -------
    ndarray of shape (n_galaxies, 1 + n_questions)
        RMSE of the cumulative fractions, then of the conditional ones of each question. NaN where
        nothing is known, or nobody was asked.
    """
    tree = target.tree
    voted, predicted = voted_and_predicted(target.votes, fractions, tree=tree)
    errors = [_root_mean(voted.cumulative(tree) - predicted.cumulative(tree))]
    conditional = tree.normalize(voted.conditional(tree))
    asked = question_weights(voted, tree) > 0
    for q, columns in enumerate(tree.slices):
        off = conditional[:, columns] - predicted.conditional(tree)[:, columns]
        errors.append(np.where(asked[:, q], _root_mean(off), np.nan))
    return np.stack(errors, axis=1)


def _root_mean(differences):
    """Return the root of the mean square of each row, NaN if nothing is known."""
    known = ~np.isnan(differences)
    n_known = np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    return (np.where(known, differences, 0) ** 2).sum(axis=1) ** 0.5 / n_known**0.5


def _terms(target, fractions):
    """Return numerator and denominator of each galaxy for each score."""
    tree = target.tree
    voted, predicted = voted_and_predicted(target.votes, fractions, tree=tree)
    labels = tree.label(voted.fractions)
    known_label = np.where(target.of_classes | (labels != "unknown"), 1.0, 0.0)
    same = known_label * (labels == tree.label(np.maximum(predicted.values, 0)))
    if target.of_classes:
        squares = (voted.fractions - predicted.values) ** 2
        n = np.ones(len(labels))
        return {"accuracy": (same, n), "brier_score": (squares.sum(axis=1), n)}
    cumulative = _sums((voted.cumulative(tree) - predicted.cumulative(tree)) ** 2)
    v, p = voted.conditional(tree), predicted.conditional(tree)
    conditional = _sums((v - p) ** 2)
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return {
        "cumulative_rmse": cumulative,
        "conditional_rmse": conditional,
        "conditional_mse": conditional,
        "conditional_cross_entropy": _sums(-(v * np.log(p) + (1 - v) * np.log(1 - p))),
        "same_label": (same, known_label),
    }


def _sums(values):
    known = ~np.isnan(values)
    return np.where(known, values, 0).sum(axis=1), known.sum(axis=1)


def _resampled(terms, n):
    """Return ratios of sums over galaxies, with percentiles of samples drawn with replacement."""
    names = [(row, score) for row, found in terms.items() for score in found]
    over, under = (
        np.stack([terms[row][score][i] for row, score in names], axis=1).astype(float)
        for i in (0, 1)
    )
    rng = np.random.default_rng(0)
    block = max(1, BLOCK // n)
    samples = []
    for start in range(0, N_SAMPLES, block):
        times = np.stack(
            [
                np.bincount(rng.integers(n, size=n), minlength=n)
                for _ in range(min(block, N_SAMPLES - start))
            ]
        ).astype(float)
        samples.append(_ratio(times @ over, times @ under))
    samples = np.concatenate(samples)
    # Of a question that few galaxies reached, a sample may have none.
    none = np.isnan(samples).all(axis=0)
    low, high = np.nanpercentile(np.where(none, 0, samples), [2.5, 97.5], axis=0)
    value = _ratio(over.sum(axis=0), under.sum(axis=0))
    found = {}
    for i, (row, score) in enumerate(names):
        root = 0.5 if score.endswith("rmse") else 1
        ends = (np.nan, np.nan) if none[i] else (low[i] ** root, high[i] ** root)
        found.setdefault(row, {}).update(
            {score: value[i] ** root, f"{score}_low": ends[0], f"{score}_high": ends[1]}
        )
    return pd.DataFrame.from_dict(found, orient="index")


def _ratio(over, under):
    return over / np.where(under > 0, under, np.nan)


def labels(target, fractions):
    """Return the labels that were voted and predicted; "unknown" where votes do not tell."""
    voted = check_votes(target.votes, tree=target.tree).fractions
    return target.tree.label(voted), target.tree.label(fractions)
