"""Reading one image file."""

from galaxy_sklearn.images._fits import FITS_SUFFIXES, read_fits
from galaxy_sklearn.images._packed import PackedImage
from galaxy_sklearn.images._raster import decode_raster


def read_image(path, *, luma=False, reduce=1):
    """Read one image file.

    Parameters
    ----------
    path : str
        The file, or a `PackedImage`.
    luma : bool, default=False
        Whether to decode the luma of JPEG files only, see `galaxy_sklearn.ImageReader`.
    reduce : {1, 2, 4, 8}, default=1
        Factor by which the size of JPEG files is reduced, see `galaxy_sklearn.ImageReader`.

    Returns
    -------
    ndarray, shape (height, width) or (height, width, n_channels)
        The pixels.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, truncated or not an image.
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
    if path.lower().endswith(FITS_SUFFIXES):
        return read_fits(path)
    return decode_raster(_content(path), path, luma=luma, reduce=reduce)


def _content(path):
    if isinstance(path, PackedImage):
        return path.read()
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib takes twice as long
            return file.read()
    except FileNotFoundError:
        raise FileNotFoundError(f"No image file {path!r}.") from None
