"""How close predicted vote fractions are to the voted ones.

The two forms of fractions give different figures, so each function says in its name which one
it measures, and converts what it is given. Kaggle's challenge was scored by
`cumulative_rmse`; papers on the debiased catalogue quote `conditional_mse`.

Debiased fractions, whose questions sum to 1 only about, are compared as they are in the
conditional form, as papers do; in the cumulative form their questions are scaled to sum to 1
first, as the challenge did.

Only voted fractions that are known count. A prediction must be complete.

Predictions may be those of any model. A ridge regression, for example, obeys no tree: some of its
fractions are negative, and their sums are off. The names of the columns or ``pred_form`` tell the
form of predictions. Without them it is the form whose sums they have, as those of
`GalaxyClassifier` do, or else that of ``y_true``, since a regressor predicts what it was fitted on.
In their own form predictions are scored as they are. For a score of the other form, negative
numbers become 0 and the answers of each question are scaled to sum to 1, times its reach in the
cumulative form.
"""

import inspect

import numpy as np
import pandas as pd
from sklearn.base import is_regressor

from galaxy_sklearn._compat import Scorer, check_sample_weight
from galaxy_sklearn._tree_of import form_of, tree_of
from galaxy_sklearn.surveys import GZ2
from galaxy_sklearn.votes import check_predictions, check_votes

__all__ = [
    "conditional_cross_entropy",
    "conditional_mse",
    "conditional_rmse",
    "cumulative_mse",
    "cumulative_rmse",
    "make_vote_scorer",
    "neg_conditional_cross_entropy",
    "neg_conditional_mse",
    "neg_conditional_rmse",
    "neg_cumulative_mse",
    "neg_cumulative_rmse",
    "question_scores",
]


def cumulative_mse(y_true, y_pred, *, tree=GZ2, sample_weight=None, pred_form=None):
    """Mean squared error of cumulative fractions, over galaxies and answers.

    Parameters
    ----------
    y_true : DataFrame or array-like of shape (n_galaxies, n_answers)
        Voted fractions, in either form.
    y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        Predicted fractions, in either form; any finite numbers will do.
    tree : DecisionTree, default=GZ2
        The survey.
    sample_weight : array-like of shape (n_galaxies,), optional
        Weight of each galaxy.
    pred_form : {"conditional", "cumulative", "counts"}, optional
        Form of ``y_pred``, where its columns do not tell it and it is not that of ``y_true``.

    Returns
    -------
    float
        The error.

    Raises
    ------
    ValueError
        If ``y_true`` is not a table of vote fractions, see `galaxy_sklearn.votes.check_votes`; if a
        prediction is missing or infinite, or no voted fraction is known.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.metrics import cumulative_mse
    >>> X, y = make_galaxies(5, image_size=16, random_state=0)
    >>> cumulative_mse(y, y)
    0.0
    """
    return _score(y_true, y_pred, tree, "cumulative", _square, sample_weight, pred_form)


def cumulative_rmse(y_true, y_pred, *, tree=GZ2, sample_weight=None, pred_form=None):
    """Root of `cumulative_mse`: the score of the Kaggle challenge.

    Parameters
    ----------
    y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        Voted and predicted fractions, in either form.
    tree : DecisionTree, default=GZ2
        The survey.
    sample_weight : array-like of shape (n_galaxies,), optional
        Weight of each galaxy.
    pred_form : {"conditional", "cumulative", "counts"}, optional
        Form of ``y_pred``, where its columns do not tell it and it is not that of ``y_true``.

    Returns
    -------
    float
        The error.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.metrics import cumulative_rmse
    >>> X, y = make_galaxies(5, image_size=16, random_state=0)
    >>> cumulative_rmse(y, y)
    0.0
    """
    mse = cumulative_mse(
        y_true, y_pred, tree=tree, sample_weight=sample_weight, pred_form=pred_form
    )
    return mse**0.5


