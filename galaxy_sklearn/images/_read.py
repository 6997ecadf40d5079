"""One image file to pixels."""

from galaxy_sklearn.images._fits import FITS_SUFFIXES, read_fits
from galaxy_sklearn.images._packed import PackedImage
from galaxy_sklearn.images._raster import decode_raster


def read_image(path, *, luma=False, reduce=1):
    """Read one image file.

    Parameters
    ----------
    path : str
        The file.
    luma, reduce : bool, int
        See `galaxy_sklearn.ImageReader`.

    Returns
    -------
    ndarray, shape (height, width) or (height, width, n_channels)
        Its pixels.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, truncated or no image.
    ImportError
        If the file is a FITS file and astropy is missing.
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
