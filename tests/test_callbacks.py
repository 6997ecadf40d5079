"""Keras callbacks of the user's: what they are told, may change, and what is refused."""

import pickle
import subprocess
import sys
from typing import ClassVar

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from tiny import tiny

from galaxy_sklearn import GalaxyClassifier, GalaxyEnsemble, make_galaxy_pipeline
from galaxy_sklearn._learner import _loop
from galaxy_sklearn.scoring import score_catalogue
from galaxy_sklearn.sharing import load_model, save_model

EVENTS = []
# Of Keras, with NumPy 2.
OLD_ARRAY = "ignore:__array__ implementation:DeprecationWarning"


class Recorder(keras.callbacks.Callback):
    """Keeps what all recorders are told."""

    def __init__(self):
        super().__init__()
        self.own = []

    def __getattribute__(self, name):
        if not name.startswith("on_"):
            return super().__getattribute__(name)

        def record(*args):
            EVENTS.append((name[3:], *args))
            self.own.append(name)

        return record


class Watcher(keras.callbacks.Callback):
    """Keeps the weights at the end of each epoch."""

    seen: ClassVar = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(self.model.get_weights())


class Stopper(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.model.stop_training = True


def make_recorder():
    return Recorder()


def not_one():
    return "callback"


@pytest.fixture(autouse=True)
def no_events():
    EVENTS.clear()


def make(**parameters):
    settings = {
        "epochs": 4,
        "random_state": 0,
        "run_eagerly": True,
        "batch_size": 8,
        "validation_fraction": 0.25,
        "schedule": "constant",
        "network__dropout": 0.2,
    }
    return GalaxyClassifier(tiny, **{**settings, **parameters})


@pytest.fixture(scope="module")
def data(galaxies):
    X, y = galaxies
    return np.ascontiguousarray(X[:, ::4, ::4] / 255, dtype=np.float32), y


@pytest.fixture(scope="module")
def plain(data):
    """Fitted without callbacks."""
    return make().fit(*data)


def names():
    return [event[0] for event in EVENTS]


# ------------------------------------------------------------------- what they are told


@pytest.mark.parametrize("callback", [Recorder, make_recorder, Recorder()])
def test_what_keras_tells_them(data, plain, callback):
    """In its order; and one that only listens changes nothing, and is not changed."""
    classifier = make(callbacks=[callback], epochs=4).fit(*data)
    epoch = ["epoch_begin", *["train_batch_begin", "train_batch_end"] * 3]
    epoch += ["test_begin", "test_batch_begin", "test_batch_end", "test_end", "epoch_end"]
    assert names() == ["train_begin", *epoch * 4, "train_end"]
    ends = [event[1:] for event in EVENTS if event[0] == "epoch_end"]
    history = classifier.history_
    assert ends == [(i, {name: values[i] for name, values in history.items()}) for i in range(4)]
    (_, last) = EVENTS[-1]
    assert last == ends[-1][1]
    batches = [event[1:] for event in EVENTS if event[0] == "train_batch_end"]
    assert [batch for batch, _ in batches] == [0, 1, 2] * 4
    assert batches[2][1] == {name: history[name][0] for name in ("loss", "mse")}
    assert classifier.history_ == plain.history_
    assert classifier.best_epoch_ == plain.best_epoch_
    for a, b in zip(classifier.model_.get_weights(), plain.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    if isinstance(callback, Recorder):
        assert callback.own == [] and callback.model is None


def test_clones_searches_and_ensembles(data):
    X, y = data
    classifier = make(callbacks=[Recorder], epochs=1)
    labels = np.where(y.iloc[:, 0] > 0.5, "a", "b")
    grid = {"callbacks": [None, [keras.callbacks.EarlyStopping("loss")], [Recorder(), Recorder]]}
    GridSearchCV(classifier, grid, cv=KFold(2), refit=False).fit(X, labels)
    assert names().count("train_begin") == 2 * 2
    EVENTS.clear()
    GalaxyEnsemble(classifier, 2, random_state=0).fit(X, y)
    assert names().count("train_begin") == 2
    assert clone(classifier).callbacks == [Recorder]


def test_epochs_that_go_on(data):
    """The history of `partial_fit` goes on, that of a warm start begins anew."""
    X, y = data
    classifier = make(callbacks=[Recorder], epochs=2, warm_start=True).fit(X, y)
    EVENTS.clear()
    classifier.partial_fit(X, y)
    (end,) = (event for event in EVENTS if event[0] == "epoch_end")
    assert end[1] == 2 and end[2].keys() == {"loss", "mse"}
    EVENTS.clear()
    classifier.fit(X, y)
    assert [event[1] for event in EVENTS if event[0] == "epoch_begin"] == [0, 1]


# --------------------------------------------------------------------- what they may change


def test_a_callback_can_stop_the_training(data, plain):
    stopping = keras.callbacks.EarlyStopping("val_loss", min_delta=9, patience=1)
    classifier = make(callbacks=[stopping]).fit(*data)
    assert classifier.history_ == {k: v[:2] for k, v in plain.history_.items()}

    # Within an epoch, whose figures are those of the batches that were seen.
    classifier = make(callbacks=[StopInside]).fit(*data)
    ((_, batch, logs),) = EVENTS
    assert batch == 0 and classifier.history_["loss"] == [logs["loss"]]
    assert len(classifier.history_["val_loss"]) == 1
    # The next one is not stopped.
    assert len(classifier.set_params(callbacks=None).fit(*data).history_["loss"]) == 4


class StopInside(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        EVENTS.append(("batch", batch, logs))
        self.model.stop_training = True


@pytest.mark.filterwarnings(OLD_ARRAY)
def test_the_learning_rate(data, plain):
    scheduler = keras.callbacks.LearningRateScheduler(fall)
    classifier = make(callbacks=[scheduler]).fit(*data)
    losses = classifier.history_["val_loss"]
    assert losses[0] == plain.history_["val_loss"][0]
    assert losses[1] == losses[2] == losses[3] != plain.history_["val_loss"][1]
    assert classifier.history_.keys() == plain.history_.keys()
    with pytest.raises(ValueError, match=r"LearningRateScheduler, .* choose schedule='constant'"):
        make(callbacks=[scheduler], schedule="cosine").fit(*data)


def fall(epoch, rate):
    return rate if epoch == 0 else 0.0


def test_weights_that_a_callback_puts_back(data, plain):
    """Nobody but the callback knows of which epoch they are."""
    worst = keras.callbacks.EarlyStopping("val_loss", mode="max", restore_best_weights=True)
    classifier = make(callbacks=[worst], epochs=3).fit(*data)
    assert plain.best_epoch_ > 1 and classifier.best_epoch_ is None
    first = make(epochs=1).fit(*data)
    np.testing.assert_array_equal(classifier.predict_proba(data[0]), first.predict_proba(data[0]))
    assert np.isfinite(classifier.predict_interval(data[0])).all()
    same = keras.callbacks.EarlyStopping("val_loss", patience=9, restore_best_weights=True)
    again = make(callbacks=[same]).fit(*data)
    assert again.best_epoch_ == plain.best_epoch_
    np.testing.assert_array_equal(again.predict_proba(data[0]), plain.predict_proba(data[0]))


@pytest.mark.filterwarnings(OLD_ARRAY)
@pytest.mark.parametrize("validation_fraction", [0, 0.25])
def test_what_they_see_is_what_is_checked(data, validation_fraction):
    """With averaged weights, those at the end of an epoch are the average."""
    Watcher.seen.clear()
    settings = {"weight_average": 0.5, "validation_fraction": validation_fraction}
    classifier = make(callbacks=[Watcher], **settings).fit(*data)
    given = Watcher.seen[classifier.best_epoch_ - 1]
    for now, then in zip(classifier.model_.get_weights(), given, strict=True):
        np.testing.assert_array_equal(now, then)


def test_tensorboard(data, tmp_path):
    pytest.importorskip("tensorboard")
    board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1)
    make(callbacks=[board], epochs=2, run_eagerly=False).fit(*data)
    for part in ("train", "validation"):
        assert list((tmp_path / part).iterdir())


@pytest.mark.filterwarnings(OLD_ARRAY)
def test_files(data, tmp_path):
    kept = keras.callbacks.ModelCheckpoint(tmp_path / "w.weights.h5", save_weights_only=True)
    table = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    classifier = make(callbacks=[kept, table], epochs=2).fit(*data)
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0].split(",") == ["epoch", *sorted(classifier.history_)]
    assert float(lines[2].split(",")[1]) == classifier.history_["loss"][1]
    assert (tmp_path / "w.weights.h5").exists()


# --------------------------------------------------------------------------- transactions


class Failing(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError("no")


class FailingAtTheEnd(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        raise RuntimeError("no")


@pytest.mark.parametrize("callback", [Failing, FailingAtTheEnd])
def test_a_callback_that_fails_leaves_all_as_it_was(data, callback):
    X, y = data
    classifier = make(warm_start=True, epochs=1).fit(X, y)
    expected, history = classifier.predict_proba(X), dict(classifier.history_)
    for method in ("fit", "partial_fit"):
        with pytest.raises(RuntimeError):
            getattr(classifier.set_params(callbacks=[callback]), method)(X, y)
        np.testing.assert_array_equal(classifier.predict_proba(X), expected)
        assert classifier.history_ == history
    ensemble = GalaxyEnsemble(make(callbacks=[callback]), 2, random_state=0)
    with pytest.raises(RuntimeError):
        ensemble.fit(X, y)
    assert not hasattr(ensemble, "estimators_")


# -------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        ("EarlyStopping", r"callbacks\[0\] must be a keras.callbacks.Callback, .*'EarlyStopping'"),
        (not_one, r"got <function not_one .*, which returns 'callback'"),
        (lambda: Recorder(), r"callbacks\[0\] cannot be pickled, .* top level of a module"),
        (keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: None), "cannot be pickled"),
        (keras.callbacks.BackupAndRestore("f"), "BackupAndRestore, .* use 'checkpoint'"),
        (keras.callbacks.ProgbarLogger(), "ProgbarLogger, .* use 'verbose'"),
        (keras.callbacks.SwapEMAWeights(), "SwapEMAWeights, .* use 'weight_average'"),
        (Stopper, "A callback stopped the training before its first epoch"),
    ],
)
def test_what_is_refused_before_the_training(data, callback, message, monkeypatch):
    monkeypatch.setattr(_loop, "_one_pass", lambda *args: pytest.fail("it was trained"))
    with pytest.raises(ValueError, match=message):
        make(callbacks=[callback]).fit(*data)


