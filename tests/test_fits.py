"""FITS files of surveys: which image is read, what is missing, how it lies on the sky."""

import io
import pickle
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from conftest import real_data
from PIL import Image
from scipy import ndimage
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from galaxy_sklearn import FlattenToTensor, ImageReader
from galaxy_sklearn.images import read_image
from galaxy_sklearn.scoring import prediction_table

RNG = np.random.default_rng(0)


def unit(value, kind=fits.ImageHDU, shape=(6, 5), dtype=np.float32, **header):
    """An image of one value."""
    return kind(np.full(shape, value, dtype), fits.Header(list(header.items())))


def written(folder, *units, name="galaxy.fits"):
    """A file with an empty first HDU, unless the first is a primary one."""
    if not isinstance(units[0], fits.PrimaryHDU):
        units = (fits.PrimaryHDU(), *units)
    fits.HDUList(list(units)).writeto(folder / name, overwrite=True)
    return str(folder / name)


def legacy(folder):
    """The layout of the Legacy Surveys: image and inverse variance of each band."""
    kinds = [(b, k) for b in "grz" for k in ("image", "invvar")]
    return written(folder, *(unit(i, BAND=b, IMAGETYP=k) for i, (b, k) in enumerate(kinds)))


def euclid(folder):
    """The layout of Euclid: flux, point spread function and noise of bands of three telescopes."""
    units = []
    for i, (name, band) in enumerate(
        (("HSC_G", "HSC_g"), ("HSC_Z", "HSC_z"), ("VIS", "VIS"), ("NIR_Y", "NIR_Y"))
    ):
        units += [
            unit(i, EXTNAME=f"{name}_FLUX", FILTER=band),
            unit(9, EXTNAME=f"{name}_PSF", FILTER=band, shape=(3, 3)),
            unit(9, EXTNAME=f"{name}_RMS"),
        ]
    return written(folder, *units)


# ------------------------------------------------------------------ which image it is


def test_several_images_are_a_question(tmp_path):
    message = (
        r"galaxy\.fits: expected one image, or a choice \(hdu or band\), found 3 images: "
        r"HDU 1 \(IMAGETYP 'image', BAND 'g', 6 x 5\), 3 \(.*'r', 6 x 5\), 5 \(.*'z', 6 x 5\)\.$"
    )
    with pytest.raises(ValueError, match=message):
        read_image(legacy(tmp_path))
    many = written(tmp_path, *(unit(i) for i in range(20)))
    with pytest.raises(
        ValueError, match=r"found 20 images: HDU 1 \(6 x 5\).*12 \(6 x 5\), \.\.\.\."
    ):
        read_image(many)


@pytest.mark.parametrize(
    ("choice", "values"),
    [
        ({"band": "r"}, 2),
        ({"band": ["z", "g"]}, [4, 0]),
        ({"band": ["r"]}, [2]),
        ({"hdu": 2}, 1),
        ({"hdu": [1, 3]}, [0, 2]),
        ({"hdu": "invvar", "band": ["g", "r", "z"]}, [1, 3, 5]),
        ({"hdu": "IMAGE", "band": "Z"}, 4),
    ],
)
def test_choices_of_legacy_files(tmp_path, choice, values):
    found = read_image(legacy(tmp_path), **choice)
    np.testing.assert_array_equal(found, np.broadcast_to(values, (6, 5, *np.shape(values))))


@pytest.mark.parametrize(
    ("choice", "values"),
    [
        ({"band": "VIS"}, 2),
        ({"band": "Y"}, 3),
        ({"band": "nir_y"}, 3),
        ({"band": ["g", "VIS", "Y"]}, [0, 2, 3]),
        ({"hdu": "hsc_z_flux"}, 1),
        ({"hdu": "VIS_RMS"}, 9),
    ],
)
def test_choices_of_euclid_files(tmp_path, choice, values):
    found = read_image(euclid(tmp_path), **choice)
    np.testing.assert_array_equal(found, np.broadcast_to(values, (6, 5, *np.shape(values))))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"band": "u"}, r"band='u', found only HDU 1 \(HSC_g\), HDU 4 \(HSC_z\), HDU 7"),
        ({"band": "HSC"}, r"band='HSC', found HDU 1 \(HSC_g\), HDU 4 \(HSC_z\)\.$"),
        ({"hdu": 0}, "hdu=0, found none among 12 images"),
        ({"hdu": 30}, "hdu=30, found none among 12 images"),
        ({"hdu": "SCI"}, "hdu='SCI', found none among 12 images"),
    ],
)
def test_choices_that_fail(tmp_path, choice, message):
    with pytest.raises(ValueError, match=rf"galaxy\.fits: expected one image with {message}"):
        read_image(euclid(tmp_path), **choice)


