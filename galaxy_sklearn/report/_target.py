"""What a model is asked: the questions of a survey, or the one question of which class it is."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from galaxy_sklearn._tree_of import form_of, tree_of
from galaxy_sklearn.decision_tree import Answer, DecisionTree, Question
from galaxy_sklearn.surveys import GZ2
from galaxy_sklearn.votes import check_votes


class Target(NamedTuple):
    """The truth about galaxies, as votes of a tree.

    Class labels are votes of a tree with one question, on which all volunteers agree.
    """

    tree: DecisionTree
    votes: pd.DataFrame  # the names of its columns tell the form
    of_classes: bool


def find_target(estimator, y, tree=None):
    """Check y and bring it into one form.

    Parameters
    ----------
    estimator : classifier
        The fitted classifier, without the steps before it.
    y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
        Vote fractions, vote counts or class labels.
    tree : DecisionTree, optional
        The survey; that of the estimator by default, or else `GZ2`.

    Returns
    -------
    Target
        The target.

    Raises
    ------
    ValueError
        If y is not what the estimator predicts.
    """
    shape = np.shape(y)
    is_column = len(shape) == 1 or shape[1:] == (1,)
    own = tree_of(estimator) if form_of(estimator) is not None else None
    if own is not None and is_column:
        raise ValueError(
            f"The model predicts the votes of {own.name}: expected y of shape (n_galaxies, "
            f"{len(own.answer_names)}), got {shape}."
        )
    learned_classes = hasattr(estimator, "form_") and own is None
    if is_column:
        return _of_classes(np.asarray(y).ravel(), estimator.classes_)
    if learned_classes:
        raise ValueError(
            f"The model predicts classes: expected y to hold one label a galaxy, got shape {shape}."
        )
    if None not in (tree, own) and tree != own:
        raise ValueError(f"The model answers the questions of {own.name}, not of {tree.name}.")
    tree = tree or own or tree_of(estimator) or GZ2
    return Target(tree, as_table(check_votes(y, tree=tree), tree), False)


def as_table(votes, tree):
    """Return checked votes under names that tell their form."""
    if votes.counts is not None:
        return pd.DataFrame(votes.counts, columns=[f"{name}_count" for name in tree.answer_names])
    return fractions_table(votes.fractions, votes.form, tree)


def fractions_table(fractions, form, tree):
    """Return fractions under names that tell their form, which is conditional without Kaggle's."""
    if form == "cumulative" and tree.kaggle_reach:
        return pd.DataFrame(fractions, columns=list(tree.kaggle_columns))
    if form == "cumulative":
        fractions = tree.to_conditional(fractions)
    return pd.DataFrame(fractions, columns=list(tree.debiased_columns))


def _of_classes(y, classes):
    """Return labels as votes of one question."""
    position = {label: i for i, label in enumerate(classes.tolist())}
    for i, label in enumerate(y.tolist()):
        if label not in position:
            raise ValueError(
                f"y, row {i}: {label!r} is none of the classes of the model, "
                f"{', '.join(map(repr, position))}."
            )
    names = [str(label) for label in position]
    question = Question("class", tuple(Answer(name, None) for name in names))
    labels = tuple((name, (f"class_{name}",)) for name in names)
    tree = DecisionTree("classes", (question,), labels=labels)
    votes = np.eye(len(names))[[position[label] for label in y.tolist()]]
    return Target(tree, fractions_table(votes, "cumulative", tree), True)
