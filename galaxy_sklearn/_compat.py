"""What we use of other packages that they do not call public, with the reason.

Each has no public counterpart. If one moves, it is mended here.
"""

from sklearn.base import BaseEstimator

# What `make_scorer` returns: a scorer of its kind sees the estimator, shares predictions with the
# other scorers of a search and takes part in metadata routing.
from sklearn.metrics._scorer import _Scorer as Scorer

# scikit-learn's own way to declare what a parameter may be.
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

# Dtype, shape and sign of sample weights, and the messages that its checks expect.
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "HasMethods",
    "Interval",
    "Scorer",
    "StrOptions",
    "all_layers",
    "check_feature_names_in",
    "check_sample_weight",
    "output_container",
    "parameter_names",
    "seed_states",
]


def parameter_names(cls):
    """Return the parameters in a class's signature, whatever its base classes make of them."""
    return BaseEstimator._get_param_names.__func__(cls)


def output_container(estimator):
    """Return the container that ``set_output`` chose for an estimator, None if it did not."""
    return getattr(estimator, "_sklearn_output_config", {}).get("transform")


def all_layers(model):
    """Return the layers of a Keras model, nested ones included. ``model.layers`` has the outer."""
    return list(model._flatten_layers(include_self=False))


def seed_states(layers):
    """Return the variables that hold the random state of Keras layers, such as dropout."""
    return [layer.seed_generator.state for layer in layers if hasattr(layer, "seed_generator")]
