"""How the pixels of a FITS image lie on the sky."""

import numpy as np

LONGITUDES, LATITUDES = ("RA--", "GLON", "ELON"), ("DEC-", "GLAT", "ELAT")
ARCSEC = 3600


def as_on_the_sky(pixels, header):
    """Turn an image so that it looks as on the sky.

    FITS rows begin at the bottom. Mirror images, in which east is to the right of north, are
    mirrored back.
    """
    matrix = sky_matrix(header)
    pixels = pixels[::-1]
    return pixels[:, ::-1] if matrix is not None and np.linalg.det(matrix) > 0 else pixels


def pixel_side(header):
    """Return the side of a pixel in arcseconds; None if the header does not tell it."""
    matrix = sky_matrix(header)
    if matrix is not None:
        return float(np.sqrt(abs(np.linalg.det(matrix)))) * ARCSEC
    side = header.get("PIXSCALE")
    return float(side) if isinstance(side, (int, float)) and side > 0 else None


def sky_matrix(header):
    """Return the derivatives of longitude and latitude by columns and rows, in degrees.

    Read by hand, since a `astropy.wcs.WCS` takes longer to make than the image to read.

    References
    ----------
    .. [1] Greisen & Calabretta 2002, A&A 395, 1061, sections 2.1.2 (PC and CDELT, CD) and 6.1
       (CROTA); the older names PC001001 are those of its drafts.
    """
    kinds = [str(header.get(f"CTYPE{axis}", ""))[:4].upper() for axis in (1, 2)]
    if kinds[0] in LONGITUDES and kinds[1] in LATITUDES:
        axes = (1, 2)
    elif kinds[0] in LATITUDES and kinds[1] in LONGITUDES:
        axes = (2, 1)
    else:
        return None
    matrix = np.array([[_derivative(header, i, j) for j in (1, 2)] for i in axes])
    return matrix if np.isfinite(matrix).all() and np.linalg.det(matrix) != 0 else None


def _derivative(header, i, j):
    if any(f"CD{a}_{b}" in header for a in (1, 2) for b in (1, 2)):
        return float(header.get(f"CD{i}_{j}", 0))
    step = float(header.get(f"CDELT{i}", 1))
    if "CROTA2" in header and not any(f"PC{a}_{b}" in header for a in (1, 2) for b in (1, 2)):
        angle = np.radians(float(header["CROTA2"]))
        other = float(header.get(f"CDELT{j}", 1))
        return other * (np.cos(angle) if i == j else np.sin(angle) * (-1 if i == 1 else 1))
    return step * float(header.get(f"PC{i}_{j}", header.get(f"PC00{i}00{j}", float(i == j))))
