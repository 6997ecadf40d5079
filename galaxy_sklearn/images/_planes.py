"""Which of the images in a FITS file are meant."""

import re
from numbers import Integral
from typing import Any, NamedTuple

from galaxy_sklearn.images._limits import InvalidImageError

MOST_COLOURS = 4
MOST_LISTED = 12
# Keywords that say what an image is, and in which band it was taken.
KINDS = ("EXTNAME", "IMAGETYP", "EXTTYPE")
BANDS = ("BAND", "FILTER", "FILTER1", "FILTER2", "FILTNAM1", "FPA.FILTER")
# Words in names of images that are not of the sky: noise, masks, point spread functions. Those of
# the Legacy Surveys, SDSS, DES, Pan-STARRS, HST, JWST, Euclid and LSST.
AUXILIARY = {
    *("err", "error", "errors", "noise", "rms", "sigma", "stddev", "unc", "uncert", "uncertainty"),
    *("cov", "var", "variance", "ivar", "invvar", "weight", "wgt", "wht", "wt", "chi2"),
    *("bpm", "ctx", "dq", "flag", "flags", "mask", "maskbits", "masks", "msk", "quality"),
    *("seg", "segm", "segmap", "segmentation", "psf", "psfdepth", "psfsize", "depth", "galdepth"),
    *("area", "bkg", "con", "exp", "expmap", "nexp"),
}


class Plane(NamedTuple):
    """One image of one band: its name in errors, the headers (its own, the file's), its pixels."""

    label: str
    headers: tuple
    pixels: Any

    @property
    def names(self):
        """By which it is chosen."""
        return (self.label,)


class _Candidate(NamedTuple):
    """A plane that can be chosen: an image, or a part of a cube."""

    number: int
    unit: Any
    place: tuple
    bands: tuple
    headers: tuple

    @property
    def shape(self):
        """Height and width."""
        return tuple(
            side for side, part in zip(self.unit.shape, self.place, strict=True) if part is ALL
        )

    @property
    def label(self):
        """How errors call it."""
        band = f" ({self.bands[0]})" if self.bands else ""
        return f"HDU {self.number}{band}"

    @property
    def names(self):
        """By which it is chosen: its bands; that of the image, unless it is a cube."""
        own = () if _is_cube(self) else _texts(self.unit.header, ("EXTNAME",))
        return (*self.bands, *own)

    def read(self):
        """Return the pixels."""
        return self.unit.data[self.place]


ALL = slice(None)


def choose(units, hdu, band):
    """Choose the planes of an open FITS file.

    Parameters
    ----------
    units : HDUList
        The file.
    hdu, band : None, a choice, or a list of them
        See `galaxy_sklearn.ImageReader`.

    Returns
    -------
    list of candidates
        With ``label``, ``headers``, ``shape`` and ``read()``.
    bool
        Whether they are channels.
    """
    images = _images(units)
    if hdu is None:
        numbers = _of_the_sky(images)
        if not numbers:
            raise InvalidImageError(
                f"expected an image of the sky, found {_listed(images, images)}: choose with hdu"
            )
    else:
        one_each = band is None
        numbers = [n for h in _as_list(hdu) for n in _numbers(images, h, one=one_each)]
    if band is None:
        if hdu is None and len(numbers) > 1:
            raise InvalidImageError(
                f"expected one image, or a choice (hdu or band), found {_listed(images, numbers)}"
            )
        chosen = [plane for n in numbers for plane in _planes(images, n, units[0].header)]
        return chosen, len(chosen) > 1 or isinstance(hdu, (list, tuple)) or _is_cube(chosen[0])
    planes = [p for n in dict.fromkeys(numbers) for p in _planes(images, n, units[0].header)]
    return [of_band(planes, b) for b in _as_list(band)], isinstance(band, (list, tuple))


def planes_of(shape):
    """Return the axis of the planes of a cube.

    FITS stores the planes of a cube first; but some files have colours last, as pictures do.
    """
    return 2 if shape[-1] <= MOST_COLOURS < shape[0] else 0


