"""What a network can learn from images without labels."""

from keras import ops

__all__ = ["vicreg_loss"]


def vicreg_loss(y_true, pairs):
    """Make two views of a galaxy alike, and the features of different galaxies different.

    Parameters
    ----------
    y_true : tensor
        Ignored; Keras passes one.
    pairs : tensor of shape (n_galaxies, 2, n_features)
        Features of two views of each galaxy.

    Returns
    -------
    tensor of shape (n_galaxies,)
        The loss of the batch, repeated.

    References
    ----------
    .. [1] Bardes, Ponce & LeCun 2022, ICLR (arXiv 2105.04906): equations 1 to 6, with the weights
       25, 25 and 1.
    """
    a, b = pairs[:, 0], pairs[:, 1]
    alike = ops.mean(ops.square(a - b))
    loss = 25 * alike + _spread(a) + _spread(b)
    return ops.zeros_like(pairs[:, 0, 0]) + loss


def _spread(features):
    n, k = ops.cast(ops.shape(features)[0], features.dtype), features.shape[1]
    centred = features - ops.mean(features, axis=0)
    deviation = ops.sqrt(ops.mean(ops.square(centred), axis=0) + 1e-4)
    covariance = ops.matmul(ops.transpose(centred), centred) / ops.maximum(n - 1, 1)
    between = ops.sum(ops.square(covariance)) - ops.sum(ops.square(ops.diagonal(covariance)))
    return 25 * ops.mean(ops.relu(1 - deviation)) + between / k
