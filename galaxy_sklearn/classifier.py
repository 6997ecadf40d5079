"""A Keras network as a scikit-learn classifier of galaxies."""

import inspect
import platform
import warnings
from numbers import Integral, Real

import keras
import numpy as np
import sklearn
from scikeras.wrappers import BaseWrapper
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

import galaxy_sklearn
from galaxy_sklearn._targets import make_target
from galaxy_sklearn._training import (
    Adam,
    draw_seed,
    dtype_policy,
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
DTYPE_POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")

share_cores()


class GalaxyClassifier(ClassifierMixin, BaseWrapper):
    """Predict vote fractions or classes of galaxies with a convolutional network.

    A scikit-learn classifier on scikeras and Keras. Trained on the vote fractions of a
    decision tree such as Galaxy Zoo 2's, it predicts vote fractions; trained on one class
    label a galaxy, it is an ordinary classifier. The defaults are the network and the recipe
    of GalaxyID, but for the weighting of questions (see `question_weight`).

    Parameters
    ----------
    network : str or callable, default="galaxy_id"
        Name of a network in `galaxy_sklearn.networks`, or a function ``(input_shape,
        n_outputs, activation, **arguments)`` that returns an uncompiled `keras.Model`.
    tree : DecisionTree, optional
        The survey whose answers the vote fractions are; `GZ2` by default. Without meaning for
        class labels.
    loss : {"auto", "binary_crossentropy", "mse"}, default="auto"
        Loss of the vote fractions. "auto" is the binary cross-entropy; for class labels it is
        the categorical cross-entropy, and nothing else will do.
    question_weight : {"reach"} or None, default="reach"
        "reach" weights the loss of each question by the fraction of the volunteers that got
        as far, so that fractions nobody or hardly anybody voted on teach nothing. None counts
        all answers alike, as GalaxyID did.
    class_weight : dict, "balanced" or None, default=None
        Weight by class, or by answer for vote fractions; what a dict leaves out has weight 1.
        "balanced" is scikit-learn's ``n_samples / (n_classes * count)``, for vote fractions
        within each question and counted in volunteers.
    learning_rate : float, default=1e-3
        Learning rate of the Adam optimizer.
    epochs : int, default=25
        Greatest number of passes over the training galaxies.
    batch_size : int, default=32
        Galaxies a step.
    validation_fraction : float, default=0.25
        Fraction of the galaxies, drawn at random, that is set aside to choose the best epoch,
        whose weights are kept. 0 sets none aside and keeps the last epoch.
    patience : int or None, default=20
        Training stops when the validation loss has not improved for so many epochs. None
        never stops it.
    rotation : float, default=30.0
        Training images are rotated by up to so many degrees, either way.
    shift : float, default=0.1
        Training images are shifted along each axis by up to this fraction of their side.
    zoom : float, default=0.1
        Training images are stretched along each axis by up to this fraction.
    flip : {"horizontal", "vertical", "both"} or None, default="horizontal"
        How training images are mirrored.
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
        The trained network. Its outputs for vote fractions are conditional ones, question by
        question not yet scaled to sum to 1.
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
        Turns targets into what the network learns, and its outputs into answers.

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

    Examples
    --------
    >>> from galaxy_sklearn import GalaxyClassifier
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> X, y = make_galaxies(8, image_size=16, random_state=0)
    >>> classifier = GalaxyClassifier(
    ...     network__filters=(2, 2, 2, 2),
    ...     network__dense_units=(4, 4),
    ...     epochs=1,
    ...     run_eagerly=True,
    ...     random_state=0,
    ... )
    >>> classifier.fit(X, y).predict_proba(X).shape
    (8, 37)
    """

    def __init__(
        self,
        network="galaxy_id",
        *,
        tree=None,
        loss="auto",
        question_weight="reach",
        class_weight=None,
        learning_rate=1e-3,
        epochs=25,
        batch_size=32,
        validation_fraction=0.25,
        patience=20,
        rotation=30.0,
        shift=0.1,
        zoom=0.1,
        flip="horizontal",
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
        self.loss = loss
        self.question_weight = question_weight
        self.class_weight = class_weight
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.rotation = rotation
        self.shift = shift
        self.zoom = zoom
        self.flip = flip
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
            Vote fractions, see `galaxy_sklearn.votes.check_votes`, or class labels.
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
        self._train(X, y, sample_weight, epochs=1, validation_fraction=0)
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
            sum to 1.

        Raises
        ------
        NotFittedError
            If called before `fit`.
        ValueError
            If the images have another shape than those seen in `fit`.
        """
        check_is_fitted(self)
        tensor = self._check_X(X, reset=False)
        outputs = predict(self.model_, tensor)
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
            For vote fractions the explained part of their variance, all answers taken
            together (R squared, in the form seen in `fit`); for class labels the accuracy.
        """
        probabilities = self.predict_proba(X)
        return float(self.target_encoder_.score(y, probabilities, sample_weight))

    # ------------------------------------------------------------ persistence

    def __getstate__(self):
        state = {
            name: value
            for name, value in vars(self).items()
            if name not in ("model_", "_trainer", "_random_state")
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

    # ------------------------------------------------------- what is required

    def __sklearn_is_fitted__(self):
        return self.initialized_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # -------------------------------------- scikeras' steps, also of `initialize`

    def _initialize(self, X, y=None, classes=None):
        self._check_parameters()
        self._random_state = check_random_state(self.random_state)
        X, y = self._validate_data(X, y, reset=True)
        self.target_encoder_ = make_target(y, self.tree or GZ2, classes)
        self.classes_ = self.target_encoder_.classes
        self.form_ = self.target_encoder_.form
        self.model_ = self._build_keras_model()
        self._trainer = None
        self.history_ = {}
        return X, y

    def _validate_data(self, X=None, y=None, reset=False):
        if y is None:
            raise ValueError("GalaxyClassifier requires y to be passed, but the target y is None.")
        tensor = self._check_X(X, reset)
        if not hasattr(y, "columns"):
            y = check_array(y, ensure_2d=False, allow_nd=True, dtype=None, input_name="y")
        check_consistent_length(tensor, y)
        return tensor, y

    def _build_keras_model(self):
        given = {k: v for k, v in vars(self).items() if k.startswith(PREFIX)}
        for name in given:
            self._check_network_argument(name)
        with seeded(draw_seed(self._random_state)), dtype_policy(self.dtype_policy):
            return get_network(self.network)(
                self.image_shape_in_,
                len(self.classes_),
                self.target_encoder_.activation,
                **{name.removeprefix(PREFIX): value for name, value in given.items()},
            )

    # ---------------------------------------------------------------- private

    def _train(self, X, y, sample_weight, epochs, validation_fraction):
        target = self.target_encoder_
        encoded = target.encode(y)
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
        if getattr(self, "_trainer", None) is None:
            self._trainer = self._make_trainer(answer_weight)
        self.best_epoch_ = train(
            self._trainer,
            arrays,
            rows[n_held_out:],
            rows[:n_held_out],
            epochs=epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            rng=self._random_state,
            history=self.history_,
            verbose=self.verbose,
        )

    def _make_trainer(self, answer_weight):
        """Compile the network with the augmentation before it."""
        inputs = images = keras.Input(self.image_shape_in_)
        if self._augments():
            seed = draw_seed(self._random_state)
            images = RandomAffine(self.rotation, self.shift, self.zoom, self.flip, seed=seed)(
                inputs
            )
        trainer = keras.Model(inputs, self.model_(images))
        target = self.target_encoder_
        trainer.compile(
            optimizer=Adam(self.learning_rate),
            loss=target.keras_loss(self.loss, self.question_weight, answer_weight),
            metrics=[target.make_metric()],
            jit_compile=self.jit_compile,
            run_eagerly=self.run_eagerly,
        )
        # Variables that the first training step had to make, slots here and the metric's in
        # `make_metric`, would cost a second tracing and hold the graph in memory for good.
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
        ):
            value = getattr(self, name)
            if not isinstance(value, kind) or isinstance(value, bool) or not value >= smallest:
                what = "an int" if kind is Integral else "a number"
                raise ValueError(f"{name} must be {what} of at least {smallest}, got {value!r}.")
        if not (isinstance(self.validation_fraction, Real) and 0 <= self.validation_fraction < 1):
            raise ValueError(
                f"validation_fraction must be in [0, 1), got {self.validation_fraction!r}."
            )
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
