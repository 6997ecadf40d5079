"""Reading image files."""

import os
from functools import partial

from galaxy_sklearn.images import ImageStack, first_element, holds_paths, read_image
from galaxy_sklearn.transformers._base import ImageTransformer


class ImageReader(ImageTransformer):
    """Turn the names of image files into images that are read on demand.

    The files are read when their pixels are needed, at the latest by `FlattenToTensor`. Images
    in arrays or lists pass through unchanged, so that the same pipeline takes both.

    JPEG and PNG files are read as 8-bit gray or RGB (a palette is expanded, an alpha channel
    dropped), 16-bit PNG as 16-bit gray, FITS files (with astropy installed) as the floats of
    their first image: (height, width), or (height, width, n_channels) for a cube.

    Parameters
    ----------
    luma : bool, default=False
        Whether to decode the luma of JPEG files only, which is faster. It is the gray image of
        ``Grayscale("rec601")``, except for rounding and for colours outside the range of RGB.
        Other files, and rare kinds of JPEG such as CMYK, are not affected.
    reduce : {1, 2, 4, 8}, default=1
        Factor by which height and width of JPEG files are reduced in decoding, which is faster.
        Crop such images by a fraction, not by pixels. Other files are not affected.

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


def _untouched(image):
    return image
