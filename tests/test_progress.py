"""How far a training is, for people and for scikit-learn's callbacks."""

import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from tiny import tiny

from galaxy_sklearn import GalaxyClassifier, GalaxyEncoder, GalaxyEnsemble, make_galaxy_pipeline
from galaxy_sklearn._learner import _loop
from galaxy_sklearn._learner._progress import tqdm
from galaxy_sklearn.metrics import neg_cumulative_rmse
from galaxy_sklearn.sharing import load_model, save_model


def make(**parameters):
    settings = {"epochs": 3, "random_state": 0, "run_eagerly": True, "batch_size": 8}
    return GalaxyClassifier(tiny, **{**settings, **parameters})


@pytest.fixture(scope="module")
def data(galaxies):
    X, y = galaxies
    return np.ascontiguousarray(X[:, ::4, ::4] / 255, dtype=np.float32), y


# ------------------------------------------------------------------------- verbose


def test_a_line_for_each_epoch_where_there_is_no_terminal(data, capsys):
    classifier = make(verbose=1).fit(*data)
    found = capsys.readouterr()
    lines = found.err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    for name in ("loss", "mse", "val_loss", "val_mse"):
        assert f" {name} {classifier.history_[name][1]:.4f}" in lines[1]
    classifier.partial_fit(*data)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("epoch 4/4: ") and "val_loss" not in line
    make().fit(*data)
    assert capsys.readouterr() == ("", "") and found.out == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_in_a_terminal(data, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    classifier = make(verbose=1, validation_fraction=0).fit(*data)
    shown = sys.stderr.getvalue()
    assert "epoch 3/3: 100%" in shown and "72/72" in shown and "\r" in shown
    assert f"loss={classifier.history_['loss'][-1]:.4f}" in shown
    # One that fails leaves none behind.
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(_loop, "_one_pass", fail)
        make(verbose=1).fit(*data)
    assert not tqdm._instances


def fail(*args):
    raise RuntimeError("no")


# ---------------------------------------------------------- callbacks of scikit-learn


class Watcher:
    """Is told of all tasks, in the order in which they are."""

    max_propagation_depth = None

    def __init__(self, stop_at=None, fail_at=None):
        self.stop_at, self.fail_at = stop_at, fail_at
        self.events, self.n_open, self.scores = [], 0, {}

    def __deepcopy__(self, memo):  # as the copies of scikit-learn's report to one place
        return self

    def setup(self, estimator, context):
        self.n_open += 1

    def teardown(self, estimator, context):
        self.n_open -= 1

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", *place(context)))

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        where = place(context)
        self.events.append(("end", *where))
        if where[-1] == self.fail_at:
            raise RuntimeError("no")
        if hasattr(fitted_estimator, "history_"):
            assert fitted_estimator is not estimator
            answer = getattr(fitted_estimator, "predict_proba", fitted_estimator.transform)
            self.scores[where] = (fitted_estimator.history_["loss"], answer(X), metadata)
        return where[-1] == self.stop_at


def place(context):
    """Return names and numbers of a task and those around it."""
    path = []
    while context is not None:
        path.insert(0, f"{context.estimator_name}.{context.task_name} {context.task_id}")
        context = context.parent
    return tuple(path)


needs_callbacks = pytest.mark.skipif(
    not hasattr(GalaxyClassifier, "set_callbacks"), reason="scikit-learn has no callbacks"
)


@needs_callbacks
def test_epochs_are_reported(data):
    X, y = data
    watcher, weights = Watcher(), np.linspace(1, 2, len(X))
    classifier = make(weight_average=0.5).set_callbacks(watcher).fit(X, y, weights)
    root = "GalaxyClassifier.fit 0"
    epochs = [(root, f"GalaxyClassifier.epoch {i}") for i in range(3)]
    inner = [(kind, *epoch) for epoch in epochs for kind in ("begin", "end")]
    assert watcher.events == [("begin", root), *inner, ("end", root)] and watcher.n_open == 0
    for i, epoch in enumerate(epochs):
        losses, _, metadata = watcher.scores[epoch]
        assert losses == classifier.history_["loss"][: i + 1]
        assert metadata == {"sample_weight": weights}
    # The network of an epoch is the one that would be kept, and nothing is changed by asking it.
    plain = make(weight_average=0.5).fit(X, y, weights)
    assert plain.history_ == classifier.history_
    np.testing.assert_array_equal(plain.predict_proba(X), classifier.predict_proba(X))
    np.testing.assert_array_equal(watcher.scores[(root,)][1], plain.predict_proba(X))
    kept = watcher.scores[epochs[plain.best_epoch_ - 1]][1]
    np.testing.assert_array_equal(kept, plain.predict_proba(X))


@needs_callbacks
def test_a_callback_can_stop_the_training(data):
    watcher = Watcher(stop_at="GalaxyClassifier.epoch 1")
    assert len(make(epochs=9).set_callbacks(watcher).fit(*data).history_["loss"]) == 2


@needs_callbacks
@pytest.mark.parametrize("fail_at", ["epoch 1", "fit 0"])
def test_a_callback_that_fails_leaves_all_as_it_was(data, fail_at, monkeypatch):
    X, y = data
    classifier = make().fit(X, y)
    expected, state = classifier.predict_proba(X), set(vars(classifier))
    watcher = Watcher(fail_at=f"GalaxyClassifier.{fail_at}")
    with pytest.raises(RuntimeError):
        classifier.set_params(warm_start=True).set_callbacks(watcher).fit(X, y)
    assert watcher.n_open == 0
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)
    assert set(vars(classifier.set_callbacks())) == state
    # Also if the training fails by itself.
    watcher = Watcher()
    monkeypatch.setattr(_loop, "_one_pass", fail)
    with pytest.raises(RuntimeError):
        clone(classifier).set_callbacks(watcher).fit(X, y)
    assert watcher.n_open == 0 and watcher.events


