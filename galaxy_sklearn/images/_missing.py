"""Pixels without data."""

import numpy as np

from galaxy_sklearn.images._limits import InvalidImageError

# Single pixels may be 0 by chance; connected ones of this number have no data.
EMPTY_AREA = 100
# Of the median of the absolute deviations, in standard deviations of a normal distribution.
MAD = 1.4826


def fill_missing(pixels, limit, name):
    """Fill pixels that are missing with the sky.

    Parameters
    ----------
    pixels : ndarray of float, shape (height, width)
        One band. It is not changed.
    limit : float
        The largest fraction of missing pixels that is filled.
    name : str
        The band, for the error.

    Returns
    -------
    ndarray
        The pixels, of which none is missing.

    Raises
    ------
    InvalidImageError
        If more are missing.
    """
    missing = ~np.isfinite(pixels) | _empty(pixels)
    fraction = missing.mean()
    if fraction == 0:
        return pixels
    if fraction > limit or fraction == 1:
        raise InvalidImageError(
            f"expected up to {limit:.0%} missing pixels (max_missing), found {fraction:.1%} that "
            f"are NaN or in areas of exactly 0 in {name}"
        )
    return np.where(missing, sky_level(pixels[~missing]), pixels)


def sky_level(values):
    """Return the median of pixels without those far above it, as sources are."""
    for _ in range(5):
        middle = np.median(values)
        near = np.abs(values - middle) <= 3 * MAD * np.median(np.abs(values - middle))
        if near.all() or not near.any():
            break
        values = values[near]
    return np.median(values)


def _empty(pixels):
    """Tell which pixels belong to connected areas of exactly 0."""
    zero = pixels == 0
    if np.count_nonzero(zero) < EMPTY_AREA:
        return np.zeros_like(zero)
    from scipy import ndimage

    areas, _ = ndimage.label(zero)
    large = np.bincount(areas.ravel()) >= EMPTY_AREA
    large[0] = False
    return large[areas]
