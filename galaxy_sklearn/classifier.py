"""A Keras network as a scikit-learn classifier of galaxies."""

import inspect
import platform
import warnings
from numbers import Integral, Real

import keras
import numpy as np
import sklearn
from scikeras.wrappers import BaseWrapper
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

import galaxy_sklearn
from galaxy_sklearn._features import feature_model, find_fitted, sample_dropout, start_from
from galaxy_sklearn._targets import make_target
from galaxy_sklearn._training import (
    PREDICTION_BATCH,
    draw_seed,
    dtype_policy,
    make_optimizer,
    predict,
    seeded,
    share_cores,
    train,
)
from galaxy_sklearn.decision_tree import GZ2
from galaxy_sklearn.networks import NETWORKS, arguments, get_network
from galaxy_sklearn.networks.augmentation import FLIPS, RandomAffine
from galaxy_sklearn.transformers import FlattenToTensor
from galaxy_sklearn.transformers._base import first_element

__all__ = ["GalaxyClassifier"]

PREFIX = "network__"
SCHEDULES = ("constant", "cosine")
DTYPE_POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")

share_cores()


class GalaxyClassifier(
    ClassifierMixin, TransformerMixin, ClassNamePrefixFeaturesOutMixin, BaseWrapper
):
    """Predict vote fractions or classes of galaxies with a convolutional network.

    A scikit-learn classifier on scikeras and Keras. Trained on the vote fractions of a
    decision tree such as Galaxy Zoo 2's, it predicts vote fractions; trained on one class
    label a galaxy, it is an ordinary classifier. A fitted one is a transformer as well: it gives
    the features that its network computes. The defaults are the recipe that was most accurate on
    Galaxy Zoo 2; `make_galaxy_pipeline` has that of GalaxyID, too.

    Parameters
    ----------
    network : str or callable, default="residual"
        Name of a network in `galaxy_sklearn.networks`, or a function ``(input_shape,
        n_outputs, activation, **arguments)`` that returns an uncompiled `keras.Model`.
    tree : DecisionTree, optional
        The survey whose answers the vote fractions are; `GZ2` by default. Without meaning for
        class labels.
    output : {"tree", "sigmoid"}, default="tree"
        "tree" ends the network with a softmax over the answers of each question, so that its
        outputs are conditional fractions. "sigmoid" predicts each answer by itself, as GalaxyID
        did, and scales the answers of a question to sum to 1 afterwards. Without meaning for
        class labels.
    loss : {"auto", "cross_entropy", "cumulative_mse", "dirichlet_multinomial", \
            "binary_crossentropy", "mse"}, default="auto"
        Loss of the vote fractions, see `galaxy_sklearn.networks.losses.vote_loss`. "auto" is
        the cross-entropy. "dirichlet_multinomial" needs `y` to be vote counts and makes
        `predict_interval` possible. For class labels it is the categorical cross-entropy, and
        nothing else will do.
    question_weight : {"reach"} or None, default="reach"
        "reach" weights the loss of each question by the fraction of the volunteers that got
        as far, so that fractions nobody or hardly anybody voted on teach nothing. None counts
        all answers alike, as GalaxyID did.
    class_weight : dict, "balanced" or None, default=None
        Weight by class, or by answer or question for vote fractions; what a dict leaves out
        has weight 1, an answer and its question named both multiply.
        "balanced" is scikit-learn's ``n_samples / (n_classes * count)``, for vote fractions
        within each question and counted in volunteers.
    label_smoothing : float, default=0.0
        How far targets are moved towards equal fractions of all answers of a question that was
        asked (or of all classes), from 0 to 1.
    learning_rate : float, default=1e-3
        Learning rate of the Adam optimizer; the greatest one of a schedule.
    schedule : {"constant", "cosine"}, default="cosine"
        "cosine" raises the learning rate from 0 for a twentieth of the steps and lets it fall
        to 0 along a cosine until the last of the `epochs`. `partial_fit`, whose end is unknown,
        keeps it constant.
    weight_decay : float, default=0.01
        Fraction of each weight taken off at each step, times the learning rate (AdamW [2]_).
        Offsets and the scales of normalizations are left alone.
    weight_average : float, default=0.0
        Over which part of the steps of `fit` the weights are averaged, from 0 (not at all) to
        1: a running average takes their place in the end [3]_.
    epochs : int, default=100
        Greatest number of passes over the training galaxies.
    batch_size : int, default=32
        Galaxies a step.
    validation_fraction : float, default=0.1
        Fraction of the galaxies, drawn at random, that is set aside to choose the best epoch,
        whose weights are kept. 0 sets none aside and keeps the last epoch.
    patience : int or None, default=None
        Training stops when the validation loss has not improved for so many epochs. None
        never stops it: under a falling learning rate the best epochs are the last.
    rotation : float, default=180.0
        Training images are rotated by up to so many degrees, either way.
    shift : float, default=0.1
        Training images are shifted along each axis by up to this fraction of their side.
    zoom : float, default=0.1
        Training images are stretched along each axis by up to this fraction.
    flip : {"horizontal", "vertical", "both"} or None, default="both"
        How training images are mirrored.
    symmetric : bool, default=True
        Whether predictions and features are the mean over the image's 8 orientations (quarter
        turns and mirror images; 4 unless it is square), which makes them exactly the same for
        all of these and takes 8 times as long.
    calibrate : bool, default=False
        Whether to choose a temperature for each question on the galaxies set aside [4]_, which
        makes predictions as sure as they are right. Needs a `validation_fraction`.
    pretrained : FrozenEstimator, str, Pipeline or GalaxyClassifier, optional
        A fitted classifier, or pipeline that ends with one, or the joblib file of such, whose
        features the network starts from instead of building `network`; only its output is new.
        Wrap an object in `sklearn.frozen.FrozenEstimator`, since cloning would empty it.
    freeze : bool, default=False
        Whether to train the new output only and to keep the features of `pretrained`.
    image_shape : tuple of int, optional
        (height, width) or (height, width, n_channels) of flattened rows. By default a row is
        an image of height 1.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the `fit` before.
    dtype_policy : {"float32", "mixed_bfloat16", "mixed_float16"}, default="float32"
        Numbers that the network computes with; its weights are always float32.
        "mixed_bfloat16" is quicker where the processor has instructions for it (AVX512-BF16,
        AMX, recent GPUs) and slower where it has not.
    jit_compile : bool or "auto", default=False
        Whether to compile with XLA. On processors the reference network trains faster
        without. True goes with neither rotation, shift, zoom nor flip on TensorFlow, whose
        image warp XLA does not know.
    run_eagerly : bool, default=False
        Whether to run step by step, without tracing a graph. Quicker for tiny networks and a
        few steps.
    random_state : int, RandomState instance or None, default=None
        Determines the weights to start from, the validation galaxies, the order of the
        galaxies, dropout and augmentation. An int gives the same model on the same machine
        each time.
    verbose : int, default=0
        0 is silent, 1 shows a progress bar with the losses.
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
        The trained network. Its outputs for vote fractions are conditional ones (with
        ``output="sigmoid"`` not yet scaled to sum to 1), or the concentrations of Dirichlet
        distributions (``loss="dirichlet_multinomial"``).
    history_ : dict of list of float
        Loss and metric of each epoch, for training (``"loss"``, ``"mse"`` or ``"accuracy"``)
        and for validation (with ``"val_"`` before).
    best_epoch_ : int
        Number, from 1, of the epoch whose weights were kept.
    image_shape_in_ : tuple of int
        (height, width, n_channels) of the images seen in `fit`.
    n_features_in_ : int
        Number of pixels in a flattened row. Only if `fit` saw rows.
    feature_names_in_ : ndarray of str
        Names of the columns. Only if `fit` saw a data frame.
    target_encoder_ : object
        Turns targets into what the network learns, and its outputs into answers. Its
        ``temperature`` is that of each question, 1 unless `calibrate`.

    See Also
    --------
    galaxy_sklearn.make_galaxy_pipeline : The classifier behind the steps that read images.

    Notes
    -----
    A saved classifier holds the network's architecture and weights and the versions of the
    libraries that wrote it, but no state of the optimizer: `partial_fit` and a warm start
    after loading begin with a fresh one.

    Importing scikeras, which this class is based on, makes `keras.Model` objects of the whole
    process picklable in scikeras' own way.

    References
    ----------
    .. [1] Willett et al. 2013, MNRAS 435, 2835, for the vote fractions.
    .. [2] Loshchilov & Hutter 2019, ICLR (arXiv 1711.05101), for the weight decay.
    .. [3] Polyak & Juditsky 1992, SIAM J. Control Optim. 30, 838, for the averaging.
    .. [4] Guo et al. 2017, ICML 70, 1321 (arXiv 1706.04599), for the temperature.
    .. [5] Gal & Ghahramani 2016, ICML 48, 1050 (arXiv 1506.02142), for dropout sampling.

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

    def __init__(
        self,
        network="residual",
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
        self.dtype_policy = dtype_policy
        self.jit_compile = jit_compile
        self.run_eagerly = run_eagerly
        self.random_state = random_state
        self.verbose = verbose
        for name, value in network_arguments.items():
            if not name.startswith(PREFIX):
                raise TypeError(
                    f"GalaxyClassifier.__init__() got an unexpected keyword argument {name!r}"
                )
            setattr(self, name, value)

    # ------------------------------------------------------------- parameters

    # scikeras takes whatever attribute it finds for a parameter; scikit-learn's own way reads
    # the signature, so that a misspelt parameter is an error at once.
    _get_param_names = classmethod(BaseEstimator._get_param_names.__func__)
    __repr__ = BaseEstimator.__repr__

    def get_params(self, deep=True):
        """Get the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether to list all arguments of the network, with the defaults of those not set.

        Returns
        -------
        dict
            Values by name.
        """
        params = BaseEstimator.get_params(self, deep=False)
        # A network that does not exist is an error in `fit`, not here.
        known = isinstance(self.network, str) and self.network in NETWORKS
        if deep and (known or callable(self.network)):
            defaults = arguments(get_network(self.network))
            params.update({PREFIX + name: value for name, value in defaults.items()})
        params.update({k: v for k, v in vars(self).items() if k.startswith(PREFIX)})
        return params

    def set_params(self, **params):
        """Set parameters, those of the network (``network__...``) included.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        self : object
            The classifier.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        own = {k: v for k, v in params.items() if not k.startswith(PREFIX)}
        BaseEstimator.set_params(self, **own)
        for name in params.keys() - own.keys():
            self._check_network_argument(name)
            setattr(self, name, params[name])
        return self

    # ---------------------------------------------------------------- fitting

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
            If a parameter, an image or a target is invalid. The message names it.

        Warns
        -----
        UserWarning
            If a question is unknown for all galaxies, so that its predictions mean nothing.
        """
        if self.warm_start and self.initialized_:
            self._check_parameters()
            X, y = self._validate_data(X, y)
        else:
            X, y = self._initialize(X, y)
        self.history_ = {}
        self._trainer = None
        self._train(X, y, sample_weight, self.epochs, self.validation_fraction)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one more epoch, on all the galaxies given.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
            Vote fractions or class labels.
        classes : array-like of shape (n_classes,), optional
            At the first call, all the class labels that will occur; by default those in
            ``y``.
        sample_weight : array-like of shape (n_galaxies,), optional
            Weight of each galaxy.

        Returns
        -------
        self : object
            The classifier.
        """
        if self.initialized_:
            X, y = self._validate_data(X, y)
        else:
            X, y = self._initialize(X, y, classes)
        self._train(X, y, sample_weight, 1, 0, partial=True)
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
        check_is_fitted(self)
        tensor = self._check_X(X, reset=False)
        outputs = predict(self.model_, tensor, symmetric=self.symmetric)
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
        return self.target_encoder_.decide(probabilities)

    def predict_interval(self, X, coverage=0.9):
        """Predict credible intervals of the vote fractions.

        Only for ``loss="dirichlet_multinomial"``: the network predicts a Dirichlet distribution
        for the answers of each question, so each conditional fraction has a beta distribution.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        coverage : float, default=0.9
            Probability that a fraction lies in its interval, in (0, 1).

        Returns
        -------
        ndarray of shape (n_galaxies, n_answers, 2)
            Lower and upper end of each conditional fraction's central interval: that of the
            fraction which ever more volunteers would approach.

        Raises
        ------
        NotFittedError
            If called before `fit`.
        ValueError
            If the network was trained with another loss, or the coverage is not in (0, 1).
        """
        check_is_fitted(self)
        if not 0 < coverage < 1:
            raise ValueError(f"coverage must be in (0, 1), got {coverage!r}.")
        tensor = self._check_X(X, reset=False)
        outputs = predict(self.model_, tensor, symmetric=self.symmetric)
        return self.target_encoder_.intervals(outputs, coverage)

    def sample_proba(self, X, n_samples=10, random_state=None):
        """Predict again and again, each time with other units dropped (Monte Carlo dropout).

        The spread of the samples tells how sure the network is [5]_. A network without dropout
        gives equal samples.

        Parameters
        ----------
        X : array-like of shape (n_galaxies, height, width[, n_channels]) or \
                (n_galaxies, n_pixels)
            Images or flattened rows.
        n_samples : int, default=10
            Number of predictions.
        random_state : int, RandomState instance or None, default=None
            Determines what is dropped.

        Returns
        -------
        ndarray of shape (n_samples, n_galaxies, n_classes)
            Vote fractions or probabilities, each sample as `predict_proba` would return it for
            images as they stand.

        Raises
        ------
        NotFittedError
            If called before `fit`.
        """
        check_is_fitted(self)
        tensor = self._check_X(X, reset=False)
        outputs = sample_dropout(
            self.model_, tensor, n_samples, check_random_state(random_state), PREDICTION_BATCH
        )
        return np.stack([self.target_encoder_.probabilities(sample) for sample in outputs])

    def transform(self, X):
        """Return the network's features: what its output is computed from.

        They serve to find similar galaxies, clusters and anomalies with any tool of
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
        features = predict(self._features, tensor, symmetric=self.symmetric)
        return features.reshape(len(features), -1)

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
            For vote fractions the explained part of their variance, all known ones taken
            together (R squared, in the form seen in `fit`); for class labels the accuracy.
        """
        probabilities = self.predict_proba(X)
        return float(self.target_encoder_.score(y, probabilities, sample_weight))

    # ------------------------------------------------------------ persistence

    def __getstate__(self):
        state = {
            name: value
            for name, value in vars(self).items()
            if name not in ("model_", "_features", "_trainer", "_random_state")
        }
        if self.initialized_:
            state["model_"] = {
                "architecture": self.model_.to_json(),
                "weights": self.model_.get_weights(),
            }
            state["_versions"] = {
                "galaxy_sklearn": galaxy_sklearn.__version__,
                "keras": keras.__version__,
                "scikit-learn": sklearn.__version__,
                "python": platform.python_version(),
            }
        return state

    def __setstate__(self, state):
        state = dict(state)
        stored = state.pop("model_", None)
        written = state.pop("_versions", {}).get("galaxy_sklearn", galaxy_sklearn.__version__)
        if written != galaxy_sklearn.__version__:
            warnings.warn(
                f"This classifier was saved by galaxy_sklearn {written} and is loaded by "
                f"{galaxy_sklearn.__version__}; its predictions may differ.",
                UserWarning,
                stacklevel=2,
            )
        vars(self).update(state)
        if stored is not None:
            self.model_ = keras.models.model_from_json(stored["architecture"])
            self.model_.set_weights(stored["weights"])
            self._features = feature_model(self.model_)

    # ------------------------------------------------------- what is required

    def __sklearn_is_fitted__(self):
        return self.initialized_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self):
        return int(np.prod(self._features.output_shape[1:]))

    # -------------------------------------- scikeras' steps, also of `initialize`

    def _initialize(self, X, y=None, classes=None):
        self._check_parameters()
        self._random_state = check_random_state(self.random_state)
        X, y = self._validate_data(X, y, reset=True)
        target = make_target(
            y, self.tree or GZ2, loss=self.loss, output=self.output, classes=classes
        )
        self._begin(target)
        return X, y

    def _begin(self, target):
        self.target_encoder_ = target
        self.classes_ = target.classes
        self.form_ = target.form
        self.model_ = self._build_keras_model()
        self._features = feature_model(self.model_)
        self._trainer = None
        self.history_ = {}

    def _validate_data(self, X=None, y=None, reset=False):
        if y is None:
            raise ValueError("GalaxyClassifier requires y to be passed, but the target y is None.")
        tensor = self._check_X(X, reset)
        if not hasattr(y, "columns"):
            # Votes may be unknown (NaN); check_votes names what is wrong with them.
            votes = np.ndim(y) > 1 and np.shape(y)[1:] != (1,)
            y = check_array(
                y,
                ensure_2d=False,
                allow_nd=True,
                dtype=None,
                ensure_all_finite=not votes,
                input_name="y",
            )
        check_consistent_length(tensor, y)
        return tensor, y

    def _build_keras_model(self):
        given = {k: v for k, v in vars(self).items() if k.startswith(PREFIX)}
        for name in given:
            self._check_network_argument(name)
        target, n_outputs = self.target_encoder_, len(self.classes_)
        # Before anything is seeded: loading may draw random numbers.
        source = None if self.pretrained is None else find_fitted(self.pretrained)
        with seeded(draw_seed(self._random_state)), dtype_policy(self.dtype_policy):
            if source is not None:
                network = start_from(
                    source,
                    self.image_shape_in_,
                    n_outputs,
                    target.activation,
                    freeze=self.freeze,
                )
                return target.complete(network)
            network = get_network(self.network)(
                self.image_shape_in_,
                n_outputs,
                target.activation,
                **{name.removeprefix(PREFIX): value for name, value in given.items()},
            )
            return target.complete(network)

    # ---------------------------------------------------------------- private

    def _train(self, X, y, sample_weight, epochs, validation_fraction, partial=False):
        target = self.target_encoder_
        encoded = target.encode(y, self.label_smoothing)
        answer_weight, galaxy_weight = target.balance(self.class_weight, encoded)
        arrays = (X, encoded)
        if sample_weight is not None or galaxy_weight is not None:
            weights = _check_sample_weight(sample_weight, X, dtype=np.float32)
            if not weights.any():  # scikit-learn checks this itself from 1.9 on
                raise ValueError("Sample weights must contain at least one non-zero number.")
            arrays += (weights if galaxy_weight is None else weights * galaxy_weight,)

        if not hasattr(self, "_random_state"):  # as after loading
            self._random_state = check_random_state(self.random_state)
        rows = np.arange(len(X))
        n_held_out = round(validation_fraction * len(X))
        if validation_fraction > 0:
            n_held_out = max(1, n_held_out)
            if n_held_out >= len(X):
                raise ValueError(
                    f"Found n_samples={len(X)}, of which validation_fraction="
                    f"{validation_fraction} leaves none to train on."
                )
            rows = self._random_state.permutation(len(X))
        training, held_out = rows[n_held_out:], rows[:n_held_out]
        if getattr(self, "_trainer", None) is None:
            steps = None if partial else epochs * -(-len(training) // self.batch_size)
            self._trainer = self._make_trainer(answer_weight, steps)
        self.best_epoch_ = train(
            self._trainer,
            arrays,
            training,
            held_out,
            epochs=epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            rng=self._random_state,
            history=self.history_,
            verbose=self.verbose,
        )
        if self.calibrate and n_held_out:
            held_out = np.sort(held_out)
            outputs = predict(self.model_, X[held_out], symmetric=self.symmetric)
            target.calibrate(outputs, target.encode(y)[held_out])

    def _make_trainer(self, answer_weight, steps):
        """Compile the network with the augmentation before it."""
        inputs = keras.Input(self.image_shape_in_)
        target = self.target_encoder_

        def augmented():
            if not self._augments():
                return inputs
            seed = draw_seed(self._random_state)
            return RandomAffine(self.rotation, self.shift, self.zoom, self.flip, seed=seed)(inputs)

        outputs = [self.model_(augmented()) for _ in range(target.n_views)]
        trainer = keras.Model(
            inputs, outputs[0] if len(outputs) == 1 else keras.ops.stack(outputs, 1)
        )
        trainer.compile(
            optimizer=make_optimizer(
                self.learning_rate,
                weight_decay=self.weight_decay,
                schedule=self.schedule,
                average=self.weight_average,
                steps=steps,
            ),
            loss=target.keras_loss(self.question_weight, answer_weight),
            metrics=target.make_metrics(),
            jit_compile=self.jit_compile,
            run_eagerly=self.run_eagerly,
        )
        # Variables that the first training step had to make, slots here and the metric's in
        # `make_metrics`, would cost a second tracing and hold the graph in memory for good.
        trainer.optimizer.build(trainer.trainable_variables)
        return trainer

    def _augments(self):
        return bool(self.rotation or self.shift or self.zoom or self.flip)

    def _check_X(self, X, reset):
        if getattr(X, "ndim", 2) <= 2 and np.ndim(first_element(X)) < 2:
            X = validate_data(self, X, reset=reset)
        tensor = FlattenToTensor(image_shape=self.image_shape).fit_transform(X)
        if reset:
            self.image_shape_in_ = tensor.shape[1:]
        elif tensor.shape[1:] != self.image_shape_in_:
            raise ValueError(
                f"X holds images of shape {tensor.shape[1:]} (height, width, channels), but "
                f"this GalaxyClassifier was fitted on images of shape {self.image_shape_in_}."
            )
        return tensor

    def _check_network_argument(self, name):
        network = get_network(self.network)
        known = arguments(network)
        if name.removeprefix(PREFIX) not in known:
            raise ValueError(
                f"Invalid parameter {name!r} for estimator GalaxyClassifier: network "
                f"{getattr(network, '__name__', network)!r} has the arguments {list(known)}."
            )

    def _check_parameters(self):
        for name, kind, smallest in (
            ("epochs", Integral, 1),
            ("batch_size", Integral, 1),
            ("learning_rate", Real, 0),
            ("rotation", Real, 0),
            ("shift", Real, 0),
            ("zoom", Real, 0),
            ("weight_decay", Real, 0),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind) or isinstance(value, bool) or not value >= smallest:
                what = "an int" if kind is Integral else "a number"
                raise ValueError(f"{name} must be {what} of at least {smallest}, got {value!r}.")
        if not (isinstance(self.validation_fraction, Real) and 0 <= self.validation_fraction < 1):
            raise ValueError(
                f"validation_fraction must be in [0, 1), got {self.validation_fraction!r}."
            )
        for name in ("label_smoothing", "weight_average"):
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 <= value < 1):
                raise ValueError(f"{name} must be in [0, 1), got {value!r}.")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule must be one of {SCHEDULES}, got {self.schedule!r}.")
        if self.calibrate and not self.validation_fraction:
            raise ValueError("calibrate=True needs a validation_fraction above 0.")
        if not (self.patience is None or self.patience >= 0):
            raise ValueError(f"patience must be None or at least 0, got {self.patience!r}.")
        if self.dtype_policy not in DTYPE_POLICIES:
            raise ValueError(
                f"dtype_policy must be one of {DTYPE_POLICIES}, got {self.dtype_policy!r}."
            )
        if self.flip not in FLIPS:
            raise ValueError(f"flip must be one of {FLIPS}, got {self.flip!r}.")
        if (
            self.jit_compile is True
            and self._augments()
            and keras.backend.backend() == "tensorflow"
        ):
            raise ValueError(
                "jit_compile=True needs rotation=0, shift=0, zoom=0 and flip=None on "
                "TensorFlow, whose image warp XLA does not know."
            )


# scikit-learn's tools take every name in a signature for a parameter, that of a `**` too.
_signature = inspect.signature(GalaxyClassifier)
GalaxyClassifier.__signature__ = _signature.replace(
    parameters=[p for p in _signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
)
