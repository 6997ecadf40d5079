import gc
import logging
import pickle
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from contracts import check_over_images
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score
from sklearn.model_selection import KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from tiny import tiny
from trees import REPEATED, TWO_ANSWERS, fractions

from galaxy_sklearn import GZ2, DecisionTree, FlattenToTensor, GalaxyClassifier, GalaxyEncoder
from galaxy_sklearn._learner import VoteTarget
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.decision_tree import Answer, Question
from galaxy_sklearn.metrics import neg_cumulative_rmse
from galaxy_sklearn.scoring import prediction_table

PLAIN = {"rotation": 0, "shift": 0, "zoom": 0, "flip": None, "symmetric": False}


def make(**parameters):
    defaults = {"network": tiny, "epochs": 2, "random_state": 0, "run_eagerly": True}
    defaults |= {"schedule": "constant", "weight_decay": 0, "weight_average": 0}
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


def clone_fitted(classifier):
    return pickle.loads(pickle.dumps(classifier))


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
    plain = clone_fitted(fitted).set_params(symmetric=False)
    np.testing.assert_allclose(plain.predict_proba(data[0]), outputs, atol=1e-6)


pixels = hypothesis.extra.numpy.arrays(np.float32, (2, 16, 16), elements=st.floats(0, 1, width=32))


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(images=pixels, turns=st.integers(0, 3), mirrored=st.booleans())
def test_predictions_do_not_depend_on_orientation(fitted, images, turns, mirrored):
    other = np.rot90(images, turns, axes=(1, 2))
    other = other[:, ::-1] if mirrored else other
    np.testing.assert_array_equal(fitted.predict_proba(other), fitted.predict_proba(images))
    np.testing.assert_array_equal(fitted.transform(other), fitted.transform(images))


def test_symmetry_can_be_left_out_and_need_not_be_square(data, fitted):
    X = data[0]
    plain = clone_fitted(fitted).set_params(symmetric=False)
    assert (plain.predict_proba(X) != plain.predict_proba(X[:, ::-1])).any()
    # What turns an oblong image onto itself is half a turn and the mirrors.
    oblong = make(epochs=1).fit(X[:, :12], data[1])
    expected = oblong.predict_proba(X[:, :12])
    np.testing.assert_array_equal(oblong.predict_proba(X[:, :12][:, ::-1]), expected)
    np.testing.assert_array_equal(oblong.predict_proba(X[:, :12][:, :, ::-1]), expected)


@pytest.mark.parametrize("output", ["tree", "sigmoid"])
@pytest.mark.parametrize("form", ["conditional", "cumulative"])
def test_predictions_obey_the_tree(data, output, form):
    X, y = data
    y = y.to_numpy() if form == "conditional" else GZ2.to_cumulative(y)
    classifier = make(output=output, epochs=1).fit(X, y)
    assert classifier.form_ == form
    predicted = classifier.predict_proba(X)
    reach = np.ones((len(X), 11)) if form == "conditional" else GZ2.reach(predicted, form=form)
    for q, columns in enumerate(GZ2.slices):
        np.testing.assert_allclose(predicted[:, columns].sum(axis=1), reach[:, q], atol=1e-9)


def test_training_is_plain_keras(data):
    """One batch an epoch and nothing random: the weights must come out alike."""
    X, y = data
    ours = make(
        **PLAIN,
        epochs=3,
        batch_size=len(X),
        validation_fraction=0,
        output="sigmoid",
        loss="binary_crossentropy",
        question_weight=None,
    )
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


def test_history_is_the_mean_over_all_batches(data):
    X, y = data
    classifier = make(**PLAIN, epochs=1, learning_rate=0, batch_size=5, validation_fraction=0.4)
    classifier.fit(X, y)
    expected = classifier.model_.predict(X[..., None], verbose=0)
    loss = classifier.target_encoder_.keras_loss("reach", None)
    of_galaxies = np.asarray(loss(y.to_numpy(np.float32), expected))
    squares = ((y.to_numpy() - expected) ** 2).mean(axis=1)
    # Nothing was learned, so the 14 to train on and the 10 held out have one network.
    for values, name in ((of_galaxies, "loss"), (squares, "mse")):
        train, held_out = classifier.history_[name][0], classifier.history_[f"val_{name}"][0]
        assert (14 * train + 10 * held_out) / 24 == pytest.approx(values.mean(), rel=1e-5)
    assert classifier.history_["loss"] != classifier.history_["val_loss"]


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


