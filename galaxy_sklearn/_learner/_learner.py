"""A network with its target: built, trained, asked, stored."""

from types import SimpleNamespace

import keras
import numpy as np
from sklearn.utils import check_random_state

from galaxy_sklearn._compat import all_layers, check_sample_weight, seed_states
from galaxy_sklearn._learner._architecture import from_state, to_state
from galaxy_sklearn._learner._callbacks import make_callbacks
from galaxy_sklearn._learner._checkpoint import describe, kept
from galaxy_sklearn._learner._loop import PREDICTION_BATCH, predict, train
from galaxy_sklearn._learner._network import (
    build_network,
    feature_model,
    find_fitted,
    sample_dropout,
)
from galaxy_sklearn._learner._novelty import MOST_FEATURES, MOST_IMAGES, distance, find_gaussian
from galaxy_sklearn._learner._optimizer import make_optimizer
from galaxy_sklearn._learner._process import check_not_forked, share_cores
from galaxy_sklearn._learner._progress import progress
from galaxy_sklearn._learner._record import make_record
from galaxy_sklearn._learner._statistics import settle_statistics
from galaxy_sklearn._random import draw_seed
from galaxy_sklearn.networks import get_network
from galaxy_sklearn.networks.augmentation import RandomAffine
from galaxy_sklearn.surveys import GZ2

# Parameters that a network is built from. A warm start cannot change them.
BUILT_FROM = ("network", "network_arguments", "tree", "output", "loss")
# Parameters that a trainer is compiled with. If they change, a new one is made.
COMPILED_WITH = (
    *("learning_rate", "weight_decay", "question_weight", "class_weight"),
    *("rotation", "shift", "zoom", "flip", "jit_compile", "run_eagerly"),
)

# The network is stored as text and weights; the others are made when they are needed.
NOT_STORED = ("model", "_features", "_answering", "_trainer", "_compiled_with", "_rng")


