"""From the units of a FITS image to nanomaggies."""

import math

from galaxy_sklearn.images._limits import InvalidImageError
from galaxy_sklearn.images._sky import ARCSEC, pixel_side

# The AB magnitude of one nanomaggy, and the flux density of one in Jy (3631 Jy is magnitude 0).
NANOMAGGY, JANSKY = 22.5, 3.631e-6
NANOMAGGIES = {"nanomaggy", "nanomaggies", "nmgy", "nanomgy"}
# The server of the Legacy Surveys writes no BUNIT, but one of these surveys. It interpolates
# between the pixels of 0.262 arcsec of their coadds and leaves the flux as it was in those.
LEGACY_SURVEYS, LEGACY_SIDE = ("decals", "legacysurvey", "mzls", "bass"), 0.262
SECOND = ("/s", "/sec", "s-1", "s**-1")


def nanomaggies_per_unit(headers, zero_point, pixel_scale):
    """Return the factor that turns pixels into nanomaggies.

    Parameters
    ----------
    headers : tuple of two Header
        That of the image, and that of the file, which is asked second.
    zero_point : float or None
        The AB magnitude of one unit of the file; None if the headers tell it.
    pixel_scale : float or None
        The side in arcseconds of the square whose flux is wanted; None for a pixel.

    Returns
    -------
    float
        The factor.

    Raises
    ------
    InvalidImageError
        If the headers do not tell the units, or the side of a pixel.
    """
    if zero_point is None:
        factor = _by_unit(headers)
        if factor is None:
            zero_point = _zero_point(headers)
    if zero_point is not None:
        factor = 10 ** ((NANOMAGGY - zero_point) / 2.5)
    return factor if pixel_scale is None else factor * (pixel_scale / _side(headers)) ** 2


def _side(headers):
    side = LEGACY_SIDE if _is_legacy(headers) else pixel_side(headers[0])
    if side is None:
        raise InvalidImageError(
            "pixel_scale needs the side of a pixel in the header (CD or CDELT with celestial "
            "coordinates, or PIXSCALE), found none"
        )
    return side


def _by_unit(headers):
    """Return the factor by BUNIT; None if that is a count or nothing."""
    text = str(_get(headers, "BUNIT") or "").strip()
    if text.casefold() in NANOMAGGIES or (not text and _is_legacy(headers)):
        return 1.0
    if not text:
        return None
    from astropy import units

    unit = units.Unit(text, parse_strict="silent")
    if isinstance(unit, units.UnrecognizedUnit):
        return None
    if unit.is_equivalent(units.Jy):
        return unit.to(units.Jy) / JANSKY
    if unit.is_equivalent(units.Jy / units.sr):
        # Of JWST.
        return unit.to(units.Jy / units.sr) * math.radians(_side(headers) / ARCSEC) ** 2 / JANSKY
    return None


def _zero_point(headers):
    """Return the AB magnitude of one unit.

    References
    ----------
    MAGZERO: DES, DECam and Euclid. FLUXMAG0: Hyper Suprime-Cam. EXPTIME: stacks of Pan-STARRS
    (Waters et al. 2020, ApJS 251, 4). PHOTFLAM, PHOTPLAM: ACS Data Handbook, section 5.1.
    """
    zero_point, flux_of_0 = _number(headers, "MAGZERO"), _number(headers, "FLUXMAG0")
    if zero_point is not None:
        return zero_point
    if flux_of_0:
        return 2.5 * math.log10(flux_of_0)
    if _get(headers, "FPA.TELESCOPE") == "PS1" and _number(headers, "EXPTIME"):
        return 25 + 2.5 * math.log10(_number(headers, "EXPTIME"))
    flux, wavelength = _number(headers, "PHOTFLAM"), _number(headers, "PHOTPLAM")
    rate = str(_get(headers, "BUNIT") or "").casefold().replace(" ", "").endswith(SECOND)
    if flux and wavelength and rate:
        return -2.5 * math.log10(flux) - 5 * math.log10(wavelength) - 2.408
    raise InvalidImageError(
        "units='nanomaggies' needs a zero point in the header (BUNIT in nanomaggies, Jy or Jy/sr, "
        "MAGZERO, FLUXMAG0, EXPTIME of Pan-STARRS, or PHOTFLAM and PHOTPLAM of a rate), found "
        f"none, and BUNIT={_get(headers, 'BUNIT')!r}: give zero_point"
    )


def _is_legacy(headers):
    survey = str(_get(headers, "SURVEY") or "").casefold()
    return survey.startswith(LEGACY_SURVEYS)


def _number(headers, keyword):
    """Return a number above 0, which some files write as text; None if there is none."""
    try:
        value = float(_get(headers, keyword))
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) and value > 0 else None


def _get(headers, keyword):
    return next((header[keyword] for header in headers if keyword in header), None)
