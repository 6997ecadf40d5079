"""What is read is right or refused, by the content of the file."""

import bz2
import gzip
import io
import os
import pickle
import re
import sys
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simplejpeg
from astropy.io import fits
from PIL import Image

from galaxy_sklearn import ImageReader
from galaxy_sklearn.images import find_images, iter_images, read_image

RNG = np.random.default_rng(0)


@pytest.fixture
def picture():
    """A smooth image, that JPEG keeps well."""
    y, x = np.mgrid[:64, :48]
    return np.stack([4 * x, 3 * y, x + y], axis=-1).astype(np.uint8)


def encoded(image, kind="JPEG", **how):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **how)
    return file.getvalue()


def written(folder, content, name="image.jpg"):
    path = folder / name
    path.write_bytes(content)
    return str(path)


# --------------------------------------------------------------------------- JPEG


def damaged(content):
    middle = len(content) // 2
    return {
        "half": content[:middle] + b"\xff\xd9",
        "cut": content[:middle],
        "zeroed": content[:middle] + bytes(512) + content[middle + 512 :],
    }


@pytest.mark.parametrize("kind", ["half", "cut", "zeroed"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_damaged_jpeg_is_refused(tmp_path, kind, mode):
    noise = Image.fromarray(RNG.integers(0, 255, (96, 96, 3), dtype=np.uint8)).convert(mode)
    file = io.BytesIO()
    noise.save(file, "JPEG")
    assert read_image(written(tmp_path, file.getvalue())).shape[:2] == (96, 96)
    path = written(tmp_path, damaged(file.getvalue())[kind])
    with pytest.raises(ValueError, match=r"image\.jpg: the image is damaged"):
        read_image(path)


@pytest.mark.parametrize("how", [{}, {"luma": True}, {"reduce": 2}])
def test_harmless_jpeg_is_read(tmp_path, picture, how):
    content = encoded(picture, quality=95)
    expected = read_image(written(tmp_path, content), **how)
    for filled in (content + b"junk" * 50, content[:-2] + bytes(20) + content[-2:]):
        np.testing.assert_array_equal(read_image(written(tmp_path, filled), **how), expected)


def test_filling_after_a_zero_that_belongs_to_the_pixels(tmp_path):
    images = RNG.integers(0, 255, (5000, 8, 8), dtype=np.uint8)
    content = next(c for c in map(encoded, images) if c.endswith(b"\xff\0\xff\xd9"))
    expected = read_image(written(tmp_path, content))
    filled = content[:-2] + bytes(20) + content[-2:]
    np.testing.assert_array_equal(read_image(written(tmp_path, filled)), expected)


def test_bytes_between_the_segments_of_a_jpeg(tmp_path, picture):
    content = encoded(picture)
    place = content.index(b"\xff\xc4")
    path = written(tmp_path, content[:place] + b"junk" * 9 + content[place:])
    with pytest.raises(ValueError, match=r"image\.jpg: the image is damaged .*extraneous"):
        read_image(path)


@pytest.mark.parametrize(
    "how",
    [{"keep_rgb": True}]
    + [{"subsampling": s, "progressive": p} for s in (0, 1, 2) for p in (0, 1)],
)
def test_kinds_of_jpeg(tmp_path, picture, how):
    path = written(tmp_path, encoded(picture, quality=95, **how))
    assert np.abs(read_image(path).astype(int) - picture).mean() < 6
    gray = np.asarray(Image.fromarray(picture).convert("L")).astype(int)
    assert np.abs(read_image(path, luma=True) - gray).mean() < 2


@pytest.mark.parametrize("reduce", [1, 2, 4, 8])
@pytest.mark.parametrize("colours", [(), (3,)])
def test_size_of_a_reduced_strip(tmp_path, reduce, colours):
    for height, width in ((1, 1), (1, reduce + 1), (reduce + 1, 1), (1, 64), (64, 1)):
        strip = np.zeros((height, width, *colours), np.uint8)
        found = read_image(written(tmp_path, encoded(strip)), reduce=reduce)
        assert found.shape == (-(-height // reduce), -(-width // reduce), *colours)


def test_real_jpeg_damaged_at_random(kaggle, tmp_path):
    """Of what the strict decoder refuses, nothing is accepted but filling at the end."""
    rng = np.random.default_rng(1)
    refused = 0
    for path in sorted((kaggle / "images").glob("*.jpg"))[:60]:
        content = bytearray(path.read_bytes())
        for place in rng.integers(700, len(content), 3):
            content[place] ^= int(rng.integers(1, 255))
        try:
            simplejpeg.decode_jpeg(bytes(content))
        except ValueError:
            refused += 1
            with pytest.raises(ValueError, match="damaged"):
                read_image(written(tmp_path, bytes(content)))
    assert refused > 20


# --------------------------------------------------------------------- other rasters


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg", "a"])
def test_values_of_rasters(tmp_path, name):
    """Whatever the file is called."""
    wide = RNG.integers(0, 2**16, (5, 7), dtype=np.uint16)
    for image, kind in (
        (wide, "TIFF"),
        (wide, "PNG"),
        (wide, "PPM"),
        (RNG.random((5, 7), dtype=np.float32) * 3 - 1, "TIFF"),
        ((RNG.random((5, 7)) * 2**31).astype(np.int32).view(np.uint32), "wide TIFF"),
    ):
        content = _tiff(image, "<u4") if kind == "wide TIFF" else encoded(image, kind)
        found = read_image(written(tmp_path, content, name))
        assert found.dtype == image.dtype
        np.testing.assert_array_equal(found, image)
    np.testing.assert_array_equal(read_image(written(tmp_path, _tiff(wide, ">u2"), name)), wide)
    with pytest.raises(ValueError, match=f"{name}: .*found signed integers"):
        read_image(written(tmp_path, _tiff(wide.astype(np.int32), "<i4"), name))


def test_gray_is_gray_with_alpha_and_of_one_bit(tmp_path):
    gray = RNG.integers(0, 2, (5, 7), dtype=np.uint8) * 255
    for mode in ("L", "LA", "1"):
        Image.fromarray(gray).convert(mode).save(tmp_path / "a.png")
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), gray)


def _tiff(image, dtype):
    """The simplest TIFF file, of one strip."""
    order = {"<": "little", ">": "big"}[dtype[0]]

    def number(value, size):
        return int(value).to_bytes(size, order)

    pixels, kind = image.astype(dtype).tobytes(), np.dtype(dtype)
    tags = [
        *((256, image.shape[1]), (257, image.shape[0]), (258, kind.itemsize * 8), (259, 1)),
        *((262, 1), (273, 8), (277, 1), (278, image.shape[0]), (279, len(pixels))),
        (339, 2 if kind.kind == "i" else 1),
    ]
    long = 4
    entries = [
        number(tag, 2) + number(long, 2) + number(1, 4) + number(value, 4) for tag, value in tags
    ]
    start = b"II" if order == "little" else b"MM"
    head = start + number(42, 2) + number(8 + len(pixels), 4)
    return head + pixels + number(len(tags), 2) + b"".join(entries) + bytes(4)


def test_memory_has_a_limit(tmp_path):
    bomb = written(tmp_path, encoded(np.zeros((12_000, 12_000), np.uint8), "PNG"), "bomb.png")
    header = encoded(np.zeros((8, 8), np.uint8))
    place = header.index(b"\xff\xc0") + 5
    huge = written(tmp_path, header[:place] + b"\xff\xdc\xff\xdc" + header[place + 4 :])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        for path in (bomb, huge):
            with pytest.raises(ValueError, match=rf"{Path(path).name}: expected an image of up to"):
                read_image(path)
    small = written(tmp_path, encoded(np.zeros((40, 40), np.uint8), "PNG"), "small.png")
    with pytest.raises(ValueError, match=r"up to 1,000 pixels \(max_pixels\), found 40 x 40"):
        ImageReader(max_pixels=1000).transform([small])[0]
    assert read_image(small, max_pixels=1600).shape == (40, 40)
    with pytest.raises(ValueError, match="max_pixels must be a positive int, got 0"):
        ImageReader(max_pixels=0).fit([small])


# --------------------------------------------------------------------------- FITS


def fits_bytes(data, **how):
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(data)]).writeto(file, **how)
    return file.getvalue()


