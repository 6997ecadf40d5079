"""Estimators are trained as a whole or not at all, and what they accept can be saved."""

import copy
import itertools
import os
import pickle
import subprocess
import sys

import joblib
import keras
import numpy as np
import own_network
import pandas as pd
import pytest
import scikeras.wrappers
from contracts import check_over_images
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted
from tiny import tiny
from trees import ROADS, fractions, volunteers

from galaxy_sklearn import FlattenToTensor, GalaxyClassifier, GalaxyEncoder, GalaxyEnsemble
from galaxy_sklearn._compat import all_layers
from galaxy_sklearn._learner import _loop
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.metrics import neg_conditional_mse, neg_cumulative_rmse
from galaxy_sklearn.surveys import GZ_DECALS, GZ_EUCLID, GZ_HUBBLE
from galaxy_sklearn.votes import check_votes

PARAMETERS = {
    "epochs": 2,
    "random_state": 0,
    "run_eagerly": True,
    "schedule": "constant",
    "weight_decay": 0,
}


def make(network=tiny, **parameters):
    return GalaxyClassifier(network, **{**PARAMETERS, **parameters})


ESTIMATORS = {
    "classifier": make(),
    "ensemble": GalaxyEnsemble(make(), 2, random_state=0),
    "encoder": GalaxyEncoder(make(), n_projected=8),
}


@pytest.fixture(scope="module")
def data(galaxies):
    X, y = galaxies
    return np.ascontiguousarray(X[:, ::2, ::2].mean(axis=-1) / 255, dtype=np.float32), y


def answers(estimator, X):
    return getattr(estimator, "predict_proba", estimator.transform)(X)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("answer", ["predict_proba", "transform"])
def test_over_images(data, name, answer):
    if hasattr(ESTIMATORS[name], answer):
        check_over_images(clone(ESTIMATORS[name]), data[0][:6].copy(), data[1][:6], answer)


# ------------------------------------------------------------------ all or nothing


def interrupt(*args):
    raise KeyboardInterrupt


def diverge(*args):
    return {"loss": float("nan")}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("failure", "error"), [(interrupt, KeyboardInterrupt), (diverge, ValueError)]
)
def test_a_fit_that_fails_leaves_all_as_it_was(data, name, failure, error, monkeypatch):
    X, y = data
    estimator = clone(ESTIMATORS[name])
    before = dict(vars(estimator))
    with monkeypatch.context() as patched, pytest.raises(error):
        patched.setattr(_loop, "_one_pass", failure)
        estimator.fit(X, y)
    assert vars(estimator) == before
    with pytest.raises(NotFittedError):
        check_is_fitted(estimator)
    # And a second fit, on other images, does not harm the first.
    expected = answers(estimator.fit(X, y), X)
    with monkeypatch.context() as patched, pytest.raises(error):
        patched.setattr(_loop, "_one_pass", failure)
        estimator.fit(X[:, :8, :8].reshape(24, -1), y)
    np.testing.assert_array_equal(answers(estimator, X), expected)
    assert not hasattr(estimator, "n_features_in_")


@pytest.mark.parametrize(
    "parameters", [{"class_weight": "even"}, {"class_weight": {"a99_cloud": 2.0}}, {"loss": "mse"}]
)
def test_a_fit_with_bad_parameters_does_not_count(data, parameters):
    X, y = data
    target = np.where(y.iloc[:, 0] > 0.5, "a", "b") if "loss" in parameters else y
    classifier = make(**parameters)
    with pytest.raises(ValueError, match=next(iter(parameters))):
        classifier.fit(X, target)
    with pytest.raises(NotFittedError):
        classifier.predict_proba(X)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("failure", "error"), [(interrupt, KeyboardInterrupt), (diverge, ValueError)]
)
def test_a_training_that_goes_on_and_fails_is_taken_back(data, method, failure, error, monkeypatch):
    """Also if the weights were changed before."""
    X, y = data
    classifier = make(warm_start=True).fit(X, y)
    expected, history = classifier.predict_proba(X), copy.deepcopy(classifier.history_)
    one_pass = _loop._one_pass

    def late(*args):
        one_pass(*args)
        return failure()

    with monkeypatch.context() as patched, pytest.raises(error):
        patched.setattr(_loop, "_one_pass", late)
        getattr(classifier, method)(X, y)
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)
    assert classifier.history_ == history and classifier.best_epoch_ <= 2
    classifier.partial_fit(X, y)
    assert (classifier.predict_proba(X) != expected).any()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_weights_that_are_not_finite_are_never_kept(data, method):
    """The loss does not show what the last step did."""
    classifier = make(learning_rate=1e39, epochs=1, batch_size=64)
    with pytest.raises(ValueError, match="Training diverged"):
        getattr(classifier, method)(*data)
    with pytest.raises(NotFittedError):
        check_is_fitted(classifier)


