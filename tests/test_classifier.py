import gc
import logging
import pickle
import random
import subprocess
import sys

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from tiny import tiny

from galaxy_sklearn import GZ2, DecisionTree, GalaxyClassifier
from galaxy_sklearn.decision_tree import Answer, Question

PLAIN = {"rotation": 0, "shift": 0, "zoom": 0, "flip": None}


def make(**parameters):
    defaults = {"network": tiny, "epochs": 2, "random_state": 0, "run_eagerly": True}
    return GalaxyClassifier(**{**defaults, **parameters})


@pytest.fixture(scope="module")
def data(galaxies):
    X, y = galaxies
    return np.ascontiguousarray(X[:, ::2, ::2].mean(axis=-1) / 255, dtype=np.float32), y


@pytest.fixture(scope="module")
def fitted(data):
    """A fitted classifier that tests only read."""
    return make().fit(*data)


@pytest.fixture(scope="module")
def labels(data):
    return np.where(data[1].iloc[:, 0] > 0.5, "smooth", "featured")


def weights(classifier):
    return np.concatenate([w.ravel() for w in classifier.model_.get_weights()])


# ----------------------------------------------------------- what it gives back


def test_is_a_classifier(fitted):
    assert is_classifier(fitted)
    assert fitted.classes_.tolist() == list(GZ2.answer_names)
    assert fitted.form_ == "conditional"
    assert set(fitted.history_) == {"loss", "mse", "val_loss", "val_mse"}
    assert len(fitted.history_["loss"]) == 2 and 1 <= fitted.best_epoch_ <= 2
    assert fitted.image_shape_in_ == (16, 16, 1)


def test_answers_come_in_the_form_of_the_votes(data, fitted):
    X, y = data
    conditional = fitted.predict_proba(X)
    for columns in GZ2.slices:
        np.testing.assert_allclose(conditional[:, columns].sum(axis=1), 1, atol=1e-9)
    kaggle = pd.DataFrame(GZ2.to_cumulative(y), columns=list(GZ2.kaggle_columns))
    kaggle = kaggle[np.random.default_rng(0).permutation(kaggle.columns)]
    other = make().fit(X, kaggle)
    assert other.form_ == "cumulative"
    # The network learns the same thing from either.
    np.testing.assert_allclose(other.predict_proba(X), GZ2.to_cumulative(conditional), atol=1e-3)


def test_probabilities_are_plain_keras(data, fitted):
    outputs = fitted.model_.predict(data[0][..., None], verbose=0)
    np.testing.assert_allclose(fitted.predict_proba(data[0]), GZ2.normalize(outputs), atol=1e-6)


def test_training_is_plain_keras(data):
    """One batch an epoch and nothing random: the weights must come out alike."""
    X, y = data
    ours = make(**PLAIN, epochs=3, batch_size=len(X), validation_fraction=0, question_weight=None)
    ours.initialize(X, y)
    reference = keras.models.clone_model(ours.model_)
    reference.set_weights(ours.model_.get_weights())
    reference.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", run_eagerly=True)
    history = reference.fit(
        X[..., None], y.to_numpy(), epochs=3, batch_size=len(X), shuffle=False, verbose=0
    )
    ours.set_params(warm_start=True).fit(X, y)
    np.testing.assert_allclose(ours.history_["loss"], history.history["loss"], rtol=1e-5)
    expected = np.concatenate([w.ravel() for w in reference.get_weights()])
    np.testing.assert_allclose(weights(ours), expected, atol=1e-5)


def test_predictions_are_one_path(data, fitted):
    path = fitted.predict(data[0])
    np.testing.assert_array_equal(path, GZ2.walk(fitted.predict_proba(data[0])))
    assert (path[:, :3].sum(axis=1) == 1).all()


def test_score_is_explained_variance(data, fitted):
    X, y = data
    residuals = ((y - fitted.predict_proba(X)) ** 2).to_numpy().sum()
    total = ((y - y.mean()) ** 2).to_numpy().sum()
    assert fitted.score(X, y) == pytest.approx(1 - residuals / total)
    kaggle = pd.DataFrame(GZ2.to_cumulative(y), columns=list(GZ2.kaggle_columns))
    assert fitted.score(X, kaggle) == pytest.approx(fitted.score(X, y))


