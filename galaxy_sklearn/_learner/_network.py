"""Networks as they are built for a target, and the part before their output."""

import os

import keras
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import gen_batches

from galaxy_sklearn._compat import all_layers, seed_states
from galaxy_sklearn._learner._architecture import (
    check_can_be_imported,
    check_can_be_saved,
    custom_objects,
)
from galaxy_sklearn._learner._loop import batch_as_float32
from galaxy_sklearn._learner._process import check_not_forked, dtype_policy, seeded
from galaxy_sklearn._models import find_model, load_model
from galaxy_sklearn.networks import get_network


def build_network(params, target, image_shape, seed, source=None):
    """Build the network of an estimator's parameters.

    Parameters
    ----------
    params : namespace
        ``network``, ``network_arguments``, ``freeze`` and ``dtype_policy``, see
        `GalaxyClassifier`.
    target : VoteTarget, LabelTarget or ViewPairs
        What it is for.
    image_shape : tuple of int
        (height, width, n_channels).
    seed : int
        Determines the weights.
    source : GalaxyClassifier or GalaxyEncoder, optional
        The fitted estimator whose features it starts from.

    Returns
    -------
    keras.Model
        The network, functional and uncompiled, with the target's output.

    Raises
    ------
    ValueError
        If the network does not give one output for each class or answer, or could not be saved.
    """
    n_outputs = len(target.classes)
    if callable(params.network):
        check_can_be_imported(params.network)
    with seeded(seed), dtype_policy(params.dtype_policy):
        if source is not None:
            network = start_from(
                source, image_shape, n_outputs, target.activation, freeze=params.freeze
            )
            return target.add_head(network)
        build = get_network(params.network)
        network = build(image_shape, n_outputs, target.activation, **params.network_arguments)
        network = _functional(network, image_shape)
        if network.output_shape != (None, n_outputs):
            raise ValueError(
                f"network {getattr(build, '__name__', build)!r} gives outputs of shape "
                f"{network.output_shape}, expected (None, {n_outputs})."
            )
        if callable(params.network):
            _check_activation(network, target.activation)
            check_can_be_saved(network)
        return target.add_head(network)


def _check_activation(network, activation):
    """Refuse a network without the activation that it was given, where its outputs tell."""
    image = np.random.default_rng(0).random((1, *network.input_shape[1:]), dtype=np.float32)
    outputs = keras.ops.convert_to_numpy(network(image, training=False))
    fits = {
        "softmax": np.allclose(outputs.sum(axis=1), 1, atol=1e-2) and (outputs >= 0).all(),
        "sigmoid": ((outputs >= 0) & (outputs <= 1)).all(),
        "exponential": (outputs >= 0).all(),
    }
    if not fits.get(activation, True):
        raise ValueError(
            f"The network's outputs do not have the activation {activation!r} that its function "
            f"was given: found {outputs[0, :3]}, ... Use it in the last layer."
        )


def _functional(network, image_shape):
    """Return a network with a known graph: a Sequential layer by layer, others in one piece."""
    is_sequential = isinstance(network, keras.Sequential)
    if is_sequential and network.built:
        return keras.Model(network.inputs[0], network.outputs[0], name=network.name)
    if _has_graph(network):
        return network
    outputs = inputs = keras.Input(image_shape)
    for piece in network.layers if is_sequential else [network]:
        outputs = piece(outputs)
    return keras.Model(inputs, outputs, name=network.name)


def _has_graph(network):
    # What a functional model has, and a subclassed one has not.
    return hasattr(network, "operations")


def feature_model(model):
    """Return the part of a network up to its last layer that has weights.

    It shares the layers of the network.

    Raises
    ------
    ValueError
        If that layer is a subclassed model, whose own layers are not known.
    """
    head = [layer for layer in model.layers if layer.weights][-1]
    features = head.input
    if isinstance(head, keras.Model):
        if not _has_graph(head):
            raise ValueError(
                f"The features of the network are unknown: {type(head).__name__} is a subclassed "
                "model. Build it with Keras' functional API or as a Sequential."
            )
        features = feature_model(head)(features)
    return keras.Model(model.input, features)