def test_a_failed_partial_fit_of_an_ensemble(data, monkeypatch):
    """Also of the members that were done."""
    X, y = data
    ensemble = clone(ESTIMATORS["ensemble"]).fit(X, y)
    expected, one_pass, passes = ensemble.predict_proba(X), _loop._one_pass, []

    def second(*args):
        passes.append(args)
        return one_pass(*args) if len(passes) == 1 else interrupt()

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(_loop, "_one_pass", second)
        ensemble.partial_fit(X, y)
    np.testing.assert_array_equal(ensemble.predict_proba(X), expected)
    assert [len(member.history_["loss"]) for member in ensemble.estimators_] == [2, 2]


def test_an_interrupted_search_stops(data, monkeypatch):
    """What was learned in part of the epochs is kept for a plain fit only."""
    X, y = data
    one_pass, passes = _loop._one_pass, []

    def second_epoch(*args):
        passes.append(args)
        return one_pass(*args) if len(passes) < 2 else interrupt()

    classifier = make(epochs=3, validation_fraction=0)
    many = [
        lambda: GridSearchCV(classifier, {"batch_size": [4, 8]}, cv=2).fit(X, y),
        lambda: cross_val_score(make_pipeline(classifier), X, y, cv=2),
        lambda: GalaxyEnsemble(classifier, 2).fit(X, y),
    ]
    monkeypatch.setattr(_loop, "_one_pass", second_epoch)
    for fit in many:
        passes.clear()
        with pytest.raises(KeyboardInterrupt):
            fit()
        assert len(passes) == 2
    passes.clear()
    with pytest.warns(UserWarning, match="interrupted after 1 of 3 epochs"):
        fitted = make_pipeline(clone(classifier)).fit(X, y)
    assert len(fitted[-1].history_["loss"]) == 1


def test_a_forked_process_is_told(data, monkeypatch):
    """It would hang: TensorFlow's threads are not there any more."""
    classifier = make().fit(*data)
    pid = os.getpid()
    monkeypatch.setattr("os.getpid", lambda: pid + 1)
    for compute in (
        lambda: classifier.predict(data[0]),
        lambda: clone(classifier).fit(*data),
        lambda: pickle.loads(pickle.dumps(classifier)),
    ):
        with pytest.raises(RuntimeError, match="forked .* 'loky'"):
            compute()


