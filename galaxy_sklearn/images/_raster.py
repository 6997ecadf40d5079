"""JPEG, PNG and the other formats that Pillow reads."""

import io
from contextlib import suppress

import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

JPEG_START = b"\xff\xd8"


def decode_raster(content, path, *, luma, reduce):
    """Decode the content of an image file, see `read_image`."""
    if content[:2] == JPEG_START:
        # Pillow gets what simplejpeg cannot decode, including damaged files.
        with suppress(ValueError):
            height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
            if colours in ("Gray", "RGB", "YCbCr"):
                pixels = simplejpeg.decode_jpeg(
                    content,
                    colorspace="GRAY" if luma or colours == "Gray" else "RGB",
                    min_height=-(-height // reduce),
                    min_width=-(-width // reduce),
                    min_factor=1,
                )
                return pixels if pixels.shape[2] == 3 else pixels[:, :, 0]
    try:
        with Image.open(io.BytesIO(content)) as file:
            if file.mode in ("L", "RGB", "I;16"):
                return np.asarray(file)
            return np.asarray(file.convert("L" if file.mode in ("1", "LA") else "RGB"))
    except UnidentifiedImageError:
        what = "no image Pillow can read" if content else "an empty file"
        raise ValueError(f"{path}: expected an image, found {what}.") from None
    except (OSError, SyntaxError, ValueError) as error:
        # Pillow raises a SyntaxError for a broken PNG.
        raise ValueError(f"{path}: the image is damaged ({error}).") from error
