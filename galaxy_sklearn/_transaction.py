"""Methods that change an estimator as a whole or not at all."""

from contextlib import ExitStack, contextmanager


@contextmanager
def unchanged_on_failure(estimator):
    """Leave an estimator as it was if what is done to it fails or is interrupted.

    Its learner, and the members of an ensemble, are left as they were as well.
    """
    before = dict(vars(estimator))
    learner = before.get("_learner")
    snapshot = None if learner is None else learner.snapshot()
    with ExitStack() as members:
        for member in before.get("estimators_", ()):
            members.enter_context(unchanged_on_failure(member))
        try:
            yield
        except BaseException:
            if learner is not None:
                learner.restore(snapshot)
            vars(estimator).clear()
            vars(estimator).update(before)
            raise