@needs_callbacks
def test_a_search_through_a_pipeline(data):
    X, y = (np.rint(data[0] * 255).astype(np.uint8), data[1])
    pipe = make_galaxy_pipeline().set_params(classifier=make(epochs=2), resize__size=8)
    search = GridSearchCV(
        pipe, {"classifier__batch_size": [4, 8]}, cv=KFold(2), scoring=neg_cumulative_rmse
    )
    watcher = Watcher()
    search.set_callbacks(watcher).fit(X, y)
    root, part = "GridSearchCV.fit 0", "GridSearchCV.search 0"
    last = "GalaxyClassifier.fit 5"
    for i in range(4):
        for epoch in range(2):
            fit = (root, part, f"Pipeline.fit {i}", last, f"GalaxyClassifier.epoch {epoch}")
            assert ("begin", *fit) in watcher.events and ("end", *fit) in watcher.events
    refit = (root, "Pipeline.fit 1")
    assert ("end", *refit, last, "GalaxyClassifier.epoch 1") in watcher.events
    assert ("end", *refit, "CenterCrop.fit 1") in watcher.events
    assert len(watcher.events) == len(set(watcher.events))
    assert watcher.n_open == 0


@needs_callbacks
def test_members_and_encoders(data):
    X, y = data
    watcher = Watcher()
    GalaxyEnsemble(make(epochs=1), 2, random_state=0).set_callbacks(watcher).fit(X, y)
    for i in range(2):
        member = ("GalaxyEnsemble.fit 0", f"GalaxyClassifier.fit {i}")
        assert ("end", *member, "GalaxyClassifier.epoch 0") in watcher.events
    watcher = Watcher()
    encoder = GalaxyEncoder(make(epochs=2), n_projected=8).set_callbacks(watcher).fit(X)
    assert ("end", "GalaxyEncoder.fit 0", "GalaxyEncoder.epoch 1") in watcher.events
    assert watcher.n_open == 0
    end = watcher.scores[("GalaxyEncoder.fit 0",)][1]
    np.testing.assert_array_equal(end, encoder.transform(X))


@needs_callbacks
def test_a_training_that_goes_on_counts_the_epochs_before(data, tmp_path, monkeypatch):
    X, y = data
    watchers = [Watcher(stop_at="GalaxyClassifier.epoch 1"), Watcher(), Watcher()]
    one_pass, n_passes = _loop._one_pass, []

    def until(*args):
        n_passes.append(args[1])
        return fail() if len(n_passes) == 4 else one_pass(*args)

    monkeypatch.setattr(_loop, "_one_pass", until)
    classifier = make(checkpoint=tmp_path, validation_fraction=0, epochs=5)
    with pytest.raises(RuntimeError):
        clone(classifier).set_callbacks(watchers[1]).fit(X, y)
    clone(classifier).set_callbacks(watchers[2]).fit(X, y)
    root = "GalaxyClassifier.fit 0"
    epochs = [(root, f"GalaxyClassifier.epoch {i}") for i in range(5)]
    parts = [(kind, *epoch) for epoch in epochs for kind in ("begin", "end")]
    assert watchers[2].events == [("begin", root), *parts, ("end", root)]
    assert len(watchers[2].scores) == 3  # two epochs, and the end
    # One that was stopped stays so.
    stopped = make(checkpoint=tmp_path / "other").set_callbacks(watchers[0]).fit(X, y)
    again = make(checkpoint=tmp_path / "other").fit(X, y)
    assert len(again.history_["loss"]) == len(stopped.history_["loss"]) == 2


@needs_callbacks
def test_what_scikit_learn_ships(data, capsys):
    from sklearn.callback import ProgressBar, ScoringMonitor

    X, y = data
    monitor = ScoringMonitor(scoring=last_losses)
    classifier = make().set_callbacks(monitor, ProgressBar()).fit(X, y)
    log = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")
    assert log["val_loss"].tolist() == classifier.history_["val_loss"]
    assert "GalaxyClassifier - fit" in capsys.readouterr().out
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))


def last_losses(classifier, X, y):
    return {name: values[-1] for name, values in classifier.history_.items()}


@needs_callbacks
def test_callbacks_stay_behind(data, tmp_path):
    X, y = data
    settings = {"epochs": 1, "run_eagerly": True, "network__filters": (2, 2)}
    model = GalaxyClassifier(**settings).set_callbacks(Watcher()).fit(X, y)
    save_model(model, tmp_path / "m.skops")
    again = load_model(tmp_path / "m.skops")
    assert hasattr(model, "_skl_callbacks") and not hasattr(again, "_skl_callbacks")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_without_scikit_learns_callbacks(tmp_path):
    """As before version 1.9."""
    code = """
import sys
import sklearn.metrics
from sklearn.base import BaseEstimator
sys.modules["sklearn.callback"] = None
import galaxy_sklearn._compat as compat

class Estimator(compat.CallbackSupportMixin, BaseEstimator):
    @compat.with_callbacks
    def fit(self):
        task = self._init_callback_context(max_subtasks=2)
        assert task.call_on_fit_task_begin(estimator=self) is task
        part = task.subcontext(task_name="part")
        with part.propagate_callback_context(None):
            return part.call_on_fit_task_end(estimator=self)

assert Estimator().fit() is False
assert not hasattr(Estimator, "set_callbacks")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
