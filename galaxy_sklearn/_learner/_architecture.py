"""Networks to text and weights, and back: what a saved estimator holds."""

import importlib
import inspect
import json

import keras
import numpy as np

import galaxy_sklearn.networks  # noqa: F401 - registers our own layers with Keras
from galaxy_sklearn._compat import all_layers
from galaxy_sklearn._models import UNTRUSTED

# Keras finds these by itself.
KNOWN = ("keras.", "galaxy_sklearn.")
# What networks may be made of that come from anybody. Other layers of Keras read files or hold
# code.
SAFE_LAYERS = {
    *("Activation", "Add", "Average", "AveragePooling2D", "BatchNormalization", "Concatenate"),
    *("Conv2D", "Cropping2D", "Dense", "DepthwiseConv2D", "Dropout", "ELU", "Flatten"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D"),
    *("GlobalMaxPooling2D", "GroupNormalization", "InputLayer", "LayerNormalization"),
    *("LeakyReLU", "MaxPooling2D", "Maximum", "Multiply", "Normalization", "PReLU", "ReLU"),
    *("Rescaling", "Reshape", "SeparableConv2D", "Softmax", "SpatialDropout2D", "Subtract"),
    *("UpSampling2D", "ZeroPadding2D"),
}
SAFE = {
    "keras": {"DTypePolicy", "Functional", "Sequential"},
    "keras.layers": SAFE_LAYERS,
    "keras.src.models.functional": {"Functional"},
    "keras.src.models.sequential": {"Sequential"},
    "keras.src.ops.numpy": {"Add", "Multiply"},
    "keras.src.applications.convnext": {"LayerScale", "StochasticDepth"},
    "galaxy_sklearn.networks._group": {"GroupConv2D"},
    "galaxy_sklearn.networks._layers": {"JoinViews", "QuestionSoftmax", "Views"},
}
SAFE_MODULES = ("keras.initializers", "keras.regularizers", "keras.constraints")


def to_state(model):
    """Return what a network is rebuilt from.

    Parameters
    ----------
    model : keras.Model
        The network.

    Returns
    -------
    dict
        ``architecture``, JSON text; ``custom_objects``, the places (``"module:name"``) of layers
        and functions that are not Keras'; ``weights``, arrays.
    """
    return {
        "architecture": model.to_json(),
        "custom_objects": _places(custom_objects(model)),
        "weights": model.get_weights(),
    }


def from_state(state):
    """Rebuild a network.

    Parameters
    ----------
    state : dict
        What `to_state` returned.

    Returns
    -------
    keras.Model
        The network.
    """
    # Files of version 0.1.0 name no custom objects.
    places = state.get("custom_objects", {})
    if UNTRUSTED.get():
        _check_safe(json.loads(state["architecture"]), places)
        if not all(np.isfinite(w).all() for w in state["weights"]):
            raise ValueError("its network has weights that are NaN or infinite")
    return _rebuild(state, {name: _look_up(place) for name, place in places.items()})


def _rebuild(state, custom):
    model = keras.models.model_from_json(state["architecture"], custom_objects=custom)
    model.set_weights(state["weights"])
    return model


def _check_safe(architecture, places):
    """Refuse a network that is not made of known layers, before any is built."""
    if places:
        raise ValueError(f"its network needs {sorted(places.values())[0]}")
    pending = [architecture]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            name, module = part.get("class_name"), part.get("module")
            safe = name in (None, "__keras_tensor__") or (
                (module in SAFE_MODULES or name in SAFE.get(module, ()))
                # Keras looks for this name first.
                and part.get("registered_name") in (None, name, f"galaxy_sklearn>{name}")
            )
            if not safe:
                raise ValueError(f"its network has a layer or function {module}.{name}")
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)


def check_can_be_imported(function):
    """Refuse a function that builds networks if a saved estimator could not name it.

    Parameters
    ----------
    function : callable
        The function.

    Raises
    ------
    ValueError
        If it is a lambda or defined inside another function.
    """
    if inspect.isfunction(function) and not _places({"network": function}):
        raise ValueError(
            f"network is {function.__qualname__!r}, which cannot be imported: the estimator could "
            "not be saved. Define it at the top level of a module."
        )


def check_can_be_saved(model):
    """Rebuild a network, to find out before the training whether that will be possible after it.

    Parameters
    ----------
    model : keras.Model
        The network.

    Raises
    ------
    ValueError
        If a layer or function cannot be imported, or the rebuilt network computes something
        else. The message says what to do.
    """
    custom = custom_objects(model)
    places = _places(custom)
    lost = sorted(custom.keys() - places.keys())
    advice = (
        "Define layers and functions at the top level of a module, layers with a get_config that "
        "returns all arguments of __init__."
    )
    image = np.random.default_rng(0).random((1, *model.input_shape[1:]), dtype=np.float32)
    try:
        again = _rebuild(to_state(model), {name: custom[name] for name in places})
        found = [keras.ops.convert_to_numpy(m(image, training=False)) for m in (model, again)]
    except Exception as error:
        cause = str(error).strip().partition("\n")[0] or f"{type(error).__name__}."
        if lost:
            cause = f"{lost[0]!r} cannot be imported (a lambda, or defined inside a function)."
        raise ValueError(f"The network cannot be saved and loaded: {cause} {advice}") from error
    if not np.allclose(*found, rtol=1e-3, atol=1e-5, equal_nan=True):
        raise ValueError(
            f"The network computes something else once it is saved and loaded. {advice}"
        )


def custom_objects(model):
    """Return the classes and functions of a network that are not Keras', by name."""
    custom = {}
    for layer in all_layers(model):
        # Keras wraps methods, such as build, in attributes of their names.
        own = [value for name, value in vars(layer).items() if not hasattr(type(layer), name)]
        for value in (layer, *own):
            # Activations are functions; initializers, regularizers and the like are objects.
            kind = value if inspect.isfunction(value) else type(value)
            is_part = inspect.isfunction(value) or hasattr(value, "get_config")
            if is_part and not kind.__module__.startswith(KNOWN):
                custom[kind.__name__] = kind
    return custom


def _places(custom):
    """Return where classes and functions can be imported from; without those that cannot."""
    places = {}
    for name, kind in custom.items():
        place = f"{kind.__module__}:{kind.__qualname__}"
        if kind.__module__ == "__main__" and "<" not in kind.__qualname__:
            # Of the user's script or notebook, which is not the main module of a worker process.
            places[name] = place
            continue
        try:
            found = _look_up(place)
        except (ImportError, AttributeError):
            continue
        if found is kind:
            places[name] = place
    return places


def _look_up(place):
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found
