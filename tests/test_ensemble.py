import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from tiny import CHECKED, EXPECTED_FAILURES

from galaxy_sklearn import GZ2, GalaxyEnsemble


@pytest.mark.slow
@parametrize_with_checks(
    [GalaxyEnsemble(CHECKED, 2)], expected_failed_checks=lambda estimator: EXPECTED_FAILURES
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def fitted(galaxies):
    X, y = galaxies
    member = clone(CHECKED).set_params(epochs=1)
    return GalaxyEnsemble(member, 3, random_state=0).fit(X, GZ2.to_cumulative(y))


def test_mean_and_spread_of_the_members(galaxies, fitted):
    X, y = galaxies
    members = np.stack([member.predict_proba(X) for member in fitted.estimators_])
    assert (members[0] != members[1]).any() and (members[1] != members[2]).any()
    predicted = fitted.predict_proba(X)
    np.testing.assert_allclose(predicted, members.mean(axis=0))
    np.testing.assert_allclose(fitted.predict_spread(X), members.std(axis=0))
    # The mean obeys the tree as its members do.
    reach = GZ2.reach(predicted, form="cumulative")
    for q, columns in enumerate(GZ2.slices):
        np.testing.assert_allclose(predicted[:, columns].sum(axis=1), reach[:, q], atol=1e-9)
    np.testing.assert_array_equal(fitted.predict(X), GZ2.walk(predicted))
    assert fitted.form_ == "cumulative"
    assert fitted.score(X, y) > -1


def test_same_seed_same_ensemble(galaxies, fitted):
    X, y = galaxies
    again = clone(fitted).fit(X, GZ2.to_cumulative(y))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    with pytest.raises(
        ValueError, match="'n_estimators' parameter of GalaxyEnsemble must be an int"
    ):
        GalaxyEnsemble(CHECKED, 0).fit(X, y)
