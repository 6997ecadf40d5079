"""Galaxies with their predictions."""

import numpy as np
from sklearn.utils import check_random_state

from galaxy_sklearn._tree_of import tree_of
from galaxy_sklearn.surveys import GZ2
from galaxy_sklearn.transformers import ImageReader
from galaxy_sklearn.votes import check_votes


class GalaxyGridDisplay:
    """Galaxies, rightly and wrongly predicted, with voted and predicted kind below each.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    images : sequence of ndarray
        The images to show.
    true_labels : sequence of str
        Label of each galaxy.
    predicted_labels : sequence of str
        Predicted label of each galaxy.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each image.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.displays import GalaxyGridDisplay
    >>> X, y = make_galaxies(6, image_size=32, random_state=0)
    >>> display = GalaxyGridDisplay.from_predictions(X, y, y)
    >>> len(display.images)
    6
    """

    def __init__(self, images, true_labels, predicted_labels):
        self.images = images
        self.true_labels = true_labels
        self.predicted_labels = predicted_labels

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, n_correct=8, n_incorrect=8, tree=None, random_state=None
    ):
        """Predict galaxies and show some of them.

        Parameters
        ----------
        estimator : Pipeline or classifier
            Fitted, with ``predict_proba`` for vote fractions or ``predict`` for labels.
        X : array-like of str or path-like, or images
            What the estimator takes.
        y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
            Vote fractions or class labels.
        n_correct, n_incorrect : int, default=8
            Maximum numbers of correctly and incorrectly predicted galaxies to show.
        tree : DecisionTree, optional
            The survey; that of the estimator by default, or else `GZ2`.
        random_state : int, RandomState instance or None, default=None
            Determines which galaxies are shown.

        Returns
        -------
        GalaxyGridDisplay
            The display, plotted.
        """
        labels = np.ndim(y) == 1
        predicted = estimator.predict(X) if labels else estimator.predict_proba(X)
        return cls.from_predictions(
            X,
            y,
            predicted,
            n_correct=n_correct,
            n_incorrect=n_incorrect,
            tree=tree or tree_of(estimator),
            random_state=random_state,
        )

    @classmethod
    def from_predictions(
        cls, X, y_true, y_pred, *, n_correct=8, n_incorrect=8, tree=None, random_state=None
    ):
        """Show some galaxies with their predictions.

        Parameters
        ----------
        X : array-like of str or path-like, or images
            The galaxies.
        y_true, y_pred : DataFrame or array-like of shape (n_galaxies, n_answers) or \
                (n_galaxies,)
            Voted and predicted fractions, or class labels.
        n_correct, n_incorrect : int, default=8
            Maximum numbers of correctly and incorrectly predicted galaxies to show.
        tree : DecisionTree, optional
            The survey; `GZ2` by default.
        random_state : int, RandomState instance or None, default=None
            Determines which galaxies are shown.

        Returns
        -------
        GalaxyGridDisplay
            The display, plotted.
        """
        images = ImageReader().transform(X)
        true, predicted = _labels(y_true, tree or GZ2), _labels(y_pred, tree or GZ2)
        if not len(images) == len(true) == len(predicted):
            raise ValueError(
                f"Found {len(images)} images, {len(true)} true and {len(predicted)} predicted "
                "labels."
            )
        order = check_random_state(random_state).permutation(len(images))
        right = true[order] == predicted[order]
        chosen = [*order[right][:n_correct], *order[~right][:n_incorrect]]
        shown = [images[i] for i in chosen]
        return cls(shown, true[chosen], predicted[chosen]).plot()

    def plot(self, *, n_columns=8):
        """Plot.

        Parameters
        ----------
        n_columns : int, default=8
            Images a row.

        Returns
        -------
        self : GalaxyGridDisplay
            The display.
        """
        import matplotlib.pyplot as plt

        n_columns = max(1, min(n_columns, len(self.images)))
        n_rows = max(1, -(-len(self.images) // n_columns))
        self.figure_, axes = plt.subplots(
            n_rows,
            n_columns,
            figsize=(1.6 * n_columns, 2.1 * n_rows),
            squeeze=False,
            layout="constrained",
        )
        self.axes_ = axes.ravel()[: len(self.images)]
        for ax in axes.ravel():
            ax.set(xticks=[], yticks=[], frame_on=False)
        for ax, image, true, predicted in zip(
            self.axes_, self.images, self.true_labels, self.predicted_labels, strict=True
        ):
            ax.imshow(np.squeeze(image), cmap="gray")
            ax.set_xlabel(
                f"voted: {true}\npredicted: {predicted}",
                fontsize=7,
                color="tab:green" if true == predicted else "tab:red",
            )
        return self


def _labels(y, tree):
    return np.asarray(y) if np.ndim(y) == 1 else tree.label(check_votes(y, tree=tree).fractions)
