"""Plot of a training history."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

NAMES = {"loss": "loss", "mse": "mean squared error", "accuracy": "accuracy"}


class HistoryDisplay:
    """Loss and metrics by epoch, for training and validation.

    Use `from_estimator` to create the display of a fitted estimator.

    Parameters
    ----------
    history : dict of list of float
        The ``history_`` of a `GalaxyClassifier`.
    best_epoch : int, optional
        Number of the epoch to mark, counted from 1.

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
        """Plot the training history of a fitted classifier or pipeline.

        Parameters
        ----------
        estimator : GalaxyClassifier or Pipeline
            The classifier, or a pipeline that ends with one.
        axes : sequence of matplotlib Axes, optional
            Axes to plot on. By default a new figure is made.

        Returns
        -------
        HistoryDisplay
            The display, plotted.
        """
        check_is_fitted(estimator)
        classifier = _classifier(estimator)
        return cls(classifier.history_, best_epoch=classifier.best_epoch_).plot(axes=axes)

    def plot(self, *, axes=None):
        """Plot the history.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, optional
            Axes to plot on: one for the loss and one for each metric. By default a new figure is
            made.

        Returns
        -------
        self : HistoryDisplay
            The display.
        """
        import matplotlib.pyplot as plt

        metrics = [name for name in self.history if not name.startswith("val_")]
        metrics.sort(key=lambda name: name != "loss")
        if axes is None:
            _, axes = plt.subplots(
                1, len(metrics), figsize=(4.5 * len(metrics), 3.4), layout="constrained"
            )
        self.axes_ = np.atleast_1d(np.asarray(axes, dtype=object))
        self.figure_ = self.axes_[0].figure
        for ax, name in zip(self.axes_, metrics, strict=True):
            # `partial_fit` adds epochs of training without validation.
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


def _classifier(estimator):
    return estimator[-1] if hasattr(estimator, "steps") else estimator
