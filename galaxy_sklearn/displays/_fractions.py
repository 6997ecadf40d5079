"""What an estimator predicts, for any display of vote fractions."""

from sklearn.base import is_regressor


def predict_fractions(estimator, X):
    """Return the vote fractions that a classifier or a regressor predicts."""
    return estimator.predict(X) if is_regressor(estimator) else estimator.predict_proba(X)
