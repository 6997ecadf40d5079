"""Image files to images."""

import gzip
import io
import os
import zlib
from contextlib import suppress
from functools import partial

import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from galaxy_sklearn.transformers._base import ImageTransformer, first_element, holds_paths
from galaxy_sklearn.transformers._packed import PackedImage
from galaxy_sklearn.transformers._stack import ImageStack

JPEG_START = b"\xff\xd8"
FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fits.gz", ".fits.fz")


class ImageReader(ImageTransformer):
    """Turn the names of image files into images.

    The files are not read here but where their pixels are needed, at the latest by
    `FlattenToTensor`. Arrays and images pass through untouched, so that the same pipeline
    takes either.

    JPEG and PNG files are read as 8-bit gray or RGB (a palette is expanded, an alpha channel
    dropped), 16-bit PNG as 16-bit gray, FITS files (with astropy installed) as the floats of
    their first image: (height, width), or (height, width, n_channels) for a cube.

    Parameters
    ----------
    luma : bool, default=False
        Whether to decode the luma of JPEG files only, which is quicker: the gray image of
        ``Grayscale("rec601")``, but for rounding and for colours that no screen can show.
        Other files are not affected, nor are JPEG files of a rare kind (CMYK, say).
    reduce : {1, 2, 4, 8}, default=1
        Decode JPEG files at this fraction of their height and width, which is quicker. Crop
        such images by a fraction, not by pixels. Other files are not affected.

    Attributes
    ----------
    image_shape_in_ : tuple of int or None
        Shape of the images seen in `fit`; None for files.
    n_features_in_ : int
        Number of pixels in a flattened row. Only if `fit` saw rows.

    See Also
    --------
    FlattenToTensor : The step that reads many files in parallel.

    Examples
    --------
    >>> from galaxy_sklearn import ImageReader
    >>> ImageReader().fit_transform(["587722981741363294.jpg"])
    ImageStack(1 image, read_image)
    """

    image_shape = None

    def __init__(self, *, luma=False, reduce=1):
        self.luma = luma
        self.reduce = reduce

    def fit(self, X, y=None):
        """Check the input; nothing is learned.

        Parameters
        ----------
        X : array-like of str or path-like, or images
            See `transform`.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        return super().fit(self._stack_if_paths(X), y)

    def transform(self, X):
        """Turn names into images that are read on demand.

        Parameters
        ----------
        X : list, array, Series or one-column DataFrame of str or path-like
            The image files. Images, in any form another transformer takes, are returned as
            they are.

        Returns
        -------
        ImageStack or ndarray
            The images.

        Raises
        ------
        ValueError
            If only some entries are names of files.
        """
        X = self._stack_if_paths(X)
        if isinstance(X, ImageStack):
            return X
        images = self._check_images(X, reset=False)
        return self._row_container(images, X) if images.ndim == 2 else images

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags

    def _operation(self):
        if self.reduce not in (1, 2, 4, 8):
            raise ValueError(f"reduce must be 1, 2, 4 or 8, got {self.reduce!r}.")
        return _untouched

    def _stack_if_paths(self, X):
        if not holds_paths(X):
            return X
        self._operation()
        if hasattr(X, "iloc") and X.ndim == 2:
            X = X.iloc[:, 0]
        elif getattr(X, "ndim", 1) == 2:
            X = X[:, 0]
        paths = list(X)
        for i, path in enumerate(paths):
            if not isinstance(path, (str, os.PathLike)):
                raise ValueError(
                    f"X, row {i}: expected the name of an image file like "
                    f"{first_element(X)!r}, found {path!r}."
                )
        return ImageStack(paths, partial(read_image, luma=self.luma, reduce=self.reduce))


def read_image(path, *, luma=False, reduce=1):
    """Read one image file.

    Parameters
    ----------
    path : str
        The file.
    luma, reduce : bool, int
        See `ImageReader`.

    Returns
    -------
    ndarray, shape (height, width) or (height, width, n_channels)
        Its pixels.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, truncated or no image.
    ImportError
        If the file is a FITS file and astropy is missing.
    """
    if path.lower().endswith(FITS_SUFFIXES):
        return _read_fits(path)
    content = _content(path)
    if content[:2] == JPEG_START:
        # What simplejpeg cannot decode, damaged files among it, is left to Pillow to judge.
        with suppress(ValueError):
            height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
            if colours in ("Gray", "RGB", "YCbCr"):
                pixels = simplejpeg.decode_jpeg(
                    content,
                    colorspace="GRAY" if luma or colours == "Gray" else "RGB",
                    min_height=-(-height // reduce),
                    min_width=-(-width // reduce),
                    min_factor=1,
                )
                return pixels if pixels.shape[2] == 3 else pixels[:, :, 0]
    try:
        with Image.open(io.BytesIO(content)) as file:
            if file.mode in ("L", "RGB", "I;16"):
                return np.asarray(file)
            return np.asarray(file.convert("L" if file.mode in ("1", "LA") else "RGB"))
    except UnidentifiedImageError:
        what = "no image Pillow can read" if content else "an empty file"
        raise ValueError(f"{path}: expected an image, found {what}.") from None
    except (OSError, SyntaxError, ValueError) as error:
        # Pillow raises a SyntaxError for a broken PNG.
        raise ValueError(f"{path}: the image is damaged ({error}).") from error


def _content(path):
    if isinstance(path, PackedImage):
        return path.read()
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib takes twice as long
            return file.read()
    except FileNotFoundError:
        raise FileNotFoundError(f"No image file {path!r}.") from None


def _untouched(image):
    return image


def _read_fits(path):
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
    """Return what astropy opens: it decompresses files by itself, but nothing in memory."""
    if not isinstance(path, PackedImage):
        return path
    content = path.read()
    return io.BytesIO(gzip.decompress(content) if path.lower().endswith(".gz") else content)
