"""scikit-learn's estimator checks on the classifier, on flattened rows."""

import pytest
from sklearn.base import clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks
from tiny import CHECKED, EXPECTED_FAILURES

EXPECTED = EXPECTED_FAILURES | {
    "check_estimator_tags_renamed": (
        "looks into the base classes one by one: scikeras' defines _more_tags, which "
        "scikit-learn has not read since 1.6, beside no __sklearn_tags__"
    ),
}
# Checks that scikit-learn runs on its own estimators only, by hand.
FURTHER_CHECKS = ["check_dataframe_column_names_consistency", "check_inplace_ensure_writeable"]


@pytest.mark.slow
@parametrize_with_checks([CHECKED], expected_failed_checks=lambda estimator: EXPECTED)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", FURTHER_CHECKS)
def test_further_checks(check):
    getattr(estimator_checks, check)("GalaxyClassifier", clone(CHECKED))
