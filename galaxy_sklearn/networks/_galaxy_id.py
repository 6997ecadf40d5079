"""The reference network."""


def galaxy_id(
    input_shape,
    n_outputs,
    activation="sigmoid",
    *,
    filters=(64, 128, 256, 256),
    dense_units=(2048, 2048),
    dropout=(0.5, 0.5, 0.25),
):
    """Build the network of GalaxyID [1]_, the reference of this package.

    It has four convolutions, three poolings and two hidden dense layers.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, n_channels), at least 12 pixels high and wide.
    n_outputs : int
        Number of outputs.
    activation : str, default="sigmoid"
        Activation of the outputs.
    filters : tuple of four ints, default=(64, 128, 256, 256)
        Number of filters of each convolution.
    dense_units : tuple of two ints, default=(2048, 2048)
        Number of units of each hidden dense layer.
    dropout : float or tuple of three floats, default=(0.5, 0.5, 0.25)
        Fraction of units dropped before, between and after the hidden dense layers, or one number
        for all three.

    Returns
    -------
    keras.Model
        The uncompiled network.

    Raises
    ------
    ValueError
        If an argument has the wrong length or the images are too small.

    References
    ----------
    .. [1] T. Childers, GalaxyID (galaxyzoo2). This follows its code, which has three dropouts; its
       description mentions two.

    Examples
    --------
    >>> from galaxy_sklearn.networks import galaxy_id
    >>> model = galaxy_id((16, 16, 3), 37, filters=(4, 4, 8, 8), dense_units=(16, 16))
    >>> model.output_shape
    (None, 37)
    """
    import keras
    from keras import layers

    rates = tuple(dropout) if isinstance(dropout, (tuple, list)) else (dropout,) * 3
    for name, value, length in (
        ("filters", filters, 4),
        ("dense_units", dense_units, 2),
        ("dropout", rates, 3),
    ):
        if len(value) != length:
            raise ValueError(f"galaxy_id: {name} must hold {length} numbers, got {value!r}.")
    if min(input_shape[:2]) < 12:
        raise ValueError(
            "galaxy_id needs images of at least 12 x 12 pixels for its three poolings, got "
            f"{input_shape[0]} x {input_shape[1]}."
        )
    first, second, third, fourth = filters
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(first, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(second, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(third, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(fourth, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(rates[0])(x)
    x = layers.Dense(dense_units[0], activation="relu")(x)
    x = layers.Dropout(rates[1])(x)
    x = layers.Dense(dense_units[1], activation="relu")(x)
    x = layers.Dropout(rates[2])(x)
    # float32 under any dtype policy: fractions need more than bfloat16's 8 bits of precision.
    outputs = layers.Dense(n_outputs, activation=activation, dtype="float32")(x)
    return keras.Model(inputs, outputs, name="galaxy_id")
