"""Images in the rows of Parquet, HDF5 and Zarr files."""

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import real_data
from PIL import Image
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

from galaxy_sklearn import FlattenToTensor, ImageReader
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.images import ImageTable, _rows, iter_images, read_image
from galaxy_sklearn.scoring import prediction_table, score_catalogue
from galaxy_sklearn.sharing import load_pretrained

N = 25
IDS = [587722981741363294 + i for i in range(N)]
ARRAYS = ["t.hdf5", "t.zarr", "t2.zarr", "t.zarr.zip"]


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (N, 6, 8, 3), dtype=np.uint8)


def encoded(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def tables(pixels, tmp_path_factory):
    """The same images as bytes of PNG files, in structs, and as arrays."""
    folder = tmp_path_factory.mktemp("tables")
    files = [encoded(image) for image in pixels]
    flux = pixels[..., :2].astype(np.float32) / 255
    columns = {
        "bytes": pa.array(files),
        "struct": pa.array([{"bytes": content, "path": None} for content in files]),
        "flux": pa.array(
            [{"band": ["des-g", "des-r"], "flux": np.moveaxis(f, -1, 0).tolist()} for f in flux],
            pa.struct(
                {"band": pa.list_(pa.string()), "flux": pa.list_(pa.list_(pa.list_(pa.float32())))}
            ),
        ),
        "gray": pa.array(pixels[..., 0].tolist(), pa.list_(pa.list_(pa.uint8()))),
    }
    for name, column in columns.items():
        table = pa.table({"objid": IDS, name: column})
        pq.write_table(table, folder / f"{name}.parquet", row_group_size=10)
    table = pa.table({"objid": IDS, **columns})
    pq.write_table(table, folder / "all.parquet")
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "t.hdf5", "w") as file:
        file["objid"] = np.array(IDS, dtype=">i8")
        file["name"] = [f"{i:03d}".encode() for i in range(N)]
        file["in/images"] = pixels
        file["planes"] = np.moveaxis(pixels, -1, 1)
    zarr = pytest.importorskip("zarr")
    for kind, version in (("t.zarr", 3), ("t2.zarr", 2)):
        group = zarr.open_group(folder / kind, mode="w", zarr_format=version)
        group.create_array("objid", data=np.array(IDS))
        names = np.array([f"{i:03d}" for i in range(N)], dtype=np.dtypes.StringDType())
        group.create_array("name", data=names)
        # As names of folders they would be taken for images.
        separator = {"name": "v2", "separator": "/"} if version == 2 else None
        how = {"chunks": (4, 6, 5, 3), "chunk_key_encoding": separator}
        group.create_array("in/images", data=pixels, **how)
        group.create_array("planes", data=np.moveaxis(pixels, -1, 1), chunks=(1, 3, 6, 8))
    zarr.save(folder / "one.zarr", pixels)
    shutil.make_archive(folder / "t.zarr", "zip", folder / "t.zarr")
    return folder


EXPECTED = {
    "bytes": lambda pixels: pixels,
    "struct": lambda pixels: pixels,
    "flux": lambda pixels: pixels[..., :2].astype(np.float32) / 255,
    "gray": lambda pixels: pixels[..., 0],
}


@pytest.mark.parametrize("kind", EXPECTED)
@pytest.mark.parametrize("place", ["{}.parquet", "all.parquet/{}"])
def test_parquet(tables, pixels, kind, place):
    source = tables / place.format(kind)
    names = list(iter_images(source))
    assert names[3] == f"{tables / place.format(kind)}/{'' if '/' in place else kind + '/'}3"
    expected = EXPECTED[kind](pixels)
    # In any order, and as the text that an array keeps.
    for i in (*range(N), 7, 24, 0):
        np.testing.assert_array_equal(read_image(str(np.array(names)[i])), expected[i])
        assert read_image(names[i]).dtype == expected.dtype
    many = FlattenToTensor(n_jobs=3).fit_transform(ImageReader().fit_transform(names))
    one = FlattenToTensor().fit_transform(expected)
    np.testing.assert_allclose(many, one, atol=1e-7)