@pytest.mark.parametrize("name", ["a.fits", "cutout.jpg", "fitscut.cgi", "a"])
def test_fits_under_any_name(tmp_path, name):
    data = RNG.random((6, 5)).astype(np.float32)
    packed = bz2.compress(fits_bytes(data)[:3000]) + bz2.compress(fits_bytes(data)[3000:])
    for content in (fits_bytes(data), gzip.compress(fits_bytes(data)), packed):
        # Rows begin at the bottom.
        np.testing.assert_array_equal(read_image(written(tmp_path, content, name)), data[::-1])


def test_planes_of_a_cube(tmp_path):
    planes = RNG.random((3, 20, 16)).astype(np.float32)
    for data in (planes, np.moveaxis(planes, 0, -1)):
        found = read_image(written(tmp_path, fits_bytes(data), "cube.fits"))
        np.testing.assert_array_equal(found, np.moveaxis(planes, 0, -1)[::-1])


def test_cubes_begin_with_their_planes_unless_colours_are_last(tmp_path):
    for shape, expected in (
        ((4, 6, 3), (6, 3, 4)),
        ((5, 6, 4), (5, 6, 4)),
        ((6, 5, 5), (5, 5, 6)),
        ((5, 3, 1), (5, 3, 1)),
    ):
        path = written(tmp_path, fits_bytes(np.zeros(shape, np.float32)), "cube.fits")
        assert read_image(path).shape == expected


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "i8", "f8"])
def test_fits_keeps_the_precision(tmp_path, dtype):
    data = (RNG.random((6, 5)) * 100).astype(dtype)
    found = read_image(written(tmp_path, fits_bytes(data), "a.fits"), orientation="file")
    np.testing.assert_array_equal(found, data)
    assert found.dtype == (np.float64 if data.itemsize == 8 else np.float32)


