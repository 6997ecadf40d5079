"""A decision tree with the votes that went along its branches."""

from itertools import pairwise

import numpy as np

from galaxy_sklearn._tree_of import form_of, tree_of
from galaxy_sklearn.displays._fractions import predict_fractions
from galaxy_sklearn.displays._tree_layout import TITLE, WIDTH, lay_out
from galaxy_sklearn.displays._words import words
from galaxy_sklearn.metrics import voted_and_predicted
from galaxy_sklearn.surveys import GZ2

# Width, in rows, of a branch that all volunteers take.
FULL = 0.45


class DecisionTreeDisplay:
    """The questions of a survey, with branches as wide as the fraction of volunteers who took them.

    Use `from_estimator` or `from_predictions` to make one: of one galaxy, or of the mean of many.

    Parameters
    ----------
    tree : DecisionTree
        The survey.
    voted, predicted : ndarray of shape (n_answers,), optional
        Cumulative fractions. Those that are NaN are not drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    branches_ : dict of str to dict of str to matplotlib PathPatch
        The branches of ``"voted"`` and ``"predicted"`` by the name of their answer.
    figure_ : matplotlib Figure
        The figure.
    text_ : dict of str to matplotlib Text
        The names of the answers that are labelled.

    See Also
    --------
    galaxy_sklearn.DecisionTree.to_cumulative : The fractions that are drawn.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.displays import DecisionTreeDisplay
    >>> X, y = make_galaxies(6, image_size=16, random_state=0)
    >>> display = DecisionTreeDisplay.from_predictions(y, y)
    >>> display.voted.shape
    (37,)
    """

    def __init__(self, tree, voted=None, predicted=None):
        self.tree = tree
        self.voted = voted
        self.predicted = predicted

    @classmethod
    def from_estimator(cls, estimator, X, y, *, tree=None, min_fraction=0.01, ax=None):
        """Predict galaxies and draw the mean of their votes and predictions.

        Parameters
        ----------
        estimator : Pipeline, classifier or regressor
            Fitted, with ``predict_proba`` or, for regressors, ``predict``.
        X : array-like of str or path-like, or images
            What the estimator takes.
        y : DataFrame or array-like of shape (n_galaxies, n_answers)
            Vote fractions, in either form.
        tree : DecisionTree, optional
            The survey; that of the estimator by default, or else `GZ2`.
        min_fraction : float, default=0.01
            Answers with a smaller fraction are not labelled.
        ax : matplotlib Axes, optional
            Axes to draw on. By default a new figure is made.

        Returns
        -------
        DecisionTreeDisplay
            The display, plotted.
        """
        return cls.from_predictions(
            y,
            predict_fractions(estimator, X),
            tree=tree or tree_of(estimator),
            pred_form=form_of(estimator),
            min_fraction=min_fraction,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls, y_true, y_pred, *, tree=None, pred_form=None, min_fraction=0.01, ax=None
    ):
        """Draw the mean of votes and predictions.

        Parameters
        ----------
        y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers)
            Voted and predicted fractions, in either form. Where votes are unknown, the prediction
            is left out of the mean as well.
        tree : DecisionTree, optional
            The survey; `GZ2` by default.
        pred_form : {"conditional", "cumulative", "counts"}, optional
            Form of ``y_pred``, where its columns do not tell it and it is not that of ``y_true``.
        min_fraction : float, default=0.01
            Answers with a smaller fraction are not labelled.
        ax : matplotlib Axes, optional
            Axes to draw on. By default a new figure is made.

        Returns
        -------
        DecisionTreeDisplay
            The display, plotted.
        """
        tree = tree or GZ2
        voted, predicted = voted_and_predicted(y_true, y_pred, tree=tree, pred_form=pred_form)
        voted, predicted = voted.cumulative(tree), predicted.cumulative(tree)
        known = ~np.isnan(voted)
        n_known = np.where(known.any(axis=0), known.sum(axis=0), np.nan)
        means = (
            np.where(known, fractions, 0).sum(axis=0) / n_known for fractions in (voted, predicted)
        )
        return cls(tree, *means).plot(min_fraction=min_fraction, ax=ax)

    def plot(self, *, min_fraction=0.01, ax=None):
        """Draw the tree.

        Parameters
        ----------
        min_fraction : float, default=0.01
            Answers with a smaller fraction are not labelled.
        ax : matplotlib Axes, optional
            Axes to draw on. By default a new figure is made.

        Returns
        -------
        self : DecisionTreeDisplay
            The display.
        """
        import matplotlib.pyplot as plt
        from matplotlib.patches import PathPatch, Rectangle

        layout = lay_out(self.tree)
        left, top = layout.corners.min(axis=0)
        right, bottom = layout.corners[:, 0].max() + 1, (layout.corners[:, 1] + layout.sizes).max()
        if ax is None:
            size = 1.7 * (right - left), 0.8 + 0.33 * (bottom - top)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        for question, (x, y), size in zip(
            self.tree.questions, layout.corners, layout.sizes, strict=True
        ):
            ax.add_patch(Rectangle((x, y), WIDTH, size, color="0.93"))
            ax.text(
                x + WIDTH / 2,
                y + 0.55 * TITLE,
                words(question.name),
                fontsize=7.5,
                weight="bold",
                ha="center",
                va="center",
            )
        given = {"voted": self.voted, "predicted": self.predicted}
        given = {name: np.asarray(values) for name, values in given.items() if values is not None}
        names = self.tree.answer_names
        labels = [words(answer.name) for q in self.tree.questions for answer in q.answers]
        self.branches_ = {}
        for colour, (name, fractions) in enumerate(given.items()):
            outlines = _outlines(layout.routes, fractions, upwards=name == "voted")
            self.branches_[name] = {
                names[i]: ax.add_patch(
                    PathPatch(outline, color=f"C{colour}", alpha=0.7, linewidth=0.5, label=name)
                )
                for i, outline in outlines.items()
            }
        self.text_ = {
            names[i]: ax.text(x - 0.03, y, label, fontsize=8, ha="right", va="center")
            for i, (label, ((x, y), *_)) in enumerate(zip(labels, layout.routes, strict=True))
            if any(fractions[i] >= min_fraction for fractions in given.values())
        }
        handles = [next(iter(drawn.values())) for drawn in self.branches_.values() if drawn]
        ax.legend(handles=handles, loc="upper right", frameon=False)
        ax.set(
            xlim=(left - 0.05, right),
            ylim=(bottom + 0.2, top - 0.2),
            xticks=[],
            yticks=[],
            frame_on=False,
        )
        return self