@pytest.mark.parametrize("file", ARRAYS)
@pytest.mark.parametrize("column", ["in/images", "planes"])
def test_arrays(tables, pixels, file, column):
    names = list(iter_images(f"{tables}/{file}/{column}"))
    assert names[3] == f"{tables}/{file}/{column}/3" and len(names) == N
    np.testing.assert_array_equal([read_image(name) for name in names], pixels)
    many = FlattenToTensor(n_jobs=3).fit_transform(ImageReader().fit_transform(np.array(names)))
    np.testing.assert_array_equal(many, FlattenToTensor().fit_transform(pixels))
    table = ImageTable(f"{tables}/{file}/{column}", keep=["objid", "name"])
    assert list(table) == [(names[i], IDS[i], f"{i:03d}") for i in range(N)]


def test_store_of_one_array(tables, pixels):
    names = list(iter_images(Path(tables, "one.zarr")))
    assert names[3] == f"{tables}/one.zarr/3"
    np.testing.assert_array_equal([read_image(name) for name in names], pixels)
    with pytest.raises(ValueError, match=r"one.zarr/in/3: expected an array 'in', found \[\]"):
        read_image(f"{tables}/one.zarr/in/3")


def test_damaged_stores(tables, pixels, tmp_path):
    """Zarr shows chunks that are missing as if they were there."""
    zarr = pytest.importorskip("zarr")
    store = tmp_path / "t.zarr"
    zarr.create_array(store, data=np.full((4, 5, 5), 2.0), chunks=(1, 5, 5), fill_value=np.nan)
    (store / "c/1/0/0").unlink()
    (store / "c/2/0/0").write_bytes(b"x")
    assert read_image(f"{store}/3").min() == 2
    with pytest.raises(ValueError, match=r"t.zarr/1: .* found nothing but the fill value, nan"):
        read_image(f"{store}/1")
    with pytest.raises(ValueError, match=r"t.zarr/2: the image is damaged"):
        read_image(f"{store}/2")
    (store / "zarr.json").write_text("{")
    (tmp_path / "t.zarr.zip").write_bytes(b"PK")
    for name in ("t.zarr", "t.zarr.zip"):
        with pytest.raises(ValueError, match=rf"{name}: the table cannot be read"):
            list(iter_images(tmp_path / name))
        with pytest.raises(ValueError, match=rf"{name}/a/1: the image is damaged"):
            read_image(f"{tmp_path}/{name}/a/1")
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(ValueError, match=r"empty.zarr: the table cannot be read"):
        list(iter_images(tmp_path / "empty.zarr"))


@pytest.mark.parametrize(
    "source",
    ["bytes.parquet", "all.parquet/struct", *(f"{file}/in/images" for file in ARRAYS)],
)
def test_scored(tables, tmp_path, source):
    names = list(iter_images(tables / source))
    model = make_pipeline(ImageReader(), FlattenToTensor(), DummyClassifier())
    model.fit(names, np.where(np.arange(N) < 10, "a", "b"))
    how = {"keep": ["objid"], "part_size": 7, "verbose": False}
    done = score_catalogue(model, tables / source, tmp_path / "scores", **how)
    assert done[:3] == (N, 0, N)
    table = pd.read_parquet(tmp_path / "scores")
    assert table["objid"].tolist() == IDS
    place = "bytes/" if source == "bytes.parquet" else ""
    assert table["file"].tolist() == [f"{place}{i}" for i in range(N)]
    (tmp_path / "scores" / "part-00000001.parquet").unlink()
    assert score_catalogue(model, tables / source, tmp_path / "scores", **how).n_new == 7


def test_bands(tables, pixels):
    name = f"{tables}/flux.parquet/flux/2"
    both = pixels[2, ..., :2].astype(np.float32) / 255
    np.testing.assert_array_equal(read_image(name, band=["r", "des-g"]), both[..., ::-1])
    np.testing.assert_array_equal(read_image(name, band="g"), both[..., 0])
    for how, message in (
        ({"band": "z"}, "expected one image with band='z', found only des-g, des-r"),
        ({"hdu": 1}, "hdu and units are for FITS files only"),
        ({"units": "nanomaggies"}, "hdu and units are for FITS files only"),
        ({"max_pixels": 95}, "up to 95 pixels .* found 2 x 6 x 8"),
    ):
        with pytest.raises(ValueError, match=rf"flux.parquet/flux/2: .*{message}"):
            read_image(name, **how)
    with pytest.raises(ValueError, match="expected bands with names for band='g'"):
        read_image(f"{tables}/gray.parquet/gray/2", band="g")


