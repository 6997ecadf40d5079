"""Reading one image file."""

import os
from contextlib import contextmanager
from pathlib import Path

from galaxy_sklearn.images._archives import find_packed
from galaxy_sklearn.images._band_files import BandFiles
from galaxy_sklearn.images._fits import combine, is_fits, read_planes
from galaxy_sklearn.images._foreign import foreign, foreign_folder
from galaxy_sklearn.images._limits import MAX_PIXELS, InvalidImageError, check_bytes, most_bytes
from galaxy_sklearn.images._packed import PackedImage
from galaxy_sklearn.images._planes import Plane, of_band
from galaxy_sklearn.images._raster import decode_raster
from galaxy_sklearn.images._rows import channels_last, read_row


def read_image(
    path,
    *,
    luma=False,
    reduce=1,
    hdu=None,
    band=None,
    align=None,
    orientation="sky",
    max_missing=0.2,
    units=None,
    zero_point=None,
    pixel_scale=None,
    max_pixels=MAX_PIXELS,
):
    """Read one image file. The content tells the format, whatever the name.

    Parameters
    ----------
    path : str
        The file; or an image in an archive, by its `PackedImage` or by the name of the archive
        and its own in it (``"shard.tar/3.jpg"``), which lists the archive first; or one in a row
        of a Parquet, HDF5 or Zarr file (``"t.parquet/image/3"``); or the FITS files of several
        bands, as `BandFiles`.
    luma : bool, default=False
        Whether to decode the luma of JPEG files only, see `galaxy_sklearn.ImageReader`.
    reduce : {1, 2, 4, 8}, default=1
        Factor by which the size of JPEG files is reduced, see `galaxy_sklearn.ImageReader`.
    hdu, band : int, str or list of them, optional
        The images of a FITS file to read, see `galaxy_sklearn.ImageReader`.
    align : {None, "wcs"}, default=None
        How bands are aligned, see `galaxy_sklearn.ImageReader`.
    orientation : {"sky", "file"}, default="sky"
        How FITS images are turned, see `galaxy_sklearn.ImageReader`.
    max_missing : float or None, default=0.2
        The largest fraction of missing pixels of FITS images that is filled, see
        `galaxy_sklearn.ImageReader`.
    units : {None, "nanomaggies"}, default=None
        The units of FITS images, see `galaxy_sklearn.ImageReader`.
    zero_point : float or list of float, optional
        The zero point of FITS images, see `galaxy_sklearn.ImageReader`.
    pixel_scale : float, optional
        The square whose flux is given, see `galaxy_sklearn.ImageReader`.
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
    how = {"align": align, "orientation": orientation, "max_missing": max_missing}
    how |= {"units": units, "zero_point": zero_point, "pixel_scale": pixel_scale}
    if isinstance(path, BandFiles):
        planes = []
        for i, file in enumerate(path.files):
            content = _content(file, most_bytes(max_pixels), max_pixels)
            with _naming(file):
                n_files = len(path.files)
                choice = {"hdu": _of_file(hdu, i, n_files), "band": _of_file(band, i, n_files)}
                plane = _one_plane(content, max_pixels=max_pixels, **choice)
            planes.append(plane._replace(label=file))
        with _naming(path):
            return combine(planes, True, **how)
    content = _content(path, most_bytes(max_pixels), max_pixels)
    with _naming(path):
        if isinstance(content, tuple):
            return _of_table(*content, hdu=hdu, band=band, units=units, max_missing=max_missing)
        if is_fits(content):
            planes = read_planes(content, max_pixels=max_pixels, hdu=hdu, band=band)
            return combine(*planes, **how)
        found = foreign(content)
        if found is not None:
            raise InvalidImageError(f"expected an image, found {found}")
        if hdu is not None or band is not None or units is not None:
            raise InvalidImageError("hdu, band and units are for FITS files only, found another")
        return decode_raster(content, luma=luma, reduce=reduce, max_pixels=max_pixels)


def _one_plane(content, **how):
    """Read the band of one file of several."""
    if isinstance(content, tuple) or not is_fits(content):
        raise InvalidImageError("expected a FITS file, as bands in files of their own are")
    planes, _ = read_planes(content, **how)
    if len(planes) > 1:
        raise InvalidImageError(f"expected one band, found {len(planes)}: choose with band")
    return planes[0]


def _of_table(bands, pixels, *, hdu, band, units, max_missing):
    """Return pixels that are stored in a table, the way up that they are."""
    if hdu is not None or units is not None:
        raise InvalidImageError("hdu and units are for FITS files only, found pixels in a table")
    if band is not None and bands is None:
        raise InvalidImageError(
            f"expected bands with names for band={band!r}, found pixels without"
        )
    if bands is None:
        return channels_last(pixels)
    if len(bands) != len(pixels):
        raise InvalidImageError(f"expected {len(bands)} bands, {bands}, found {len(pixels)}")
    planes = [Plane(name, ({},), plane) for name, plane in zip(bands, pixels, strict=True)]
    channels = not isinstance(band, str)
    if band is not None:
        planes = [of_band(planes, one) for one in (band if channels else [band])]
    as_they_are = {"align": None, "orientation": "file", "units": None}
    as_they_are |= {"zero_point": None, "pixel_scale": None}
    return combine(planes, channels, max_missing=max_missing, **as_they_are)


def _of_file(choice, i, n_files):
    """Return what is to be read of one of several files: the same of all, or one each."""
    if not isinstance(choice, (list, tuple)):
        return choice
    if len(choice) != n_files:
        raise InvalidImageError(
            f"expected hdu and band to be one for all {n_files} files, or one each, found "
            f"{list(choice)}"
        )
    return choice[i]


@contextmanager
def _naming(path):
    """Name the file in whatever a decoder raises."""
    try:
        yield
    except InvalidImageError as error:
        raise ValueError(f"{path}: {error}.") from None
    except ImportError as error:
        raise ImportError(f"{path}: {error}") from None
    except Exception as error:  # decoders fail on damaged files in many ways
        cause = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(f"{path}: the image is damaged ({cause}).") from error


def _content(path, max_bytes, max_pixels):
    if isinstance(path, PackedImage):
        return path.read(max_bytes=max_bytes)
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib takes twice as long
            check_bytes(os.fstat(file.fileno()).st_size, max_bytes)
            return file.read()
    except InvalidImageError as error:
        raise ValueError(f"{path}: {error}.") from None
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        with _naming(path):
            found = read_row(os.fspath(path), max_bytes=max_bytes, max_pixels=max_pixels)
        if found is not None:
            return found
        if isinstance(error, IsADirectoryError):
            found = foreign_folder(Path(path))
            raise ValueError(f"{path}: expected an image, found {found}.") from None
        # The name of a member of an archive, without its place, which arrays do not keep.
        packed = find_packed(path)
        if packed is not None:
            return packed.read(max_bytes=max_bytes)
        raise FileNotFoundError(f"No image file {path!r}.") from None
