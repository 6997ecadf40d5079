import pickle

import numpy as np
import pytest
from keras import ops
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks
from tiny import tiny

from galaxy_sklearn import GalaxyClassifier, GalaxyEncoder
from galaxy_sklearn.networks.self_supervision import vicreg_loss

LEARNER = GalaxyClassifier(network=tiny, epochs=2, run_eagerly=True, random_state=0)


@parametrize_with_checks([GalaxyEncoder(LEARNER, n_projected=8)])
def test_estimator_checks(estimator, check):
    check(estimator)


def test_loss_is_the_papers():
    """Against the equations, written out in NumPy."""
    z = np.random.default_rng(0).normal(0, 0.7, (12, 2, 5)).astype(np.float32)

    def variance(a):
        return np.maximum(0, 1 - np.sqrt(a.var(axis=0) + 1e-4)).mean()

    def covariance(a):
        c = np.cov(a.T)
        return (c**2)[~np.eye(5, dtype=bool)].sum() / 5

    a, b = z[:, 0], z[:, 1]
    expected = 25 * ((a - b) ** 2).mean() + 25 * (variance(a) + variance(b))
    expected += covariance(a) + covariance(b)
    found = ops.convert_to_numpy(vicreg_loss(None, ops.convert_to_tensor(z)))
    np.testing.assert_allclose(found, np.full(12, expected), rtol=1e-4)


def test_views_of_a_galaxy_grow_alike(galaxies):
    X = galaxies[0]
    learner = clone(LEARNER).set_params(
        network="residual", network__filters=(8, 16), epochs=30, symmetric=False
    )
    learner.set_params(learning_rate=0.01, shift=0, zoom=0, run_eagerly=False)

    def likeness(epochs):
        encoder = GalaxyEncoder(clone(learner).set_params(epochs=epochs), n_projected=16).fit(X)
        a, b = encoder.transform(X), encoder.transform(X[:, ::-1])
        spread = a.std(axis=0).mean()
        return np.abs(a - b).mean() / spread, encoder

    (before, _), (after, encoder) = likeness(1), likeness(30)
    assert after < before
    assert encoder.history_["loss"][-1] < encoder.history_["loss"][0]


def test_classifier_starts_from_an_encoder(galaxies):
    X, y = galaxies
    encoder = pickle.loads(pickle.dumps(GalaxyEncoder(LEARNER).fit(X)))
    tuned = clone(LEARNER).set_params(pretrained=FrozenEstimator(encoder), freeze=True)
    tuned = clone(tuned).fit(X, y)
    np.testing.assert_array_equal(tuned.transform(X), encoder.transform(X))


def test_bad_input(galaxies):
    still = clone(LEARNER).set_params(rotation=0, shift=0, zoom=0, flip=None)
    with pytest.raises(ValueError, match="needs an estimator that augments"):
        GalaxyEncoder(still).fit(galaxies[0])
    with pytest.raises(ValueError, match="at least two"):
        GalaxyEncoder(LEARNER).fit(galaxies[0][:1])