def test_unknown_questions_teach_nothing(data):
    X, y = data
    part = y.astype(object)
    odd = [13, 14]
    part.iloc[:, odd] = pd.NA
    settings = {"validation_fraction": 0, **PLAIN}
    with pytest.warns(UserWarning, match="No galaxy has known votes for 't06_odd', or"):
        short = make(epochs=1, **settings).fit(X, part)
    with pytest.warns(UserWarning, match="t06_odd"):
        longer = make(epochs=3, **settings).fit(X, part.to_numpy())
    for before, after in zip(short.model_.weights[-2:], longer.model_.weights[-2:], strict=True):
        same = before.numpy() == after.numpy()
        assert same[..., odd].all() and not same[..., :3].all()
    assert np.isfinite(longer.history_["mse"]).all()
    with pytest.raises(ValueError, match="y holds no vote that is known"):
        make().fit(X, y * np.nan)


def test_partly_unknown_votes_are_scored_by_what_is_known(data, fitted):
    X, y = data
    part = y.to_numpy().copy()
    part[::2, GZ2.slices[3]] = np.nan
    part[4, 0] = np.nan
    known = ~GZ2.unknown(part)
    predicted = fitted.predict_proba(X)
    mean = np.nanmean(np.where(known, part, np.nan), axis=0)
    residuals = ((y - predicted) ** 2).to_numpy()[known].sum()
    total = ((y - mean) ** 2).to_numpy()[known].sum()
    assert fitted.score(X, part) == pytest.approx(1 - residuals / total)
    weight = np.arange(24) % 3
    rows = np.repeat(np.arange(24), weight)
    assert fitted.score(X, part, sample_weight=weight) == pytest.approx(
        fitted.score(X[rows], part[rows])
    )
    # Integers for cv make scikit-learn look at y, and it knows no NaN.
    scores = cross_val_score(make(epochs=1), X, part, cv=KFold(2), scoring=neg_cumulative_rmse)
    assert np.isfinite(scores).all()


def test_debiased_votes_are_learned_as_sums_of_one(data):
    X, y = data
    debiased = y.copy()
    for q, columns in enumerate(GZ2.slices):
        debiased.iloc[:, columns] *= (0.5, 0.75, 1)[q % 3]
    found = make().fit(X, debiased).predict_proba(X)
    np.testing.assert_allclose(found, make().fit(X, y).predict_proba(X), atol=1e-5)
    balanced = make(class_weight="balanced").fit(X, debiased).predict_proba(X)
    expected = make(class_weight="balanced").fit(X, y).predict_proba(X)
    np.testing.assert_allclose(balanced, expected, atol=1e-5)


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


@pytest.mark.parametrize("tree", [REPEATED, TWO_ANSWERS], ids=lambda tree: tree.name)
def test_another_survey(data, tree):
    X, votes = data[0], fractions(tree, 0, 24)
    weighted = make(tree=tree, class_weight={"disk_yes": 2.0, "disk": 3.0})
    for classifier in (make(tree=tree), weighted, make(tree=tree, class_weight="balanced")):
        classifier.fit(X, votes)
        assert classifier.classes_.tolist() == list(tree.answer_names)
        assert clone(classifier).tree == tree
    predicted = classifier.predict_proba(X)
    assert predicted.shape == votes.shape
    np.testing.assert_array_equal(classifier.predict(X), tree.walk(predicted))
    assert classifier.score(X, votes) <= 1
    table = prediction_table(classifier, X)
    assert table.columns.tolist() == [*tree.answer_names, "label", "unusual", "error"]
    assert table["label"].tolist() == tree.label(predicted).tolist()
    scores = cross_val_score(classifier, X, votes, scoring=neg_cumulative_rmse, cv=2)
    assert (scores < 0).all()
    proba = cross_val_predict(classifier, X, votes[:, :, None], cv=2, method="predict_proba")
    assert proba.shape == votes.shape


