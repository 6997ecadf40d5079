"""Which pixels of a galaxy speak for an answer."""

from numbers import Integral

import numpy as np

from galaxy_sklearn.displays._occlusion import occlusion_saliency
from galaxy_sklearn.transformers import reader_of

# Part of the image's side that a patch hides by default.
PATCH = 1 / 16


class SaliencyDisplay:
    """A galaxy, and beside it which of its pixels speak for one answer.

    Patches of the image are hidden one after the other [1]_. The saliency is by how much the
    predicted fraction of the answer falls: positive where pixels speak for the answer, negative
    where they speak against it.

    Use `from_estimator` to make one.

    Parameters
    ----------
    image : ndarray of shape (height, width[, n_channels])
        The galaxy.
    saliency : ndarray of shape (height, width)
        The fall of the predicted fraction.
    answer : str
        Name of the answer or class.
    prediction : float
        Its predicted fraction.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, shape (2,)
        The axes of the image and of the saliency.
    colorbar_ : matplotlib Colorbar
        The scale of the saliency.
    figure_ : matplotlib Figure
        The figure.

    Notes
    -----
    It shows what the model looked at, which need not be what makes a galaxy what it is.

    References
    ----------
    .. [1] Zeiler & Fergus 2014, ECCV (arXiv 1311.2901), section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn.displays import SaliencyDisplay
    >>> image = np.zeros((8, 8))
    >>> display = SaliencyDisplay(image, image, answer="t03_bar_a06_bar", prediction=0.5).plot()
    >>> display.axes_[0].get_title()
    't03_bar_a06_bar: 0.50'
    """

    def __init__(self, image, saliency, *, answer, prediction):
        self.image = image
        self.saliency = saliency
        self.answer = answer
        self.prediction = prediction

    @classmethod
    def from_estimator(cls, estimator, X, answer, *, patch_size=None, ax=None):
        """Find out which pixels of a galaxy speak for an answer, and plot them.

        Parameters
        ----------
        estimator : Pipeline or classifier
            Fitted, with ``predict_proba`` and ``classes_``. It must take images as arrays.
        X : array-like of length 1, of str or path-like, or images
            One galaxy, as the estimator takes it.
        answer : str or object
            One of the ``classes_``: for votes, the name of an answer as in
            `DecisionTree.answer_names`.
        patch_size : int, optional
            Side in pixels of the patches that are hidden; by default a sixteenth of the image's
            smaller side. Smaller ones show more detail. The number of predictions is about that of
            patches which fill the image, times 4.
        ax : array-like of two matplotlib Axes, optional
            Axes for the image and the saliency. By default a new figure is made.

        Returns
        -------
        SaliencyDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If X holds more than one galaxy, there is no such answer, or the patch does not fit the
            image.
        """
        classes = list(estimator.classes_)
        if answer not in classes:
            raise ValueError(
                f"answer must be one of {', '.join(map(str, classes))}; got {answer!r}."
            )
        column = classes.index(answer)
        images = reader_of(estimator).transform(X)
        if len(images) != 1:
            raise ValueError(f"X must hold one galaxy, got {len(images)}.")
        image = np.asarray(images[0])
        side = min(image.shape[:2])
        if patch_size is None:
            patch_size = max(1, round(PATCH * side))
        if not isinstance(patch_size, Integral) or not 1 <= patch_size < side:
            raise ValueError(
                f"patch_size must be an int from 1 to {side - 1}, the image has {image.shape[0]} x "
                f"{image.shape[1]} pixels; got {patch_size!r}."
            )
        saliency, prediction = occlusion_saliency(
            lambda batch: estimator.predict_proba(batch)[:, column], image, patch_size
        )
        return cls(image, saliency, answer=answer, prediction=prediction).plot(ax=ax)

    def plot(self, *, ax=None):
        """Plot the image and its saliency.

        Parameters
        ----------
        ax : array-like of two matplotlib Axes, optional
            Axes for the image and the saliency. By default a new figure is made.

        Returns
        -------
        self : SaliencyDisplay
            The display.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(1, 2, figsize=(7.4, 3.4), layout="constrained")
        self.axes_ = np.asarray(ax, dtype=object).ravel()
        self.figure_ = self.axes_[0].figure
        for axes in self.axes_:
            axes.set(xticks=[], yticks=[])
        self.axes_[0].imshow(_picture(np.asarray(self.image)), cmap="gray")
        self.axes_[0].set_title(f"{self.answer}: {self.prediction:.2f}", fontsize=9)
        # Red speaks for the answer and blue against it; what matters little is white.
        limit = np.abs(self.saliency).max() or 1
        shown = self.axes_[1].imshow(self.saliency, cmap="RdBu_r", vmin=-limit, vmax=limit)
        self.axes_[1].set_title("fall of the fraction where hidden", fontsize=9)
        self.colorbar_ = self.figure_.colorbar(shown, ax=self.axes_[1], shrink=0.85)
        return self


def _picture(image):
    """Return what matplotlib can show: bands of other numbers than 3 as their mean."""
    if image.ndim == 3 and image.shape[2] != 3:
        image = image.mean(axis=2)
    if image.ndim == 3 and image.dtype.kind == "f":
        low, high = image.min(), image.max()
        image = (image - low) / (high - low or 1)
    return image
