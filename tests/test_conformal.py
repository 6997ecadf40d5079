"""Intervals and sets hold what is found for new galaxies as often as they promise."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from tiny import tiny

from galaxy_sklearn import GZ2, GalaxyClassifier, GalaxyEnsemble
from galaxy_sklearn._learner import _conformal
from galaxy_sklearn.votes import check_votes


def sample(n, rng):
    """Predictions, and votes whose spread grows with them, on the skew near 0."""
    p = rng.beta(1, 3, size=(n, 2))
    return p, np.clip(p + rng.standard_normal(p.shape) * (0.02 + p * (1 - p)), 0, 1)


@pytest.mark.parametrize("n", [19, 200])
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_coverage(n, coverage):
    """On average over samples it is the one promised, or at most 1 / (n + 1) more."""
    rng = np.random.default_rng(n)
    covered, distant = [], []
    for _ in range(400):
        errors = _conformal.find_errors(*sample(n, rng))
        p, v = sample(50, rng)
        low, high = np.moveaxis(_conformal.intervals(errors, p, coverage), -1, 0)
        covered.append((low <= v) & (v <= high))
        assert ((low <= p) & (p <= high) & (low >= 0) & (high <= 1)).all()
        distant.append((high - low)[p > 0.4].mean() / (high - low)[p < 0.1].mean())
    assert coverage - 0.01 < np.mean(covered) < coverage + 1 / (n + 1) + 0.02
    assert np.mean(distant) > 1.3


def test_ranks():
    scores = np.arange(1.0, 10)
    assert _conformal.threshold(scores, 0.9) == 9
    assert _conformal.threshold(scores, 0.5) == 5
    assert _conformal.threshold(scores, 0.91) == np.inf
    assert _conformal.threshold(scores[:0], 0.1) == np.inf


def test_too_few_galaxies_and_unknown_ones():
    rng = np.random.default_rng(0)
    p, v = sample(40, rng)
    v[5:, 1] = np.nan
    ends = _conformal.intervals(_conformal.find_errors(p, v), p, 0.9)
    assert (ends[:, 1] == [0, 1]).all()
    alone = _conformal.intervals(_conformal.find_errors(p[:, :1], v[:, :1]), p[:, :1], 0.9)
    np.testing.assert_array_equal(ends[:, :1], alone)
    exact = _conformal.find_errors(p, p)
    np.testing.assert_array_equal(_conformal.intervals(exact, p, 0.9)[..., 0], p)


# ------------------------------------------------------------------------- estimators


@pytest.fixture(scope="module")
def data(galaxies):
    X, y = galaxies
    return np.ascontiguousarray(X[:, ::2, ::2] / 255, dtype=np.float32), y


def make(**parameters):
    settings = {"epochs": 1, "random_state": 0, "run_eagerly": True, "validation_fraction": 0.5}
    return GalaxyClassifier(tiny, **{**settings, **parameters})


@pytest.mark.parametrize("form", ["conditional", "cumulative"])
@pytest.mark.parametrize("loss", ["auto", "mse"])
def test_of_any_loss_in_either_form(data, form, loss):
    """They are those of the galaxies that `fit` set aside."""
    X, y = data
    y = getattr(check_votes(y), form)(GZ2)
    classifier = make(loss=loss).fit(X, y)
    low, high = np.moveaxis(classifier.predict_interval(X, 0.8), -1, 0)
    p = classifier.predict_proba(X)
    assert classifier.form_ == form
    assert ((low <= p) & (p <= high)).all()
    again = pickle.loads(pickle.dumps(classifier)).predict_interval(X, 0.8)
    np.testing.assert_array_equal(again[..., 0], low)
    # The twelve galaxies that were set aside, or those of them of which the answers are known, are
    # held as often as was asked for.
    held = ((low <= y) & (y <= high)).sum(axis=0)
    known = np.array([len(e.scores) for e in classifier.target_encoder_.errors])
    assert known.max() == 12
    assert (held >= np.ceil(0.8 * (known + 1)))[known > 3].all()


def test_questions_that_nobody_was_asked(data):
    """Their answers are 0 in the conditional form, which says nothing of those that were asked."""
    X, y = data
    y = check_votes(y).conditional(GZ2).copy()
    last = GZ2.slices[-1]
    y[::3, last] = 0
    asked = y[:, last].any(axis=1)
    classifier = make().fit(X, pd.DataFrame(y, columns=GZ2.answer_names))
    target = classifier.target_encoder_
    target.find_errors(classifier._outputs(X), y)
    assert [len(error.scores) for error in target.errors[last]] == [asked.sum()] * 6
    assert (~asked).sum() >= 8


def test_sets_of_classes(data):
    X, _ = data
    y = np.repeat(["elliptical", "merger", "spiral"], len(X) // 3)
    classifier = make(epochs=3).fit(X, y)
    p = classifier.predict_proba(X)
    sizes = []
    for coverage in (0.1, 0.5, 0.9):
        found = classifier.predict_set(X, coverage)
        assert found.dtype == bool and found.shape == p.shape
        assert found[np.arange(len(p)), p.argmax(axis=1)].all()
        limit = _conformal.threshold(classifier.target_encoder_.errors, coverage)
        np.testing.assert_array_equal(found, (1 - p <= limit) | (p == p.max(1, keepdims=True)))
        sizes.append(found.sum())
    assert sizes == sorted(sizes)
    assert classifier.predict_set(X, 0.99).all()  # twelve galaxies cannot tell


def test_what_is_refused(data):
    X, y = data
    votes, labels = make().fit(X, y), make().fit(X, np.arange(len(X)) % 2)
    for call, message in (
        (lambda: votes.predict_set(X), "predict_set needs a classifier of labels"),
        (lambda: labels.predict_interval(X), "predict_interval needs a classifier of votes"),
        (lambda: votes.predict_interval(X, 90), r"coverage must be in \(0, 1\), got 90"),
        (lambda: votes.predict_interval(X, kind="sure"), "kind must be .*, got 'sure'"),
        (lambda: votes.predict_interval(X, kind="credible"), "needs .*dirichlet_multinomial"),
        (
            lambda: make(validation_fraction=0).fit(X, y).predict_interval(X),
            r"needs galaxies set aside in `fit` \(validation_fraction above 0\)",
        ),
        (lambda: clone(votes).fit(X, y).partial_fit(X, y).predict_interval(X), "no `partial_fit`"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_of_an_ensemble(data):
    X, y = data
    ensemble = GalaxyEnsemble(make(), 2, random_state=0).fit(X, y)
    expected = np.mean([m.predict_interval(X, 0.8) for m in ensemble.estimators_], axis=0)
    np.testing.assert_array_equal(ensemble.predict_interval(X, 0.8), expected)
