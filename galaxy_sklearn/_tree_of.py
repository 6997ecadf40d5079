"""Which survey an estimator answers."""

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
    if hasattr(estimator, "best_estimator_"):
        return tree_of(estimator.best_estimator_)
    if hasattr(estimator, "steps"):
        return tree_of(estimator.steps[-1][1])
    return (estimator.tree or GZ2) if hasattr(estimator, "tree") else None