def test_ambiguous_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected one image with hdu='image', found 3 images"):
        read_image(legacy(tmp_path), hdu="image")


@pytest.mark.parametrize(
    "others",
    [
        [unit(9, EXTNAME="WGT"), unit(9, EXTNAME="MSK", dtype=np.int16)],  # DES
        [unit(9, EXTNAME="WHT"), unit(9, EXTNAME="CTX", dtype=np.int32)],  # HST
        [unit(9, EXTNAME="ERR"), unit(9, EXTNAME="VAR_POISSON")],  # JWST
        [unit(9, EXTTYPE="MASK", dtype=np.int32), unit(9, EXTTYPE="VARIANCE")],  # LSST
        [unit(9, dtype=np.int32), unit(9, dtype=np.uint16)],  # masks without names
        [fits.ImageHDU(np.zeros(9, np.float32)), fits.ImageHDU()],  # SDSS' sky, HSC's empty ones
    ],
)
def test_masks_and_noise_are_passed_over(tmp_path, others):
    for first in (unit(1, fits.PrimaryHDU), unit(1, EXTNAME="SCI")):
        np.testing.assert_array_equal(
            read_image(written(tmp_path, first, *others)), np.ones((6, 5))
        )


def test_integers_alone_are_an_image(tmp_path):
    found = read_image(written(tmp_path, unit(7, fits.PrimaryHDU, dtype=np.uint16)))
    np.testing.assert_array_equal(found, np.full((6, 5), 7, np.float32))


def test_noise_alone_is_no_image(tmp_path):
    path = written(tmp_path, unit(1, EXTNAME="RMS"), unit(1, IMAGETYP="invvar"))
    with pytest.raises(ValueError, match="expected an image of the sky, found 2 images.*with hdu"):
        read_image(path)
    assert read_image(path, hdu=1).shape == (6, 5)


@pytest.mark.parametrize("names", [{"BANDS": "grz"}, {"BAND0": "g", "BAND1": "r", "BAND2": "z"}])
@pytest.mark.parametrize("last", [False, True])
def test_planes_of_a_cube_by_band(tmp_path, names, last):
    planes = RNG.random((3, 8, 7)).astype(np.float32)
    cube = np.moveaxis(planes, 0, -1) if last else planes
    path = written(tmp_path, fits.PrimaryHDU(cube, fits.Header(list(names.items()))))
    whole = np.moveaxis(planes, 0, -1)[::-1]
    np.testing.assert_array_equal(read_image(path), whole)
    np.testing.assert_array_equal(read_image(path, band=["z", "g"]), whole[..., [2, 0]])
    np.testing.assert_array_equal(read_image(path, band="r", hdu=0), whole[..., 1])
    with pytest.raises(ValueError, match="band='i', found only HDU 0 .g., HDU 0 .r., HDU 0 .z."):
        read_image(path, band="i")


def test_the_band_may_be_in_the_first_header(tmp_path):
    primary = fits.PrimaryHDU(header=fits.Header([("FILTER", "r DECam SDSS c0002 6415.0")]))
    path = written(tmp_path, primary, unit(1, EXTNAME="N29"))
    assert read_image(path, band="r").shape == (6, 5)
    with pytest.raises(ValueError, match=r"band='i', found only HDU 1 \(r DECam SDSS"):
        read_image(path, band="i")


