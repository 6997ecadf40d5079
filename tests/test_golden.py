"""Models that earlier versions wrote are read, and answer as they did."""

import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone

import galaxy_sklearn
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.sharing import load_model

VERSIONS = sorted(path.parent for path in Path(__file__).parent.glob("golden/*/pipeline.joblib"))


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda path: path.name)
def test_files_of_earlier_versions(folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pipe = joblib.load(folder / "pipeline.joblib")
    # scikit-learn warns of its own steps, if its version has changed.
    messages = [str(w.message) for w in caught if "galaxy_sklearn" in str(w.message)]
    earlier = folder.name != galaxy_sklearn.__version__
    assert len(messages) == earlier
    assert all(f"saved by galaxy_sklearn {folder.name}" in message for message in messages)
    images, votes = make_galaxies(40, image_size=48, random_state=0)
    fractions = pipe.predict_proba(images[:8])
    np.testing.assert_allclose(fractions, np.load(folder / "fractions.npy"), atol=1e-5)
    again = pickle.loads(pickle.dumps(pipe))
    np.testing.assert_array_equal(again.predict_proba(images[:8]), fractions)
    # With the parameters that were added since.
    assert "classifier__checkpoint" in clone(pipe).get_params() and "GalaxyClassifier" in repr(pipe)
    pipe.set_params(classifier__warm_start=True, classifier__epochs=1).fit(images, votes)


SAFE = sorted(path.parent for path in Path(__file__).parent.glob("golden/*/pipeline.skops"))


@pytest.mark.parametrize("folder", SAFE, ids=lambda path: path.name)
def test_safe_files_of_earlier_versions(folder):
    pipe = load_model(folder / "pipeline.skops")
    images, _ = make_galaxies(40, image_size=48, random_state=0)
    fractions = pipe.predict_proba(images[:8])
    np.testing.assert_allclose(fractions, np.load(folder / "fractions.npy"), atol=1e-5)
    assert (pipe.score_samples(images[:8]) < 0).all()


def test_encoder_of_version_0_1():
    folder = Path(__file__).parent / "golden" / "0.1.0"
    with pytest.warns(UserWarning, match="saved by galaxy_sklearn 0.1.0"):
        encoder = joblib.load(folder / "encoder.joblib")
    images = make_galaxies(40, image_size=16, random_state=0)[0]
    features = encoder.transform(images[:8])
    np.testing.assert_allclose(features, np.load(folder / "features.npy"), atol=1e-5)
    again = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(again.transform(images[:8]), features)


def test_there_is_a_file_of_this_version():
    for folders in (VERSIONS, SAFE):
        assert galaxy_sklearn.__version__ in {path.name for path in folders}
