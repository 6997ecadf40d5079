"""Which survey an estimator answers, and in which form."""

from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.surveys import GZ2


def tree_of(estimator) -> DecisionTree | None:
    """Return the survey that an estimator answers.

    Parameters
    ----------
    estimator : estimator
        A `GalaxyClassifier` or `GalaxyEnsemble`, a pipeline that ends with one, or a fitted
        search for one. Or any other.

    Returns
    -------
    DecisionTree or None
        Its ``tree``, `GZ2` where that is None; None if it has no such parameter.
    """
    estimator = last_step(estimator)
    return (estimator.tree or GZ2) if hasattr(estimator, "tree") else None


def form_of(estimator) -> str | None:
    """Return the form of the vote fractions that a fitted estimator predicts, None if unknown."""
    return getattr(last_step(estimator), "form_", None)


def last_step(estimator):
    """Return what predicts: the best estimator of a search, the last step of a pipeline."""
    if hasattr(estimator, "best_estimator_"):
        return last_step(estimator.best_estimator_)
    if hasattr(estimator, "steps"):
        return last_step(estimator.steps[-1][1])
    return estimator