def test_class_labels(data, labels):
    X, _ = data
    classifier = make(epochs=40, learning_rate=0.01, validation_fraction=0, **PLAIN)
    classifier.fit(X, labels)
    assert classifier.classes_.tolist() == ["featured", "smooth"]
    assert classifier.form_ is None
    probabilities = classifier.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    predicted = classifier.predict(X)
    assert predicted.tolist() == classifier.classes_[probabilities.argmax(axis=1)].tolist()
    assert classifier.score(X, labels) == accuracy_score(labels, predicted) > 0.85
    assert set(classifier.history_) == {"loss", "accuracy"}


def test_another_survey(data):
    answers = (
        (Answer("round", None), Answer("flat", "q2")),
        (Answer("yes", None), Answer("no", None)),
    )
    tree = DecisionTree("two", (Question("q1", answers[0]), Question("q2", answers[1])))
    votes = np.array([[0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0]] * 12)
    classifier = make(tree=tree).fit(data[0], votes)
    assert classifier.classes_.tolist() == ["q1_round", "q1_flat", "q2_yes", "q2_no"]
    assert clone(classifier).tree == tree


# ------------------------------------------------------------------- parameters


def test_network_arguments_are_parameters(data):
    classifier = make(network__units=3)
    assert classifier.get_params()["network__units"] == 3
    assert classifier.get_params()["network__dropout"] == 0.0  # the default
    assert clone(classifier).get_params() == classifier.get_params()
    classifier.set_params(network__units=5).fit(*data)
    assert classifier.model_.layers[2].units == 5
    assert "network__units=5" in repr(classifier)
    reference = GalaxyClassifier().get_params()
    assert reference["network__filters"] == (64, 128, 256, 256)


def test_misspelt_parameters_are_errors():
    with pytest.raises(TypeError, match="unexpected keyword argument 'epoch'"):
        GalaxyClassifier(epoch=3)
    with pytest.raises(ValueError, match="Invalid parameter 'epoch'"):
        GalaxyClassifier().set_params(epoch=3)
    with pytest.raises(ValueError, match="Invalid parameter 'network__filter' .*'filters'"):
        GalaxyClassifier().set_params(network__filter=3)
    with pytest.raises(ValueError, match="Invalid parameter 'optimizer"):
        GalaxyClassifier().set_params(optimizer__momentum=3)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("network", "resnet"),
        ("network__width", 3),
        ("loss", "hinge"),
        ("question_weight", "votes"),
        ("class_weight", "even"),
        ("class_weight", {"a99_cloud": 2.0}),
        ("epochs", 0),
        ("batch_size", 2.5),
        ("learning_rate", -1),
        ("validation_fraction", 1.0),
        ("patience", -1),
        ("rotation", -30),
        ("flip", "diagonal"),
        ("dtype_policy", "float8"),
        ("jit_compile", True),
    ],
)
def test_bad_parameters_are_named(data, parameter, value):
    with pytest.raises(ValueError, match=parameter.split("__")[-1]):
        make(**{parameter: value}).fit(*data)


# --------------------------------------------------------------------- training


def test_same_seed_same_bits(data, fitted):
    again = make().fit(*data)
    np.testing.assert_array_equal(weights(again), weights(fitted))
    assert again.history_ == fitted.history_
    other = make(random_state=1).fit(*data)
    assert (weights(other) != weights(fitted)).any()


def test_the_users_random_numbers_are_left_alone(data):
    from tensorflow.python.framework import config

    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    states = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    make(network__dropout=0.5).fit(*data)
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]  # noqa: NPY002
    assert not config.is_op_determinism_enabled()