def _outlines(routes, fractions, *, upwards):
    """Return the outline of the branch of each answer whose fraction is known.

    The branches that go through one place are stacked there, in the order of where they come from:
    the voted ones upwards from the middle, the predicted ones downwards.
    """
    from matplotlib.path import Path

    widths = FULL * np.nan_to_num(fractions)
    stacks = {}
    for answer, route in enumerate(routes):
        for (_, before), place in zip([route[0], *route], route, strict=False):
            stacks.setdefault(place, []).append((before, answer))
    tops = {}
    for (x, y), stack in stacks.items():
        stacked = [answer for _, answer in sorted(stack)]
        edges = np.cumsum([0, *widths[stacked]]) - upwards * widths[stacked].sum() + y
        tops |= {((x, y), answer): edge for answer, edge in zip(stacked, edges, strict=False)}
    outlines = {}
    for answer in np.flatnonzero(~np.isnan(fractions)).tolist():
        upper = [(place[0], tops[place, answer]) for place in routes[answer]]
        lower = [(x, y + widths[answer]) for x, y in reversed(upper)]
        there, back = _curve(upper), _curve(lower)
        curved = [Path.CURVE4] * (len(there) - 1)
        codes = [Path.MOVETO, *curved, Path.LINETO, *curved, Path.CLOSEPOLY]
        outlines[answer] = Path([*there, *back, there[0]], codes)
    return outlines


def _curve(points):
    """Return the points of cubic Bezier curves that leave and reach each point level."""
    curve = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        curve += [(middle, y0), (middle, y1), (x1, y1)]
    return curve
