"""Well-known networks from `keras.applications`."""

from functools import partial
from pathlib import Path

# The function, the minimum side of an image, and the scale and offset that map pixels of 0-1 to the
# range that published weights expect. EfficientNet and ConvNeXt take 0-255.
KNOWN = {
    "xception": ("Xception", 71, (2.0, -1.0)),
    "resnet50": ("ResNet50V2", 32, (2.0, -1.0)),
    "efficientnet_b0": ("EfficientNetB0", 32, (255.0, 0.0)),
    "convnext_tiny": ("ConvNeXtTiny", 32, (255.0, 0.0)),
}


def application(
    name, input_shape, n_outputs, activation="sigmoid", *, weights=None, dropout=0.3, pooling="avg"
):
    """Build a network of `keras.applications` with a new output.

    Images that are too small for it are enlarged; a gray image becomes three equal channels.

    Parameters
    ----------
    name : {"xception", "resnet50", "efficientnet_b0", "convnext_tiny"}
        Name of the network. "resnet50" is ResNet50V2.
    input_shape : tuple of int
        (height, width, n_channels) with 1 or 3 channels.
    n_outputs : int
        Number of outputs.
    activation : str, default="sigmoid"
        Activation of the outputs.
    weights : str, optional
        File of weights for the network without its top, such as Keras' ``*_notop.h5`` files.
        By default the weights are random. Nothing is downloaded.
    dropout : float, default=0.3
        Fraction of the features dropped before the output.
    pooling : {"avg", "max"}, default="avg"
        Global pooling of the features: their average or their maximum over the image.

    Returns
    -------
    keras.Model
        The uncompiled network.

    Raises
    ------
    ValueError
        If there are neither 1 nor 3 channels, or the weights do not fit.
    FileNotFoundError
        If the file of weights does not exist.
    """
    import keras
    from keras import layers

    function, min_side, (scale, offset) = KNOWN[name]
    height, width, channels = input_shape
    if channels not in (1, 3):
        raise ValueError(f"{name} needs images of 1 or 3 channels, got {channels}.")
    if weights is not None and not Path(weights).is_file():
        raise FileNotFoundError(f"{name}: there is no file of weights {weights!r}.")
    x = inputs = keras.Input(input_shape)
    if min(height, width) < min_side:
        factor = min_side / min(height, width)
        height, width = round(factor * height), round(factor * width)
        x = layers.Resizing(height, width)(x)
    if channels == 1:
        x = layers.Concatenate()([x, x, x])
    x = layers.Rescaling(scale, offset)(x)
    tower = getattr(keras.applications, function)(
        include_top=False, weights=weights, input_shape=(height, width, 3), pooling=pooling
    )
    x = layers.Dropout(dropout)(tower(x))
    # float32 under any dtype policy: fractions need more than bfloat16's 8 bits of precision.
    outputs = layers.Dense(n_outputs, activation=activation, dtype="float32")(x)
    return keras.Model(inputs, outputs, name=f"galaxy_{name}")


APPLICATIONS = {name: partial(application, name) for name in KNOWN}
