"""Reading one image file."""

import os
from pathlib import Path

from galaxy_sklearn.images._archives import find_packed
from galaxy_sklearn.images._fits import combine, is_fits, read_planes
from galaxy_sklearn.images._foreign import foreign, foreign_folder
from galaxy_sklearn.images._limits import MAX_PIXELS, InvalidImageError, check_bytes, most_bytes
from galaxy_sklearn.images._packed import PackedImage
from galaxy_sklearn.images._raster import decode_raster


def read_image(
    path,
    *,
    luma=False,
    reduce=1,
    hdu=None,
    band=None,
    orientation="sky",
    max_missing=0.2,
    max_pixels=MAX_PIXELS,
):
    """Read one image file. The content tells the format, whatever the name.

    Parameters
    ----------
    path : str
        The file; or an image in an archive, by its `PackedImage` or by the name of the archive
        and its own in it (``"shard.tar/3.jpg"``), which lists the archive first.
    luma : bool, default=False
        Whether to decode the luma of JPEG files only, see `galaxy_sklearn.ImageReader`.
    reduce : {1, 2, 4, 8}, default=1
        Factor by which the size of JPEG files is reduced, see `galaxy_sklearn.ImageReader`.
    hdu, band : int, str or list of them, optional
        The images of a FITS file to read, see `galaxy_sklearn.ImageReader`.
    orientation : {"sky", "file"}, default="sky"
        How FITS images are turned, see `galaxy_sklearn.ImageReader`.
    max_missing : float or None, default=0.2
        The largest fraction of missing pixels of FITS images that is filled, see
        `galaxy_sklearn.ImageReader`.
    max_pixels : int, default=89478485
        Larger images are refused before they are decoded, files of more than 24 bytes a pixel
        before they are read. The default is Pillow's.

    Returns
    -------
    ndarray, shape (height, width) or (height, width, n_channels)
        The pixels.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, damaged, too large or not an image, or holds several among which
        nothing was chosen. Whatever a decoder raises becomes such an error, which names the file.
    ImportError
        If the file is a FITS file and astropy is not installed.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from galaxy_sklearn.images import read_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = str(Path(folder, "1.png"))
    ...     Image.fromarray(np.full((2, 3), 7, dtype=np.uint8)).save(path)
    ...     read_image(path)
    array([[7, 7, 7],
           [7, 7, 7]], dtype=uint8)
    """
    if reduce not in (1, 2, 4, 8):
        raise ValueError(f"reduce must be 1, 2, 4 or 8, got {reduce!r}.")
    content = _content(path, most_bytes(max_pixels))
    try:
        if is_fits(content):
            planes = read_planes(content, max_pixels=max_pixels, hdu=hdu, band=band)
            return combine(*planes, orientation=orientation, max_missing=max_missing)
        found = foreign(content)
        if found is not None:
            raise InvalidImageError(f"expected an image, found {found}")
        if hdu is not None or band is not None:
            raise InvalidImageError("hdu and band choose from FITS files only, found another")
        return decode_raster(content, luma=luma, reduce=reduce, max_pixels=max_pixels)
    except InvalidImageError as error:
        raise ValueError(f"{path}: {error}.") from None
    except ImportError as error:
        raise ImportError(f"{path}: {error}") from None
    except Exception as error:  # decoders fail on damaged files in many ways
        cause = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(f"{path}: the image is damaged ({cause}).") from error


def _content(path, max_bytes):
    if isinstance(path, PackedImage):
        return path.read(max_bytes=max_bytes)
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib takes twice as long
            check_bytes(os.fstat(file.fileno()).st_size, max_bytes)
            return file.read()
    except InvalidImageError as error:
        raise ValueError(f"{path}: {error}.") from None
    except IsADirectoryError:
        found = foreign_folder(Path(path))
        raise ValueError(f"{path}: expected an image, found {found}.") from None
    except (FileNotFoundError, NotADirectoryError):
        # The name of a member of an archive, without its place, which arrays do not keep.
        packed = find_packed(path)
        if packed is not None:
            return packed.read(max_bytes=max_bytes)
        raise FileNotFoundError(f"No image file {path!r}.") from None
