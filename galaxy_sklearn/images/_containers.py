"""What X may be."""

import os


def holds_paths(X):
    """Whether X is a list, an array or a table column of file names."""
    return isinstance(first_element(X), (str, os.PathLike))


def first_element(X):
    """Return the first entry of a list, an array, a Series or a one-column DataFrame."""
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
