"""The network that won the Galaxy Challenge."""


def dieleman2015(
    input_shape,
    n_outputs,
    activation="sigmoid",
    *,
    filters=(32, 64, 128, 128),
    dense_units=(2048, 2048),
    dropout=0.5,
):
    """Build the network of Dieleman et al., which won the Galaxy Challenge [1]_.

    The same convolutions are applied to 16 views of a galaxy, and their features are joined.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, n_channels); height and width are equal and at least 57, originally 69.
    n_outputs : int
        Number of outputs.
    activation : str, default="sigmoid"
        Activation of the outputs.
    filters : tuple of four ints, default=(32, 64, 128, 128)
        Number of filters of each convolution.
    dense_units : tuple of two ints, default=(2048, 2048)
        Number of maxout units of each hidden layer; each is the maximum of two linear units.
    dropout : float, default=0.5
        Fraction of units dropped before each dense layer.

    Returns
    -------
    keras.Model
        The uncompiled network.

    Raises
    ------
    ValueError
        If the images are too small or not square.

    References
    ----------
    .. [1] Dieleman, Willett & Dambre 2015, MNRAS 450, 1441, sections 5 and 6.

    Examples
    --------
    >>> from galaxy_sklearn.networks import dieleman2015
    >>> model = dieleman2015((57, 57, 3), 37, filters=(4, 4, 8, 8), dense_units=(16, 16))
    >>> model.output_shape
    (None, 37)
    """
    import keras
    from keras import layers

    from galaxy_sklearn.networks._layers import JoinViews, Views

    height, width = input_shape[:2]
    if height != width or height < 57:
        raise ValueError(
            f"dieleman2015 needs square images of at least 57 x 57 pixels, got {height} x {width}."
        )
    first, second, third, fourth = filters
    inputs = keras.Input(input_shape)
    x = Views()(inputs)
    x = layers.Conv2D(first, 6, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(second, 5, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(third, 3, activation="relu")(x)
    x = layers.Conv2D(fourth, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = JoinViews(Views.N_VIEWS)(layers.Flatten()(x))
    for units in dense_units:
        x = layers.Dropout(dropout)(x)
        x = layers.Reshape((2, units))(layers.Dense(2 * units)(x))
        x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dropout(dropout)(x)
    # float32 under any dtype policy: fractions need more than bfloat16's 8 bits of precision.
    outputs = layers.Dense(n_outputs, activation=activation, dtype="float32")(x)
    return keras.Model(inputs, outputs, name="dieleman2015")
