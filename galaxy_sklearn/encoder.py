"""Features learned from images without labels."""

from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from galaxy_sklearn._targets import NoTarget

__all__ = ["GalaxyEncoder"]


class GalaxyEncoder(
    ClassNamePrefixFeaturesOutMixin, MetaEstimatorMixin, TransformerMixin, BaseEstimator
):
    """Learn features from images that nobody has classified.

    The network learns that two random views of a galaxy, turned, mirrored, shifted and
    stretched, show the same, and that different galaxies differ (VICReg [1]_). Its features
    serve as they are, or start a classifier that has few labels (see `pretrained` of
    `GalaxyClassifier`).

    Parameters
    ----------
    estimator : GalaxyClassifier
        Gives the network, the augmentation and the parameters of the training; what concerns
        targets is not used, nor is its ``validation_fraction``.
    n_projected : int, default=256
        Number of outputs in which views are compared.

    Attributes
    ----------
    estimator_ : GalaxyClassifier
        Holds the trained network; it cannot predict.
    history_ : dict of list of float
        The loss of each epoch.
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
    >>> encoder = GalaxyEncoder(GalaxyClassifier(network__filters=(4, 4), **settings)).fit(X)
    >>> encoder.transform(X).shape
    (8, 4)
    >>> classifier = GalaxyClassifier(pretrained=FrozenEstimator(encoder), **settings)
    >>> classifier.fit(X, y).predict_proba(X).shape
    (8, 37)
    """

    def __init__(self, estimator, *, n_projected=256):
        self.estimator = estimator
        self.n_projected = n_projected

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
        learner = clone(self.estimator)
        learner._check_parameters()
        if not learner._augments():
            raise ValueError(
                "GalaxyEncoder needs an estimator that augments: at least one of rotation, shift, "
                "zoom and flip."
            )
        learner._random_state = check_random_state(learner.random_state)
        tensor = learner._check_X(X, reset=True)
        if len(tensor) < 2:
            raise ValueError(f"Found n_samples={len(tensor)}, at least two are needed.")
        learner._begin(NoTarget(self.n_projected))
        learner._train(tensor, tensor, None, learner.epochs, 0)
        self.estimator_ = learner
        self.history_ = learner.history_
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(learner, name):
                setattr(self, name, getattr(learner, name))
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
        return self.estimator_.transform(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = self.estimator.__sklearn_tags__().input_tags
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self):
        return self.estimator_._n_features_out
