"""Features learned from images without labels."""

from numbers import Integral
from typing import ClassVar

from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted

from galaxy_sklearn._compat import CallbackSupportMixin, Interval, with_callbacks
from galaxy_sklearn._documentation import DocumentationLink
from galaxy_sklearn._estimator import NetworkWrapper, checked_parameters, fit_data, to_tensor
from galaxy_sklearn._learner import FitTasks, Learner, ViewPairs, augments
from galaxy_sklearn._transaction import unchanged_on_failure

__all__ = ["GalaxyEncoder"]


class GalaxyEncoder(
    DocumentationLink,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Learn features from images without labels.

    The network learns that two random views of a galaxy, rotated, mirrored, shifted and
    stretched, show the same object, and that different galaxies differ (VICReg [1]_). Its
    features can be used as they are, or a classifier with few labels can start from them (see
    `pretrained` of `GalaxyClassifier`).

    Parameters
    ----------
    estimator : GalaxyClassifier
        Its parameters define the network, the augmentation and the training. Those that concern
        targets, and its ``validation_fraction``, are not used.
    n_projected : int, default=256
        Number of outputs in which views are compared.

    Attributes
    ----------
    model_ : keras.Model
        The trained network.
    history_ : dict of list of float
        The loss of each epoch.
    training_ : dict or None
        What is known of the training, see `GalaxyClassifier`.
    image_shape_in_ : tuple of int
        (height, width, n_channels) of the images seen in `fit`.
    n_features_in_ : int
        Number of pixels in a flattened row. Only if `fit` saw rows.
    feature_names_in_ : ndarray of str
        Names of the columns. Only if `fit` saw a data frame.

    References
    ----------
    .. [1] Bardes, Ponce & LeCun 2022, ICLR (arXiv 2105.04906).

    Examples
    --------
    >>> from sklearn.frozen import FrozenEstimator
    >>> from galaxy_sklearn import GalaxyClassifier, GalaxyEncoder
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> X, y = make_galaxies(8, image_size=16, random_state=0)
    >>> settings = {"epochs": 1, "run_eagerly": True, "random_state": 0}
    >>> encoder = GalaxyEncoder(GalaxyClassifier(network__features=4, **settings)).fit(X)
    >>> encoder.transform(X).shape
    (8, 4)
    >>> classifier = GalaxyClassifier(pretrained=FrozenEstimator(encoder), **settings)
    >>> classifier.fit(X, y).predict_proba(X).shape
    (8, 37)
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [NetworkWrapper],
        "n_projected": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, estimator, *, n_projected=256):
        self.estimator = estimator
        self.n_projected = n_projected

    @with_callbacks
    def fit(self, X, y=None):
        """Learn from images.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows; at least two.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ValueError
            If a parameter or an image is invalid, or the estimator augments nothing.
        """
        self._validate_params()
        params = checked_parameters(self.estimator)
        task = self._init_callback_context(max_subtasks=params.epochs)
        with unchanged_on_failure(self):
            if not augments(params):
                raise ValueError(
                    "GalaxyEncoder needs an estimator that augments: at least one of rotation, "
                    "shift, zoom and flip."
                )
            tensor = to_tensor(self, X, image_shape=params.image_shape, reset=True)
            if len(tensor) < 2:
                raise ValueError(f"Found n_samples={len(tensor)}, at least two are needed.")
            params.validation_fraction = 0
            learner = Learner(params, ViewPairs(self.n_projected), tensor.shape[1:])
            data = fit_data(tensor, None)
            task.call_on_fit_task_begin(estimator=self, **data)
            epochs = FitTasks(task, self, lambda _: _shown(learner), **data)
            learner.train(tensor, tensor, params, callbacks=[epochs])
            vars(self).update(_shown(learner))
            task.call_on_fit_task_end(estimator=self, reconstruction_attributes={}, **data)
        return self

    def transform(self, X):
        """Return the features of images.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.

        Returns
        -------
        ndarray of float32, shape (n_galaxies, n_features)
            See `GalaxyClassifier.transform`.

        Raises
        ------
        NotFittedError
            If called before `fit`.
        """
        check_is_fitted(self)
        tensor = to_tensor(self, X, image_shape=self.estimator.image_shape, reset=False)
        return self._learner.transform(tensor, symmetric=self.estimator.symmetric)

    @property
    def training_(self):
        """What is known of the training, see the class."""
        check_is_fitted(self)
        return self._learner.training

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = self.estimator.__sklearn_tags__().input_tags
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self):
        return self._learner.n_features

    def __getstate__(self):
        # The learner holds the network.
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "model_"}

    def __setstate__(self, state):
        state = dict(state)
        trained = state.pop("estimator_", None)
        if trained is not None:  # a file of version 0.1.0
            state |= {"_learner": trained._learner, "image_shape_in_": trained.image_shape_in_}
        super().__setstate__(state)
        if hasattr(self, "_learner"):
            self.model_ = self._learner.model


def _shown(learner):
    """Return the attributes of an encoder by its learner."""
    return {"_learner": learner, "model_": learner.model, "history_": learner.history}
