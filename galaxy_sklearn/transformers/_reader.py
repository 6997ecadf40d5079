"""Reading image files."""

import os
from functools import partial
from numbers import Integral

from galaxy_sklearn.images import (
    MAX_PIXELS,
    ImageStack,
    first_element,
    holds_paths,
    read_image,
)
from galaxy_sklearn.transformers._base import ImageTransformer


class ImageReader(ImageTransformer):
    """Turn the names of image files into images that are read on demand.

    The files are read when their pixels are needed, at the latest by `FlattenToTensor`. Images
    in arrays or lists pass through unchanged, so that the same pipeline takes both.

    The content tells the format, whatever the name. JPEG and PNG files are read as 8-bit gray or
    RGB (a palette is expanded, an alpha channel dropped), 16-bit PNG, TIFF and PGM as 16-bit
    gray, TIFF of 32 bits as they are, FITS files (with astropy installed) as the floats of their
    first image: (height, width), or (height, width, n_channels) for a cube. A damaged file is an
    error, not a picture that is half gray.

    Parameters
    ----------
    luma : bool, default=False
        Whether to decode the luma of JPEG files only, which is faster. It is the gray image of
        ``Grayscale("rec601")``, except for rounding and for colours outside the range of RGB.
        Other files, and rare kinds of JPEG such as CMYK, are not affected.
    reduce : {1, 2, 4, 8}, default=1
        Factor by which height and width of JPEG files are reduced in decoding, which is faster.
        Crop such images by a fraction, not by pixels. Other files are not affected.
    max_pixels : int, default=89478485
        Larger images are refused before they are decoded, so that no file takes all the memory.

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

    def __init__(self, *, luma=False, reduce=1, max_pixels=MAX_PIXELS):
        self.luma = luma
        self.reduce = reduce
        self.max_pixels = max_pixels

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
        """Turn names of files into images that are read on demand.

        Parameters
        ----------
        X : list, array, Series or one-column DataFrame of str or path-like
            The image files. Images, in any form that the other transformers take, are returned
            unchanged.

        Returns
        -------
        ImageStack or ndarray
            The images.

        Raises
        ------
        ValueError
            If X is a single name, empty, or only some entries are names of files.
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
        if not isinstance(self.max_pixels, Integral) or self.max_pixels < 1:
            raise ValueError(f"max_pixels must be a positive int, got {self.max_pixels!r}.")
        return _untouched

    def _stack_if_paths(self, X):
        if isinstance(X, (str, bytes, os.PathLike)):
            raise ValueError(f"Expected a list of names of image files, got one name: [{X!r}]?")
        if hasattr(X, "to_pandas"):  # polars
            X = X.to_pandas()
        if isinstance(X, (list, tuple)) and not X:
            raise ValueError("Found 0 images; at least one is needed.")
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
        read = partial(read_image, luma=self.luma, reduce=self.reduce, max_pixels=self.max_pixels)
        return ImageStack(paths, read)


def _untouched(image):
    return image
