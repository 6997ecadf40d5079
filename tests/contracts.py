"""What every estimator of images keeps to, as scikit-learn's checks ask it of rows."""

import pickle

import numpy as np


def check_over_images(estimator, X, y, answer):
    """Fit an estimator on images and ask it by every way.

    Parameters
    ----------
    estimator : estimator
        Not fitted, with a ``random_state`` that is set.
    X : ndarray, shape (n, height, width) or (n, height, width, n_channels)
        Images.
    y : DataFrame
        Votes.
    answer : str
        The method that answers, such as ``"predict_proba"``.

    Returns
    -------
    ndarray
        What it answers.
    """
    X.flags.writeable = False
    before, parameters = X.copy(), estimator.get_params()
    assert estimator.fit(X, y) is estimator
    state = set(vars(estimator))
    ask = getattr(estimator, answer)
    first = ask(X)
    # The same at every call and by every way.
    np.testing.assert_array_equal(ask(X), first)
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(getattr(again, answer)(X), first)
    one_by_one = np.concatenate([ask(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(one_by_one, first, atol=1e-5)
    np.testing.assert_allclose(ask(X[::-1]), first[::-1], atol=1e-5)
    # Neither state, parameters nor input change, and a second fit gives the same.
    assert set(vars(estimator)) == state
    assert not hasattr(estimator, "n_features_in_")
    np.testing.assert_array_equal(getattr(estimator.fit(X, y), answer)(X), first)
    changed = [k for k, v in estimator.get_params().items() if v is not parameters[k]]
    assert all(estimator.get_params()[k] == parameters[k] for k in changed)
    np.testing.assert_array_equal(X, before)
    return first