def test_best_epoch_is_restored(data):
    X, y = data
    classifier = make(epochs=12, learning_rate=0.3, patience=None).fit(X, y)
    figures = classifier.history_["val_loss"]
    assert classifier.best_epoch_ == np.argmin(figures) + 1 < 12
    shorter = make(epochs=classifier.best_epoch_, learning_rate=0.3).fit(X, y)
    np.testing.assert_array_equal(weights(classifier), weights(shorter))


def test_early_stopping(data):
    classifier = make(epochs=50, learning_rate=0.3, patience=2).fit(*data)
    assert len(classifier.history_["loss"]) == classifier.best_epoch_ + 2 < 50


def test_interruption_keeps_what_was_learned(data, monkeypatch):
    from galaxy_sklearn import _training

    one_pass, passes = _training._one_pass, []

    def interrupt(*args):
        passes.append(args)
        if len(passes) == 7:  # in the fourth epoch; each has two passes
            raise KeyboardInterrupt
        return one_pass(*args)

    monkeypatch.setattr(_training, "_one_pass", interrupt)
    with pytest.warns(UserWarning, match="interrupted after 3 of 9 epochs"):
        classifier = make(epochs=9).fit(*data)
    assert len(classifier.history_["loss"]) == 3
    assert classifier.predict_proba(data[0]).shape == (24, 37)


def test_divergence_is_an_error(data, monkeypatch):
    from galaxy_sklearn import _training

    monkeypatch.setattr(_training, "_one_pass", lambda *args: {"loss": float("nan")})
    with pytest.raises(ValueError, match="diverged: the loss of epoch 1 is nan"):
        make().fit(*data)


def test_warm_start_goes_on(data):
    settings = {**PLAIN, "validation_fraction": 0}
    classifier = make(warm_start=True, epochs=4, **settings).fit(*data)
    first = classifier.history_["loss"]
    classifier.fit(*data)
    assert classifier.history_["loss"][0] < first[0]
    cold = make(epochs=4, **settings).fit(*data)
    assert cold.fit(*data).history_["loss"] == first


def test_partial_fit(data, labels):
    X, y = data
    classifier = make()
    for epoch in range(1, 4):
        assert classifier.partial_fit(X, y) is classifier
        assert len(classifier.history_["loss"]) == classifier.best_epoch_ == epoch
    assert classifier.history_["loss"][2] < classifier.history_["loss"][0]
    first = make().partial_fit(X[:4], ["smooth"] * 4, classes=["featured", "odd", "smooth"])
    first.partial_fit(X, labels)
    assert first.classes_.tolist() == ["featured", "odd", "smooth"]
    with pytest.raises(ValueError, match="previously unseen labels"):
        first.partial_fit(X[:2], ["smooth", "merger"])


def test_sample_weight_counts(data):
    X, y = data
    flat = {**PLAIN, "epochs": 40, "learning_rate": 0.01, "validation_fraction": 0}
    first, last = np.repeat([1, 0], 12), np.repeat([0, 1], 12)
    errors = {}
    for name, sample_weight in (("first", first), ("last", last)):
        given = sample_weight.astype(float)
        classifier = make(**flat).fit(X, y, sample_weight=given)
        np.testing.assert_array_equal(given, sample_weight)
        errors[name] = ((classifier.predict_proba(X) - y) ** 2).mean(axis=1)
    assert errors["first"][:12].mean() < errors["last"][:12].mean()
    assert errors["last"][12:].mean() < errors["first"][12:].mean()


def test_class_weight_is_sample_weight(data, labels):
    X, _ = data
    flat = {**PLAIN, "validation_fraction": 0}
    by_class = make(class_weight={"smooth": 3.0}, **flat).fit(X, labels)
    by_galaxy = make(**flat).fit(X, labels, sample_weight=np.where(labels == "smooth", 3.0, 1.0))
    np.testing.assert_allclose(weights(by_class), weights(by_galaxy), atol=1e-6)


