"""A training that was stopped goes on, and ends as one that was not."""

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_score
from tiny import tiny

from galaxy_sklearn import GalaxyClassifier, GalaxyEncoder, GalaxyEnsemble
from galaxy_sklearn._learner import Learner, _loop


def make(**parameters):
    """A classifier with all that has a state: augmentation, dropout, averages, the best epoch."""
    settings = {
        "epochs": 5,
        "random_state": 0,
        "run_eagerly": True,
        "validation_fraction": 0.25,
        "weight_average": 0.3,
        "batch_size": 8,
        "learning_rate": 0.01,
        "network__dropout": 0.2,
    }
    return GalaxyClassifier(tiny, **{**settings, **parameters})


@pytest.fixture(scope="module")
def data(galaxies):
    X, y = galaxies
    return np.ascontiguousarray(X[:, ::2, ::2] / 255, dtype=np.float32), y


class Stopped(Exception):
    pass


def stop_after(monkeypatch, n_passes):
    one_pass, passes = _loop._one_pass, itertools.count()

    def until(*args):
        if next(passes) == n_passes:
            raise Stopped
        return one_pass(*args)

    monkeypatch.setattr(_loop, "_one_pass", until)


def assert_same(found, expected, X):
    for a, b in zip(found.model_.get_weights(), expected.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    assert found.history_ == expected.history_
    assert found.best_epoch_ == expected.best_epoch_


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"validation_fraction": 0, "weight_average": 0},
        {"patience": 1, "learning_rate": 0.3, "epochs": 9},
        {"calibrate": True, "schedule": "constant"},
        {"random_state": None},
    ],
)
def test_the_same_bits(data, tmp_path, monkeypatch, parameters):
    X, y = data
    classifier = make(checkpoint=tmp_path / "state", **parameters)
    for n_passes in (0, 1, 2, 1):  # within an epoch each has one or two
        with monkeypatch.context() as patch, pytest.raises(Stopped):
            stop_after(patch, n_passes)
            clone(classifier).fit(X, y)
    found = clone(classifier).fit(X, y)
    if parameters.get("random_state", 0) is not None:
        assert_same(found, make(**parameters).fit(X, y), X)
    # What is finished is not trained again.
    with monkeypatch.context() as patch:
        stop_after(patch, 0)
        assert_same(clone(classifier).fit(X, y), found, X)
    names = sorted(path.name for path in (tmp_path / "state").iterdir())
    assert names in (["training.npz"], [".lock", "training.npz"])


def test_galaxies_set_aside_stay_aside(data, tmp_path, monkeypatch):
    """Also without a seed: or what was learned from would choose the best epoch."""
    splits, split = [], Learner._split

    def keep(*args):
        splits.append(split(*args))
        return splits[-1]

    monkeypatch.setattr(Learner, "_split", keep)
    classifier = make(random_state=None, checkpoint=tmp_path)
    with monkeypatch.context() as patch, pytest.raises(Stopped):
        stop_after(patch, 2)
        clone(classifier).fit(*data)
    classifier.fit(*data)
    for before, after in zip(*splits, strict=True):
        np.testing.assert_array_equal(before, after)


def test_what_else_is_trained(data, tmp_path, monkeypatch):
    X, y = data
    for number, estimator in enumerate(
        (
            GalaxyEnsemble(make(epochs=2), 2, random_state=0),
            GalaxyEncoder(make(epochs=2), n_projected=8),
            make(epochs=2, pretrained=FrozenEstimator(make(epochs=1).fit(X, y))),
        )
    ):
        expected = clone(estimator).fit(X, y)
        inner = getattr(estimator, "estimator", estimator)
        inner.set_params(checkpoint=tmp_path / str(number))
        with monkeypatch.context() as patch, pytest.raises(Stopped):
            stop_after(patch, 5 if number == 0 else 1)
            clone(estimator).fit(X, y)
        found = clone(estimator).fit(X, y)
        np.testing.assert_array_equal(found.transform(X), expected.transform(X))


def test_another_fit_is_refused(data, tmp_path):
    X, y = data
    classifier = make(epochs=1, checkpoint=tmp_path).fit(X, y)
    weights = np.linspace(1, 2, len(X))
    before = (tmp_path / "training.npz").read_bytes()
    for change, arguments, message in (
        ({"epochs": 2}, (X, y), "its epochs is 1, that of this one 2"),
        ({"random_state": 1}, (X, y), "its random_state is 0, that of this one 1"),
        ({}, (X[::-1], y), "its X is"),
        ({}, (X, y[::-1]), "its y is"),
        ({}, (X, y, weights), "its sample_weight is"),
        ({"loss": "mse"}, (X, y), "its loss is 'auto', that of this one 'mse'"),
        ({"network__units": 6}, (X, y), "its network__units is not set, that of this one 6"),
    ):
        with pytest.raises(ValueError, match=f"training.npz is that of another fit: {message}"):
            clone(classifier).set_params(**change).fit(*arguments)
    assert (tmp_path / "training.npz").read_bytes() == before
    # What does not change the training may change.
    clone(classifier).set_params(verbose=1).fit(X, y)
    with pytest.raises(ValueError, match="checkpoint needs warm_start=False"):
        clone(classifier).set_params(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="cannot be that of a search"):
        cross_val_score(classifier, X, y, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="needs an int as the random_state of the ensemble"):
        GalaxyEnsemble(classifier, 2).fit(X, y)
    with FileLock(tmp_path / ".lock"), pytest.raises(BlockingIOError, match="by another training"):
        clone(classifier).fit(X, y)
    (tmp_path / "training.npz").write_bytes(before[:1000])
    with pytest.raises(ValueError, match="training.npz is no checkpoint that can be read"):
        clone(classifier).fit(X, y)


KILLED = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
from test_checkpoint import make
X, y = np.load({folder!r} + "/X.npy"), np.load({folder!r} + "/y.npy")
classifier = make(epochs=25, checkpoint={folder!r} + "/state", random_state=7).fit(X, y)
np.savez({folder!r} + "/found.npz", *classifier.model_.get_weights())
"""


@pytest.mark.slow
def test_killed(data, tmp_path):
    X, y = data[0], data[1].to_numpy()
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    code = KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    state, rng = tmp_path / "state" / "training.npz", np.random.default_rng(0)
    for _ in range(2):
        before = state.stat().st_mtime_ns if state.exists() else 0
        with subprocess.Popen([sys.executable, "-c", code]) as process:
            deadline = time.monotonic() + 300
            while (state.stat().st_mtime_ns if state.exists() else 0) == before:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.1))
            os.kill(process.pid, signal.SIGKILL)
    subprocess.run([sys.executable, "-c", code], check=True)
    expected = make(epochs=25, random_state=7).fit(X, y).model_.get_weights()
    with np.load(tmp_path / "found.npz") as found:
        for name, weights in zip(found.files, expected, strict=True):
            np.testing.assert_array_equal(found[name], weights)