@pytest.mark.parametrize("shape", [None, (5,), (2, 3, 4, 5)])
def test_fits_without_an_image(tmp_path, shape):
    content = fits_bytes(None if shape is None else np.zeros(shape))
    found = re.escape(f"one of shape {shape}" if shape else "none")
    message = rf"a\.fits: expected an image of 2 or 3 dimensions, found {found}\.$"
    with pytest.raises(ValueError, match=message):
        read_image(written(tmp_path, content, "a.fits"))


def test_fits_without_astropy(tmp_path, monkeypatch):
    path = written(tmp_path, fits_bytes(np.zeros((6, 5))), "a.fits")
    monkeypatch.setitem(sys.modules, "astropy.io", None)
    with pytest.raises(ImportError, match=r"a\.fits: .* pip install 'galaxy_sklearn\[fits\]'"):
        read_image(path)


def test_large_fits_is_refused_before_it_is_read(tmp_path):
    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), ("NAXIS1", 60_000)])
    header["NAXIS2"] = 60_000
    text = header.tostring().encode()
    large = fits_bytes(np.zeros((800, 800), np.float32))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "File may have been truncated")
        with pytest.raises(ValueError, match="large.fits: expected an image of up to 89,478,485"):
            read_image(written(tmp_path, text, "large.fits"))
    for packed in (gzip.compress(large), bz2.compress(large)):
        message = "packed.fits: expected an image of up to 1,050,976 bytes"
        with pytest.raises(ValueError, match=message):
            read_image(written(tmp_path, packed, "packed.fits"), max_pixels=100)
    # There is room for the header of a small one.
    small = fits_bytes(np.zeros((6, 5)))
    for content in (small, gzip.compress(small), bz2.compress(small)):
        assert read_image(written(tmp_path, content, "small.fits"), max_pixels=30).shape == (6, 5)


