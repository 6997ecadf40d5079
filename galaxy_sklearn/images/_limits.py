"""What an image file may cost."""

import bz2
import io
import math
import zlib

# As Pillow has it: three channels of 8 bits take 256 MB.
MAX_PIXELS = 89_478_485
# Room for headers and for pixels of 64 bits in three channels.
BYTES_PER_PIXEL, HEADERS = 24, 1 << 20


class InvalidImageError(ValueError):
    """A file that is not the image that was expected; the message begins without its name."""


def check_size(shape, max_pixels):
    """Refuse an image by its height and width (and further axes) before it is decoded."""
    if math.prod(shape) > max_pixels:
        size = " x ".join(map(str, shape))
        raise InvalidImageError(
            f"expected an image of up to {max_pixels:,} pixels (max_pixels), found {size}"
        )


def most_bytes(max_pixels):
    """Return what the file of an image may take in memory."""
    return max_pixels * BYTES_PER_PIXEL + HEADERS


def check_bytes(size, max_bytes):
    """Refuse a file that is too large before it is read."""
    if max_bytes is not None and size > max_bytes:
        raise InvalidImageError(
            f"expected an image of up to {max_bytes:,} bytes (by max_pixels), found {size:,}"
        )


def decompress(content, wbits, max_bytes):
    """Unpack data that zlib knows, but no more than an image may hold."""
    unpacker = zlib.decompressobj(wbits=wbits)
    unpacked = unpacker.decompress(content, max_bytes or 0)
    if unpacker.unconsumed_tail:
        raise InvalidImageError(
            f"expected an image of up to {max_bytes:,} bytes (by max_pixels), found more"
        )
    if not unpacker.eof:
        raise ValueError("the compressed file is cut short")
    return unpacked


def decompress_bzip2(content, max_bytes):
    """Unpack a file of bzip2 of one or more streams, but no more than an image may hold."""
    with bz2.open(io.BytesIO(content)) as file:
        unpacked = file.read(max_bytes + 1)
    if len(unpacked) > max_bytes:
        raise InvalidImageError(
            f"expected an image of up to {max_bytes:,} bytes (by max_pixels), found more"
        )
    return unpacked
