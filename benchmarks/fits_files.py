"""What becomes of real files of many surveys.

    python benchmarks/fits_files.py DIR [--pictures FILE]

DIR holds the files of ROWS. Prints two tables in Markdown: how each file is read, as it is and with
the choice that a user would make, and what "gz2" answers for those that have three bands.
`--pictures` writes an image of what it was shown.
"""

import argparse
import os
import re
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

from galaxy_sklearn.images import BandFiles, iter_images, read_image
from galaxy_sklearn.pipeline import for_bands
from galaxy_sklearn.scoring import prediction_table
from galaxy_sklearn.sharing import load_pretrained

GRZ, SIDE = ["g", "r", "z"], 160
LONGEST = 170


def files_of(pattern, bands):
    return [pattern.format(band) for band in bands]


SPIRALS = {
    name: files_of(f"04-des-ps1-sdss-per-band/{name}_{{}}.fits", "gri")
    for name in ("SDSS", "DES", "PS1")
}
JWST = files_of("12-jwst-nircam/115_{}.fits", ("f090w", "f200w", "f444w"))
# Files (several: bands of one galaxy), what they are, and the choice that a user would make.
ROWS = (
    ("01-decals-grz-cube/example_b.fits", "Legacy Surveys, a cube of g, r, z", {"band": GRZ}),
    ("01-decals-grz-cube/example_bad_pix.fits", "... most of g without data", {"band": GRZ}),
    ("02-ls-dr9-invvar-mef/cutout_*.fits", "Legacy Surveys, images and their noise", {"band": GRZ}),
    ("02-ls-dr9-invvar-mef/copsf_*.fits", "... point spread functions", {"band": "r"}),
    (files_of("03-sdss-gri-bz2/*_{}.fits.bz2", "gri"), "SDSS, a field, compressed by bzip2", {}),
    (SPIRALS["DES"], "DES, a file for each of g, r, i", {}),
    (SPIRALS["PS1"], "Pan-STARRS, a file for each", {}),
    (SPIRALS["SDSS"], "SDSS, parts of frames, with the coordinates of the whole", {"align": "wcs"}),
    (
        [SPIRALS["DES"][0], SPIRALS["PS1"][1]],
        "bands of two surveys, of another scale and rotation",
        {"align": "wcs"},
    ),
    ("06-hst-f105w-gz/*spiral*", "HST, one band, compressed by gzip", {}),
    ("06-hst-f105w-gz/*rms*", "... its noise, which only the name tells", {}),
    (files_of("07-hst-acs/*.{}_6ac_.fits", "vi"), "HST, two bands", {}),
    ("08-euclid-q1/102*.fits", "Euclid, eight bands, each with PSF and noise", {"band": "VIS"}),
    ("08-euclid-q1/EUCL*.fits", "... three of them", {"band": ["VIS", "Y", "H"]}),
    ("08-euclid-q1/EUCL*/vis/data.fits", "Euclid, a folder for each band", {}),
    ("09-hsc-lsst/HSC-*.fits", "HSC, image, mask and variance", {}),
    ("09-hsc-lsst/2-cutout*.fits", "HSC, a cutout, with empty images", {}),
    (files_of("10-decam-nan-edge/132_{}band.fits", "gr"), "DECam, counts, an edge of NaN", {}),
    ("11-fpack/c4d_130105*.fits.fz", "DECam, compressed by fpack", {}),
    (JWST, "JWST, a file for each of three bands", {}),
    ("12-jwst-nircam/ID_1_f200w.fits", "ten images in ten HDUs", {"hdu": 3}),
    ("13-containers/hats_mmu*.parquet/rgb", "a HATS partition, images as bytes", {}),
    ("13-containers/hats_mmu*.parquet/image", "... bands and fluxes", {"band": ["r"]}),
    ("13-containers/galaxy10_like.h5", "HDF5, as Galaxy10 has it", {}),
    ("13-containers/mmu*.hdf5/image_array", "HDF5, as the Multimodal Universe has it", {}),
    ("13-containers/images.zarr", "Zarr, as Cutana has it", {}),
    ("13-containers/gal1_im.npy", "an array of NumPy", {}),
    ("13-containers/example_fit.asdf", "ASDF", {}),
    ("14-tables/hoyle_barlengths.fits", "a table, not images", {}),
    ("14-tables/star_cat_correct.votable", "a table, not images", {}),
    ("15-odd-fits/slice.fits", "an image, its segments and a mask", {}),
    ("15-odd-fits/sep_ntt*.fits", "integers", {}),
    ("15-odd-fits/small_MI*.fits", "a pointer of Git LFS", {}),
)
# Files, colours and bands of what "gz2" is asked.
ASKED = (
    *((files, "sdss", None) for files in SPIRALS.values()),
    *(
        (f"01-decals-grz-cube/{name}.fits", colours, GRZ)
        for name in ("temp_small", "example_b", "example_c")
        for colours in ("gz_decals", "sdss")
    ),
    ("02-ls-dr9-invvar-mef/cutout_*.fits", "gz_decals", GRZ),
    ("08-euclid-q1/102*.fits", "sdss", ["VIS", "Y", "H"]),
    ("08-euclid-q1/EUCL*.fits", "sdss", ["VIS", "Y", "H"]),
    (JWST, "sdss", None),
)