def test_class_weight_of_answers(data):
    X, y = data
    flat = {**PLAIN, "epochs": 20, "learning_rate": 0.01, "validation_fraction": 0}
    answer = GZ2.answer_names[2]
    plain = make(**flat).fit(X, y).model_.predict(X[..., None], verbose=0)[:, 2]
    for setting in ({answer: 0.0}, "balanced"):
        weighted = make(class_weight=setting, **flat).fit(X, y)
        outputs = weighted.model_.predict(X[..., None], verbose=0)[:, 2]
        # With weight 0 nothing pulls the output towards the rare star or artifact's small
        # fractions; balanced, it is pulled harder.
        assert (outputs.mean() > plain.mean()) == (setting != "balanced")


def test_progress_and_silence(data, capfd):
    make(verbose=0).fit(*data)
    assert capfd.readouterr() == ("", "")
    make(verbose=1).fit(*data)
    shown = capfd.readouterr().err
    assert "epoch 2/2" in shown and "val_loss" in shown


# ---------------------------------------------------- scikit-learn's ways, over images


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("channels", [None, 1, 3])
def test_checks_over_images(data, dtype, channels):
    shape = (8, 6, 5) if channels is None else (8, 6, 5, channels)
    values = np.random.default_rng(0).random(shape)
    X = (values * 255).astype(dtype) if dtype == np.uint8 else values.astype(dtype)
    X.flags.writeable = False
    y = data[1][:8]
    classifier = make(epochs=1)
    parameters = classifier.get_params()
    assert classifier.fit(X, y) is classifier
    state = set(vars(classifier))
    first = classifier.predict_proba(X)
    # The same at every call and by every way; neither state nor parameters change.
    np.testing.assert_array_equal(classifier.predict_proba(X), first)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(classifier)).predict_proba(X), first)
    np.testing.assert_allclose(
        np.concatenate([classifier.predict_proba(X[i : i + 1]) for i in range(8)]), first, atol=1e-6
    )
    np.testing.assert_allclose(classifier.predict_proba(X[::-1]), first[::-1], atol=1e-6)
    assert set(vars(classifier)) == state
    assert classifier.get_params() == parameters
    np.testing.assert_array_equal(classifier.fit(X, y).predict_proba(X), first)
    assert not hasattr(classifier, "n_features_in_")
    rows = make(epochs=1, image_shape=shape[1:]).fit(X.reshape(8, -1).astype(float), y)
    if dtype != np.uint8:
        np.testing.assert_allclose(rows.predict_proba(X.reshape(8, -1)), first, atol=1e-6)
    assert rows.n_features_in_ == X[0].size


def test_bad_input(data, fitted):
    X, y = data
    with pytest.raises(NotFittedError):
        make().predict_proba(X)
    with pytest.raises(
        ValueError, match=r"images of shape \(8, 16, 1\).*fitted on .*\(16, 16, 1\)"
    ):
        fitted.predict_proba(X[:, :8])
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[24, 23\]"):
        make().fit(X, y[:23])
    with pytest.raises(ValueError, match="n_samples=1"):
        make().fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        make().fit(X[:0], y[:0])
    with pytest.raises(ValueError, match="NaN"):
        make().fit(np.full_like(X, np.nan), y)
    with pytest.raises(ValueError, match="requires y to be passed"):
        make().fit(X, None)
    with pytest.raises(ValueError, match=r"got shape \(24, 36\)"):
        make().fit(X, y.to_numpy()[:, 1:])
    with pytest.raises(ValueError, match=r"row 3.*found nan"):
        make().fit(X, y.where(pd.Series(np.arange(24) != 3), np.nan))
    with pytest.raises(ValueError, match="y holds only 1 class, 'smooth'"):
        make().fit(X, ["smooth"] * 24)
    with pytest.raises(ValueError, match="at least one non-zero number"):
        make().fit(X, y, sample_weight=np.zeros(24))
    assert make(validation_fraction=0).fit(X[:1], y[:1]).predict(X[:1]).shape == (1, 37)


def test_no_false_alarms(data):
    """TensorFlow takes the networks of different classifiers for one that is traced too often."""
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = logging.getLogger("tensorflow")
    filters = list(logger.filters)
    logger.addHandler(handler)
    try:
        for _ in range(7):
            make(run_eagerly=False, epochs=1).fit(*data).predict_proba(data[0])
    finally:
        logger.removeHandler(handler)
    assert [record.getMessage() for record in records] == []
    assert logger.filters == filters