@pytest.mark.filterwarnings(OLD_ARRAY)
def test_with_a_checkpoint(data, tmp_path, monkeypatch):
    """Those whose state would be lost are refused; others are told of the epochs that are left."""
    X, y = data
    for callback in (keras.callbacks.EarlyStopping("loss"), Recorder):
        with pytest.raises(ValueError, match="checkpoint does not keep the state of callbacks"):
            make(callbacks=[callback], checkpoint=tmp_path).fit(X, y)
    assert not list(tmp_path.glob("*.npz"))
    told = keras.callbacks.LambdaCallback(on_epoch_begin=note)
    callbacks = [told, keras.callbacks.LearningRateScheduler(halve)]
    classifier = make(callbacks=callbacks, checkpoint=tmp_path)
    one_pass, passes = _loop._one_pass, []

    def until(*args):
        passes.append(args)
        return one_pass(*args) if len(passes) != 5 else 1 / 0

    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):
        patched.setattr(_loop, "_one_pass", until)
        clone(classifier).fit(X, y)
    assert EVENTS == [0, 1, 2]
    found = clone(classifier).fit(X, y)
    assert EVENTS == [0, 1, 2, 2, 3]
    expected = clone(classifier).set_params(checkpoint=None).fit(X, y)
    assert found.history_ == expected.history_
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    with pytest.raises(ValueError, match="that of another fit: its callbacks is"):
        clone(classifier).set_params(callbacks=[told]).fit(X, y)
    # What the first run of a process is called does not matter.
    clone(classifier).fit(X, y)


