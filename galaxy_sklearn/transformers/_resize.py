"""Resampling to another number of pixels."""

from functools import lru_cache, partial
from numbers import Integral

import numpy as np
import skimage.transform

from galaxy_sklearn.transformers._base import ImageTransformer, unscaled

BLOCK = 16


class Resize(ImageTransformer):
    """Resample every image to a given number of pixels.

    The interpolation is bilinear; images are smoothed by a Gaussian before shrinking, against
    aliasing, exactly as `skimage.transform.resize` does by default. The result is floating-point:
    unsigned integers are scaled from their whole range to 0-1; floats keep their scale and
    dtype.

    Parameters
    ----------
    size : int or tuple of two ints, default=64
        Height and width in pixels, or one number for both.
    image_shape : tuple of int, optional
        (height, width) or (height, width, n_channels) of flattened rows. By default a row is
        an image of height 1.

    Attributes
    ----------
    image_shape_in_ : tuple of int or None
        Shape of the images seen in `fit`; None where they need not be of one size.
    n_features_in_ : int
        Number of pixels in a flattened row. Only if `fit` saw rows.

    See Also
    --------
    CenterCrop : Change the field of view.

    Notes
    -----
    Smoothing and interpolation are linear and act on rows and columns separately, so resizing
    is a product with one matrix on each side. The matrices are scikit-image's results for the
    identity matrix. Results differ from `skimage.transform.resize` by rounding, about 1e-6,
    because 8-bit images are processed in single precision, by scikit-image in double precision.
    Two differences are intended: boolean images are smoothed like any other (scikit-image does
    not), and signed integers keep their scale.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn import Resize
    >>> Resize(64).fit_transform(np.zeros((3, 212, 212), dtype=np.uint8)).shape
    (3, 64, 64)
    """

    def __init__(self, size=64, *, image_shape=None):
        self.size = size
        self.image_shape = image_shape

    def _operation(self):
        size = self.size if isinstance(self.size, (tuple, list)) else (self.size, self.size)
        if len(size) != 2 or not all(isinstance(side, Integral) and side > 0 for side in size):
            raise ValueError(
                f"size must be a positive int or a tuple of two, in pixels, got {self.size!r}."
            )
        return partial(resize, size=tuple(size))


def resize(image, size):
    """Resample one image to ``size``, (height, width)."""
    height, width, *channels = image.shape
    n = channels[0] if channels else 1
    pixels, scale = unscaled(image)
    # The channels side by side, then one below the other: few large products are faster.
    pixels = pixels.reshape(height, width * n)
    between = np.empty((size[0], width * n), dtype=pixels.dtype)
    for out, used, weights in _resampling(height, size[0], pixels.dtype.str):
        np.matmul(weights, pixels[used], out=between[out])
    if channels:
        between = between.reshape(size[0], width, n).transpose(2, 0, 1).reshape(-1, width)
    resized = np.empty((n * size[0], size[1]), dtype=pixels.dtype)
    for out, used, weights in _resampling(width, size[1], pixels.dtype.str):
        np.matmul(between[:, used], weights.T, out=resized[:, out])
    if scale != 1:
        resized *= scale
    return np.stack(resized.reshape(n, *size), axis=-1) if channels else resized


@lru_cache(maxsize=512)
def _resampling(n_in, n_out, dtype):
    """Split the resampling of one axis into blocks: (pixels out, pixels in, weights).

    An output pixel depends on a few neighbouring input pixels: most of the full matrix is 0, and
    leaving that out halves the time. `CropToGalaxy` gives images of a hundred sizes and more, of
    some 20 kB each here.
    """
    matrix = skimage.transform.resize(np.eye(n_in), (n_out, n_in), anti_aliasing=n_out < n_in)
    blocks = []
    for start in range(0, n_out, BLOCK):
        rows = matrix[start : start + BLOCK]
        (used,) = rows.any(axis=0).nonzero()
        used = slice(used[0], used[-1] + 1)
        weights = np.ascontiguousarray(rows[:, used], dtype=dtype)
        weights.flags.writeable = False
        blocks.append((slice(start, start + len(rows)), used, weights))
    return blocks
