"""FITS images."""

import io
import zlib

import numpy as np

from galaxy_sklearn.images._limits import (
    check_size,
    decompress,
    decompress_bzip2,
    most_bytes,
)
from galaxy_sklearn.images._missing import fill_missing
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


def combine(planes, channels, *, orientation, max_missing):
    """Bring planes into one image, see `read_image`."""
    pixels = []
    for plane in planes:
        filled = plane.pixels
        if max_missing is not None:
            filled = fill_missing(filled, max_missing, plane.label)
        if orientation == "sky":
            filled = as_on_the_sky(filled, plane.headers[0])
        pixels.append(filled)
    return np.stack(pixels, axis=-1) if channels else np.ascontiguousarray(pixels[0])


def _native(pixels):
    """Return pixels as floats; FITS is big-endian."""
    return np.asarray(pixels).astype(np.float64 if pixels.dtype.itemsize == 8 else np.float32)
