import bz2
import gzip
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sep
import skimage.color
import skimage.transform
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.optimize import brentq
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.utils import _safe_indexing

from galaxy_sklearn import (
    CenterCrop,
    CropToGalaxy,
    FlattenToTensor,
    Grayscale,
    ImageReader,
    Resize,
    Stretch,
)
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.transformers import ImageStack


def steps(crop=0.5, size=16, **tensor):
    return make_pipeline(
        ImageReader(), CenterCrop(crop), Grayscale(), Resize(size), FlattenToTensor(**tensor)
    )


def noise(shape, dtype, seed=0):
    values = np.random.default_rng(seed).random(shape)
    return (values * 255).astype(np.uint8) if dtype == np.uint8 else values.astype(dtype)


# ---------------------------------------------------------------- single steps


def test_crop_is_the_reference_models():
    images = noise((2, 424, 424, 3), np.uint8)
    np.testing.assert_array_equal(CenterCrop(212).transform(images), images[:, 106:318, 106:318])
    np.testing.assert_array_equal(CenterCrop().transform(images), images[:, 106:318, 106:318])


@given(
    height=st.integers(1, 40), width=st.integers(1, 40), size=st.integers(1, 40), gray=st.booleans()
)
def test_crop_is_central(height, width, size, gray):
    images = noise((2, height, width) if gray else (2, height, width, 3), np.uint8)
    crop = CenterCrop(size)
    if size > min(height, width):
        with pytest.raises(ValueError, match=f"Image 0: the image of {height} x {width}"):
            crop.transform(images)
        return
    cropped = crop.transform(images)
    assert cropped.shape[1:3] == (size, size)
    top, left = (height - size) // 2, (width - size) // 2
    np.testing.assert_array_equal(cropped[0, 0, 0], images[0, top, left])
    assert 0 <= height - size - 2 * top <= 1


def test_crop_of_both_kinds_of_sizes():
    images = noise((1, 10, 20), np.float32)
    assert CenterCrop((4, 6)).transform(images).shape == (1, 4, 6)
    assert CenterCrop(0.5).transform(images).shape == (1, 5, 10)
    assert CenterCrop((4, 1.0)).transform(images).shape == (1, 4, 20)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_gray_is_scikit_images(dtype):
    images = noise((2, 9, 7, 3), dtype)
    gray = Grayscale().transform(images)
    assert gray.dtype == (np.float32 if dtype == np.uint8 else dtype)
    np.testing.assert_allclose(gray, skimage.color.rgb2gray(images), atol=1e-6)


def test_gray_rec601_is_pillows():
    images = noise((1, 50, 50, 3), np.uint8)
    luma = np.asarray(Image.fromarray(images[0]).convert("L"))
    np.testing.assert_allclose(Grayscale("rec601").transform(images)[0] * 255, luma, atol=1.01)


def test_gray_of_gray_is_itself():
    images = noise((2, 5, 5), np.float32)
    np.testing.assert_array_equal(Grayscale().transform(images), images)
    np.testing.assert_array_equal(Grayscale().transform(images[..., None]), images)


@settings(deadline=None, max_examples=60)
@given(
    height=st.integers(1, 50),
    width=st.integers(1, 50),
    size=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    channels=st.sampled_from([None, 1, 3]),
    dtype=st.sampled_from([np.uint8, np.float32, np.float64]),
)
def test_resize_is_scikit_images(height, width, size, channels, dtype):
    image = noise((height, width, channels) if channels else (height, width), dtype)
    resized = Resize(size).transform(image[None])[0]
    assert resized.dtype == (np.float32 if dtype == np.uint8 else dtype)
    expected = skimage.transform.resize(image, size, anti_aliasing=None)
    np.testing.assert_allclose(resized, expected, atol=1e-5)


def test_integers_are_scaled_by_their_range():
    for dtype, full in ((np.uint8, 255), (np.uint16, 65535)):
        images = np.full((1, 4, 4), full, dtype=dtype)
        for transformer in (Grayscale(), Resize(2), FlattenToTensor()):
            np.testing.assert_allclose(transformer.transform(images), 1.0, rtol=1e-6)


