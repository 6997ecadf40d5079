"""Images unlike those of the training."""

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import LedoitWolf

from galaxy_sklearn import GalaxyClassifier, GalaxyEnsemble, make_galaxy_pipeline
from galaxy_sklearn._learner._novelty import distance, find_gaussian
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.scoring import prediction_table
from galaxy_sklearn.sharing import load_model, save_model

SETTINGS = {
    "network__filters": (2, 4),
    "network__features": 8,
    "epochs": 2,
    "run_eagerly": True,
    "random_state": 0,
}


def features(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    return np.maximum(rng.normal(1, 0.1, (n, 6)) + shift * np.arange(6), 0)


def test_distance_is_that_of_mahalanobis():
    trained, held_out = features(300, 0), features(100, 1)
    gaussian = find_gaussian(trained, held_out)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (trained, held_out)]
    fit = LedoitWolf().fit(unit[0])
    expected = np.array([mahalanobis(x, fit.location_, fit.precision_) for x in unit[1]])
    found = distance(gaussian, held_out)
    np.testing.assert_allclose(found * gaussian.limit, expected, rtol=1e-3)
    assert (found > 1).sum() <= 1 and found.max() >= 1
    assert (distance(gaussian, features(50, 2, shift=2.0)) > 1).all()


@pytest.mark.parametrize("trained", [np.zeros((5, 3)), np.ones((2, 3)), features(3, 0)])
def test_features_that_say_little(trained):
    """All zero, all alike, fewer than their number: distances are finite numbers."""
    gaussian = find_gaussian(trained, trained[:1])
    found = distance(gaussian, np.vstack([trained, np.zeros((1, trained.shape[1]))]))
    assert np.isfinite(found).all() and gaussian.limit > 0


@pytest.fixture(scope="module")
def data():
    return make_galaxies(60, image_size=16, random_state=0)


@pytest.fixture(scope="module")
def classifier(data):
    return GalaxyClassifier(**SETTINGS).fit(*data)


def test_noise_is_unusual(data, classifier):
    noise = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    own, foreign = classifier.score_samples(data[0]), classifier.score_samples(noise)
    assert (own <= 0).all() and (own > -1).mean() > 0.8
    assert (foreign < -1).all()


def test_scores_come_with_predictions(data, classifier, tmp_path):
    """The table has both, from one look at each image, and a saved model has the same."""
    table = prediction_table(classifier, data[0])
    assert table.columns[-3:].tolist() == ["label", "unusual", "error"]
    np.testing.assert_array_equal(table["unusual"], -classifier.score_samples(data[0]))
    np.testing.assert_allclose(
        table.iloc[:, :37], classifier.predict_proba(data[0]), rtol=0, atol=1e-6
    )
    save_model(classifier, tmp_path / "m.skops")
    again = load_model(tmp_path / "m.skops")
    np.testing.assert_array_equal(again.score_samples(data[0]), classifier.score_samples(data[0]))
    pipe = make_galaxy_pipeline().set_params(resize__size=16, classifier=classifier)
    assert pipe.score_samples(data[0]).shape == (60,)


def test_ensembles_average(data):
    ensemble = GalaxyEnsemble(GalaxyClassifier(**SETTINGS), n_estimators=2, random_state=0)
    assert not hasattr(ensemble, "score_samples")
    ensemble.fit(*data)
    members = [member.score_samples(data[0]) for member in ensemble.estimators_]
    np.testing.assert_allclose(ensemble.score_samples(data[0]), np.mean(members, axis=0))
    assert "unusual" in prediction_table(ensemble, data[0][:2])


def test_only_where_galaxies_were_set_aside(data, classifier):
    whole = GalaxyClassifier(**SETTINGS, validation_fraction=0)
    assert not hasattr(whole, "score_samples")
    assert not hasattr(whole.fit(*data), "score_samples")
    assert "unusual" not in prediction_table(whole, data[0][:2])
    # The features move on.
    moved = GalaxyClassifier(**SETTINGS).fit(*data).partial_fit(*data)
    assert not hasattr(moved, "score_samples")
