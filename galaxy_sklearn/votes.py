"""Checking a table of vote fractions and telling its form."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from galaxy_sklearn.decision_tree import DecisionTree, as_floats, check_tree, reach_of_roads
from galaxy_sklearn.surveys import GZ2

__all__ = ["Votes", "check_votes"]

# Debiasing moves the sums of questions far off 1. Over 1,000 rows of Hart et al. 2016 they run
# from 0.12 (t07) to 2.44 (t08); random numbers in place of fractions mostly lie outside.
DEBIASED_SUMS = (0.1, 2.5)
# Kaggle's fractions are exact to their sixth decimal; three decimals must do as well.
TOLERANCE = 5e-3
# From this part of its rows on, a table whose questions sum as they should is one in which the
# other rows are wrong. Of Stripe 82's debiased rows (Willett et al. 2013, table 5) it is half.
TIDY = 0.95
# In 1 to 4% of Stripe 82's galaxies a question has a vote or two more or less than led to it.
COUNTS_THAT_ADD_UP = 0.9
# Votes for the first question, from which on numbers cannot be fractions.
COUNTS_FROM = 1.6
FORMS = ("conditional", "cumulative", "counts")


class Votes(NamedTuple):
    """Vote fractions in the column order of their tree.

    Parameters
    ----------
    fractions : ndarray of float64, shape (n_galaxies, n_answers)
        The fractions as given; conditional ones if counts were. NaN in all answers of a
        question that is unknown.
    form : {"conditional", "cumulative"}
        Their form, see `DecisionTree`.
    counts : ndarray of float64, shape (n_galaxies, n_answers), or None
        The number of votes for each answer, if that was given; NaN where unknown.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.votes import check_votes
    >>> X, y = make_galaxies(5, image_size=16, random_state=0)
    >>> votes = check_votes(y)
    >>> votes.form, votes.cumulative().shape
    ('conditional', (5, 37))
    """

    fractions: np.ndarray
    form: str
    counts: np.ndarray | None = None

    def conditional(self, tree: DecisionTree = GZ2) -> np.ndarray:
        """Return the fractions in conditional form, with the sums that they have.

        Parameters
        ----------
        tree : DecisionTree, default=GZ2
            The survey.

        Returns
        -------
        ndarray of float64, shape (n_galaxies, n_answers)
            The fractions.
        """
        conditional = self.form == "conditional"
        return self.fractions if conditional else tree.to_conditional(self.fractions)

    def cumulative(self, tree: DecisionTree = GZ2) -> np.ndarray:
        """Return the fractions in cumulative form.

        The answers of each question are scaled to sum to 1 first, as the Kaggle challenge did.

        Parameters
        ----------
        tree : DecisionTree, default=GZ2
            The survey.

        Returns
        -------
        ndarray of float64, shape (n_galaxies, n_answers)
            The fractions.
        """
        if self.form == "cumulative":
            return self.fractions
        return tree.to_cumulative(tree.normalize(self.fractions))


def check_votes(y, *, tree: DecisionTree = GZ2, form: str | None = None) -> Votes:
    """Check vote fractions or counts, put their columns in order and tell their form.

    Parameters
    ----------
    y : DataFrame or array-like of shape (n_galaxies, n_answers)
        Vote fractions, or the number of votes for each answer. The columns of a table are
        matched by name, in any order, and tell the form; questions may be lacking. An array is
        in the tree's column order. A trailing axis of length 1 is dropped (see Notes).
    tree : DecisionTree, default=GZ2
        The survey.
    form : {"conditional", "cumulative", "counts"}, optional
        The form, where it is known and the columns do not tell it.

    Returns
    -------
    Votes
        Fractions and form, and the counts if there are any. A question with a missing answer
        (NaN, None or `pandas.NA`), or without columns, is unknown: NaN in all its answers.

    Raises
    ------
    ValueError
        If a column is unknown or doubled, or one of a question's columns is missing; if a value
        is no number, a fraction negative or above 1, or a count negative or infinite; if the
        form is not given and the sums fit neither form. The message names row and column.

    Notes
    -----
    Names or ``form`` decide the form, and then no row is refused for its sums: the debiased
    fractions of a question in the catalogue of Hart et al. 2016 sum to anything from 0.1 to
    2.5. Without them the whole array decides, each row for the form whose sums are nearer to
    its own. If nearly all rows of the array sum exactly, a row that does not is an error:
    in the cumulative form by more than rounding, in the conditional one outside 0.1 to 2.5.

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
    _check_form(form, "form")
    given, names, index, form = _in_order(y, tree, form)

    row = partial(_row, index)

    def refuse(i, j, expected, note=""):
        kind = "counts" if form == "counts" else "fractions"
        raise ValueError(
            f"Vote {kind}, {row(i)}, column {names[j]!r}: expected {expected}, found "
            f"{given[i, j]!s}.{note}"
        )

    values = _as_floats(given, refuse)
    values[tree.unknown(values)] = np.nan
    # Only an array of two dimensions could be the ranks that cross_val_predict makes.
    no_ranks = index is not None or np.ndim(y) == 3
    if form is None and _adds_up(values, tree, if_nothing_to_add=no_ranks):
        form = "counts"
    if form == "counts":
        bad = (values < 0) | (values == np.inf)
        if bad.any():
            i, j = np.argwhere(bad)[0]
            refuse(i, j, "a number from 0 on")
        return Votes(tree.normalize(values), "conditional", values)
    # Rounding may leave a fraction just outside.
    bad = (values < -1e-6) | (values > 1 + 1e-6)
    if bad.any():
        note = (
            " Vote counts without names would add up along the tree; those for which "
            f"that cannot be told need names ({tree.answer_names[0]}_count, ...). If the caller is "
            "cross_val_predict, which replaces a 2-D y by the ranks of its values for "
            "method='predict_proba', pass votes.to_numpy()[:, :, None]."
        )
        i, j = np.argwhere(bad)[0]
        refuse(i, j, "a number from 0 to 1", note * (given.dtype.kind in "iu"))
    if form is None:
        form, wrong = _form_by_sums(values, tree)
        if form is None:
            raise ValueError(
                "Nothing tells the form of these vote fractions: only questions are known whose "
                "reach is not. Tell it by the names of the columns or by form=."
            )
        if wrong.any():
            i, q = np.argwhere(wrong)[0]
            total = values[i, tree.slices[q]].sum()
            reach = tree.reach(values[i], form="cumulative")[q]
            raise ValueError(
                f"Vote fractions, {row(i)}: the answers of question {tree.questions[q].name!r} "
                f"sum to {total:.4g}. Expected about 1, or 0 if nobody was asked (conditional "
                f"form), or {reach:.4g}, the fraction of the answer that leads there (cumulative "
                f"form); most rows are {form}. If they are right as they are, tell the form by "
                "the names of the columns or by form=."
            )
    return Votes(values, form)