def conditional_mse(y_true, y_pred, *, tree=GZ2, sample_weight=None, pred_form=None):
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
    pred_form : {"conditional", "cumulative", "counts"}, optional
        Form of ``y_pred``, where its columns do not tell it and it is not that of ``y_true``.

    Returns
    -------
    float
        The error.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.metrics import conditional_mse
    >>> X, y = make_galaxies(5, image_size=16, random_state=0)
    >>> conditional_mse(y, y)
    0.0
    """
    return _score(y_true, y_pred, tree, "conditional", _square, sample_weight, pred_form)


def conditional_rmse(y_true, y_pred, *, tree=GZ2, sample_weight=None, pred_form=None):
    """Root of `conditional_mse`.

    Parameters
    ----------
    y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        Voted and predicted fractions, in either form.
    tree : DecisionTree, default=GZ2
        The survey.
    sample_weight : array-like of shape (n_galaxies,), optional
        Weight of each galaxy.
    pred_form : {"conditional", "cumulative", "counts"}, optional
        Form of ``y_pred``, where its columns do not tell it and it is not that of ``y_true``.

    Returns
    -------
    float
        The error.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.metrics import conditional_rmse
    >>> X, y = make_galaxies(5, image_size=16, random_state=0)
    >>> conditional_rmse(y, y)
    0.0
    """
    mse = conditional_mse(
        y_true, y_pred, tree=tree, sample_weight=sample_weight, pred_form=pred_form
    )
    return mse**0.5


def conditional_cross_entropy(y_true, y_pred, *, tree=GZ2, sample_weight=None, pred_form=None):
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
    pred_form : {"conditional", "cumulative", "counts"}, optional
        Form of ``y_pred``, where its columns do not tell it and it is not that of ``y_true``.

    Returns
    -------
    float
        The cross-entropy in nats. Predictions are kept 1e-7 away from 0 and 1, as in Keras.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.metrics import conditional_cross_entropy
    >>> X, y = make_galaxies(5, image_size=16, random_state=0)
    >>> round(conditional_cross_entropy(y, y), 2)
    0.2
    """
    return _score(y_true, y_pred, tree, "conditional", _cross_entropy, sample_weight, pred_form)


def question_scores(y_true, y_pred, *, tree=GZ2, sample_weight=None, pred_form=None):
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
    pred_form : {"conditional", "cumulative", "counts"}, optional
        Form of ``y_pred``, where its columns do not tell it and it is not that of ``y_true``.

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
        form: _both(y_true, y_pred, tree, form, _square, pred_form)
        for form in ("conditional", "cumulative")
    }
    entropy = _both(y_true, y_pred, tree, "conditional", _cross_entropy, pred_form)
    votes = check_votes(y_true, tree=tree)
    mean_reach = tree.reach(votes.cumulative(tree), form="cumulative")
    question_weight = question_weights(votes, tree)
    galaxy_weight = check_sample_weight(sample_weight, mean_reach, ensure_non_negative=True)
    rows = {}
    for q, (question, columns) in enumerate(zip(tree.questions, tree.slices, strict=True)):
        weight = galaxy_weight * question_weight[:, q]
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


def question_weights(votes, tree):
    """Return how much each galaxy counts for each question: its reach, 0 where nothing is known.

    Parameters
    ----------
    votes : Votes
        The votes.
    tree : DecisionTree
        The survey.

    Returns
    -------
    ndarray of float64, shape (n_galaxies, n_questions)
        The weights. As in the loss, an unknown fraction on the way to a question counts as 1.
    """
    voted = tree.normalize(votes.conditional(tree))
    reach = tree.reach(votes.cumulative(tree), form="cumulative")
    at_most = tree.reach(np.where(np.isnan(voted), 1, voted), form="conditional")
    has_votes = np.stack([voted[:, columns].sum(axis=1) > 0 for columns in tree.slices], axis=1)
    return np.where(np.isnan(reach), at_most, reach) * has_votes


