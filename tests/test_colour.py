"""Colour pictures and stretches of bands."""

import pickle
import sys

import numpy as np
import pytest
from astropy import visualization
from astropy.io import fits
from conftest import real_data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from galaxy_sklearn import CenterCrop, ColourComposite, FlattenToTensor, ImageReader, Stretch
from galaxy_sklearn.transformers._colour import PRESETS


def bands(shape=(2, 9, 8, 3), dtype=np.float32, seed=0):
    """Noise with a galaxy, in nanomaggies, and with a star."""
    values = np.random.default_rng(seed).normal(0.01, 0.03, shape).astype(dtype)
    values[:, 3:6, 3:5] += np.array([0.5, 1.2, 2.0], dtype)[: shape[-1]]
    values[:, 7, 7] += 1e4
    return values


def flat(values, preset, **parameters):
    """The picture of one pixel."""
    image = np.array(values, np.float32).reshape(1, 1, 1, 3)
    return ColourComposite(preset, **parameters).transform(image)[0, 0, 0].tolist()


# --------------------------------------------------------------------- the presets


@pytest.mark.parametrize("parameters", [{}, {"stretch": 0.5, "Q": 3.0}, {"minimum": -0.1}])
def test_lupton_is_astropys(parameters):
    image = np.random.default_rng(0).normal(1, 3, (1, 40, 30, 3)).astype(np.float32)
    found = ColourComposite("lupton", **parameters).transform(image)[0]
    expected = visualization.make_lupton_rgb(*np.moveaxis(image[0, ..., ::-1], -1, 0), **parameters)
    # Versions of astropy round differently.
    np.testing.assert_allclose(found.astype(int), expected, atol=1)
    assert (found == expected).mean() > 0.99


@given(values=st.lists(st.floats(0.001, 0.05), min_size=3, max_size=3))
def test_legacy_is_the_viewers(values):
    x = np.array(values)[::-1] * (2.2, 3.4, 6.0) + 0.03
    intensity = x.mean()
    expected = np.clip(x * np.arcsinh(20 * intensity) / np.sqrt(20) / intensity, 0, 1) * 255
    np.testing.assert_allclose(flat(values, "legacy"), expected, atol=1.01)


@given(values=st.lists(st.floats(0.001, 100), min_size=3, max_size=3))
def test_sdss_is_that_of_idlutils(values):
    x = np.array(values)[::-1] * (4.9, 5.7, 7.8)
    x = x * np.arcsinh(3 * x.sum()) / (3 * x.sum())
    np.testing.assert_allclose(flat(values, "sdss"), x / max(1, x.max()) * 255, atol=1.01)


def test_bright_pixels_are_white_or_keep_their_colour():
    assert flat([1, 2, 3], "legacy") == [255, 255, 255]
    red, green, blue = flat([1, 20, 30], "sdss")
    assert red == 255 and 255 > green > blue
    assert flat([1, 20, 30], "sdss", saturate="white")[:2] == [255, 255]
    faint = [0.001, 0.002, 0.003]
    assert flat(faint, "sdss", saturate="white") == flat(faint, "sdss")


def test_every_parameter_counts():
    image = bands()
    for preset, values in PRESETS.items():
        before = ColourComposite(preset).transform(image)
        others = {"scale": (1, 2, 3), "minimum": 0.1, "maximum": 9, "stretch": 0.3, "Q": 4}
        others |= {"desaturate": False, "saturate": "white"}
        others |= {"saturate": "colour"} if preset == "legacy" else {}
        for name, value in values.items():
            after = ColourComposite(preset, **{name: others[name]}).transform(image)
            assert (after != before).any(), (preset, name)
            same = ColourComposite(preset, **{name: value}).transform(image)
            np.testing.assert_array_equal(same, before)


