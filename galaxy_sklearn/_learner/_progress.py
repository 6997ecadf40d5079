"""Showing how far a training is: a bar in a terminal or notebook, lines in a file."""

import sys
import time
from contextlib import contextmanager

import keras
from tqdm.auto import tqdm


@contextmanager
def progress(verbose):
    """Show a training.

    Parameters
    ----------
    verbose : int
        Whether to.

    Yields
    ------
    list of keras.callbacks.Callback
        What shows it.
    """
    if not verbose:
        yield []
    elif sys.stderr.isatty() or "ipykernel" in sys.modules:
        bar = _Bar()
        try:
            yield [bar]
        finally:
            bar.close()
    else:
        yield [_Lines()]


def _in_words(figures):
    return {name: f"{value:.4f}" for name, value in figures.items()}


class _Bar(keras.callbacks.Callback):
    """A bar that moves with each batch."""

    _bar = None

    def on_train_begin(self, logs=None):
        n_epochs = self.params["epochs"] - self.params["initial_epoch"]
        n_images = n_epochs * self.params["samples"]
        self._bar = tqdm(total=n_images, desc="training", unit=" images")

    def on_epoch_begin(self, epoch, logs=None):
        self._bar.set_description(f"epoch {epoch + 1}/{self.params['epochs']}")

    def on_train_batch_end(self, batch, logs=None):
        size, n_images = self.params["batch_size"], self.params["samples"]
        self._bar.update(min(size, n_images - batch * size))

    def on_epoch_end(self, epoch, logs=None):
        self._bar.set_postfix(_in_words(logs))

    def close(self):
        if self._bar is not None:
            self._bar.close()


class _Lines(keras.callbacks.Callback):
    """A line for each epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        figures = ", ".join(f"{name} {value}" for name, value in _in_words(logs).items())
        seconds = time.monotonic() - self._began
        print(
            f"epoch {epoch + 1}/{self.params['epochs']}: {figures} ({seconds:.1f} s)",
            file=sys.stderr,
            flush=True,
        )
