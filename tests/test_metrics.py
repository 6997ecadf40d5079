import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from trees import REPEATED, TWO_ANSWERS, fractions, random_trees

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
    with pytest.raises(ValueError, match="known and has weight|at least one non-zero"):
        metrics.conditional_mse(voted, both[1], sample_weight=np.zeros(40))


@pytest.mark.parametrize("weight", [[1.0], np.ones(39), np.full(40, np.nan), -np.ones(40)])
def test_bad_weights(both, weight):
    for score in (metrics.conditional_mse, metrics.question_scores):
        with pytest.raises(ValueError, match=r"(?i)sample_weight"):
            score(*both, sample_weight=weight)


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


# ------------------------------------------------- predictions that obey no tree


@pytest.fixture(scope="module")
def untidy(both):
    """What a linear model may predict: below 0, above 1, with other sums."""
    predicted = both[1] + np.random.default_rng(1).normal(0, 0.4, (40, 37))
    assert (predicted < 0).any() and (predicted > 1).any()
    return predicted


@pytest.fixture(scope="module")
def kaggle_votes(both):
    return pd.DataFrame(GZ2.to_cumulative(both[0]), columns=list(GZ2.kaggle_columns))


def test_any_prediction_is_scored_as_it_is_in_its_own_form(both, kaggle_votes, untidy):
    expected = pytest.approx(mean_squared_error(both[0], untidy))
    assert metrics.conditional_mse(both[0], untidy) == expected
    assert metrics.conditional_mse(both[0].to_numpy(), untidy) == expected
    expected = pytest.approx(mean_squared_error(kaggle_votes, untidy))
    assert metrics.cumulative_mse(kaggle_votes, untidy) == expected
    assert np.isfinite(metrics.conditional_cross_entropy(both[0], untidy))
    scores = metrics.question_scores(both[0], untidy)
    assert np.isfinite(scores.to_numpy()).all()


def test_names_or_pred_form_tell_the_form_of_predictions(both, kaggle_votes, untidy):
    voted = both[0]
    expected = pytest.approx(mean_squared_error(kaggle_votes, untidy))
    named = pd.DataFrame(untidy, columns=list(GZ2.kaggle_columns)).iloc[:, ::-1]
    assert metrics.cumulative_mse(voted, named) == expected
    assert metrics.cumulative_mse(voted, untidy, pred_form="cumulative") == expected
    assert metrics.cumulative_mse(voted, untidy) != expected
    for name in ("cumulative_rmse", "conditional_mse", "conditional_rmse"):
        metric = getattr(metrics, name)
        assert metric(voted, untidy, pred_form="cumulative") == metric(voted, named)
    with pytest.raises(ValueError, match="pred_form must be .*'debiased'"):
        metrics.cumulative_mse(voted, untidy, pred_form="debiased")
    with pytest.raises(ValueError, match="Expected conditional fractions, but .*is cumulative"):
        metrics.cumulative_mse(voted, named, pred_form="conditional")


def test_only_nearly_exact_sums_tell_the_form_of_predictions(both, kaggle_votes):
    """Others are taken for what the model was fitted on."""
    large, half = 1.5 * both[1], both[1].copy()
    half[::2] *= 1.5
    for predicted in (large, half):
        expected = pytest.approx(mean_squared_error(kaggle_votes, predicted))
        assert metrics.cumulative_mse(kaggle_votes, predicted) == expected


@given(tree=random_trees(), seed=st.integers(0, 2**32 - 1))
def test_conversions_of_predictions(tree, seed):
    """Fractions that obey the tree are converted as ever, all others become fractions."""
    voted, predicted = fractions(tree, seed), fractions(tree, seed + 1)
    cumulative = tree.to_cumulative(predicted)
    for form, given_as in (("conditional", predicted), ("cumulative", cumulative)):
        for y in (voted, pd.DataFrame(voted, columns=list(tree.debiased_columns))):
            assert metrics.conditional_mse(y, given_as, tree=tree) == pytest.approx(
                mean_squared_error(voted, predicted)
            )
            assert metrics.cumulative_mse(y, given_as, tree=tree) == pytest.approx(
                mean_squared_error(tree.to_cumulative(voted), cumulative)
            )
        untidy = given_as + np.random.default_rng(seed).normal(0, 0.4, given_as.shape)
        for metric in (metrics.conditional_mse, metrics.cumulative_mse):
            score = metric(voted, untidy, tree=tree, pred_form=form)
            clipped = np.maximum(untidy, 0)
            if metric.__name__ != f"{form}_mse":
                assert score <= 1
                assert score == metric(voted, clipped, tree=tree, pred_form=form)


def test_predictions_of_counts(both, untidy):
    """A regressor that was fitted on counts predicts counts."""
    counts = make_galaxies(40, image_size=8, random_state=0, return_X_y=False).counts
    shares = GZ2.normalize(np.maximum(untidy, 0))
    expected = pytest.approx(mean_squared_error(both[0], shares))
    assert metrics.conditional_mse(counts, 40 * untidy) == expected
    assert metrics.conditional_mse(both[0], 40 * untidy, pred_form="counts") == expected
    assert metrics.conditional_mse(counts, both[1]) == metrics.conditional_mse(*both)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "expected a number, found none"),
        (-np.inf, "expected a finite number, found -inf"),
        ("0,1", "expected a number, found 0,1"),
    ],
)
def test_what_is_no_prediction(both, untidy, value, message):
    predicted = pd.DataFrame(untidy, index=range(100, 140), columns=list(GZ2.answer_names))
    predicted = predicted.astype(object)
    predicted.iloc[7, 5] = value
    message = rf"row 7 \(index 107\), answer 't03_bar_a06_bar': {message}"
    with pytest.raises(ValueError, match=message):
        metrics.conditional_mse(both[0], predicted)
    with pytest.raises(ValueError, match=message.replace(r" \(index 107\)", "")):
        metrics.conditional_mse(both[0], predicted.to_numpy())


