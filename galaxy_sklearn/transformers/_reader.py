"""Reading image files."""

import os
from functools import partial
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from galaxy_sklearn.images import (
    MAX_PIXELS,
    BandFiles,
    ImageStack,
    holds_paths,
    read_image,
)
from galaxy_sklearn.transformers._base import ImageTransformer


class ImageReader(ImageTransformer):
    """Turn the names of image files into images that are read on demand.

    The files are read when their pixels are needed, at the latest by `FlattenToTensor`. Images
    in arrays or lists pass through unchanged, so that the same pipeline takes both.

    The content tells the format, whatever the name. JPEG and PNG files are read as 8-bit gray or
    RGB (a palette is expanded, an alpha channel dropped), 16-bit PNG, TIFF and PGM as 16-bit
    gray, TIFF of 32 bits as they are. A damaged file is an error, not a picture that is half gray.

    FITS files (with astropy installed; also compressed by gzip, bzip2 or fpack) are read as floats:
    (height, width), or (height, width, n_channels) for a cube and for several bands. Masks,
    weights, noise and point spread functions are passed over, as far as ``EXTNAME``, ``IMAGETYP``,
    ``EXTTYPE`` or the dtype tell. If more than one image is left, nothing is read until `hdu` or
    `band` says which: the error lists what there is. The bands of a galaxy can be in files of
    their own: X then has a column for each, which become the channels.

    An image may lie in a table: its name is then that of a row (``"t.parquet/image/3"``), as
    `iter_images` yields it. Encoded files are read as files are; arrays of pixels as they are
    stored, without turning them, with their channels on the last axis. `band` chooses among bands
    that have names, and `max_missing` applies to those.

    Parameters
    ----------
    luma : bool, default=False
        Whether to decode the luma of JPEG files only, which is faster. It is the gray image of
        ``Grayscale("rec601")``, except for rounding and for colours outside the range of RGB.
        Other files, and rare kinds of JPEG such as CMYK, are not affected.
    reduce : {1, 2, 4, 8}, default=1
        Factor by which height and width of JPEG files are reduced in decoding, which is faster.
        Crop such images by a fraction, not by pixels. Other files are not affected.
    hdu : int, str or list of them, optional
        The images of FITS files to read: the number of the HDU (the first is 0), or its
        ``EXTNAME``, ``IMAGETYP`` or ``EXTTYPE``. A list gives an image with as many channels.
    band : str or list of str, optional
        The bands of FITS files to read, among all images or those of `hdu`: the value of
        ``BAND``, ``FILTER`` or ``EXTNAME``, or a word in it, so that "Y" is found in ``NIR_Y``;
        in a cube, those of ``BANDS`` or ``BAND0``, ``BAND1``, ... Upper and lower case are alike.
        A list gives an image with as many channels, in its order. If X has several columns,
        `hdu` and `band` are what is read of each file, or a list with an entry for each column.
    align : {None, "wcs"}, default=None
        How bands are aligned that do not lie on the same pixels, such as those of SDSS. "wcs"
        shifts them by whole pixels, so that their coordinates agree with those of the first band
        as well as they can, and cuts them to its field; where they have no pixels, these are
        missing. Bands of another scale or rotation are refused. Coordinates must be right: some
        programs cut images without telling them. With None, bands of differing shape are refused.
    orientation : {"sky", "file"}, default="sky"
        "sky" turns FITS images so that they look as on the sky: the rows, which begin at the
        bottom, are reversed, and an image in which east lies to the right of north (those of DES
        and DECam; the sense of spiral arms is wrong in them) is mirrored, if it has coordinates.
        It is not rotated. "file" leaves the pixels in the order of the file.
    max_missing : float or None, default=0.2
        The largest fraction of missing pixels that is accepted in a band of a FITS image: NaN,
        infinity, and connected areas of 100 and more pixels of exactly 0. They are filled with the
        level of the sky, the median of the others without sources. An image with more is an
        error. The default is that of Galaxy Zoo DECaLS [1]_. None leaves all pixels as they are.
    units : {None, "nanomaggies"}, default=None
        The units of FITS images. None leaves those of the file. "nanomaggies" is the flux in units
        of AB magnitude 22.5, by the header: ``BUNIT`` in nanomaggies (SDSS, Legacy Surveys), Jy or
        Jy/sr (LSST, JWST), ``MAGZERO`` (DES, DECam, Euclid), ``FLUXMAG0`` (HSC), ``EXPTIME`` of
        Pan-STARRS, ``PHOTFLAM`` and ``PHOTPLAM`` of a rate (HST). A header that tells none is an
        error. The sky is not subtracted.
    zero_point : float or list of float, optional
        The AB magnitude of one unit of the file, instead of what the header says; or a list with
        that of each band. Needs `units`.
    pixel_scale : float, optional
        The side in arcseconds of the square on the sky whose flux is given, so that images of
        surveys with different pixels are alike: 0.396 for the flux per pixel of SDSS, 0.262 for
        that of the Legacy Surveys, 1 for that per square arcsecond. By default it is a pixel of the
        file, whose side is that of its coordinates or ``PIXSCALE``; cutouts of the Legacy Surveys
        have at any size the flux per pixel of 0.262 arcsec. Needs `units`.
    max_pixels : int, default=89478485
        Larger images are refused before they are decoded, so that no file takes all the memory.

    Attributes
    ----------
    image_shape_in_ : tuple of int or None
        Shape of the images seen in `fit`; None for files.
    n_features_in_ : int
        Number of pixels in a flattened row. Only if `fit` saw rows.

    See Also
    --------
    ColourComposite : The step that makes a colour picture of bands.
    FlattenToTensor : The step that reads many files in parallel.

    References
    ----------
    .. [1] Walmsley et al. 2022, MNRAS 509, 3966, "Galaxy Zoo DECaLS", and its code for downloading
       images (zooniverse/decals, ``badmax_limit``).

    Examples
    --------
    >>> from galaxy_sklearn import ImageReader
    >>> ImageReader().fit_transform(["587722981741363294.jpg"])
    ImageStack(1 image, read_image)

    Three bands of FITS files, to be compared with pictures of SDSS:

    >>> reader = ImageReader(band=["g", "r", "i"], units="nanomaggies", pixel_scale=0.396)
    """

    image_shape = None

    def __init__(
        self,
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
        self.luma = luma
        self.reduce = reduce
        self.hdu = hdu
        self.band = band
        self.align = align
        self.orientation = orientation
        self.max_missing = max_missing
        self.units = units
        self.zero_point = zero_point
        self.pixel_scale = pixel_scale
        self.max_pixels = max_pixels

    def fit(self, X, y=None):
        """Check the input; nothing is learned.

        Parameters
        ----------
        X : array-like of str or path-like, or images
            See `transform`.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        return super().fit(self._stack_if_paths(X), y)

    def transform(self, X):
        """Turn names of files into images that are read on demand.

        Parameters
        ----------
        X : list, array, Series or DataFrame of str or path-like
            The image files; with several columns, the FITS files of the bands of each galaxy.
            Images, in any form that the other transformers take, are returned
            unchanged.

        Returns
        -------
        ImageStack or ndarray
            The images.

        Raises
        ------
        ValueError
            If X is a single name, empty, or only some entries are names of files.
        """
        X = self._stack_if_paths(X)
        if isinstance(X, ImageStack):
            return X
        images = self._check_images(X, reset=False)
        return self._row_container(images, X) if images.ndim == 2 else images

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags

    def _operation(self):
        if self.reduce not in (1, 2, 4, 8):
            raise ValueError(f"reduce must be 1, 2, 4 or 8, got {self.reduce!r}.")
        if not isinstance(self.max_pixels, Integral) or self.max_pixels < 1:
            raise ValueError(f"max_pixels must be a positive int, got {self.max_pixels!r}.")
        if not _is_choice(self.hdu, (Integral, str)):
            raise ValueError(
                f"hdu must be an int, a str, a list of them or None, got {self.hdu!r}."
            )
        if not _is_choice(self.band, str):
            raise ValueError(f"band must be a str, a list of str or None, got {self.band!r}.")
        if self.align not in (None, "wcs"):
            raise ValueError(f"align must be None or 'wcs', got {self.align!r}.")
        if self.units not in (None, "nanomaggies"):
            raise ValueError(f"units must be None or 'nanomaggies', got {self.units!r}.")
        if not _is_choice(self.zero_point, Real):
            raise ValueError(
                f"zero_point must be a number, a list of them or None, got {self.zero_point!r}."
            )
        side = self.pixel_scale
        if side is not None and not (isinstance(side, Real) and 0 < side < float("inf")):
            raise ValueError(f"pixel_scale must be a number above 0 or None, got {side!r}.")
        for name in ("zero_point", "pixel_scale"):
            if self.units is None and getattr(self, name) is not None:
                raise ValueError(f"{name}={getattr(self, name)!r} needs units='nanomaggies'.")
        if self.orientation not in ("sky", "file"):
            raise ValueError(f"orientation must be 'sky' or 'file', got {self.orientation!r}.")
        if self.max_missing is not None and not (
            isinstance(self.max_missing, Real) and 0 <= self.max_missing < 1
        ):
            raise ValueError(
                f"max_missing must be a number from 0 to 1 or None, got {self.max_missing!r}."
            )
        return _untouched

    def _stack_if_paths(self, X):
        if isinstance(X, (str, bytes, os.PathLike)):
            hint = f"[{X!r}]"
            if Path(os.fsdecode(X)).is_dir():
                hint = f"galaxy_sklearn.datasets.find_images({os.fspath(X)!r}), a folder"
            raise ValueError(f"Expected a list of names of image files, got one name: {hint}?")
        if hasattr(X, "to_pandas"):  # polars
            X = X.to_pandas()
        if isinstance(X, (list, tuple)) and not X:
            raise ValueError("Found 0 images; at least one is needed.")
        if not holds_paths(X):
            return X
        self._operation()
        if getattr(X, "ndim", 1) == 2:
            rows = np.asarray(X, dtype=object)
            paths = list(rows[:, 0]) if rows.shape[1] == 1 else [list(row) for row in rows]
        else:
            paths = list(X)
        for i, path in enumerate(paths):
            for one in path if isinstance(path, list) else [path]:
                if not isinstance(one, (str, os.PathLike)):
                    raise ValueError(
                        f"X, row {i}: expected the name of an image file like "
                        f"{np.ravel(X)[0]!r}, found {one!r}."
                    )
        paths = [BandFiles(path) if isinstance(path, list) else path for path in paths]
        return ImageStack(paths, partial(read_image, **self.get_params(deep=False)))


def reader_of(estimator):
    """Return the step of a pipeline that reads images; a default one if it has none."""
    first = getattr(estimator, "best_estimator_", estimator)  # of a search
    while hasattr(first, "steps"):
        first = first.steps[0][1]
    return first if isinstance(first, ImageReader) else ImageReader()


def _is_choice(value, kinds):
    """Tell whether a value is None, of one of some kinds, or a list of them."""
    entries = value if isinstance(value, (list, tuple)) else [value]
    if value is None:
        return True
    return bool(entries) and all(
        isinstance(entry, kinds) and not isinstance(entry, bool) for entry in entries
    )


def _untouched(image):
    return image
