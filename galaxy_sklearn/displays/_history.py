"""Plots of trainings and predictions, as scikit-learn ``Display`` classes."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from galaxy_sklearn.decision_tree import GZ2
from galaxy_sklearn.transformers import ImageReader
from galaxy_sklearn.votes import check_votes

__all__ = ["GalaxyGridDisplay", "HistoryDisplay"]

NAMES = {"loss": "loss", "mse": "mean squared error", "accuracy": "accuracy"}


class HistoryDisplay:
    """Loss and metric by epoch, for training and validation.

    Use `from_estimator` to make one.

    Parameters
    ----------
    history : dict of list of float
        The ``history_`` of a `GalaxyClassifier`.
    best_epoch : int, optional
        Number, from 1, of the epoch to mark.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for the loss and one for each metric.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> from galaxy_sklearn.displays import HistoryDisplay
    >>> display = HistoryDisplay({"loss": [0.5, 0.4], "val_loss": [0.6, 0.5]}).plot()
    >>> display.axes_[0].get_ylabel()
    'loss'
    """

    def __init__(self, history, *, best_epoch=None):
        self.history = history
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, estimator, *, axes=None):
        """Plot the training of a fitted classifier or pipeline.

        Parameters
        ----------
        estimator : GalaxyClassifier or Pipeline
            The classifier, or a pipeline that ends with one.
        axes : sequence of matplotlib Axes, optional
            Where to plot; a new figure by default.

        Returns
        -------
        HistoryDisplay
            The display, plotted.
        """
        check_is_fitted(estimator)
        classifier = _classifier(estimator)
        return cls(classifier.history_, best_epoch=classifier.best_epoch_).plot(axes=axes)

    def plot(self, *, axes=None):
        """Plot.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, optional
            Where to plot: one for the loss and one for each metric. A new figure by default.

        Returns
        -------
        self : HistoryDisplay
            The display.
        """
        import matplotlib.pyplot as plt

        figures = [name for name in self.history if not name.startswith("val_")]
        figures.sort(key=lambda name: name != "loss")
        if axes is None:
            _, axes = plt.subplots(
                1, len(figures), figsize=(4.5 * len(figures), 3.4), layout="constrained"
            )
        self.axes_ = np.atleast_1d(np.asarray(axes, dtype=object))
        self.figure_ = self.axes_[0].figure
        for ax, name in zip(self.axes_, figures, strict=True):
            # After a `partial_fit` there are more epochs of training than of validation.
            for key, label in ((name, "training"), (f"val_{name}", "validation")):
                values = self.history.get(key, [])
                if values:
                    marker = "o" if len(values) == 1 else None
                    ax.plot(np.arange(1, len(values) + 1), values, label=label, marker=marker)
            if self.best_epoch is not None and f"val_{name}" in self.history:
                ax.axvline(self.best_epoch, color="0.6", linestyle=":", label="kept")
            ax.set(xlabel="epoch", ylabel=NAMES.get(name, name))
            ax.xaxis.get_major_locator().set_params(integer=True)
            ax.legend(frameon=False)
        return self


class GalaxyGridDisplay:
    """Galaxies, rightly and wrongly predicted, with voted and predicted kind below each.

    Use `from_estimator` or `from_predictions` to make one.

    Parameters
    ----------
    images : sequence of ndarray
        The images to show.
    true_labels : sequence of str
        What each galaxy is.
    predicted_labels : sequence of str
        What each was taken for.

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
            Greatest numbers of rightly and wrongly predicted galaxies to show.
        tree : DecisionTree, optional
            The survey; `GZ2` by default.
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
            tree=tree,
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
            Greatest numbers of rightly and wrongly predicted galaxies to show.
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


def _classifier(estimator):
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def _labels(y, tree):
    return np.asarray(y) if np.ndim(y) == 1 else tree.label(check_votes(y, tree=tree).fractions)
