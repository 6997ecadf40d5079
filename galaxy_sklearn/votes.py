"""Checking a table of vote fractions and telling its form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from galaxy_sklearn.decision_tree import GZ2, DecisionTree

__all__ = ["Votes", "check_votes"]

# Debiasing moves the sums of the catalogue's questions off 1: the 19,761 galaxies of Stripe 82
# (Willett et al. 2013, table 5) span 0.49 to 1.46.
CONDITIONAL_SUMS = (0.4, 1.6)
# Kaggle's fractions are exact to their sixth decimal; three decimals must do as well.
CUMULATIVE_TOLERANCE = 5e-3
# In 1 to 4% of Stripe 82's galaxies a question has a vote or two more or less than led to it.
COUNTS_THAT_ADD_UP = 0.9


class Votes(NamedTuple):
    """Vote fractions in the column order of their tree.

    Attributes
    ----------
    fractions : ndarray of float64, shape (n_galaxies, n_answers)
        The fractions as given; conditional ones if counts were.
    form : {"conditional", "cumulative"}
        Their form, see `DecisionTree`.
    counts : ndarray of float64, shape (n_galaxies, n_answers), or None
        The number of votes for each answer, if that was given.
    """

    fractions: np.ndarray
    form: str
    counts: np.ndarray | None = None

    def conditional(self, tree: DecisionTree = GZ2) -> np.ndarray:
        """Return the fractions in conditional form."""
        conditional = self.form == "conditional"
        return self.fractions if conditional else tree.to_conditional(self.fractions)

    def cumulative(self, tree: DecisionTree = GZ2) -> np.ndarray:
        """Return the fractions in cumulative form."""
        cumulative = self.form == "cumulative"
        return self.fractions if cumulative else tree.to_cumulative(self.fractions)


def check_votes(y, *, tree: DecisionTree = GZ2, form: str | None = None) -> Votes:
    """Check vote fractions or counts, put their columns in order and tell their form.

    Parameters
    ----------
    y : DataFrame or array-like of shape (n_galaxies, n_answers)
        Vote fractions, or the number of votes for each answer. The columns of a table are
        matched by name, in any order, and tell the form. An array is in the tree's column
        order; its form is told by the sums of its questions. A trailing axis of length 1 is
        dropped (see Notes).
    tree : DecisionTree, default=GZ2
        The survey.
    form : {"conditional", "cumulative", "counts"}, optional
        The form, where it is known and the columns do not tell it.

    Returns
    -------
    Votes
        Fractions and form, and the counts if there are any.

    Raises
    ------
    ValueError
        If a column is missing, doubled or unknown; if a fraction is NaN, negative or above 1,
        or a count NaN, negative or infinite; if the answers of a question sum as in neither
        form. The message names row and column.

    Notes
    -----
    ``sklearn.model_selection.cross_val_predict(method="predict_proba")`` replaces the values
    of each column of a 2-D ``y`` by their ranks before it fits. It leaves a 3-D ``y`` alone,
    so there pass ``votes.to_numpy()[:, :, None]``.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> X, y = make_galaxies(5, image_size=16, random_state=0)
    >>> check_votes(y).form
    'conditional'
    """
    if form not in (None, "conditional", "cumulative", "counts"):
        raise ValueError(f"form must be 'conditional', 'cumulative' or 'counts', got {form!r}.")
    names, index = tree.answer_names, getattr(y, "index", None)
    if hasattr(y, "columns"):
        names = [str(name) for name in y.columns]
        positions, named_form = tree.match_columns(names)
        if None not in (form, named_form) and form != named_form:
            raise ValueError(f"Expected {form} fractions, but {names[0]!r} is {named_form}.")
        form = form or named_form
        names = [names[i] for i in positions]
        y = np.asarray(y)[:, positions]
    given = np.asarray(y)
    if given.ndim == 3 and given.shape[2] == 1:
        given = given[:, :, 0]
    if given.ndim != 2 or given.shape[1] != len(tree.answer_names):
        raise ValueError(
            f"Expected vote fractions of shape (n_galaxies, {len(tree.answer_names)}), one "
            f"column for each answer of tree {tree.name!r}, got shape {given.shape}."
        )
    fractions = given.astype(np.float64)

    def row(i):
        return f"row {i}" if index is None else f"row {i} (index {index[i]!r})"

    if form == "counts" or (form is None and _adds_up(fractions, tree)):
        bad = ~((fractions >= 0) & (fractions < np.inf))
        if bad.any():
            i, j = np.argwhere(bad)[0]
            raise ValueError(
                f"Vote counts, {row(i)}, column {names[j]!r}: expected a number from 0 on, "
                f"found {given[i, j]!s}."
            )
        return Votes(tree.normalize(fractions), "conditional", fractions)
    # Rounding may leave a fraction just outside.
    bad = ~((fractions >= -1e-6) & (fractions <= 1 + 1e-6))
    if bad.any():
        i, j = np.argwhere(bad)[0]
        message = (
            f"Vote fractions, {row(i)}, column {names[j]!r}: expected a number from 0 to 1, "
            f"found {given[i, j]!s}."
        )
        if given.dtype.kind in "iu":
            message += (
                " Vote counts without names would add up along the tree. If the caller is "
                "cross_val_predict, which replaces a 2-D y by the ranks of its values for "
                "method='predict_proba', pass votes.to_numpy()[:, :, None]."
            )
        raise ValueError(message)
    if form is None:
        form = "conditional" if _strays(fractions, tree, "cumulative").any() else "cumulative"
    strays = _strays(fractions, tree, form)
    if strays.any():
        i, q = np.argwhere(strays)[0]
        total = fractions[i, tree.slices[q]].sum()
        reach = tree.reach(fractions[i], form="cumulative")[q]
        raise ValueError(
            f"Vote fractions, {row(i)}: the answers of question {tree.questions[q].name!r} sum "
            f"to {total:.4g}. Expected about 1, or 0 if nobody was asked (conditional form), "
            f"or {reach:.4g}, the fraction of the answer that leads there (cumulative form); "
            f"the other rows and names say {form}."
        )
    return Votes(fractions, form)


def _adds_up(counts, tree):
    """Whether numbers are counts: too many for fractions, and as many as led to each question."""
    first = counts[:, tree.slices[tree.order[0]]].sum(axis=1)
    if not (np.isfinite(first).any() and np.nanmedian(first) > CONDITIONAL_SUMS[1]):
        return False
    agree = [
        np.isclose(counts[:, tree.slices[q]].sum(axis=1), counts[:, list(led)].sum(axis=1))
        for q, led in enumerate(tree.leading)
        if led
    ]
    return np.mean(agree) > COUNTS_THAT_ADD_UP if agree else True


def _strays(fractions, tree, form):
    """Flag the questions whose answers do not sum as the form asks: (n_galaxies, n_questions)."""
    totals = np.stack([fractions[:, question].sum(axis=1) for question in tree.slices], axis=1)
    if form == "cumulative":
        return np.abs(totals - tree.reach(fractions, form=form)) > CUMULATIVE_TOLERANCE
    low, high = CONDITIONAL_SUMS
    return (totals != 0) & ((totals < low) | (totals > high))