def found_in(folder, pattern):
    """Return the name of a file, or of the bands of one galaxy."""
    if isinstance(pattern, list):
        return BandFiles([found_in(folder, one) for one in pattern])
    held = re.fullmatch(r"(.*\.(?:parquet|hdf5|h5|zarr))(/.*)?", pattern)
    if held is None:
        return str(next(folder.glob(pattern)))
    return next(iter_images(str(next(folder.glob(held[1]))) + (held[2] or "")))


def outcome(folder, pattern, how):
    """Return shape and dtype of an image, or why there is none."""
    name = found_in(folder, pattern)
    try:
        image = read_image(name, **how)
    except (OSError, ValueError) as error:
        return reason(error, name)
    return f"{' x '.join(map(str, image.shape))} {image.dtype}"


def reason(error, name):
    """Return the text of an error without folders and the name of the file."""
    text = str(error).removeprefix(f"{name}: ").rstrip(".")
    text = re.sub(r"(?<![\w.])/[^\s,:]*/", "", text).replace("|", "/")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


def title(pattern):
    """Return the name of a row."""
    if isinstance(pattern, list):
        return ", ".join(f"`{Path(name).name}`" for name in pattern)
    return f"`{pattern.partition('/')[2]}`"


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| file | what it is | as it is | asked for | then |\n|---|---|---|---|---|")
    for pattern, what, how in ROWS:
        plain = outcome(arguments.folder, pattern, {})
        asked = ", ".join(f"{name}={value!r}" for name, value in how.items())
        then = outcome(arguments.folder, pattern, how) if how else ""
        print(f"| {title(pattern)} | {what} | {plain} | {asked and f'`{asked}`'} | {then} |")
    gz2 = load_pretrained("gz2")
    smooth, featured = gz2["classifier"].classes_[:2]
    print("\n| file | colours | smooth | features or disk | label | unusual |")
    print("|---|---|---|---|---|---|")
    tiles = []
    for pattern, colours, band in ASKED:
        pipe = for_bands(gz2, colours, band=band)
        files = [found_in(arguments.folder, pattern)]
        try:
            row = prediction_table(pipe, files).iloc[0]
        except ValueError as error:
            print(f"| {title(pattern)} | {colours} | | | {reason(error, files[0])} | |")
            continue
        print(
            f"| {title(pattern)} | {colours} | {row[smooth]:.2f} | {row[featured]:.2f} | "
            f"{row['label']} | {row['unusual']:.2f} |"
        )
        (picture,) = pipe[:2].transform(files)
        seen = (pipe[:-1].transform(files)[0] * 255).astype(np.uint8)
        tiles.append([Image.fromarray(x).resize((SIDE, SIDE)) for x in (picture, seen)])
    if arguments.pictures:
        sheet = Image.new("RGB", (SIDE * len(tiles), 2 * SIDE))
        for i, column in enumerate(tiles):
            for j, tile in enumerate(column):
                sheet.paste(tile, (SIDE * i, SIDE * j))
        sheet.save(arguments.pictures)


if __name__ == "__main__":
    main()
