"""The part of a network before its output: for `transform`, and to start other networks from."""

import os

import keras
import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import gen_batches


def feature_model(model):
    """Return the part of a network up to its last layer that has weights.

    It shares the layers of the network.
    """
    head = [layer for layer in model.layers if layer.weights][-1]
    return keras.Model(model.input, head.input)


def find_fitted(pretrained):
    """Return the fitted classifier that a user may name in several ways.

    Parameters
    ----------
    pretrained : str, FrozenEstimator, Pipeline, GalaxyClassifier or GalaxyEncoder
        What was fitted, or the joblib file of it.

    Returns
    -------
    GalaxyClassifier
        The classifier.

    Raises
    ------
    ValueError
        If there is nothing fitted.
    """
    if isinstance(pretrained, (str, os.PathLike)):
        import joblib

        try:
            pretrained = joblib.load(pretrained)
        except FileNotFoundError:
            raise ValueError(f"pretrained={pretrained!r}: there is no such file.") from None
    if isinstance(pretrained, FrozenEstimator):
        pretrained = pretrained.estimator
    if isinstance(pretrained, Pipeline):
        pretrained = pretrained[-1]
    pretrained = getattr(pretrained, "estimator_", pretrained)  # a GalaxyEncoder's
    if not hasattr(pretrained, "model_"):
        raise ValueError(
            f"pretrained must be a fitted GalaxyClassifier or a pipeline that ends with one, or a "
            f"joblib file of such, got {pretrained!r}. Wrap it in sklearn.frozen.FrozenEstimator "
            "where the estimator is cloned, as in searches."
        )
    return pretrained


def start_from(source, image_shape, n_outputs, activation, *, freeze):
    """Build a network that begins with the features of a fitted one.

    Parameters
    ----------
    source : GalaxyClassifier
        What was fitted.
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
    layers = list(model._flatten_layers())
    normalizing = [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
    dropping = [x.seed_generator.state for x in layers if hasattr(x, "seed_generator")]
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
                sample[batch] = keras.ops.convert_to_numpy(model(X[batch], training=True))
    finally:
        for layer, value in zip(normalizing, trainable, strict=True):
            layer.trainable = value
        for seed, value in zip(dropping, seeds, strict=True):
            seed.assign(value)
    return samples
