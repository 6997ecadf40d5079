"""scikeras' wrapper as the thin base of the classifier, and what estimators check alike."""

import warnings
from types import SimpleNamespace

import numpy as np
from keras.config import backend
from scikeras.wrappers import BaseWrapper
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from galaxy_sklearn._compat import parameter_names
from galaxy_sklearn._documentation import DocumentationLink
from galaxy_sklearn._learner import augments, batch_as_float32
from galaxy_sklearn.images import first_element
from galaxy_sklearn.networks import NETWORKS, RENAMED, arguments, get_network
from galaxy_sklearn.surveys import GZ2
from galaxy_sklearn.transformers import FlattenToTensor

PREFIX = "network__"
# Between the brightest pixels of two samples of galaxies; less than between 255 and 1.
OTHER_UNITS = 50
COLOURS = 3
FOR_BANDS = " Bands of FITS files become pictures by galaxy_sklearn.pipeline.for_bands (--colours)."
# Pixels scaled to 0-1 may exceed it by so much, by rounding.
ROUNDING = 1e-4


class _Hidden:
    """An attribute of a base class that the class does not have."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self.name!r}")


class NetworkWrapper(DocumentationLink, BaseWrapper):
    """A scikeras wrapper whose parameters are those of its signature and of its network.

    A subclass has a parameter ``network`` and passes its ``**kwargs`` to
    `_set_network_arguments`. Keep minimal.
    """

    # scikeras takes whatever attribute it finds for a parameter; scikit-learn's own way reads
    # the signature, so that a misspelt parameter is an error at once.
    _get_param_names = classmethod(parameter_names)
    __repr__ = BaseEstimator.__repr__

    # Of scikeras' own loop and encoders, which we do not use.
    current_epoch = _Hidden()
    feature_encoder = _Hidden()
    scorer = _Hidden()
    target_encoder = _Hidden()

    def __dir__(self):
        return [
            name for name in super().__dir__() if not isinstance(_found(type(self), name), _Hidden)
        ]

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
        name = RENAMED.get(self.network, self.network) if isinstance(self.network, str) else None
        if deep and (name in NETWORKS or callable(self.network)):
            defaults = arguments(NETWORKS.get(name, self.network))
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

    def _set_network_arguments(self, given):
        for name, value in given.items():
            if not name.startswith(PREFIX):
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument {name!r}"
                )
            setattr(self, name, value)

    def _network_arguments(self):
        """Return the arguments of the network that were set, by its own names for them."""
        given = {k: v for k, v in vars(self).items() if k.startswith(PREFIX)}
        for name in given:
            self._check_network_argument(name)
        return {name.removeprefix(PREFIX): value for name, value in given.items()}

    def _check_network_argument(self, name):
        network = get_network(self.network)
        known = arguments(network)
        if name.removeprefix(PREFIX) not in known:
            raise ValueError(
                f"Invalid parameter {name!r} for estimator {type(self).__name__}: network "
                f"{getattr(network, '__name__', network)!r} has the arguments {list(known)}."
            )


def checked_parameters(estimator):
    """Check the parameters of a classifier.

    Parameters
    ----------
    estimator : GalaxyClassifier
        The classifier.

    Returns
    -------
    namespace
        The parameters, those of the network as ``network_arguments``.

    Raises
    ------
    ValueError
        If one is invalid. The message names it.
    """
    estimator._validate_params()
    names = estimator._get_param_names()
    params = SimpleNamespace(
        **{name: getattr(estimator, name) for name in names},
        network_arguments=estimator._network_arguments(),
    )
    params.tree = params.tree or GZ2
    if params.calibrate and not params.validation_fraction:
        raise ValueError("calibrate=True needs a validation_fraction above 0.")
    if params.checkpoint is not None and params.warm_start:
        raise ValueError("checkpoint needs warm_start=False: it holds one training as a whole.")
    if params.jit_compile is True and augments(params) and backend() == "tensorflow":
        raise ValueError(
            "jit_compile=True needs rotation=0, shift=0, zoom=0 and flip=None on TensorFlow, whose "
            "image warp XLA does not know."
        )
    return params


def fit_data(X, y, sample_weight=None):
    """Return what a ``fit`` was given, as scikit-learn's callbacks are told of it."""
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    return {"X": X, "y": y, "metadata": metadata}


