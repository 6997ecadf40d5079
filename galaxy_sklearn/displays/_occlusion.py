"""Which pixels a prediction depends on, found by hiding them.

Zeiler & Fergus 2014, ECCV (arXiv 1311.2901), section 4.2. It needs nothing of the model but its
predictions.
"""

import numpy as np

BATCH = 64


def occlusion_saliency(predict, image, patch_size):
    """Hide one patch of an image after the other, and return how much the prediction falls.

    Patches overlap by half. What is hidden is replaced by the median of its surroundings, a frame
    half as wide as the patch, so that no edges appear on a smooth sky.

    Parameters
    ----------
    predict : callable
        Returns a number for each image of an array of shape (n, height, width[, n_channels]).
    image : ndarray of shape (height, width[, n_channels])
        The image.
    patch_size : int
        Side of the patches in pixels.

    Returns
    -------
    saliency : ndarray of shape (height, width)
        The fall of the prediction, as the mean of the patches that hid a pixel. It is positive
        where the pixels speak for what is predicted.
    prediction : float
        The number predicted for the image itself.
    """
    height, width = image.shape[:2]
    patches = [
        (slice(y, y + patch_size), slice(x, x + patch_size))
        for y in _starts(height, patch_size)
        for x in _starts(width, patch_size)
    ]
    (prediction,) = predict(image[None])
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for first in range(0, len(patches), BATCH):
        batch = patches[first : first + BATCH]
        hidden = np.repeat(image[None], len(batch), axis=0)
        for copy, patch in zip(hidden, batch, strict=True):
            copy[patch] = _surroundings(image, patch)
        for patch, fall in zip(batch, prediction - predict(hidden), strict=True):
            total[patch] += fall
            times[patch] += 1
    return total / times, float(prediction)


def _starts(length, size):
    """Return where patches begin that overlap by half and reach the end."""
    return sorted({*range(0, length - size, max(1, size // 2)), length - size})


def _surroundings(image, patch):
    """Return the median of each channel in the frame around a patch."""
    margin = max(1, (patch[0].stop - patch[0].start) // 2)
    around = tuple(slice(max(0, side.start - margin), side.stop + margin) for side in patch)
    frame = np.ones(image.shape[:2], dtype=bool)
    frame[patch] = False
    return np.median(image[around][frame[around]], axis=0)