class Learner:
    """A network with its target.

    Parameters
    ----------
    params : namespace
        Parameters of `GalaxyClassifier`, with those of the network as ``network_arguments``.
    target : VoteTarget, LabelTarget or ViewPairs
        What the network is for.
    image_shape : tuple of int
        (height, width, n_channels).

    Attributes
    ----------
    model : keras.Model
        The network.
    target : object
        The target.
    image_shape : tuple of int
        (height, width, n_channels).
    history : dict of list of float
        Loss and metrics of each epoch.
    best_epoch : int or None
        Number, from 1, of the epoch whose weights were kept, None if a callback put others.
    training : dict or None
        What is known of the training, see `make_record`. None of files of earlier versions.
    gaussian : Gaussian or None
        Where the features of training images lie, if galaxies were set aside.
    is_invariant : bool
        Whether its answers do not depend on the orientation of an image by themselves.

    Raises
    ------
    ValueError
        If the network cannot be built, or could not be saved.
    """

    def __init__(self, params, target, image_shape):
        check_not_forked()
        share_cores()
        self.target = target
        self.image_shape = image_shape
        self._built_from = {name: getattr(params, name) for name in BUILT_FROM}
        # Before anything is seeded: loading may draw random numbers.
        source = None if params.pretrained is None else find_fitted(params.pretrained)
        if source is None:
            function = get_network(params.network)
            self.is_invariant = bool(getattr(function, "is_invariant", False))
        else:
            self.is_invariant = source._learner.is_invariant
        self._rng = check_random_state(params.random_state)
        self._adopt(build_network(params, target, image_shape, draw_seed(self._rng), source))
        self.history = {}
        self.best_epoch = None
        self.training = None
        self.gaussian = None

    def _adopt(self, model):
        self.model = model
        self._features = self._answering = None
        self._trainer = self._compiled_with = None

    def check_can_go_on(self, params):
        """Refuse to go on with parameters that the network was not built from."""
        for name, value in self._built_from.items():
            if getattr(params, name) != value:
                raise ValueError(
                    f"A warm start continues with the network built with {name}={value!r}, "
                    f"but {name} is {getattr(params, name)!r} now. Set warm_start=False to begin "
                    "anew."
                )

    # -------------------------------------------------------------------- training

    def train(
        self, X, y, params, *, sample_weight=None, goes_on=False, n_epochs=None, callbacks=()
    ):
        """Train the network.

        Parameters
        ----------
        X : ndarray of float32, float16 or uint8, shape (n_galaxies, height, width, n_channels)
            Images.
        y : array-like
            What the target encodes.
        params : namespace
            Parameters of `GalaxyClassifier`.
        sample_weight : array-like of shape (n_galaxies,), optional
            Weight of each galaxy.
        goes_on : bool, default=False
            Whether the history and the state of the optimizer go on, without a schedule and
            without galaxies set aside.
        n_epochs : int, optional
            Number of epochs, if not ``params.epochs``.
        callbacks : sequence of keras.callbacks.Callback
            What is told of the training, beside ``params.callbacks``.
        """
        target, epochs = self.target, n_epochs or params.epochs
        encoded = target.encode(y, params.label_smoothing)
        answer_weight, galaxy_weight = target.class_weights(params.class_weight, encoded)
        arrays = (X, encoded)
        if sample_weight is not None or galaxy_weight is not None:
            weights = check_sample_weight(sample_weight, X, dtype=np.float32)
            if not weights.any():  # scikit-learn checks this itself from 1.9 on
                raise ValueError("Sample weights must contain at least one non-zero number.")
            arrays += (weights if galaxy_weight is None else weights * galaxy_weight,)

        n_before = 0
        if goes_on and self.history:
            n_before = None if self.training is None else self.training["n_galaxies"]
        if self._rng is None:  # as after loading
            self._rng = check_random_state(params.random_state)
        folder = None if goes_on else params.checkpoint
        callbacks = [*callbacks, *make_callbacks(params.callbacks, params.schedule, folder)]
        with (
            progress(params.verbose) as shown,
            kept(folder, lambda: describe(params, target, arrays, self.model)) as checkpoint,
        ):
            if checkpoint is not None:
                checkpoint.begin(self._rng)
            training, held_out = self._split(len(X), 0 if goes_on else params.validation_fraction)
            if not goes_on:
                self.history, self._trainer = {}, None
            compiled_with = [getattr(params, name) for name in COMPILED_WITH]
            if self._trainer is None or compiled_with != self._compiled_with:
                self._compiled_with = compiled_with
                steps = None if goes_on else epochs * -(-len(training) // params.batch_size)
                self._trainer = self._make_trainer(params, answer_weight, steps)
            self.history = {name: list(values) for name, values in self.history.items()}
            target.reset_calibration()
            self.gaussian = None
            self.best_epoch = train(
                self._trainer,
                arrays,
                training,
                held_out,
                epochs=epochs,
                batch_size=params.batch_size,
                patience=params.patience,
                rng=self._rng,
                history=self.history,
                callbacks=[*shown, *callbacks],
                checkpoint=checkpoint,
            )
        if not goes_on:
            settle_statistics(self.model, X, training)
        if len(held_out):
            held_out = np.sort(held_out)
            outputs = self.outputs(X[held_out], symmetric=params.symmetric)
            if params.calibrate:
                target.calibrate(outputs, target.encode(y)[held_out])
            target.find_errors(outputs, target.truth(y)[held_out])
            if len(training) > 1 and self._n_known_features() <= MOST_FEATURES:
                # They are in random order.
                parts = np.sort(training[:MOST_IMAGES]), held_out
                features = [self.transform(X[rows], symmetric=params.symmetric) for rows in parts]
                self.gaussian = find_gaussian(*features)
        if not goes_on:
            # Its schedule has come to an end.
            self._trainer = None
        n_galaxies = None if n_before is None else n_before + len(X)
        n_held_out = len(held_out)
        if goes_on and self.training is not None:
            n_held_out += self.training["n_held_out"]
        self.training = make_record(n_galaxies, n_held_out)

    def _split(self, n, validation_fraction):
        rows = np.arange(n)
        n_held_out = round(validation_fraction * n)
        if validation_fraction > 0:
            n_held_out = max(1, n_held_out)
            if n_held_out >= n:
                raise ValueError(
                    f"Found n_samples={n}, of which validation_fraction={validation_fraction} "
                    "leaves none to train on."
                )
            rows = self._rng.permutation(n)
        return rows[n_held_out:], rows[:n_held_out]

    def _make_trainer(self, params, answer_weight, steps):
        """Compile the network with the augmentation before it."""
        inputs = keras.Input(self.image_shape)

        def augmented():
            if not augments(params):
                return inputs
            seed = draw_seed(self._rng)
            layer = RandomAffine(params.rotation, params.shift, params.zoom, params.flip, seed=seed)
            return layer(inputs)

        outputs = [self.model(augmented()) for _ in range(self.target.n_views)]
        trainer = keras.Model(
            inputs, outputs[0] if len(outputs) == 1 else keras.ops.stack(outputs, 1)
        )
        trainer.compile(
            optimizer=make_optimizer(params, steps),
            loss=self.target.keras_loss(params.question_weight, answer_weight),
            metrics=self.target.make_metrics(),
            jit_compile=params.jit_compile,
            run_eagerly=params.run_eagerly,
        )
        # Variables that the first training step had to make, slots here and the metric's in
        # `make_metrics`, would cost a second tracing and hold the graph in memory for good.
        trainer.optimizer.build(trainer.trainable_variables)
        return trainer

    def snapshot(self):
        """Return what `restore` needs to take a training back."""
        seeds = seed_states(all_layers(self.model))
        return SimpleNamespace(
            attributes=dict(vars(self)),
            weights=self.model.get_weights(),
            seeds=[seed.numpy() for seed in seeds],
            target=dict(vars(self.target)),
            rng=None if self._rng is None else self._rng.get_state(),
        )

    def restore(self, before):
        """Take back what was changed since a `snapshot`."""
        vars(self).update(before.attributes)
        pairs = zip(self.model.get_weights(), before.weights, strict=True)
        if not all(np.array_equal(now, then) for now, then in pairs):
            self.model.set_weights(before.weights)
            # Its optimizer has moved on.
            self._trainer = None
        for seed, value in zip(seed_states(all_layers(self.model)), before.seeds, strict=True):
            seed.assign(value)
        vars(self.target).update(before.target)
        if before.rng is not None:
            self._rng.set_state(before.rng)

    # -------------------------------------------------------------------- answers

    @property
    def features(self):
        """The part of the network before its output."""
        if self._features is None:
            self._features = feature_model(self.model)
        return self._features

    def outputs(self, X, *, symmetric):
        """Return what the network gives for a tensor of images."""
        return predict(self.model, X, symmetric=symmetric and not self.is_invariant)

    def transform(self, X, *, symmetric):
        """Return the features of a tensor of images, (n_galaxies, n_features)."""
        features = predict(self.features, X, symmetric=symmetric and not self.is_invariant)
        return features.reshape(len(features), -1)

    def outputs_and_distances(self, X, *, symmetric):
        """Return what the network gives, and how far each image lies from those of the training."""
        if self._answering is None:
            outputs = [self.model.output, self.features.output]
            self._answering = keras.Model(self.model.input, outputs)
        symmetric = symmetric and not self.is_invariant
        outputs, features = predict(self._answering, X, symmetric=symmetric)
        return outputs, distance(self.gaussian, features.reshape(len(features), -1))

    def samples(self, X, n_samples, rng):
        """Return predictions with other units dropped each time."""
        outputs = sample_dropout(self.model, X, n_samples, rng, PREDICTION_BATCH)
        return np.stack([self.target.probabilities(sample) for sample in outputs])

    @property
    def n_features(self):
        """Number of features of an image."""
        return int(np.prod(self.features.output_shape[1:]))

    def _n_known_features(self):
        try:
            return self.n_features
        except ValueError:  # of a subclassed model
            return np.inf

    # -------------------------------------------------------------------- storage

    def __getstate__(self):
        state = {name: value for name, value in vars(self).items() if name not in NOT_STORED}
        return {**state, "model": to_state(self.model)}

    def __setstate__(self, state):
        check_not_forked()
        share_cores()
        state = dict(state)
        if not isinstance(state.get("is_invariant", False), bool):
            raise ValueError(f"is_invariant is {state['is_invariant']!r}, neither True nor False")
        model = from_state(state.pop("model"))
        # Files of earlier versions do not have all.
        missing = {"is_invariant": False, "gaussian": None, "training": None}
        vars(self).update({**missing, **state}, _rng=None)
        self._adopt(model)

    @classmethod
    def of_version_0_1(cls, classifier, network):
        """Return the learner of a classifier that version 0.1.0 saved with its network."""
        learner = cls.__new__(cls)
        arguments = {
            name.removeprefix("network__"): value
            for name, value in vars(classifier).items()
            if name.startswith("network__")
        }
        built_from = {
            "network": classifier.network,
            "network_arguments": arguments,
            "tree": classifier.tree or GZ2,
            "output": classifier.output,
            "loss": classifier.loss,
        }
        learner.__setstate__(
            {
                "model": network,
                "target": classifier.target_encoder_,
                "image_shape": classifier.image_shape_in_,
                "history": classifier.history_,
                "best_epoch": classifier.best_epoch_,
                "_built_from": built_from,
            }
        )
        return learner


def augments(params):
    """Whether training images are changed at random."""
    return bool(params.rotation or params.shift or params.zoom or params.flip)
