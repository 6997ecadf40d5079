"""The containers of images that an estimator takes as X."""

import os


def holds_paths(X):
    """Tell whether X is a list, an array or a table of file names.

    Parameters
    ----------
    X : object
        The input of an estimator.

    Returns
    -------
    bool
        True if the first element is a str or path-like.

    Examples
    --------
    >>> from galaxy_sklearn.images import holds_paths
    >>> holds_paths(["1.jpg", "2.jpg"])
    True
    """
    first = first_element(X)
    if first is None and getattr(X, "ndim", 1) == 2 and len(X):
        first = first_element(X.iloc[0] if hasattr(X, "iloc") else X[0])
    return isinstance(first, (str, os.PathLike))


def first_element(X):
    """Return the first element of a list, an array, a Series or a one-column DataFrame.

    Parameters
    ----------
    X : object
        The input of an estimator.

    Returns
    -------
    object
        The element; None if X is empty, not a sequence, or has more dimensions.

    Examples
    --------
    >>> from galaxy_sklearn.images import first_element
    >>> first_element(["1.jpg", "2.jpg"])
    '1.jpg'
    """
    if getattr(X, "ndim", 1) == 2 and X.shape[1:] == (1,):
        X = X.iloc[:, 0] if hasattr(X, "iloc") else X[:, 0]
    elif getattr(X, "ndim", 1) != 1:
        return None
    if hasattr(X, "iloc"):
        X = X.iloc
    try:
        return X[0]
    except (IndexError, KeyError, TypeError):
        return None
