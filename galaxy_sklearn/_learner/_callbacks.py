"""What Keras calls callbacks: the user's, and the one that tells scikit-learn's of each epoch."""

import copy
import inspect
import io
import pickle
from functools import partial

import keras

# These would do what a parameter of ours does, in another way.
REPLACED = {
    "BackupAndRestore": "checkpoint",
    "ProgbarLogger": "verbose",
    "SwapEMAWeights": "weight_average",
}
# These set the learning rate, which a schedule sets by itself.
OF_CONSTANT_RATE = ("LearningRateScheduler", "ReduceLROnPlateau")
# Their next call does not depend on those before, so that a training can go on without them.
STATELESS = (
    *("LambdaCallback", "LearningRateScheduler", "RemoteMonitor"),
    *("TensorBoard", "TerminateOnNaN"),
)


def make_callbacks(given, schedule, checkpoint):
    """Make the callbacks of one training.

    Parameters
    ----------
    given : list or None
        Instances, which are copied, as a training leaves a state in them; classes; or functions
        without arguments that return an instance.
    schedule : {"constant", "cosine"}
        How the learning rate changes by itself.
    checkpoint : str, path-like or None
        Where the state of the training is kept, without that of callbacks.

    Returns
    -------
    list of keras.callbacks.Callback
        The callbacks.

    Raises
    ------
    ValueError
        If one is something else, could not be saved with the estimator, or would not be right.
    """
    made = []
    for i, value in enumerate(given or ()):
        name = f"callbacks[{i}]"
        _check_can_be_pickled(name, value)
        is_function = inspect.isfunction(value) or isinstance(value, type)
        callback = value() if is_function else copy.deepcopy(value)
        if not isinstance(callback, keras.callbacks.Callback):
            raise ValueError(
                f"{name} must be a keras.callbacks.Callback, a class of them, or a function "
                f"without arguments that returns one, got {value!r}"
                f"{f', which returns {callback!r}' if is_function else ''}."
            )
        kind = type(callback).__name__
        if kind in REPLACED:
            raise ValueError(
                f"{name} is a {kind}, which does not know this training: use {REPLACED[kind]!r}."
            )
        if schedule != "constant" and kind in OF_CONSTANT_RATE:
            raise ValueError(
                f"{name} is a {kind}, which sets the learning rate, as does "
                f"schedule={schedule!r}: choose schedule='constant'."
            )
        if checkpoint is not None and kind not in STATELESS:
            raise ValueError(
                f"checkpoint does not keep the state of callbacks, so that a training with "
                f"{name}, a {kind}, would go on as another one. With checkpoint, callbacks can "
                f"be {', '.join(STATELESS)}."
            )
        made.append(callback)
    return made


class _Pickler(pickle.Pickler):
    def persistent_id(self, value):
        # Of the user's script or notebook, which is not the main module of a worker process.
        is_named = inspect.isfunction(value) or isinstance(value, type)
        if is_named and value.__module__ == "__main__" and "<" not in value.__qualname__:
            return value.__qualname__
        return None


def _check_can_be_pickled(name, value):
    """Refuse before the training what could not be saved after it."""
    try:
        _Pickler(io.BytesIO()).dump(value)
    except Exception as error:  # whatever an object's state raises
        raise ValueError(
            f"{name} cannot be pickled, so that the estimator could not be saved: {error}. Define "
            "functions and classes at the top level of a module, or give a function that makes "
            "the callback."
        ) from error


class FitTasks(keras.callbacks.Callback):
    """Tell scikit-learn's callbacks of each epoch of a ``fit``.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        The task of ``fit``, of which epochs are the parts.
    estimator : estimator
        What is fitted.
    attributes : callable
        Takes the number of an epoch, from 1, and returns the attributes that the estimator would
        have if it was the last one. The network among them goes on learning.
    **data : dict
        ``X``, ``y`` and ``metadata``.
    """

    def __init__(self, context, estimator, attributes, **data):
        super().__init__()
        self._context = context
        self._estimator = estimator
        self._attributes = attributes
        self._data = data
        self._n_begun = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Begin the task of an epoch."""
        while self._n_begun < epoch:  # of a training that goes on
            self._begin().call_on_fit_task_end(estimator=self._estimator)
        self._task = self._begin()

    def on_epoch_end(self, epoch, logs=None):
        """End the task, with the network that predicts."""
        stops = self._task.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=partial(self._attributes_after, epoch + 1),
            **self._data,
        )
        if stops:
            self.model.stop_training = True

    def _attributes_after(self, epoch):
        attributes = self._attributes(epoch)
        # It may be kept, and grows.
        return {**attributes, "history_": copy.deepcopy(attributes["history_"])}

    def _begin(self):
        self._n_begun += 1
        task = self._context.subcontext(task_name="epoch")
        return task.call_on_fit_task_begin(estimator=self._estimator, **self._data)
