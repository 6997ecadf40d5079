"""Cropping to the galaxy, wherever it is and however large."""

import warnings
from functools import partial
from numbers import Real

import numpy as np
import pandas as pd
import sep

from galaxy_sklearn.images import ImageStack
from galaxy_sklearn.transformers._base import ImageTransformer
from galaxy_sklearn.transformers._crop import center_crop

# Measured on images of about this many pixels: faster, and no matter how finely they are sampled.
COARSE = 140
# What is looked for, in units of the image's shorter side, and of the galaxy's peak.
BORDER, NEAR, FAR = 0.05, 0.1, 0.2
NOISE, FAINT, BLEND = 5, 0.1, 0.02
# Of the Petrosian ratio; SDSS takes 0.2, which noise and neighbours disturb more in pictures.
RATIO, INNER, OUTER = 0.3, 0.8, 1.25
STEP, SMALLEST = 0.5, 2
FALLBACK = (0.5, 0.5)


class CropToGalaxy(ImageTransformer):
    """Crop every image to a square around its galaxy, in proportion to the galaxy's size.

    Use it in place of `CenterCrop` for images whose scale is not that of Galaxy Zoo 2, or whose
    galaxy is off the centre. A crop that reaches beyond the image is filled with the pixels at
    its edge. The crops differ in size: `Resize` comes next.

    Where no galaxy is found near the centre, or its size cannot be measured, the image is cropped
    to its central half, with a warning. `measure` tells which images these are.

    Parameters
    ----------
    size : float, default=2.8
        Side of the crop, in units of the Petrosian radius that is measured. Images of Galaxy Zoo 2
        have 3.4 of these in their central half, in the mean; with 2.8 networks that were trained
        on the central half make the smallest error.

    Attributes
    ----------
    image_shape_in_ : None
        The crops are not of one size.

    See Also
    --------
    CenterCrop : Crop all images alike.

    Notes
    -----
    The radius is the one where the mean brightness of a circular annulus, from 0.8 to 1.25 radii,
    is 0.3 of the mean brightness within it [1]_; SDSS takes 0.2. It is that of the picture as it
    is, and is meant for pictures with an asinh stretch, as surveys publish them. Where pixels are
    proportional to the flux it is smaller: stretch such images first, or choose a larger `size`. It
    does not change if the pixels are multiplied by a number. Sources are found with sep [2]_, which
    is Source Extractor [3]_ as a library; neighbours are left out.

    The images of Galaxy Zoo 2 have a side of 8.48 Petrosian radii that hold 90% of the light [4]_.
    The radius that is measured here scatters by 19% about theirs. So this step costs some accuracy
    where the scale was right before.

    References
    ----------
    .. [1] Petrosian, V. 1976, ApJ, 209, L1; Blanton, M. R., et al. 2001, AJ, 121, 2358.
    .. [2] Barbary, K. 2016, JOSS, 1, 58.
    .. [3] Bertin, E., & Arnouts, S. 1996, A&AS, 117, 393.
    .. [4] Willett, K. W., et al. 2013, MNRAS, 435, 2835.

    Examples
    --------
    >>> import numpy as np
    >>> from galaxy_sklearn import CropToGalaxy
    >>> y, x = np.mgrid[:200, :200]
    >>> galaxy = np.exp(-np.hypot(y - 90, x - 115) / 10)
    >>> crop = CropToGalaxy()
    >>> crop.fit_transform([galaxy])[0].shape
    (77, 77)
    >>> crop.measure([galaxy])[["y", "x", "radius"]].round(1)
          y      x  radius
    0  90.0  115.0    27.6
    """

    # Crops of differing size make no rows.
    image_shape = None

    def __init__(self, size=2.8):
        self.size = size

    def measure(self, X):
        """Tell where the galaxies are, how large, and which images are cropped to their centre.

        Parameters
        ----------
        X : array-like, ImageStack or list of images
            See `transform`. For files, what `ImageReader` makes of them.

        Returns
        -------
        DataFrame of shape (n_images, 4)
            The columns ``y`` and ``x``, the centre in pixels from the centre of the upper left
            one; ``radius``, in pixels; ``problem``, the reason why an image is cropped to its
            central half (then the others are NaN), or an empty string. The index is the names of
            files, or the positions of images.

        Raises
        ------
        ValueError
            If an image cannot be read. The message names it.
        """
        images = self._check_images(X, reset=False)
        names = images.paths if isinstance(images, ImageStack) else range(len(images))
        rows = []
        for image in images:
            try:
                rows.append((*find_galaxy(image), ""))
            except NotFoundError as error:
                rows.append((np.nan, np.nan, np.nan, str(error)))
        return pd.DataFrame(rows, index=names, columns=["y", "x", "radius", "problem"])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags

    def _operation(self):
        if (
            not isinstance(self.size, Real)
            or isinstance(self.size, bool)
            or not 0 < self.size < np.inf
        ):
            raise ValueError(f"size must be a positive number of radii, got {self.size!r}.")
        return partial(crop_to_galaxy, size=self.size)

    def _check_images(self, X, reset):
        images = super()._check_images(X, reset=False)
        if not isinstance(images, ImageStack) and images.ndim == 2:
            raise ValueError(
                f"{type(self).__name__} takes images, not flattened rows (found an array of shape "
                f"{images.shape}): crops of differing size do not fit into rows."
            )
        if not isinstance(images, ImageStack) and images.dtype != object:
            listed = np.empty(len(images), dtype=object)
            listed[:] = list(images)
            images = listed
        if reset:
            self.image_shape_in_ = None
        return images


