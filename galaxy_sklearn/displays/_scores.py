"""How well each question of a survey is predicted."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from galaxy_sklearn._tree_of import form_of, tree_of
from galaxy_sklearn.displays._fractions import predict_fractions
from galaxy_sklearn.displays._words import words
from galaxy_sklearn.metrics import question_scores
from galaxy_sklearn.surveys import GZ2
from galaxy_sklearn.votes import check_votes

BASELINE = "mean of the training votes"
SCORES = {
    "conditional_rmse": "RMSE of conditional fractions, weighted by reach",
    "conditional_mse": "MSE of conditional fractions, weighted by reach",
    "conditional_cross_entropy": "cross-entropy of conditional fractions, weighted by reach",
    "cumulative_rmse": "RMSE of cumulative fractions",
    "cumulative_mse": "MSE of cumulative fractions",
}
MARKERS = "osD^vP*X"


class QuestionScoresDisplay:
    """Scores of one or more predictions by question, beside those of a baseline.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    scores : DataFrame of shape (n_questions, n_predictions)
        The scores, with the names of the questions and of the predictions.
    score_name : {"conditional_rmse", "conditional_mse", "conditional_cross_entropy", \
            "cumulative_rmse", "cumulative_mse"}, default="conditional_rmse"
        Which score it is.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        The markers of each prediction.

    See Also
    --------
    galaxy_sklearn.metrics.question_scores : The scores as numbers.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.displays import QuestionScoresDisplay
    >>> X, y = make_galaxies(20, image_size=16, random_state=0)
    >>> display = QuestionScoresDisplay.from_predictions(y[:10], {"ideal": y[:10]}, y_train=y[10:])
    >>> display.scores.columns.tolist()
    ['ideal', 'mean of the training votes']
    """

    def __init__(self, scores, *, score_name="conditional_rmse"):
        self.scores = scores
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        y_train=None,
        score_name="conditional_rmse",
        name=None,
        tree=None,
        ax=None,
    ):
        """Predict galaxies and plot the score of each question.

        Parameters
        ----------
        estimator : Pipeline, classifier or regressor
            Fitted, with ``predict_proba`` or, for regressors, ``predict``.
        X : array-like of str or path-like, or images
            What the estimator takes.
        y : DataFrame or array-like of shape (n_galaxies, n_answers)
            Vote fractions, in either form.
        y_train : DataFrame or array-like of shape (n_training_galaxies, n_answers), optional
            Vote fractions of the training. Their mean is the baseline; by default there is none.
        score_name : str, default="conditional_rmse"
            The score, see `QuestionScoresDisplay`.
        name : str, optional
            Name of the prediction; that of the estimator's class by default.
        tree : DecisionTree, optional
            The survey; that of the estimator by default, or else `GZ2`.
        ax : matplotlib Axes, optional
            Axes to plot on. By default a new figure is made.

        Returns
        -------
        QuestionScoresDisplay
            The display, plotted.
        """
        return cls.from_predictions(
            y,
            {name or type(estimator).__name__: predict_fractions(estimator, X)},
            y_train=y_train,
            score_name=score_name,
            tree=tree or tree_of(estimator),
            pred_form=form_of(estimator),
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        y_train=None,
        score_name="conditional_rmse",
        tree=None,
        pred_form=None,
        ax=None,
    ):
        """Plot the score of each question for one or more predictions.

        Parameters
        ----------
        y_true : DataFrame or array-like of shape (n_galaxies, n_answers)
            Voted fractions, in either form.
        y_pred : DataFrame or array-like of shape (n_galaxies, n_answers), or dict of them by name
            Predicted fractions, in either form.
        y_train : DataFrame or array-like of shape (n_training_galaxies, n_answers), optional
            Vote fractions of the training. Their mean is the baseline; by default there is none.
        score_name : str, default="conditional_rmse"
            The score, see `QuestionScoresDisplay`.
        tree : DecisionTree, optional
            The survey; `GZ2` by default.
        pred_form : {"conditional", "cumulative", "counts"}, optional
            Form of ``y_pred``, where its columns do not tell it and it is not that of ``y_true``.
        ax : matplotlib Axes, optional
            Axes to plot on. By default a new figure is made.

        Returns
        -------
        QuestionScoresDisplay
            The display, plotted.

        Notes
        -----
        The baseline is the mean of the cumulative fractions: in the conditional form that is the
        mean weighted by reach, the constant of the smallest error.
        """
        if score_name not in SCORES:
            raise ValueError(f"score_name must be one of {', '.join(SCORES)}, got {score_name!r}.")
        tree = tree or GZ2
        predictions = y_pred if isinstance(y_pred, Mapping) else {"predicted": y_pred}
        scores = {
            name: question_scores(y_true, fractions, tree=tree, pred_form=pred_form)[score_name]
            for name, fractions in predictions.items()
        }
        if y_train is not None:
            scores[BASELINE] = _baseline_scores(y_true, y_train, tree)[score_name]
        return cls(pd.DataFrame(scores), score_name=score_name).plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the scores.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to plot on. By default a new figure is made.

        Returns
        -------
        self : QuestionScoresDisplay
            The display.
        """
        import matplotlib.pyplot as plt

        places = np.arange(len(self.scores))
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 1.3 + 0.3 * len(places)), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        styles = [{"marker": marker, "alpha": 0.85} for marker in MARKERS]
        self.lines_ = []
        for i, (name, scores) in enumerate(self.scores.items()):
            style = styles[i % len(styles)]
            if name == BASELINE:
                style = {"color": "0.3", "marker": "|", "markersize": 13, "markeredgewidth": 2}
            self.lines_ += ax.plot(scores, places, linestyle="none", label=name, **style)
        ax.set_yticks(places, [words(name) for name in self.scores.index])
        ax.set(xlabel=SCORES[self.score_name], xlim=(0, None))
        ax.invert_yaxis()
        ax.grid(axis="y", color="0.9")
        ax.set_axisbelow(True)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
        return self


def _baseline_scores(y_true, y_train, tree):
    """Score the mean of the training votes; NaN for questions that are unknown there."""
    votes = check_votes(y_train, tree=tree).cumulative(tree)
    known = ~np.isnan(votes)
    mean = np.where(known, votes, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    constant = np.tile(mean, (len(check_votes(y_true, tree=tree).fractions), 1))
    scores = question_scores(y_true, constant, tree=tree, pred_form="cumulative")
    unknown = [not known[:, columns].any() for columns in tree.slices]
    scores.loc[unknown] = np.nan
    return scores
