"""Whether vote fractions are predicted as large as they are."""

from numbers import Integral

import numpy as np

from galaxy_sklearn._tree_of import form_of, tree_of
from galaxy_sklearn.displays._fractions import predict_fractions
from galaxy_sklearn.displays._panels import find_questions, make_panels
from galaxy_sklearn.metrics import question_weights, voted_and_predicted
from galaxy_sklearn.surveys import GZ2


class ReliabilityDisplay:
    """Mean voted against predicted conditional fractions in bins, a panel for each question.

    The answers of a question are taken together. A galaxy counts for a question as much as the
    fraction of its volunteers that were asked. On the diagonal predictions are calibrated.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    questions : sequence of str
        Names of the questions.
    predicted, voted : ndarray of shape (n_questions, n_bins)
        Mean predicted and voted fraction in each bin of predicted fractions; NaN in empty ones.
    weight : ndarray of shape (n_questions, n_bins)
        Part of the question's weight that is in each bin.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, shape (n_questions,)
        The panels.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        The curves.

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : The same for classes.

    References
    ----------
    .. [1] DeGroot & Fienberg 1983, The Statistician 32, 12, for the diagram.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.displays import ReliabilityDisplay
    >>> X, y = make_galaxies(20, image_size=16, random_state=0)
    >>> display = ReliabilityDisplay.from_predictions(y, y, questions=["t03_bar"], n_bins=5)
    >>> display.voted.shape
    (1, 5)
    """

    def __init__(self, questions, predicted, voted, weight):
        self.questions = questions
        self.predicted = predicted
        self.voted = voted
        self.weight = weight

    @classmethod
    def from_estimator(cls, estimator, X, y, *, questions=None, n_bins=10, tree=None, ax=None):
        """Predict galaxies and plot how reliable the predictions are.

        Parameters
        ----------
        estimator : Pipeline, classifier or regressor
            Fitted, with ``predict_proba`` or, for regressors, ``predict``.
        X : array-like of str or path-like, or images
            What the estimator takes.
        y : DataFrame or array-like of shape (n_galaxies, n_answers)
            Vote fractions, in either form.
        questions : sequence of str, optional
            Names of the questions to plot; all by default.
        n_bins : int, default=10
            Number of bins of equal width.
        tree : DecisionTree, optional
            The survey; that of the estimator by default, or else `GZ2`.
        ax : matplotlib Axes or array-like of matplotlib Axes, optional
            Axes to plot on, one for each question. By default a new figure is made.

        Returns
        -------
        ReliabilityDisplay
            The display, plotted.
        """
        return cls.from_predictions(
            y,
            predict_fractions(estimator, X),
            questions=questions,
            n_bins=n_bins,
            tree=tree or tree_of(estimator),
            pred_form=form_of(estimator),
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls, y_true, y_pred, *, questions=None, n_bins=10, tree=None, pred_form=None, ax=None
    ):
        """Plot how reliable predictions are.

        Parameters
        ----------
        y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
            Voted and predicted fractions, in either form. Voted fractions of a question are
            scaled to sum to 1.
        questions : sequence of str, optional
            Names of the questions to plot; all by default.
        n_bins : int, default=10
            Number of bins of equal width.
        tree : DecisionTree, optional
            The survey; `GZ2` by default.
        pred_form : {"conditional", "cumulative", "counts"}, optional
            Form of ``y_pred``, where its columns do not tell it and it is not that of ``y_true``.
        ax : matplotlib Axes or array-like of matplotlib Axes, optional
            Axes to plot on, one for each question. By default a new figure is made.

        Returns
        -------
        ReliabilityDisplay
            The display, plotted.
        """
        tree = tree or GZ2
        chosen = find_questions(tree, questions)
        if not chosen:
            raise ValueError("questions must name one at least, got none.")
        if not isinstance(n_bins, Integral) or n_bins < 1:
            raise ValueError(f"n_bins must be a positive int, got {n_bins!r}.")
        votes, predictions = voted_and_predicted(y_true, y_pred, tree=tree, pred_form=pred_form)
        weights = question_weights(votes, tree)
        voted = tree.normalize(votes.conditional(tree))
        predicted = predictions.conditional(tree)
        curves = [
            _curve(predicted[:, tree.slices[q]], voted[:, tree.slices[q]], weights[:, q], n_bins)
            for q in chosen
        ]
        names = [tree.questions[q].name for q in chosen]
        return cls(names, *map(np.array, zip(*curves, strict=True))).plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the curves; the larger a point, the more of the weight is in its bin.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of matplotlib Axes, optional
            Axes to plot on, one for each question. By default a new figure is made.

        Returns
        -------
        self : ReliabilityDisplay
            The display.
        """
        self.axes_ = make_panels(
            self.questions, ax, xlabel="mean predicted fraction", ylabel="mean voted fraction"
        )
        self.figure_ = self.axes_[0].figure
        self.lines_ = []
        for ax, predicted, voted, weight in zip(
            self.axes_, self.predicted, self.voted, self.weight, strict=True
        ):
            ax.plot([0, 1], [0, 1], color="0.6", linestyle=":", zorder=1)
            filled = ~np.isnan(voted)
            self.lines_ += ax.plot(predicted[filled], voted[filled])
            ax.scatter(predicted[filled], voted[filled], s=4 + 120 * weight[filled])
            ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
        return self


def _curve(predicted, voted, weight, n_bins):
    """Return the mean predicted and voted fractions and the part of the weight, by bin."""
    counted = weight > 0
    predicted, voted = predicted[counted].ravel(), voted[counted].ravel()
    weight = np.repeat(weight[counted], len(predicted) // max(1, counted.sum()))
    # A regressor may predict fractions below 0 or above 1.
    bins = np.clip(predicted * n_bins, 0, n_bins - 1).astype(int)
    total, of_predicted, of_voted = (
        np.bincount(bins, weights=weight * values, minlength=n_bins)
        for values in (1, predicted, voted)
    )
    divisor = np.where(total > 0, total, np.nan)
    part = total / total.sum() if counted.any() else total
    return of_predicted / divisor, of_voted / divisor, part