def test_other_formats_have_no_bands(tmp_path):
    Image.fromarray(np.zeros((6, 5), np.uint8)).save(tmp_path / "a.png")
    for choice in ({"band": "g"}, {"hdu": 0}, {"units": "nanomaggies"}):
        with pytest.raises(
            ValueError, match=r"a\.png: hdu, band and units are for FITS files only"
        ):
            read_image(tmp_path / "a.png", **choice)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hdu": 1.0}, r"hdu must be an int, .* got 1\.0"),
        ({"hdu": []}, r"hdu must be an int, .* got \[\]"),
        ({"band": 1}, "band must be a str, .* got 1"),
        ({"band": ["g", 2]}, r"band must be a str, .* got \['g', 2\]"),
        ({"align": True}, "align must be None or 'wcs', got True"),
        ({"units": "Jy"}, "units must be None or 'nanomaggies', got 'Jy'"),
        ({"units": "nanomaggies", "zero_point": "25"}, "zero_point must be a number, .* got '25'"),
        ({"zero_point": 25.0}, r"zero_point=25\.0 needs units='nanomaggies'"),
        ({"pixel_scale": 0.396}, r"pixel_scale=0\.396 needs units='nanomaggies'"),
        ({"units": "nanomaggies", "pixel_scale": 0}, "pixel_scale must be a number above 0"),
        ({"orientation": "up"}, "orientation must be 'sky' or 'file', got 'up'"),
        ({"max_missing": 1}, "max_missing must be a number from 0 to 1 or None, got 1"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        ImageReader(**parameters).fit(["a.fits"])


def test_readers_of_earlier_versions_have_the_defaults():
    old = ImageReader(luma=True)
    for name in old.get_params().keys() - {"luma", "reduce", "max_pixels"}:
        del vars(old)[name]
    assert pickle.loads(pickle.dumps(old)).get_params() == ImageReader(luma=True).get_params()


# ---------------------------------------------------------------------- other files


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file: list its images"),
        (b"PAR1\x15\x04", "a Parquet file: list its images"),
        (b"\x93NUMPY\x01\x00", "a NumPy file: with numpy.load"),
        (b"#ASDF 1.0.0\n", "an ASDF file"),
        (b"<?xml version='1.0'?>\n<VOTABLE>", "a VOTable"),
        (b"version https://git-lfs.github.com/spec/v1\n", "the pointer of Git LFS"),
    ],
)
def test_files_of_arrays_say_what_they_are(tmp_path, content, message):
    (tmp_path / "a.fits").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.fits: expected an image, found {message}"):
        read_image(tmp_path / "a.fits")


def test_folders_say_what_they_are(tmp_path):
    (tmp_path / "images.zarr").mkdir()
    with pytest.raises(ValueError, match=r"images\.zarr: expected an image, found a folder"):
        read_image(tmp_path / "images.zarr")
    (tmp_path / "images.zarr" / "zarr.json").touch()
    with pytest.raises(ValueError, match=r"images\.zarr: expected an image, found a Zarr store"):
        read_image(tmp_path / "images.zarr")


def test_a_table_says_that_it_is_one(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("ra", "D", array=[1.0])])
    for first in (fits.PrimaryHDU(), fits.PrimaryHDU(np.zeros(1359, np.uint8))):
        with pytest.raises(ValueError, match="expected an image, found a table"):
            read_image(written(tmp_path, first, table))


# ------------------------------------------------------------------- missing pixels


def sky_with(missing, shape=(20, 30)):
    """Noise round 5 with a bright galaxy, and pixels that are missing."""
    pixels = RNG.normal(5, 0.1, shape).astype(np.float32)
    pixels[8:12, 12:18] = 1000
    pixels[missing] = np.nan
    return pixels


def test_missing_pixels_are_filled_with_the_sky(tmp_path):
    edge = np.s_[:, :4]
    pixels = sky_with(edge)
    for value in (np.nan, np.inf):
        pixels[edge] = value
        found = read_image(written(tmp_path, fits.PrimaryHDU(pixels)), orientation="file")
        np.testing.assert_allclose(found[edge], 5, atol=0.05)
        np.testing.assert_array_equal(found[:, 4:], pixels[:, 4:])
        assert found.dtype == np.float32


