"""The answers of a fitted classifier as operations of a graph."""

from copy import deepcopy

import keras
import numpy as np
from keras import ops

from galaxy_sklearn._compat import all_layers
from galaxy_sklearn._learner import FLOOR, LabelTarget


def make_answering(classifier):
    """Make the function that a graph computes from images.

    Parameters
    ----------
    classifier : GalaxyClassifier
        The fitted classifier.

    Returns
    -------
    callable
        Takes images, a tensor of float32 and of shape (n, height, width, channels), and returns
        what `predict_proba` does, a tensor of shape (n, n_classes). It computes in single
        precision whatever the dtype policy of the classifier.
    """
    learner = deepcopy(classifier._learner)
    for layer in all_layers(learner.model):
        layer.dtype_policy = layer.variable_dtype
        if getattr(layer, "activation", None) is keras.activations.sigmoid:
            layer.activation = _sigmoid
    is_mean = classifier.symmetric and not learner.is_invariant

    def answer(images):
        if not is_mean:
            return _probabilities(learner.target, learner.model(images, training=False))
        views = _orientations(images)
        outputs = learner.model(ops.concatenate(views, axis=0), training=False)
        outputs = ops.reshape(outputs, (len(views), -1, outputs.shape[1]))
        return _probabilities(learner.target, ops.mean(outputs, axis=0))

    return answer


def _sigmoid(x):
    """Return the sigmoid, exact for small ones as well.

    That of ONNX Runtime is off by 6e-8. Fractions are ratios of the sigmoids of a question, which
    are all small if hardly anybody is asked.
    """
    return 1 / (1 + ops.exp(-x))


def _orientations(images):
    """Turn and mirror images, onto the same shape."""
    turned = [images, images[:, ::-1, ::-1]]
    if images.shape[1] == images.shape[2]:
        turned += [ops.transpose(view, (0, 2, 1, 3)) for view in turned]
    return [view[:, :, ::step] for view in turned for step in (1, -1)]


def _probabilities(target, outputs):
    """Turn outputs of the network into answers, as the target's `probabilities` does."""
    if isinstance(target, LabelTarget):
        if target.temperature == 1:
            return outputs
        temperature, question, counts_votes = target.temperature, np.zeros(outputs.shape[1]), False
    else:
        sizes = [columns.stop - columns.start for columns in target.tree.slices]
        temperature = np.repeat(target.temperature, sizes)
        question, counts_votes = np.repeat(np.arange(len(sizes)), sizes), target.counts_votes
    # In double precision: a power of a small fraction can be too small for another one.
    outputs = ops.maximum(ops.cast(outputs, "float64"), np.float64(FLOOR))
    outputs = outputs / temperature if counts_votes else outputs ** (1 / temperature)
    same_question = (question[:, None] == question).astype(np.float64)
    fractions = outputs / ops.matmul(outputs, same_question)
    return _cumulative(target.tree, fractions) if target.form == "cumulative" else fractions


def _cumulative(tree, conditional):
    """Multiply conditional fractions down the tree."""
    cumulative = {}
    for i in tree.order:
        # As in `decision_tree.reach_of_roads`.
        reach = sum(cumulative[column] for column in tree.parents[i]) if tree.parents[i] else 1.0
        if len(tree.parents[i]) > 1:
            reach = ops.minimum(reach, 1.0)
        for column in range(tree.slices[i].start, tree.slices[i].stop):
            cumulative[column] = conditional[:, column] * reach
    return ops.stack([cumulative[column] for column in range(conditional.shape[1])], axis=1)
