"""Networks as users write them: with their own layers and functions, in Keras' three ways."""

import keras
from keras import ops


class Scale(keras.layers.Layer):
    """Multiplies by a factor and adds what it learns; Keras remembers the argument by itself."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.offset = self.add_weight(shape=(input_shape[-1],), name="offset")

    def call(self, x):
        return self.factor * x + self.offset


class Forgetful(keras.layers.Layer):
    """Its get_config leaves out what it was made with."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return {"name": self.name}


class Whole(keras.Model):
    """A subclassed model."""

    def __init__(self, n_outputs, activation, **kwargs):
        super().__init__(**kwargs)
        self.n_outputs, self.activation = n_outputs, activation
        self.flatten = keras.layers.Flatten()
        self.hidden = keras.layers.Dense(6, activation="relu")
        self.out = keras.layers.Dense(n_outputs, activation=activation)

    def call(self, x):
        return self.out(self.hidden(self.flatten(x)))

    def get_config(self):
        return {
            **super().get_config(),
            "n_outputs": self.n_outputs,
            "activation": self.activation,
        }


def swish2(x):
    return x * ops.sigmoid(2 * x)


def own_layers(input_shape, n_outputs, activation):
    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(Scale(3.0)(inputs))
    x = keras.layers.Dense(6, activation=swish2)(x)
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))


def sequential(input_shape, n_outputs, activation):
    return keras.Sequential(
        [
            keras.layers.Flatten(),
            keras.layers.Dense(6, activation="relu"),
            keras.layers.Dense(n_outputs, activation=activation),
        ]
    )


def sequential_with_input(input_shape, n_outputs, activation):
    return keras.Sequential(
        [keras.Input(input_shape), *sequential(input_shape, n_outputs, activation).layers]
    )


def subclassed(input_shape, n_outputs, activation):
    return Whole(n_outputs, activation)


def with_lambda_layer(input_shape, n_outputs, activation):
    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(keras.layers.Lambda(lambda x: 2 * x)(inputs))
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))


def with_closure(input_shape, n_outputs, activation):
    def twice(x):
        return 2 * x

    inputs = keras.Input(input_shape)
    x = keras.layers.Dense(6, activation=twice)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))


def with_local_layer(input_shape, n_outputs, activation):
    class Local(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(Local()(inputs))
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))


def with_forgetful_layer(input_shape, n_outputs, activation):
    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(Forgetful(3.0)(inputs))
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))


def with_other_outputs(input_shape, n_outputs, activation):
    return sequential(input_shape, n_outputs + 1, activation)


def without_activation(input_shape, n_outputs, activation):
    return sequential(input_shape, n_outputs, None)