def test_tensor_and_back_for_two_dimensional_tools():
    images = noise((6, 5, 4, 3), np.uint8)
    to_tensor = FlattenToTensor(image_shape=(5, 4, 3))
    tensor = to_tensor.fit_transform(images)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor, images / 255, atol=1e-6)
    rows = to_tensor.inverse_transform(tensor)
    assert rows.shape == (6, 60)
    np.testing.assert_array_equal(to_tensor.transform(rows), tensor)
    assert PCA(2).fit_transform(rows).shape == (6, 2)


def test_a_ready_tensor_is_not_copied():
    tensor = noise((3, 4, 4, 1), np.float32)
    assert np.shares_memory(FlattenToTensor().transform(tensor), tensor)


# ------------------------------------------------------------- cropping to the galaxy

NOT_FOUND = "No galaxy that can be measured was found near the centre of some images"


def disk(height=200, width=200, y=100.0, x=100.0, scale=10.0, noise=0.0):
    """An exponential disk, seen face-on."""
    rows, columns = np.mgrid[:height, :width]
    scatter = np.random.default_rng(0).normal(0, 1, (height, width))
    return np.exp(-np.hypot(rows - y, columns - x) / scale) + noise * scatter


def petrosian_radius_of_a_disk(scale):
    """From the light of an exponential disk within a radius, which is known."""

    def mean(inner, outer):
        light = [1 - (1 + r) * np.exp(-r) for r in (inner, outer)]
        return (light[1] - light[0]) / (outer**2 - inner**2)

    return scale * brentq(lambda r: mean(0.8 * r, 1.25 * r) / mean(0, r) - 0.3, 0.1, 10)


@pytest.mark.parametrize("noise", [0, 0.02])
@pytest.mark.parametrize("scale", [5, 10, 20])
def test_radius_is_petrosians(scale, noise):
    image = disk(y=93.5, x=108, scale=scale, noise=noise)
    found = CropToGalaxy().measure([image, np.dstack([image] * 3)])
    assert (found["problem"] == "").all()
    np.testing.assert_allclose(found[["y", "x"]], [[93.5, 108]] * 2, atol=0.4)
    expected = petrosian_radius_of_a_disk(scale)
    np.testing.assert_allclose(found["radius"], expected, rtol=0.06)


def test_the_crop_follows_the_galaxy():
    """Whatever is done to the frame, and whatever number the pixels are multiplied by."""
    image = disk(noise=0.005)
    crop, to_size = CropToGalaxy(), Resize(32)
    expected = to_size.transform(crop.transform([image]))[0]
    double = skimage.transform.resize(image, (400, 400))
    for other in (
        np.pad(image, 150, mode="symmetric"),
        image[20:180, 30:190],
        np.pad(image, ((20, 0), (0, 20)), mode="symmetric")[:200, -200:],
        1000 * image + 50,
        double,
    ):
        cropped = crop.transform([other])[0]
        cropped = (cropped - 50) / 1000 if other.max() > 100 else cropped
        np.testing.assert_allclose(to_size.transform(cropped[None])[0], expected, atol=0.06)


def test_the_crop_is_a_square_of_the_image_and_its_edges():
    image = np.dstack([(255 * disk(60, 90, y=30, x=54, scale=6)).astype(np.uint8)] * 3)
    image[..., 1] //= 2
    crop = CropToGalaxy(size=6)
    ((y, x, radius, problem),) = crop.measure([image]).to_numpy()
    assert problem == ""
    side = round(6 * radius)
    top, left = round(y + 0.5 - side / 2), round(x + 0.5 - side / 2)
    assert top < 0 and left + side > 90
    rows, columns = np.arange(top, top + side), np.arange(left, left + side)
    expected = image[rows.clip(0, 59)][:, columns.clip(0, 89)]
    (cropped,) = crop.transform([image])
    assert cropped.dtype == np.uint8
    np.testing.assert_array_equal(cropped, expected)


def test_the_galaxy_is_preferred_to_a_brighter_star():
    rows, columns = np.mgrid[:200, :200]
    star = 20 * np.exp(-(((rows - 100) ** 2 + (columns - 160) ** 2) / 8))
    alone, beside = CropToGalaxy().measure([disk(), disk() + star])["radius"]
    np.testing.assert_allclose(beside, alone, rtol=0.05)


