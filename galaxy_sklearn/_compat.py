"""What we use of other packages that they do not call public, with the reason.

Each has no public counterpart. If one moves, it is mended here.
"""

import inspect
import multiprocessing
from contextlib import nullcontext

from sklearn.base import BaseEstimator

# What `make_scorer` returns: a scorer of its kind sees the estimator, shares predictions with the
# other scorers of a search and takes part in metadata routing.
from sklearn.metrics._scorer import _Scorer as Scorer

# scikit-learn's own way to declare what a parameter may be.
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

# The box of an estimator in a diagram, with a line of text as `FunctionTransformer` has one.
from sklearn.utils._repr_html.estimator import _VisualBlock

# Dtype, shape and sign of sample weights, and the messages that its checks expect.
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9, where it is experimental

    class _Task:
        """A task that nobody is told of."""

        def subcontext(self, **_):
            return self

        def propagate_callback_context(self, sub_estimator):
            return nullcontext()

        def call_on_fit_task_begin(self, **_):
            return self

        def call_on_fit_task_end(self, **_):
            return False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for that of scikit-learn, without ``set_callbacks``."""

        def _init_callback_context(self, **_):
            return _Task()

    def with_callbacks(method):
        """Leave a method as it is."""
        return method


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Scorer",
    "StrOptions",
    "all_layers",
    "check_feature_names_in",
    "check_sample_weight",
    "default_parameters",
    "hide_keyword_arguments",
    "is_worker",
    "output_container",
    "parameter_names",
    "seed_states",
    "set_output_container",
    "visual_block",
    "with_callbacks",
]


def parameter_names(cls):
    """Return the parameters in a class's signature, whatever its base classes make of them."""
    return BaseEstimator._get_param_names.__func__(cls)


def default_parameters(cls):
    """Return the parameters of an estimator that have a default, with it.

    A file of an earlier version lacks the parameters that were added since.
    """
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def hide_keyword_arguments(cls):
    """Leave ``**kwargs`` out of a class's signature.

    scikit-learn's tools take every name in it for a parameter.
    """
    signature = inspect.signature(cls)
    cls.__signature__ = signature.replace(
        parameters=[p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    )
    return cls


def is_worker():
    """Whether this process is a worker of joblib's or Dask's. Neither tells by other means."""
    return multiprocessing.current_process().name.startswith(("Loky", "Dask"))


def set_output_container(estimator, container):
    """Set what `output_container` returns, as scikit-learn's own ``set_output`` does."""
    estimator._sklearn_output_config = {"transform": container}


def output_container(estimator):
    """Return the container that ``set_output`` chose for an estimator, None if it did not."""
    return getattr(estimator, "_sklearn_output_config", {}).get("transform")


def visual_block(estimator, caption):
    """Return the box of an estimator in a diagram, with a line of text below its name."""
    return _VisualBlock(
        "single",
        estimator,
        names=type(estimator).__name__,
        name_details=str(estimator),
        name_caption=caption,
    )


def all_layers(model):
    """Return the layers of a Keras model, nested ones included. ``model.layers`` has the outer."""
    return list(model._flatten_layers(include_self=False))


def seed_states(layers):
    """Return the variables that hold the random state of Keras layers, such as dropout."""
    return [layer.seed_generator.state for layer in layers if hasattr(layer, "seed_generator")]
