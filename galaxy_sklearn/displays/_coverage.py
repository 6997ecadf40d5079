"""Whether intervals hold what was voted as often as they promise."""

import numpy as np
from sklearn.pipeline import Pipeline

from galaxy_sklearn._tree_of import form_of, tree_of
from galaxy_sklearn.displays._panels import find_questions, make_panels
from galaxy_sklearn.surveys import GZ2
from galaxy_sklearn.votes import check_votes

COVERAGES = (0.5, 0.7, 0.8, 0.9, 0.95)


class CoverageDisplay:
    """Part of the voted fractions inside intervals against the coverage that these promise.

    There is a panel for all answers together, and one for those of each question. On the diagonal
    intervals keep their promise; above it they are wider than they need be.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    coverages : array-like of shape (n_coverages,)
        The coverages promised, in ascending order.
    overall : array-like of shape (n_coverages,)
        Part of all voted fractions that is inside.
    questions : sequence of str
        Names of the questions.
    by_question : array-like of shape (n_questions, n_coverages)
        The same for the answers of each question; NaN where nothing is known.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, shape (1 + n_questions,)
        The panels.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        The curves.

    See Also
    --------
    galaxy_sklearn.GalaxyClassifier.predict_interval : The intervals.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.displays import CoverageDisplay
    >>> X, y = make_galaxies(20, image_size=16, random_state=0)
    >>> intervals = np.stack([y - 0.1, y + 0.1], axis=-1)[None]
    >>> CoverageDisplay.from_predictions(y, intervals, [0.9], questions=["t03_bar"]).overall
    array([1.])
    """

    def __init__(self, coverages, overall, questions, by_question):
        self.coverages = coverages
        self.overall = overall
        self.questions = questions
        self.by_question = by_question

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, coverages=COVERAGES, questions=None, tree=None, ax=None
    ):
        """Predict conformal intervals and plot how many voted fractions they hold.

        Parameters
        ----------
        estimator : GalaxyClassifier, GalaxyEnsemble or Pipeline
            Fitted on votes, with galaxies set aside (``validation_fraction``); or a pipeline that
            ends with one.
        X : array-like of str or path-like, or images
            What the estimator takes.
        y : DataFrame or array-like of shape (n_galaxies, n_answers)
            Vote fractions, in either form.
        coverages : sequence of float, default=(0.5, 0.7, 0.8, 0.9, 0.95)
            The coverages to ask for. Each takes as long as a prediction.
        questions : sequence of str, optional
            Names of the questions to plot, or none of them; all by default.
        tree : DecisionTree, optional
            The survey; that of the estimator by default, or else `GZ2`.
        ax : matplotlib Axes or array-like of matplotlib Axes, optional
            Axes to plot on, one for all answers and one for each question. By default a new figure
            is made.

        Returns
        -------
        CoverageDisplay
            The display, plotted.
        """
        if isinstance(estimator, Pipeline):
            X = estimator[:-1].transform(X)
            estimator = estimator[-1]
        intervals = [estimator.predict_interval(X, c, kind="conformal") for c in coverages]
        return cls.from_predictions(
            y,
            intervals,
            coverages,
            questions=questions,
            tree=tree or tree_of(estimator),
            pred_form=form_of(estimator),
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls, y_true, intervals, coverages, *, questions=None, tree=None, pred_form=None, ax=None
    ):
        """Plot how many voted fractions intervals hold.

        Parameters
        ----------
        y_true : DataFrame or array-like of shape (n_galaxies, n_answers)
            Voted fractions, in either form. In the conditional form, those of questions that nobody
            was asked do not count.
        intervals : array-like of shape (n_coverages, n_galaxies, n_answers, 2)
            Lower and upper ends.
        coverages : sequence of float
            The coverages that they promise.
        questions : sequence of str, optional
            Names of the questions to plot, or none of them; all by default.
        tree : DecisionTree, optional
            The survey; `GZ2` by default.
        pred_form : {"conditional", "cumulative"}, optional
            Form of the intervals, where it is not that of ``y_true``.
        ax : matplotlib Axes or array-like of matplotlib Axes, optional
            Axes to plot on, one for all answers and one for each question. By default a new figure
            is made.

        Returns
        -------
        CoverageDisplay
            The display, plotted.
        """
        tree = tree or GZ2
        chosen = find_questions(tree, questions)
        votes = check_votes(y_true, tree=tree)
        form = pred_form or votes.form
        if form not in ("conditional", "cumulative"):
            raise ValueError(f"pred_form must be 'conditional' or 'cumulative', got {form!r}.")
        voted = np.array(getattr(votes, form)(tree))
        if form == "conditional":
            for columns in tree.slices:
                voted[~voted[:, columns].any(axis=1), columns] = np.nan
        intervals, coverages = np.asarray(intervals, dtype=float), np.asarray(coverages)
        if intervals.shape != (*coverages.shape, *voted.shape, 2):
            raise ValueError(
                f"Expected intervals of shape {(*coverages.shape, *voted.shape, 2)}, got "
                f"{intervals.shape}."
            )
        if np.isnan(intervals).any():
            raise ValueError("intervals: an end is missing (NaN).")
        inside = (intervals[..., 0] <= voted) & (voted <= intervals[..., 1])
        known = ~np.isnan(voted)
        order = np.argsort(coverages)
        overall = _part(inside[order], known)
        by_question = [
            _part(inside[order][:, :, tree.slices[q]], known[:, tree.slices[q]]) for q in chosen
        ]
        names = [tree.questions[q].name for q in chosen]
        return cls(coverages[order], overall, names, np.array(by_question)).plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of matplotlib Axes, optional
            Axes to plot on, one for all answers and one for each question. By default a new figure
            is made.

        Returns
        -------
        self : CoverageDisplay
            The display.
        """
        self.axes_ = make_panels(
            ["all answers", *self.questions],
            ax,
            xlabel="coverage promised",
            ylabel="part of the voted fractions inside",
        )
        self.figure_ = self.axes_[0].figure
        curves = [self.overall, *self.by_question]
        lowest = max(0, min(np.nanmin(curves), np.min(self.coverages)) - 0.05)
        self.lines_ = []
        for i, (ax, inside) in enumerate(zip(self.axes_, curves, strict=True)):
            ax.plot([0, 1], [0, 1], color="0.6", linestyle=":", zorder=1)
            self.lines_ += ax.plot(
                self.coverages, inside, marker="o", markersize=4, color="C1" if i == 0 else "C0"
            )
            ax.set(xlim=(lowest, 1.02), ylim=(lowest, 1.02), aspect="equal")
        return self


def _part(inside, known):
    """Return the part of what is known that is inside, for each coverage; NaN if nothing is."""
    n_known = known.sum()
    return inside.sum(axis=(1, 2)) / n_known if n_known else np.full(len(inside), np.nan)
