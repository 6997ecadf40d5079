"""The training loop, and what it needs of Keras.

Keras' own ``fit`` and ``predict`` feed a network through ``tf.data``. That copies the images as a
whole, and on some machines each call waits for up to five seconds for the feeding threads to end.
Taking the batches by hand costs less and works on every backend.
"""

import logging
import multiprocessing
import os
import random
import warnings
from contextlib import contextmanager, suppress

import keras
import numpy as np
from sklearn.utils import gen_batches
from tqdm.auto import tqdm

# Larger ones are a little quicker for networks with large dense layers, and need more memory.
PREDICTION_BATCH = 64
# Matrix products take so many rows at a time. Those that are left over go through other
# instructions, whose rounding differs.
ROWS_AT_A_TIME = 8


def train(
    trainer, arrays, training, validation, *, epochs, batch_size, patience, rng, history, verbose
):
    """Train a compiled model and keep its best epoch.

    Parameters
    ----------
    trainer : keras.Model
        The model, compiled.
    arrays : tuple of ndarray
        Inputs and targets, and weights if there are any. They are not copied.
    training, validation : ndarray of int
        The rows to train on, and those that choose the best epoch; without any, the last epoch
        is kept.
    epochs, batch_size : int
        Passes over the rows, and rows a step.
    patience : int or None
        Number of epochs without improvement after which to stop.
    rng : numpy.random.RandomState
        Shuffles the rows for each epoch.
    history : dict of list of float
        The figures of each epoch are appended here.
    verbose : int
        Whether to show a progress bar.

    Returns
    -------
    int
        The number, from 1 and counting those that the history began with, of the epoch kept.

    Raises
    ------
    ValueError
        If the loss is no longer finite.
    """
    before = len(history.get("loss", ()))
    kept, least, best = before, np.inf, None
    with (
        _without_retracing_alarm(),
        tqdm(
            total=epochs * len(training), desc="training", unit=" images", disable=not verbose
        ) as bar,
    ):
        try:
            for epoch in range(before + 1, before + epochs + 1):
                bar.set_description(f"epoch {epoch}/{before + epochs}")
                rows = rng.permutation(training)
                figures = _one_pass(trainer, trainer.train_on_batch, arrays, rows, batch_size, bar)
                if not np.isfinite(figures["loss"]):
                    raise ValueError(
                        f"Training diverged: the loss of epoch {epoch} is {figures['loss']}. A "
                        "smaller learning_rate or images scaled to about 0-1 may help."
                    )
                if not len(validation):
                    kept = epoch
                else:
                    with trainer.optimizer.averaged(trainer.trainable_variables):
                        checked = _one_pass(
                            trainer, trainer.test_on_batch, arrays, validation, PREDICTION_BATCH
                        )
                        figures.update({f"val_{name}": value for name, value in checked.items()})
                        if figures["val_loss"] < least:
                            kept, least = epoch, figures["val_loss"]
                            best = _copy_weights(trainer, best)
                for name, value in figures.items():
                    history.setdefault(name, []).append(value)
                bar.set_postfix({name: f"{value:.4f}" for name, value in figures.items()})
                if patience is not None and epoch - kept >= patience:
                    break
        except KeyboardInterrupt:
            done = len(history.get("loss", ())) - before
            if not done:
                raise
            warnings.warn(
                f"Training was interrupted after {done} of {epochs} epochs; what was learned "
                "is kept.",
                UserWarning,
                stacklevel=4,
            )
    if best is None:
        trainer.optimizer.finalize_variable_values(trainer.trainable_variables)
    else:
        trainer.set_weights(best)
    return kept


def predict(model, X, *, symmetric=False):
    """Run a model over an array, batch by batch, without copying it as a whole.

    A symmetric prediction is the mean over all orientations of the images. The sum is one of
    single-precision numbers in double precision, exact whatever their order, so that turned
    and mirrored images give the same bits.

    Batches are filled up with empty images, so that the prediction of an image does not depend
    on its place among the others. It may differ in the last digit from that of the image alone
    and from that of another number of threads.
    """
    outputs = np.empty((len(X), *model.output_shape[1:]), dtype=np.float32)
    views = _orientations(X.shape[1:3]) if symmetric else [lambda images: images]
    with _without_retracing_alarm():
        for batch in gen_batches(len(X), PREDICTION_BATCH):
            images = X[batch]
            n_images = len(images)
            surplus = n_images % ROWS_AT_A_TIME
            if n_images > 1 and surplus:
                empty = np.zeros((ROWS_AT_A_TIME - surplus, *X.shape[1:]), dtype=X.dtype)
                images = np.concatenate([images, empty])
            total = 0.0
            for view in views:
                total = total + model.predict_on_batch(view(images)).astype(np.float64)
            outputs[batch] = total[:n_images] / len(views)
    return outputs