class Predictions(NamedTuple):
    """What any model predicts of votes, in the column order of their tree.

    Attributes
    ----------
    values : ndarray of float64, shape (n_galaxies, n_answers)
        The predictions as given: finite, but not always fractions.
    form : {"conditional", "cumulative", "counts"}
        What they were meant to be.
    """

    values: np.ndarray
    form: str

    def conditional(self, tree: DecisionTree) -> np.ndarray:
        """Return the predictions in conditional form, as they are if that is theirs."""
        return self.values if self.form == "conditional" else self._shares(tree)

    def cumulative(self, tree: DecisionTree) -> np.ndarray:
        """Return the predictions in cumulative form, as they are if that is theirs."""
        if self.form == "cumulative":
            return self.values
        return tree.to_cumulative(self._shares(tree))

    def _shares(self, tree):
        """Return the share of each answer in its question.

        It is the same in either form, so that a reach near 0 or below does not blow up.
        """
        return tree.normalize(np.maximum(self.values, 0))


def check_predictions(y_pred, *, tree, form, form_of_votes) -> Predictions:
    """Check predictions that need not obey a tree, put their columns in order, tell their form.

    Parameters
    ----------
    y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
        The predictions of any model, see `check_votes` for the containers.
    tree : DecisionTree
        The survey.
    form : {"conditional", "cumulative", "counts"} or None
        Their form, where it is known and the columns do not tell it.
    form_of_votes : {"conditional", "cumulative", "counts"}
        Their form where nothing else tells it: that of what the model was fitted on. Nearly
        exact sums of one form tell it.

    Returns
    -------
    Predictions
        The predictions and their form.

    Raises
    ------
    ValueError
        If the columns are not those of the tree, or a value is missing, infinite or no number.
        The message names row and answer.
    """
    _check_form(form, "pred_form")
    given, _, index, form = _in_order(y_pred, tree, form)

    def refuse(i, j, expected):
        found = "none" if pd.isna(given[i, j]) else given[i, j]
        raise ValueError(
            f"Predicted fractions, {_row(index, i)}, answer {tree.answer_names[j]!r}: expected "
            f"{expected}, found {found}."
        )

    values = _as_floats(given, refuse)
    bad = ~np.isfinite(values)
    if bad.any():
        i, j = np.argwhere(bad)[0]
        refuse(i, j, "a finite number" if np.isinf(values[i, j]) else "a number")
    return Predictions(values, form or _obeyed(values, tree) or form_of_votes)


