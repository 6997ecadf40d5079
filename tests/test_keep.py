"""Columns of a table of images that go along with their scores."""

import datetime
import json
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from galaxy_sklearn import FlattenToTensor, Grayscale, ImageReader, cli
from galaxy_sklearn.images import ImageTable, iter_images
from galaxy_sklearn.images._columns import values_of
from galaxy_sklearn.scoring import _catalogue, score_catalogue

N = 10
IDS = [587722981741363294 + i for i in range(N)]
TEXTS = ["007", "08", "a,b", 'c"d', "e\nf", " 1", "NA", "1e5", "é", "x"]
KEEP = ["objid", "name", "ra", "n"]


def flat(tensor):
    return np.reshape(tensor, (len(tensor), -1))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Ten images, each of one gray."""
    folder = tmp_path_factory.mktemp("images")
    for i in range(N):
        Image.new("L", (4, 4), 20 * i).save(folder / f"{i}.png")
    return [str(folder / f"{i}.png") for i in range(N)]


@pytest.fixture(scope="module")
def model(files):
    pipe = make_pipeline(
        ImageReader(),
        Grayscale(),
        FlattenToTensor(),
        FunctionTransformer(flat),
        LogisticRegression(),
    )
    return pipe.fit(files, np.repeat(["featured", "smooth"], N // 2))


@pytest.fixture
def catalogue(files):
    ra = np.linspace(0.1, 359.9, N)
    ra[3] = np.nan
    n = pd.array([2**63 - 1, None, *range(N - 2)], dtype="Int64")
    return pd.DataFrame({"name": TEXTS, "path": files, "objid": IDS, "ra": ra, "n": n, "mag": 1.5})


def score(model, images, output, **how):
    return score_catalogue(model, images, output, **{"part_size": 4, "verbose": False, **how})


def write(table, path):
    table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path)
    return path


def as_given(kind, table, tmp_path):
    """The catalogue in a form that score_catalogue takes."""
    if kind in ("csv", "parquet"):
        return write(table, tmp_path / f"table.{kind}")
    if kind == "pyarrow":
        return pa.Table.from_pandas(table, preserve_index=False)
    if kind == "polars":
        return pytest.importorskip("polars").from_pandas(table)
    if kind == "astropy":
        astropy = pytest.importorskip("astropy.table")
        given = astropy.Table.from_pandas(table)
        given["spectrum"] = np.zeros((N, 3))  # no place for it in a data frame
        given["path"] = given["path"].astype("S")
        return given
    return table


@pytest.mark.parametrize("kind", ["pandas", "csv", "parquet", "pyarrow", "polars", "astropy"])
@pytest.mark.parametrize("output", ["scores", "scores.csv", "scores.parquet"])
def test_columns_arrive_to_the_last_digit(model, catalogue, tmp_path, kind, output):
    done = score(model, as_given(kind, catalogue, tmp_path), tmp_path / output, keep=KEEP)
    assert done[:3] == (N, 0, N)
    if output.endswith(".csv"):
        found = pd.read_csv(
            tmp_path / output,
            dtype={"name": str, "n": "Int64"},
            na_values=[""],
            keep_default_na=False,
        )
    else:
        found = pd.read_parquet(tmp_path / output, dtype_backend="numpy_nullable")
    assert found.columns.tolist() == [
        "file",
        *KEEP,
        "featured",
        "smooth",
        "label",
        "error",
        "model",
    ]
    assert found["file"].tolist() == catalogue["path"].tolist()
    assert found["objid"].dtype.kind == "i" and found["objid"].tolist() == IDS
    assert found["name"].tolist() == TEXTS
    assert found["n"].equals(catalogue["n"])
    assert found["ra"].isna().tolist() == catalogue["ra"].isna().tolist()
    assert found["ra"].dropna().tolist() == catalogue["ra"].dropna().tolist()
    assert score(model, as_given(kind, catalogue, tmp_path), tmp_path / output, keep=KEEP)[:3] == (
        N,
        0,
        0,
    )


def test_parts_fit_together(model, catalogue, tmp_path):
    """Also if a part alone would be of another type: all null, or all of digits."""
    catalogue["ra"] = [np.nan] * 4 + [1.0, 2.0, 0.5, 3.0, 4.0, 5.0]
    catalogue["name"] = ["1", "2", "3", "4", "01", *"56789"]
    score(model, write(catalogue, tmp_path / "t.csv"), tmp_path / "scores", keep=["ra", "name"])
    schemas = {
        str(pq.read_schema(part).remove_metadata()) for part in (tmp_path / "scores").glob("part-*")
    }
    assert len(schemas) == 1
    found = pd.read_parquet(tmp_path / "scores")
    assert found["name"].tolist() == catalogue["name"].tolist()
    assert found["ra"].equals(catalogue["ra"])


def test_one_line_joins(model, catalogue, tmp_path):
    score(model, catalogue[["path", "objid"]], tmp_path / "scores", keep=["objid"])
    shuffled = catalogue.sample(frac=1, random_state=0)
    joined = shuffled.merge(pd.read_parquet(tmp_path / "scores"), on="objid", validate="1:1")
    assert len(joined) == N and (joined["path"] == joined["file"]).all()


def test_command(model, catalogue, tmp_path, capsys, monkeypatch):
    asked = {}

    def scoring(*args, **how):
        asked.update(how)
        return _catalogue.Scored(N, 0, N, ())

    monkeypatch.setattr("galaxy_sklearn.scoring.score_catalogue", scoring)
    monkeypatch.setattr(cli, "import_tensorflow", lambda: None)
    command = "predict gz2 --images t.csv --output o.csv --keep objid ra --bands g r i"
    assert cli.main(command.split()) == 0
    assert asked["keep"] == ["objid", "ra"] and asked["bands"] == ["g", "r", "i"]


# -------------------------------------------------------------------------- types


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "-9223372036854775808"], [1, -(2**63)]),
        (["18446744073709551615", "", "0"], [2**64 - 1, None, 0]),
        (["18446744073709551615", "-1"], ["18446744073709551615", "-1"]),
        (["18446744073709551616"], ["18446744073709551616"]),
        (["007", "1"], ["007", "1"]),
        (["587722981741363294", "0.5"], ["587722981741363294", "0.5"]),
        (["+1.5", " 2", "nan", "-.5e-3", "1e5"], [1.5, 2.0, None, -0.0005, 1e5]),
        (["-00.5", "1"], ["-00.5", "1"]),
        (["1_000", "0x1"], ["1_000", "0x1"]),
        (["", "None"], [None, None]),
        (["True", "NA"], ["True", "NA"]),
        (["2020-01-01"], ["2020-01-01"]),
    ],
)
def test_what_text_stands_for(tmp_path, cells, values):
    table = pd.DataFrame({"path": "1.jpg", "a": cells})
    table.to_csv(tmp_path / "t.csv", index=False)
    found = [value for _, value in ImageTable(tmp_path / "t.csv", keep=["a"])]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=1))
def test_integers_are_exact(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    table = pd.DataFrame({"path": "1.jpg", "a": pd.array(values, dtype="Int64")})
    table.to_csv(path, index=False)
    for source in (path, table):
        assert [value for _, value in ImageTable(source, keep=["a"])] == values


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1))
def test_text_is_kept(values):
    table = pd.DataFrame({"path": "1.jpg", "a": pd.Series(values, dtype=object)})
    for source in (table, pa.Table.from_pandas(table)):
        assert [value for _, value in ImageTable(source, keep=["a"])] == values


def test_other_types(model, catalogue, tmp_path):
    dates = pd.date_range("2020-01-01", periods=N, unit="ns") + pd.Timedelta(1)
    given = {
        "when": pa.array(dates),
        "day": pa.array([datetime.date(2020, 1, 1)] * N),
        "good": pa.array([True, None] * (N // 2)),
        "kind": pa.array(["E", "S"] * (N // 2)).dictionary_encode(),
        "bytes": pa.array([b"x"] * N),
        "half": pa.array(np.arange(N, dtype=np.float16)),
        "single": pa.array(np.linspace(0, 1, N, dtype=np.float32)),
        "nothing": pa.nulls(N),
    }
    table = pa.table({"path": catalogue["path"], **given})
    for output in ("scores", "scores.csv"):
        assert score(model, table, tmp_path / output, keep=list(given)).n_new == N
        assert score(model, table, tmp_path / output, keep=list(given)).n_new == 0
    found = pq.read_table(tmp_path / "scores")
    for name, column in given.items():
        expected = column.to_pylist()
        expected = [x.decode() if isinstance(x, bytes) else x for x in expected]
        assert found[name].to_pylist() == expected


# ------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (["z"], r"expected a column 'z', found \['name', 'path'"),
        (["ra", "ra"], "keep=.*: 'ra' is there more than once"),
        ("objid", "keep must be a list of names of columns, got 'objid'"),
        ([1], r"keep must be a list of names of columns, got \[1\]"),
        *(
            ([name], f"'{name}' is the name of a column of the output")
            for name in ("file", "smooth", "label", "unusual", "error", "model")
        ),
        (["lists"], "column 'lists': expected numbers, text, .* found list<"),
        (["mixed"], r"column 'mixed': expected values of one type"),
        (["latin"], "column 'latin': expected text, found bytes that are not UTF-8"),
        (["lost"], "column 'lost': .* floats such as 587722981741363328, which have lost"),
    ],
)
def test_refused_before_anything_is_written(model, catalogue, tmp_path, keep, message):
    for name in ("file", "smooth", "label", "unusual", "error", "model"):
        catalogue[name] = 1
    catalogue["lists"] = [[1]] * N
    catalogue["mixed"] = ["a", 1] * (N // 2)
    catalogue["latin"] = [b"caf\xe9"] * N
    catalogue["lost"] = [np.nan, *map(float, IDS[1:])]
    catalogue = catalogue.drop(columns="file").assign(file=catalogue["path"])
    with pytest.raises(ValueError, match=message):
        score(model, catalogue, tmp_path / "scores", keep=keep)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_of_one_name(model, catalogue, tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    doubled = pd.concat([catalogue[["path", "objid"]], catalogue["objid"] + 1], axis=1)
    if suffix == ".csv":
        doubled.to_csv(path, index=False)
    else:
        columns = [pa.array(doubled.iloc[:, i]) for i in range(3)]
        pq.write_table(pa.Table.from_arrays(columns, names=list(doubled)), path)
    for source in (path, doubled):
        with pytest.raises(ValueError, match="expected a column 'objid', found it 2 times"):
            score(model, source, tmp_path / "scores", keep=["objid"])
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_no_table(model, files, tmp_path):
    folder = str(tmp_path)
    for images, found in ((folder, folder), (files, "names of files")):
        with pytest.raises(ValueError, match=r"keep=\['ra'\] are columns of a table.*" + found):
            score(model, images, tmp_path / "scores", keep=["ra"])
    with pytest.raises(FileNotFoundError, match=r"no table '.*no.csv'"):
        score(model, tmp_path / "no.csv", tmp_path / "scores", keep=["ra"])
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------- resuming


@pytest.mark.parametrize("kind", ["pandas", "csv"])
def test_resumed(model, catalogue, tmp_path, kind):
    table = as_given(kind, catalogue, tmp_path)
    score(model, table, tmp_path / "scores", keep=KEEP)
    first = pd.read_parquet(tmp_path / "scores")
    (tmp_path / "scores" / "part-00000001.parquet").unlink()
    assert score(model, table, tmp_path / "scores", keep=KEEP).n_new == 4
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "scores"), first)


@pytest.mark.parametrize("output", ["scores", "scores.csv", "scores.parquet"])
def test_another_run_is_refused(model, catalogue, tmp_path, output):
    output = tmp_path / output
    score(model, catalogue, output, keep=["objid", "name"])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    changed, typed = catalogue.copy(), catalogue.copy()
    changed.loc[8, "objid"] += 1
    typed["name"] = range(N)
    for table, keep, message in (
        (catalogue, ["objid"], r"keep=\['objid', 'name'\], not \['objid'\]"),
        (catalogue, ["name", "objid"], r"not \['name', 'objid'\]"),
        (catalogue, None, r"keep=\['objid', 'name'\], not None"),
        (changed, ["objid", "name"], "other values of the column 'objid' than the table now"),
        (typed, ["objid", "name"], "other values of .*name"),
        (catalogue[::-1], ["objid", "name"], "other images than those listed now"),
    ):
        with pytest.raises(ValueError, match=message):
            score(model, table, output, keep=keep)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_parts_of_another_version(model, catalogue, tmp_path):
    """Those that do not say what they hold."""
    score(model, catalogue, tmp_path / "scores")
    part = tmp_path / "scores" / "part-00000000.parquet"
    table = pq.read_table(part)
    pq.write_table(table.replace_schema_metadata({"images": "1", "errors": "0"}), part)
    with pytest.raises(ValueError, match="part-00000000.parquet holds other images"):
        score(model, catalogue, tmp_path / "scores")


def test_tables_are_streams(model, tmp_path, monkeypatch):
    """No more than a chunk of rows is read ahead of those that are asked for."""
    monkeypatch.setattr("galaxy_sklearn.images._tables.ROWS", 8)
    table = pd.DataFrame({"path": "1.jpg", "objid": range(100)})
    read = []

    def watched(column, kind, where):
        read.append(len(column))
        return values_of(column, kind, where)

    monkeypatch.setattr("galaxy_sklearn.images._tables.values_of", watched)
    for suffix in (".csv", ".parquet"):
        read.clear()
        rows = iter(ImageTable(write(table, tmp_path / f"t{suffix}"), keep=["objid"]))
        assert next(rows) == ("1.jpg", 0)
        assert sum(read) == 8
        rows.close()


def test_work_is_shared_with_the_columns(model, catalogue, tmp_path, monkeypatch):
    """Parts go to other processes as they are."""
    import pickle

    monkeypatch.setattr(
        "galaxy_sklearn.scoring._catalogue.run_in_processes",
        lambda score, parts, **how: map(score, map(pickle.loads, map(pickle.dumps, parts))),
    )
    score(model, catalogue, tmp_path / "scores", keep=["objid"], n_workers=2)
    assert pd.read_parquet(tmp_path / "scores")["objid"].tolist() == IDS


def test_plan_without_keep(model, files, tmp_path):
    score(model, files, tmp_path / "scores")
    assert json.loads((tmp_path / "scores" / "_plan.json").read_text())["keep"] is None


# --------------------------------------------------------------------------- bands


@pytest.fixture
def bands(tmp_path):
    """FITS files of two bands of six galaxies; one is missing."""
    fits = pytest.importorskip("astropy.io.fits")
    table = pd.DataFrame({"objid": IDS[:6]})
    for k, band in enumerate("gr"):
        table[band] = [str(tmp_path / f"{i}_{band}.fits") for i in range(6)]
        for i, file in enumerate(table[band]):
            fits.PrimaryHDU(np.full((4, 4), i + 10 * k + 1, dtype=np.float32)).writeto(file)
    table.loc[5, "r"] = None
    return table


@pytest.mark.parametrize("kind", ["pandas", "csv", "parquet"])
def test_bands_in_columns(bands, tmp_path, kind):
    pipe = make_pipeline(
        ImageReader(), FlattenToTensor(), FunctionTransformer(flat), LogisticRegression()
    )
    names = bands[["g", "r"]].iloc[:5]
    pipe.fit(names, ["a", "b", "a", "b", "a"])
    source = as_given(kind, bands, tmp_path)
    done = score(pipe, source, tmp_path / "scores", keep=["objid"], bands=["g", "r"])
    assert done[:3] == (6, 1, 6)
    found = pd.read_parquet(tmp_path / "scores")
    np.testing.assert_allclose(found[["a", "b"]][:5], pipe.predict_proba(names), rtol=1e-5)
    assert found["file"].tolist()[:5] == [", ".join(row) for row in names.to_numpy()]
    assert found["objid"].tolist() == IDS[:6] and found["error"].isna().tolist() == [True] * 5 + [
        False
    ]
    with pytest.raises(ValueError, match="expected a column 'i', found"):
        score(pipe, source, tmp_path / "other", bands=["g", "i"])
    with pytest.raises(ValueError, match=r"bands=\['g', 'r'\] are columns of a table"):
        score(pipe, list(names["g"]), tmp_path / "other", bands=["g", "r"])


# ---------------------------------------------------------------------------- names


def test_names_of_tables(files, tmp_path):
    """Missing ones are images that cannot be read; a column of Series is no table."""
    table = pd.DataFrame({"path": [files[0], None, files[1]]})
    for source in (table, write(table, tmp_path / "t.csv"), write(table, tmp_path / "t.parquet")):
        assert list(iter_images(source)) == [files[0], "", files[1]]
    assert list(iter_images(pytest.importorskip("polars").Series(files))) == files
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(iter_images(pa.array(files))) == files
