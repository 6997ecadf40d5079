"""Losses of vote fractions and of vote counts. NaN means unknown and is ignored."""

import math

import keras
from keras import ops

__all__ = ["VOTE_LOSSES", "KnownSquaredError", "vote_loss"]

# Losses of conditional fractions, answer by answer; then those of the tree as a whole.
ANSWER_LOSSES = ("binary_crossentropy", "mse", "cross_entropy")
VOTE_LOSSES = (*ANSWER_LOSSES, "cumulative_mse", "dirichlet_multinomial")


def vote_loss(loss, tree, *, question_weight=None, answer_weight=None):
    """Make a loss over the answers of a decision tree.

    Parameters
    ----------
    loss : {"binary_crossentropy", "mse", "cross_entropy", "cumulative_mse", \
            "dirichlet_multinomial"}
        Name of the loss. The first three compare conditional fractions; "cross_entropy" is the
        categorical one. "cumulative_mse" compares cumulative fractions. "dirichlet_multinomial"
        is the negative log-likelihood of the vote counts, given the concentrations of a Dirichlet
        distribution for each question [1]_, without the part that does not depend on them.
    tree : DecisionTree
        The questions.
    question_weight : {"reach"} or None, default=None
        "reach" multiplies the loss of conditional fractions by the fraction of the volunteers
        that reached the question, and leaves out questions without votes, whose answers are all
        0. None weights all answers equally. The other two losses contain the reach already.
    answer_weight : array-like of shape (n_answers,), optional
        A further weight for each answer. For the Dirichlet-multinomial the answers of a question
        must have the same weight.

    Returns
    -------
    callable
        Takes the true and the predicted fractions (for the Dirichlet-multinomial counts and
        concentrations), both of shape (n_galaxies, n_answers); returns the weighted mean over the
        answers, of shape (n_galaxies,). A question that is unknown, NaN in all its answers,
        contributes 0. An unknown fraction on the way to a question counts as 1 in its reach;
        "cumulative_mse" leaves the question out.

    References
    ----------
    .. [1] Walmsley et al. 2020, MNRAS 491, 1554 (arXiv 1905.07424), section 3.1, for questions
       with two answers.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn import GZ2
    >>> from galaxy_sklearn.networks.losses import vote_loss
    >>> loss = vote_loss("mse", GZ2)
    >>> votes = np.zeros((2, 37), dtype=np.float32)
    >>> np.asarray(loss(votes, votes + np.float32(0.5)))
    array([0.25, 0.25], dtype=float32)
    """
    if answer_weight is not None and loss == "dirichlet_multinomial":
        answer_weight = _question_weights(answer_weight, tree)

    def compute(y_true, y_pred):
        if loss == "cumulative_mse":
            # The reach of what lies beyond an unknown question is NaN.
            y_true = y_true * _reach(y_true, tree)
            y_pred = y_pred * _reach(y_pred, tree)
        y_true, known = _known(y_true)
        if loss == "dirichlet_multinomial":
            values = -_log_likelihood(y_true, y_pred, tree)
        elif loss == "cumulative_mse":
            values = ops.square(y_true - y_pred) * known
        else:
            values = _answer_loss(loss, y_true, y_pred) * known
            if question_weight == "reach":
                values = values * _reach(y_true + (1 - known), tree)
        if answer_weight is not None:
            values = values * ops.convert_to_tensor(answer_weight, dtype=values.dtype)
        return ops.mean(values, axis=-1)

    return compute


class KnownSquaredError(keras.metrics.Mean):
    """Mean squared error over the fractions that are known.

    Parameters
    ----------
    name : str, default="mean"
        Name of the metric.
    dtype : str, optional
        Dtype of the computation.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn.networks.losses import KnownSquaredError
    >>> metric = KnownSquaredError()
    >>> metric.update_state(np.array([[np.nan, 0.5]]), np.array([[0.3, 0.0]], dtype=np.float32))
    >>> float(metric.result())
    0.25
    """

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch.

        Parameters
        ----------
        y_true : tensor of shape (n_galaxies, n_answers)
            True fractions, NaN where they are unknown.
        y_pred : tensor of shape (n_galaxies, n_answers)
            Predicted fractions.
        sample_weight : None
            Ignored: all galaxies have the same weight.
        """
        y_true, known = _known(ops.cast(y_true, y_pred.dtype))
        super().update_state(ops.square(y_true - y_pred), sample_weight=known)


def _known(votes):
    """Return the votes with 0 where they are unknown, and an indicator of the known ones."""
    # Replaced first: the gradient of arithmetic with NaN is NaN, even if it is weighted by 0.
    unknown = ops.isnan(votes)
    return ops.where(unknown, 0.0, votes), 1 - ops.cast(unknown, votes.dtype)


def _answer_loss(loss, y_true, y_pred):
    if loss == "mse":
        return ops.square(y_true - y_pred)
    p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
    values = -y_true * ops.log(p)
    if loss == "binary_crossentropy":
        values = values - (1 - y_true) * ops.log(1 - p)
    return values


def _log_likelihood(counts, concentrations, tree):
    """Log-likelihood of the counts for each question, of shape (n_galaxies, n_questions)."""
    a = ops.clip(concentrations, 1e-3, 1e6)
    of_answers = _log_gamma(counts + a) - _log_gamma(a)
    values = []
    for columns in tree.slices:
        n, total = ops.sum(counts[:, columns], axis=1), ops.sum(a[:, columns], axis=1)
        value = ops.sum(of_answers[:, columns], axis=1) + _log_gamma(total) - _log_gamma(total + n)
        # Without votes it is 0 up to rounding.
        values.append(ops.where(n > 0, value, 0.0))
    return ops.stack(values, axis=1)


def _log_gamma(x):
    """Logarithm of the gamma function of positive numbers, missing from `keras.ops`.

    Stirling's series at x + 6 and the recurrence back to x are exact to rounding in single
    precision.
    """
    product = x * (x + 1) * (x + 2)
    further = (x + 3) * (x + 4) * (x + 5)
    z = x + 6
    series = 1 / (12 * z) - 1 / (360 * z**3)
    stirling = (z - 0.5) * ops.log(z) - z + 0.5 * math.log(2 * math.pi) + series
    return stirling - ops.log(product) - ops.log(further)


def _question_weights(answer_weight, tree):
    weights = []
    for question, columns in zip(tree.questions, tree.slices, strict=True):
        values = set(map(float, answer_weight[columns]))
        if len(values) > 1:
            raise ValueError(
                "class_weight: the Dirichlet-multinomial loss needs one weight for all answers of "
                f"a question, but those of {question.name!r} have the weights {sorted(values)}."
            )
        weights.append(values.pop())
    return weights


def _reach(conditional, tree):
    """Return the reach of the question of each answer, 0 for a question without votes."""
    cumulative, weights = {}, {}
    for i in tree.order:
        votes = conditional[:, tree.slices[i]]
        # As in `decision_tree.reach_of_roads`.
        reach = ops.ones_like(votes[:, 0])
        if tree.parents[i]:
            reach = sum(cumulative[column] for column in tree.parents[i])
        if len(tree.parents[i]) > 1:
            reach = ops.where(reach > 1, 1.0, reach)  # NaN stays
        for column in range(tree.slices[i].start, tree.slices[i].stop):
            cumulative[column] = conditional[:, column] * reach
        asked = ops.cast(ops.sum(votes, axis=1) > 0, votes.dtype)
        weights[i] = ops.ones_like(votes) * (reach * asked)[:, None]
    return ops.concatenate([weights[i] for i in range(len(tree.slices))], axis=1)