EMPTY = {
    "black": np.zeros((40, 60, 3), np.uint8),
    "white": np.full((40, 60), 255, np.uint8),
    "noise": np.random.default_rng(0).normal(10, 1, (150, 150)),
    "dark": -disk(),
    "one pixel": np.ones((1, 1)),
    "four pixels": np.arange(4.0).reshape(2, 2),
    "a line": np.arange(900.0).reshape(1, 900),
    "a bright pixel": np.pad(np.ones((1, 1)), 50),
    "off the centre": disk(y=20, x=20, scale=5),
    "larger than the image": np.pad(np.ones((80, 200)), ((60, 60), (0, 0))),
}


@pytest.mark.parametrize("name", EMPTY)
def test_without_a_galaxy_the_crop_is_central(name):
    image = EMPTY[name]
    with pytest.warns(UserWarning, match=NOT_FOUND):
        (cropped,) = CropToGalaxy().transform([image])
    np.testing.assert_array_equal(cropped, CenterCrop().transform([image])[0])
    ((y, x, radius, problem),) = CropToGalaxy().measure([image]).to_numpy()
    assert np.isnan([y, x, radius]).all() and problem


def test_missing_pixels_are_taken_for_sky(tmp_path):
    fits = pytest.importorskip("astropy.io.fits")
    image = disk().astype(np.float32)
    image[:, :20] = np.nan
    image[3, 3] = np.inf
    fits.PrimaryHDU(image).writeto(tmp_path / "a.fits")
    fits.PrimaryHDU(np.full((9, 9), np.nan)).writeto(tmp_path / "b.fits")
    reader = ImageReader(max_missing=None, orientation="file")
    stack = reader.transform([tmp_path / "a.fits", tmp_path / "b.fits"])
    found = CropToGalaxy().measure(stack)
    assert found.index.tolist() == [str(tmp_path / "a.fits"), str(tmp_path / "b.fits")]
    np.testing.assert_allclose(found["x"].iloc[0], 100, atol=0.1)
    assert found["problem"].tolist() == ["", "no finite pixels"]
    assert np.isfinite(CropToGalaxy().transform(stack)[0]).all()


def test_full_buffers_of_sep_are_no_error():
    images = [disk()]
    before = sep.get_extract_pixstack(), sep.get_sub_object_limit()
    sep.set_extract_pixstack(50)
    try:
        (problem,) = CropToGalaxy().measure(images)["problem"]
        assert sep.get_extract_pixstack() == 50
    finally:
        sep.set_extract_pixstack(before[0])
    assert "internal pixel buffer full" in problem
    assert CropToGalaxy().measure(images)["problem"].tolist() == [""]
    assert (sep.get_extract_pixstack(), sep.get_sub_object_limit()) == before