def test_channels_are_chosen():
    image = bands((2, 9, 8, 3))
    five = np.concatenate([image[..., ::-1], image[..., :2]], axis=-1)
    expected = ColourComposite().transform(image)
    np.testing.assert_array_equal(ColourComposite(channels=(0, 1, 2)).transform(five), expected)
    with pytest.raises(ValueError, match=r"Image 0: expected three bands, found 5 .*channels"):
        ColourComposite().transform(five)
    with pytest.raises(
        ValueError, match=r"Image 0: expected three bands, found 1 \(shape \(9, 8\)"
    ):
        ColourComposite().transform(image[..., 0])
    with pytest.raises(ValueError, match=r"channels=\(3, 1, 0\) are not among the 3"):
        ColourComposite(channels=[3, 1, 0]).transform(image)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"preset": "hst"}, "preset must be one of .* got 'hst'"),
        ({"maximum": 3.0}, "maximum must be None for preset='sdss', which has scale, .* got 3.0"),
        ({"preset": "gz_decals", "Q": 3}, "Q must be None for preset='gz_decals'"),
        ({"preset": "gz_decals", "minimum": 300}, "minimum must be below maximum=300.0, got 300"),
        ({"scale": (1, 2)}, r"scale must be three numbers above 0, got \(1, 2\)"),
        ({"scale": (1, 2, 0)}, "scale must be three numbers above 0"),
        ({"minimum": "0"}, "minimum must be a number, got '0'"),
        ({"Q": 0}, "Q must be a number above 0, got 0"),
        ({"stretch": -1.0}, "stretch must be a number above 0, got -1.0"),
        ({"saturate": "black"}, "saturate must be 'white' or 'colour', got 'black'"),
        ({"channels": (0, 1)}, r"channels must be three ints .* got \(0, 1\)"),
        ({"channels": (0, 1, -1)}, "channels must be three ints of 0 and above"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        ColourComposite(**parameters).fit(bands())


def test_what_is_no_band_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected bands of floats, found uint8"):
        ColourComposite().transform(np.zeros((1, 4, 4, 3), np.uint8))
    cube = np.moveaxis(bands()[0], -1, 0)
    cube[0, 0, 0] = np.nan
    fits.PrimaryHDU(cube).writeto(tmp_path / "a.fits")
    stack = ColourComposite().transform(
        ImageReader(max_missing=None).transform([tmp_path / "a.fits"])
    )
    with pytest.raises(ValueError, match=r"a\.fits: 1 pixels are NaN or infinite"):
        stack[0]


# ------------------------------------------------------------------ scikit-learn's ways


@pytest.fixture
def files(tmp_path):
    """FITS cubes, and the images that the reader makes of them."""
    images = bands((6, 9, 8, 3))
    paths = [str(tmp_path / f"{i}.fits") for i in range(6)]
    for path, image in zip(paths, images, strict=True):
        fits.PrimaryHDU(np.moveaxis(image[::-1], -1, 0)).writeto(path)
    return paths, images


@pytest.mark.parametrize("step", [ColourComposite("gz_decals"), ColourComposite(), Stretch()])
def test_the_same_bits_by_every_road(files, step):
    paths, images = files
    images.flags.writeable = False
    expected = step.fit_transform(images)
    assert clone(step).get_params() == step.get_params()
    for found in (
        step.transform(list(images)),
        step.transform(ImageReader().transform(paths)),
        pickle.loads(pickle.dumps(step)).transform(ImageReader().transform(paths)),
        np.concatenate([step.transform(images[i : i + 1]) for i in range(6)]),
    ):
        np.testing.assert_array_equal(np.stack(list(found)), expected)
    rows = clone(step).set_params(image_shape=(9, 8, 3)).fit_transform(images.reshape(6, -1))
    np.testing.assert_array_equal(rows.reshape(expected.shape), expected)
    doubles = step.transform(images.astype(np.float64))
    np.testing.assert_allclose(doubles, expected, atol=1e-6)


def test_a_grid_search_over_pictures(files):
    paths, _ = files
    pipe = make_pipeline(
        ImageReader(),
        ColourComposite(),
        CenterCrop(4),
        FlattenToTensor(),
        FunctionTransformer(np.reshape, kw_args={"shape": (-1, 48)}),
        KNeighborsClassifier(1),
    )
    grid = {"colourcomposite__preset": ["sdss", "legacy"], "colourcomposite__scale": [(1, 1, 1)]}
    search = GridSearchCV(pipe, grid, cv=2).fit(paths, [0, 1] * 3)
    np.testing.assert_array_equal(search.predict(paths), [0, 1] * 3)


# ------------------------------------------------------------------------- stretches


@pytest.mark.parametrize(
    ("stretch", "interval"),
    [
        ("asinh", "minmax"),
        ("log", "zscale"),
        (visualization.AsinhStretch(a=0.01), visualization.PercentileInterval(98.0)),
        (visualization.PowerStretch(2), visualization.ManualInterval(0, 1)),
    ],
)
def test_stretch_is_astropys(stretch, interval):
    image = bands((1, 40, 30, 2))
    found = Stretch(stretch, interval=interval).transform(image)[0]
    assert found.dtype == np.float32
    names = {"asinh": visualization.AsinhStretch(), "log": visualization.LogStretch()}
    names |= {"minmax": visualization.MinMaxInterval(), "zscale": visualization.ZScaleInterval()}
    norm = names.get(stretch, stretch) + names.get(interval, interval)
    for i in range(2):
        np.testing.assert_allclose(found[..., i], norm(image[0, ..., i]), atol=1e-6)


def test_stretches_that_fail(monkeypatch):
    for parameters, message in (
        ({"stretch": "cubic"}, "stretch must be one of .* got 'cubic'"),
        ({"interval": 99.5}, "interval must be one of .* got 99.5"),
    ):
        with pytest.raises(ValueError, match=message):
            Stretch(**parameters).fit(bands())
    np.testing.assert_array_equal(Stretch().transform(np.full((1, 3, 3), 7.0)), np.zeros((1, 3, 3)))
    monkeypatch.setitem(sys.modules, "astropy.visualization", None)
    with pytest.raises(ImportError, match=r"pip install 'galaxy_sklearn\[fits\]'"):
        Stretch().fit(bands())


# ------------------------------------------------------------------------- real pictures


@pytest.mark.parametrize("name", ["example_b", "example_c", "example_bad_pix"])
def test_galaxy_zoo_decals_to_the_bit(name):
    """The pictures that volunteers saw; one of a galaxy with much of its sky missing."""
    path = real_data(f"fits/01-decals-grz-cube/{name}.fits")
    reader = ImageReader(band=["g", "r", "z"], max_missing=None)
    (picture,) = ColourComposite("gz_decals").transform(reader.transform([path]))
    with Image.open(path.with_suffix(".jpeg")) as published:
        np.testing.assert_array_equal(picture, np.asarray(published)[..., :3])