def test_ranks_of_two_answers_are_refused(data):
    with pytest.raises(ValueError, match="the ranks of its values"):
        cross_val_predict(
            make(tree=TWO_ANSWERS), data[0], fractions(TWO_ANSWERS, 0, 24), method="predict_proba"
        )


def test_class_weight_of_a_name_with_two_meanings(data):
    yes = Answer("yes", "q_yes")
    tree = DecisionTree("t", (Question("q", (yes,)), Question("q_yes", (Answer("no", None),))))
    classifier = make(tree=tree, class_weight={"q_yes": 2.0})
    with pytest.raises(ValueError, match="'q_yes', which is both a question and an answer"):
        classifier.fit(data[0], np.ones((24, 2)))


# ------------------------------------------------------------------- parameters


def test_network_arguments_are_parameters(data):
    classifier = make(network__units=3)
    assert classifier.get_params()["network__units"] == 3
    assert classifier.get_params()["network__dropout"] == 0.0  # the default
    assert clone(classifier).get_params() == classifier.get_params()
    classifier.set_params(network__units=5).fit(*data)
    assert classifier.model_.layers[2].units == 5
    assert "network__units=5" in repr(classifier)
    reference = GalaxyClassifier("residual").get_params()
    assert reference["network__filters"] == (32, 64, 128, 256)


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
        ("loss", "dirichlet_multinomial"),  # y are fractions
        ("output", "softmax"),
        ("label_smoothing", 1.0),
        ("schedule", "linear"),
        ("weight_decay", -1e-4),
        ("weight_average", 1),
        ("pretrained", "no such file"),
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


def test_the_place_of_an_image_makes_no_difference(data):
    """Nor if the last batch has one image only."""
    images = np.random.default_rng(0).random((65, 16, 16), dtype=np.float32)
    wide = make(network__units=512, epochs=1).fit(*data)
    np.testing.assert_array_equal(
        wide.predict_proba(images[::-1])[::-1], wide.predict_proba(images)
    )


def test_same_seed_same_bits_in_threads(data, fitted):
    """Keras draws seeds from the whole process' random numbers."""
    with ThreadPoolExecutor(2) as pool:
        for other in pool.map(lambda _: make(epochs=1).initialize(*data), range(8)):
            alone = weights(make(epochs=1).initialize(*data))
            np.testing.assert_array_equal(weights(other), alone)


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
    from galaxy_sklearn._learner import _loop

    one_pass, passes = _loop._one_pass, []

    def interrupt(*args):
        passes.append(args)
        if len(passes) == 7:  # in the fourth epoch; each has two passes
            raise KeyboardInterrupt
        return one_pass(*args)

    monkeypatch.setattr(_loop, "_one_pass", interrupt)
    with pytest.warns(UserWarning, match="interrupted after 3 of 9 epochs"):
        classifier = make(epochs=9).fit(*data)
    assert len(classifier.history_["loss"]) == 3
    assert classifier.predict_proba(data[0]).shape == (24, 37)


def test_divergence_is_an_error(data, monkeypatch):
    from galaxy_sklearn._learner import _loop

    monkeypatch.setattr(_loop, "_one_pass", lambda *args: {"loss": float("nan")})
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
    flat |= {"output": "sigmoid", "loss": "binary_crossentropy"}
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


def test_question_weights_are_answer_weights(data):
    X, y = data
    flat = {**PLAIN, "validation_fraction": 0, "epochs": 1}
    question, columns = GZ2.questions[6], GZ2.slices[6]
    names = GZ2.answer_names[columns]
    one = make(class_weight={question.name: 2.0, names[0]: 1.5}, **flat).fit(X, y)
    other = make(class_weight={names[0]: 3.0, names[1]: 2.0, names[2]: 2.0}, **flat).fit(X, y)
    np.testing.assert_array_equal(weights(one), weights(other))