def to_tensor(estimator, X, *, image_shape, reset):
    """Bring images or flattened rows into the tensor that a network reads.

    Parameters
    ----------
    estimator : estimator
        Keeps the images' shape as ``image_shape_in_``, their brightest pixel as
        ``brightest_in_``, and what scikit-learn keeps of rows.
    X : array-like
        Images or flattened rows.
    image_shape : tuple of int or None
        Shape of the image in a flattened row.
    reset : bool
        Whether the shape is kept; otherwise it must be the one that was.

    Returns
    -------
    ndarray of float32, shape (n_galaxies, height, width, n_channels)
        The tensor; of float16 or uint8 if X is, to be turned into float32 batch by batch.

    Raises
    ------
    ValueError
        If X holds no images, or images of another shape than those seen in ``fit``, or with
        pixels outside 0-1 where those were scaled to it.
    """
    if getattr(X, "ndim", 2) <= 2 and np.ndim(first_element(X)) < 2:
        X = validate_data(estimator, X, reset=reset)
    elif reset:
        for name in ("n_features_in_", "feature_names_in_"):
            vars(estimator).pop(name, None)
    dtype = str(getattr(X, "dtype", "float32"))
    collect = FlattenToTensor(
        dtype=dtype if dtype in ("float16", "uint8") else "float32", image_shape=image_shape
    )
    tensor = collect.fit_transform(X)
    if reset:
        estimator.image_shape_in_ = tensor.shape[1:]
        estimator.brightest_in_ = float(_as_float(tensor.max()))
        return tensor
    check_as_fitted(estimator, tensor)
    if tensor.shape[1:] != estimator.image_shape_in_:
        raise ValueError(
            f"X holds images of shape {tensor.shape[1:]} (height, width, channels), but this "
            f"{type(estimator).__name__} was fitted on images of shape "
            f"{estimator.image_shape_in_}."
        )
    _compare_scales(estimator, tensor)
    return tensor


def check_as_fitted(estimator, tensor, names=None):
    """Refuse images in other channels than those of the fit, or not scaled to 0-1 as those were.

    Parameters
    ----------
    estimator : estimator
        See `to_tensor`.
    tensor : ndarray of shape (n_galaxies, height, width, n_channels)
        Images.
    names : sequence of str, optional
        The files that they are from, for the error.

    Raises
    ------
    ValueError
        The message names the first such image.
    """

    def name(i):
        return f"X, image {i}" if names is None else names[i]

    fitted_on = f"on which this {type(estimator).__name__} was fitted"
    fitted, found = estimator.image_shape_in_[-1], tensor.shape[-1]
    # Of arrays one cannot tell.
    may_be_fits = names is None or any(".fit" in str(name).lower() for name in names)
    hint = FOR_BANDS if fitted == COLOURS and may_be_fits else ""
    if found != fitted:
        raise ValueError(
            f"{name(0)}: expected {_channels(fitted)}, {fitted_on}, found {_channels(found)}.{hint}"
        )
    brightest = getattr(estimator, "brightest_in_", None)
    if brightest is None or abs(brightest - 1) > ROUNDING:
        return
    axes = tuple(range(1, tensor.ndim))
    least, most = (_as_float(pixels) for pixels in (tensor.min(axis=axes), tensor.max(axis=axes)))
    outside = (least < -ROUNDING) | (most > 1 + ROUNDING)
    if outside.any():
        i = int(outside.argmax())
        raise ValueError(
            f"{name(i)}: expected pixels of 0 to 1, {fitted_on}, found {least[i]:.3g} to "
            f"{most[i]:.3g}. Integers are scaled to that, floats are taken as they are.{hint}"
        )


def _channels(number):
    return "one channel" if number == 1 else f"{number} channels"


def _compare_scales(estimator, tensor):
    """Warn of images that seem to be in other units than those of the fit."""
    before, brightest = getattr(estimator, "brightest_in_", None), _as_float(tensor.max())
    if before is None:  # not known of files of version 0.1.0
        return
    # A faint image is no sign of other units, but one of 0-1 after images of 0-255 is.
    if brightest > before * OTHER_UNITS > 0 or (before >= OTHER_UNITS and 0 < brightest <= 1):
        warnings.warn(
            f"The brightest pixel of X is {brightest:.3g}, that of the images that this "
            f"{type(estimator).__name__} was fitted on {before:.3g}. If they are in other units, "
            "the predictions are wrong: integers are scaled to 0-1, floats are taken as they are.",
            UserWarning,
            stacklevel=4,
        )


def _as_float(pixels):
    return batch_as_float32(pixels).astype(float)


def _found(cls, name):
    for base in cls.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None
