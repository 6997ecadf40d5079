"""Colour pictures from the bands of a survey."""

from functools import partial
from math import sinh, sqrt
from numbers import Integral, Real

import numpy as np

from galaxy_sklearn.transformers._base import ImageTransformer

COLOURS = 3
# How the published formulas read in terms of Lupton's Q and stretch, see the Notes of the class.
LEGACY_Q, SDSS_Q = 10 * sinh(sqrt(20) / 10), 10 * sinh(0.9)
PRESETS = {
    "gz_decals": {
        "scale": (1 / 0.019, 1 / 0.014, 1 / 0.008),
        "minimum": -0.5,
        "maximum": 300.0,
        "desaturate": True,
    },
    "legacy": {
        "scale": (2.2, 3.4, 6.0),
        "minimum": -0.03,
        "stretch": LEGACY_Q / 20,
        "Q": LEGACY_Q,
        "saturate": "white",
    },
    "sdss": {
        "scale": (4.9, 5.7, 7.8),
        "minimum": 0.0,
        "stretch": SDSS_Q / 9,
        "Q": SDSS_Q,
        "saturate": "colour",
    },
    "lupton": {
        "scale": (1.0, 1.0, 1.0),
        "minimum": 0.0,
        "stretch": 5.0,
        "Q": 8.0,
        "saturate": "colour",
    },
}


class ColourComposite(ImageTransformer):
    """Combine three bands into a colour picture, as a survey does.

    Put it between `ImageReader` and `CenterCrop`, so that a model that learned from a survey's JPEG
    files can be asked about FITS files: the pictures are alike if the bands are in the same units,
    see ``units`` and ``pixel_scale`` of `ImageReader`.

    Parameters
    ----------
    preset : {"gz_decals", "legacy", "sdss", "lupton"}, default="sdss"
        The pictures to make. "gz_decals": those of Galaxy Zoo DECaLS [1]_ to the bit, from
        nanomaggies in pixels of 0.262 arcsec. "legacy": those of the Legacy Surveys' viewer [2]_,
        from the same units. "sdss": near to those of SDSS' SkyServer and Galaxy Zoo 2, whose
        constants are not published, from nanomaggies in pixels of 0.396 arcsec [3]_. "lupton": the
        default of
        `astropy.visualization.make_lupton_rgb` [4]_, for any units with `stretch`.
    channels : tuple of three int, optional
        The channels that become red, green and blue. By default the bands are in the order of
        wavelength, as in ``ImageReader(band=["g", "r", "i"])``, and there are three: (2, 1, 0).
    scale : tuple of three float, optional
        Factors by which red, green and blue are multiplied first. This and all that follow are by
        default those of the preset.
    minimum : float, optional
        The black point, after scaling.
    maximum : float, optional
        The white point, after scaling. "gz_decals" only.
    stretch, Q : float, optional
        The intensity at which the scale turns from linear to logarithmic, and how far it does. Not
        of "gz_decals".
    saturate : {"white", "colour"}, optional
        Whether bright pixels become white, or keep their colour. Not of "gz_decals".
    desaturate : bool, optional
        Whether pixels with one dominant colour, such as those of noise, become grayer. "gz_decals"
        only.
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
    Stretch : Stretch each band by itself.

    Notes
    -----
    The picture is of uint8, as JPEG files are.

    "gz_decals" maps each band by itself: ``(arcsinh(x) - arcsinh(x_min)) / (arcsinh(x_max) -
    arcsinh(x_min))``. The others multiply all bands, less the minimum, by ``f(I) / I`` with their
    mean I and ``f(I) = 0.1 * arcsinh(Q * I / stretch) / arcsinh(0.1 * Q)``, which keeps colours
    [4]_. Where I is not above 0, the picture is black.

    The viewer's ``f(I) = arcsinh(20 * I) / sqrt(20)`` is that with ``Q = 10 * sinh(sqrt(20) / 10)``
    and ``stretch = Q / 20``. In its mean, pixels below the minimum count as the minimum; so they do
    whenever bright pixels become white. The ``arcsinh(9 * I) / 9`` of [3]_ is ``Q = 10 *
    sinh(0.9)`` and ``stretch = Q / 9``.

    References
    ----------
    .. [1] Walmsley et al. 2022, MNRAS 509, 3966, "Galaxy Zoo DECaLS"; its code
       ``dr2_style_rgb`` (zooniverse/decals, ``image_utils.py``).
    .. [2] ``sdss_rgb`` and its scales of grz (legacysurvey/imagine, ``map/views.py``).
    .. [3] ``nw_rgb_make`` (sdss/idlutils, ``pro/rgbcolor``), after [4]_.
    .. [4] Lupton et al. 2004, PASP 116, 133, "Preparing Red-Green-Blue Images from CCD Data".

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn import ColourComposite
    >>> gri = np.full((1, 2, 2, 3), [0.05, 0.1, 0.12])
    >>> ColourComposite("sdss").fit_transform(gri)[0, 0, 0]
    array([72, 70, 47], dtype=uint8)
    """

    def __init__(
        self,
        preset="sdss",
        *,
        channels=None,
        scale=None,
        minimum=None,
        maximum=None,
        stretch=None,
        Q=None,
        saturate=None,
        desaturate=None,
        image_shape=None,
    ):
        self.preset = preset
        self.channels = channels
        self.scale = scale
        self.minimum = minimum
        self.maximum = maximum
        self.stretch = stretch
        self.Q = Q
        self.saturate = saturate
        self.desaturate = desaturate
        self.image_shape = image_shape

    def _operation(self):
        if self.preset not in PRESETS:
            raise ValueError(f"preset must be one of {list(PRESETS)}, got {self.preset!r}.")
        of_preset = PRESETS[self.preset]
        given = {
            name: getattr(self, name)
            for name in ("scale", "minimum", "maximum", "stretch", "Q", "saturate", "desaturate")
            if getattr(self, name) is not None
        }
        for name, value in given.items():
            if name not in of_preset:
                raise ValueError(
                    f"{name} must be None for preset={self.preset!r}, which has "
                    f"{', '.join(of_preset)}; got {value!r}."
                )
        values = {**of_preset, **given}
        _check(values)
        channels = self.channels
        if channels is not None and not (
            isinstance(channels, (tuple, list))
            and len(channels) == COLOURS
            and all(isinstance(c, Integral) and c >= 0 for c in channels)
        ):
            raise ValueError(f"channels must be three ints of 0 and above, got {channels!r}.")
        kernel = map_channels if "maximum" in values else map_intensity
        return partial(colour_composite, channels=channels, kernel=partial(kernel, **values))