class NotFoundError(Exception):
    """There is no galaxy, or none whose size can be measured."""


def crop_to_galaxy(image, size):
    """Crop one image to a square of ``size`` radii around its galaxy."""
    try:
        y, x, radius = find_galaxy(image)
    except NotFoundError:
        # In the same words each time, so that Python shows it once.
        warnings.warn(
            "No galaxy that can be measured was found near the centre of some images. They are "
            "cropped to their central half; CropToGalaxy.measure(X) tells which.",
            UserWarning,
            stacklevel=2,
        )
        return center_crop(image, FALLBACK)
    side = max(1, round(size * radius))
    return square(image, round(y + 0.5 - side / 2), round(x + 0.5 - side / 2), side)


def square(image, top, left, side):
    """Cut a square out of one image, filled with the nearest pixels beyond its edges."""
    height, width = image.shape[:2]
    rows, columns = slice(max(top, 0), top + side), slice(max(left, 0), left + side)
    beyond = [
        (max(-top, 0), max(top + side - height, 0)),
        (max(-left, 0), max(left + side - width, 0)),
    ]
    inside = image[rows, columns]
    if not np.any(beyond):
        return inside
    return np.pad(inside, beyond + [(0, 0)] * (image.ndim - 2), mode="edge")


def find_galaxy(image):
    """Find the galaxy of one image.

    Returns
    -------
    y, x, radius : float
        Centre and Petrosian radius in pixels.

    Raises
    ------
    NotFoundError
        With the reason.
    """
    step = max(1, round(min(image.shape[:2]) / COARSE))
    pixels, offset = coarse(image, step)
    finite = np.isfinite(pixels)
    if not finite.any():
        raise NotFoundError("no finite pixels")
    if not finite.all():
        pixels[~finite] = np.median(pixels[finite])
    height, width = pixels.shape
    around = np.ones((height, width), dtype=bool)
    margin = max(1, round(BORDER * min(height, width)))
    around[margin:-margin, margin:-margin] = False
    sky = np.median(pixels[around])
    noise = 1.4826 * np.median(np.abs(pixels[around] - sky))
    pixels -= sky
    centre = center_crop(pixels, (0.3, 0.3))
    peak = centre.max()
    if not peak > NOISE * noise:
        raise NotFoundError("nothing brighter than the noise near the centre")
    pixels = np.ascontiguousarray(pixels / peak, dtype=np.float32)
    try:
        sources, segments = sep.extract(
            pixels, max(FAINT, NOISE * noise / peak), deblend_cont=BLEND, segmentation_map=True
        )
    except Exception as error:  # sep has no class of its own for buffers that are full
        raise NotFoundError(f"sep: {error}") from error
    if len(sources) == 0:
        raise NotFoundError("nothing but single bright pixels near the centre")
    distance = np.hypot(sources["y"] - (height - 1) / 2, sources["x"] - (width - 1) / 2)
    distance /= min(height, width)
    # A star may be brighter than the galaxy, but not as near to the centre.
    found = int(np.argmax(sources["flux"] * np.exp(-0.5 * (distance / NEAR) ** 2)))
    if distance[found] > FAR:
        raise NotFoundError("no source near the centre")
    y, x = float(sources["y"][found]), float(sources["x"][found])
    other = (segments != 0) & (segments != found + 1)
    radius = petrosian_radius(pixels, other, y, x)
    if radius < SMALLEST:
        raise NotFoundError("the source at the centre is too small to be measured")
    y, x = (first + (at + 0.5) * step - 0.5 for first, at in zip(offset, (y, x), strict=True))
    return y, x, radius * step


def coarse(image, step):
    """Return the mean of the channels in blocks of ``step`` pixels, and where the first begins."""
    height, width = (side // step for side in image.shape[:2])
    top, left = (side % step // 2 for side in image.shape[:2])
    image = image[top : top + height * step, left : left + width * step]
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is left out later
        rows = image.reshape(height, step, -1).sum(axis=1, dtype=np.float64)
        total = rows.reshape(height, width, -1).sum(axis=2)
    return total / (image.size / total.size), (top, left)


def petrosian_radius(pixels, other, y, x):
    """Return the Petrosian radius of what is at (y, x), without the pixels of ``other``."""
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    ring = (np.hypot(rows - y, columns - x) / STEP).astype(np.intp)
    n = ring.max() + 1
    area, seen = np.bincount(ring.ravel()), np.bincount(ring[~other], minlength=n)
    brightness = np.bincount(ring[~other], pixels[~other], minlength=n) / np.maximum(seen, 1)
    # Sums up to the inner edge of each ring, and of all.
    areas = np.concatenate([[0], np.cumsum(area)])
    fluxes = np.concatenate([[0], np.cumsum(brightness * area)])
    edges = np.arange(n + 1) * STEP
    # What is as large as the image cannot be told from its sky.
    radii = edges[2:][edges[2:] <= min(pixels.shape) / 2]

    def mean(inner, outer):
        flux, size = (
            np.interp(outer, edges, sums) - np.interp(inner, edges, sums)
            for sums in (fluxes, areas)
        )
        return flux / np.maximum(size, 1)

    ratio = mean(INNER * radii, OUTER * radii) / np.maximum(mean(0, radii), 1e-9)
    below = np.flatnonzero(ratio < RATIO)
    if len(below) == 0:
        raise NotFoundError("the source at the centre does not end within the image")
    last = below[0]
    between = [last, max(last - 1, 0)]
    return float(np.interp(RATIO, ratio[between], radii[between]))
