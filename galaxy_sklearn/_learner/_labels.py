"""Class labels as a target."""

import keras
import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from galaxy_sklearn._learner._calibration import fit_temperature, tempered
from galaxy_sklearn._learner._conformal import threshold


class LabelTarget:
    """One class label a galaxy.

    Parameters
    ----------
    y : array-like of shape (n_galaxies,)
        Labels, or the classes.
    loss : str
        See `GalaxyClassifier`.
    """

    activation = "softmax"
    n_views = 1
    loss = "categorical_crossentropy"
    form = None

    def __init__(self, y, loss):
        if loss not in ("auto", self.loss):
            raise ValueError(
                f"loss for class labels must be 'auto' or {self.loss!r}, got {loss!r}."
            )
        self.encoder = LabelEncoder().fit(_labels(y))
        self.classes = self.encoder.classes_
        if len(self.classes) < 2:
            raise ValueError(
                f"y holds only 1 class, {self.classes.tolist()[0]!r}; at least 2 classes are "
                "needed."
            )
        self.reset_calibration()

    def add_head(self, model):
        return model

    def encode(self, y, smoothing=0.0):
        certain = np.eye(len(self.classes), dtype=np.float32)[self.encoder.transform(_labels(y))]
        return certain + np.float32(smoothing) * (1 / np.float32(len(self.classes)) - certain)

    def class_weights(self, class_weight, encoded):
        """Return (weight of each answer or None, weight of each galaxy or None)."""
        if class_weight is None:
            return None, None
        codes = encoded.argmax(axis=1)
        if not isinstance(class_weight, str):
            check_class_weight(class_weight, self.classes)
            weights = np.array([class_weight.get(label, 1.0) for label in self.classes.tolist()])
            return None, weights[codes]
        present = np.unique(codes)
        weights = np.ones(len(self.classes))
        weights[present] = compute_class_weight(class_weight, classes=present, y=codes)
        return None, weights[codes]

    def keras_loss(self, question_weight, answer_weight):
        return self.loss

    def reset_calibration(self):
        """Forget the temperature, and the errors."""
        self.temperature = 1.0
        self.errors = None

    def make_metrics(self):
        return [keras.metrics.CategoricalAccuracy(name="accuracy")]

    def calibrate(self, outputs, encoded):
        """Choose the temperature that makes the labels most probable."""
        self.temperature = fit_temperature(outputs, encoded)

    def find_errors(self, outputs, codes):
        """Keep how improbable the labels of galaxies set aside were, in ascending order."""
        probabilities = self.probabilities(outputs)
        self.errors = np.sort(1 - probabilities[np.arange(len(codes)), codes])

    def intervals(self, outputs, coverage, kind):
        raise ValueError(
            "predict_interval needs a classifier of votes; this one learned labels: use "
            "predict_set."
        )

    def sets(self, outputs, coverage):
        """Tell which classes a galaxy may belong to, (n_galaxies, n_classes).

        The sets of Sadinle, Lei & Wasserman 2019, JASA 114, 223, with the most probable class in
        each.
        """
        probabilities = self.probabilities(outputs)
        limit = threshold(check_errors(self, "predict_set"), coverage)
        most = probabilities == probabilities.max(axis=1, keepdims=True)
        return most | (1 - probabilities <= limit)

    def probabilities(self, outputs):
        return outputs if self.temperature == 1 else tempered(outputs, self.temperature)

    def to_predictions(self, probabilities):
        return self.encoder.inverse_transform(probabilities.argmax(axis=1))

    def truth(self, y):
        """Return the positions of the labels among the classes."""
        return self.encoder.transform(_labels(y))

    def score(self, y, probabilities, sample_weight):
        return accuracy_score(y, self.to_predictions(probabilities), sample_weight=sample_weight)


def check_errors(target, method):
    """Return the errors of galaxies set aside."""
    errors = getattr(target, "errors", None)  # files of version 0.1.0 have none
    if errors is None:
        raise ValueError(
            f"{method} needs galaxies set aside in `fit` (validation_fraction above 0), and no "
            "`partial_fit` after it."
        )
    return errors


def check_class_weight(class_weight, classes):
    """Return a dict of class weights; refuse other values and unknown classes."""
    if not isinstance(class_weight, dict):
        raise ValueError(f"class_weight must be 'balanced', a dict or None, got {class_weight!r}.")
    unknown = [name for name in class_weight if name not in classes]
    if unknown:
        raise ValueError(
            f"class_weight names {unknown[0]!r}, which is not among the classes "
            f"({', '.join(map(repr, classes[:3]))}, ...)."
        )
    return class_weight


def _labels(y):
    labels = column_or_1d(y, warn=True)
    check_classification_targets(labels)
    return labels
