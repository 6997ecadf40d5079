"""Losses for learning from images without labels."""

from keras import ops

__all__ = ["vicreg_loss"]


def vicreg_loss(y_true, pairs):
    """Compute the VICReg loss of pairs of views [1]_.

    It is small if the features of two views of a galaxy are similar, each feature varies between
    galaxies, and different features are uncorrelated.

    Parameters
    ----------
    y_true : tensor
        Ignored. Keras passes it to every loss.
    pairs : tensor of shape (n_galaxies, 2, n_features)
        Features of two views of each galaxy.

    Returns
    -------
    tensor of shape (n_galaxies,)
        The loss of the batch, repeated for each galaxy.

    References
    ----------
    .. [1] Bardes, Ponce & LeCun 2022, ICLR (arXiv 2105.04906): equations 1 to 6, with the weights
       25, 25 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn.networks.self_supervision import vicreg_loss
    >>> pairs = np.random.default_rng(0).normal(size=(8, 2, 3)).astype(np.float32)
    >>> np.asarray(vicreg_loss(None, pairs)).shape
    (8,)
    """
    a, b = pairs[:, 0], pairs[:, 1]
    invariance = ops.mean(ops.square(a - b))
    loss = 25 * invariance + _variance_and_covariance(a) + _variance_and_covariance(b)
    return ops.zeros_like(pairs[:, 0, 0]) + loss


def _variance_and_covariance(features):
    n, k = ops.cast(ops.shape(features)[0], features.dtype), features.shape[1]
    centred = features - ops.mean(features, axis=0)
    deviation = ops.sqrt(ops.mean(ops.square(centred), axis=0) + 1e-4)
    covariance = ops.matmul(ops.transpose(centred), centred) / ops.maximum(n - 1, 1)
    off_diagonal = ops.sum(ops.square(covariance)) - ops.sum(ops.square(ops.diagonal(covariance)))
    return 25 * ops.mean(ops.relu(1 - deviation)) + off_diagonal / k