def test_the_warning_comes_once(paths, tmp_path):
    Image.fromarray(EMPTY["black"]).save(tmp_path / "black.png")
    pipe = make_pipeline(ImageReader(), CropToGalaxy(), Resize(8), FlattenToTensor(n_jobs=2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        pipe.fit_transform([paths[0], *[tmp_path / "black.png"] * 40])
    assert len([w for w in caught if re.match(NOT_FOUND, str(w.message))]) == 1


def test_crops_of_galaxies_are_the_same_by_every_road(tmp_path):
    images, _ = make_galaxies(6, image_size=96, random_state=0)
    paths = [tmp_path / f"{i}.png" for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)

    def tensor(X, **parameters):
        to_tensor = FlattenToTensor(**parameters)
        return make_pipeline(ImageReader(), CropToGalaxy(), Resize(16), to_tensor).fit_transform(X)

    assert CropToGalaxy().measure(images)["problem"].eq("").all()
    assert len({image.shape for image in CropToGalaxy().transform(images)}) > 1
    expected = tensor(images)
    for X in (list(images), images[::-1][::-1], paths, [str(path) for path in paths]):
        np.testing.assert_array_equal(tensor(X), expected)
    # sep keeps its state per thread.
    many = tensor(paths * 40, n_jobs=8)
    np.testing.assert_array_equal(many, np.concatenate([expected] * 40))


@pytest.mark.parametrize("size", [0, -1.0, np.nan, np.inf, "3", None, True])
def test_sizes_of_crops_are_checked(size):
    with pytest.raises(ValueError, match="size must be a positive number of radii, got"):
        CropToGalaxy(size).fit([disk()])


def test_crops_of_differing_size_make_no_rows():
    crop = CropToGalaxy()
    with pytest.raises(ValueError, match=r"not flattened rows \(found an array of shape \(3, 16"):
        crop.fit(np.ones((3, 16)))
    assert not hasattr(crop, "n_features_in_")
    with pytest.raises(ValueError, match="pixels have no names"):
        crop.fit(np.ones((3, 16, 16))).get_feature_names_out()


def test_the_scale_of_galaxy_zoo_2(kaggle):
    """The crop is a little less than the central half, and follows the galaxy if it shrinks."""
    paths = sorted((kaggle / "images").glob("*.jpg"))[::400]
    images = [np.asarray(Image.open(path)) for path in paths]
    small = [
        np.pad(
            np.asarray(Image.fromarray(image).resize((212, 212))),
            ((106, 106), (106, 106), (0, 0)),
            mode="symmetric",
        )
        for image in images
    ]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", NOT_FOUND)
        sides = [[len(crop) for crop in CropToGalaxy().transform(X)] for X in (images, small)]
    assert 0.75 < np.median(sides[0]) / 212 < 0.95
    assert 0.7 < np.median(sides[1]) / 106 < 0.9
    assert np.std(np.log(sides[0])) < 0.3


# ------------------------------------------------------- the same on every road


def test_all_containers_give_the_same_bits(paths):
    expected = steps().fit_transform(paths)
    images = [np.asarray(Image.open(path)) for path in paths]
    objects = np.empty(len(images), dtype=object)
    objects[:] = images
    for X in (
        np.array(paths),
        np.array(paths, dtype=object),
        pd.Series(paths, index=range(50, 50 + len(paths))),
        pd.DataFrame({"file": paths}, index=range(50, 50 + len(paths))),
        np.array(paths, dtype=object)[:, None],
        ImageReader().transform(paths),
        images,
        objects,
        np.stack(images),
    ):
        np.testing.assert_array_equal(steps().fit_transform(X), expected)
    np.testing.assert_array_equal(steps(n_jobs=2).fit_transform(paths), expected)
    rows = np.stack(images).reshape(len(images), -1)
    by_rows = make_pipeline(
        CenterCrop(image_shape=(32, 32, 3)),
        Grayscale(image_shape=(16, 16, 3)),
        Resize(16, image_shape=(16, 16)),
        FlattenToTensor(image_shape=(16, 16)),
    ).fit_transform(rows)
    # Rows of bytes come to scikit-learn's validation as they are.
    np.testing.assert_array_equal(by_rows, expected)


def test_images_of_differing_size():
    images = [noise((h, w, 3), np.uint8, seed=h) for h, w in ((20, 30), (40, 16), (16, 16))]
    tensor = steps(crop=16, size=8).fit_transform(images)
    assert tensor.shape == (3, 8, 8, 1)
    one = steps(crop=16, size=8).fit_transform(images[1][None])
    np.testing.assert_array_equal(tensor[1], one[0])
    assert [image.shape for image in CenterCrop(0.5).transform(images)] == [
        (10, 15, 3),
        (20, 8, 3),
        (8, 8, 3),
    ]


def test_stack_is_a_sequence_scikit_learn_can_split(paths):
    stack = CenterCrop(8).transform(ImageReader().transform(paths))
    assert len(stack) == 24 and stack.shape == (24,)
    assert stack[3].shape == (8, 8, 3)
    for key in (slice(2, 5), [2, 3, 4], np.arange(24) % 8 == 2):
        part = stack[key]
        assert isinstance(part, ImageStack)
        np.testing.assert_array_equal(part[0], stack[2])
    np.testing.assert_array_equal(_safe_indexing(stack, 3), stack[3])
    train, _ = next(KFold(3).split(stack))
    assert len(stack[train]) == 16
    np.testing.assert_array_equal(np.asarray(stack[:2]), np.stack([stack[0], stack[1]]))
    assert np.asarray(stack[:2], dtype=np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="copy=False is not supported"):
        np.asarray(stack, copy=False)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(stack))[5], stack[5])
    with pytest.raises(IndexError):
        stack[24]


