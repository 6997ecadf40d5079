"""How far an image lies from those that a network was trained on."""

from typing import NamedTuple

import numpy as np
from sklearn.covariance import ledoit_wolf

# Of the distances of galaxies set aside: the unit in which others are given.
QUANTILE = 0.99
# No more training images than this tell where they lie, in no more dimensions.
MOST_IMAGES, MOST_FEATURES = 10_000, 1024


class Gaussian(NamedTuple):
    """Where the features of training images lie: their mean, what whitens them, and the limit."""

    mean: np.ndarray
    whitening: np.ndarray
    limit: float


def find_gaussian(trained, held_out):
    """Return where features lie.

    Parameters
    ----------
    trained, held_out : ndarray of shape (n_galaxies, n_features)
        Features of galaxies that the network was trained on, and of others.

    Returns
    -------
    Gaussian
        Mean and covariance, that of Ledoit & Wolf 2004 (J. Multivar. Anal. 88, 365), of what the
        network was trained on; and the distance that 99 of 100 of the others do not exceed.
    """
    trained = _directions(trained)
    mean = trained.mean(axis=0)
    covariance, _ = ledoit_wolf(trained - mean, assume_centered=True)
    values, vectors = np.linalg.eigh(covariance)
    known = values > values.max() * np.finfo(np.float32).eps
    whitening = vectors[:, known] / np.sqrt(values[known])
    found = Gaussian(mean.astype(np.float32), whitening.astype(np.float32), 1.0)
    distances = distance(found, held_out)
    limit = float(np.quantile(distances, QUANTILE, method="higher"))
    # All alike, as features of a network that has learned nothing may be.
    return found._replace(limit=limit or 1.0)


def distance(gaussian, features):
    """Return the Mahalanobis distance of features, in units of the limit.

    Of their directions (Mueller & Hein 2025, arXiv 2505.18032), which tells unknown images apart
    better than the features themselves (Lee et al. 2018, NeurIPS 31, 7167).
    """
    centred = _directions(features) - gaussian.mean
    return np.linalg.norm(centred @ gaussian.whitening, axis=1) / gaussian.limit


def _directions(features):
    features = np.asarray(features, dtype=np.float64)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(lengths > 0, lengths, 1)
