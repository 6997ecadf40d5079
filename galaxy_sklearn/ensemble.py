"""Several networks that answer together."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from galaxy_sklearn._training import draw_seed

__all__ = ["GalaxyEnsemble"]


class GalaxyEnsemble(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Average the predictions of classifiers that differ in their random numbers.

    Each member starts from weights of its own, sees the galaxies in an order of its own and,
    with a ``validation_fraction``, sets others aside. Their mean errs less than one of them,
    and their spread tells where they are unsure [1]_.

    Parameters
    ----------
    estimator : GalaxyClassifier
        What is cloned for each member.
    n_estimators : int, default=3
        Number of members.
    random_state : int, RandomState instance or None, default=None
        Determines the members' ``random_state``.

    Attributes
    ----------
    estimators_ : list of GalaxyClassifier
        The fitted members.
    classes_ : ndarray of shape (n_classes,)
        The class labels, or the names of the tree's answers in column order.
    form_ : {"conditional", "cumulative"} or None
        Form of the vote fractions, see `GalaxyClassifier`.
    n_features_in_ : int
        Number of pixels in a flattened row. Only if `fit` saw rows.
    feature_names_in_ : ndarray of str
        Names of the columns. Only if `fit` saw a data frame.

    References
    ----------
    .. [1] Lakshminarayanan, Pritzel & Blundell 2017, NeurIPS 30 (arXiv 1612.01474).

    Examples
    --------
    >>> from galaxy_sklearn import GalaxyClassifier, GalaxyEnsemble
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> X, y = make_galaxies(8, image_size=16, random_state=0)
    >>> member = GalaxyClassifier("residual", network__filters=(4, 4), epochs=1, run_eagerly=True)
    >>> ensemble = GalaxyEnsemble(member, 2, random_state=0).fit(X, y)
    >>> ensemble.predict_proba(X).shape, ensemble.predict_spread(X).shape
    ((8, 37), (8, 37))
    """

    def __init__(self, estimator, n_estimators=3, *, random_state=None):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        """Train the members, one after the other.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
            Vote fractions, vote counts or class labels.
        sample_weight : array-like of shape (n_galaxies,), optional
            Weight of each galaxy.

        Returns
        -------
        self : object
            The fitted ensemble.

        Raises
        ------
        ValueError
            If a parameter, an image or a target is invalid.
        """
        if not isinstance(self.n_estimators, Integral) or self.n_estimators < 1:
            raise ValueError(f"n_estimators must be a positive int, got {self.n_estimators!r}.")
        rng = check_random_state(self.random_state)
        self.estimators_ = [
            clone(self.estimator).set_params(random_state=draw_seed(rng)).fit(X, y, sample_weight)
            for _ in range(self.n_estimators)
        ]
        first = vars(self.estimators_[0])
        for name in ("classes_", "form_", "n_features_in_", "feature_names_in_"):
            if name in first:
                setattr(self, name, first[name])
        return self

    def predict_proba(self, X):
        """Predict vote fractions, or the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.

        Returns
        -------
        ndarray of shape (n_galaxies, n_classes)
            Mean of the members' predictions, see `GalaxyClassifier.predict_proba`.
        """
        return self._members(X).mean(axis=0)

    def predict_spread(self, X):
        """Predict how far the members lie apart.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.

        Returns
        -------
        ndarray of shape (n_galaxies, n_classes)
            Standard deviation of the members' predictions, for each answer or class.
        """
        return self._members(X).std(axis=0)

    def predict(self, X):
        """Predict the most probable answers or class.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.

        Returns
        -------
        ndarray of shape (n_galaxies, n_answers) or (n_galaxies,)
            See `GalaxyClassifier.predict`.
        """
        probabilities = self.predict_proba(X)
        return self.estimators_[0].target_encoder_.decide(probabilities)

    def score(self, X, y, sample_weight=None):
        """Score the predictions; the greater the better.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
            Vote fractions or class labels.
        sample_weight : array-like of shape (n_galaxies,), optional
            Weight of each galaxy.

        Returns
        -------
        float
            See `GalaxyClassifier.score`.
        """
        target = self.estimators_[0].target_encoder_
        return float(target.score(y, self.predict_proba(X), sample_weight))

    @property
    def tree(self):
        """The survey whose answers the vote fractions are."""
        return self.estimator.tree

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = self.estimator.__sklearn_tags__().input_tags
        tags.classifier_tags.multi_class = True
        return tags

    def _members(self, X):
        check_is_fitted(self)
        return np.stack([member.predict_proba(X) for member in self.estimators_])
