"""A residual network that is equivariant under the turns and mirror images of a square."""


def equivariant(
    input_shape,
    n_outputs,
    activation="sigmoid",
    *,
    filters=(4, 10, 24, 48),
    blocks=1,
    features=192,
    dropout=0.1,
):
    """Build a residual network whose answers do not depend on the orientation of an image.

    Its convolutions have their kernels in all 8 orientations of a square, and their mean is what
    the output sees [1]_ [2]_: an image gives the same answers, to rounding, however it is turned by
    multiples of 90 degrees or mirrored. So `GalaxyClassifier` looks at each image once. It is the
    default.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, n_channels), of any size.
    n_outputs : int
        Number of outputs.
    activation : str, default="sigmoid"
        Activation of the outputs.
    filters : tuple of int, default=(4, 10, 24, 48)
        Number of filters of each stage. Each has 8 orientations, so that a stage costs as much as
        one of 8 times as many filters in `residual`, with an eighth of its weights. Each stage
        halves the resolution.
    blocks : int, default=1
        Number of residual blocks of each stage, with two convolutions each.
    features : int, default=192
        Number of features that the output sees.
    dropout : float, default=0.1
        Fraction of the features dropped before the output.

    Returns
    -------
    keras.Model
        The uncompiled network.

    References
    ----------
    .. [1] Cohen & Welling 2016, ICML, 2990.
    .. [2] Dieleman, De Fauw & Kavukcuoglu 2016, ICML, 1889.

    Examples
    --------
    >>> from galaxy_sklearn.networks import equivariant
    >>> model = equivariant((16, 16, 3), 37, filters=(2, 4))
    >>> model.output_shape
    (None, 37)
    """
    import keras
    from keras import layers

    from galaxy_sklearn.networks._group import N_ORIENTATIONS, GroupConv2D

    def normalize(x):
        # Alike in all orientations: they take the place of columns.
        height, width, n = x.shape[1:]
        y = layers.Reshape((height, width * N_ORIENTATIONS, n // N_ORIENTATIONS))(x)
        # With a few thousand galaxies an epoch has too few steps for a momentum of 0.99.
        return layers.Reshape((height, width, n))(layers.BatchNormalization(momentum=0.9)(y))

    def convolve(x, n, size=3, activation="relu", **how):
        x = normalize(GroupConv2D(n, size, **how)(x))
        return layers.Activation(activation)(x) if activation else x

    def halve(x):
        # Windows of two pixels, or three of an odd number, lie alike from either side.
        sides = x.shape[1:3]
        windows = [1 if side == 1 else 2 + side % 2 for side in sides]
        return layers.AveragePooling2D(windows, [min(side, 2) for side in sides])(x)

    def block(x, n):
        shortcut = x
        if x.shape[-1] != n * N_ORIENTATIONS:
            shortcut = convolve(shortcut, n, size=1, activation=None)
        x = convolve(convolve(x, n), n, activation=None)
        return layers.Activation("relu")(layers.Add()([x, shortcut]))

    inputs = keras.Input(input_shape)
    height, width, _ = input_shape
    if height % 2 == width % 2:
        # A strided kernel of an even size lies alike from either side of an even number of pixels.
        x = convolve(inputs, filters[0], size=6 - height % 2, strides=2, lifts=True)
    else:
        x = halve(convolve(inputs, filters[0], size=5, lifts=True))
    for stage, n in enumerate(filters):
        if stage > 0:
            x = halve(x)
        for _ in range(blocks):
            x = block(x, n)
    x = convolve(x, features, size=1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.GlobalAveragePooling1D()(layers.Reshape((N_ORIENTATIONS, features))(x))
    x = layers.Dropout(dropout)(x)
    # float32 under any dtype policy: fractions need more than bfloat16's 8 bits of precision.
    outputs = layers.Dense(n_outputs, activation=activation, dtype="float32")(x)
    return keras.Model(inputs, outputs, name="equivariant")


# An estimator looks at each image once. A function of one's own may have this attribute as well.
equivariant.is_invariant = True  # type: ignore[attr-defined]