def _check(values):
    scale = values["scale"]
    if not (
        isinstance(scale, (tuple, list)) and len(scale) == COLOURS and all(map(_above_0, scale))
    ):
        raise ValueError(f"scale must be three numbers above 0, got {scale!r}.")
    for name in ("minimum", "maximum"):
        if name in values and not isinstance(values[name], Real):
            raise ValueError(f"{name} must be a number, got {values[name]!r}.")
    if "maximum" in values and not values["minimum"] < values["maximum"]:
        raise ValueError(
            f"minimum must be below maximum={values['maximum']!r}, got {values['minimum']!r}."
        )
    for name in ("stretch", "Q"):
        if name in values and not _above_0(values[name]):
            raise ValueError(f"{name} must be a number above 0, got {values[name]!r}.")
    if values.get("saturate", "white") not in ("white", "colour"):
        raise ValueError(f"saturate must be 'white' or 'colour', got {values['saturate']!r}.")


def _above_0(value):
    return isinstance(value, Real) and 0 < value < np.inf


def colour_composite(image, channels, kernel):
    """Combine three bands of one image into red, green and blue of uint8."""
    n_channels = 1 if image.ndim == 2 else image.shape[2]
    if channels is None and n_channels != COLOURS:
        raise ValueError(
            f"expected three bands, found {n_channels} (shape {image.shape}): choose them with "
            "channels, or with ImageReader(band=...)."
        )
    channels = (2, 1, 0) if channels is None else channels
    if max(channels) >= n_channels:
        raise ValueError(f"channels={tuple(channels)} are not among the {n_channels} of the image.")
    if image.dtype.kind != "f":
        raise ValueError(
            f"expected bands of floats, found {image.dtype}: pictures need no ColourComposite."
        )
    # Not more precise than the pixels, and the same for all floats.
    bands = image[..., list(channels)].astype(np.float32)
    if not np.isfinite(bands).all():
        raise ValueError(
            f"{(~np.isfinite(bands)).sum()} pixels are NaN or infinite; replace them first."
        )
    return (np.clip(kernel(bands), 0, 1) * np.float32(255)).astype(np.uint8)


def map_channels(bands, scale, minimum, maximum, desaturate):
    """Map each band by itself, as Galaxy Zoo DECaLS did."""
    low, high = np.arcsinh(minimum), np.arcsinh(maximum)
    rgb = np.arcsinh(bands * np.float32(scale))
    rgb = (rgb - np.float32(low)) / np.float32(high - low)
    if not desaturate:
        return rgb
    mean = rgb.mean(axis=-1, keepdims=True)
    mean[mean == 0] = 1
    # From 1 where the brightest band is the mean, to 0 where it is 2.5 times as bright.
    dominance = np.minimum((rgb / mean / np.float32(2.5)).max(axis=-1, keepdims=True), 1)
    weight = np.sin((1 - dominance) * np.float32(np.pi / 2))
    return rgb * weight + mean * (1 - weight) + mean * (1 - weight) ** 2 * rgb


def map_intensity(bands, scale, minimum, stretch, Q, saturate):
    """Map the mean of the bands and keep their ratios, as Lupton et al. 2004 do."""
    rgb = bands * np.float32(scale) - np.float32(minimum)
    part = np.maximum(rgb, 0) if saturate == "white" else rgb
    intensity = part.mean(axis=-1, keepdims=True)
    mapped = np.arcsinh(np.float32(Q / stretch) * intensity) * np.float32(0.1 / np.arcsinh(0.1 * Q))
    factor = np.divide(mapped, intensity, out=np.zeros_like(intensity), where=intensity > 0)
    rgb = np.maximum(rgb * factor, 0)
    if saturate == "white":
        return rgb
    return rgb / np.maximum(rgb.max(axis=-1, keepdims=True), 1)