def test_many_missing_pixels_are_refused(tmp_path):
    path = written(tmp_path, fits.PrimaryHDU(sky_with(np.s_[:, :7])))
    message = r"expected up to 20% missing pixels \(max_missing\), found 23\.3% .* in HDU 0\.$"
    with pytest.raises(ValueError, match=message):
        read_image(path)
    assert np.isfinite(read_image(path, max_missing=0.3)).all()
    assert np.isnan(read_image(path, max_missing=None)).sum() == 140
    with pytest.raises(ValueError, match="expected up to 0% missing pixels"):
        read_image(path, max_missing=0)
    empty = written(tmp_path, fits.PrimaryHDU(np.full((20, 30), np.nan)))
    with pytest.raises(ValueError, match="found 100.0%"):
        read_image(empty, max_missing=0.999)


def test_areas_of_zeros_are_missing_single_ones_are_not(tmp_path):
    cube = np.stack([sky_with(np.s_[:0]), sky_with(np.s_[:0])])
    cube[1, :, :5] = 0  # 100 pixels
    cube[0, ::2, ::3] = 0  # as many, each alone
    cube[0, :9, 19:30] = 0  # 99, and some of those alone beside them
    cube[0, :, 18] = cube[0, 9, 19:] = 5
    found = read_image(written(tmp_path, fits.PrimaryHDU(cube)), orientation="file")
    np.testing.assert_array_equal(found[..., 0], cube[0])
    np.testing.assert_allclose(found[:, :5, 1], 5, atol=0.05)
    cube[1] = 0
    with pytest.raises(ValueError, match="found 100.0% .* in HDU 0"):
        read_image(written(tmp_path, fits.PrimaryHDU(cube)))


# -------------------------------------------------------------------------- the sky


SKY = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
DEGREES = {
    "CD": ({"CD1_1": -1e-4, "CD2_2": 1e-4}, False),
    "CD, mirrored": ({"CD1_1": 1e-4, "CD2_2": 1e-4}, True),
    "CD, turned": ({"CD1_2": 1e-4, "CD2_1": 1e-4}, False),
    "CD, turned and mirrored": ({"CD1_2": 1e-4, "CD2_1": -1e-4}, True),
    "CDELT": ({"CDELT1": -1e-4, "CDELT2": 1e-4}, False),
    "PC": ({"PC1_1": -1e-4, "PC2_2": 1e-4}, False),
    "old PC": ({"CDELT1": 1e-4, "CDELT2": 1e-4, "PC001001": -1.0, "PC002002": 1.0}, False),
    "CROTA2": ({"CDELT1": -1e-4, "CDELT2": 1e-4, "CROTA2": 30.0}, False),
    "CROTA2, mirrored": ({"CDELT1": 1e-4, "CDELT2": 1e-4, "CROTA2": 100.0}, True),
    "latitude first": (
        {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CD1_1": 1e-4, "CD2_2": 1e-4},
        False,
    ),
    "none": ({"CTYPE1": "", "CTYPE2": "", "CD1_1": 1e-4, "CD2_2": 1e-4}, False),
    "singular": ({"CD1_1": 1e-4}, False),
}


@pytest.mark.parametrize("kind", DEGREES)
def test_images_look_as_on_the_sky(tmp_path, kind):
    keywords, mirrored = DEGREES[kind]
    pixels = RNG.random((6, 5)).astype(np.float32)
    path = written(tmp_path, fits.PrimaryHDU(pixels, fits.Header(list((SKY | keywords).items()))))
    expected = pixels[::-1, ::-1] if mirrored else pixels[::-1]
    np.testing.assert_array_equal(read_image(path), expected)
    np.testing.assert_array_equal(read_image(path, orientation="file"), pixels)


@pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")
@pytest.mark.parametrize("kind", sorted(set(DEGREES) - {"none", "singular"}))
def test_the_matrix_is_astropys(kind):
    from astropy.wcs import WCS

    from galaxy_sklearn.images._sky import pixel_side, sky_matrix

    header = fits.Header(list((SKY | DEGREES[kind][0]).items()))
    expected = WCS(header).pixel_scale_matrix
    expected = expected[::-1] if "latitude" in kind else expected
    np.testing.assert_allclose(sky_matrix(header), expected, atol=1e-12)
    assert pixel_side(header) == pytest.approx(0.36)


# ---------------------------------------------------------------------------- units


@pytest.mark.parametrize(
    ("keywords", "factor"),
    [
        ({"BUNIT": "nanomaggy"}, 1),
        ({"SURVEY": "DECaLS"}, 1),
        ({"MAGZERO": 30.0, "BUNIT": "electrons"}, 1e-3),  # DES
        ({"MAGZERO": 24.6}, 10**-0.84),  # Euclid
        ({"FLUXMAG0": 63095734448.0194}, 10 ** ((22.5 - 27) / 2.5)),  # HSC
        ({"FPA.TELESCOPE": "PS1", "EXPTIME": 860.0}, 0.1 / 860),
        ({"EXPTIME": "860.0", "HIERARCH FPA.TELESCOPE": "PS1"}, 0.1 / 860),
        (
            {"PHOTFLAM": 3.0386574e-20, "PHOTPLAM": 10551.047, "BUNIT": "ELECTRONS/S"},
            10 ** ((22.5 - 26.2687) / 2.5),  # the zero point of F105W is 26.269
        ),
        ({"BUNIT": "uJy"}, 1 / 3.631),
        ({"BUNIT": "nJy"}, 1 / 3631),
        ({"BUNIT": "MJy/sr", "PIXSCALE": 0.1}, 1e12 * np.radians(0.1 / 3600) ** 2 / 3.631),
    ],
)
def test_nanomaggies_by_the_header(tmp_path, keywords, factor):
    header = fits.Header()
    for keyword, value in keywords.items():
        header[f"HIERARCH {keyword}" if keyword.startswith("FPA") else keyword] = value
    pixels = RNG.random((6, 5)).astype(np.float32)
    path = written(tmp_path, fits.PrimaryHDU(pixels, header))
    found = read_image(path, units="nanomaggies", orientation="file")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, pixels * factor, rtol=3e-4)
    np.testing.assert_array_equal(read_image(path, orientation="file"), pixels)


