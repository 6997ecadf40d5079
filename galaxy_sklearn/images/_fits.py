"""FITS images."""

import io
import zlib

import numpy as np

from galaxy_sklearn.images._align import aligned
from galaxy_sklearn.images._limits import (
    InvalidImageError,
    check_size,
    decompress,
    decompress_bzip2,
    most_bytes,
)
from galaxy_sklearn.images._missing import fill_missing
from galaxy_sklearn.images._photometry import nanomaggies_per_unit
from galaxy_sklearn.images._planes import Plane, choose
from galaxy_sklearn.images._sky import as_on_the_sky

FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fits.bz2", ".fits.fz")
FITS_START, GZIP_START, BZIP_START = b"SIMPLE  =", b"\x1f\x8b", b"BZh"


def is_fits(content):
    """Whether the content of a file is that of a FITS file, compressed by gzip, bzip2 or not."""
    # No other image is compressed as a whole.
    return content.startswith((FITS_START, GZIP_START, BZIP_START))


def read_planes(content, *, max_pixels, hdu, band):
    """Read the chosen planes of a FITS file.

    Returns
    -------
    list of Plane
        With pixels of float32 or float64.
    bool
        Whether they are channels; otherwise there is one plane, an image without channels.
    """
    try:
        from astropy.io import fits
    except ImportError:
        raise ImportError(
            "reading FITS needs astropy: pip install 'galaxy_sklearn[fits]'"
        ) from None
    most = most_bytes(max_pixels)
    if content.startswith(GZIP_START):
        content = decompress(content, zlib.MAX_WBITS | 32, most)
    elif content.startswith(BZIP_START):
        content = decompress_bzip2(content, most)
    with fits.open(io.BytesIO(content), memmap=False) as units:
        chosen, channels = choose(units, hdu, band)
        check_size((len(chosen), *chosen[0].shape), max_pixels)
        planes = [Plane(p.label, p.headers, _native(p.read())) for p in chosen]
    return planes, channels


def combine(planes, channels, *, align, orientation, max_missing, units, zero_point, pixel_scale):
    """Bring planes into one image, see `read_image`."""
    if units is not None:
        each = zero_point if isinstance(zero_point, (list, tuple)) else [zero_point] * len(planes)
        if len(each) != len(planes):
            raise InvalidImageError(
                f"expected zero_point to be one for all {len(planes)} bands, or one each, found "
                f"{list(each)}"
            )
        planes = [
            _calibrated(plane, magnitude, pixel_scale)
            for plane, magnitude in zip(planes, each, strict=True)
        ]
    if align is not None and len(planes) > 1:
        planes = aligned(planes)
    first = planes[0].pixels.shape
    other = next((plane for plane in planes if plane.pixels.shape != first), None)
    if other is not None:
        raise InvalidImageError(
            f"expected bands of one shape, found {first} in {planes[0].label} and "
            f"{other.pixels.shape} in {other.label}: align='wcs' cuts them to one, if their "
            "coordinates allow it"
        )
    pixels = []
    for plane in planes:
        filled = plane.pixels
        if max_missing is not None:
            filled = fill_missing(filled, max_missing, plane.label)
        if orientation == "sky":
            # Aligned ones lie as the first.
            filled = as_on_the_sky(filled, (planes[0] if align else plane).headers[0])
        pixels.append(filled)
    return np.stack(pixels, axis=-1) if channels else np.ascontiguousarray(pixels[0])


def _calibrated(plane, zero_point, pixel_scale):
    try:
        factor = nanomaggies_per_unit(plane.headers, zero_point, pixel_scale)
    except InvalidImageError as error:
        raise InvalidImageError(f"{plane.label}: {error}") from None
    # Bits of files that are in nanomaggies already stay.
    if factor == 1:
        return plane
    return plane._replace(pixels=plane.pixels * plane.pixels.dtype.type(factor))


def _native(pixels):
    """Return pixels as floats; FITS is big-endian."""
    return np.asarray(pixels).astype(np.float64 if pixels.dtype.itemsize == 8 else np.float32)