def find_fitted(pretrained):
    """Return the fitted estimator that a user may name in several ways.

    Parameters
    ----------
    pretrained : str, FrozenEstimator, Pipeline, GalaxyClassifier or GalaxyEncoder
        What was fitted, the name of a file of it, or that of a model that the package ships.

    Returns
    -------
    GalaxyClassifier or GalaxyEncoder
        The estimator.

    Raises
    ------
    ValueError
        If there is nothing fitted.
    """
    if isinstance(pretrained, (str, os.PathLike)):
        try:
            pretrained = load_model(find_model(pretrained))
        except FileNotFoundError as error:
            raise ValueError(f"pretrained={pretrained!r}: {error}") from None
    if isinstance(pretrained, FrozenEstimator):
        pretrained = pretrained.estimator
    if isinstance(pretrained, Pipeline):
        pretrained = pretrained[-1]
    if not hasattr(pretrained, "model_"):
        raise ValueError(
            f"pretrained must be a fitted GalaxyClassifier or GalaxyEncoder, a pipeline that ends "
            f"with one, or the name of a model or file, got {pretrained!r}. Wrap an estimator in "
            "sklearn.frozen.FrozenEstimator where it is cloned, as in searches."
        )
    return pretrained


def start_from(source, image_shape, n_outputs, activation, *, freeze):
    """Build a network that begins with the features of a fitted one.

    Parameters
    ----------
    source : GalaxyClassifier or GalaxyEncoder
        The fitted estimator.
    image_shape : tuple of int
        (height, width, n_channels) of the images.
    n_outputs : int
        Number of outputs of the new network.
    activation : str
        Their activation.
    freeze : bool
        Whether only the new output is to be trained.

    Returns
    -------
    keras.Model
        The network; it shares nothing with the fitted one.

    Raises
    ------
    ValueError
        If it was fitted on images of another shape.
    """
    if source.image_shape_in_ != image_shape:
        raise ValueError(
            f"pretrained was fitted on images of shape {source.image_shape_in_} (height, width, "
            f"channels), these have {image_shape}."
        )
    with keras.saving.custom_object_scope(custom_objects(source.model_)):
        features = keras.models.clone_model(feature_model(source.model_))
    features.set_weights(feature_model(source.model_).get_weights())
    features.trainable = not freeze
    outputs = keras.layers.Dense(n_outputs, activation=activation, dtype="float32")
    return keras.Model(features.input, outputs(features.output), name=source.model_.name)


def sample_dropout(model, X, n_samples, rng, batch_size):
    """Run a network over an array again and again, each time with other units dropped.

    Returns an array of shape (n_samples, n_images, n_outputs). Batch normalization stays as in
    any prediction.
    """
    check_not_forked()
    layers = all_layers(model)
    normalizing = [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
    dropping = seed_states(layers)
    trainable = [layer.trainable for layer in normalizing]
    seeds = [seed.numpy() for seed in dropping]
    samples = np.empty((n_samples, len(X), *model.output_shape[1:]), dtype=np.float32)
    try:
        for layer in normalizing:
            layer.trainable = False
        for seed in dropping:
            drawn = rng.randint(np.iinfo(np.int32).max, size=tuple(seed.shape))
            seed.assign(drawn.astype(seed.dtype))
        for sample in samples:
            for batch in gen_batches(len(X), batch_size):
                sample[batch] = keras.ops.convert_to_numpy(
                    model(batch_as_float32(X[batch]), training=True)
                )
    finally:
        for layer, value in zip(normalizing, trainable, strict=True):
            layer.trainable = value
        for seed, value in zip(dropping, seeds, strict=True):
            seed.assign(value)
    return samples