def test_the_zero_point_may_be_in_the_first_header(tmp_path):
    primary = fits.PrimaryHDU(header=fits.Header([("FLUXMAG0", 1e9)]))
    path = written(tmp_path, primary, unit(2, MAGZERO=-1.0), unit(9, EXTNAME="MASK"))
    np.testing.assert_allclose(read_image(path, units="nanomaggies"), 2, rtol=1e-6)


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"BUNIT": "adu"},
        {"BUNIT": "Jy/beam"},
        {"EXPTIME": 100.0},
        {"FLUXMAG0": 0.0},
        {"PHOTFLAM": 1e-20, "PHOTPLAM": 1e4, "BUNIT": "ELECTRONS"},
    ],
)
def test_unknown_units_are_refused(tmp_path, keywords):
    path = written(tmp_path, unit(1, fits.PrimaryHDU, **keywords))
    with pytest.raises(
        ValueError, match=r"galaxy\.fits: HDU 0: .* zero point .* give zero_point\.$"
    ):
        read_image(path, units="nanomaggies")
    found = read_image(path, units="nanomaggies", zero_point=25.0)
    np.testing.assert_allclose(found, 0.1, rtol=1e-6)


def test_zero_points_of_bands(tmp_path):
    path = written(tmp_path, unit(1, FILTER="g"), unit(1, FILTER="r"))
    read = ImageReader(band=["g", "r"], units="nanomaggies", zero_point=[25.0, 20.0])
    np.testing.assert_allclose(read.transform([path])[0][0, 0], [0.1, 10], rtol=1e-6)
    with pytest.raises(ValueError, match=r"zero_point to be one for all 2 bands, .*found \[25.0\]"):
        read.set_params(zero_point=[25.0]).transform([path])[0]


