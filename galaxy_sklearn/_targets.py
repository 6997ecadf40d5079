"""The kinds of targets: votes, class labels, and none.

Everything in which `GalaxyClassifier` treats them differently is here. The classes have the
same methods: ``complete`` a network, ``encode`` targets for it, say how to train (``activation``,
``keras_loss``, ``make_metrics``, ``balance``) and turn outputs into answers (``probabilities``,
``decide``, ``score``).
"""

import warnings

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln
from scipy.stats import beta
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from galaxy_sklearn.votes import check_votes

# A fraction or concentration never is 0, whose logarithm is none.
LEAST = 1e-30


def make_target(y, tree, *, loss="auto", output="tree", classes=None):
    """Choose the kind of target: labels for one column, vote fractions for more."""
    if np.ndim(y) == 1 or np.shape(y)[1:] == (1,):
        return LabelTarget(y if classes is None else classes, loss)
    return VoteTarget(y, tree, loss, output)


class VoteTarget:
    """Votes of a decision tree; the network learns conditional fractions or counts."""

    default_loss = "cross_entropy"
    n_views = 1

    def __init__(self, y, tree, loss, output):
        from galaxy_sklearn.networks.losses import VOTE_LOSSES

        self.tree = tree
        self.loss = self.default_loss if loss == "auto" else loss
        self.output = output
        if self.loss not in VOTE_LOSSES:
            raise ValueError(
                f"loss for vote fractions must be 'auto' or one of {VOTE_LOSSES}, got {loss!r}."
            )
        if output not in ("tree", "sigmoid"):
            raise ValueError(f"output must be 'tree' or 'sigmoid', got {output!r}.")
        if self.counts_votes and output != "tree":
            raise ValueError(f"loss={loss!r} needs output='tree', got output={output!r}.")
        votes = check_votes(y, tree=tree)
        self.form = votes.form
        _warn_of_unknown(votes.fractions, tree)
        self.classes = np.array(tree.answer_names, dtype=object)
        self.temperature = np.ones(len(tree.questions))

    @property
    def counts_votes(self):
        """Whether the network learns counts and its outputs are concentrations."""
        return self.loss == "dirichlet_multinomial"

    @property
    def activation(self):
        if self.output == "sigmoid":
            return "sigmoid"
        return "exponential" if self.counts_votes else "linear"

    def complete(self, model):
        """Return a network that ends with our activation with what makes fractions of that."""
        if self.activation != "linear":
            return model
        import keras

        from galaxy_sklearn.networks import QuestionSoftmax

        sizes = [len(question.answers) for question in self.tree.questions]
        # In single precision under any dtype policy.
        softmax = QuestionSoftmax(sizes, dtype="float32")
        return keras.Model(model.input, softmax(model.output), name=model.name)

    def encode(self, y, smoothing=0.0):
        """Return counts, or conditional fractions that sum to 1 and are NaN where unknown."""
        votes = check_votes(y, tree=self.tree)
        if self.counts_votes:
            if votes.counts is None:
                raise ValueError(
                    "loss='dirichlet_multinomial' needs y to be the number of votes for each "
                    f"answer (columns {self.tree.answer_names[0]}_count, ...), got {votes.form} "
                    "fractions."
                )
            # A question without votes counts for nothing.
            return np.nan_to_num(votes.counts).astype(np.float32)
        fractions = self.tree.normalize(votes.conditional(self.tree))
        if smoothing:
            for columns in self.tree.slices:
                answers = fractions[:, columns]
                asked = answers.any(axis=1, keepdims=True)
                answers += smoothing * (asked / answers.shape[1] - answers)
        return fractions.astype(np.float32)

    def balance(self, class_weight, encoded):
        """Return (weight of each answer or None, weight of each galaxy or None)."""
        if class_weight is None:
            return None, None
        weights = np.ones(len(self.classes))
        if isinstance(class_weight, str) and class_weight == "balanced":
            # scikit-learn's n / (k * count), question by question and counted in volunteers.
            votes = self._votes_cast(encoded)
            for columns in self.tree.slices:
                counts = votes[:, columns].sum(axis=0)
                total = len(counts) * counts
                np.divide(counts.sum(), total, out=weights[columns], where=counts > 0)
            return weights, None
        columns = {name: [i] for i, name in enumerate(self.classes)}
        columns |= {q.name: c for q, c in zip(self.tree.questions, self.tree.slices, strict=True)}
        for name, weight in _checked_weights(class_weight, list(columns)).items():
            weights[columns[name]] *= weight
        return weights, None

    def keras_loss(self, question_weight, answer_weight):
        from galaxy_sklearn.networks.losses import vote_loss

        if question_weight not in ("reach", None):
            raise ValueError(f"question_weight must be 'reach' or None, got {question_weight!r}.")
        return vote_loss(
            self.loss, self.tree, question_weight=question_weight, answer_weight=answer_weight
        )

    def make_metrics(self):
        from galaxy_sklearn.networks.losses import KnownSquaredError

        return [] if self.counts_votes else [KnownSquaredError(name="mse")]

    def calibrate(self, outputs, encoded):
        """Choose a temperature for each question that makes what was voted most probable."""
        votes = self._votes_cast(encoded)
        fit = _fit_spread if self.counts_votes else _fit_temperature
        for q, columns in enumerate(self.tree.slices):
            asked = votes[:, columns].any(axis=1)
            if asked.any():
                self.temperature[q] = fit(outputs[asked][:, columns], votes[asked][:, columns])

    def intervals(self, outputs, coverage):
        """Central intervals of the conditional fractions, (n_galaxies, n_answers, 2)."""
        if not self.counts_votes:
            raise ValueError(
                "predict_interval needs a classifier trained with loss='dirichlet_multinomial' "
                f"(and y as vote counts), this one was with {self.loss!r}."
            )
        given = self._tempered(outputs)
        ends = np.empty((*given.shape, 2))
        for columns in self.tree.slices:
            a = given[:, columns]
            others = a.sum(axis=1, keepdims=True) - a
            for end, p in enumerate(((1 - coverage) / 2, (1 + coverage) / 2)):
                ends[:, columns, end] = beta.ppf(p, a, others)
        return ends

    def _votes_cast(self, encoded):
        """Return the votes for each answer, as parts of a galaxy's volunteers if not counted.

        Where it is unknown how many were asked, as many as could be; 0 for unknown answers.
        """
        if self.counts_votes:
            return encoded
        unknown = np.isnan(encoded)
        votes = self.tree.to_cumulative(np.where(unknown, 1, encoded))
        return np.where(unknown, 0, votes)

    def _tempered(self, outputs):
        """Make fractions less sure the hotter they are; make concentrations smaller."""
        tempered = np.maximum(outputs, LEAST, dtype=float)
        for temperature, columns in zip(self.temperature, self.tree.slices, strict=True):
            if self.counts_votes:
                tempered[:, columns] /= temperature
            else:
                tempered[:, columns] **= 1 / temperature
        return tempered

    def probabilities(self, outputs):
        conditional = self.tree.normalize(self._tempered(outputs))
        return conditional if self.form == "conditional" else self.tree.to_cumulative(conditional)

    def decide(self, probabilities):
        return self.tree.walk(probabilities)

    def score(self, y, probabilities, sample_weight):
        votes = check_votes(y, tree=self.tree)
        fractions = votes.conditional(self.tree)
        if self.form == "cumulative":
            fractions = votes.cumulative(self.tree)
        return _explained_variance(fractions, probabilities, sample_weight)


