"""A network small enough for tests of logic, and a classifier for scikit-learn's checks."""

from galaxy_sklearn import GalaxyClassifier


def tiny(input_shape, n_outputs, activation, *, units=16, dropout=0.0):
    import keras

    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Dense(units, activation="relu")(x)
    if dropout:
        x = keras.layers.Dropout(dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(n_outputs, activation=activation)(x))


CHECKED = GalaxyClassifier(
    network=tiny,
    learning_rate=0.02,
    schedule="constant",
    weight_decay=0,
    weight_average=0,
    epochs=15,
    validation_fraction=0,
    rotation=0,
    shift=0,
    zoom=0,
    flip=None,
    symmetric=False,
    run_eagerly=True,
)
# Of the classifier, and of the ensemble of classifiers.
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "trained on shuffled batches: a galaxy of weight 2 makes other batches than one given twice"
    ),
    "check_classifier_multioutput": "several columns are the votes of a tree's answers, no labels",
}