def test_flux_per_pixel_of_another_survey(tmp_path):
    """Pixels of different surveys show the same brightness of the same sky."""
    values = []
    for side, flux in ((0.396, 4.0), (0.198, 1.0)):
        header = SKY | {"CD1_1": -side / 3600, "CD2_2": side / 3600, "BUNIT": "nanomaggy"}
        path = written(tmp_path, unit(flux, fits.PrimaryHDU, **header))
        values.append(read_image(path, units="nanomaggies", pixel_scale=0.396)[0, 0])
        # Cutouts of the Legacy Surveys have the flux of their coadds' pixels at any size.
        legacy_cutout = written(tmp_path, unit(2, fits.PrimaryHDU, **header, SURVEY="LegacySurvey"))
        found = read_image(legacy_cutout, units="nanomaggies", pixel_scale=0.524)
        np.testing.assert_allclose(found, 8, rtol=1e-6)
    np.testing.assert_allclose(values, 4, rtol=1e-5)
    path = written(tmp_path, unit(1, fits.PrimaryHDU, BUNIT="nanomaggy"))
    with pytest.raises(ValueError, match="pixel_scale needs the side of a pixel in the header"):
        read_image(path, units="nanomaggies", pixel_scale=1)


# ------------------------------------------------------------- one galaxy, several files


@pytest.fixture
def table(tmp_path):
    """Two galaxies in the bands g, r and i, each in a file."""
    files = {
        band: [
            written(tmp_path, unit(10 * i + j, EXTNAME="SCI", FILTER=band), name=f"{i}{band}.fits")
            for i in range(2)
        ]
        for j, band in enumerate("gri")
    }
    return pd.DataFrame(files, index=[7, 8])


def test_the_columns_of_a_table_are_channels(table, tmp_path):
    expected = [np.broadcast_to([10 * i, 10 * i + 1, 10 * i + 2], (6, 5, 3)) for i in range(2)]
    archived = table.map(lambda name: f"{tmp_path}/a.zip/{Path(name).name}")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in table.to_numpy().ravel():
            archive.write(name, Path(name).name)
    reader = ImageReader(band=["g", "r", "i"])
    for X in (table, table.to_numpy(), table.to_numpy(dtype=str), table.map(Path), archived):
        stack = reader.fit_transform(X)
        assert stack.shape == (2,)
        again = pickle.loads(pickle.dumps(stack))
        for found in (stack, again, [*reader.transform(X[:1]), *reader.transform(X[1:])]):
            np.testing.assert_array_equal(np.stack(list(found)), expected)
        tensor = FlattenToTensor(n_jobs=2).transform(stack)
        np.testing.assert_array_equal(tensor, np.stack(expected))
    np.testing.assert_array_equal(reader.set_params(band=None).transform(table)[1], expected[1])
    with pytest.raises(ValueError, match=r"X holds names of files \('.*0g\.fits', \.\.\.\)"):
        FlattenToTensor().fit(table)


def test_bands_in_files_that_fail(table, tmp_path):
    def refused(message, frame=table, **parameters):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            ImageReader(**parameters).transform(frame)[0]

    # That the column says what is in the file.
    refused(r"0g\.fits: expected one image with band='i', found only", band=["i", "r", "g"])
    refused("expected hdu and band to be one for all 3 files, or one each", band=["g", "r"])
    refused("No image file 'none.fits'", table.assign(r="none.fits"))
    refused(r"X, row 0: expected the name of an image file .*, found nan", table.assign(r=np.nan))
    several = written(tmp_path, unit(1), unit(2), name="several.fits")
    refused(r"several\.fits: expected one image, or a choice", table.assign(r=several))
    cube = written(tmp_path, unit(1, shape=(3, 6, 5)), name="cube.fits")
    refused(r"cube\.fits: expected one band, found 3: choose with band", table.assign(g=cube))
    wide = written(tmp_path, unit(1, shape=(6, 7)), name="wide.fits")
    refused(
        r"0i\.fits: expected bands of one shape, found \(6, 5\) in .*0g\.fits and \(6, 7\) in "
        r".*wide\.fits: align='wcs'",
        table.assign(r=wide),
    )
    Image.fromarray(np.zeros((6, 5), np.uint8)).save(tmp_path / "a.png")
    refused(r"a\.png: expected a FITS file", table.assign(r=str(tmp_path / "a.png")))


