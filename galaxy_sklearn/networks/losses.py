"""Losses over conditional vote fractions."""

from keras import ops

__all__ = ["FRACTION_LOSSES", "vote_loss"]

FRACTION_LOSSES = ("binary_crossentropy", "mse")


def vote_loss(loss, tree, *, question_weight=None, answer_weight=None):
    """Make a loss over the answers of a decision tree.

    Parameters
    ----------
    loss : {"binary_crossentropy", "mse"}
        What is computed for each answer.
    tree : DecisionTree
        The questions.
    question_weight : {"reach"} or None, default=None
        "reach" multiplies the loss of each answer with the fraction of the volunteers that
        got as far as its question, and takes a question whose answers are all 0, which is one
        without votes, out. None counts all answers alike.
    answer_weight : array-like of shape (n_answers,), optional
        A further weight for each answer.

    Returns
    -------
    callable
        Takes voted and predicted conditional fractions of shape (n_galaxies, n_answers),
        returns the weighted mean over the answers, of shape (n_galaxies,).
    """

    def of_votes(y_true, y_pred):
        if loss == "mse":
            values = ops.square(y_true - y_pred)
        else:
            p = ops.clip(y_pred, 1e-7, 1 - 1e-7)
            values = -(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p))
        if question_weight == "reach":
            values = values * _reach(y_true, tree)
        if answer_weight is not None:
            values = values * ops.convert_to_tensor(answer_weight, dtype=values.dtype)
        return ops.mean(values, axis=-1)

    return of_votes


def _reach(conditional, tree):
    """Reach of the question of each answer, 0 for a question without votes."""
    cumulative, weights = {}, {}
    for i in tree.order:
        votes = conditional[:, tree.slices[i]]
        reach = cumulative.get(tree.parents[i], ops.ones_like(votes[:, 0]))
        for column in range(tree.slices[i].start, tree.slices[i].stop):
            cumulative[column] = conditional[:, column] * reach
        asked = ops.cast(ops.sum(votes, axis=1) > 0, votes.dtype)
        weights[i] = ops.ones_like(votes) * (reach * asked)[:, None]
    return ops.concatenate([weights[i] for i in range(len(tree.slices))], axis=1)
