import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import mean_squared_error

from galaxy_sklearn import GZ2, metrics
from galaxy_sklearn.datasets import make_galaxies


@pytest.fixture(scope="module")
def both():
    """Voted and predicted conditional fractions."""
    voted = make_galaxies(40, image_size=8, random_state=0)[1]
    return voted, GZ2.normalize(np.random.default_rng(0).random((40, 37)))


def test_figures_in_both_forms(both):
    voted, predicted = both
    table = pd.DataFrame(GZ2.to_cumulative(voted), columns=list(GZ2.kaggle_columns))
    expected = mean_squared_error(table, GZ2.to_cumulative(predicted))
    for y in (voted, table, voted.to_numpy()):
        for p in (predicted, GZ2.to_cumulative(predicted)):
            assert metrics.cumulative_mse(y, p) == pytest.approx(expected)
            assert metrics.cumulative_rmse(y, p) == pytest.approx(expected**0.5)
            conditional = mean_squared_error(voted, predicted)
            assert metrics.conditional_mse(y, p) == pytest.approx(conditional)
            assert metrics.conditional_rmse(y, p) == pytest.approx(conditional**0.5)


def test_sample_weight_is_repetition(both):
    voted, predicted = both
    repeats = np.arange(40) % 3
    for name in ("cumulative_rmse", "conditional_mse", "conditional_cross_entropy"):
        score = getattr(metrics, name)
        rows = np.repeat(np.arange(40), repeats)
        assert score(voted, predicted, sample_weight=repeats) == pytest.approx(
            score(voted.iloc[rows], predicted[rows])
        )


def test_cross_entropy_is_least_for_the_votes(both):
    voted, predicted = both
    least = metrics.conditional_cross_entropy(voted, voted)
    assert 0 < least < metrics.conditional_cross_entropy(voted, predicted)


def test_questions_are_weighted_by_reach(both):
    voted, predicted = both
    scores = metrics.question_scores(voted, predicted)
    assert scores.index.tolist() == [question.name for question in GZ2.questions]
    # By hand, for the bar: asked of those who saw features, not edge-on.
    y = voted.to_numpy()
    reach = y[:, 1] * y[:, 4]
    errors = ((y[:, 5:7] - predicted[:, 5:7]) ** 2).mean(axis=1)
    row = scores.loc["t03_bar"]
    assert row["mean_reach"] == pytest.approx(reach.mean())
    assert row["conditional_mse"] == pytest.approx((errors * reach).sum() / reach.sum())
    whole = (scores["cumulative_mse"] * [len(q.answers) for q in GZ2.questions]).sum() / 37
    assert whole == pytest.approx(metrics.cumulative_mse(voted, predicted))
    smooth = voted.copy()
    smooth.loc[:] = 0.0
    smooth.iloc[:, [0, 14, 15]] = 1.0
    assert np.isnan(metrics.question_scores(smooth, predicted).loc["t03_bar", "conditional_mse"])


def test_scorers_ask_for_fractions(both):
    class Fixed(ClassifierMixin, BaseEstimator):
        classes_ = np.array(GZ2.answer_names)

        def predict_proba(self, X):
            return both[1]

    estimator = Fixed()
    for name in ("cumulative_rmse", "conditional_mse", "conditional_cross_entropy"):
        score = getattr(metrics, f"neg_{name}")(estimator, both[1], both[0])
        assert score == pytest.approx(-getattr(metrics, name)(*both))


def test_lengths(both):
    with pytest.raises(ValueError, match="40 voted and 39 predicted"):
        metrics.cumulative_mse(both[0], both[1][1:])


def test_only_what_is_known_counts(both):
    voted, predicted = both
    part = voted.to_numpy().copy()
    part[5:30, GZ2.slices[6]] = np.nan
    part[3, 0] = np.nan  # and so the whole question, and the reach of all below it
    known = ~GZ2.unknown(part)
    weight = np.arange(40) % 3
    for name, measure in (
        ("conditional_mse", lambda y, p: (y - p) ** 2),
        ("conditional_cross_entropy", metrics._cross_entropy),
    ):
        expected = measure(voted.to_numpy(), np.asarray(predicted))
        score = getattr(metrics, name)
        assert score(part, predicted) == pytest.approx(expected[known].mean())
        weights = (weight[:, None] * known)[known]
        assert score(part, predicted, sample_weight=weight) == pytest.approx(
            np.average(expected[known], weights=weights)
        )
    cumulative = (GZ2.to_cumulative(part) - GZ2.to_cumulative(predicted)) ** 2
    assert metrics.cumulative_mse(part, predicted) == pytest.approx(np.nanmean(cumulative))
    scores = metrics.question_scores(part, predicted)
    rows = np.r_[0:5, 30:40]
    assert scores.loc["t07_rounded", "conditional_mse"] == pytest.approx(
        metrics.question_scores(voted.iloc[rows], np.asarray(predicted)[rows]).loc[
            "t07_rounded", "conditional_mse"
        ],
        rel=0.05,  # but for the row whose reach is unknown
    )
    part[:, GZ2.slices[6]] = np.nan
    assert (
        metrics.question_scores(part, predicted).loc["t07_rounded"].drop("mean_reach").isna().all()
    )


def test_what_cannot_be_scored(both):
    voted, predicted = both
    predicted = np.array(predicted)
    predicted[7, 20] = np.nan
    with pytest.raises(ValueError, match=r"row 7, answer 't08_odd_feature_.*found none"):
        metrics.cumulative_rmse(voted, predicted)
    with pytest.raises(ValueError, match="no vote that is known"):
        metrics.conditional_mse(voted * np.nan, both[1])
    with pytest.raises(ValueError, match="no vote that is known and has weight"):
        metrics.conditional_mse(voted, both[1], sample_weight=np.zeros(40))


def test_debiased_fractions_are_scored_as_they_are(both):
    """As papers quote it; Kaggle's score is of fractions that sum to 1."""
    voted, predicted = both
    debiased = voted.copy()
    for q, factor in enumerate((0.9, 1, 1, 0.8, 0.7, 0.95, 0.6, 0.3, 1, 0.9, 0.5)):
        debiased.iloc[:, GZ2.slices[q]] *= factor
    assert metrics.conditional_mse(debiased, predicted) == pytest.approx(
        mean_squared_error(debiased, predicted)
    )
    assert metrics.cumulative_mse(debiased, predicted) == pytest.approx(
        metrics.cumulative_mse(voted, predicted)
    )


def test_reference_points_of_the_real_sample(kaggle):
    """The figures that are quoted for this sample and for Kaggle's whole data set."""
    train, test = (pd.read_csv(kaggle / f"{part}.csv").iloc[:, 1:] for part in ("train", "test"))
    mean = np.repeat(train.mean().to_numpy()[None], len(test), axis=0)
    assert metrics.cumulative_rmse(test, mean) == pytest.approx(0.1675, abs=5e-4)
    zeros = pd.DataFrame(0.0, index=test.index, columns=test.columns)
    assert mean_squared_error(test, zeros) ** 0.5 == pytest.approx(0.27, abs=0.01)
