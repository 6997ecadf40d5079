"""
A network of your own, trained on class labels
==============================================

Any function that builds a Keras model can be the network, and one class per galaxy can take the
place of the votes. Then the classifier is an ordinary one, for all of scikit-learn's tools.
"""

# %%
# Every keyword argument of the function is a parameter that can be set and searched.

import keras
import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay, classification_report

from galaxy_sklearn import GZ2, make_galaxy_pipeline
from galaxy_sklearn.datasets import make_galaxies


def two_convolutions(input_shape, n_outputs, activation, *, width=8):
    inputs = keras.Input(input_shape)
    x = inputs
    for n_filters in (width, 2 * width):
        x = keras.layers.Conv2D(n_filters, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Dense(4 * width, activation="relu")(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))


# %%
# Four classes: what most volunteers see in each galaxy, disks of all kinds together.

images, votes = make_galaxies(600, image_size=64, random_state=0)
labels = GZ2.label(votes)
kinds = {"elliptical": "elliptical", "cigar-shaped": "cigar-shaped", "edge-on disk": "edge-on disk"}
kinds |= dict.fromkeys(["disk", "barred disk", "spiral", "barred spiral"], "face-on disk")
known = [label in kinds for label in labels]
images, labels = images[known], [kinds[label] for label in labels[known]]

pipe = make_galaxy_pipeline(random_state=0).set_params(
    resize__size=24,
    classifier__network=two_convolutions,
    classifier__network__width=16,
    classifier__epochs=25,
    classifier__learning_rate=3e-3,
    classifier__class_weight="balanced",
)
pipe.fit(images[:400], labels[:400])
predicted = pipe.predict(images[400:])
print(classification_report(labels[400:], predicted))

# %%
# Of each class, the parts that are taken for each. Classes are weighted alike (``"balanced"``),
# so the rare ones are found, and many of the frequent ellipticals are taken for them: of the
# galaxies that are called cigar-shaped, only a quarter are. Without the weights it is the other
# way round.

ConfusionMatrixDisplay.from_predictions(
    labels[400:], predicted, normalize="true", values_format=".2f", cmap="Blues", colorbar=False
)
plt.gcf().set_layout_engine("constrained")
plt.show()
