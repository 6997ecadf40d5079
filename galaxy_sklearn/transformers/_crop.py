"""Cropping to the centre."""

from functools import partial
from numbers import Integral, Real

from galaxy_sklearn.transformers._base import ImageTransformer


class CenterCrop(ImageTransformer):
    """Crop every image to its central part.

    Use it to leave out the neighbourhood of a galaxy that fills a part of its image.

    Parameters
    ----------
    size : int, float or tuple of two, default=0.5
        Height and width of the crop, or one number for both: an int is in pixels, a float in
        (0, 1] a fraction of the image's side. The default gives 212 of Galaxy Zoo 2's 424 pixels.
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
    Resize : Change the number of pixels, not the field of view.

    Notes
    -----
    If an odd number of pixels is cut off, one more is cut off at the bottom or the right.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn import CenterCrop
    >>> CenterCrop(212).fit_transform(np.zeros((3, 424, 424, 3), dtype=np.uint8)).shape
    (3, 212, 212, 3)
    """

    def __init__(self, size=0.5, *, image_shape=None):
        self.size = size
        self.image_shape = image_shape

    def _operation(self):
        sides = self.size if isinstance(self.size, (tuple, list)) else (self.size, self.size)
        if len(sides) != 2 or not all(
            (isinstance(side, Integral) and side > 0)
            or (isinstance(side, Real) and not isinstance(side, Integral) and 0 < side <= 1)
            for side in sides
        ):
            raise ValueError(
                "size must be a positive int (pixels), a float in (0, 1] (fraction) or a tuple "
                f"of two such numbers, got {self.size!r}."
            )
        return partial(center_crop, size=tuple(sides))


def center_crop(image, size):
    """Crop one image to its central ``size``: two numbers, pixels (int) or fractions (float)."""
    height, width = (
        side if isinstance(side, Integral) else max(1, round(side * whole))
        for side, whole in zip(size, image.shape, strict=False)
    )
    if height > image.shape[0] or width > image.shape[1]:
        raise ValueError(
            f"the image of {image.shape[0]} x {image.shape[1]} pixels (height x width) is "
            f"smaller than the crop of {height} x {width}."
        )
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]
