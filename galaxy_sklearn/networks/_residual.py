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
    """Build a residual network with batch normalization and global average pooling.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, n_channels), of any size.
    n_outputs : int
        Number of outputs.
    activation : str, default="sigmoid"
        Activation of the outputs.
    filters : tuple of int, default=(32, 64, 128, 256)
        Number of filters of each stage. Each stage halves the resolution.
    blocks : int, default=1
        Number of residual blocks of each stage, with two convolutions each.
    dropout : float, default=0.3
        Fraction of the features dropped before the output.

    Returns
    -------
    keras.Model
        The uncompiled network.

    References
    ----------
    .. [1] He et al. 2016, CVPR, 770, for the blocks; He et al. 2019, CVPR, 558, for the
       average pooling on the shortcuts (ResNet-D).

    Examples
    --------
    >>> from galaxy_sklearn.networks import residual
    >>> model = residual((16, 16, 3), 37, filters=(4, 8))
    >>> model.output_shape
    (None, 37)
    """
    import keras
    from keras import layers

    def convolve(x, n, size=3, strides=1, activation="relu"):
        x = layers.Conv2D(n, size, strides, padding="same", use_bias=False)(x)
        # With a few thousand galaxies an epoch has too few steps for a momentum of 0.99.
        x = layers.BatchNormalization(momentum=0.9)(x)
        return layers.Activation(activation)(x) if activation else x

    def block(x, n, strides):
        shortcut = x
        if strides > 1:
            shortcut = layers.AveragePooling2D(strides, padding="same")(shortcut)
        if x.shape[-1] != n:
            shortcut = convolve(shortcut, n, size=1, activation=None)
        x = convolve(convolve(x, n, strides=strides), n, activation=None)
        return layers.Activation("relu")(layers.Add()([x, shortcut]))

    inputs = keras.Input(input_shape)
    x = convolve(inputs, filters[0], size=5, strides=2)
    for stage, n in enumerate(filters):
        for i in range(blocks):
            x = block(x, n, strides=2 if stage > 0 and i == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    # float32 under any dtype policy: fractions need more than bfloat16's 8 bits of precision.
    outputs = layers.Dense(n_outputs, activation=activation, dtype="float32")(x)
    return keras.Model(inputs, outputs, name="residual")
