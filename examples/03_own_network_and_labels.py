"""A user-defined network, trained on class labels instead of vote fractions."""

import keras
from sklearn.metrics import classification_report

from galaxy_sklearn import GZ2, make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies


def residual(input_shape, n_outputs, activation, *, width=8):
    """Build one residual block. Every keyword argument can be set and searched."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(width, 3, strides=2, padding="same", activation="relu")(inputs)
    y = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.add([x, y]))
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))


images, votes = make_galaxies(200, image_size=64, random_state=0)
labels = GZ2.label(votes)

pipe = make_galaxy_pipeline(random_state=0).set_params(
    resize__size=32,
    classifier__network=residual,
    classifier__network__width=16,
    classifier__epochs=3,
    classifier__class_weight="balanced",
)
pipe.fit(images[:150], labels[:150])
print(classification_report(labels[150:], pipe.predict(images[150:]), zero_division=0))
