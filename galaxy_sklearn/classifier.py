"""A Keras network as a scikit-learn classifier of galaxies."""

import os
import warnings
from functools import partial
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import assert_all_finite, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
)

import galaxy_sklearn
from galaxy_sklearn._compat import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    default_parameters,
    hide_keyword_arguments,
    visual_block,
    with_callbacks,
)
from galaxy_sklearn._estimator import (
    NetworkWrapper,
    check_as_fitted,
    checked_parameters,
    fit_data,
    to_tensor,
)
from galaxy_sklearn._learner import FitTasks, LabelTarget, Learner, VoteTarget, versions
from galaxy_sklearn._trained import caption
from galaxy_sklearn._transaction import unchanged_on_failure
from galaxy_sklearn.decision_tree import DecisionTree
from galaxy_sklearn.networks.losses import VOTE_LOSSES

__all__ = ["GalaxyClassifier"]


def _knows_where_it_learned(estimator):
    return estimator.__sklearn_is_fitted__() and estimator._learner.gaussian is not None


def _has_a_box_of_its_own(estimator):
    """Whether it is fitted, and no other estimator is drawn in its box of a diagram."""
    return estimator.__sklearn_is_fitted__() and not hasattr(estimator.pretrained, "get_params")


@hide_keyword_arguments
class GalaxyClassifier(
    CallbackSupportMixin,
    ClassifierMixin,
    TransformerMixin,
    ClassNamePrefixFeaturesOutMixin,
    NetworkWrapper,
):
    """Predict vote fractions or classes of galaxies with a convolutional network.

    A scikit-learn classifier on scikeras and Keras. Trained on the vote fractions of a
    decision tree such as Galaxy Zoo 2's, it predicts vote fractions; trained on one class
    label per galaxy, it is an ordinary classifier. Fitted, it is also a transformer to the features
    that its network computes. The defaults are the recipe that was most accurate on Galaxy Zoo 2;
    `make_galaxy_pipeline` has that of GalaxyID, too.

    Parameters
    ----------
    network : str or callable, default="equivariant"
        Name of a network in `galaxy_sklearn.networks`, or a function ``(input_shape,
        n_outputs, activation, **arguments)`` that returns an uncompiled `keras.Model`.
    tree : DecisionTree, optional
        The survey that the votes are from; `GZ2` by default. Ignored for class labels.
    output : {"tree", "sigmoid"}, default="tree"
        "tree" ends the network with a softmax over the answers of each question, so that its
        outputs are conditional fractions. "sigmoid" predicts each answer by itself, as GalaxyID
        did, and scales the answers of a question to sum to 1 afterwards. Ignored for class
        labels.
    loss : {"auto", "cross_entropy", "cumulative_mse", "dirichlet_multinomial", \
            "binary_crossentropy", "mse"}, default="auto"
        Loss of the vote fractions, see `galaxy_sklearn.networks.losses.vote_loss`. "auto" is
        the cross-entropy. "dirichlet_multinomial" needs `y` to be vote counts and makes
        `predict_interval` possible. For class labels it is the categorical cross-entropy; no
        other loss is supported.
    question_weight : {"reach"} or None, default="reach"
        "reach" weights the loss of each question by the fraction of the volunteers who reached
        it, so that questions with few votes contribute little. None weights all answers alike,
        as GalaxyID did.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class or, for votes, of each answer or question. Those that a dict leaves
        out have weight 1. The weights of an answer and of its question are multiplied.
        "balanced" is scikit-learn's ``n_samples / (n_classes * count)``, for vote fractions
        within each question and counted in volunteers.
    label_smoothing : float, default=0.0
        How far targets are moved towards equal fractions of all answers of a question that was
        asked, or of all classes, in [0, 1).
    learning_rate : float, default=1e-3
        Learning rate of the Adam optimizer; the maximum of a schedule.
    schedule : {"constant", "cosine"}, default="cosine"
        "cosine" raises the learning rate from 0 over the first twentieth of the steps, then
        lowers it to 0 along a cosine. `partial_fit`, whose number of steps is unknown, keeps it
        constant.
    weight_decay : float, default=0.01
        Weight decay of AdamW [2]_: each step reduces each weight by this fraction of it, times
        the learning rate. Biases and normalization parameters are exempt.
    weight_average : float, default=0.0
        Fraction of the steps of `fit` over which the weights are averaged, in [0, 1). In the end
        the running average replaces the weights [3]_.
    epochs : int, default=100
        Maximum number of epochs.
    batch_size : int, default=32
        Number of galaxies per step.
    validation_fraction : float, default=0.1
        Fraction of the galaxies, drawn at random, that is set aside as a validation set. The
        weights of the epoch with the lowest validation loss are kept. With 0 those of the last
        epoch are.
    patience : int or None, default=None
        Training stops when the validation loss has not improved for this number of epochs. None
        disables this: with a falling learning rate the best epochs are the last.
    rotation : float, default=180.0
        Training images are rotated by up to this angle in degrees, in either direction.
    shift : float, default=0.1
        Training images are shifted along each axis by up to this fraction of their size.
    zoom : float, default=0.1
        Training images are stretched along each axis by up to this fraction.
    flip : {"horizontal", "vertical", "both"} or None, default="both"
        How training images are mirrored.
    symmetric : bool, default=True
        Whether predictions and features are the same for the image's 8 orientations (quarter
        turns and mirror images; 4 unless it is square). Those of the network "equivariant" are by
        construction, to rounding (that of "mixed_bfloat16" is coarse). With others they are the
        mean over the orientations, which takes 8 times as long.
    calibrate : bool, default=False
        Whether to fit a temperature for each question on the validation set [4]_, which
        calibrates the predictions. Needs a `validation_fraction` above 0.
    pretrained : FrozenEstimator, str, Pipeline or GalaxyClassifier, optional
        A fitted classifier or encoder, a pipeline that ends with one, the name of a file of one,
        or that of a model that the package ships, such as "gz2" (see
        `galaxy_sklearn.sharing.load_pretrained`). The network starts from its features, with a new
        output layer; `network` is not used. Wrap an object in `sklearn.frozen.FrozenEstimator`,
        since cloning would discard what it has learned.
    freeze : bool, default=False
        Whether to keep the features of `pretrained` and train the new output layer only.
    image_shape : tuple of int, optional
        (height, width) or (height, width, n_channels) of flattened rows. By default a row is
        an image of height 1.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous `fit`. The network, its output,
        loss and tree cannot change then.
    checkpoint : str or path-like, optional
        Folder where `fit` keeps the state of the training after each epoch. The same `fit` on the
        same galaxies goes on from there if it was stopped, and ends with the same bits as one that
        was not. The state of another `fit` is refused. One training uses one folder at a time, so
        that searches cannot use it; the members of an ensemble get a folder each.
    callbacks : list or None, default=None
        Keras callbacks that are told of each training, such as `keras.callbacks.TensorBoard`, and
        can stop it or change the learning rate (with ``schedule="constant"``): instances, of which
        each training gets a copy, classes, or functions without arguments that return one. With
        `checkpoint` they may have no state. scikit-learn's callbacks are set by ``set_callbacks``.
    dtype_policy : {"float32", "mixed_bfloat16", "mixed_float16"}, default="float32"
        Precision in which the network computes; its weights are always float32.
        "mixed_bfloat16" is faster on processors with instructions for it (AVX512-BF16, AMX,
        recent GPUs) and slower on others.
    jit_compile : bool or "auto", default=False
        Whether to compile with XLA. On CPUs the reference network trains faster without. On
        TensorFlow, True needs rotation, shift and zoom of 0 and no flip, since XLA does not
        support its image warp.
    run_eagerly : bool, default=False
        Whether to run without tracing a graph. Faster for tiny networks and few steps.
    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the validation set, the order of the galaxies, dropout
        and augmentation. An int gives the same model each time, on the same machine and with
        the same number of threads.
    verbose : int, default=0
        0 is silent. 1 shows a progress bar with the losses, or, where standard error is not a
        terminal, prints a line for each epoch.
    **network_arguments
        Arguments of the network, each with the prefix ``network__``, for example
        ``network__dropout=0.3``. They are parameters like any other for `set_params` and
        searches.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, or the names of the tree's answers in column order.
    form_ : {"conditional", "cumulative"} or None
        Form of the vote fractions seen in `fit`, in which `predict_proba` answers; None for
        class labels.
    model_ : keras.Model
        The trained network. For votes its outputs are conditional fractions (with
        ``output="sigmoid"`` not yet scaled to sum to 1), or the concentrations of Dirichlet
        distributions (``loss="dirichlet_multinomial"``).
    history_ : dict of list of float
        Loss and metric of each epoch, for training (``"loss"``, ``"mse"`` or ``"accuracy"``)
        and for validation (prefix ``"val_"``).
    best_epoch_ : int or None
        Number, from 1, of the epoch whose weights were kept. None if one of `callbacks` put other
        weights in the end.
    training_ : dict or None
        ``n_galaxies``, the number of galaxies that `fit`, and `partial_fit` after it, were given
        (None if unknown); ``n_held_out``, how many of them were set aside; ``finished``, the time
        in UTC; ``versions`` of the packages that trained. None of files of earlier versions. See
        `galaxy_sklearn.sharing.training_summary`.
    image_shape_in_ : tuple of int
        (height, width, n_channels) of the images seen in `fit`.
    brightest_in_ : float
        The brightest pixel seen in `fit`; much brighter ones are warned of.
    n_features_in_ : int
        Number of pixels in a flattened row. Only if `fit` saw rows.
    feature_names_in_ : ndarray of str
        Names of the columns. Only if `fit` saw a data frame.
    target_encoder_ : object
        Encodes targets for the network and decodes its outputs. Its ``temperature`` holds that
        of each question, 1 unless `calibrate`.

    See Also
    --------
    galaxy_sklearn.make_galaxy_pipeline : A pipeline from image files to votes.

    Notes
    -----
    A saved classifier holds the network's architecture and weights and the versions of the
    libraries that wrote it, but not the state of the optimizer: `partial_fit` and a warm start
    after loading begin with a new one. If `fit` fails or is interrupted in its first epoch, the
    classifier is left as it was.

    Importing scikeras, which this class is based on, changes how `keras.Model` objects are
    pickled in the whole process.

    References
    ----------
    .. [1] Willett et al. 2013, MNRAS 435, 2835, for the vote fractions.
    .. [2] Loshchilov & Hutter 2019, ICLR (arXiv 1711.05101), for the weight decay.
    .. [3] Polyak & Juditsky 1992, SIAM J. Control Optim. 30, 838, for the averaging.
    .. [4] Guo et al. 2017, ICML 70, 1321 (arXiv 1706.04599), for the temperature.

    Examples
    --------
    >>> from galaxy_sklearn import GalaxyClassifier
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> X, y = make_galaxies(8, image_size=16, random_state=0)
    >>> classifier = GalaxyClassifier(
    ...     network__filters=(4, 4),
    ...     epochs=1,
    ...     run_eagerly=True,
    ...     random_state=0,
    ... )
    >>> classifier.fit(X, y).predict_proba(X).shape
    (8, 37)
    """

    _parameter_constraints: ClassVar[dict] = {
        "network": [str, callable],
        "tree": [DecisionTree, None],
        "output": [StrOptions({"tree", "sigmoid"})],
        "loss": [StrOptions({"auto", LabelTarget.loss, *VOTE_LOSSES})],
        "question_weight": [StrOptions({"reach"}), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="left")],
        "schedule": [StrOptions({"constant", "cosine"})],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "weight_average": [Interval(Real, 0, 1, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 0, None, closed="left"), None],
        "rotation": [Interval(Real, 0, 360, closed="both")],
        "shift": [Interval(Real, 0, 1, closed="both")],
        "zoom": [Interval(Real, 0, 1, closed="left")],
        "flip": [StrOptions({"horizontal", "vertical", "both"}), None],
        "symmetric": ["boolean"],
        "calibrate": ["boolean"],
        "pretrained": [str, os.PathLike, HasMethods("fit"), None],
        "freeze": ["boolean"],
        "image_shape": [tuple, list, None],
        "warm_start": ["boolean"],
        "checkpoint": [str, os.PathLike, None],
        "callbacks": [list, tuple, None],
        "dtype_policy": [StrOptions({"float32", "mixed_bfloat16", "mixed_float16"})],
        "jit_compile": ["boolean", StrOptions({"auto"})],
        "run_eagerly": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        network="equivariant",
        *,
        tree=None,
        output="tree",
        loss="auto",
        question_weight="reach",
        class_weight=None,
        label_smoothing=0.0,
        learning_rate=1e-3,
        schedule="cosine",
        weight_decay=0.01,
        weight_average=0.0,
        epochs=100,
        batch_size=32,
        validation_fraction=0.1,
        patience=None,
        rotation=180.0,
        shift=0.1,
        zoom=0.1,
        flip="both",
        symmetric=True,
        calibrate=False,
        pretrained=None,
        freeze=False,
        image_shape=None,
        warm_start=False,
        checkpoint=None,
        callbacks=None,
        dtype_policy="float32",
        jit_compile=False,
        run_eagerly=False,
        random_state=None,
        verbose=0,
        **network_arguments,
    ):
        self.network = network
        self.tree = tree
        self.output = output
        self.loss = loss
        self.question_weight = question_weight
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.weight_average = weight_average
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.rotation = rotation
        self.shift = shift
        self.zoom = zoom
        self.flip = flip
        self.symmetric = symmetric
        self.calibrate = calibrate
        self.pretrained = pretrained
        self.freeze = freeze
        self.image_shape = image_shape
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.callbacks = callbacks
        self.dtype_policy = dtype_policy
        self.jit_compile = jit_compile
        self.run_eagerly = run_eagerly
        self.random_state = random_state
        self.verbose = verbose
        self._set_network_arguments(network_arguments)

    # ---------------------------------------------------------------- fitting

    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images, floats of about 0-1 or unsigned integers, or flattened rows.
        y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
            Vote fractions, see `galaxy_sklearn.votes.check_votes`, or class labels. Questions
            that are unknown for a galaxy (NaN) teach nothing. Debiased fractions are scaled to
            sum to 1 in each question.
        sample_weight : array-like of shape (n_galaxies,), optional
            Weight of each galaxy.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter, an image or a target is invalid, or `checkpoint` holds the state of
            another `fit`. The message names it.

        Warns
        -----
        UserWarning
            If a question is unknown for all galaxies, so that its predictions mean nothing.
        """
        params = checked_parameters(self)
        # Before the state that a failure goes back to, or the callbacks would not be told of it.
        task = self._init_callback_context(max_subtasks=params.epochs)
        with unchanged_on_failure(self):
            if self.warm_start and self.__sklearn_is_fitted__():
                self._learner.check_can_go_on(params)
                X, y = self._check_X_y(X, y, reset=False)
                learner = self._learner
            else:
                X, y = self._check_X_y(X, y, reset=True)
                learner = self._new_learner(params, X, y)
            data = fit_data(X, y, sample_weight)
            task.call_on_fit_task_begin(estimator=self, **data)
            epochs = FitTasks(task, self, partial(_shown, learner), **data)
            learner.train(X, y, params, sample_weight=sample_weight, callbacks=[epochs])
            self._adopt(learner)
            task.call_on_fit_task_end(estimator=self, reconstruction_attributes={}, **data)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on all the galaxies given.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
            Vote fractions or class labels.
        classes : array-like of shape (n_classes,), optional
            All class labels that will occur, needed at the first call only; by default those in
            ``y``.
        sample_weight : array-like of shape (n_galaxies,), optional
            Weight of each galaxy.

        Returns
        -------
        self : object
            The classifier.
        """
        with unchanged_on_failure(self):
            params = checked_parameters(self)
            if self.__sklearn_is_fitted__():
                X, y = self._check_X_y(X, y, reset=False)
                learner = self._learner
            else:
                X, y = self._check_X_y(X, y, reset=True)
                learner = self._new_learner(params, X, y, classes)
            learner.train(X, y, params, sample_weight=sample_weight, goes_on=True, n_epochs=1)
            self._adopt(learner)
        return self

    def initialize(self, X, y=None):
        """Build the network and leave its weights as they are drawn.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
            Vote fractions or class labels.

        Returns
        -------
        self : object
            The classifier, which answers at random.
        """
        with unchanged_on_failure(self):
            params = checked_parameters(self)
            X, y = self._check_X_y(X, y, reset=True)
            self._adopt(self._new_learner(params, X, y))
        return self

    # --------------------------------------------------------------- answers

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
            Vote fractions in the form seen in `fit`; each question obeys the tree exactly: its
            answers sum to 1 (conditional) or to its reach (cumulative). Or probabilities that
            sum to 1. The network computes in single precision: the seventh digit may differ
            with the number of threads and the processor.

        Raises
        ------
        NotFittedError
            If called before `fit`.
        ValueError
            If the images have another shape than those seen in `fit`.
        """
        outputs = self._outputs(X)
        return self.target_encoder_.probabilities(outputs)

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
            For vote fractions 1 for each answer on the most probable path down the tree, else
            0 (see `DecisionTree.walk`); otherwise the class labels.

        Raises
        ------
        NotFittedError
            If called before `fit`.
        ValueError
            If the images have another shape than those seen in `fit`.
        """
        probabilities = self.predict_proba(X)
        return self.target_encoder_.to_predictions(probabilities)

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
            "conformal" intervals hold the fraction that volunteers vote for a new galaxy, in the
            form of `predict_proba`, as often as they promise [1]_: on average over galaxies like
            those that `fit` set aside, of which there must be some (`validation_fraction`).
            "credible" intervals hold the conditional fraction in the limit of many volunteers, as
            far as the network knows: with ``loss="dirichlet_multinomial"`` it has a beta
            distribution. By default "credible" with that loss, and "conformal" with others.

        Returns
        -------
        ndarray of shape (n_galaxies, n_answers, 2)
            Lower and upper end. The prediction is in a conformal interval, and the width grows
            with the errors of similar predictions [2]_.

        Raises
        ------
        NotFittedError
            If called before `fit`.
        ValueError
            If the classifier learned class labels, no galaxies were set aside, the network was
            trained with another loss, or a parameter is invalid.

        References
        ----------
        .. [1] Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World, for conformal
           prediction.
        .. [2] Lei et al. 2018, JASA 113, 1094, for intervals normalized by their spread.
        """
        check_is_fitted(self)
        _check_coverage(coverage)
        if kind not in (None, "conformal", "credible"):
            raise ValueError(f"kind must be 'conformal', 'credible' or None, got {kind!r}.")
        outputs = self._outputs(X)
        return self.target_encoder_.intervals(outputs, coverage, kind)

    def predict_set(self, X, coverage=0.9):
        """Predict the classes that a galaxy may belong to.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        coverage : float, default=0.9
            Probability that the class is in the set, in (0, 1), on average over galaxies like
            those that `fit` set aside, of which there must be some (`validation_fraction`) [1]_.

        Returns
        -------
        ndarray of bool, shape (n_galaxies, n_classes)
            Whether each of ``classes_`` is in the set. The most probable one always is.

        Raises
        ------
        NotFittedError
            If called before `fit`.
        ValueError
            If the classifier learned votes, no galaxies were set aside, or the coverage is not in
            (0, 1).

        References
        ----------
        .. [1] Sadinle, Lei & Wasserman 2019, JASA 114, 223, for sets of classes.
        """
        check_is_fitted(self)
        _check_coverage(coverage)
        return self.target_encoder_.sets(self._outputs(X), coverage)

    def sample_proba(self, X, n_samples=10, random_state=None):
        """Sample predictions with Monte Carlo dropout.

        The spread of the samples measures the uncertainty of the network [1]_. Without dropout
        in the network all samples are equal.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        n_samples : int, default=10
            Number of samples.
        random_state : int, RandomState instance or None, default=None
            Determines which units are dropped.

        Returns
        -------
        ndarray of shape (n_samples, n_galaxies, n_classes)
            Vote fractions or probabilities, as from `predict_proba` with ``symmetric=False``.

        Raises
        ------
        NotFittedError
            If called before `fit`.

        References
        ----------
        .. [1] Gal & Ghahramani 2016, ICML 48, 1050 (arXiv 1506.02142), for dropout sampling.
        """
        check_is_fitted(self)
        tensor = self._check_X(X, reset=False)
        return self._learner.samples(tensor, n_samples, check_random_state(random_state))

    def transform(self, X):
        """Return the features from which the network computes its output.

        They can be used to find similar galaxies, clusters and anomalies with any tool of
        scikit-learn.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.

        Returns
        -------
        ndarray of float32, shape (n_galaxies, n_features)
            The input of the network's last layer that has weights; the mean over the
            orientations if `symmetric`.

        Raises
        ------
        NotFittedError
            If called before `fit`.
        ValueError
            If the images have another shape than those seen in `fit`.
        """
        check_is_fitted(self)
        tensor = self._check_X(X, reset=False)
        return self._learner.transform(tensor, symmetric=self.symmetric)

    @available_if(_knows_where_it_learned)
    def score_samples(self, X):
        """Return how much images are like those of the training, greater is more.

        Predictions for images unlike any that the network was trained on, such as other colours,
        another scale, stars or no galaxies at all, mean nothing, however sure they look.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.

        Returns
        -------
        ndarray of shape (n_galaxies,)
            The opposite of a distance, as in scikit-learn's detectors of outliers: that of the
            features from the mean of the training images, by their covariance, after both are
            scaled to length 1 [1]_ [2]_. It is -1 for the most distant of 100 galaxies that
            `fit` set aside, of which there must be some (`validation_fraction`).

        Raises
        ------
        NotFittedError
            If called before `fit`.
        ValueError
            If the images have another shape than those seen in `fit`.

        References
        ----------
        .. [1] Lee et al. 2018, NeurIPS 31, 7167, for the distance of features.
        .. [2] Mueller & Hein 2025, ICML (arXiv 2505.18032), for that of features of length 1.
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
            For vote fractions R squared over all known fractions together, in the form seen in
            `fit`; for class labels the accuracy.
        """
        probabilities = self.predict_proba(X)
        return float(self.target_encoder_.score(y, probabilities, sample_weight))

    @property
    def training_(self):
        """What is known of the training, see the class."""
        check_is_fitted(self)
        return self._learner.training

    # ------------------------------------------------------------ persistence

    def __getstate__(self):
        # The learner holds the network.
        state = {name: value for name, value in vars(self).items() if name != "model_"}
        if self.__sklearn_is_fitted__():
            state["_versions"] = versions()
        return state

    def __setstate__(self, state):
        state = dict(state)
        written = state.pop("_versions", {}).get("galaxy_sklearn", galaxy_sklearn.__version__)
        if written != galaxy_sklearn.__version__:
            warnings.warn(
                f"This classifier was saved by galaxy_sklearn {written} and is loaded by "
                f"{galaxy_sklearn.__version__}; its predictions may differ.",
                UserWarning,
                stacklevel=2,
            )
        stored = state.pop("model_", None)
        vars(self).update({**default_parameters(type(self)), **state})
        if stored is not None:  # a file of version 0.1.0
            self._learner = Learner.of_version_0_1(self, stored)
        if self.__sklearn_is_fitted__():
            self.model_ = self._learner.model

    # ------------------------------------------------------- what is required

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_learner")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self):
        return self._learner.n_features

    @available_if(_has_a_box_of_its_own)
    def _sk_visual_block_(self):
        return visual_block(self, caption(self))

    # ---------------------------------------------------------------- private

    def _adopt(self, learner):
        """Show what a trained learner holds."""
        vars(self).update(_shown(learner, learner.best_epoch))

    def _new_learner(self, params, X, y, classes=None):
        """Build the network for labels, if y has one column, or for votes."""
        if np.ndim(y) == 1 or np.shape(y)[1:] == (1,):
            target = LabelTarget(y if classes is None else classes, self.loss)
        else:
            target = VoteTarget(y, params.tree, self.loss, self.output)
        return Learner(params, target, X.shape[1:])

    @available_if(_knows_where_it_learned)
    def _predict_with_distances(self, X):
        """Return what `predict_proba` and `score_samples` do, but its sign, in one look."""
        return self._predict_all(X)[:2]

    def _predict_all(self, X, coverages=()):
        """Return probabilities, distances and conformal intervals of each coverage, in one look.

        The distances are None where `score_samples` cannot tell, the intervals where
        `predict_interval` cannot.
        """
        check_is_fitted(self)
        tensor = self._check_X(X, reset=False)
        learner, target, distances, intervals = self._learner, self.target_encoder_, None, None
        if learner.gaussian is None:
            outputs = learner.outputs(tensor, symmetric=self.symmetric)
        else:
            outputs, distances = learner.outputs_and_distances(tensor, symmetric=self.symmetric)
        if target.form is not None and getattr(target, "errors", None) is not None:
            intervals = [target.intervals(outputs, c, "conformal") for c in coverages]
        return target.probabilities(outputs), distances, intervals

    def _outputs(self, X):
        check_is_fitted(self)
        tensor = self._check_X(X, reset=False)
        return self._learner.outputs(tensor, symmetric=self.symmetric)

    def _check_X_y(self, X, y, reset):
        if y is None:
            raise ValueError("GalaxyClassifier requires y to be passed, but the target y is None.")
        tensor = self._check_X(X, reset)
        if hasattr(y, "columns") and len(y.columns) == 1:
            y = np.asarray(y)  # labels
        if not hasattr(y, "columns"):
            y = check_array(
                y,
                ensure_2d=False,
                allow_nd=True,
                dtype=None,
                ensure_all_finite=False,
                input_name="y",
            )
            # Votes may be unknown (NaN); check_votes names what is wrong with them.
            if y.ndim == 1 or y.shape[1:] == (1,):
                assert_all_finite(y, input_name="y")
        check_consistent_length(tensor, y)
        return tensor, y

    def _check_as_fitted(self, tensor, names):
        """Refuse images that it cannot answer for."""
        check_as_fitted(self, tensor, names)

    def _check_X(self, X, reset):
        return to_tensor(self, X, image_shape=self.image_shape, reset=reset)


def _shown(learner, best_epoch):
    """Return the attributes of a classifier by its learner."""
    return {
        "_learner": learner,
        "model_": learner.model,
        "history_": learner.history,
        "best_epoch_": best_epoch,
        "target_encoder_": learner.target,
        "classes_": learner.target.classes,
        "form_": learner.target.form,
    }


def _check_coverage(coverage):
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must be in (0, 1), got {coverage!r}.")