def test_mixed_precision(data):
    X, y = data
    small = {"network__filters": (4, 4, 8, 8), "network__dense_units": (16, 16)}
    classifier = make(network="galaxy_id", dtype_policy="mixed_bfloat16", **small).fit(X, y)
    assert keras.config.dtype_policy().name == "float32"
    assert classifier.model_.layers[1].compute_dtype == "bfloat16"
    assert classifier.model_.output.dtype == "float32"
    assert {weight.dtype for weight in classifier.model_.weights[:-1]} == {"float32"}
    loaded = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


def test_html_representation(fitted):
    assert "GalaxyClassifier" in fitted._repr_html_()


# ------------------------------------------------------------------ persistence


def test_saved_classifier_goes_on_learning(data, fitted):
    X, y = data
    loaded = pickle.loads(pickle.dumps(fitted))
    assert loaded.history_ == fitted.history_
    loaded.partial_fit(X, y)
    assert len(loaded.history_["loss"]) == 3
    loaded.set_params(warm_start=True).fit(X, y)
    assert (weights(loaded) != weights(fitted)).any()


def test_pickles_are_the_same_bytes(fitted):
    first = pickle.dumps(fitted)
    fitted.predict_proba(np.zeros((1, 16, 16), np.float32))
    assert pickle.dumps(fitted) == first


def test_other_versions_are_told(fitted):
    state = fitted.__getstate__()
    assert state["_versions"]["keras"] == keras.__version__
    state["_versions"] = {**state["_versions"], "galaxy_sklearn": "0.0.1"}
    with pytest.warns(UserWarning, match=r"saved by galaxy_sklearn 0\.0\.1"):
        GalaxyClassifier.__new__(GalaxyClassifier).__setstate__(state)


def test_fresh_process_gives_the_same_bits(data, tmp_path):
    X, y = data
    small = {"network__filters": (8, 8, 16, 16), "network__dense_units": (512, 512)}
    classifier = make(network="galaxy_id", epochs=1, **small).fit(X, y)
    joblib.dump(classifier, tmp_path / "model.joblib")
    np.savez(tmp_path / "data.npz", X=X, expected=classifier.predict_proba(X))
    n_bytes = sum(w.nbytes for w in classifier.model_.get_weights())
    assert (tmp_path / "model.joblib").stat().st_size < 1.1 * n_bytes
    code = """
import joblib, numpy as np
data = np.load("data.npz")
probabilities = joblib.load("model.joblib").predict_proba(data["X"])
np.testing.assert_array_equal(probabilities, data["expected"])
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


def test_skops_finds_only_our_own_types(data):
    skops = pytest.importorskip("skops.io")
    small = {"network__filters": (2, 2, 2, 2), "network__dense_units": (2, 2)}
    classifier = make(network="galaxy_id", epochs=1, **small).fit(*data)
    content = skops.dumps(classifier)
    unknown = skops.get_untrusted_types(data=content)
    assert all(name.startswith(("galaxy_sklearn.", "numpy.dtype")) for name in unknown), unknown
    loaded = skops.loads(content, trusted=unknown)
    np.testing.assert_array_equal(loaded.predict_proba(data[0]), classifier.predict_proba(data[0]))


# ----------------------------------------------------------------------- memory


def test_no_graph_outlives_its_classifier(data):
    """A graph that something of TensorFlow's holds on to costs megabytes a fit."""
    func_graph = pytest.importorskip("tensorflow.python.framework.func_graph")

    def graphs():
        gc.collect()
        return {id(g): g.name for g in gc.get_objects() if type(g) is func_graph.FuncGraph}

    before = graphs()
    for _ in range(2):
        make(run_eagerly=False, epochs=1).fit(*data).predict_proba(data[0])
    after = graphs()
    assert [name for key, name in after.items() if key not in before] == []
