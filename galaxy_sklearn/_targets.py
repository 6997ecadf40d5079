"""The two kinds of targets: vote fractions and class labels.

Everything in which `GalaxyClassifier` treats them differently is here. Both classes have the
same methods: ``encode`` targets for the network, say how to train (``activation``,
``keras_loss``, ``make_metric``, ``balance``) and turn outputs into answers (``probabilities``,
``decide``, ``score``).
"""

import numpy as np
from sklearn.metrics import accuracy_score, r2_score
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from galaxy_sklearn.votes import check_votes


def make_target(y, tree, classes=None):
    """Choose the kind of target: labels for one column, vote fractions for more."""
    if np.ndim(y) == 1 or np.shape(y)[1:] == (1,):
        return LabelTarget(y if classes is None else classes)
    return VoteTarget(y, tree)


class VoteTarget:
    """Vote fractions of a decision tree; the network learns them in conditional form."""

    activation = "sigmoid"
    default_loss = "binary_crossentropy"

    def __init__(self, y, tree):
        self.tree = tree
        self.form = check_votes(y, tree=tree).form
        self.classes = np.array(tree.answer_names, dtype=object)

    def encode(self, y):
        return check_votes(y, tree=self.tree).conditional(self.tree).astype(np.float32)

    def balance(self, class_weight, encoded):
        """Return (weight of each answer or None, weight of each galaxy or None)."""
        if class_weight is None:
            return None, None
        if isinstance(class_weight, str) and class_weight == "balanced":
            # scikit-learn's n / (k * count), question by question and counted in volunteers.
            cumulative = self.tree.to_cumulative(encoded).sum(axis=0)
            weights = np.ones(len(self.classes))
            for question in self.tree.slices:
                counts = cumulative[question]
                n_answers = len(counts)
                np.divide(counts.sum(), n_answers * counts, out=weights[question], where=counts > 0)
            return weights, None
        weights = np.ones(len(self.classes))
        for answer, weight in _checked_weights(class_weight, self.classes).items():
            weights[list(self.classes).index(answer)] = weight
        return weights, None

    def keras_loss(self, loss, question_weight, answer_weight):
        from galaxy_sklearn.networks.losses import FRACTION_LOSSES, vote_loss

        loss = self.default_loss if loss == "auto" else loss
        if loss not in FRACTION_LOSSES:
            raise ValueError(
                f"loss for vote fractions must be 'auto' or one of {FRACTION_LOSSES}, got {loss!r}."
            )
        if question_weight not in ("reach", None):
            raise ValueError(f"question_weight must be 'reach' or None, got {question_weight!r}.")
        return vote_loss(
            loss, self.tree, question_weight=question_weight, answer_weight=answer_weight
        )

    def make_metric(self):
        import keras

        return keras.metrics.MeanSquaredError(name="mse")

    def probabilities(self, outputs):
        conditional = self.tree.normalize(np.maximum(outputs, 1e-30))
        return conditional if self.form == "conditional" else self.tree.to_cumulative(conditional)

    def decide(self, probabilities):
        return self.tree.walk(probabilities)

    def score(self, y, probabilities, sample_weight):
        votes = check_votes(y, tree=self.tree)
        fractions = votes.conditional(self.tree)
        if self.form == "cumulative":
            fractions = votes.cumulative(self.tree)
        return r2_score(
            fractions,
            probabilities,
            sample_weight=sample_weight,
            multioutput="variance_weighted",
        )


class LabelTarget:
    """One class label a galaxy."""

    activation = "softmax"
    default_loss = "categorical_crossentropy"
    form = None

    def __init__(self, y):
        self.encoder = LabelEncoder().fit(_labels(y))
        self.classes = self.encoder.classes_
        if len(self.classes) < 2:
            raise ValueError(
                f"y holds only 1 class, {self.classes.tolist()[0]!r}; at least 2 classes are "
                "needed."
            )

    def encode(self, y):
        return np.eye(len(self.classes), dtype=np.float32)[self.encoder.transform(_labels(y))]

    def balance(self, class_weight, encoded):
        """Return (weight of each answer or None, weight of each galaxy or None)."""
        if class_weight is None:
            return None, None
        codes = encoded.argmax(axis=1)
        if not isinstance(class_weight, str):
            _checked_weights(class_weight, self.classes)
            weights = np.array([class_weight.get(label, 1.0) for label in self.classes.tolist()])
            return None, weights[codes]
        present = np.unique(codes)
        weights = np.ones(len(self.classes))
        weights[present] = compute_class_weight(class_weight, classes=present, y=codes)
        return None, weights[codes]

    def keras_loss(self, loss, question_weight, answer_weight):
        if loss not in ("auto", self.default_loss):
            raise ValueError(
                f"loss for class labels must be 'auto' or {self.default_loss!r}, got {loss!r}."
            )
        return self.default_loss

    def make_metric(self):
        import keras

        return keras.metrics.CategoricalAccuracy(name="accuracy")

    def probabilities(self, outputs):
        return outputs

    def decide(self, probabilities):
        return self.encoder.inverse_transform(probabilities.argmax(axis=1))

    def score(self, y, probabilities, sample_weight):
        return accuracy_score(y, self.decide(probabilities), sample_weight=sample_weight)


def _labels(y):
    labels = column_or_1d(y, warn=True)
    check_classification_targets(labels)
    return labels


def _checked_weights(class_weight, classes):
    if not isinstance(class_weight, dict):
        raise ValueError(f"class_weight must be 'balanced', a dict or None, got {class_weight!r}.")
    unknown = [name for name in class_weight if name not in classes]
    if unknown:
        raise ValueError(
            f"class_weight names {unknown[0]!r}, which is not among the classes "
            f"({', '.join(map(repr, classes[:3]))}, ...)."
        )
    return class_weight