def test_label_smoothing_is_plain(data, labels):
    X, y = data
    smooth = y.to_numpy().copy()
    for columns in GZ2.slices:
        asked = smooth[:, columns].any(axis=1)
        size = columns.stop - columns.start
        smooth[asked, columns] = 0.8 * smooth[asked, columns] + 0.2 / size
    flat = {**PLAIN, "validation_fraction": 0}
    one = make(label_smoothing=0.2, **flat).fit(X, y)
    np.testing.assert_allclose(weights(one), weights(make(**flat).fit(X, smooth)), atol=1e-6)
    assert make(label_smoothing=0.2, **flat).fit(X, labels).predict(X).shape == (24,)


def test_schedule_and_weight_decay_are_plain_keras(data):
    X, y = data
    ours = make(
        **PLAIN,
        epochs=30,
        batch_size=len(X),
        validation_fraction=0,
        loss="mse",
        question_weight=None,
        schedule="cosine",
        weight_decay=0.3,
        learning_rate=0.01,
    )
    ours.initialize(X, y)
    reference = keras.models.clone_model(ours.model_)
    reference.set_weights(ours.model_.get_weights())
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.3)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    reference.compile(optimizer, "mse", run_eagerly=True)
    for step in range(30):
        rate = 0.01 * step if step < 1 else 0.005 * (1 + np.cos(np.pi * (step - 1) / 29))
        optimizer.learning_rate.assign(rate)
        reference.train_on_batch(X[..., None], y.to_numpy())
    ours.set_params(warm_start=True).fit(X, y)
    expected = np.concatenate([w.ravel() for w in reference.get_weights()])
    np.testing.assert_allclose(weights(ours), expected, atol=1e-4)


class Averages(keras.callbacks.Callback):
    """Keeps an average by hand after each step."""

    found: ClassVar = []

    def on_train_batch_end(self, batch, logs=None):
        now = np.concatenate([w.ravel() for w in self.model.get_weights()])
        self.found.append(now if not self.found else 0.6 * self.found[-1] + 0.4 * now)


@pytest.mark.parametrize("validation_fraction", [0, 0.25])
def test_average_of_the_weights(data, validation_fraction, monkeypatch):
    monkeypatch.setattr(Averages, "found", [])
    classifier = make(
        epochs=5,
        batch_size=24,
        weight_average=0.5,
        validation_fraction=validation_fraction,
        callbacks=[Averages],
    )
    classifier.fit(*data)
    expected = Averages.found[classifier.best_epoch_ - 1]
    np.testing.assert_allclose(weights(classifier), expected, atol=1e-6)


# ------------------------------------------------------------ counts and intervals


@pytest.fixture(scope="module")
def counted():
    """A survey with its counts, true probabilities and a classifier that learned counts."""
    data = make_galaxies(64, image_size=16, random_state=3, return_X_y=False)
    X = data.data.mean(axis=-1).astype(np.float32) / 255
    classifier = make(loss="dirichlet_multinomial", epochs=40, learning_rate=0.01, **PLAIN)
    return X, data, classifier.fit(X, data.counts)


def test_learning_from_counts(counted):
    X, data, classifier = counted
    assert classifier.form_ == "conditional"
    losses = classifier.history_["loss"]
    assert losses[-1] < losses[0]
    predicted = classifier.predict_proba(X)
    mean = np.mean(data.target.to_numpy()[:, :3], axis=0)
    assert np.mean((predicted[:, :3] - data.probabilities[:, :3]) ** 2) < np.mean(
        (mean - data.probabilities[:, :3]) ** 2
    )
    # A question nobody was asked costs nothing: other answers to it change nothing.
    loss = classifier.target_encoder_.keras_loss("reach", None)
    counts = data.counts.astype(np.float32)
    counts[:, GZ2.slices[10]] = 0
    one = classifier.model_.predict(X[..., None], verbose=0)
    other = one.copy()
    other[:, GZ2.slices[10]] *= 7
    np.testing.assert_array_equal(loss(counts, one), loss(counts, other))


def test_unknown_counts_are_as_none(counted):
    X, data, _ = counted
    names = [f"{name}_count" for name in GZ2.answer_names]
    counts = pd.DataFrame(data.counts, columns=names, dtype=float)
    settings = {"loss": "dirichlet_multinomial", **PLAIN}
    found = []
    for value in (0, np.nan):
        counts.iloc[:32, GZ2.slices[10]] = value
        found.append(make(**settings).fit(X, counts).predict_proba(X))
    np.testing.assert_array_equal(*found)