def _images(units):
    """Return the images of a file by their numbers."""
    images = {n: u for n, u in enumerate(units) if u.is_image and len(u.shape) in (2, 3)}
    if images:
        return images
    if any(not u.is_image for u in units):
        raise InvalidImageError(
            "expected an image, found a table: it can be read with astropy.table.Table.read, and "
            "its column of file names, or of arrays as a list, given as X"
        )
    shape = next((u.shape for u in units if u.shape), None)
    found = "none" if shape is None else f"one of shape {shape}"
    raise InvalidImageError(f"expected an image of 2 or 3 dimensions, found {found}")


def _of_the_sky(images):
    """Return the numbers of the images that are neither masks, noise nor the like."""
    named = [n for n, unit in images.items() if not AUXILIARY & _words(unit.header, KINDS)]
    floats = [n for n in named if not _is_integer(images[n].header)]
    # Integers without a name beside floats are masks.
    return [n for n in named if n in floats or not floats or _words(images[n].header, KINDS)]


def _is_integer(header):
    return header["BITPIX"] > 0 and header.get("BSCALE", 1) == 1


def _numbers(images, hdu, *, one):
    """Return the numbers of the images that a choice of HDU means."""
    if isinstance(hdu, Integral) and not isinstance(hdu, bool):
        found = [hdu] if hdu in images else []
    else:
        found = [n for n, u in images.items() if hdu.casefold() in _values(u.header, KINDS)]
    if not found or (one and len(found) > 1):
        raise InvalidImageError(
            f"expected one image with hdu={hdu!r}, found "
            f"{_listed(images, found) if found else f'none among {_listed(images, images)}'}"
        )
    return found


def _planes(images, number, primary):
    """Return the planes of an image or a cube, as they can be chosen."""
    unit = images[number]
    headers = (unit.header, primary)
    if len(unit.shape) == 2:
        bands = _bands(unit.header) or _bands(primary)
        return [_Candidate(number, unit, (ALL, ALL), bands, headers)]
    axis = planes_of(unit.shape)
    names = str(unit.header.get("BANDS", ""))
    planes = []
    for i in range(unit.shape[axis]):
        name = unit.header.get(f"BAND{i}", names[i] if len(names) == unit.shape[axis] else None)
        place = tuple(i if a == axis else ALL for a in range(3))
        bands = () if name is None else (str(name).strip(),)
        planes.append(_Candidate(number, unit, place, bands, headers))
    return planes


def _is_cube(candidate):
    return len(candidate.place) == 3


def of_band(planes, band):
    """Return the one plane of a band: by its whole name, or else by a word of it."""
    wanted = band.casefold()
    for match in (
        lambda name: name.casefold() == wanted,
        lambda name: wanted in _split(name),
    ):
        found = [p for p in planes if any(match(name) for name in p.names)]
        if len(found) == 1:
            return found[0]
        if found:
            break
    labels = ", ".join(p.label for p in (found or planes)[:MOST_LISTED])
    raise InvalidImageError(
        f"expected one image with band={band!r}, found {labels if found else f'only {labels}'}"
    )


def _bands(header):
    return _texts(header, BANDS)


def _texts(header, keywords):
    """Return the values of keywords that are text."""
    values = (header.get(keyword) for keyword in keywords)
    return tuple(v.strip() for v in values if isinstance(v, str) and v.strip())


def _values(header, keywords):
    return {text.casefold() for text in _texts(header, keywords)}


def _words(header, keywords):
    return {word for text in _texts(header, keywords) for word in _split(text)}


def _split(text):
    return set(re.split("[^0-9a-z]+", text.casefold())) - {""}


def _listed(images, numbers):
    """List images with what can be chosen by."""
    texts = []
    for n in list(numbers)[:MOST_LISTED]:
        header = images[n].header
        said = [f"{k} {header[k]!r}" for k in (*KINDS, *BANDS) if _texts(header, (k,))]
        size = " x ".join(map(str, images[n].shape))
        texts.append(f"{n} ({', '.join([*said, size])})")
    more = ", ..." if len(numbers) > MOST_LISTED else ""
    return f"{len(numbers)} image{'' if len(numbers) == 1 else 's'}: HDU {', '.join(texts)}{more}"


def _as_list(choice):
    return list(choice) if isinstance(choice, (list, tuple)) else [choice]
