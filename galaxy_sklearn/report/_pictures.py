"""Pictures of galaxies as text that stands in a page."""

import base64
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image
from sklearn.pipeline import Pipeline

from galaxy_sklearn.displays import as_jpeg
from galaxy_sklearn.transformers import (
    CenterCrop,
    ColourComposite,
    CropToGalaxy,
    ImageReader,
    Stretch,
    reader_of,
)

SIDE, QUALITY = 128, 80
# Steps after which an image is still a picture in full.
PICTURES = (ImageReader, ColourComposite, Stretch, CenterCrop, CropToGalaxy)
THREADS = 4


def pictures(estimator, X, rows):
    """Return what the model sees of galaxies, before it makes it small and gray.

    Parameters
    ----------
    estimator : Pipeline or classifier
        The fitted estimator.
    X : array-like of str or path-like, or images
        What it takes.
    rows : ndarray of int
        Which of them; they can be read.

    Returns
    -------
    list of (str or None)
        A JPEG file of each as a ``data:`` URI; None of those that are no image, but a row.
    """
    images = reader_of(estimator).transform(X)[rows]
    estimator = getattr(estimator, "best_estimator_", estimator)
    for _, step in estimator.steps[:-1] if isinstance(estimator, Pipeline) else ():
        if step in ("passthrough", None) or isinstance(step, ImageReader):
            continue
        if not isinstance(step, PICTURES):
            break
        images = step.transform(images)

    def picture(i):
        image = np.asarray(images[i])
        return as_jpeg(_as_bytes(image), SIDE, QUALITY)[0] if image.ndim > 1 else None

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(picture, range(len(images))))


def as_map(values, limit):
    """Return numbers from -limit to limit as colours, blue to red, in a PNG file."""
    import matplotlib

    colours = matplotlib.colormaps["RdBu_r"](0.5 + values / (2 * limit or 1), bytes=True)
    file = io.BytesIO()
    Image.fromarray(colours[..., :3]).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _as_bytes(image):
    """Return an image as gray or RGB of 8 bits."""
    if image.ndim == 3 and image.shape[2] != 3:
        image = image.mean(axis=2)
    if image.dtype == np.uint8:
        return image
    image = np.nan_to_num(image.astype(float))
    low, high = min(image.min(), 0), max(image.max(), 0)
    if low < 0 or high > 1:
        image = (image - low) / (high - low or 1)
    return (255 * image + 0.5).astype(np.uint8)