def test_nothing_is_read_before_the_tensor(tmp_path):
    missing = [str(tmp_path / "missing.jpg")]
    stack = steps()[:-1].fit_transform(missing)
    with pytest.raises(FileNotFoundError, match=r"missing\.jpg"):
        FlattenToTensor().transform(stack)


# --------------------------------------------------------------------- formats


def test_formats(tmp_path):
    fits = pytest.importorskip("astropy.io.fits")
    rgb, gray = noise((6, 5, 3), np.uint8), noise((6, 5), np.uint8)
    deep = (noise((6, 5), np.float64) * 65535).astype(np.uint16)
    counts = noise((6, 5), np.float32) * 1000
    expected = {"rgb.png": rgb, "gray.png": gray, "deep.png": deep}
    for name, image in expected.items():
        Image.fromarray(image).save(tmp_path / name)
    Image.fromarray(np.dstack([rgb, gray])).save(tmp_path / "alpha.png")
    expected["alpha.png"] = rgb
    Image.fromarray(gray).convert("P").save(tmp_path / "palette.png")
    expected["palette.png"] = np.dstack([gray] * 3)
    # FITS rows begin at the bottom.
    fits.PrimaryHDU(counts[::-1]).writeto(tmp_path / "plain.fits")
    expected["plain.fits"] = counts
    cube = np.moveaxis(rgb[::-1].astype(np.float32), -1, 0)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(cube)]).writeto(tmp_path / "cube.FITS")
    expected["cube.FITS"] = rgb.astype(np.float32)
    packed = fits.CompImageHDU(deep[::-1].astype(np.int32), compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(tmp_path / "packed.fits.fz")
    expected["packed.fits.fz"] = deep.astype(np.float32)
    stack = ImageReader().transform([tmp_path / name for name in expected])
    for image, (name, pixels) in zip(stack, expected.items(), strict=True):
        np.testing.assert_array_equal(image, pixels, err_msg=name)
        assert image.dtype == pixels.dtype and image.dtype.isnative


def smooth(seed=0):
    """An image without the fine structure in which lossy files differ."""
    coarse = np.random.default_rng(seed).random((6, 5, 3))
    return (skimage.transform.resize(coarse, (61, 50)) * 255).astype(np.uint8)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_jpeg_pixels_are_pillows(tmp_path, mode, subsampling):
    path = tmp_path / "a.jpg"
    Image.fromarray(smooth()).convert(mode).save(path, quality=90, subsampling=subsampling)
    with Image.open(path) as file:
        expected = np.asarray(file.convert("RGB") if mode == "CMYK" else file)
    np.testing.assert_array_equal(ImageReader().transform([path])[0], expected)


def test_luma_is_the_rec601_gray(tmp_path):
    files = [tmp_path / f"{i}.jpg" for i in range(3)]
    for i, path in enumerate(files):
        Image.fromarray(smooth(i)).save(path, quality=95)
    full = Grayscale("rec601").transform(np.stack(list(ImageReader().transform(files))))
    stack = ImageReader(luma=True).transform(files)
    assert stack[0].shape == (61, 50) and stack[0].dtype == np.uint8
    np.testing.assert_allclose(np.stack(list(stack)) / 255, full, atol=2 / 255)


@pytest.mark.parametrize("reduce", [2, 4, 8])
def test_reduced_images_show_the_same(tmp_path, reduce):
    image = smooth()
    Image.fromarray(image).save(tmp_path / "a.jpg", quality=95)
    Image.fromarray(image).save(tmp_path / "a.png")
    jpeg, png = ImageReader(reduce=reduce).transform([tmp_path / "a.jpg", tmp_path / "a.png"])
    assert jpeg.shape == (-(-61 // reduce), -(-50 // reduce), 3)
    np.testing.assert_array_equal(png, image)
    whole = (61 // reduce, 50 // reduce)
    expected = skimage.transform.downscale_local_mean(image, (reduce, reduce, 1))
    difference = (jpeg - expected)[: whole[0], : whole[1]] / 255
    assert np.sqrt(np.mean(difference**2)) < 0.03
    with pytest.raises(ValueError, match="reduce must be 1, 2, 4 or 8, got 3"):
        ImageReader(reduce=3).fit(["a.jpg"])


# ------------------------------------------------------------------- bad input


@pytest.fixture
def bad_file(tmp_path, paths):
    def make(kind):
        path = tmp_path / f"{kind}.jpg"
        content = Path(paths[0]).read_bytes()
        if kind != "missing":
            path.write_bytes({"truncated": content[:-100], "empty": b"", "text": b"galaxy"}[kind])
        return str(path)

    return make


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("missing", FileNotFoundError, "No image file"),
        ("truncated", ValueError, "the image is damaged"),
        ("empty", ValueError, "found an empty file"),
        ("text", ValueError, "found no image Pillow can read"),
    ],
)
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_bad_file_is_named(bad_file, paths, kind, error, message, n_jobs):
    with pytest.raises(error, match=message) as caught:
        steps(n_jobs=n_jobs).fit_transform([*paths[:3], bad_file(kind)])
    assert f"{kind}.jpg" in str(caught.value)


def test_damaged_png_and_fits_are_named(tmp_path):
    Image.fromarray(noise((60, 60, 3), np.uint8)).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[:3000])
    (tmp_path / "b.fits").write_bytes(b"SIMPLE  =")
    (tmp_path / "c.fits.gz").write_bytes(gzip.compress(bytes(range(256)) * 99)[:200])
    (tmp_path / "d.fits.bz2").write_bytes(bz2.compress(bytes(range(256)) * 99)[:200])
    for name in ("a.png", "b.fits", "c.fits.gz", "d.fits.bz2"):
        with pytest.raises(ValueError, match=rf"{name}: the image is damaged"):
            ImageReader().transform([str(tmp_path / name)])[0]


def test_small_image_is_named(paths, tmp_path):
    Image.fromarray(noise((20, 32, 3), np.uint8)).save(tmp_path / "small.png")
    with pytest.raises(ValueError, match=r"small\.png: the image of 20 x 32 .*crop of 24 x 24"):
        steps(crop=24).fit_transform([*paths, str(tmp_path / "small.png")])


def test_mixed_channels_are_named(paths, tmp_path):
    Image.fromarray(noise((32, 32), np.uint8)).save(tmp_path / "gray.png")
    files = [*paths, str(tmp_path / "gray.png")]
    assert steps().fit_transform(files).shape[-1] == 1
    with pytest.raises(ValueError, match=r"gray\.png has the shape \(32, 32, 1\).*\(32, 32, 3\)"):
        make_pipeline(ImageReader(), FlattenToTensor()).fit_transform(files)
    with pytest.raises(ValueError, match="Image 0: the image has 4 channels"):
        Grayscale().transform(noise((1, 5, 5, 4), np.uint8))


def test_differing_shapes_are_named():
    images = [noise((8, 8), np.uint8), noise((8, 9), np.uint8)]
    with pytest.raises(ValueError, match=r"Image 1 has the shape \(8, 9, 1\)"):
        FlattenToTensor().transform(images)


def test_missing_pixels_are_named(tmp_path):
    fits = pytest.importorskip("astropy.io.fits")
    for name, value in (("good", 0.0), ("bad", np.nan)):
        pixels = np.zeros((8, 8), dtype=np.float32)
        pixels[2, 3:5] = value
        fits.PrimaryHDU(pixels).writeto(tmp_path / f"{name}.fits")
    files = [tmp_path / "good.fits", tmp_path / "bad.fits"]
    stack = ImageReader(max_missing=None).transform(files)
    with pytest.raises(ValueError, match=r"bad\.fits holds 2 pixels that are NaN"):
        FlattenToTensor().transform(stack)


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (CenterCrop(0), "size must be a positive int .* got 0"),
        (CenterCrop(1.5), r"got 1\.5"),
        (CenterCrop((1, 2, 3)), r"got \(1, 2, 3\)"),
        (Grayscale("rec2020"), "weights must be one of .* got 'rec2020'"),
        (Resize(6.4), r"size must be a positive int .* got 6\.4"),
        (CenterCrop(1, image_shape=(3, 3)), "Rows of 16 pixels do not fit"),
        (CenterCrop(1, image_shape=16), "image_shape must be .* got 16"),
    ],
)
def test_bad_parameters(transformer, message):
    with pytest.raises(ValueError, match=message):
        transformer.fit(np.zeros((2, 16)))


