"""JPEG, PNG and the other formats that Pillow reads."""

import io

import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from galaxy_sklearn.images._limits import InvalidImageError, check_size

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
# What libjpeg says of filling between the pixels and the end of the file.
FILLED_END = "extraneous bytes before marker 0xd9"
# What simplejpeg says of a subsampling that it does not know.
RARE = "subsampling"
# TIFF's tag and its value for unsigned integers, which is also the default.
SAMPLE_FORMAT, UNSIGNED = 339, 1


def decode_raster(content, *, luma, reduce, max_pixels):
    """Decode the content of an image file, see `read_image`."""
    if content[:2] == JPEG_START:
        pixels = _decode_jpeg(content, luma, reduce, max_pixels)
        if pixels is not None:
            return pixels
    if not content:
        raise InvalidImageError("expected an image, found an empty file")
    try:
        file = Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        raise InvalidImageError("expected an image, found no image Pillow can read") from None
    with file:
        check_size(file.size, max_pixels)
        return _pixels(file)


def _decode_jpeg(content, luma, reduce, max_pixels):
    """Return the pixels; None if the file is of a kind that only Pillow can decode."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
    except ValueError as error:
        if RARE not in str(error):
            raise
        return None
    check_size((height, width), max_pixels)
    if colours not in ("Gray", "RGB", "YCbCr"):
        # Pillow, which converts the colours of CMYK files, does not notice what is damaged.
        _decode_strictly(content, colorspace="CMYK")
        return None
    pixels = _decode_strictly(
        content,
        colorspace="GRAY" if luma or colours == "Gray" else "RGB",
        min_height=-(-height // reduce),
        min_width=-(-width // reduce),
    )
    return pixels if pixels.shape[2] == 3 else pixels[:, :, 0]


def _decode_strictly(content, **how):
    """Decode a JPEG file that is not damaged; filling after the pixels does no harm."""
    try:
        return simplejpeg.decode_jpeg(content, **how)
    except ValueError as error:
        end = content.rfind(JPEG_END)
        if FILLED_END not in str(error) or end < 0:
            raise
    # Zeros are filling, but a single one may belong to the pixels.
    pixels = content[:end].rstrip(b"\0")
    try:
        return simplejpeg.decode_jpeg(pixels + JPEG_END, **how)
    except ValueError:
        return simplejpeg.decode_jpeg(pixels + b"\0" + JPEG_END, **how)


def _pixels(file):
    """Return the pixels of a Pillow image with the values that the file has."""
    if file.mode in ("L", "RGB"):
        return np.asarray(file)
    if file.mode.startswith("I;16"):
        return np.asarray(file).astype(np.uint16)
    if file.mode == "I":
        return _integers(file)
    if file.mode == "F":
        return np.asarray(file).astype(np.float32)
    return np.asarray(file.convert("L" if file.mode in ("1", "LA", "La") else "RGB"))


def _integers(file):
    """Return integers of more than 8 bits, which Pillow gives as signed ones of 32."""
    if file.format == "TIFF":
        if set(file.tag_v2.get(SAMPLE_FORMAT, (UNSIGNED,))) != {UNSIGNED}:
            raise InvalidImageError("expected unsigned integers or floats, found signed integers")
        return np.asarray(file).view(np.uint32)
    # 16-bit PNG of older versions of Pillow, and PGM.
    return np.asarray(file).astype(np.uint16)
