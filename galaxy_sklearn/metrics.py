"""How close predicted vote fractions are to the voted ones.

The two forms of fractions give different figures, so each function says in its name which one
it measures, and converts what it is given. Kaggle's challenge was scored by
`cumulative_rmse`; papers on the debiased catalogue quote `conditional_mse`.

Debiased fractions, whose questions sum to 1 only about, are compared as they are in the
conditional form, as papers do; in the cumulative form their questions are scaled to sum to 1
first, as the challenge did.

Only voted fractions that are known count. A prediction must be complete.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import make_scorer

from galaxy_sklearn.surveys import GZ2
from galaxy_sklearn.votes import check_votes

__all__ = [
    "conditional_cross_entropy",
    "conditional_mse",
    "conditional_rmse",
    "cumulative_mse",
    "cumulative_rmse",
    "neg_conditional_cross_entropy",
    "neg_conditional_mse",
    "neg_conditional_rmse",
    "neg_cumulative_mse",
    "neg_cumulative_rmse",
    "question_scores",
]


def cumulative_mse(y_true, y_pred, *, tree=GZ2, sample_weight=None):
    """Mean squared error of cumulative fractions, over galaxies and answers.

    Parameters
    ----------
    y_true : DataFrame or array-like of shape (n_galaxies, n_answers)
        Voted fractions, in either form.
    y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        Predicted fractions, in either form.
    tree : DecisionTree, default=GZ2
        The survey.
    sample_weight : array-like of shape (n_galaxies,), optional
        Weight of each galaxy.

    Returns
    -------
    float
        The error.

    Raises
    ------
    ValueError
        If either is not a table of vote fractions, see `galaxy_sklearn.votes.check_votes`; if a
        prediction is missing, or no voted fraction is known.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.metrics import cumulative_mse
    >>> X, y = make_galaxies(5, image_size=16, random_state=0)
    >>> cumulative_mse(y, y)
    0.0
    """
    return _score(y_true, y_pred, tree, "cumulative", _square, sample_weight)


def cumulative_rmse(y_true, y_pred, *, tree=GZ2, sample_weight=None):
    """Root of `cumulative_mse`: the score of the Kaggle challenge.

    Parameters
    ----------
    y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        Voted and predicted fractions, in either form.
    tree : DecisionTree, default=GZ2
        The survey.
    sample_weight : array-like of shape (n_galaxies,), optional
        Weight of each galaxy.

    Returns
    -------
    float
        The error.
    """
    return cumulative_mse(y_true, y_pred, tree=tree, sample_weight=sample_weight) ** 0.5


def conditional_mse(y_true, y_pred, *, tree=GZ2, sample_weight=None):
    """Mean squared error of conditional fractions, over galaxies and answers.

    Questions that nobody was asked count, as fractions of 0, in keeping with the figures that
    are quoted for the debiased catalogue. See `question_scores` for the others.

    Parameters
    ----------
    y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        Voted and predicted fractions, in either form.
    tree : DecisionTree, default=GZ2
        The survey.
    sample_weight : array-like of shape (n_galaxies,), optional
        Weight of each galaxy.

    Returns
    -------
    float
        The error.
    """
    return _score(y_true, y_pred, tree, "conditional", _square, sample_weight)


def conditional_rmse(y_true, y_pred, *, tree=GZ2, sample_weight=None):
    """Root of `conditional_mse`.

    Parameters
    ----------
    y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        Voted and predicted fractions, in either form.
    tree : DecisionTree, default=GZ2
        The survey.
    sample_weight : array-like of shape (n_galaxies,), optional
        Weight of each galaxy.

    Returns
    -------
    float
        The error.
    """
    return conditional_mse(y_true, y_pred, tree=tree, sample_weight=sample_weight) ** 0.5


def conditional_cross_entropy(y_true, y_pred, *, tree=GZ2, sample_weight=None):
    """Binary cross-entropy of conditional fractions, over galaxies and answers.

    Even a perfect prediction does not score 0, but the entropy of the votes.

    Parameters
    ----------
    y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        Voted and predicted fractions, in either form.
    tree : DecisionTree, default=GZ2
        The survey.
    sample_weight : array-like of shape (n_galaxies,), optional
        Weight of each galaxy.

    Returns
    -------
    float
        The cross-entropy in nats. Predictions are kept 1e-7 away from 0 and 1, as in Keras.
    """
    return _score(y_true, y_pred, tree, "conditional", _cross_entropy, sample_weight)


def question_scores(y_true, y_pred, *, tree=GZ2, sample_weight=None):
    """Score each question of the tree by itself, weighted by reach.

    A galaxy counts for a question as much as the fraction of its volunteers that were asked,
    and not at all where there are no votes.

    Parameters
    ----------
    y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        Voted and predicted fractions, in either form.
    tree : DecisionTree, default=GZ2
        The survey.
    sample_weight : array-like of shape (n_galaxies,), optional
        Weight of each galaxy.

    Returns
    -------
    DataFrame
        A row for each question: ``mean_reach``; ``conditional_rmse``, ``conditional_mse`` and
        ``conditional_cross_entropy`` over its answers, weighted by reach; ``cumulative_rmse``
        and ``cumulative_mse``, whose fractions hold the reach already. A question that no
        galaxy reached has NaN for the weighted scores, one that is unknown for all galaxies NaN
        in all columns.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.metrics import question_scores
    >>> X, y = make_galaxies(5, image_size=16, random_state=0)
    >>> question_scores(y, y).loc["t01_smooth_or_features", "conditional_rmse"]
    np.float64(0.0)
    """
    squares = {
        form: _both(y_true, y_pred, tree, form, _square) for form in ("conditional", "cumulative")
    }
    entropy = _both(y_true, y_pred, tree, "conditional", _cross_entropy)
    voted = tree.normalize(check_votes(y_true, tree=tree).conditional(tree))
    mean_reach = tree.reach(voted, form="conditional")
    # As in the loss, an unknown fraction on the way to a question counts as 1.
    reach = tree.reach(np.where(np.isnan(voted), 1, voted), form="conditional")
    galaxy_weight = np.ones(len(voted)) if sample_weight is None else np.asarray(sample_weight)
    rows = {}
    for q, (question, columns) in enumerate(zip(tree.questions, tree.slices, strict=True)):
        weight = galaxy_weight * reach[:, q] * (voted[:, columns].sum(axis=1) > 0)
        mse = _mean(squares["conditional"][:, columns], weight)
        cumulative = _mean(squares["cumulative"][:, columns], galaxy_weight)
        rows[question.name] = {
            "mean_reach": _mean(mean_reach[:, [q]], galaxy_weight),
            "conditional_rmse": mse**0.5,
            "conditional_mse": mse,
            "conditional_cross_entropy": _mean(entropy[:, columns], weight),
            "cumulative_rmse": cumulative**0.5,
            "cumulative_mse": cumulative,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _scorer(score):
    return make_scorer(score, response_method="predict_proba", greater_is_better=False)


# For `scoring=` of searches and cross-validation; negated, so that more is better.
neg_cumulative_mse = _scorer(cumulative_mse)
neg_cumulative_rmse = _scorer(cumulative_rmse)
neg_conditional_mse = _scorer(conditional_mse)
neg_conditional_rmse = _scorer(conditional_rmse)
neg_conditional_cross_entropy = _scorer(conditional_cross_entropy)


def _score(y_true, y_pred, tree, form, compare, sample_weight):
    score = _mean(_both(y_true, y_pred, tree, form, compare), sample_weight)
    if np.isnan(score):
        raise ValueError("y_true holds no vote that is known and has weight; nothing to score.")
    return score


def _both(y_true, y_pred, tree, form, compare):
    """Compare voted and predicted fractions in the form asked for; NaN where votes are unknown."""
    voted, predicted = check_votes(y_true, tree=tree), check_votes(y_pred, tree=tree)
    if len(voted.fractions) != len(predicted.fractions):
        raise ValueError(
            f"Found {len(voted.fractions)} voted and {len(predicted.fractions)} predicted galaxies."
        )
    missing = np.isnan(predicted.fractions)
    if missing.any():
        i, j = np.argwhere(missing)[0]
        raise ValueError(
            f"Predicted fractions, row {i}, answer {tree.answer_names[j]!r}: expected a number, "
            "found none."
        )
    return compare(getattr(voted, form)(tree), getattr(predicted, form)(tree))


def _square(voted, predicted):
    return (voted - predicted) ** 2


def _cross_entropy(voted, predicted):
    p = np.clip(predicted, 1e-7, 1 - 1e-7)
    return -(voted * np.log(p) + (1 - voted) * np.log(1 - p))


def _mean(values, sample_weight):
    """Average what is known; NaN if that is nothing."""
    known = ~np.isnan(values)
    weight = known if sample_weight is None else known * np.asarray(sample_weight)[:, None]
    if not weight.any():
        return np.nan
    return float(np.average(np.where(known, values, 0), weights=weight))