def test_bad_containers():
    with pytest.raises(ValueError, match=r"put an ImageReader before it"):
        CenterCrop().fit(["1.jpg"])
    with pytest.raises(ValueError, match=r"row 1: expected the name of an image file.*found 3"):
        ImageReader().transform(["1.jpg", 3])
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        CenterCrop().fit(np.zeros((0, 4, 4)))
    with pytest.raises(ValueError, match="Found 0 images"):
        CenterCrop().fit(ImageReader().transform(["1.jpg"])[:0])
    with pytest.raises(ValueError, match=r"got an array of shape \(1, 1, 1, 1, 1\)"):
        CenterCrop().fit(np.zeros((1, 1, 1, 1, 1)))
    with pytest.raises(ValueError, match="NaN"):
        Resize(2).fit(np.full((1, 4, 4), np.nan))


# ---------------------------------------------- scikit-learn's ways, over images

TRANSFORMERS = [
    ImageReader(),
    Stretch(),
    CenterCrop(),
    CropToGalaxy(),
    Grayscale(),
    Resize(4),
    FlattenToTensor(),
]


@pytest.fixture(params=["uint8", "float32", "float64", "gray", "list", "paths"])
def images(request, paths):
    if request.param == "list":
        return [noise((8, 8, 3), np.uint8), noise((8, 8, 3), np.uint8, 1)]
    if request.param == "gray":
        return noise((4, 8, 8), np.uint8)
    if request.param == "paths":
        return ImageReader().transform(paths)
    return noise((4, 8, 8, 3), np.dtype(request.param).type)