def test_a_galaxy_that_cannot_be_read_is_an_error_of_its_row(table):
    pipe = make_pipeline(
        ImageReader(band=["g", "r", "i"]),
        FlattenToTensor(),
        FunctionTransformer(np.reshape, kw_args={"shape": (-1, 90)}),
        KNeighborsClassifier(1),
    ).fit(table, ["disk", "star"])
    file = io.BytesIO()
    joblib.dump(pipe, file)
    pipe = joblib.load(io.BytesIO(file.getvalue()))
    rows = pd.concat([table, table.assign(r="none.fits")])
    answers = prediction_table(pipe, rows, on_error="report")
    assert answers.index[0] == "0g.fits, 0r.fits, 0i.fits"
    assert (
        answers["disk"].tolist()[:2] == [1, 0] and answers["disk"].isna().tolist()[2:] == [True] * 2
    )
    assert answers["error"][2:].str.contains("none.fits").all()
    # Wrong bands are refused: the scoring reads with the parameters of the model's reader.
    swapped = prediction_table(pipe, table[["r", "g", "i"]], on_error="report")
    assert swapped["error"].str.contains("expected one image with band='g'").all()


# --------------------------------------------------------------------------- alignment


def tangent(column, row, *, turn=0.0, side=1e-4, **more):
    """The header of an image whose reference point is at a pixel."""
    c, s = side * np.cos(turn), side * np.sin(turn)
    values = {"CRVAL1": 30.0, "CRVAL2": 10.0, "CRPIX1": column, "CRPIX2": row}
    return fits.Header(
        list((SKY | values | {"CD1_1": -c, "CD1_2": s, "CD2_1": s, "CD2_2": c} | more).items())
    )


@pytest.mark.parametrize("shift", [(0, 0), (1, 0), (-3, 2), (2.4, -1.4), (9, 9)])
def test_bands_are_shifted_onto_the_first(tmp_path, shift):
    x, y = shift
    scene = RNG.random((60, 60)).astype(np.float32) + 1
    dx, dy = round(x), round(y)
    first = scene[15:35, 15:40]
    second = scene[15 - dy : 35 - dy, 15 - dx : 41 - dx]  # a column wider
    paths = [
        written(tmp_path, fits.PrimaryHDU(pixels, tangent(*at)), name=f"{i}.fits")
        for i, (pixels, at) in enumerate(((first, (10, 8)), (second, (10 + x, 8 + y))))
    ]
    reader = ImageReader(align="wcs", max_missing=None, orientation="file")
    found = reader.transform(np.array([paths]))[0]
    np.testing.assert_array_equal(found[..., 0], first)
    here = np.isfinite(found[..., 1])
    np.testing.assert_array_equal(found[..., 1][here], first[here])
    assert (~here).sum() == 20 * 25 - (20 - abs(dy)) * (25 - (-dx if dx < 0 else max(0, dx - 1)))
    missing = (~here).mean()
    if missing > 0.2:
        with pytest.raises(ValueError, match=r"expected up to 20% missing pixels .* in .*1\.fits"):
            reader.set_params(max_missing=0.2).transform(np.array([paths]))[0]


def test_bands_that_no_shift_aligns(tmp_path):
    pixels = np.ones((40, 40), np.float32)
    first = written(tmp_path, fits.PrimaryHDU(pixels, tangent(10, 8)), name="first.fits")
    for name, header in (
        ("turned", tangent(10, 8, turn=0.1)),
        ("scaled", tangent(10, 8, side=1.1e-4)),
        ("elsewhere", tangent(10, 8, CRVAL2=-60.0)),
    ):
        path = written(tmp_path, fits.PrimaryHDU(pixels, header), name=f"{name}.fits")
        stack = ImageReader(align="wcs").transform(np.array([[first, path]]))
        with pytest.raises(ValueError, match=rf"{name}\.fits cannot be aligned .*reproject"):
            stack[0]
    far = written(tmp_path, fits.PrimaryHDU(pixels, tangent(90, 8)), name="far.fits")
    bare = written(tmp_path, fits.PrimaryHDU(pixels), name="bare.fits")
    with pytest.raises(ValueError, match=r"found 100\.0% that are NaN .* in .*far\.fits"):
        ImageReader(align="wcs").transform(np.array([[first, far]]))[0]
    with pytest.raises(ValueError, match=r"needs celestial coordinates .* none in .*bare\.fits"):
        ImageReader(align="wcs").transform(np.array([[first, bare]]))[0]


