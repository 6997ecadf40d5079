"""Ensembles of networks."""

from numbers import Integral
from pathlib import Path
from typing import ClassVar

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from galaxy_sklearn._compat import CallbackSupportMixin, HasMethods, Interval, with_callbacks
from galaxy_sklearn._documentation import DocumentationLink
from galaxy_sklearn._estimator import fit_data
from galaxy_sklearn._random import draw_seed
from galaxy_sklearn._transaction import unchanged_on_failure

__all__ = ["GalaxyEnsemble"]


def _members_know_where_they_learned(ensemble):
    members = getattr(ensemble, "estimators_", [None])
    return all(hasattr(member, "score_samples") for member in members)


class GalaxyEnsemble(
    DocumentationLink,
    CallbackSupportMixin,
    MetaEstimatorMixin,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Average the predictions of classifiers that differ in their random numbers.

    Each member has its own initial weights, order of the galaxies and validation set. Their mean
    has a smaller error than a single member, and their spread measures the uncertainty [1]_.

    Parameters
    ----------
    estimator : GalaxyClassifier
        The classifier that is cloned for each member.
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

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict_proba", "predict_interval"])],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator, n_estimators=3, *, random_state=None):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.random_state = random_state

    @with_callbacks
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
        self._validate_params()
        task = self._init_callback_context(max_subtasks=self.n_estimators)
        data = fit_data(X, y, sample_weight)
        with unchanged_on_failure(self):
            task.call_on_fit_task_begin(estimator=self, **data)
            members = self._new_members()
            for member in members:
                part = task.subcontext(task_name="member")
                with part.propagate_callback_context(member):
                    part.call_on_fit_task_begin(estimator=self, **data)
                    member.fit(X, y, sample_weight)
                    part.call_on_fit_task_end(estimator=self, **data)
            self._adopt(members)
            task.call_on_fit_task_end(estimator=self, reconstruction_attributes={}, **data)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train each member for one epoch on all the galaxies given.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
            Vote fractions, vote counts or class labels.
        classes : array-like of shape (n_classes,), optional
            All class labels that will occur, needed at the first call only; by default those in
            ``y``.
        sample_weight : array-like of shape (n_galaxies,), optional
            Weight of each galaxy.

        Returns
        -------
        self : object
            The ensemble.
        """
        with unchanged_on_failure(self):
            self._validate_params()
            members = getattr(self, "estimators_", None) or self._new_members()
            self._adopt([m.partial_fit(X, y, classes, sample_weight) for m in members])
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
        """Predict the spread of the members.

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

    def predict_interval(self, X, coverage=0.9, kind=None):
        """Predict intervals of the vote fractions.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        coverage : float, default=0.9
            Probability that a fraction lies in its interval, in (0, 1).
        kind : {"conformal", "credible"}, optional
            See `GalaxyClassifier.predict_interval`.

        Returns
        -------
        ndarray of shape (n_galaxies, n_answers, 2)
            Lower and upper end of each fraction's interval: the means of the members' ends [1]_.
            Members have errors of their own, larger than those of their mean, so that conformal
            intervals hold more than they promise.

        References
        ----------
        .. [1] Lichtendahl, Grushka-Cockayne & Winkler 2013, Management Science 59, 1594, on
           averaging quantiles.
        """
        check_is_fitted(self)
        return np.mean([m.predict_interval(X, coverage, kind) for m in self.estimators_], axis=0)

    def predict_set(self, X, coverage=0.9):
        """Predict the classes that a galaxy may belong to.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        coverage : float, default=0.9
            Probability that the class is in the set of a member, in (0, 1).

        Returns
        -------
        ndarray of bool, shape (n_galaxies, n_classes)
            Whether each of ``classes_`` is in the sets of half of the members, see
            `GalaxyClassifier.predict_set`.
        """
        check_is_fitted(self)
        sets = [member.predict_set(X, coverage) for member in self.estimators_]
        return np.mean(sets, axis=0) >= 0.5

    def transform(self, X):
        """Return the features of all members, side by side.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.

        Returns
        -------
        ndarray of float32, shape (n_galaxies, n_features)
            See `GalaxyClassifier.transform`.
        """
        check_is_fitted(self)
        return np.hstack([member.transform(X) for member in self.estimators_])

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
        return self.estimators_[0].target_encoder_.to_predictions(probabilities)

    @available_if(_members_know_where_they_learned)
    def score_samples(self, X):
        """Return how much images are like those of the training, greater is more.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.

        Returns
        -------
        ndarray of shape (n_galaxies,)
            Mean of the members' scores, see `GalaxyClassifier.score_samples`.
        """
        return -self._predict_with_distances(X)[1]

    def score(self, X, y, sample_weight=None):
        """Return a score of the predictions, greater is better.

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
        check_is_fitted(self)
        target = self.estimators_[0].target_encoder_
        return float(target.score(y, self.predict_proba(X), sample_weight))

    @property
    def tree(self):
        """The survey whose answers the vote fractions are."""
        return self.estimator.tree

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = self.estimator.__sklearn_tags__().input_tags
        tags.target_tags = self.estimator.__sklearn_tags__().target_tags
        tags.classifier_tags.multi_class = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self):
        return sum(len(member.get_feature_names_out()) for member in self.estimators_)

    def _new_members(self):
        rng = check_random_state(self.random_state)
        members = [
            clone(self.estimator).set_params(random_state=draw_seed(rng))
            for _ in range(self.n_estimators)
        ]
        folder = getattr(self.estimator, "checkpoint", None)
        if folder is not None:
            if self.random_state is None:
                raise ValueError(
                    "checkpoint needs an int as the random_state of the ensemble: without one its "
                    "members are others each time."
                )
            for i, member in enumerate(members):
                member.set_params(checkpoint=Path(folder) / f"member-{i}")
        return members

    def _adopt(self, members):
        """Show what fitted members have in common."""
        self.estimators_ = members
        first = vars(members[0])
        for name in ("classes_", "form_", "n_features_in_", "feature_names_in_"):
            if name in first:
                setattr(self, name, first[name])

    def _check_as_fitted(self, tensor, names):
        """Refuse images that the members cannot answer for."""
        check = getattr(self.estimators_[0], "_check_as_fitted", None)
        if check is not None:
            check(tensor, names)

    @available_if(_members_know_where_they_learned)
    def _predict_with_distances(self, X):
        return self._predict_all(X)[:2]

    def _predict_all(self, X, coverages=()):
        """Return the means of what the members return, None where one cannot tell."""
        check_is_fitted(self)
        answers = zip(*(m._predict_all(X, coverages) for m in self.estimators_), strict=True)
        return tuple(
            None if any(one is None for one in given) else np.mean(given, axis=0)
            for given in answers
        )

    def _members(self, X):
        check_is_fitted(self)
        return np.stack([member.predict_proba(X) for member in self.estimators_])
