"""FITS images."""

import gzip
import io
import zlib

import numpy as np

from galaxy_sklearn.images._packed import PackedImage

FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fits.fz")


def read_fits(path):
    """Read the first image of a FITS file, see `read_image`."""
    try:
        from astropy.io import fits
    except ImportError:
        raise ImportError(
            f"{path}: reading FITS needs astropy: pip install galaxy_sklearn[fits]"
        ) from None
    try:
        with fits.open(_unpacked(path), memmap=False) as units:
            data = next((u.data for u in units if u.is_image and u.data is not None), None)
    except FileNotFoundError:
        raise FileNotFoundError(f"No image file {path!r}.") from None
    except (EOFError, OSError, TypeError, ValueError, zlib.error) as error:
        raise ValueError(f"{path}: the image is damaged ({error}).") from error
    if data is None or data.ndim not in (2, 3):
        found = "none" if data is None else f"one of shape {data.shape}"
        raise ValueError(f"{path}: expected an image of 2 or 3 dimensions, found {found}.")
    # FITS is big-endian and stores the planes of a cube first.
    data = np.ascontiguousarray(np.moveaxis(data, 0, -1) if data.ndim == 3 else data)
    return data.astype(np.float64 if data.dtype.itemsize == 8 else np.float32)


def _unpacked(path):
    """Return what astropy can open. It decompresses files, but not bytes in memory."""
    if not isinstance(path, PackedImage):
        return path
    content = path.read()
    return io.BytesIO(gzip.decompress(content) if path.lower().endswith(".gz") else content)
