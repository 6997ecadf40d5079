"""FITS files of surveys: which image is read, what is missing, how it lies on the sky."""

import pickle
import zipfile

import numpy as np
import pytest
from astropy.io import fits
from conftest import real_data

from galaxy_sklearn import ImageReader
from galaxy_sklearn.images import read_image

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
    from PIL import Image

    Image.fromarray(np.zeros((6, 5), np.uint8)).save(tmp_path / "a.png")
    for choice in ({"band": "g"}, {"hdu": 0}):
        with pytest.raises(ValueError, match=r"a\.png: hdu and band choose from FITS files only"):
            read_image(tmp_path / "a.png", **choice)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hdu": 1.0}, r"hdu must be an int, .* got 1\.0"),
        ({"hdu": []}, r"hdu must be an int, .* got \[\]"),
        ({"band": 1}, "band must be a str, .* got 1"),
        ({"band": ["g", 2]}, r"band must be a str, .* got \['g', 2\]"),
        ({"orientation": "up"}, "orientation must be 'sky' or 'file', got 'up'"),
        ({"max_missing": 1}, "max_missing must be a number from 0 to 1 or None, got 1"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        ImageReader(**parameters).fit(["a.fits"])


def test_readers_of_earlier_versions_have_the_defaults():
    old = ImageReader(luma=True)
    for name in ("hdu", "band", "orientation", "max_missing"):
        del vars(old)[name]
    assert pickle.loads(pickle.dumps(old)).get_params() == ImageReader(luma=True).get_params()


# ---------------------------------------------------------------------- other files


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file: with h5py, read its arrays"),
        (b"PAR1\x15\x04", "a Parquet file: with pandas or pyarrow"),
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
