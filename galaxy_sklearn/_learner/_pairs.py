"""Pairs of views as a target: features from images without labels."""

import numpy as np

from galaxy_sklearn.networks.self_supervision import vicreg_loss


class ViewPairs:
    """The target of self-supervision: two views of a galaxy are alike, different galaxies differ.

    Parameters
    ----------
    n_outputs : int
        Number of outputs in which views are compared.
    """

    activation = "linear"
    n_views = 2
    form = None

    def __init__(self, n_outputs):
        self.classes = np.arange(n_outputs)

    def add_head(self, model):
        """Return the network as it is."""
        return model

    def encode(self, y, smoothing=0.0):
        """Return one number a galaxy, which Keras asks for and the loss ignores."""
        return np.zeros((len(y), 1), dtype=np.float32)

    def class_weights(self, class_weight, encoded):
        """Return no weights."""
        return None, None

    def keras_loss(self, question_weight, answer_weight):
        """Return the loss of pairs."""
        return vicreg_loss

    def reset_calibration(self):
        """Do nothing: there is no calibration."""

    def make_metrics(self):
        """Return no metrics."""
        return []
