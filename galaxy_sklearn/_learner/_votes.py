"""Votes as a target."""

import warnings

import keras
import numpy as np
from scipy.stats import beta

from galaxy_sklearn._learner import _conformal as conformal
from galaxy_sklearn._learner._calibration import FLOOR, fit_spread, fit_temperature
from galaxy_sklearn._learner._labels import check_class_weight, check_errors
from galaxy_sklearn.networks import QuestionSoftmax
from galaxy_sklearn.networks.losses import VOTE_LOSSES, KnownSquaredError, vote_loss
from galaxy_sklearn.votes import check_votes


class VoteTarget:
    """Votes of a decision tree; the network learns conditional fractions or counts.

    Parameters
    ----------
    y : DataFrame or array-like of shape (n_galaxies, n_answers)
        Votes, which tell the form.
    tree : DecisionTree
        The survey.
    loss, output : str
        See `GalaxyClassifier`.
    """

    default_loss = "cross_entropy"
    n_views = 1

    def __init__(self, y, tree, loss, output):
        self.tree = tree
        self.loss = self.default_loss if loss == "auto" else loss
        self.output = output
        if self.loss not in VOTE_LOSSES:
            raise ValueError(
                f"loss for vote fractions must be 'auto' or one of {VOTE_LOSSES}, got {loss!r}."
            )
        if self.counts_votes and output != "tree":
            raise ValueError(f"loss={loss!r} needs output='tree', got output={output!r}.")
        votes = check_votes(y, tree=tree)
        self.form = votes.form
        _warn_of_unknown(votes, tree)
        self.classes = np.array(tree.answer_names, dtype=object)
        self.reset_calibration()

    @property
    def counts_votes(self):
        """Whether the network learns counts and its outputs are concentrations."""
        return self.loss == "dirichlet_multinomial"

    @property
    def activation(self):
        if self.output == "sigmoid":
            return "sigmoid"
        return "exponential" if self.counts_votes else "linear"

    def add_head(self, model):
        """Return a network whose outputs are fractions or concentrations."""
        if self.activation != "linear":
            return model
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

    def class_weights(self, class_weight, encoded):
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
        for question, answers in zip(self.tree.questions, self.tree.slices, strict=True):
            if question.name in class_weight and question.name in columns:
                raise ValueError(
                    f"class_weight names {question.name!r}, which is both a question and an answer."
                )
            columns[question.name] = answers
        for name, weight in check_class_weight(class_weight, list(columns)).items():
            weights[columns[name]] *= weight
        return weights, None

    def keras_loss(self, question_weight, answer_weight):
        return vote_loss(
            self.loss, self.tree, question_weight=question_weight, answer_weight=answer_weight
        )

    def reset_calibration(self):
        """Forget the temperatures, and the errors."""
        self.temperature = np.ones(len(self.tree.questions))
        self.errors = None

    def sets(self, outputs, coverage):
        raise ValueError(
            "predict_set needs a classifier of labels; this one learned votes: use "
            "predict_interval."
        )

    def make_metrics(self):
        return [] if self.counts_votes else [KnownSquaredError(name="mse")]

    def calibrate(self, outputs, encoded):
        """Choose a temperature for each question that makes what was voted most probable."""
        votes = self._votes_cast(encoded)
        fit = fit_spread if self.counts_votes else fit_temperature
        for q, columns in enumerate(self.tree.slices):
            asked = votes[:, columns].any(axis=1)
            if asked.any():
                self.temperature[q] = fit(outputs[asked][:, columns], votes[asked][:, columns])

    def find_errors(self, outputs, voted):
        """Keep the errors of galaxies set aside."""
        voted = voted.copy()
        if self.form == "conditional":
            # Nobody was asked, so that nothing was voted. A cumulative fraction is 0 then.
            for columns in self.tree.slices:
                voted[~voted[:, columns].any(axis=1), columns] = np.nan
        self.errors = conformal.find_errors(self.probabilities(outputs), voted)

    def intervals(self, outputs, coverage, kind):
        """Intervals of the fractions, (n_galaxies, n_answers, 2)."""
        if kind is None:
            kind = "credible" if self.counts_votes else "conformal"
        if kind == "conformal":
            return conformal.intervals(
                check_errors(self, "predict_interval"), self.probabilities(outputs), coverage
            )
        if not self.counts_votes:
            raise ValueError(
                "kind='credible' needs a classifier trained with loss='dirichlet_multinomial' "
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
        """Return the votes for each answer, as fractions of a galaxy's volunteers if not counted.

        An unknown fraction on the way to a question counts as 1; unknown answers have 0 votes.
        """
        if self.counts_votes:
            return encoded
        unknown = np.isnan(encoded)
        votes = self.tree.to_cumulative(np.where(unknown, 1, encoded))
        return np.where(unknown, 0, votes)

    def _tempered(self, outputs):
        """Make fractions less sure the hotter they are; make concentrations smaller."""
        tempered = np.maximum(outputs, FLOOR, dtype=float)
        for temperature, columns in zip(self.temperature, self.tree.slices, strict=True):
            if self.counts_votes:
                tempered[:, columns] /= temperature
            else:
                tempered[:, columns] **= 1 / temperature
        return tempered

    def probabilities(self, outputs):
        conditional = self.tree.normalize(self._tempered(outputs))
        return conditional if self.form == "conditional" else self.tree.to_cumulative(conditional)

    def to_predictions(self, probabilities):
        return self.tree.walk(probabilities)

    def score(self, y, probabilities, sample_weight):
        return _r2_score(self.truth(y), probabilities, sample_weight)

    def truth(self, y):
        """Return the voted fractions in the form of the predictions, NaN where unknown."""
        votes = check_votes(y, tree=self.tree)
        if self.form == "cumulative":
            return votes.cumulative(self.tree)
        return votes.conditional(self.tree)


def _warn_of_unknown(votes, tree):
    """Warn of questions that no galaxy knows; refuse votes of which nothing is known."""
    known = ~np.isnan(votes.fractions).all(axis=0)
    if known.any() and votes.form == "cumulative":
        # What is predicted for them is multiplied by what is predicted for those that lead there.
        known = ~np.isnan(tree.to_cumulative(np.where(known, 1, np.nan)))
    if not known.any():
        raise ValueError("y holds no vote that is known: all of it is missing (NaN).")
    unknown = [q.name for q, s in zip(tree.questions, tree.slices, strict=True) if not known[s][0]]
    if unknown:
        warnings.warn(
            f"No galaxy has known votes for {', '.join(map(repr, unknown))}, or for a question "
            "that leads there: what will be predicted for them means nothing.",
            UserWarning,
            stacklevel=2,
        )


def _r2_score(true, predicted, sample_weight):
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
