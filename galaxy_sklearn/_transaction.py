"""Methods that change an estimator as a whole or not at all."""

from contextlib import contextmanager


@contextmanager
def unchanged_on_failure(estimator):
    """Leave an estimator as it was if what is done to it fails or is interrupted."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