class LabelTarget:
    """One class label a galaxy."""

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
        self.temperature = 1.0

    def complete(self, model):
        return model

    def encode(self, y, smoothing=0.0):
        certain = np.eye(len(self.classes), dtype=np.float32)[self.encoder.transform(_labels(y))]
        return certain + np.float32(smoothing) * (1 / np.float32(len(self.classes)) - certain)

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

    def keras_loss(self, question_weight, answer_weight):
        return self.loss

    def make_metrics(self):
        import keras

        return [keras.metrics.CategoricalAccuracy(name="accuracy")]

    def calibrate(self, outputs, encoded):
        """Choose the temperature that makes the labels most probable."""
        self.temperature = _fit_temperature(outputs, encoded)

    def intervals(self, outputs, coverage):
        raise ValueError("predict_interval needs vote counts; this classifier learned labels.")

    def probabilities(self, outputs):
        return outputs if self.temperature == 1 else _tempered(outputs, self.temperature)

    def decide(self, probabilities):
        return self.encoder.inverse_transform(probabilities.argmax(axis=1))

    def score(self, y, probabilities, sample_weight):
        return accuracy_score(y, self.decide(probabilities), sample_weight=sample_weight)


class NoTarget:
    """No target: two random views of a galaxy shall be alike, other galaxies shall not."""

    activation = "linear"
    n_views = 2
    form = None

    def __init__(self, n_outputs):
        self.classes = np.arange(n_outputs)

    def complete(self, model):
        return model

    def encode(self, y, smoothing=0.0):
        # Keras asks for something.
        return np.zeros((len(y), 1), dtype=np.float32)

    def balance(self, class_weight, encoded):
        return None, None

    def keras_loss(self, question_weight, answer_weight):
        from galaxy_sklearn.networks.self_supervision import vicreg_loss

        return vicreg_loss

    def make_metrics(self):
        return []


