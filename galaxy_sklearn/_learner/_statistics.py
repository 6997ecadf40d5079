"""What batch normalization takes for the mean and the spread of images."""

import keras
from sklearn.utils import gen_batches

from galaxy_sklearn._compat import all_layers
from galaxy_sklearn._learner._loop import batch_as_float32

BATCH = 128
# Enough for means; they are drawn at random.
MOST_IMAGES = 5000


def settle_statistics(model, X, rows):
    """Estimate the statistics of batch normalization on images as they are.

    During the training they follow images that are turned and zoomed at random, which are smoother,
    with units dropped at random. Those of the images that are to be predicted differ. (Wu & Johnson
    2021, arXiv 2105.07576, on statistics of a whole training set; Touvron et al. 2019, NeurIPS 32,
    on images that differ from those of the training.)

    Parameters
    ----------
    model : keras.Model
        A trained network. Layers that were not trained keep their statistics.
    X : ndarray of shape (n_galaxies, height, width, n_channels)
        Images.
    rows : ndarray of int
        Those that the network was trained on, in random order.
    """
    layers = all_layers(model)
    normalizing = [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
    if not any(layer.trainable for layer in normalizing):
        return
    dropping = [layer for layer in layers if hasattr(layer, "rate")]
    momenta, rates = [x.momentum for x in normalizing], [x.rate for x in dropping]
    try:
        for layer in dropping:
            layer.rate = 0.0
        for k, batch in enumerate(gen_batches(len(rows[:MOST_IMAGES]), BATCH)):
            for layer in normalizing:
                layer.momentum = k / (k + 1)  # the mean of all batches so far
            model(batch_as_float32(X[rows[batch]]), training=True)
    finally:
        for layer, momentum in zip(normalizing, momenta, strict=True):
            layer.momentum = momentum
        for layer, rate in zip(dropping, rates, strict=True):
            layer.rate = rate