def _check_form(form, parameter):
    if form not in (None, *FORMS):
        raise ValueError(
            f"{parameter} must be 'conditional', 'cumulative' or 'counts', got {form!r}."
        )


def _row(index, i):
    if index is None:
        return f"row {i}"
    label = index[i]
    return f"row {i} (index {label.item() if isinstance(label, np.generic) else label!r})"


def _in_order(y, tree, form):
    """Return values in the tree's order, the names of their columns, row names and the form."""
    check_tree(tree)
    names, index = list(tree.answer_names), None
    if hasattr(y, "to_pandas"):  # polars, pyarrow, astropy
        y = y.to_pandas()
    if hasattr(y, "columns"):
        columns, index = [str(name) for name in y.columns], y.index
        positions, named_form = tree.match_columns(columns)
        if None not in (form, named_form) and form != named_form:
            raise ValueError(f"Expected {form} fractions, but {columns[0]!r} is {named_form}.")
        form = form or named_form
        present = positions >= 0
        names = [columns[i] if i >= 0 else name for i, name in zip(positions, names, strict=True)]
        table = np.asarray(y)[:, positions[present]]
        given = np.full((len(y), len(names)), np.nan, dtype=np.result_type(table, np.float16))
        given[:, present] = table
        return (table if present.all() else given), names, index, form
    given = np.asanyarray(y)  # `as_floats` looks at the mask of a masked array
    if given.ndim == 3 and given.shape[2] == 1:
        given = given[:, :, 0]
    if given.ndim != 2 or given.shape[1] != len(names):
        raise ValueError(
            f"Expected vote fractions of shape (n_galaxies, {len(names)}), one column for each "
            f"answer of tree {tree.name!r}, got shape {given.shape}."
        )
    return given, names, index, form


def _as_floats(given, refuse):
    """Return a new array of float64, NaN where something is missing."""
    try:
        return np.array(as_floats(given))
    except (TypeError, ValueError):
        for (i, j), value in np.ndenumerate(given):
            try:
                as_floats([value])
            except (TypeError, ValueError):
                refuse(i, j, "a number")
        raise


def _adds_up(counts, tree, *, if_nothing_to_add):
    """Whether numbers are counts: too large for fractions, and they add up along the tree.

    Where no question led to another, that cannot be told.
    """
    first = counts[:, tree.slices[tree.order[0]]].sum(axis=1)
    known = first[np.isfinite(first)]
    if not (known.size and np.median(known) > COUNTS_FROM and np.nanmax(counts) > 1):
        return False
    if np.any(counts % 1 > 0):  # percentages, say
        return False
    agree = []
    for q, led in enumerate(tree.leading):
        if led:
            votes, asked = counts[:, tree.slices[q]].sum(axis=1), counts[:, list(led)].sum(axis=1)
            known = np.isfinite(votes) & np.isfinite(asked)
            agree.append(np.isclose(votes[known], asked[known]))
    agree = np.concatenate(agree) if agree else np.array([])
    return agree.mean() > COUNTS_THAT_ADD_UP if agree.size else if_nothing_to_add


