"""Training and predicting, batch by batch.

Keras' own ``fit`` and ``predict`` feed a network through ``tf.data``. That copies the images as a
whole, and on some machines each call waits for up to five seconds for the feeding threads to end.
Taking the batches by hand costs less and works on every backend.
"""

import warnings

import numpy as np
from sklearn.utils import gen_batches

from galaxy_sklearn._learner._process import (
    check_not_forked,
    is_one_of_many,
    without_retracing_warning,
)

# Larger ones are a little quicker for networks with large dense layers, and need more memory.
PREDICTION_BATCH = 64
# Matrix products take so many rows at a time. Those that are left over go through other
# instructions, whose rounding differs.
ROWS_AT_A_TIME = 8


def train(
    trainer,
    arrays,
    training,
    validation,
    *,
    epochs,
    batch_size,
    patience,
    rng,
    history,
    callbacks=(),
    checkpoint=None,
):
    """Train a compiled model and keep its best epoch.

    Parameters
    ----------
    trainer : keras.Model
        The model, compiled.
    arrays : tuple of ndarray
        Images and targets, and weights if there are any. They are not copied; batches of images
        become float32.
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
    callbacks : sequence of keras.callbacks.Callback
        They are told of epochs and batches as by Keras' ``fit``, and can stop the training. Epochs
        are numbered from 0, counting those that the history began with.
    checkpoint : Checkpoint, optional
        Where the state is kept after each epoch, and taken up again.

    Returns
    -------
    int or None
        The number, from 1 and counting those that the history began with, of the epoch kept. None
        if a callback put other weights in the end.

    Raises
    ------
    ValueError
        If the loss is no longer finite, or a callback stops before the first epoch.
    """
    check_not_forked()
    before = len(history.get("loss", ()))
    last = before + epochs
    kept, least, best, spare = before, np.inf, None, None
    trainer.stop_training = False
    if checkpoint is not None:
        begun = checkpoint.restore(trainer, rng, history)
        if begun is not None:
            kept, least, best = begun
    first = len(history.get("loss", ())) + 1
    params = {
        "epochs": last,
        "initial_epoch": first - 1,
        "steps": -(-len(training) // batch_size),
        "batch_size": batch_size,
        "samples": len(training),
    }
    for callback in callbacks:
        callback.set_params(params)
        callback.set_model(trainer)

    # Not Keras' CallbackList, which calls some in threads of its own.
    def tell(event, *args):
        for callback in callbacks:
            getattr(callback, f"on_{event}")(*args)

    with without_retracing_warning():
        tell("train_begin")
        try:
            for epoch in range(first, last + 1):
                if trainer.stop_training:
                    break
                if patience is not None and epoch - 1 - kept >= max(patience, 1):
                    break
                tell("epoch_begin", epoch - 1)
                rows = rng.permutation(training)
                figures = _one_pass(trainer, "train", arrays, rows, batch_size, tell)
                _check_finite("loss", figures["loss"], epoch)
                with trainer.optimizer.averaged(trainer.trainable_variables):
                    if not len(validation):
                        kept = epoch
                    else:
                        tell("test_begin")
                        checked = _one_pass(
                            trainer, "test", arrays, validation, PREDICTION_BATCH, tell
                        )
                        tell("test_end", dict(checked))
                        figures.update({f"val_{name}": value for name, value in checked.items()})
                        _check_finite("val_loss", figures["val_loss"], epoch)
                        if figures["val_loss"] < least:
                            # An interruption must not leave half a copy as the best.
                            copied = _copy_weights(trainer, spare)
                            spare, best = best, copied
                            kept, least = epoch, figures["val_loss"]
                    for name, value in figures.items():
                        history.setdefault(name, []).append(value)
                    # Callbacks see the weights that the figures are of.
                    tell("epoch_end", epoch - 1, dict(figures))
                if checkpoint is not None:
                    checkpoint.save(trainer, rng, history, kept, least, best)
        except KeyboardInterrupt:
            done = len(history.get("loss", ())) - before
            # A search would rank it among candidates that were trained to the end.
            if not done or is_one_of_many():
                raise
            warnings.warn(
                f"Training was interrupted after {done} of {epochs} epochs; what was learned "
                "is kept.",
                UserWarning,
                stacklevel=5,
            )
    if len(history.get("loss", ())) == before:
        raise ValueError("A callback stopped the training before its first epoch.")
    if best is None:
        trainer.optimizer.finalize_variable_values(trainer.trainable_variables)
    else:
        trainer.set_weights(best)
    if callbacks:
        chosen = trainer.get_weights()
        tell("train_end", {name: values[-1] for name, values in history.items()})
        pairs = zip(trainer.get_weights(), chosen, strict=True)
        if not all(np.array_equal(now, then) for now, then in pairs):
            kept = None
    # The loss of an epoch does not show what its last step did.
    if not all(np.isfinite(weight.numpy()).all() for weight in trainer.weights):
        _check_finite("weights", np.nan, len(history["loss"]))
    return kept


def predict(model, X, *, symmetric=False):
    """Run a model over an array, batch by batch, without copying it as a whole.

    Of a model with several outputs it returns a list.

    A symmetric prediction is the mean over all orientations of the images. The sum is one of
    single-precision numbers in double precision, exact whatever their order, so that turned
    and mirrored images give the same bits.

    Batches are filled up with empty images, so that the prediction of an image does not depend
    on its place among the others. It may differ in the last digit from that of the image alone
    and from that of another number of threads.
    """
    check_not_forked()
    outputs = [np.empty((len(X), *x.shape[1:]), dtype=np.float32) for x in model.outputs]
    views = _orientations(X.shape[1:3]) if symmetric else [lambda images: images]
    with without_retracing_warning():
        for batch in gen_batches(len(X), PREDICTION_BATCH):
            images = batch_as_float32(X[batch])
            n_images = len(images)
            surplus = n_images % ROWS_AT_A_TIME
            if len(X) > 1 and surplus:
                empty = np.zeros((ROWS_AT_A_TIME - surplus, *X.shape[1:]), dtype=np.float32)
                images = np.concatenate([images, empty])
            totals = [0.0] * len(outputs)
            for view in views:
                found = model.predict_on_batch(view(images))
                found = [found] if len(outputs) == 1 else found
                totals = [t + x.astype(np.float64) for t, x in zip(totals, found, strict=True)]
            for output, total in zip(outputs, totals, strict=True):
                output[batch] = total[:n_images] / len(views)
    return outputs[0] if len(outputs) == 1 else outputs


def batch_as_float32(images):
    """Return images as a network takes them: uint8 is scaled from 0-255 to 0-1."""
    if images.dtype == np.uint8:
        # Times a factor, as `FlattenToTensor` does it: the bits are the same.
        return images.astype(np.float32) * np.float32(1 / 255)
    return images.astype(np.float32, copy=False)


def _check_finite(name, value, epoch):
    if not np.isfinite(value):
        raise ValueError(
            f"Training diverged: the {name} of epoch {epoch} is {value}. A smaller learning_rate "
            "or images scaled to about 0-1 may help."
        )


def _one_pass(trainer, kind, arrays, rows, batch_size, tell):
    """Train on rows, or test them, and return the means of loss and metrics."""
    step = getattr(trainer, f"{kind}_on_batch")
    sums, n_seen = {}, 0
    X, *others = arrays
    for number, batch in enumerate(gen_batches(len(rows), batch_size)):
        tell(f"{kind}_batch_begin", number)
        # Keras returns the loss of the batch, but metrics since they were reset.
        trainer.reset_metrics()
        images = batch_as_float32(X[rows[batch]])
        figures = step(images, *(a[rows[batch]] for a in others), return_dict=True)
        for name, value in figures.items():
            sums[name] = sums.get(name, 0.0) + len(rows[batch]) * float(value)
        n_seen += len(rows[batch])
        tell(f"{kind}_batch_end", number, {name: total / n_seen for name, total in sums.items()})
        if kind == "train" and trainer.stop_training:
            break
    return {name: total / n_seen for name, total in sums.items()}


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