def test_parts_of_sdss_frames_have_the_coordinates_of_the_whole(tmp_path):
    """Cut by programs that do not tell the header: 10 pixels wrong between bands."""
    for name in ("a", "b"):
        written(tmp_path, fits.PrimaryHDU(np.ones((9, 9)), tangent(1025, 745)), name=f"{name}.fits")
    X = np.array([[str(tmp_path / "a.fits"), str(tmp_path / "b.fits")]])
    with pytest.raises(ValueError, match=r"whole frame of SDSS in the header of a part"):
        ImageReader(align="wcs").transform(X)[0]
    assert ImageReader().transform(X)[0].shape == (9, 9, 2)


# ---------------------------------------------------------------- by every road


def test_the_same_bits_by_every_road(tmp_path):
    path = legacy(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "galaxy.fits")
    reader = ImageReader(band=["g", "r", "z"])
    expected = read_image(path, band=["g", "r", "z"])
    stack = reader.fit_transform([path, f"{tmp_path}/a.zip/galaxy.fits"])
    again = pickle.loads(pickle.dumps(stack))
    for image in (*stack, *again):
        np.testing.assert_array_equal(image, expected)
    np.testing.assert_array_equal(reader.transform(expected[None])[0], expected)


# ------------------------------------------------------------------------- real files


def test_real_files(tmp_path):
    folder = real_data("fits/README.md").parent
    cutout = folder / "02-ls-dr9-invvar-mef" / "cutout_59.1067_-30.4848.fits"
    with pytest.raises(ValueError, match="found 3 images"):
        read_image(cutout)
    with fits.open(cutout) as units:
        bands = [units[i].data[::-1] for i in (1, 3, 5)]
    np.testing.assert_array_equal(read_image(cutout, band=["g", "r", "z"]), np.dstack(bands))
    euclid_file = folder / "08-euclid-q1" / "EUCLJ174517.55+655612.5.fits"
    with fits.open(euclid_file) as units:
        np.testing.assert_array_equal(
            read_image(euclid_file, band="VIS"), units["VIS_FLUX"].data[::-1]
        )
    with pytest.raises(ValueError, match=r"found 75\.7% .* in HDU 0 \(g\)"):
        read_image(folder / "01-decals-grz-cube" / "example_bad_pix.fits")
    edge = read_image(folder / "10-decam-nan-edge" / "132_gband.fits")
    assert np.isfinite(edge).all() and 75 < np.median(edge[:, 0]) < 90


def test_three_surveys_see_the_same_flux():
    """SDSS, DES (mirrored) and Pan-STARRS of one spiral: within 9 arcsec of its centre, to 10%."""
    folder = real_data("fits/04-des-ps1-sdss-per-band/SDSS_g.fits").parent
    surveys = ("SDSS", "DES", "PS1")
    table = pd.DataFrame({b: [str(folder / f"{s}_{b}.fits") for s in surveys] for b in "gri"})
    fluxes = []
    for image, side in zip(
        ImageReader(units="nanomaggies").transform(table), (0.396, 0.263, 0.25), strict=True
    ):
        smooth = ndimage.gaussian_filter(image[60:-60, 60:-60].sum(axis=-1), 3)
        y, x = np.array(np.unravel_index(smooth.argmax(), smooth.shape)) + 60
        rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
        fluxes.append(image[np.hypot(rows - y, columns - x) < 9 / side].sum(axis=0))
    np.testing.assert_allclose(fluxes[1:], np.broadcast_to(fluxes[0], (2, 3)), rtol=0.1)
    with pytest.raises(ValueError, match=r"HDU 0: units='nanomaggies' needs a zero point"):
        read_image(folder.parent / "10-decam-nan-edge" / "132_rband.fits", units="nanomaggies")
