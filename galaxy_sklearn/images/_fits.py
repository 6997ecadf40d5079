"""FITS images."""

import io
import zlib

import numpy as np

from galaxy_sklearn.images._limits import InvalidImageError, check_size, decompress, most_bytes

FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fits.fz")
MOST_COLOURS = 4
FITS_START, GZIP_START = b"SIMPLE  =", b"\x1f\x8b"


def is_fits(content):
    """Whether the content of a file is that of a FITS file, compressed by gzip or not."""
    # No other image is compressed as a whole.
    return content.startswith((FITS_START, GZIP_START))


def decode_fits(content, *, max_pixels):
    """Decode the first image of a FITS file, see `read_image`."""
    try:
        from astropy.io import fits
    except ImportError:
        raise ImportError(
            "reading FITS needs astropy: pip install 'galaxy_sklearn[fits]'"
        ) from None
    if content[:2] == GZIP_START:
        content = decompress(content, zlib.MAX_WBITS | 32, most_bytes(max_pixels))
    with fits.open(io.BytesIO(content), memmap=False) as units:
        unit = next((u for u in units if u.is_image and u.shape), None)
        if unit is None or len(unit.shape) not in (2, 3):
            found = "none" if unit is None else f"one of shape {unit.shape}"
            raise InvalidImageError(f"expected an image of 2 or 3 dimensions, found {found}")
        check_size(unit.shape, max_pixels)
        data = unit.data
    if data.ndim == 3 and not data.shape[-1] <= MOST_COLOURS < data.shape[0]:
        # FITS stores the planes of a cube first; but some files have colours last, as pictures do.
        data = np.moveaxis(data, 0, -1)
    # FITS is big-endian.
    data = np.ascontiguousarray(data)
    return data.astype(np.float64 if data.dtype.itemsize == 8 else np.float32)