def test_images_in_other_units(data):
    """Floats of 0-255 for an estimator fitted on 0-1, and the other way round."""
    X, y = data
    assert 0.5 < X.max() <= 1
    for name, factor in itertools.product(ESTIMATORS, (1, 255)):
        estimator = clone(ESTIMATORS[name]).fit(factor * X, y)
        answer = getattr(estimator, "predict_proba", estimator.transform)
        for right in (2 * factor * X, 0 * X):
            answer(right)
        with pytest.warns(UserWarning, match="brightest pixel of X is .* other units"):
            answer(X * (255 if factor == 1 else 1))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_small_tensors(data, name):
    """uint8 stays uint8 until a batch is fed, and gives the same bits as float32 of its values."""
    eight_bits = np.rint(data[0] * 255).astype(np.uint8)
    same = FlattenToTensor().fit_transform(eight_bits)
    assert same.dtype == np.float32
    estimator = clone(ESTIMATORS[name])
    expected = answers(clone(estimator).fit(same, data[1]), same)
    for X in (eight_bits, FlattenToTensor(dtype="uint8").fit_transform(same)):
        assert X.dtype == np.uint8
        fitted = clone(estimator).fit(X, data[1])
        np.testing.assert_array_equal(answers(fitted, X), expected)
        np.testing.assert_array_equal(answers(fitted, same), expected)
    halves = FlattenToTensor(dtype="float16").fit_transform(same)
    found = answers(clone(estimator).fit(halves, data[1]), halves)
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_an_equivariant_network_is_asked_once(data, monkeypatch):
    """By each estimator, also once it was saved and by what starts from it."""
    X, y = data
    looks, predict = [], _loop.predict

    def count(model, X, *, symmetric):
        looks.append(symmetric)
        return predict(model, X, symmetric=symmetric)

    monkeypatch.setattr("galaxy_sklearn._learner._learner.predict", count)
    small = {"network__filters": (2, 2), "network__features": 4, "epochs": 1, "symmetric": True}
    settings = {**PARAMETERS, "validation_fraction": 0, **small}
    classifier = GalaxyClassifier("equivariant", **settings).fit(X, y)
    turned = np.rot90(X, axes=(1, 2))[:, :, ::-1]
    np.testing.assert_allclose(
        classifier.predict_proba(turned), classifier.predict_proba(X), atol=1e-6
    )
    started = make(pretrained=FrozenEstimator(classifier), validation_fraction=0, epochs=1)
    started.fit(X, y)
    for asked in (classifier, pickle.loads(pickle.dumps(classifier)), started):
        asked.predict_proba(X)
        asked.transform(X)
    assert looks == [False] * 8
    make(validation_fraction=0, epochs=1).fit(X, y).predict_proba(X)
    assert looks[8:] == [True]


def test_partial_fit_after_fit_learns(data):
    """The schedule of `fit` has come to its end, at a learning rate of 0."""
    X, y = data
    classifier = make(schedule="cosine").fit(X, y)
    before = classifier.model_.get_weights()
    classifier.partial_fit(X, y)
    assert all((a != b).any() for a, b in zip(before, classifier.model_.get_weights(), strict=True))


def test_partial_fit_takes_the_parameters_that_it_finds(data):
    X, y = data
    slow, fast = (make().partial_fit(X, y) for _ in range(2))
    slow.partial_fit(X, y)
    fast.set_params(learning_rate=0.1).partial_fit(X, y)
    assert (slow.predict_proba(X) != fast.predict_proba(X)).any()
    # A call that is refused before it begins costs the optimizer nothing.
    again = make().partial_fit(X, y)
    with pytest.raises(ValueError, match="non-zero"):
        again.partial_fit(X, y, sample_weight=np.zeros(len(X)))
    np.testing.assert_array_equal(again.partial_fit(X, y).predict_proba(X), slow.predict_proba(X))


def test_a_calibration_ends_with_the_training_that_it_is_of(data):
    X, y = data
    classifier = make(warm_start=True, calibrate=True).fit(X, y)
    assert (classifier.target_encoder_.temperature != 1).all()
    classifier.set_params(calibrate=False).fit(X, y)
    assert (classifier.target_encoder_.temperature == 1).all()


def test_a_refit_on_images_forgets_rows(data):
    X, y = data
    rows = pd.DataFrame(X.reshape(24, -1)).rename(columns=str)
    classifier = make(image_shape=(16, 16)).fit(rows, y)
    assert hasattr(classifier, "feature_names_in_")
    classifier.fit(X, y)
    assert not hasattr(classifier, "feature_names_in_") and not hasattr(
        classifier, "n_features_in_"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"network": "residual"},
        {"network__units": 4},
        {"output": "sigmoid"},
        {"loss": "mse"},
    ],
)
def test_a_warm_start_refuses_another_network(data, change):
    X, y = data
    classifier = make(warm_start=True, epochs=1).fit(X, y)
    expected = classifier.predict_proba(X)
    (name,) = change
    with pytest.raises(ValueError, match=rf"warm start.*{name.split('__')[0]}.*warm_start=False"):
        classifier.set_params(**change).fit(X, y)
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)
    classifier.set_params(warm_start=False).fit(X, y)


# ------------------------------------------------------------------ other surveys


# Some dozen steps suffice to learn what is the same for all galaxies.
LEARNS = {"epochs": 40, "batch_size": 24, "learning_rate": 0.05, "validation_fraction": 0}
AS_THEY_ARE = {"rotation": 0, "shift": 0, "zoom": 0, "flip": None, "symmetric": False}