def share_cores():
    """Let TensorFlow use its share of the cores in one of joblib's or Dask's workers.

    It starts as many threads as there are cores in each of them, where BLAS and OpenMP keep to
    what joblib or Dask tells them. Does nothing elsewhere, or if the user has spoken.
    """
    share = os.environ.get("OMP_NUM_THREADS", "")
    if (
        keras.backend.backend() == "tensorflow"
        and multiprocessing.current_process().name.startswith(("Loky", "Dask"))
        and share.isdecimal()
        and "TF_NUM_INTRAOP_THREADS" not in os.environ
    ):
        from tensorflow.config import threading

        # Too late once TensorFlow has computed something.
        with suppress(RuntimeError):
            threading.set_intra_op_parallelism_threads(int(share))
            threading.set_inter_op_parallelism_threads(1)


def make_optimizer(
    learning_rate, *, weight_decay=0.0, schedule="constant", average=0.0, steps=None
):
    """Make the optimizer of a training of so many steps, or of one without known end.

    The latter has neither schedule nor average of the weights.
    """
    learning_rate = float(learning_rate)
    if schedule == "cosine" and steps is not None:
        warm_up = steps // 20
        learning_rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warm_up else learning_rate,
            steps - warm_up,
            warmup_target=learning_rate if warm_up else None,
            warmup_steps=warm_up,
        )
    # A running average with momentum m reaches back over some 1 / (1 - m) steps.
    reach = average * steps if steps else 0
    optimizer = Adam(
        learning_rate,
        weight_decay=weight_decay or None,
        use_ema=reach > 1,
        ema_momentum=1 - 1 / max(reach, 1),
    )
    if weight_decay:
        # Those that only shift and scale.
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


class Adam(keras.optimizers.Adam):
    """Adam that leaves no graph behind, and whose averaged weights can be looked at.

    On TensorFlow, Keras sums the gradients of all replicas, even of one, through an operation
    whose gradient TensorFlow registers for the life of the process, and with it the graph of the
    whole training step: megabytes that grow with each `fit`.
    """

    @contextmanager
    def averaged(self, variables):
        """Put the averages of the weights in their place for a while."""
        if not self.use_ema:
            yield
            return
        present = [variable.numpy() for variable in variables]
        self.finalize_variable_values(variables)
        try:
            yield
        finally:
            for variable, value in zip(variables, present, strict=True):
                variable.assign(value)

    def _all_reduce_sum_gradients(self, grads_and_vars):
        from tensorflow import distribute

        if distribute.get_strategy().num_replicas_in_sync == 1:
            return grads_and_vars
        return super()._all_reduce_sum_gradients(grads_and_vars)


@contextmanager
def seeded(seed):
    """Seed what Keras draws its default seeds from, and put the user's state back after.

    Initializers, dropout and our own layers that were given no seed ask Python's `random`
    for one when they are made, so a network built in here is determined by the seed, whoever
    wrote it.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def dtype_policy(name):
    """Build layers with a dtype policy, and put the user's back after."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def draw_seed(rng):
    """Draw a seed from a RandomState."""
    return int(rng.randint(np.iinfo(np.int32).max))


@contextmanager
def _without_retracing_alarm():
    """Keep back TensorFlow's warning of a function traced too often.

    It counts the networks of different classifiers as one, so that every search sets it off.
    """

    def other(record):
        return "tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(other)
    try:
        yield
    finally:
        logger.removeFilter(other)


def _one_pass(trainer, step, arrays, rows, batch_size, bar=None):
    sums = {}
    for batch in gen_batches(len(rows), batch_size):
        # Keras returns the loss of the batch, but metrics since they were reset.
        trainer.reset_metrics()
        for name, value in step(*(a[rows[batch]] for a in arrays), return_dict=True).items():
            sums[name] = sums.get(name, 0.0) + len(rows[batch]) * float(value)
        if bar is not None:
            bar.update(len(rows[batch]))
    return {name: total / len(rows) for name, total in sums.items()}


def _orientations(shape):
    """Functions that turn and mirror images (n, height, width, channels) of a shape onto itself."""
    turns = range(4) if shape[0] == shape[1] else (0, 2)
    return [
        lambda images, k=k, step=step: np.rot90(images[:, :, ::step], k, axes=(1, 2))
        for k in turns
        for step in (1, -1)
    ]


def _copy_weights(model, into):
    """Copy the weights; into the arrays of the copy before, if there is one."""
    if into is None:
        return model.get_weights()
    for array, weight in zip(into, model.weights, strict=True):
        np.copyto(array, weight.numpy())
    return into
