"""Bands of one galaxy on one grid of pixels."""

import warnings

import numpy as np

from galaxy_sklearn.images._limits import InvalidImageError
from galaxy_sklearn.images._sky import sky_matrix

# Pixels that the corners may be off after a shift: half a pixel of rounding, and a bit.
MOST_OFF = 0.75
# The reference pixel of all frames of SDSS, and their shape.
SDSS_REFERENCE, SDSS_SHAPE = (1025, 745), (1489, 2048)


def aligned(planes):
    """Shift planes by whole pixels onto the grid of the first, by their coordinates.

    Parameters
    ----------
    planes : list of Plane
        With celestial coordinates in their headers.

    Returns
    -------
    list of Plane
        Of the shape of the first, with NaN where a plane has no pixels.

    Raises
    ------
    InvalidImageError
        If a plane has no coordinates, or another scale or rotation than the first.
    """
    first = planes[0]
    return [first, *(plane._replace(pixels=_shifted(plane, first)) for plane in planes[1:])]


def _shifted(plane, first):
    height, width = first.pixels.shape
    corners = np.array([(x, y) for x in (0, width - 1) for y in (0, height - 1)], dtype=float)
    offsets = _positions(plane, _coordinates(first, corners)) - corners
    shift = np.rint(offsets.mean(axis=0))
    off = np.abs(offsets - shift).max()
    if not off <= MOST_OFF:
        raise InvalidImageError(
            f"{plane.label} cannot be aligned with {first.label} by a shift, which leaves corners "
            f"{off:.1f} pixels off: reproject the files to one grid first, or use align=None"
        )
    column, row = shift.astype(int)
    pixels = np.full((height, width), np.nan, dtype=plane.pixels.dtype)
    top, left = max(0, -row), max(0, -column)
    part = plane.pixels[max(0, row) : row + height, max(0, column) : column + width]
    if row + height > 0 and column + width > 0:
        part = part[: height - top, : width - left]
        pixels[top : top + part.shape[0], left : left + part.shape[1]] = part
    return pixels


def _coordinates(plane, pixels):
    return _wcs(plane).all_pix2world(pixels, 0)


def _positions(plane, coordinates):
    return _wcs(plane).all_world2pix(coordinates, 0, quiet=True)


def _wcs(plane):
    from astropy.wcs import WCS

    header = plane.headers[0]
    if sky_matrix(header) is None:
        raise InvalidImageError(
            f"align='wcs' needs celestial coordinates in the header, found none in {plane.label}"
        )
    reference = (header.get("CRPIX1"), header.get("CRPIX2"))
    if reference == SDSS_REFERENCE and plane.pixels.shape != SDSS_SHAPE:
        raise InvalidImageError(
            f"align='wcs' needs right coordinates, found those of a whole frame of SDSS in the "
            f"header of a part of one, {plane.label}: use align=None if the parts were cut at one "
            "position on the sky"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it mends what is not by the standard, and tells
        return WCS(header, naxis=2)