def as_lists(X):
    return [np.asarray(image).tolist() for image in X]


@pytest.mark.filterwarnings("ignore:No galaxy that can be measured")
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda t: type(t).__name__)
def test_checks_over_images(transformer, images):
    transformer = clone(transformer)
    parameters = transformer.get_params()
    before = as_lists(images)
    # Stateless: no fit needed.
    first = as_lists(transformer.transform(images))
    assert transformer.fit(images) is transformer
    state = dict(vars(transformer))
    # The same at every call, by every way; neither state, parameters nor input change.
    assert as_lists(transformer.transform(images)) == first
    assert as_lists(transformer.fit_transform(images)) == first
    assert as_lists(pickle.loads(pickle.dumps(transformer)).transform(images)) == first
    assert vars(transformer) == state
    assert transformer.get_params() == parameters
    assert as_lists(images) == before
    # Image by image.
    assert [as_lists(transformer.transform(images[i : i + 1]))[0] for i in range(2)] == first[:2]
    assert "NotFittedError" not in transformer._repr_html_()


@pytest.mark.filterwarnings("ignore:No galaxy that can be measured")
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda t: type(t).__name__)
def test_read_only_images(transformer):
    images = noise((2, 8, 8, 3), np.uint8)
    images.flags.writeable = False
    transformer.transform(images)


def test_set_output_of_the_whole_pipeline(paths):
    pipe = steps().set_output(transform="pandas")
    expected = steps().fit_transform(paths)
    np.testing.assert_array_equal(pipe.fit_transform(paths), expected)
    rows = pd.DataFrame(noise((3, 12), np.float64), index=["a", "b", "c"])
    frame = CenterCrop(2, image_shape=(4, 3)).set_output(transform="pandas").fit_transform(rows)
    assert frame.index.tolist() == ["a", "b", "c"]
    assert frame.columns.tolist() == [f"centercrop{i}" for i in range(4)]
    with pytest.raises(ValueError, match="got 'arrow'"):
        pipe.set_output(transform="arrow")


def test_feature_names():
    names = Resize(2).fit(np.zeros((1, 4, 4, 3))).get_feature_names_out()
    assert names.tolist() == [f"resize{i}" for i in range(12)]
    with pytest.raises(ValueError, match="their pixels have no names"):
        ImageReader().fit(["1.jpg"]).get_feature_names_out()


# --------------------------------------------------------------------- resources