class _VoteScorer(Scorer):
    """A scorer that asks for vote fractions, and scores them along the estimator's tree."""

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        tree = self._kwargs.get("tree") or tree_of(estimator) or GZ2
        if is_regressor(estimator):
            predicted = method_caller(estimator, "predict", X)
        elif len(tree.answer_names) == 2:
            # scikit-learn takes two answers for two classes, and passes on the second column only.
            predicted = estimator.predict_proba(X)
        else:
            predicted = method_caller(estimator, "predict_proba", X)
        kwargs = {"tree": tree, **kwargs}
        if "pred_form" in inspect.signature(self._score_func).parameters:
            # A few galaxies may not tell it.
            kwargs.setdefault("pred_form", form_of(estimator))
        return self._sign * self._score_func(y_true, predicted, **kwargs)


def make_vote_scorer(metric, *, tree=None, greater_is_better=False):
    """Make a scikit-learn scorer of vote fractions, for ``scoring=`` of searches and the like.

    Parameters
    ----------
    metric : callable
        A function of this module that returns one number, or another one that takes ``y_true``,
        ``y_pred`` and ``tree``.
    tree : DecisionTree, optional
        The survey. By default that of the estimator which is scored: the ``tree`` of a
        `GalaxyClassifier` or `GalaxyEnsemble`, also as the last step of a pipeline and in a
        search. `GZ2` for estimators without a tree, such as regressors.
    greater_is_better : bool, default=False
        Whether the metric is a score and not an error. Errors are negated, so that of scores the
        greater one is always better.

    Returns
    -------
    callable
        The scorer. It asks classifiers for ``predict_proba``, regressors for ``predict``.

    See Also
    --------
    sklearn.metrics.make_scorer : The same for one class or number a galaxy.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import cross_val_score
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.metrics import conditional_mse, make_vote_scorer
    >>> X, y = make_galaxies(20, image_size=16, random_state=0)
    >>> scorer = make_vote_scorer(conditional_mse)
    >>> cross_val_score(Ridge(), X.reshape(20, -1) / 255, y, scoring=scorer, cv=2) < 0
    array([ True,  True])
    """
    return _VoteScorer(
        metric,
        1 if greater_is_better else -1,
        {} if tree is None else {"tree": tree},
        response_method=("predict_proba", "predict"),
    )


# For `scoring=` of searches and cross-validation; negated, so that more is better.
neg_cumulative_mse = make_vote_scorer(cumulative_mse)
neg_cumulative_rmse = make_vote_scorer(cumulative_rmse)
neg_conditional_mse = make_vote_scorer(conditional_mse)
neg_conditional_rmse = make_vote_scorer(conditional_rmse)
neg_conditional_cross_entropy = make_vote_scorer(conditional_cross_entropy)


def voted_and_predicted(y_true, y_pred, *, tree, pred_form=None):
    """Check voted and predicted fractions of the same galaxies, and tell their forms.

    Returns
    -------
    voted : Votes
        The votes.
    predicted : Predictions
        The predictions.
    """
    voted = check_votes(y_true, tree=tree)
    predicted = check_predictions(
        y_pred,
        tree=tree,
        form=pred_form,
        form_of_votes=voted.form if voted.counts is None else "counts",
    )
    if len(voted.fractions) != len(predicted.values):
        raise ValueError(
            f"Found {len(voted.fractions)} voted and {len(predicted.values)} predicted galaxies."
        )
    return voted, predicted


def _score(y_true, y_pred, tree, form, compare, sample_weight, pred_form):
    values = _both(y_true, y_pred, tree, form, compare, pred_form)
    if sample_weight is not None:
        sample_weight = check_sample_weight(sample_weight, values, ensure_non_negative=True)
    score = _mean(values, sample_weight)
    if np.isnan(score):
        raise ValueError("y_true holds no vote that is known and has weight; nothing to score.")
    return score


def _both(y_true, y_pred, tree, form, compare, pred_form):
    """Compare voted and predicted fractions in the form asked for; NaN where votes are unknown."""
    voted, predicted = voted_and_predicted(y_true, y_pred, tree=tree, pred_form=pred_form)
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
