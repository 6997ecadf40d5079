"""The image steps of a pipeline as operations of a graph.

Each function does to a batch of images, (n, height, width, channels), what a transformer does to
each image. Height and width are tensors where they are known only when the graph is run.
"""

from numbers import Integral

import numpy as np
from keras import ops

from galaxy_sklearn.transformers import (
    CenterCrop,
    FlattenToTensor,
    Grayscale,
    ImageReader,
    Resize,
)

# How many standard deviations of the Gaussian scikit-image takes into account, to either side.
TRUNCATED = 4


def as_float(images):
    """Scale uint8 to 0-1."""
    pixels, scale = _unscaled(images)
    return pixels if scale == 1 else pixels * scale


def _unscaled(images):
    """Return images as floats, and the factor that scales them: later, there are fewer pixels."""
    if images.dtype == "uint8":
        return ops.cast(images, "float32"), np.float32(1 / 255)
    return images, 1


def _read(step, images):
    return images


def _crop(step, images):
    n, *sides, channels = ops.shape(images)
    starts, kept = [], []
    for side, whole in zip(_pair(step.size), sides, strict=True):
        if not isinstance(side, Integral):
            side = ops.round(side * ops.cast(whole, "float64"))
            side = ops.maximum(ops.cast(side, "int32"), 1)
        starts.append((whole - side) // 2)
        kept.append(side)
    (top, left), (height, width) = starts, kept
    images = images[:, top : top + height, left : left + width]
    # A slice of an image that is smaller than the crop is what there is of it: an error here.
    return ops.reshape(images, (n, height, width, channels))


def _gray(step, images):
    channels = images.shape[3]
    images = as_float(images)
    if channels == 1:
        return images
    # The weights of the channels are the gray of the pure colours.
    colours = np.eye(channels, dtype=np.float32)[:, None, None]
    return ops.matmul(images, step.transform(colours).reshape(channels, 1))


def _resize(step, images):
    rows, columns = _pair(step.size)
    n, height, width, channels = ops.shape(images)
    neighbours, weights = resampling(height, rows)
    pixels, scale = _unscaled(ops.take(images, neighbours, axis=1))
    # All columns and channels side by side: one matrix product an image.
    pixels = ops.matmul(weights * scale, ops.reshape(pixels, (n, -1, width * channels)))
    pixels = ops.reshape(pixels, (n, rows, width, channels))
    neighbours, weights = resampling(width, columns)
    pixels = ops.transpose(ops.take(pixels, neighbours, axis=2), (0, 1, 3, 2))
    return ops.transpose(ops.matmul(pixels, ops.transpose(weights)), (0, 1, 3, 2))


def resampling(n_in, n_out):
    """Resample one axis as `skimage.transform.resize` does, for any number of pixels.

    It smooths by a Gaussian whose standard deviation is (n_in / n_out - 1) / 2 pixels, cut off at
    four of them, and interpolates linearly. The image is mirrored about the centres of its outer
    pixels.

    Parameters
    ----------
    n_in : int or tensor of int
        Number of pixels.
    n_out : int
        Number of pixels after it.

    Returns
    -------
    neighbours : tensor of int32, shape (n_neighbours,)
        The pixels of the axis, with mirror images at both ends.
    weights : tensor of float32, shape (n_out, n_neighbours)
        Weight of each of them in each pixel after it.
    """
    # In double precision, as scikit-image does it.
    size = ops.cast(n_in, "float64")
    ratio = size / n_out
    # Not 0, by which nothing can be divided: so narrow a Gaussian leaves images as they are.
    sigma = ops.maximum((ratio - 1) / 2, np.float64(1e-9))
    radius = ops.floor(TRUNCATED * sigma + 0.5)
    place = ops.arange(-1 - radius, size + radius + 1, dtype="float64")

    def gaussian(centre):
        distance = place - centre
        inside = ops.cast(ops.abs(distance) <= radius, "float64")
        return inside * ops.exp(-ops.square(distance / sigma) / 2)

    centre = (ops.arange(n_out, dtype="float64")[:, None] + 0.5) * ratio - 0.5
    left = ops.floor(centre)
    weights = (left + 1 - centre) * gaussian(left) + (centre - left) * gaussian(left + 1)
    weights = weights / ops.sum(weights, axis=1, keepdims=True)

    last = size - 1
    folded = ops.mod(ops.abs(place), ops.maximum(2 * last, np.float64(1)))
    neighbours = last - ops.abs(last - folded)
    return ops.cast(neighbours, "int32"), ops.cast(weights, "float32")


def _tensor(step, images):
    if step.dtype == "uint8" and images.dtype != "uint8":
        return ops.round(images * 255) * np.float32(1 / 255)
    return as_float(images)  # the converter drops a cast to float16 and back


def _pair(size):
    return size if isinstance(size, (tuple, list)) else (size, size)


# What is here can be exported.
OPERATIONS = {
    ImageReader: _read,
    CenterCrop: _crop,
    Grayscale: _gray,
    Resize: _resize,
    FlattenToTensor: _tensor,
}
