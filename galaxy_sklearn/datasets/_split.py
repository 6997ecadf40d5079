"""Reproducible splits of a survey."""

import hashlib
from numbers import Integral

import numpy as np
import pandas as pd

from galaxy_sklearn._ids import galaxy_ids, in_words

__all__ = ["PARTS", "split_galaxies"]

PARTS = ("train", "validation", "test")


def split_galaxies(galaxies, *, stratify=None, test_size=0.2, validation_size=0.1, random_state=0):
    """Assign each galaxy to the training, the validation or the test part.

    The split depends only on the names of the galaxies and the seed: it is the same on every
    machine, in every version and for any order of the rows. Rows of the same galaxy, such as
    several images of it, stay together.

    Parameters
    ----------
    galaxies : array-like of int or str, shape (n_rows,)
        Number or name of the galaxy in each row. Numbers may also be text, with blanks and
        leading zeros: the split is the same.
    stratify : array-like, shape (n_rows,), optional
        Class of each row. Each class is split in the same proportions, up to whole galaxies.
    test_size, validation_size : float, default=0.2 and 0.1
        Fractions of the galaxies.
    random_state : int, default=0
        The seed.

    Returns
    -------
    ndarray of str, shape (n_rows,)
        ``"train"``, ``"validation"`` or ``"test"``. Add it to a table of votes as the column
        ``split`` to select a part by ``load_galaxy_zoo(..., split="train")``.

    Raises
    ------
    ValueError
        If a size is not a fraction, the seed is not an int, a number or class is missing, a
        number is a float that has lost digits, or if rows of one galaxy have different classes.

    Notes
    -----
    The galaxies of a class are sorted by the SHA-256 hash of ``"<seed>:<name>"``; the first are
    for testing, the next for validation. If the size of a part is not a whole number of galaxies,
    it is rounded up or down depending on the hash of the class, so that the proportions are right
    on average in small classes too.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import split_galaxies
    >>> split_galaxies([587722, 587723, 587724, 587722], test_size=0.5, validation_size=0)
    array(['test', 'test', 'train', 'test'], dtype='<U10')
    """
    for name, size in (("test_size", test_size), ("validation_size", validation_size)):
        if not 0 <= size <= 1:
            raise ValueError(f"{name} must be a fraction from 0 to 1, got {size!r}.")
    if test_size + validation_size > 1:
        raise ValueError(
            f"test_size and validation_size must not exceed 1 together, got {test_size!r} and "
            f"{validation_size!r}."
        )
    if not isinstance(random_state, Integral):
        raise ValueError(f"random_state must be an int, got {random_state!r}.")
    galaxies = galaxy_ids(galaxies, "galaxies")
    rows = pd.DataFrame({"galaxy": galaxies, "class": _classes(stratify, len(galaxies))})
    once = rows.drop_duplicates()
    twice = once["galaxy"].duplicated()
    if twice.any():
        galaxy = once["galaxy"][twice].iloc[0]
        found = sorted(once["class"][once["galaxy"] == galaxy])
        raise ValueError(f"Galaxy {galaxy} has rows of different classes: {found}.")
    parts = {}
    for name, members in once.groupby("class")["galaxy"]:
        ordered = sorted(members, key=lambda galaxy: _hash(random_state, galaxy))
        rounding = int(_hash(random_state, f"class {name}")[:12], 16) / 16**12
        ends = [
            int(len(ordered) * size + rounding)
            for size in (test_size, test_size + validation_size, 1)
        ]
        start = 0
        for part, end in zip(("test", "validation", "train"), ends, strict=True):
            parts.update(dict.fromkeys(ordered[start:end], part))
            start = max(start, end)
    return np.array([parts[galaxy] for galaxy in rows["galaxy"]], dtype="<U10")


def _classes(stratify, n_rows):
    if stratify is None:
        return np.full(n_rows, "")
    classes = np.asarray(stratify, dtype=object)
    if classes.shape != (n_rows,):
        raise ValueError(
            f"stratify: expected a class for each of the {n_rows} rows, got shape {classes.shape}."
        )
    missing = np.flatnonzero(pd.isna(classes) | np.ma.getmaskarray(np.ma.asarray(stratify)))
    if len(missing):
        raise ValueError(f"stratify: the class is missing in {in_words(missing)}.")
    return np.asarray(stratify).astype(str)


def _hash(seed, name):
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
