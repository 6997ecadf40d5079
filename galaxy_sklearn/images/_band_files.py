"""Files of the bands of one galaxy."""

import os


class BandFiles(str):
    """The names of several files that are one image, a band each.

    It can be used wherever the path of an image file can.

    Parameters
    ----------
    files : iterable of str or path-like
        The files, in the order of the channels.

    Attributes
    ----------
    files : tuple of str
        The files.

    See Also
    --------
    galaxy_sklearn.ImageReader : Makes them of tables with a column for each band.

    Examples
    --------
    >>> from galaxy_sklearn.images import BandFiles
    >>> image = BandFiles(["1_g.fits", "1_r.fits", "1_i.fits"])
    >>> image, image.files[1]
    ('1_g.fits, 1_r.fits, 1_i.fits', '1_r.fits')
    """

    __slots__ = ("files",)

    def __new__(cls, files):
        """Join the names and keep each of them."""
        names = tuple(os.fspath(file) for file in files)
        joined = super().__new__(cls, ", ".join(names))
        joined.files = names
        return joined

    def __reduce__(self):
        return type(self), (self.files,)
