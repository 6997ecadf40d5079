"""Stretching the brightness of bands."""

from functools import partial

import numpy as np

from galaxy_sklearn.transformers._base import ImageTransformer, as_float

STRETCHES = {
    "linear": "LinearStretch",
    "sqrt": "SqrtStretch",
    "log": "LogStretch",
    "asinh": "AsinhStretch",
    "sinh": "SinhStretch",
    "squared": "SquaredStretch",
}
INTERVALS = {"minmax": "MinMaxInterval", "zscale": "ZScaleInterval"}


class Stretch(ImageTransformer):
    """Scale each band of every image to 0-1 and stretch it.

    It brings FITS images of any units into the range that networks take. What is bright in one
    image is compared with that image only; for colours, and for brightness that can be compared,
    see `ColourComposite`.

    Parameters
    ----------
    stretch : str or callable, default="asinh"
        "linear", "sqrt", "log", "asinh", "sinh" or "squared" with the defaults of
        `astropy.visualization`, or an object of a stretch, such as ``AsinhStretch(a=0.01)``.
    interval : str or callable, default="minmax"
        What becomes 0 and 1: "minmax", "zscale", or an object of an interval of
        `astropy.visualization`, such as ``PercentileInterval(99.5)`` or ``ManualInterval(0, 1)``.
        Pixels outside are clipped.
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
    ColourComposite : Combine three bands into a colour picture.

    Notes
    -----
    It needs astropy (``pip install 'galaxy_sklearn[fits]'``); without it, `fit` and `transform`
    raise an ImportError. A band whose pixels are all alike becomes 0.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn import Stretch
    >>> Stretch("sqrt").fit_transform(np.array([[[0.0, 1.0], [4.0, 16.0]]]))
    array([[[0.  , 0.25],
            [0.5 , 1.  ]]])
    """

    def __init__(self, stretch="asinh", *, interval="minmax", image_shape=None):
        self.stretch = stretch
        self.interval = interval
        self.image_shape = image_shape

    def _operation(self):
        stretch = _named("stretch", self.stretch, STRETCHES, callable(self.stretch))
        limited = hasattr(self.interval, "get_limits")
        interval = _named("interval", self.interval, INTERVALS, limited)
        return partial(stretch_bands, stretch=stretch, interval=interval)


def _named(parameter, value, names, is_object):
    """Return astropy's object for a name, or the object that was given."""
    if is_object:
        return value
    if not isinstance(value, str) or value not in names:
        raise ValueError(
            f"{parameter} must be one of {list(names)} or an object of astropy.visualization, got "
            f"{value!r}."
        )
    try:
        import astropy.visualization as visualization
    except ImportError:
        raise ImportError("Stretch needs astropy: pip install 'galaxy_sklearn[fits]'") from None
    return getattr(visualization, names[value])()


def stretch_bands(image, stretch, interval):
    """Scale each band of one image to 0-1 and stretch it."""
    pixels = as_float(image)
    if pixels.ndim == 2:
        return _stretch_band(pixels, stretch, interval)
    bands = [_stretch_band(pixels[..., i], stretch, interval) for i in range(pixels.shape[2])]
    return np.stack(bands, axis=-1)


def _stretch_band(band, stretch, interval):
    if not np.isfinite(band).all():
        raise ValueError(
            f"{(~np.isfinite(band)).sum()} pixels are NaN or infinite; replace them first."
        )
    low, high = interval.get_limits(band)
    if not low < high:
        return np.zeros_like(band)
    scaled = np.clip((band - low) / (high - low), 0, 1)
    return np.asarray(stretch(scaled)).astype(band.dtype)
