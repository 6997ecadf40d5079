"""Conversion of colour images to gray."""

from functools import partial

import numpy as np

from galaxy_sklearn.transformers._base import ImageTransformer, as_float, unscaled

WEIGHTS = {"rec709": (0.2125, 0.7154, 0.0721), "rec601": (0.299, 0.587, 0.114)}


class Grayscale(ImageTransformer):
    """Convert colour images to gray.

    The result has no channel axis and is floating-point: unsigned integers are scaled from
    their whole range to 0-1, as scikit-image does; floats keep their scale and dtype. Images
    with one channel lose their channel axis and are otherwise unchanged.

    Parameters
    ----------
    weights : {"rec709", "rec601"}, default="rec709"
        Weights of red, green and blue: ITU-R Rec. BT.709 as in `skimage.color.rgb2gray`
        (0.2125, 0.7154, 0.0721), or Rec. BT.601, the luma of JPEG files and of Pillow
        (0.299, 0.587, 0.114).
    image_shape : tuple of int, optional
        (height, width) or (height, width, n_channels) of flattened rows. By default a row is
        an image of height 1.

    Attributes
    ----------
    image_shape_in_ : tuple of int or None
        Shape of the images seen in `fit`; None where they need not be of one size.
    n_features_in_ : int
        Number of pixels in a flattened row. Only if `fit` saw rows.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn import Grayscale
    >>> green = np.zeros((1, 2, 2, 3), dtype=np.uint8)
    >>> green[..., 1] = 255
    >>> Grayscale().fit_transform(green).round(3)
    array([[[0.715, 0.715],
            [0.715, 0.715]]], dtype=float32)
    """

    def __init__(self, weights="rec709", *, image_shape=None):
        self.weights = weights
        self.image_shape = image_shape

    def _operation(self):
        if self.weights not in WEIGHTS:
            raise ValueError(f"weights must be one of {sorted(WEIGHTS)}, got {self.weights!r}.")
        return partial(grayscale, weights=WEIGHTS[self.weights])


def grayscale(image, weights):
    """Return the weighted sum of the channels of one image, of shape (height, width)."""
    if image.ndim == 2:
        return as_float(image)
    if image.shape[2] == 1:
        return as_float(image[:, :, 0])
    if image.shape[2] != 3:
        raise ValueError(
            f"the image has {image.shape[2]} channels (shape {image.shape}); expected 1 or 3."
        )
    pixels, scale = unscaled(image)
    # One product of a long matrix with a vector is the fastest way with BLAS.
    gray = np.dot(pixels.reshape(-1, 3), scale * np.asarray(weights, dtype=pixels.dtype))
    return gray.reshape(pixels.shape[:2])