def test_intervals_are_those_of_the_dirichlet_distribution(counted):
    X, _, classifier = counted
    plain = clone_fitted(classifier).set_params(symmetric=False)
    ends = plain.predict_interval(X[:3], coverage=0.8)
    assert ends.shape == (3, 37, 2)
    a = plain.model_.predict(X[:3, ..., None], verbose=0)
    rng = np.random.default_rng(0)
    for columns in GZ2.slices:
        for galaxy in range(3):
            drawn = rng.dirichlet(a[galaxy, columns].astype(float), size=20_000)
            inside = (ends[galaxy, columns, 0] < drawn) & (drawn < ends[galaxy, columns, 1])
            np.testing.assert_allclose(inside.mean(axis=0), 0.8, atol=0.02)
    wider = plain.predict_interval(X[:3], coverage=0.9)
    assert (wider[..., 0] <= ends[..., 0]).all() and (wider[..., 1] >= ends[..., 1]).all()
    with pytest.raises(ValueError, match=r"coverage must be in \(0, 1\), got 95"):
        plain.predict_interval(X, coverage=95)


def test_intervals_need_counts(data, fitted):
    with pytest.raises(ValueError, match="trained with loss='dirichlet_multinomial'"):
        fitted.predict_interval(data[0], kind="credible")
    with pytest.raises(ValueError, match="needs y to be the number of votes"):
        make(loss="dirichlet_multinomial").fit(*data)
    with pytest.raises(ValueError, match="needs output='tree'"):
        make(loss="dirichlet_multinomial", output="sigmoid").fit(*data)


def test_calibration_finds_the_temperature(data, counted):
    """What was made too sure is made as sure as it was."""
    rng = np.random.default_rng(0)
    true = GZ2.normalize(rng.dirichlet(np.ones(37), size=300))
    for loss, heat, given in (
        ("cross_entropy", 2.5, GZ2.normalize(true**2.5)),
        ("dirichlet_multinomial", 3.0, 3.0 * 20 * true),
    ):
        target = VoteTarget(counted[1].counts, GZ2, loss, "tree")
        votes = true
        if loss == "dirichlet_multinomial":
            votes = np.zeros_like(true)
            for columns in GZ2.slices:
                for i, a in enumerate(20 * true[:, columns]):
                    votes[i, columns] = rng.multinomial(200, rng.dirichlet(np.maximum(a, 1e-3)))
        target.calibrate(given, votes)
        np.testing.assert_allclose(target.temperature, heat, rtol=0.3)
        assert abs(np.mean(np.log(target.temperature)) - np.log(heat)) < 0.1


def test_calibration_is_kept(data, labels):
    X, y = data
    classifier = make(calibrate=True, epochs=1).fit(X, y)
    assert (classifier.target_encoder_.temperature != 1).all()
    np.testing.assert_array_equal(
        clone_fitted(classifier).predict_proba(X), classifier.predict_proba(X)
    )
    by_label = make(calibrate=True, epochs=1).fit(X, labels)
    np.testing.assert_allclose(by_label.predict_proba(X).sum(axis=1), 1)
    with pytest.raises(ValueError, match="calibrate=True needs a validation_fraction"):
        make(calibrate=True, validation_fraction=0).fit(X, y)


def test_samples_of_dropout(data):
    X, y = data
    classifier = make(network__dropout=0.5).fit(X, y)
    before = pickle.dumps(classifier)
    samples = classifier.sample_proba(X, 30, random_state=0)
    assert samples.shape == (30, 24, 37)
    assert (samples.std(axis=0) > 0).any(axis=1).all()
    np.testing.assert_array_equal(samples, classifier.sample_proba(X, 30, random_state=0))
    assert pickle.dumps(classifier) == before
    plain = classifier.set_params(symmetric=False).predict_proba(X)
    np.testing.assert_allclose(samples.mean(axis=0), plain, atol=0.1)
    small = {"network__filters": (4, 4), "network__dropout": 0.0}
    without = make(network="residual", **small).fit(X, y).set_params(symmetric=False)
    for sample in without.sample_proba(X, 2):
        np.testing.assert_allclose(sample, without.predict_proba(X), atol=1e-6)