def test_choices(tables):
    with pytest.raises(
        ValueError, match=r"one of the columns of images \['bytes', 'struct', 'flux"
    ):
        list(iter_images(tables / "all.parquet"))
    for file in ARRAYS:
        with pytest.raises(ValueError, match=r"one of the columns .*'(in/images|planes)'"):
            list(iter_images(tables / file))
    with pytest.raises(ValueError, match=r"images in the column 'objid', found them in \['bytes'"):
        list(iter_images(tables / "all.parquet" / "objid"))


def test_bad_rows(tables, tmp_path):
    table = pa.table(
        {
            "bytes": [b"no image", None, b""],
            "struct": [{"bytes": None, "path": "1.jpg"}, None, {"bytes": b"", "path": None}],
            "lists": pa.array([[[1.0, 2.0], [3.0]], None, []], pa.list_(pa.list_(pa.float32()))),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    for row, message in {
        "bytes/0": "found no image Pillow can read",
        "bytes/1": "found an empty cell",
        "bytes/2": "found an empty file",
        "struct/0": "found an empty cell",
        "struct/1": "found an empty cell",
        "struct/2": "found an empty file",
        "lists/0": "rows of pixels of one length",
        "lists/1": "found an empty cell",
        "lists/2": "rows of pixels of one length",
        "bytes/3": "expected one of 3 rows",
        "other/0": r"expected a column 'other', found \['bytes'",
    }.items():
        with pytest.raises(ValueError, match=rf"t.parquet/{row}: .*{message}"):
            read_image(f"{tmp_path}/t.parquet/{row}")
    with pytest.raises(FileNotFoundError, match="No image file"):
        read_image(f"{tmp_path}/t.parquet/bytes/x")
    for file in ARRAYS:
        with pytest.raises(ValueError, match=r"expected row 99 of images, found shape \(25, 3"):
            read_image(f"{tables}/{file}/planes/99")
        with pytest.raises(ValueError, match=r"expected row 1 of images, found shape \(\)"):
            read_image(f"{tables}/{file}/in/1")
        for place in ("no/1", "1"):
            with pytest.raises(ValueError, match=r"expected an array '(no)?', found \['"):
                read_image(f"{tables}/{file}/{place}")
        with pytest.raises(ValueError, match="up to 143 pixels .* found 6 x 8 x 3"):
            read_image(f"{tables}/{file}/in/images/1", max_pixels=143)
        with pytest.raises(FileNotFoundError, match="No image file"):
            read_image(f"{tables}/{file}/planes/x")
    with pytest.raises(ValueError, match="up to .* bytes .*found"):
        read_image(f"{tables}/bytes.parquet/bytes/1", max_pixels=-43690)


def test_channels():
    for shape, expected in (((3, 8, 9), (8, 9, 3)), ((8, 9, 3), (8, 9, 3)), ((8, 9), (8, 9))):
        assert _rows.channels_last(np.zeros(shape)).shape == expected
    with pytest.raises(ValueError, match="found 8 x 8 x 8"):
        _rows.channels_last(np.zeros((8, 8, 8)))


def test_memory_is_bounded(tables, monkeypatch):
    """The groups that were used last are held; one that is too large is refused."""
    monkeypatch.setattr(_rows, "HELD", {})
    monkeypatch.setattr(_rows, "MOST_HELD", 5_000)
    groups = []
    read = _rows._read_group
    monkeypatch.setattr(_rows, "_read_group", lambda *a: groups.append(a[2]) or read(*a))
    for name in iter_images(tables / "bytes.parquet"):
        read_image(name)
    assert groups == [0, 1, 2] and sum(held.nbytes for held in _rows.HELD.values()) <= 5_000
    monkeypatch.setattr(_rows, "MOST_HELD", 500)
    with pytest.raises(ValueError, match="row groups of up to 500 bytes, found .*row_group_size"):
        read_image(f"{tables}/bytes.parquet/bytes/0")


def test_table_written_again(pixels, tmp_path):
    """Nothing of the old one is left."""
    path = tmp_path / "t.parquet"
    for i in (0, 1):
        pq.write_table(pa.table({"gray": [pixels[i, : 5 + i, :, 0].tolist()]}), path)
        np.testing.assert_array_equal(read_image(f"{path}/gray/0"), pixels[i, : 5 + i, :, 0])


@pytest.mark.parametrize(("package", "file"), [("h5py", "t.hdf5"), ("zarr", "t.zarr")])
def test_without_packages(tables, monkeypatch, package, file):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(ImportError, match=rf"reading \w+ needs {package}: pip install"):
        list(iter_images(tables / file))
    with pytest.raises(ImportError, match=rf"planes/0: reading \w+ needs {package}"):
        read_image(f"{tables}/{file}/planes/0")


@pytest.fixture(scope="module")
def hats(tables, tmp_path_factory):
    """A collection of a HATS catalogue, with three partitions, and its margin."""
    folder = tmp_path_factory.mktemp("hats") / "survey"
    table = pq.read_table(tables / "all.parquet", columns=["objid", "bytes", "gray"])
    for name, parts in (("main", ((0, 12), (12, 20), (20, N))), ("margin", ((3, 5),))):
        place = folder / name / "dataset"
        for i, (start, stop) in enumerate(parts):
            (place / f"Norder={i}/Dir=0").mkdir(parents=True)
            file = place / f"Norder={i}/Dir=0/Npix={i}.parquet"
            pq.write_table(table[start:stop], file, row_group_size=5)
        pq.write_metadata(table.schema, place / "_metadata")
        (folder / name / "hats.properties").write_text("dataproduct_type=object\n")
        (folder / name / "skymap.fits").touch()
    lines = "# HATS\nobs_collection=survey\nhats_primary_table_url=main\nall_margins=margin\n"
    (folder / "collection.properties").write_text(lines)
    return folder


@pytest.mark.parametrize("place", ["", "main"])
def test_hats(hats, pixels, place):
    """A folder of partitions is one table."""
    source = str(hats / place)
    names = list(iter_images(f"{source}/bytes"))
    assert names[12] == f"{hats}/main/dataset/Norder=1/Dir=0/Npix=1.parquet/bytes/0"
    np.testing.assert_array_equal([read_image(name) for name in names], pixels)
    rows = list(ImageTable(f"{source}/gray", keep=["objid"]))
    assert [objid for _, objid in rows] == IDS
    np.testing.assert_array_equal(read_image(rows[24][0]), pixels[24, ..., 0])
    with pytest.raises(
        ValueError, match=r"main: .* one of the columns of images \['bytes', 'gray'"
    ):
        list(iter_images(source))
    with pytest.raises(ValueError, match=r"main: .* in the column 'objid', found them in"):
        list(iter_images(f"{source}/objid"))


def test_hats_scored(hats, pixels, tmp_path):
    model = make_pipeline(ImageReader(), FlattenToTensor(), DummyClassifier())
    model.fit(pixels, ["a", "b"] * 12 + ["a"])
    how = {"keep": ["objid"], "part_size": 7, "verbose": False}
    done = score_catalogue(model, hats / "bytes", tmp_path / "scores", **how)
    assert done[:3] == (N, 0, N)
    assert pd.read_parquet(tmp_path / "scores")["objid"].tolist() == IDS


def test_files_beside_the_partitions_are_no_galaxies(hats):
    """hats-import writes some of the rows once more, to be looked at."""
    source = hats / "main" / "bytes"
    names = list(iter_images(source))
    some = next((hats / "main" / "dataset").rglob("*.parquet"))
    (hats / "main" / "dataset" / "data_thumbnail.parquet").write_bytes(some.read_bytes())
    assert list(iter_images(source)) == names


def test_a_dot_in_the_name_of_a_column(tmp_path):
    content = encoded(np.full((4, 4, 3), 7, np.uint8))
    pq.write_table(pa.table({"im.png": [content]}), tmp_path / "t.parquet")
    (name,) = iter_images(tmp_path / "t.parquet")
    assert (read_image(name) == 7).all()
    with pytest.raises(ValueError, match="expected a column 'im', found"):
        read_image(f"{tmp_path}/t.parquet/im/0")


def test_what_is_no_hats(hats, tmp_path):
    """Folders within a catalogue, of images, and those that are empty or damaged."""
    Image.new("L", (4, 4)).save(hats / "main" / "1.png")
    (hats / "main" / "cutouts").mkdir()
    Image.new("L", (4, 4)).save(hats / "main" / "cutouts" / "1.png")
    assert list(iter_images(hats / "main" / "cutouts")) == [f"{hats}/main/cutouts/1.png"]
    (tmp_path / "dataset").mkdir()
    assert list(iter_images(tmp_path)) == []
    (tmp_path / "properties").touch()
    with pytest.raises(ValueError, match="expected a column with the names of the images"):
        list(iter_images(tmp_path))
    (tmp_path / "dataset" / "Norder=0").mkdir()
    (tmp_path / "dataset" / "Norder=0" / "Npix=0.parquet").write_bytes(b"x")
    with pytest.raises(ValueError, match="the table cannot be read"):
        list(iter_images(tmp_path))


def answers(rows):
    """The function of the guide, for a partition of LSDB."""
    table = rows[["objid", "ra", "dec"]].assign(label="", unusual=0.0)
    if len(rows):
        pictures = [np.asarray(Image.open(io.BytesIO(content))) for content in rows["image"]]
        found = prediction_table(load_pretrained("gz2"), pictures).set_index(rows.index)
        table = table.assign(label=found["label"], unusual=found["unusual"])
    return table


@pytest.mark.filterwarnings("ignore")  # of lsdb and Dask
def test_lsdb(tmp_path):
    lsdb = pytest.importorskip("lsdb")
    images, _ = make_galaxies(6, random_state=0)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"objid": IDS[:6], "ra": rng.uniform(0, 360, 6), "dec": 0.0})
    frame["image"] = [encoded(image) for image in images]
    made = lsdb.from_dataframe(frame, lowest_order=0, partition_rows=4)
    made.write_catalog(tmp_path / "hats", catalog_name="hats", as_collection=False)
    catalog = lsdb.open_catalog(tmp_path / "hats")
    found = catalog.map_partitions(answers).compute().sort_values("objid")
    assert found["objid"].tolist() == IDS[:6] and catalog.npartitions > 1
    expected = prediction_table(load_pretrained("gz2"), images)
    assert found["label"].tolist() == expected["label"].tolist()
    np.testing.assert_allclose(found["unusual"].astype(float), expected["unusual"], atol=1e-5)


def test_real_layouts():
    """Of the Multimodal Universe and of Galaxy10: what is in one file is in the other."""
    folder = real_data("fits/13-containers/galaxy10_like.h5").parent
    hats, mmu = folder / "hats_mmu_legacysurvey_Npix=0.parquet", "mmu_legacysurvey_healpix.hdf5"
    for a, b in (
        (hats / "image", folder / mmu / "image_array"),
        (hats / "rgb", folder / mmu / "image_rgb"),
        (hats / "rgb", folder / "galaxy10_like.h5"),
    ):
        first, second = ([read_image(name) for name in iter_images(source)] for source in (a, b))
        np.testing.assert_array_equal(first, second)
        assert np.shape(first) == (5, 160, 160, 3)
    for source in (hats / "rgb", folder / mmu / "image_rgb"):
        rows = [row[1:] for row in ImageTable(source, keep=["object_id", "ra"])]
        assert rows[0] == ("example_a", 0.0135501496399)
    cutana = [read_image(name) for name in iter_images(folder / "images.zarr")]
    assert np.shape(cutana) == (5, 160, 160, 3) and cutana[0].dtype == np.float32
