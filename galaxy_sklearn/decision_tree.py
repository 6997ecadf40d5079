"""Decision trees of galaxy-morphology surveys.

A survey asks its volunteers a chain of questions; which one comes next depends on the answer
just given. `DecisionTree` holds that flow chart and all that follows from it: the names of the
answers, the two forms of vote fractions, and the walk from fractions to a morphology.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from galaxy_sklearn._deprecation import moved, warn

__all__ = ["Answer", "DecisionTree", "Question"]

# What catalogues append to an answer for its conditional fraction. Where a table has several, the
# first is read. Galaxy Zoo: Hubble has debiased fractions of two answers only.
CONDITIONAL_SUFFIXES = (
    *("_debiased", "_weighted_fraction", "_weighted_frac", "_fraction", "_frac"),
    "_debiased_fraction",
)
__getattr__ = moved(__name__, {"GZ2": "galaxy_sklearn.surveys:GZ2"})

# A question whose answers sum to 1 but for rounding is left as it is, to the bit.
ROUNDING = 1e-12


class Answer(NamedTuple):
    """One answer of a question.

    Parameters
    ----------
    name : str
        Name within the question, for example ``"a01_smooth"``.
    leads_to : str or None
        Name of the question asked next; None where the classification ends.

    Examples
    --------
    >>> from galaxy_sklearn import GZ2
    >>> GZ2.questions[0].answers[0]
    Answer(name='a01_smooth', leads_to='t07_rounded')
    """

    name: str
    leads_to: str | None


class Question(NamedTuple):
    """One question, with its answers in the order of the survey's columns.

    Parameters
    ----------
    name : str
        Name within the survey, for example ``"t01_smooth_or_features"``.
    answers : tuple of Answer
        The answers to choose from.

    Examples
    --------
    >>> from galaxy_sklearn.decision_tree import Answer, Question
    >>> question = Question(
    ...     "t06_odd", (Answer("a14_yes", "t08_odd_feature"), Answer("a15_no", None))
    ... )
    >>> [answer.name for answer in question.answers]
    ['a14_yes', 'a15_no']
    """

    name: str
    answers: tuple[Answer, ...]


def check_tree(tree) -> None:
    """Refuse what is no `DecisionTree`, such as the name of a survey."""
    if not isinstance(tree, DecisionTree):
        raise TypeError(
            f"Expected a DecisionTree, such as galaxy_sklearn.surveys.GZ2, got {tree!r}."
        )


def as_floats(values) -> np.ndarray:
    """Return numbers as float64, NaN where they are missing: None, `pandas.NA` or masked."""
    if isinstance(values, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(values), np.nan, np.asarray(values, dtype=float))
    values = np.asarray(values)
    try:
        return values.astype(float, copy=False)
    except TypeError:  # objects, some of which are missing
        floats = np.empty(values.shape)
    for i, value in np.ndenumerate(values):
        # By name: NA equals nothing, not even itself, and pandas is not needed here.
        is_missing = value is None or type(value).__name__ in ("NAType", "NaTType")
        floats[i] = np.nan if is_missing else value
    return floats


def reach_of_roads(cumulative, columns) -> np.ndarray:
    """Return the reach of a question, given the answers on the roads to it.

    Parameters
    ----------
    cumulative : ndarray of float, shape (..., n_answers)
        Cumulative fractions.
    columns : tuple of int
        An item of `DecisionTree.parents`.

    Returns
    -------
    ndarray of float, shape (...)
        The sum of their fractions; 1 if there are none. Of several it is at most 1, whatever
        debiased fractions sum to.
    """
    if not columns:
        return np.ones(cumulative.shape[:-1])
    if len(columns) == 1:
        return cumulative[..., columns[0]]
    return np.minimum(cumulative[..., list(columns)].sum(axis=-1), 1)


@dataclass(frozen=True)
class DecisionTree:
    """The questions of a survey, and the arithmetic of their vote fractions.

    Vote fractions come in two forms:

    *conditional*
        the fractions among the volunteers who were asked, so that each question sums to 1;
        a question nobody was asked is all 0 (the Galaxy Zoo 2 catalogue);
    *cumulative*
        the conditional fractions times the reach of their question (the Kaggle challenge).

    The *reach* of a question is the fraction of the volunteers that came to it. Often it is the
    cumulative fraction of one answer, the last that every road to the question goes through.
    Where several roads meet, it is the sum of the fractions of several answers.

    A fraction that nobody knows is NaN, and then so is its whole question. All 0 is something
    else: nobody was asked.

    Parameters
    ----------
    name : str
        Name of the survey.
    questions : tuple of Question
        The questions, in the order of the survey's columns. The first one is asked first. Two
        questions may have answers of the same name, such as "yes" and "no".
    labels : tuple of (str, tuple of str), default=()
        What to call a galaxy, most telling label first: a word and the names of the answers
        that must all lie on the galaxy's path. An answer whose name another question has as
        well is named in full, as in `answer_names`.
    kaggle_reach : bool, default=True
        Whether a question to which roads lead that have no answer in common, such as "Is there
        anything odd?", counts as reached by everybody. That is the convention of the Kaggle
        challenge, whose names of columns (``Class1.1``) are read as well. If False, its reach is
        the sum over its roads like that of any other question.
    campaign : str, default=""
        What some tables append to the names of questions, such as ``"-dr5"``.

    Raises
    ------
    ValueError
        If an answer leads to an unknown question, a question cannot be reached or leads back
        to itself, a label names no answer or more than one, or a name is used twice: by two
        questions, two answers of a question, or two columns of `answer_names`.

    Notes
    -----
    In Galaxy Zoo 2, "Is there anything odd?" (t06) ends every path but that of stars and
    artifacts. In the Kaggle challenge its answers, Class6, sum to 1 for every galaxy all the
    same. In a tree with ``kaggle_reach=False`` they would sum to smooth and features.

    References
    ----------
    .. [1] Willett et al. 2013, MNRAS 435, 2835, figure 1 and table 2.

    Examples
    --------
    >>> from galaxy_sklearn import GZ2
    >>> len(GZ2.questions), len(GZ2.answer_names)
    (11, 37)
    >>> import numpy as np
    >>> votes = np.zeros(37)
    >>> votes[[0, 14, 16]] = 1  # smooth, nothing odd, in between round and cigar-shaped
    >>> GZ2.label(votes)
    'elliptical'

    Another survey, both questions of which can be answered by yes:

    >>> from galaxy_sklearn.decision_tree import Answer, DecisionTree, Question
    >>> disk = Question("disk", (Answer("yes", "bar"), Answer("no", None)))
    >>> bar = Question("bar", (Answer("yes", None), Answer("no", None)))
    >>> tree = DecisionTree("bars", (disk, bar), labels=(("barred", ("bar_yes",)),))
    >>> tree.answer_names
    ('disk_yes', 'disk_no', 'bar_yes', 'bar_no')
    >>> tree.label([0.9, 0.1, 0.8, 0.2])
    'barred'
    """

    name: str
    questions: tuple[Question, ...]
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    # Files of earlier versions hold the three fields above only.
    kaggle_reach: bool = True
    campaign: str = ""

    def __post_init__(self):
        for names in (
            [question.name for question in self.questions],
            *([answer.name for answer in question.answers] for question in self.questions),
            self.answer_names,
        ):
            doubled = [name for name, times in Counter(names).items() if times > 1]
            if doubled:
                raise ValueError(f"Tree {self.name!r} uses the name {doubled[0]!r} twice.")
        known = {q.name for q in self.questions}
        for answer in self._answers:
            if answer.leads_to is not None and answer.leads_to not in known:
                raise ValueError(
                    f"Answer {answer.name!r} leads to {answer.leads_to!r}, "
                    f"which is no question of tree {self.name!r}."
                )
        self._label_columns  # noqa: B018 - raises on an unknown or ambiguous answer
        self.order  # noqa: B018 - raises on a loop and on what cannot be reached

    def __reduce__(self):
        # What is derived from the questions is not stored with them.
        fields = self.name, self.questions, self.labels, self.kaggle_reach, self.campaign
        return type(self), fields

    # ------------------------------------------------------------------ names

    @cached_property
    def _answers(self) -> tuple[Answer, ...]:
        return tuple(answer for question in self.questions for answer in question.answers)

    @cached_property
    def answer_names(self) -> tuple[str, ...]:
        """Question and answer of each column, as ``"t01_smooth_or_features_a01_smooth"``."""
        return tuple(f"{q.name}_{a.name}" for q in self.questions for a in q.answers)

    @cached_property
    def debiased_columns(self) -> tuple[str, ...]:
        """Names of the conditional fractions in the survey's catalogue (``*_debiased``)."""
        return tuple(f"{name}_debiased" for name in self.answer_names)

    @property
    def catalogue_columns(self) -> tuple[str, ...]:
        """Deprecated name of `debiased_columns`."""
        warn("DecisionTree.catalogue_columns", "DecisionTree.debiased_columns", stacklevel=3)
        return self.debiased_columns

    @cached_property
    def kaggle_columns(self) -> tuple[str, ...]:
        """Names of the cumulative fractions in the Kaggle challenge (``Class1.1``, ...)."""
        return tuple(
            f"Class{q}.{a}"
            for q, question in enumerate(self.questions, 1)
            for a in range(1, len(question.answers) + 1)
        )

    @cached_property
    def spellings(self) -> tuple[tuple[tuple[str, ...], str | None], ...]:
        """What tables call the answers, in the order of preference, and the form that this tells.

        Kaggle's columns (only with ``kaggle_reach``: numbers alone do not tell which survey's
        questions they are), then the conditional fractions of catalogues, counts, and
        `answer_names` as they are, which tell no form; each without and with the `campaign`.
        """
        endings: list[tuple[str, str | None]]
        endings = [(suffix, "conditional") for suffix in CONDITIONAL_SUFFIXES]
        endings += [("_count", "counts"), ("", None)]
        spellings: list[tuple[tuple[str, ...], str | None]] = []
        if self.kaggle_reach:
            spellings.append((self.kaggle_columns, "cumulative"))
        for ending, form in endings:
            for campaign in dict.fromkeys(("", self.campaign)):
                names = (
                    f"{q.name}{campaign}_{a.name}{ending}"
                    for q in self.questions
                    for a in q.answers
                )
                spellings.append((tuple(names), form))
        return tuple(spellings)

    @cached_property
    def _label_columns(self) -> tuple[tuple[str, list[int]], ...]:
        """The labels, with the columns of the answers that they need."""
        return tuple(
            (label, [self._column(name, label) for name in needed]) for label, needed in self.labels
        )

    def _column(self, name, label):
        """Return the column of the answer that a label names, in full or by its own name."""
        if name in self.answer_names:
            return self.answer_names.index(name)
        found = [column for column, answer in enumerate(self._answers) if answer.name == name]
        if not found:
            raise ValueError(
                f"Label {label!r} needs {name!r}, which is no answer of tree {self.name!r}."
            )
        if len(found) > 1:
            spellings = ", ".join(repr(self.answer_names[column]) for column in found)
            raise ValueError(
                f"Label {label!r} needs {name!r}, which is an answer of {len(found)} questions of "
                f"tree {self.name!r}; name one of {spellings}."
            )
        return found[0]

    def match_columns(self, columns) -> tuple[np.ndarray, str | None]:
        """Find each answer among the columns of a table, whatever their order.

        A table may lack questions, but not some of the answers of a question.

        Parameters
        ----------
        columns : iterable of str
            The table's column names, in one of the `spellings`: the catalogue's (ending in
            ``_debiased``, ``_weighted_fraction``, ``_fraction``, ``_count`` and others), Kaggle's,
            or `answer_names`.

        Returns
        -------
        positions : ndarray of int, shape (n_answers,)
            Where each answer stands among the columns; -1 for the answers of a question that
            the table lacks.
        form : {"conditional", "cumulative", "counts"} or None
            The form that the names tell; None for plain `answer_names`.

        Raises
        ------
        ValueError
            If there is no column of any answer, one of a question's columns is missing, or a
            column is doubled or belongs to no answer.
        """
        columns = [str(column) for column in columns]
        given = set(columns)
        expected, form = max(self.spellings, key=lambda spelling: len(given & set(spelling[0])))
        doubled = [column for column, times in Counter(columns).items() if times > 1]
        if doubled:
            raise ValueError(f"Vote column {doubled[0]!r} stands in the table more than once.")
        unknown = [column for column in columns if column not in expected]
        if unknown:
            raise ValueError(
                f"Column {unknown[0]!r} is no answer of tree {self.name!r}; expected only "
                f"{expected[0]!r} to {expected[-1]!r}."
            )
        place = {name: i for i, name in enumerate(columns)}
        positions = np.array([place.get(name, -1) for name in expected])
        for question in self.slices:
            found = positions[question] >= 0
            if found.any() and not found.all():
                missing = expected[question.start + found.argmin()]
                raise ValueError(
                    f"Vote column {missing!r} is missing, the other answers of its question are "
                    f"not; found {columns[:5]} ..."
                )
        if not (positions >= 0).any():
            raise ValueError(
                f"Found no columns of tree {self.name!r}; expected {expected[0]!r} to "
                f"{expected[-1]!r}."
            )
        return positions, form

    # ------------------------------------------------------------- branching

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """The columns of each question."""
        ends = np.cumsum([len(q.answers) for q in self.questions]).tolist()
        return tuple(slice(a, b) for a, b in zip([0, *ends], ends, strict=False))

    @cached_property
    def order(self) -> tuple[int, ...]:
        """Positions of the questions in an order of asking: each after all that lead to it."""
        position = {q.name: i for i, q in enumerate(self.questions)}
        finished: list[int] = []
        under_way: set[int] = set()

        def visit(i):
            if i in under_way:
                raise ValueError(
                    f"Question {self.questions[i].name!r} of tree {self.name!r} leads to itself."
                )
            if i not in finished:
                under_way.add(i)
                for answer in self.questions[i].answers:
                    if answer.leads_to is not None:
                        visit(position[answer.leads_to])
                under_way.remove(i)
                finished.append(i)

        visit(0)
        for i, question in enumerate(self.questions):
            if i not in finished:
                raise ValueError(
                    f"No answer of tree {self.name!r} leads to question {question.name!r}."
                )
        return tuple(reversed(finished))

    @cached_property
    def leading(self) -> tuple[tuple[int, ...], ...]:
        """The columns of the answers that lead to each question; none lead to the first."""
        return tuple(
            tuple(i for i, answer in enumerate(self._answers) if answer.leads_to == question.name)
            for question in self.questions
        )

    @cached_property
    def parents(self) -> tuple[tuple[int, ...], ...]:
        """The columns of the answers whose cumulative fractions sum to each question's reach.

        Every road to the question goes through exactly one of them, and whoever gives one of them
        is asked the question later. Empty where the reach is 1.
        """
        parents = []
        for i, leading in enumerate(self.leading):
            roads = set(leading)
            for j in reversed(self.order):
                # If all its answers lead on, what counts is how their question was reached.
                answers = set(range(self.slices[j].start, self.slices[j].stop))
                if answers <= roads:
                    roads = roads - answers | set(self.leading[j])
            everybody = self.kaggle_reach and not self._common[i]
            parents.append(() if everybody else tuple(sorted(roads)))
        return tuple(parents)

    @cached_property
    def _common(self) -> tuple[frozenset[int], ...]:
        """The columns of the answers that every road to each question goes through."""
        common: dict[str, frozenset[int]] = {self.questions[self.order[0]].name: frozenset()}
        for i in self.order:
            question = self.questions[i]
            for column, answer in enumerate(question.answers, self.slices[i].start):
                if answer.leads_to is not None:
                    road = common[question.name] | {column}
                    common[answer.leads_to] = common.get(answer.leads_to, road) & road
        return tuple(common[question.name] for question in self.questions)

    # ----------------------------------------------------- forms of fractions

    def to_cumulative(self, conditional) -> np.ndarray:
        """Multiply conditional fractions down the tree.

        Parameters
        ----------
        conditional : array-like of shape (..., n_answers), DataFrame or Series
            Conditional fractions; a table's columns are matched by name.

        Returns
        -------
        ndarray of float64, shape (..., n_answers)
            Cumulative fractions; NaN where the fraction or its reach is unknown. Fractions are
            taken as they are: those of a question that sum to 0.8 sum to 0.8 of its reach (see
            `normalize`).

        Raises
        ------
        ValueError
            If the last axis does not hold the answers, or the names are those of cumulative
            fractions.

        Examples
        --------
        >>> from galaxy_sklearn import GZ2
        >>> votes = np.zeros(37)
        >>> votes[[0, 1]] = 0.4, 0.6  # smooth, features
        >>> votes[[3, 4]] = 0.5, 0.5  # of the 0.6: edge-on, not edge-on
        >>> GZ2.to_cumulative(votes)[[3, 4]]
        array([0.3, 0.3])
        """
        fractions = self._array(conditional, "conditional").copy()
        for i in self.order:
            if self.parents[i]:
                reach = reach_of_roads(fractions, self.parents[i])
                fractions[..., self.slices[i]] *= reach[..., None]
        return fractions

    def to_conditional(self, cumulative) -> np.ndarray:
        """Divide cumulative fractions by the reach of their questions.

        The inverse of `to_cumulative` wherever a question was reached; a question that was
        not becomes all 0, as in the catalogue.

        Parameters
        ----------
        cumulative : array-like of shape (..., n_answers), DataFrame or Series
            Cumulative fractions; a table's columns are matched by name.

        Returns
        -------
        ndarray of float64, shape (..., n_answers)
            Conditional fractions; NaN where they are unknown. A known question whose reach is
            unknown is divided by its own sum, which is the reach.

        Raises
        ------
        ValueError
            If the last axis does not hold the answers, or the names are those of conditional
            fractions.
        """
        fractions = self._array(cumulative, "cumulative")
        reach = self.reach(fractions, form="cumulative")
        conditional = np.zeros_like(fractions)
        for q, columns in enumerate(self.slices):
            divisor = reach[..., q, None]
            # Not `divisor > 0`: what is unknown stays so.
            np.divide(
                fractions[..., columns],
                divisor,
                out=conditional[..., columns],
                where=~(divisor <= 0),
            )
        return conditional

    def reach(self, fractions, *, form) -> np.ndarray:
        """Fraction of the volunteers that got as far as each question.

        Parameters
        ----------
        fractions : array-like of shape (..., n_answers), DataFrame or Series
            Vote fractions.
        form : {"conditional", "cumulative"}
            Their form.

        Returns
        -------
        ndarray of float64, shape (..., n_questions)
            Reach of each question, by which its conditional fractions are multiplied to give
            the cumulative ones; NaN where it is unknown. Cumulative fractions tell the reach of
            their question also where an answer on the way is unknown: it is their sum.

        Raises
        ------
        ValueError
            If the form is neither of the two, or the last axis does not hold the answers.
        """
        if form not in ("conditional", "cumulative"):
            raise ValueError(f"form must be 'conditional' or 'cumulative', got {form!r}.")
        if form == "conditional":
            cumulative = self.to_cumulative(fractions)
        else:
            cumulative = self._array(fractions, form)
        reach = np.ones((*cumulative.shape[:-1], len(self.questions)))
        for i, parents in enumerate(self.parents):
            if parents:
                of_roads = reach_of_roads(cumulative, parents)
                own = cumulative[..., self.slices[i]].sum(axis=-1)
                reach[..., i] = np.where(np.isnan(of_roads), own, of_roads)
        return reach

    def normalize(self, conditional) -> np.ndarray:
        """Scale the answers of each question to sum to 1; all 0 and NaN stay as they are.

        Parameters
        ----------
        conditional : array-like of shape (..., n_answers), DataFrame or Series
            Non-negative numbers, for example debiased fractions, whose questions sum to
            anything from 0.1 to 2.5.

        Returns
        -------
        ndarray of float64, shape (..., n_answers)
            Conditional fractions.
        """
        fractions = self._array(conditional, "conditional").copy()
        for question in self.slices:
            answers = fractions[..., question]
            total = answers.sum(axis=-1, keepdims=True)
            off = (total > 0) & (np.abs(total - 1) > ROUNDING)
            np.divide(answers, total, out=answers, where=off)
        return fractions

    def unknown(self, fractions) -> np.ndarray:
        """Flag the answers of the questions that are unknown.

        Parameters
        ----------
        fractions : ndarray of float, shape (..., n_answers)
            Vote fractions or counts, NaN where they are unknown.

        Returns
        -------
        ndarray of bool, shape (..., n_answers)
            True for all the answers of a question one of which is NaN.

        Examples
        --------
        >>> from galaxy_sklearn import GZ2
        >>> votes = np.zeros(37)
        >>> votes[3] = np.nan
        >>> np.flatnonzero(GZ2.unknown(votes))
        array([3, 4])
        """
        unknown = np.isnan(fractions)
        if unknown.any():
            for question in self.slices:
                unknown[..., question] |= unknown[..., question].any(axis=-1, keepdims=True)
        return unknown

    # ------------------------------------------------------ answers and words

    def walk(self, fractions) -> np.ndarray:
        """Follow the most voted answer from question to question.

        Parameters
        ----------
        fractions : array-like of shape (..., n_answers), DataFrame or Series
            Vote fractions in either form: within a question they differ by a factor only.

        Returns
        -------
        ndarray of int, shape (..., n_answers)
            1 for the answers on the path, 0 elsewhere. Exactly one answer of every question
            on the path is 1. Of equal answers the first is taken. A question that is all 0
            has no answer: the walk continues if all its answers lead to the same question,
            else it ends.

        Raises
        ------
        ValueError
            If the last axis does not hold the answers, or a fraction is NaN (unknown).

        Notes
        -----
        The choice is made question by question. The path of greatest probability overall
        would be another one: it favours short paths, such as that of stars and artifacts.
        """
        fractions = self._array(fractions, None)
        if np.isnan(fractions).any():
            raise ValueError("Cannot walk the tree: a vote fraction is NaN.")
        return self._path(fractions)[0]

    def _path(self, fractions):
        """Return what `walk` does, and which questions lie on the path: (..., n_questions)."""
        position = {q.name: i for i, q in enumerate(self.questions)}
        indicator = np.zeros(fractions.shape, dtype=int)
        asked = np.zeros((*fractions.shape[:-1], len(self.questions)), dtype=bool)
        asked[..., self.order[0]] = True
        for i in self.order:
            votes = fractions[..., self.slices[i]]
            answered = asked[..., i] & (votes > 0).any(axis=-1)
            best = votes.argmax(axis=-1)
            leads_to = [a.leads_to for a in self.questions[i].answers]
            for column, following in enumerate(leads_to):
                chosen = answered & (best == column)
                indicator[..., self.slices[i].start + column] = chosen
                if following is not None:
                    asked[..., position[following]] |= chosen
            if len(set(leads_to)) == 1 and leads_to[0] is not None:
                asked[..., position[leads_to[0]]] |= asked[..., i]
        return indicator, asked

    def label(self, fractions) -> str | np.ndarray:
        """Say in words what kind of galaxy the votes describe.

        Parameters
        ----------
        fractions : array-like of shape (..., n_answers), DataFrame or Series
            Vote fractions in either form, or what `walk` returned.

        Returns
        -------
        str or ndarray of object, shape (...)
            The first of the tree's `labels` whose answers all lie on the path; ``"unknown"``
            where there is none, or where a question on the path is unknown.

        Examples
        --------
        >>> from galaxy_sklearn import GZ2
        >>> rows = np.zeros((2, 37))
        >>> rows[0, [1, 4, 5, 7]] = 1  # features, not edge-on, bar, spiral
        >>> rows[1, [1, 3]] = 1  # features, edge-on
        >>> GZ2.label(rows).tolist()
        ['barred spiral', 'edge-on disk']
        """
        fractions = self._array(fractions, None)
        unknown = np.isnan(fractions)
        path, asked = self._path(np.where(unknown, 0, fractions))
        # The first column of each question stands for all of them.
        known = ~(asked & unknown[..., [question.start for question in self.slices]]).any(axis=-1)
        words = np.full(path.shape[:-1], "unknown", dtype=object)
        for label, columns in reversed(self._label_columns):
            words[known & path[..., columns].all(axis=-1)] = label
        return words if words.ndim else words.item()

    def _array(self, fractions, form) -> np.ndarray:
        if hasattr(fractions, "to_pandas"):  # polars, pyarrow, astropy
            fractions = fractions.to_pandas()
        names = getattr(fractions, "columns", getattr(fractions, "index", None))
        if names is not None and not callable(names):
            positions, named_form = self.match_columns(names)
            if form is not None and named_form not in (None, form):
                raise ValueError(
                    f"Expected {form} fractions, but the columns ({names[0]!r}, ...) "
                    f"are those of {named_form} ones."
                )
            values = as_floats(fractions.to_numpy())[..., positions]
            fractions = np.where(positions < 0, np.nan, values)
        fractions = as_floats(fractions)
        if fractions.ndim == 0 or fractions.shape[-1] != len(self.answer_names):
            raise ValueError(
                f"Expected the {len(self.answer_names)} answers of tree {self.name!r} along the "
                f"last axis, got an array of shape {fractions.shape}."
            )
        unknown = self.unknown(fractions)
        return np.where(unknown, np.nan, fractions) if unknown.any() else fractions
