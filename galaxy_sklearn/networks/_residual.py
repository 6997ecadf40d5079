"""A small residual network."""


def residual(
    input_shape,
    n_outputs,
    activation="sigmoid",
    *,
    filters=(32, 64, 128, 256),
    blocks=1,
    dropout=0.3,
):
    """Build a residual network with batch normalization and an average over the image.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, n_channels), of any size.
    n_outputs : int
        Number of outputs.
    activation : str, default="sigmoid"
        Activation of the outputs.
    filters : tuple of int, default=(32, 64, 128, 256)
        Number of filters of each stage. A stage has half the resolution of the one before,
        the first one half that of the image.
    blocks : int, default=1
        Residual blocks a stage, of two convolutions each.
    dropout : float, default=0.3
        Fraction of the features dropped before the output.

    Returns
    -------
    keras.Model
        The uncompiled network.

    References
    ----------
    .. [1] He et al. 2016, CVPR, 770, for the blocks; He et al. 2019, CVPR, 558, for the
       average pooling on the short cuts (ResNet-D).
    """
    import keras
    from keras import layers

    def convolve(x, n, size=3, strides=1, activation="relu"):
        x = layers.Conv2D(n, size, strides, padding="same", use_bias=False)(x)
        # A set of a few thousand galaxies has too few steps an epoch for a momentum of 0.99.
        x = layers.BatchNormalization(momentum=0.9)(x)
        return layers.Activation(activation)(x) if activation else x

    def block(x, n, strides):
        short = x
        if strides > 1:
            short = layers.AveragePooling2D(strides, padding="same")(short)
        if x.shape[-1] != n:
            short = convolve(short, n, size=1, activation=None)
        x = convolve(convolve(x, n, strides=strides), n, activation=None)
        return layers.Activation("relu")(layers.Add()([x, short]))

    inputs = keras.Input(input_shape)
    x = convolve(inputs, filters[0], size=5, strides=2)
    for stage, n in enumerate(filters):
        for i in range(blocks):
            x = block(x, n, strides=2 if stage > 0 and i == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    # In single precision under any dtype policy: fractions need more than bfloat16's 8 bits.
    outputs = layers.Dense(n_outputs, activation=activation, dtype="float32")(x)
    return keras.Model(inputs, outputs, name="residual")