def note(epoch, logs=None):
    EVENTS.append(epoch)


def halve(epoch, rate):
    return rate / 2


# --------------------------------------------------------------------------------- saving


def test_saving(paths, galaxies, tmp_path):
    stopping = keras.callbacks.EarlyStopping("loss", patience=7)
    settings = {"epochs": 1, "run_eagerly": True, "network__filters": (2, 2), "random_state": 0}
    classifier = GalaxyClassifier(callbacks=[stopping, make_recorder], **settings)
    pipe = make_galaxy_pipeline().set_params(resize__size=8, classifier=classifier)
    pipe.fit(paths, galaxies[1])
    again = pickle.loads(pickle.dumps(pipe))
    assert again[-1].callbacks[0].patience == 7 and again[-1].callbacks[1] is make_recorder
    save_model(pipe, tmp_path / "m.skops")
    shared = load_model(tmp_path / "m.skops")
    assert shared[-1].callbacks is None and classifier.callbacks[0] is stopping
    for found in (again, shared):
        np.testing.assert_array_equal(found.predict_proba(paths), pipe.predict_proba(paths))
    # They are one model: what one of them has begun to score, the other goes on with.
    for model in (pipe, tmp_path / "m.skops"):
        assert score_catalogue(model, paths, tmp_path / "scores", verbose=False).n_images == 24


SCRIPT = """
import keras, numpy as np
from sklearn.model_selection import cross_validate, KFold
from galaxy_sklearn import GalaxyClassifier
from galaxy_sklearn.datasets import make_galaxies

class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True

def make():
    return Stop()

if __name__ == "__main__":
    X, y = make_galaxies(12, image_size=8, random_state=0)
    classifier = GalaxyClassifier(
        callbacks=[make, Stop], epochs=9, run_eagerly=True, network__filters=(2, 2)
    )
    found = cross_validate(
        classifier, X, np.where(y.iloc[:, 0] > 0.5, "a", "b"), cv=KFold(2), n_jobs=2,
        return_estimator=True,
    )
    print([len(fitted.history_["loss"]) for fitted in found["estimator"]])
"""


@pytest.mark.slow
def test_callbacks_of_a_script_are_told_in_its_workers(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-W", "ignore", "script.py"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.stdout.split("\n")[0] == "[1, 1]", found.stderr