# --------------------------------------------------------------- other surveys


class Fixed(ClassifierMixin, BaseEstimator):
    """A classifier that knows only one answer, and how often it was asked for it."""

    def __init__(self, tree=None):
        self.tree = tree

    def fit(self, X, y):
        self.classes_ = np.array((self.tree or GZ2).answer_names, dtype=object)
        self.n_calls_ = 0
        return self

    def predict_proba(self, X):
        self.n_calls_ += 1
        return fractions(self.tree or GZ2, 7, len(X))


@pytest.mark.parametrize("tree", [TWO_ANSWERS, REPEATED, None])
def test_scorers_find_the_tree_of_the_estimator(tree):
    known = tree or GZ2
    X, y = np.zeros((6, 2)), fractions(known, 0, 6)
    expected = -metrics.conditional_mse(y, fractions(known, 7, 6), tree=known)
    pipe = make_pipeline(StandardScaler(), Fixed(tree)).fit(X, y)
    search = GridSearchCV(pipe, {}, scoring=metrics.neg_conditional_mse, cv=2).fit(X, y)
    for estimator in (pipe, pipe[-1], FrozenEstimator(pipe), search):
        assert metrics.neg_conditional_mse(estimator, X, y) == pytest.approx(expected)
    explicit = metrics.make_vote_scorer(metrics.conditional_mse, tree=known, greater_is_better=True)
    for scorer in (explicit, pickle.loads(pickle.dumps(explicit))):
        assert scorer(pipe, X, y) == pytest.approx(-expected)
    weight = np.arange(6)
    assert explicit(pipe, X, y, sample_weight=weight) == pytest.approx(
        metrics.conditional_mse(y, fractions(known, 7, 6), tree=known, sample_weight=weight)
    )


def test_a_tree_that_is_given_is_the_one_scored():
    X, y = np.zeros((6, 2)), fractions(REPEATED, 0, 6)
    fitted = Fixed(REPEATED).fit(X, y)
    scorer = metrics.make_vote_scorer(metrics.conditional_mse, tree=TWO_ANSWERS)
    with pytest.raises(ValueError, match=r"\(n_galaxies, 2\).*'two answers'"):
        scorer(fitted, X, y)


def test_scorers_share_predictions():
    X, y = np.zeros((6, 2)), fractions(REPEATED, 0, 6)
    scoring = {"mse": metrics.neg_conditional_mse, "rmse": metrics.neg_cumulative_rmse}
    found = cross_validate(Fixed(REPEATED), X, y, scoring=scoring, cv=2, return_estimator=True)
    assert [estimator.n_calls_ for estimator in found["estimator"]] == [1, 1]
    assert (found["test_mse"] < 0).all()


@pytest.mark.parametrize("tree", [TWO_ANSWERS, REPEATED])
def test_a_regressor_is_compared_with_the_same_scorer(tree):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 4)), fractions(tree, 0, 30)
    scoring = {
        name: metrics.make_vote_scorer(getattr(metrics, name), tree=tree)
        for name in ("cumulative_mse", "conditional_mse", "conditional_cross_entropy")
    }
    search = GridSearchCV(
        make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": [1e-3, 1]},
        scoring=scoring,
        refit="conditional_mse",
    ).fit(X, y)
    score = scoring["conditional_mse"](search, X, y)
    assert score == pytest.approx(-mean_squared_error(y, search.predict(X)))
    assert np.isfinite(search.cv_results_["mean_test_conditional_cross_entropy"]).all()


def test_weights_are_routed_to_scorers(both):
    X = np.random.default_rng(0).normal(size=(40, 3))
    weight = np.arange(40) % 3
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = metrics.make_vote_scorer(metrics.conditional_mse)
        scorer.set_score_request(sample_weight=True)
        found = cross_validate(
            Ridge().set_fit_request(sample_weight=False),
            X,
            both[0],
            scoring=scorer,
            cv=2,
            params={"sample_weight": weight},
        )
    fitted = Ridge().fit(X[20:], both[0][20:])
    expected = -metrics.conditional_mse(
        both[0][:20], fitted.predict(X[:20]), sample_weight=weight[:20]
    )
    assert found["test_score"][0] == pytest.approx(expected)


def test_questions_of_another_survey():
    voted, predicted = fractions(REPEATED, 0), fractions(REPEATED, 1)
    scores = metrics.question_scores(voted, predicted, tree=REPEATED)
    assert scores.index.tolist() == [question.name for question in REPEATED.questions]
    whole = (scores["cumulative_mse"] * [len(q.answers) for q in REPEATED.questions]).sum() / 14
    assert whole == pytest.approx(metrics.cumulative_mse(voted, predicted, tree=REPEATED))