@pytest.mark.parametrize(
    ("tree", "form", "loss"),
    [
        (ROADS, "conditional", "cumulative_mse"),
        (ROADS, "cumulative", "cross_entropy"),
        (GZ_HUBBLE, "conditional", "cross_entropy"),
        (GZ_HUBBLE, "cumulative", "cumulative_mse"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_questions_that_several_roads_lead_to(data, tree, form, loss):
    """They are learned as all others are, and what is predicted obeys the tree."""
    X = data[0]
    votes = np.repeat(fractions(tree, 0, 1), len(X), axis=0)
    given = votes if form == "conditional" else tree.to_cumulative(votes)
    classifier = make(tree=tree, loss=loss, **LEARNS, **AS_THEY_ARE).fit(X, given)
    assert classifier.form_ == form
    predicted = classifier.predict_proba(X)
    # What hardly anybody was asked is hardly learned.
    conditional = predicted if form == "conditional" else tree.to_conditional(predicted)
    reach = tree.reach(predicted, form=form)
    cumulative = tree.to_cumulative(conditional)
    np.testing.assert_allclose(cumulative, tree.to_cumulative(votes), atol=0.1)
    for q, columns in enumerate(tree.slices):
        np.testing.assert_allclose(conditional[:, columns].sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_allclose(cumulative[:, columns].sum(axis=1), reach[:, q], rtol=1e-5)
        if q:  # so many as the answers say that lead there
            led = cumulative[:, list(tree.leading[q])].sum(axis=1)
            np.testing.assert_allclose(led, reach[:, q], rtol=1e-5)
    assert check_votes(predicted, tree=tree).form == form
    paths = classifier.predict(X)
    np.testing.assert_array_equal(paths, tree.walk(predicted))
    np.testing.assert_array_equal(tree.label(paths), tree.label(predicted))
    for scorer in (neg_cumulative_rmse, neg_conditional_mse):
        assert -0.1 < scorer(classifier, X, given) <= 0
    again = pickle.loads(pickle.dumps(classifier))
    assert again.tree == tree
    np.testing.assert_array_equal(again.predict_proba(X), predicted)


def test_counts_of_another_survey(data):
    """By the names of its table, with weights for its answers, and intervals."""
    tree, rng = GZ_EUCLID, np.random.default_rng(0)
    X = data[0]
    probabilities = fractions(tree, 0, 1)[0]
    counts = np.array([volunteers(tree, probabilities, 400, rng)[0] for _ in X])
    table = pd.DataFrame(counts, columns=tree.answer_names)
    names = [f"{q.name}-euclid_{a.name}" for q in tree.questions for a in q.answers]
    classifier = make(
        tree=tree,
        loss="dirichlet_multinomial",
        class_weight={"artifact": 2.0, "merging": 0.5},  # the first is the name of answers, too
        **LEARNS,
        **AS_THEY_ARE,
    )
    classifier.fit(X, table.set_axis(names, axis=1))
    np.testing.assert_allclose(
        tree.to_cumulative(classifier.predict_proba(X)[0]),
        tree.to_cumulative(probabilities),
        atol=0.1,
    )
    low, high = np.moveaxis(classifier.predict_interval(X, coverage=0.9), -1, 0)
    assert (low <= high).all()
    balanced = make(tree=tree, class_weight="balanced", epochs=1).fit(X, table)
    assert np.isfinite(balanced.predict_proba(X)).all()
    with pytest.raises(ValueError, match="class_weight .*'bar_massive'"):
        make(tree=tree, class_weight={"bar_massive": 2.0}).fit(X, table)


def test_simulated_galaxies_of_another_survey():
    X, y = make_galaxies(24, survey=GZ_DECALS, image_size=16, random_state=0)
    classifier = make(tree=GZ_DECALS, calibrate=True, validation_fraction=0.5).fit(X / 255, y)
    predicted = classifier.predict_proba(X / 255)
    assert neg_cumulative_rmse(classifier, X / 255, y) < 0
    assert "unknown" not in GZ_DECALS.label(predicted)


# ------------------------------------------------------------------ what can be saved


NETWORKS = ["own_layers", "sequential", "sequential_with_input", "subclassed"]


@pytest.mark.parametrize("name", NETWORKS)
def test_own_networks_can_be_saved(data, name, tmp_path):
    X, y = data
    classifier = make(getattr(own_network, name), epochs=1).fit(X, y)
    expected = classifier.predict_proba(X)
    for again in (copy.deepcopy(classifier), pickle.loads(pickle.dumps(classifier))):
        np.testing.assert_array_equal(again.predict_proba(X), expected)
    tuned = make(pretrained=FrozenEstimator(classifier), epochs=1)
    if name == "subclassed":
        with pytest.raises(ValueError, match="features .* unknown: Whole is a subclassed model"):
            classifier.transform(X)
        with pytest.raises(ValueError, match="features .* unknown"):
            tuned.fit(X, y)
    else:
        assert classifier.transform(X).shape == (24, 6)
        tuned.fit(X, y)
        np.testing.assert_array_equal(copy.deepcopy(tuned).predict_proba(X), tuned.predict_proba(X))


def test_own_layers_in_a_fresh_process(data, tmp_path):
    X, y = data
    classifier = make(own_network.own_layers, epochs=1).fit(X, y)
    joblib.dump(classifier, tmp_path / "model.joblib")
    np.savez(tmp_path / "data.npz", X=X, expected=classifier.predict_proba(X))
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import joblib, numpy as np
data = np.load("data.npz")
found = joblib.load("model.joblib").predict_proba(data["X"])
np.testing.assert_allclose(found, data["expected"], atol=1e-6)
"""
    folder = own_network.__file__.rpartition("/")[0]
    subprocess.run([sys.executable, "-c", code, folder], cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("with_lambda_layer", "cannot be saved.*lambda.*top level of a module"),
        ("with_closure", "'twice' cannot be imported.*top level of a module"),
        ("with_local_layer", "'Local' cannot be imported.*top level of a module"),
        ("with_forgetful_layer", "computes something else.*get_config"),
        (
            "with_other_outputs",
            r"'with_other_outputs' gives .* \(None, 38\), expected \(None, 37\)",
        ),
    ],
)
def test_what_cannot_be_saved_is_refused_before_the_training(data, name, message, monkeypatch):
    monkeypatch.setattr(_loop, "_one_pass", lambda *args: pytest.fail("it was trained"))
    with pytest.raises(ValueError, match=message):
        make(getattr(own_network, name)).fit(*data)


@pytest.mark.parametrize("output", ["labels", "sigmoid"])
def test_a_network_without_its_activation_is_refused(data, output):
    X, y = data
    parameters = {} if output == "labels" else {"output": output}
    target = np.where(y.iloc[:, 0] > 0.5, "a", "b") if output == "labels" else y
    with pytest.raises(ValueError, match="do not have the activation .* Use it in the last layer"):
        make(own_network.without_activation, **parameters).fit(X, target)


def test_a_network_without_a_name_is_refused(data):
    def local(input_shape, n_outputs, activation):
        return tiny(input_shape, n_outputs, activation)

    for network in (local, lambda *args: tiny(*args)):
        with pytest.raises(ValueError, match="cannot be imported.*top level of a module"):
            make(network).fit(*data)


def test_networks_of_a_script_are_fitted_in_its_workers(tmp_path):
    """A worker does not find them in its main module, but has been sent them."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-W", "ignore", "script.py"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.stdout.split() == ["0", "1"], found.stderr


SCRIPT = """
import keras, numpy as np
from sklearn.model_selection import GridSearchCV, KFold
from galaxy_sklearn import GalaxyClassifier
from galaxy_sklearn.datasets import make_galaxies

class Double(keras.layers.Layer):
    def call(self, x):
        return 2 * x

def net(input_shape, n_outputs, activation, *, units=4):
    inputs = keras.Input(input_shape)
    x = keras.layers.Dense(units)(keras.layers.Flatten()(Double()(inputs)))
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))

if __name__ == "__main__":
    X, y = make_galaxies(12, image_size=8, random_state=0)
    classifier = GalaxyClassifier(net, epochs=1, run_eagerly=True, random_state=0)
    search = GridSearchCV(classifier, {"network__units": [3, 5]}, cv=KFold(2), n_jobs=2)
    search.fit(X, np.where(y.iloc[:, 0] > 0.5, "a", "b"))
    print(np.isnan(search.cv_results_["mean_test_score"]).sum())
    import pickle
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    print(int((again.predict_proba(X) == search.predict_proba(X)).all()))
"""


def test_checking_does_not_change_the_result(data):
    """The users' random numbers and the network's are the same with and without it."""
    keras.utils.set_random_seed(3)
    first = keras.random.uniform((1,)).numpy()
    keras.utils.set_random_seed(3)
    make(own_network.own_layers, epochs=1).fit(*data)
    assert keras.random.uniform((1,)).numpy() == first


# --------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("zoom", 3.0),
        ("symmetric", "no"),
        ("patience", "a"),
        ("shift", -0.1),
        ("rotation", 400),
        ("calibrate", None),
        ("freeze", "yes"),
        ("tree", "GZ2"),
        ("image_shape", 32),
        ("jit_compile", "never"),
        ("verbose", "loud"),
        ("epochs", 2.0),
        ("learning_rate", float("nan")),
        ("weight_average", 1.0),
        ("pretrained", 3),
        ("random_state", "a"),
    ],
)
def test_every_parameter_is_checked(data, parameter, value):
    with pytest.raises(ValueError, match=f"'{parameter}' parameter of GalaxyClassifier must be"):
        make(**{parameter: value}).fit(*data)


@pytest.mark.parametrize("estimator", [GalaxyClassifier, GalaxyEnsemble, GalaxyEncoder])
def test_no_parameter_is_forgotten(estimator):
    assert set(estimator._parameter_constraints) == set(estimator._get_param_names())


def test_scikeras_does_not_show():
    classifier = make()
    assert isinstance(classifier, scikeras.wrappers.BaseWrapper)
    for name in ("current_epoch", "scorer", "feature_encoder", "target_encoder"):
        assert not hasattr(classifier, name) and name not in dir(classifier)


# ---------------------------------------------------------------------- ensembles


def test_an_ensemble_has_what_its_members_have(data):
    X, y = data
    ensemble = clone(ESTIMATORS["ensemble"]).partial_fit(X, y).partial_fit(X, y)
    assert [len(member.history_["loss"]) for member in ensemble.estimators_] == [2, 2]
    features = ensemble.transform(X)
    np.testing.assert_array_equal(
        features, np.hstack([member.transform(X) for member in ensemble.estimators_])
    )
    assert ensemble.get_feature_names_out().shape == (features.shape[1],)
    counts = y.rename(columns=lambda name: name.replace("debiased", "count")) * 40
    member = make(loss="dirichlet_multinomial", epochs=1)
    counting = GalaxyEnsemble(member, 2, random_state=0).fit(X, counts)
    ends = [member.predict_interval(X, 0.8) for member in counting.estimators_]
    np.testing.assert_allclose(counting.predict_interval(X, 0.8), np.mean(ends, axis=0))


def test_statistics_of_batch_normalization(data):
    """They are those of the training images, not of images turned at random, and no units drop."""
    X, y = data[0], data[1]
    settings = {"epochs": 1, "run_eagerly": True, "random_state": 0, "validation_fraction": 0}
    classifier = GalaxyClassifier(network__filters=(2, 4), network__features=4, **settings).fit(
        X, y
    )
    layers = all_layers(classifier.model_)
    first = next(x for x in layers if isinstance(x, keras.layers.BatchNormalization))
    pixels = FlattenToTensor().fit_transform(X)
    seen = keras.Model(classifier.model_.input, first.input).predict(pixels, verbose=0)
    axes = tuple(range(seen.ndim - 1))
    np.testing.assert_allclose(first.moving_mean, seen.mean(axis=axes), atol=1e-5)
    np.testing.assert_allclose(first.moving_variance, seen.var(axis=axes), rtol=1e-3)
    assert first.momentum == 0.9
    (dropout,) = (x for x in layers if isinstance(x, keras.layers.Dropout))
    assert dropout.rate == 0.1
    # Frozen features keep theirs, and a further epoch goes on from them.
    before = classifier.transform(X)
    frozen = GalaxyClassifier(pretrained=FrozenEstimator(classifier), freeze=True, **settings)
    np.testing.assert_array_equal(frozen.fit(X, y).transform(X), before)
