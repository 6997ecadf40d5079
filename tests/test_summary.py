"""What a fitted model says of its training."""

import datetime
import html
import pickle
import re

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from tiny import tiny

import galaxy_sklearn
from galaxy_sklearn import (
    FlattenToTensor,
    GalaxyClassifier,
    GalaxyEncoder,
    GalaxyEnsemble,
    Grayscale,
)
from galaxy_sklearn._models import forget_training
from galaxy_sklearn.metrics import neg_cumulative_rmse
from galaxy_sklearn.scoring._predictions import content_id
from galaxy_sklearn.sharing import load_model, load_pretrained, save_model, training_summary
from galaxy_sklearn.surveys import GZ_DECALS


def make(**parameters):
    settings = {"epochs": 3, "random_state": 0, "run_eagerly": True, "validation_fraction": 0.25}
    return GalaxyClassifier(tiny, **{**settings, **parameters})


@pytest.fixture(scope="module")
def data(galaxies):
    X, y = galaxies
    return np.ascontiguousarray(X[:, ::4, ::4] / 255, dtype=np.float32), y


@pytest.fixture(scope="module")
def fitted(data):
    return make().fit(*data)


def test_what_is_kept(data, fitted):
    record = fitted.training_
    assert (record["n_galaxies"], record["n_held_out"]) == (24, 6)
    finished = datetime.datetime.fromisoformat(record["finished"])
    assert abs(datetime.datetime.now(datetime.UTC) - finished) < datetime.timedelta(minutes=10)
    assert record["versions"]["galaxy_sklearn"] == galaxy_sklearn.__version__
    assert record["versions"]["keras"] == keras.__version__
    with pytest.raises(NotFittedError):
        _ = make().training_
    assert not hasattr(make(), "training_")


def test_summary(fitted):
    words = training_summary(fitted)
    assert words["learned"] == "37 conditional vote fractions of Galaxy Zoo 2"
    assert words["galaxies"] == "24, of which 6 set aside"
    best = fitted.best_epoch_
    assert words["epochs"] == ("3" if best == 3 else f"3, number {best} kept")
    losses = fitted.history_["val_loss"][best - 1], fitted.history_["val_mse"][best - 1]
    assert words[
        "on galaxies set aside"
    ] == "loss {:.4g}, mean squared error of conditional fractions {:.4g}".format(*losses)
    assert words["weights"] == f"{fitted.model_.count_params():,}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", words["finished"])
    assert f"keras {keras.__version__}" in words["versions"]


def test_of_other_estimators(data, fitted):
    X, y = data
    pipe = make_pipeline(Grayscale(), FlattenToTensor(), make(tree=GZ_DECALS, epochs=1))
    labels = np.where(y.iloc[:, 0] > 0.5, "a", "b")
    words = training_summary(pipe.fit(X, labels))
    assert words["learned"] == "2 classes" and "accuracy" in words["on galaxies set aside"]
    search = GridSearchCV(make(), {"epochs": [1]}, cv=KFold(2), scoring=neg_cumulative_rmse)
    assert training_summary(search.fit(X, y))["epochs"] == "1"
    words = training_summary(GalaxyEncoder(make(epochs=1), n_projected=8).fit(X))
    assert words["learned"] == "images without labels" and words["galaxies"] == "24"
    ensemble = GalaxyEnsemble(make(epochs=1), 2, random_state=0).fit(X, y)
    words = training_summary(ensemble)
    assert words["members"] == "2" and words["galaxies"] == "24, of which 6 set aside"
    assert words["on galaxies set aside"].count("loss") == 2
    for other, error in ((make(), NotFittedError), (DummyClassifier().fit(X, labels), ValueError)):
        with pytest.raises(error, match="not fitted|galaxy_sklearn, got DummyClassifier"):
            training_summary(other)


def test_partial_fit(data):
    """Its galaxies count, too; and the figures are those of weights that are no more."""
    X, y = data
    classifier = make().fit(X, y).partial_fit(X[:5], y[:5])
    words = training_summary(classifier)
    assert words["galaxies"] == "29, of which 6 set aside" and words["epochs"] == "4"
    assert "on galaxies set aside" not in words
    classifier.fit(X, y)
    assert training_summary(classifier)["galaxies"] == "24, of which 6 set aside"
    # That of a file of an earlier version is not known.
    forget_training(classifier)
    words = training_summary(classifier.partial_fit(X, y))
    assert "galaxies" not in words and "finished" in words


def test_weights_of_an_unknown_epoch(fitted):
    other = pickle.loads(pickle.dumps(fitted))
    other.best_epoch_ = None
    words = training_summary(other)
    assert words["epochs"] == "3" and "on galaxies set aside" not in words


def test_models_of_earlier_versions():
    words = training_summary(load_pretrained("gz2"))
    assert words["epochs"] == "55, number 49 kept" and "mean squared error" in words.iloc[2]
    assert {"galaxies", "finished", "versions"}.isdisjoint(words.index)


def test_the_same_model_whenever_it_was_trained(data, tmp_path):
    """What was scored by one goes on with the other."""
    X, y = data
    settings = {"epochs": 1, "run_eagerly": True, "network__filters": (2, 2)}
    first = GalaxyClassifier(random_state=0, **settings).fit(X, y)
    save_model(first, tmp_path / "m.skops")
    again = load_model(tmp_path / "m.skops")
    assert again.training_ == first.training_
    again.training_["finished"] = "2020-01-01T00:00:00+00:00"
    assert "2020-01-01 00:00 UTC" in training_summary(again).tolist()
    for model in (first, again):
        forget_training(model)
    assert content_id(first) == content_id(again)


def test_diagrams(data, fitted):
    pipe = make_pipeline(Grayscale(), FlattenToTensor(), fitted)
    figure = fitted.history_["val_mse"][fitted.best_epoch_ - 1]
    line = (
        "37 conditional vote fractions of Galaxy Zoo 2 from 24 galaxies; "
        f"mean squared error of conditional fractions {figure:.3g} on galaxies set aside"
    )
    for shown in (fitted, pipe):
        page = html.unescape(shown._repr_html_())
        assert page.count(line) == 1 and "GalaxyClassifier" in page
    # Text shows the parameters, as ever, and what is not fitted has nothing to say.
    assert repr(fitted) == repr(clone(fitted))
    assert "vote fractions" not in clone(pipe)._repr_html_()
    # Where scikit-learn draws another estimator in the box, it does so still.
    tuned = make(pretrained=FrozenEstimator(fitted), epochs=1).fit(*data)
    assert "pretrained: FrozenEstimator" in tuned._repr_html_()