# -------------------------------------------------- features, and what starts from them


def test_features_are_what_the_output_is_computed_from(data, fitted):
    X = data[0]
    plain = clone_fitted(fitted).set_params(symmetric=False)
    features = plain.transform(X)
    assert features.shape == (24, 16) and features.dtype == np.float32
    (kernel, offset) = plain.model_.get_weights()[-2:]
    logits = features @ kernel + offset
    expected = np.exp(logits)
    np.testing.assert_allclose(plain.predict_proba(X), GZ2.normalize(expected), atol=1e-5)
    assert plain.get_feature_names_out()[:2].tolist() == ["galaxyclassifier0", "galaxyclassifier1"]
    assert clone_fitted(fitted).set_output(transform="pandas").transform(X).shape == (24, 16)


@pytest.mark.filterwarnings("ignore:.* is a pickle:UserWarning")
@pytest.mark.parametrize("freeze", [True, False])
def test_fine_tuning(data, labels, fitted, freeze, tmp_path):
    X, _ = data
    joblib.dump(fitted, tmp_path / "model.joblib")
    pipeline = make_pipeline(FlattenToTensor(), fitted)
    found = []
    for source in (FrozenEstimator(fitted), str(tmp_path / "model.joblib"), pipeline):
        new = make(pretrained=source, freeze=freeze, epochs=3)
        if source is not pipeline:
            new = clone(new)
        new.fit(X, labels)
        assert new.predict_proba(X).shape == (24, 2)
        same = np.array_equal(new.transform(X), fitted.transform(X))
        assert same == freeze
        found.append(weights(new))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    loaded = clone_fitted(new)
    np.testing.assert_array_equal(loaded.predict_proba(X), new.predict_proba(X))


@pytest.mark.filterwarnings("ignore:.* is a pickle:UserWarning")
def test_fine_tuning_from_the_file_of_an_encoder(data, tmp_path):
    X, y = data
    encoder = GalaxyEncoder(make(epochs=1)).fit(X)
    joblib.dump(encoder, tmp_path / "encoder.joblib")
    tuned = make(pretrained=str(tmp_path / "encoder.joblib"), freeze=True, epochs=1).fit(X, y)
    np.testing.assert_array_equal(tuned.transform(X), encoder.transform(X))


def test_what_cannot_be_fine_tuned(data, fitted):
    X, y = data
    with pytest.raises(ValueError, match="pretrained must be a fitted GalaxyClassifier"):
        make(pretrained=clone(fitted)).fit(X, y)
    with pytest.raises(ValueError, match=r"fitted on images of shape \(16, 16, 1\)"):
        make(pretrained=fitted).fit(X[:, :8], y)


# ---------------------------------------------------- scikit-learn's ways, over images


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("channels", [None, 1, 3])
def test_checks_over_images(data, dtype, channels):
    shape = (8, 6, 5) if channels is None else (8, 6, 5, channels)
    values = np.random.default_rng(0).random(shape)
    X = (values * 255).astype(dtype) if dtype == np.uint8 else values.astype(dtype)
    y = data[1][:8]
    first = check_over_images(make(epochs=1), X, y, "predict_proba")
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
    for value in (np.inf, -0.5):
        with pytest.raises(ValueError, match=rf"row 3, column .*a03_star.*found {value}"):
            make().fit(
                X,
                y.to_numpy() + np.where(np.arange(24 * 37) == 3 * 37 + 2, value, 0).reshape(24, 37),
            )
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


@pytest.mark.usefixtures("bfloat16")
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
    n_bytes += classifier._learner.gaussian.whitening.nbytes
    assert (tmp_path / "model.joblib").stat().st_size < 1.1 * n_bytes
    code = """
import joblib, numpy as np
data = np.load("data.npz")
probabilities = joblib.load("model.joblib").predict_proba(data["X"])
np.testing.assert_array_equal(probabilities, data["expected"])
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


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