def doubt_about(votes, tree):
    """Return what speaks against the form of a table, in words; "" if nothing does.

    Names decide the form. But if the sums of most rows are exactly those of the other form, or
    none that cumulative fractions can have, the names are probably those of other numbers.
    """
    if votes.counts is not None:
        return ""
    sums, expected = _sums(votes.fractions, tree)
    fits = {form: ~_outside(sums, of, 1, 1).any(axis=1) for form, of in expected.items()}
    known = ~np.isnan(sums).all(axis=1)
    (other,) = set(fits) - {votes.form}
    if np.sum(fits[other] & ~fits[votes.form] & known) > len(sums) / 2:
        return f"are named as {votes.form} fractions, but most rows sum as {other} ones do"
    strays = _outside(sums, expected["cumulative"], *DEBIASED_SUMS).any(axis=1)
    if votes.form == "cumulative" and np.sum(strays & known) > len(sums) / 2:
        return "are named as cumulative fractions, but most rows do not sum as those do"
    return ""


def _form_by_sums(values, tree):
    """Tell the form of an array by the sums of its questions, and which of them are wrong.

    Each row is for the form that its sums could be of or, if that is either, that they are
    nearer to.

    Returns
    -------
    form : {"conditional", "cumulative"} or None
        What most rows are for. Where both fit all rows, they are the same numbers. None if
        nothing is known that would tell.
    wrong : ndarray of bool, shape (n_galaxies, n_questions)
        The sums that an array of this form cannot have. None where most rows have sums that
        debiasing may leave.
    """
    sums, expected = _sums(values, tree)
    if np.isnan(sums).all() and not np.isnan(values).all() and np.nansum(values) > 0:
        return None, None
    away, strays = {}, {}
    for form, sum_expected in expected.items():
        strays[form] = _outside(sums, sum_expected, *DEBIASED_SUMS)
        distance = np.nansum(np.abs(sums - sum_expected), axis=1)
        away[form] = np.where(strays[form].any(axis=1), np.inf, distance)
    balance = np.sum(away["conditional"] < away["cumulative"])
    balance -= np.sum(away["cumulative"] < away["conditional"])
    form = "conditional" if balance > 0 else "cumulative"

    inexact = _outside(sums, expected[form], 1, 1)
    tidy = np.sum(~inexact.any(axis=1)) >= TIDY * len(values)
    if tidy:
        return form, inexact if form == "cumulative" else strays[form]
    most = np.sum(strays[form].any(axis=1)) > len(values) / 2
    return form, strays[form] & most


def _sums(values, tree):
    """Return the sum of each question's answers, and what it should be in each form.

    A sum is NaN where it fits either form: where nobody was asked, and below an unknown question,
    unless the whole question sums to 1, which would be chance if it were cumulative.
    """
    sums = np.stack([values[:, question].sum(axis=1) for question in tree.slices], axis=1)
    sums[sums == 0] = np.nan
    expected = np.ones_like(sums)
    for q, parents in enumerate(tree.parents):
        if parents:
            expected[:, q] = reach_of_roads(values, parents)
            below = np.isnan(expected[:, q])
            sums_to_one = not _outside(sums[below, q], 1, 1, 1).any()
            expected[below, q] = 0 if sums_to_one else sums[below, q]
            if not sums_to_one:
                sums[below, q] = np.nan
    return sums, {"cumulative": expected, "conditional": 1.0}


def _obeyed(values, tree):
    """Return the form whose sums nearly all predictions have, None if that is neither or both."""
    sums, expected = _sums(values, tree)
    n_rows = {
        form: np.sum(~_outside(sums, sum_expected, 1, 1).any(axis=1))
        for form, sum_expected in expected.items()
    }
    if n_rows["conditional"] == n_rows["cumulative"]:
        return None
    form = max(n_rows, key=n_rows.get)
    return form if n_rows[form] >= TIDY * len(values) else None


def _outside(sums, expected, low, high):
    return (sums < low * expected - TOLERANCE) | (sums > high * expected + TOLERANCE)
