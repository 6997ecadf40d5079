"""What belongs to the whole process, set for a while and put back."""

import logging
import os
import random
import sys
import threading
from contextlib import contextmanager, suppress

import keras

from galaxy_sklearn._compat import is_worker

# Both states below are the whole process', so that two threads cannot build at a time.
BUILDING = threading.RLock()
# Callers of many fits, and those among scikit-learn's modules that pass on a single one.
MANY_FITS = ("sklearn.", "joblib.parallel", "joblib.externals", "distributed.")
ENSEMBLE = "galaxy_sklearn.ensemble"
ONE_FIT = (
    *("sklearn.base", "sklearn.callback", "sklearn.compose"),
    *("sklearn.pipeline", "sklearn.utils"),
)

_computed_in = None


@contextmanager
def seeded(seed):
    """Seed what Keras draws its default seeds from, and put the user's state back after.

    Initializers, dropout and our own layers that were given no seed ask Python's `random`
    for one when they are made, so the seed determines any network that is built in here, also
    one of the user's.
    """
    with BUILDING:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


@contextmanager
def dtype_policy(name):
    """Build layers with a dtype policy, and put the user's back after."""
    with BUILDING:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(name)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)


def is_one_of_many(callers=(*MANY_FITS, ENSEMBLE)):
    """Whether the fit under way is one of a search, a cross-validation or an ensemble.

    Nothing but the callers tells: scikit-learn clones an estimator and calls its ``fit``, as a
    user does.
    """
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(callers) and not module.startswith(ONE_FIT):
            return True
        frame = frame.f_back
    return False


def check_not_forked():
    """Refuse to compute in a process that was forked from one that computed: it would hang."""
    global _computed_in
    if _computed_in is None:
        _computed_in = os.getpid()
    elif _computed_in != os.getpid():
        raise RuntimeError(
            "This process was forked from one in which a network was built or loaded, and "
            "TensorFlow does not survive a fork. Use processes that are spawned: joblib's default "
            "backend 'loky', or multiprocessing.get_context('spawn')."
        )


@contextmanager
def without_retracing_warning():
    """Keep back TensorFlow's warning of a function traced too often.

    It counts the networks of different classifiers as one, so that every search sets it off.
    """

    def is_other(record):
        return "tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def share_cores():
    """Let TensorFlow use its share of the cores in one of joblib's or Dask's workers.

    It starts as many threads as there are cores in each of them, where BLAS and OpenMP keep to
    what joblib or Dask tells them. Does nothing elsewhere, or if the user has chosen.
    """
    share = os.environ.get("OMP_NUM_THREADS", "")
    if (
        keras.backend.backend() == "tensorflow"
        and is_worker()
        and share.isdecimal()
        and "TF_NUM_INTRAOP_THREADS" not in os.environ
    ):
        from tensorflow.config import threading

        # Too late once TensorFlow has computed something.
        with suppress(RuntimeError):
            threading.set_intra_op_parallelism_threads(int(share))
            threading.set_inter_op_parallelism_threads(1)
