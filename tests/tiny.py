"""A network small enough for tests of logic."""


def tiny(input_shape, n_outputs, activation, *, units=16, dropout=0.0):
    import keras

    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Dense(units, activation="relu")(x)
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))
