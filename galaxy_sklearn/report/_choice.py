"""Which galaxies are on the page."""

import numpy as np

# Of each answer, so many that are best, worst and most unusual.
MOST = 6
KINDS = ("best", "worst", "unusual")


def choose(errors, unusual, path, slices, n_galaxies):
    """Choose the galaxies that are best, worst and most unusual of each answer, and others.

    Parameters
    ----------
    errors : ndarray of shape (n, 1 + n_questions)
        Errors of the galaxies: of all answers, and of those of each question.
    unusual : ndarray of shape (n,), or None
        How unlike the training they are.
    path : ndarray of bool, shape (n, n_answers)
        The answers that were voted most, from question to question.
    slices : tuple of slice
        The answers of each question.
    n_galaxies : int
        The most galaxies to choose.

    Returns
    -------
    rows : ndarray of int
        The galaxies, in ascending order. There are more than `n_galaxies` only if one of each
        kind and answer is.
    most : int
        How many of each kind there are.
    """
    n = len(errors)
    if n <= n_galaxies:
        return np.arange(n), MOST
    n_groups = 3 * (1 + path.shape[1])
    most = max(1, min(MOST, n_galaxies // n_groups))
    chosen = set()
    for question, columns in enumerate([None, *slices]):
        error = errors[:, question]
        for answer in [None] if columns is None else range(columns.start, columns.stop):
            taken = ~np.isnan(error)
            if answer is not None:
                taken &= path[:, answer]
            members = np.flatnonzero(taken)
            order = members[np.argsort(error[members], kind="stable")]
            chosen.update(order[:most].tolist(), order[::-1][:most].tolist())
            if unusual is not None:
                order = members[np.argsort(-unusual[members], kind="stable")]
                chosen.update(order[:most].tolist())
    others = np.setdiff1d(np.arange(n), list(chosen))
    n_others = max(0, n_galaxies - len(chosen))
    drawn = np.random.default_rng(0).choice(others, min(n_others, len(others)), replace=False)
    return np.sort([*chosen, *drawn.tolist()]).astype(int), most
