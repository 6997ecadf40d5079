"""Small pictures as text that stands in a page."""

import base64
import io

from PIL import Image


def as_jpeg(pixels, size, quality):
    """Return an image as a small JPEG file.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width[, 3])
        The image.
    size : int
        Maximum height and width of the picture.
    quality : int
        That of JPEG, up to 100.

    Returns
    -------
    uri : str
        The file as a ``data:`` URI.
    width, height : int
        Those of the picture.
    """
    picture = Image.fromarray(pixels)
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, optimize=True)
    content = base64.b64encode(file.getvalue()).decode("ascii")
    return f"data:image/jpeg;base64,{content}", *picture.size