def test_whatever_a_decoder_raises_names_the_file(tmp_path, picture):
    """Mutations of files, some of which fail in astropy's and Pillow's depths."""
    packed = io.BytesIO()
    smooth = np.arange(900, dtype=np.int16).reshape(30, 30)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(smooth)]).writeto(packed)
    contents = [encoded(picture), encoded(picture, "PNG"), encoded(picture, "TIFF")]
    contents += [fits_bytes(smooth), packed.getvalue()]
    rng = np.random.default_rng(0)
    refused = 0
    for i in range(300):
        content = bytearray(contents[i % len(contents)])
        for place in rng.integers(0, len(content), 1 + i % 8):
            content[place] = rng.integers(256)
        path = written(tmp_path, bytes(content))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                assert read_image(path).ndim in (2, 3)
            except ValueError as error:
                assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
                refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("error", "cause"), [(ValueError("first\nsecond"), "first"), (EOFError(), "EOFError")]
)
def test_the_cause_is_one_line(tmp_path, picture, monkeypatch, error, cause):
    def fail(*_, **__):
        raise error

    path = written(tmp_path, encoded(picture))
    monkeypatch.setattr("galaxy_sklearn.images._read.decode_raster", fail)
    with pytest.raises(ValueError, match=rf"image\.jpg: the image is damaged \({cause}\)\.$"):
        read_image(path)


# ------------------------------------------------------------------------ containers


def test_one_name_is_no_list(tmp_path):
    for name in ("a.jpg", Path("a.jpg"), b"a.jpg"):
        with pytest.raises(ValueError, match=r"Expected a list of names of image files, got one"):
            ImageReader().fit_transform(name)
    with pytest.raises(ValueError, match=r"one name: .*find_images\('.*'\), a folder\?"):
        ImageReader().fit_transform(tmp_path)
    with pytest.raises(ValueError, match="Found 0 images"):
        ImageReader().fit_transform([])


def test_polars_column(tmp_path, picture):
    import polars as pl

    path = written(tmp_path, encoded(picture, "PNG"))
    stack = ImageReader().fit_transform(pl.DataFrame({"path": [path]}))
    np.testing.assert_array_equal(stack[0], picture)


# --------------------------------------------------------------------------- listing


@pytest.fixture
def tree(tmp_path, picture):
    folder = tmp_path / "tree"
    (folder / "deep").mkdir(parents=True)
    content = encoded(picture)
    for name in ("1.jpg", "._1.jpg", "2.tif", "deep/3.jfif"):
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for name in ("4.jpg", "__MACOSX/._4.jpg", "__MACOSX/5.jpg"):
            archive.writestr(name, content)
    return folder


def listed(folder):
    return [os.path.relpath(name, folder) for name in iter_images(folder)]


def test_what_is_an_image(tree):
    expected = ["1.jpg", "2.tif", "a.zip/4.jpg", "deep/3.jfif"]
    assert listed(tree) == expected
    assert next(iter_images(f"{tree}//")) == f"{tree}/1.jpg"
    assert find_images(tree).index.tolist() == [1, 2]