def test_reading_needs_the_tensor_and_little_more(kaggle):
    """Some 3,000 JPEG files of 424 x 424 pixels: decoded at once they would take 1.7 GB."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs Linux to tell the peak of memory")
    code = """
import sys
from pathlib import Path
from sklearn.pipeline import make_pipeline
from galaxy_sklearn import CenterCrop, FlattenToTensor, Grayscale, ImageReader, Resize, Stretch
paths = sorted(Path(sys.argv[1]).glob("*.jpg"))[:3156]
pipe = make_pipeline(
    ImageReader(), CenterCrop(212), Grayscale(), Resize(64), FlattenToTensor(n_jobs=2))

def peak():
    # In kB. The ru_maxrss of a new process begins with its parent's.
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

pipe.fit_transform(paths[:4])
before = peak()
tensor = pipe.fit_transform(paths)
print(len(paths), (peak() - before) / 1024 - tensor.nbytes / 2**20)
"""
    command = [sys.executable, "-c", code, str(kaggle / "images")]
    n_images, megabytes = subprocess.check_output(command, text=True).split()
    assert int(n_images) > 1000
    assert -1 < float(megabytes) < 300


def test_overlapping_calls_leave_the_threads_of_blas_alone(paths):
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_info

    def threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: steps(n_jobs=2).fit_transform(list(paths) * 4), range(24)))
    assert threads() == before


def test_channels_are_last():
    for images in (noise((2, 3, 16, 16), np.uint8), list(noise((2, 3, 16, 16), np.float32))):
        with pytest.raises(ValueError, match=r"found an image of shape \(3, 16, 16\).*moveaxis"):
            FlattenToTensor().transform(images)


def test_tensors_of_other_dtypes(paths):
    """What they hold differs from float32 by rounding, whether images are read or in memory."""
    stack = Resize(8).fit_transform(ImageReader().fit_transform(paths))
    exact = FlattenToTensor().fit_transform(stack)
    for dtype, step in (("float16", 2.0**-11), ("uint8", 1 / 255)):
        to_tensor = FlattenToTensor(dtype=dtype, n_jobs=2)
        found = to_tensor.fit_transform(stack)
        assert found.dtype == dtype and np.shares_memory(to_tensor.transform(found), found)
        scale = 255 if dtype == "uint8" else 1
        np.testing.assert_allclose(found.astype(np.float64) / scale, exact, atol=step / 2)
        np.testing.assert_array_equal(to_tensor.transform(exact), found)
        assert FlattenToTensor(dtype=dtype).fit_transform(list(exact)).dtype == dtype
    for dtype, factor, message in (
        ("uint8", 2, r"dtype='uint8' holds pixels of 0-1, found .* to .*"),
        ("uint8", -1, "dtype='uint8' holds pixels of 0-1"),
        ("float16", 1e6, "dtype='float16' holds the brightest pixel .* from 6e-05 to 65504, found"),
        ("float16", 1e-5, "dtype='float16' holds the brightest pixel .* found"),
    ):
        with pytest.raises(ValueError, match=message):
            FlattenToTensor(dtype=dtype).fit_transform(factor * exact)
        with pytest.raises(ValueError, match=f"Image .*: {message}"):
            FlattenToTensor(dtype=dtype).fit_transform(list(factor * exact))
    with pytest.raises(ValueError, match="dtype must be one of .*, got 'int8'"):
        FlattenToTensor(dtype="int8").fit(exact)


def test_white_stays_white_in_uint8():
    """Resizing leaves pixels that exceed 1 by rounding."""
    white = Resize(64).fit_transform(np.full((1, 212, 212, 3), 255, np.uint8))
    assert white.max() > 1
    assert (FlattenToTensor(dtype="uint8").fit_transform(white) == 255).all()
    assert (FlattenToTensor(dtype="uint8").fit_transform(list(white)) == 255).all()


@pytest.mark.parametrize(
    "transformer", [CenterCrop(4), CropToGalaxy(), Grayscale(), Resize(4), FlattenToTensor()]
)
def test_signed_integers_have_no_scale(transformer):
    images = noise((2, 8, 8, 3), np.uint8).astype(np.int64)
    for container in (images, images.tolist(), list(images)):
        with pytest.raises(ValueError, match=r"signed integers \(int64\), whose scale is unknown"):
            transformer.transform(container)
