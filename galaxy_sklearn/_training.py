"""Feeding and watching a Keras training."""

import random
from contextlib import contextmanager

import keras
import numpy as np
from tqdm.auto import tqdm


class Batches(keras.utils.PyDataset):
    """Batches of some rows of arrays, which are not copied as a whole.

    Parameters
    ----------
    arrays : tuple of ndarray
        Inputs, and where there are any targets and weights, of equal length.
    rows : ndarray of int
        The rows to give out.
    batch_size : int
        Rows a batch; the last may be smaller.
    rng : numpy.random.RandomState, optional
        Shuffles the rows before every epoch.
    """

    def __init__(self, arrays, rows, batch_size, rng=None):
        super().__init__()
        self.arrays = arrays
        self.rows = rows
        self.batch_size = batch_size
        self.rng = rng
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, i):
        rows = self.rows[i * self.batch_size : (i + 1) * self.batch_size]
        batch = tuple(array[rows] for array in self.arrays)
        return batch if len(batch) > 1 else batch[0]

    def on_epoch_end(self):
        if self.rng is not None:
            self.rows = self.rng.permutation(self.rows)


class Adam(keras.optimizers.Adam):
    """Adam that leaves no graph behind.

    On TensorFlow, Keras sums the gradients of all replicas, even of one, through an operation
    whose gradient TensorFlow registers for the life of the process, and with it the graph of the
    whole training step: megabytes that grow with each `fit`.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars):
        from tensorflow import distribute

        if distribute.get_strategy().num_replicas_in_sync == 1:
            return grads_and_vars
        return super()._all_reduce_sum_gradients(grads_and_vars)


class Watcher(keras.callbacks.Callback):
    """Write each epoch's figures into a history and show them."""

    def __init__(self, history, epochs, verbose):
        super().__init__()
        self.history = history
        self.epochs = epochs
        self.verbose = verbose

    def on_train_begin(self, logs=None):
        self.bar = tqdm(
            total=self.epochs, desc="training", unit=" epochs", disable=not self.verbose
        )

    def on_epoch_end(self, epoch, logs=None):
        figures = {name: float(value) for name, value in (logs or {}).items()}
        for name, value in figures.items():
            self.history.setdefault(name, []).append(value)
        self.bar.set_postfix({name: f"{value:.4f}" for name, value in figures.items()}, False)
        self.bar.update()

    def on_train_end(self, logs=None):
        self.bar.close()


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


def draw_seed(rng):
    """Draw a seed from a RandomState."""
    return int(rng.randint(np.iinfo(np.int32).max))