def test_names_of_fits_files(tmp_path):
    names = ["1.fits", "2.FIT", "3.fts", "4.fits.gz", "5.fits.fz"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert listed(tmp_path) == names
    assert find_images(tmp_path).index.tolist() == [1, 2, 3, 4, 5]


def test_names_of_rasters(tmp_path):
    endings = ["jpg", "JPEG", "jfif", "png", "tif", "tiff", "gif", "bmp", "webp", "pgm", "ppm"]
    names = [f"{i}.{ending}" for i, ending in enumerate(endings, 10)]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert listed(tmp_path) == names


def test_links_to_folders_are_followed_once(tree, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "9.jpg").write_bytes(b"")
    (tree / "link").symlink_to(tmp_path / "elsewhere")
    (tree / "deep" / "circle").symlink_to(tree)
    assert listed(tree) == ["1.jpg", "2.tif", "a.zip/4.jpg", "deep/3.jfif", "link/9.jpg"]


def test_a_damaged_archive_stops_nothing(tree):
    (tree / "b.zip").write_bytes((tree / "a.zip").read_bytes()[:-30])
    with tarfile.open(tree / "c.tar", "w") as archive:
        archive.add(tree / "1.jpg", "6.jpg")
        archive.add(tree / "1.jpg", "7.jpg")
    content = (tree / "c.tar").read_bytes()
    (tree / "c.tar").write_bytes(content[: content.rindex(b"7.jpg")] + b"damage" * 100)
    names = listed(tree)
    assert names == [
        "1.jpg",
        "2.tif",
        "a.zip/4.jpg",
        "b.zip",
        "c.tar/6.jpg",
        "c.tar",
        "deep/3.jfif",
    ]
    with pytest.raises(ValueError, match=r"b\.zip: expected an image"):
        read_image(str(tree / "b.zip"))
    with pytest.raises(ValueError, match="the archive is damaged"):
        list(iter_images(tree / "b.zip"))


def test_a_damaged_header_in_a_tar_archive(tree):
    with tarfile.open(tree / "c.tar", "w") as archive:
        for i in range(6):
            archive.add(tree / "1.jpg", f"{i}.jpg")
    content = bytearray((tree / "c.tar").read_bytes())
    content[content.index(b"3.jpg") + 20] ^= 0xFF
    (tree / "c.tar").write_bytes(content)
    names = []
    with pytest.raises(ValueError, match=r"c\.tar: the archive is damaged"):
        names.extend(iter_images(tree / "c.tar"))
    assert listed(tree).count("c.tar") == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"path,other\na.jpg,z1.jpg,\nb.jpg,z2.jpg,\n"),
        ("b.csv", b"path\ncaf\xe9.jpg\n"),
        ("c.csv", b""),
        ("d.csv.gz", gzip.compress(b"path\n" + b"a.jpg\n" * 999)[:40]),
        ("e.csv.gz", b"path\na.jpg\n"),
        ("f.parquet", b"PAR1 and no more"),
    ],
)
def test_tables_of_paths_that_cannot_be_read(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas only warns of some
        with pytest.raises(ValueError, match=f"{name}: the table cannot be read"):
            list(iter_images(tmp_path / name))


def test_empty_cells_of_paths(tmp_path):
    (tmp_path / "a.csv").write_text("path,n\na.jpg,1\n,2\nNA,3\n")
    assert list(iter_images(tmp_path / "a.csv")) == ["a.jpg", "", "NA"]
    with pytest.raises(FileNotFoundError, match="No image file ''"):
        read_image("")


def test_names_of_members_are_enough(tree):
    """Data frames and arrays keep the text of a name only."""
    with tarfile.open(tree / "s.tar", "w") as archive:
        archive.add(tree / "1.jpg", "./x/1.jpg")
        archive.add(tree / "2.tif", "2.tif")
    for archive in (tree / "s.tar", tree / "a.zip"):
        packed = list(iter_images(archive))
        pixels = [read_image(image) for image in packed]
        for column in (pd.DataFrame({"path": packed})["path"], np.array(packed)):
            names = list(column)
            assert type(names[0]) is not type(packed[0])
            np.testing.assert_array_equal([read_image(name) for name in names], pixels)
        with pytest.raises(FileNotFoundError, match="No image file '.*none.jpg'"):
            read_image(f"{archive}/none.jpg")
    content = (tree / "s.tar").read_bytes()
    (tree / "s.tar").write_bytes(content[: content.index(b"2.tif") + 100])
    np.testing.assert_array_equal(read_image(f"{tree}/s.tar/x/1.jpg"), pixels[0])
    with pytest.raises(ValueError, match="s.tar: the archive is damaged"):
        read_image(f"{tree}/s.tar/2.tif")


def test_links_in_a_tar_archive(tmp_path, picture):
    """They are read as what they lead to; those that lead nowhere are told."""
    content = encoded(picture)
    with tarfile.open(tmp_path / "s.tar", "w") as archive:
        for name, kind, target in (
            ("./x/soft.jpg", tarfile.SYMTYPE, "../y/1.jpg"),
            ("./y/1.jpg", tarfile.REGTYPE, ""),
            ("hard.jpg", tarfile.LNKTYPE, "y/1.jpg"),
            ("again.jpg", tarfile.SYMTYPE, "link"),
            ("link", tarfile.SYMTYPE, "x/soft.jpg"),
            ("lost.jpg", tarfile.SYMTYPE, "elsewhere.jpg"),
            ("circle.jpg", tarfile.SYMTYPE, "circle.jpg"),
            ("hard.txt", tarfile.LNKTYPE, "y/1.jpg"),
            ("folder.jpg", tarfile.DIRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(content))
    with pytest.warns(UserWarning, match=r"s.tar: left out: 2 links .* such as lost.jpg") as told:
        images = list(iter_images(tmp_path / "s.tar"))
    assert told[0].filename == __file__
    names = [image.removeprefix(f"{tmp_path}/s.tar/") for image in images]
    assert names == ["./y/1.jpg", "./x/soft.jpg", "hard.jpg", "again.jpg"]
    for image in images:
        np.testing.assert_array_equal(read_image(image), read_image(images[0]))


def test_archives_that_cannot_be_read_one_by_one(tree):
    endings = ["tar.gz", "tgz", "tar.bz2", "tbz2", "tar.xz", "txz", "tar.zst", "7z", "rar"]
    for ending in endings:
        (tree / f"a.{ending}").touch()
        message = rf"a\.{ending}: expected .* compressed archive .* unpack it\.$"
        with pytest.raises(ValueError, match=message):
            list(iter_images(tree / f"a.{ending}"))
    with pytest.warns(UserWarning, match="left out: 9 compressed archives, such as a.7z") as told:
        assert list(iter_images(tree))
    assert told[0].filename == __file__


@pytest.mark.parametrize("name", ["a.zip", "s.tar"])
def test_an_archive_that_may_not_be_opened(tree, monkeypatch, name):
    """It is not called damaged."""

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", name)

    (tree / name).touch()
    monkeypatch.setattr("galaxy_sklearn.images._archives.ZipFile", refuse)
    monkeypatch.setattr("galaxy_sklearn.images._archives.tarfile.open", refuse)
    with pytest.raises(PermissionError, match=name):
        list(iter_images(tree / name))


def test_a_name_in_an_archive_keeps_its_place_in_other_processes(tree, picture):
    with tarfile.open(tree / "s.tar", "w") as archive:
        archive.add(tree / "1.jpg", "1.jpg")
    for image in (*iter_images(tree / "a.zip"), *iter_images(tree / "s.tar")):
        found = pickle.loads(pickle.dumps(image))
        assert found == image and found.read() == image.read() == encoded(picture)


def test_members_of_a_zip_archive_that_are_refused(tmp_path):
    """Encrypted ones, and one that is small until it is unpacked."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.jpg", bytes(5_000_000))
    (image,) = iter_images(tmp_path / "a.zip")
    with pytest.raises(ValueError, match=r"1.jpg: expected an image of up to 1,072,576 bytes"):
        read_image(image, max_pixels=1000)
    content = bytearray((tmp_path / "a.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("1.jpg", bytes(5_000_000))
    (stored,) = iter_images(tmp_path / "b.zip")
    with pytest.raises(ValueError, match=r"up to 1,072,576 bytes .* found 5,000,\d\d\d"):
        read_image(stored, max_pixels=1000)
    content[6] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ValueError, match="1.jpg: expected an image, found encrypted data"):
        read_image(image)


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "1.jpg").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match=r"1.jpg: expected an image of up to .* 1,099,511,627,776"):
        read_image(tmp_path / "1.jpg")


def test_a_place_outside_the_archive(tree):
    (image,) = iter_images(tree / "a.zip")
    end = (tree / "a.zip").stat().st_size
    for image.offset, cause in ((-5, ""), (end - 5, "the archive ends before it")):
        with pytest.raises(ValueError, match=rf"a\.zip/4\.jpg: the image is damaged \({cause}"):
            read_image(image)
