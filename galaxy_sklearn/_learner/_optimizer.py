"""The optimizer, its schedule and the average of the weights."""

from contextlib import contextmanager

import keras


def make_optimizer(params, steps=None):
    """Make the optimizer of a training.

    Parameters
    ----------
    params : namespace
        ``learning_rate``, ``weight_decay``, ``schedule`` and ``weight_average``, see
        `GalaxyClassifier`.
    steps : int, optional
        Number of steps. A training whose end is unknown has neither schedule nor average.

    Returns
    -------
    Adam
        The optimizer.
    """
    learning_rate = float(params.learning_rate)
    if params.schedule == "cosine" and steps is not None:
        warm_up = steps // 20
        learning_rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warm_up else learning_rate,
            steps - warm_up,
            warmup_target=learning_rate if warm_up else None,
            warmup_steps=warm_up,
        )
    # A running average with momentum m reaches back over some 1 / (1 - m) steps.
    averaged_steps = params.weight_average * steps if steps else 0
    optimizer = Adam(
        learning_rate,
        weight_decay=params.weight_decay or None,
        use_ema=averaged_steps > 1,
        ema_momentum=1 - 1 / max(averaged_steps, 1),
    )
    if params.weight_decay:
        # Biases and the parameters of normalizations.
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


class Adam(keras.optimizers.Adam):
    """Adam that avoids TensorFlow's graph leak and shows its averaged weights.

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