def _warn_of_unknown(fractions, tree):
    """Warn of questions that no galaxy knows; refuse votes of which nothing is known."""
    known = ~np.isnan(fractions).all(axis=0)
    if not known.any():
        raise ValueError("y holds no vote that is known: all of it is missing (NaN).")
    unknown = [q.name for q, s in zip(tree.questions, tree.slices, strict=True) if not known[s][0]]
    if unknown:
        warnings.warn(
            f"No galaxy has known votes for {', '.join(map(repr, unknown))}: nothing is learned "
            "about them, and what will be predicted for them means nothing.",
            UserWarning,
            stacklevel=2,
        )


def _explained_variance(true, predicted, sample_weight):
    """R squared of the fractions that are known, all answers taken together.

    As `sklearn.metrics.r2_score` with ``multioutput="variance_weighted"``, which knows no NaN.
    """
    known = ~np.isnan(true)
    weight = known if sample_weight is None else known * np.asarray(sample_weight)[:, None]
    true = np.where(known, true, 0)
    total = weight.sum(axis=0)
    mean = (weight * true).sum(axis=0) / np.where(total > 0, total, 1)
    missed = (weight * (true - predicted) ** 2).sum()
    variance = (weight * (true - mean) ** 2).sum()
    if variance == 0:
        return 1.0 if missed == 0 else 0.0
    return 1 - missed / variance


def _tempered(probabilities, temperature):
    powers = np.maximum(probabilities, LEAST, dtype=float) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def _fit_temperature(probabilities, votes):
    """Find the temperature of one question's fractions."""

    def surprise(logarithm):
        return -np.sum(votes * np.log(_tempered(probabilities, np.exp(logarithm))))

    return _least(surprise)


def _fit_spread(concentrations, counts):
    """Find the temperature of one question's concentrations."""
    n = counts.sum(axis=1)

    def surprise(logarithm):
        a = np.maximum(concentrations, LEAST, dtype=float) / np.exp(logarithm)
        total = a.sum(axis=1)
        return -np.sum(gammaln(counts + a) - gammaln(a)) - np.sum(
            gammaln(total) - gammaln(total + n)
        )

    return _least(surprise)


def _least(surprise):
    return np.exp(minimize_scalar(surprise, bounds=(-2, 2), method="bounded").x)


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
