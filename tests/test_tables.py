"""Tables of any make, and what is said of those that are none."""

import bz2
import gzip
import io
import lzma
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table

from galaxy_sklearn.datasets._tables import read_table, rows_with_ids

LONG = 587722981741363294  # a float would make 587722981741363328 of it
FRAME = pd.DataFrame(
    {
        "objid": pd.array([LONG, LONG + 29, None], dtype="Int64"),
        "kind": ["é", "b", None],
        "p": [0.25, 1.0, np.nan],
        "q": np.array([0.5, np.nan, 0.125]),
    }
)
NUMBERS = {"p", "q"}.__contains__


def text(separator=",", **kwargs):
    return FRAME.to_csv(index=False, sep=separator, **kwargs)


def parquet(frame=FRAME, **kwargs):
    file = io.BytesIO()
    frame.to_parquet(file, **kwargs)
    return file.getvalue()


def astropy_table():
    return Table(
        {
            "objid": np.ma.array([LONG, LONG + 29, 7], mask=[False, False, True]),
            "kind": np.array(["é", "b", ""]),
            "vector": np.ones((3, 2)),
            "p": np.array([0.25, 1, np.nan], dtype="f8"),
            "q": np.ma.array([0.5, 7, 0.125], mask=[False, True, False]),
        }
    )


def fits_bytes(*, plus=False):
    table = astropy_table()
    table["kind"] = np.array([b"e", b"b", b""])
    unit = fits.table_to_hdu(table)
    first = fits.PrimaryHDU(np.zeros(1359, dtype="uint8") if plus else None)
    file = io.BytesIO()
    fits.HDUList([first, unit]).writeto(file)
    return file.getvalue()


def votable_bytes():
    file = io.BytesIO()
    astropy_table().write(file, format="votable")
    return file.getvalue()


FILES = {
    "votes.csv": text().encode(),
    "votes.semicolons": text(";").encode(),
    "votes.decimal_commas": text(";", decimal=",").encode(),
    "votes.tabs": text("\t").encode(),
    "votes.decimal_commas.tsv": text("\t", decimal=",").encode(),
    "votes.bom": text().encode("utf-8-sig"),
    "votes.utf16": text().encode("utf-16"),
    "votes.utf16.be": b"\xfe\xff" + text(";").encode("utf-16-be"),
    "votes.crlf": text().replace("\n", "\r\n").encode(),
    "votes.quoted": text(quoting=1).encode(),
    "votes.blanks": text().replace(",", " , ").encode(),
    "votes.empty_lines": ("\n" + text().replace("\n", "\n\n")).encode(),
    "votes.csv.gz": gzip.compress(text().encode()),
    "votes.named.csv": gzip.compress(text().encode()),
    "votes.csv.bz2": bz2.compress(text().encode()),
    "votes.csv.xz": lzma.compress(text().encode()),
    "votes.csv.zst": pa.compress(text().encode(), codec="zstd", asbytes=True),
    "votes.PARQUET": parquet(),
    "votes.pq": parquet(FRAME.set_index("objid")),
    "parquet.csv": parquet(FRAME.astype({"kind": "category"})),
    "votes.parquet.gz": gzip.compress(parquet()),
    "votes.fits": fits_bytes(),
    "votes.fits-plus": fits_bytes(plus=True),
    "votes.fits.gz": gzip.compress(fits_bytes()),
    "votes.vot": votable_bytes(),
    "votes.xml.gz": gzip.compress(votable_bytes()),
}

TABLES = {
    "pandas": FRAME,
    "pandas objects": FRAME.astype(object),
    "Arrow-backed": FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "an index of numbers": FRAME.set_index("objid"),
    "numbers twice": FRAME.set_index("objid", drop=False),
    "other index": FRAME.set_index(np.array([7, 7, 8])),
    "two levels": FRAME.set_index(["objid", pd.Index([1, 2, 3], name="n")]),
    "categories": FRAME.astype({"p": "category"}),
    "text": FRAME.assign(p=["0.25", " 1 ", ""]),
    "polars": pl.from_arrow(pa.Table.from_pandas(FRAME)),
    "pyarrow": pa.Table.from_pandas(FRAME),
    "astropy": astropy_table(),
}


def select(columns, name):
    assert {"objid", "kind", "p", "q"} <= set(columns)
    return ["objid", "p", "q"]


def check(frame):
    assert frame.columns.tolist() == ["objid", "p", "q"]
    frame, ids = rows_with_ids(frame, "objid", ["p"], "table", stacklevel=1)
    assert frame.index.tolist() == [0, 1]
    assert ids.tolist() == [LONG, LONG + 29] and ids.dtype == np.int64
    assert frame[["p", "q"]].dtypes.tolist() == [np.float64, np.float64]
    np.testing.assert_array_equal(frame[["p", "q"]], [[0.25, 0.5], [1, np.nan]])


@pytest.mark.parametrize("name", FILES)
def test_files(name, tmp_path):
    (tmp_path / name).write_bytes(FILES[name])
    frame, found = read_table(tmp_path / name, "votes", select=select, numbers=NUMBERS)
    assert found == str(tmp_path / name)
    check(frame)


@pytest.mark.parametrize("name", TABLES)
def test_tables(name):
    frame, found = read_table(TABLES[name], "votes", select=select, numbers=NUMBERS)
    assert found == "the table of votes"
    check(frame)


def test_all_columns(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text(
        f"n,id number,flag,objid,p,when,part\n1,{LONG},,00123,0.1,1.5,a\n2,,7,{LONG},0.2,,b\n",
        encoding="utf-8",
    )
    frame, _ = read_table(path, "votes", numbers={"p"}.__contains__, dtype=np.float32)
    assert frame.columns.tolist() == ["n", "id number", "flag", "objid", "p", "when", "part"]
    assert frame["n"].tolist() == [1, 2] and frame["n"].dtype == np.int64
    assert frame["id number"].tolist() == [LONG, pd.NA]  # exact, beside a missing one
    assert frame["objid"].tolist() == ["00123", str(LONG)]
    assert frame["p"].dtype == np.float32
    assert frame["when"].dtype == np.float64
    assert frame["part"].tolist() == ["a", "b"]


def test_words_for_a_missing_number(tmp_path):
    (tmp_path / "votes.csv").write_text("objid,p\n1,\n2,NA\n3, NaN \nNone,None\n5,+.5\n")
    frame, _ = read_table(tmp_path / "votes.csv", "votes", numbers=NUMBERS)
    np.testing.assert_array_equal(frame["p"], [np.nan] * 4 + [0.5])
    assert frame["objid"].isna().tolist() == [False, False, False, True, False]


def test_single_precision_stays():
    frame = FRAME.astype({"p": "float32"})
    for table in (frame, pa.Table.from_pandas(frame), frame.astype({"p": "Float32"})):
        found, _ = read_table(table, "votes", numbers=NUMBERS)
        assert found[["p", "q"]].dtypes.tolist() == [np.float32, np.float64]


def test_many_rows(tmp_path):
    """Batches are put together in order."""
    n = 60_000
    frame = pd.DataFrame({"objid": LONG + np.arange(n), "p": np.arange(n) / n, "kind": "x" * 60})
    frame.to_csv(tmp_path / "votes.csv.gz", index=False)
    found, _ = read_table(tmp_path / "votes.csv.gz", "votes", numbers=NUMBERS)
    np.testing.assert_array_equal(found["p"], frame["p"])
    assert found["objid"].tolist() == frame["objid"].astype(str).tolist()
    frame["p"] = frame["p"].astype(object)
    frame.loc[n - 2, "p"] = "many"
    frame.to_csv(tmp_path / "votes.csv.gz", index=False)
    with pytest.raises(ValueError, match=f"row {n - 2}, column 'p': .* found 'many'"):
        read_table(tmp_path / "votes.csv.gz", "votes", numbers=NUMBERS)


# --------------------------------------------------------------------- refusals


def no_table():
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.ones((4, 4)))]).writeto(file)
    return file.getvalue()


LINES = text().splitlines(keepends=True)
LATIN = text().encode("latin-1")
NOISE = np.random.default_rng(0).bytes(5000)

REFUSED = {
    "empty": (b"", "expected a table of votes .*, found an empty file"),
    "blank": (b" \n\n", "found an empty file"),
    "header": (LINES[0].encode(), "expected a table of votes, found one without rows"),
    "short.csv.gz": (gzip.compress(text().encode() * 50)[:-12], "damaged or cut short"),
    "short.xz": (lzma.compress(text().encode())[:-12], "damaged or cut short"),
    "short.bz2": (bz2.compress(text().encode())[:-12], "damaged or cut short"),
    "short.zst": (
        pa.compress(text().encode(), codec="zstd", asbytes=True)[:-8],
        "damaged or cut short",
    ),
    "bad.gz": (b"\x1f\x8b" + NOISE, "damaged or cut short"),
    "short.parquet": (parquet()[:-30], "damaged or cut short"),
    "short.fits": (fits_bytes()[:-2880], "damaged or cut short"),
    "short.vot": (votable_bytes()[:900], "damaged or cut short"),
    "image.fits": (no_table(), "expected a table, found a FITS file with images only"),
    "page.csv": (b"<!DOCTYPE html>\n<html><body>404</body></html>", "found HTML or XML"),
    "book.xlsx": (b"PK\x03\x04" + NOISE, "found an Excel workbook or another ZIP archive"),
    "noise": (b"\x01" + NOISE, "found binary data"),
    "noise.csv": ("".join([LINES[0], *LINES[1:2] * 300]).encode() + NOISE, "cut short|not UTF-8"),
    "latin.csv": (LATIN, "the text is not UTF-8"),
    "utf16.csv": (text().encode("utf-16-le"), "found binary data"),
    "bom.csv": (b"\xff\xfe", "damaged|without rows|not UTF-8"),
    "quote.csv": (
        (LINES[0] + '"' + "".join(LINES[1:])).encode(),
        "row 0: expected as many fields as in the header",
    ),
    "twice.csv": (b"objid,p,p\n1,0,0\n", "column 'p' stands in the table more than once"),
    "word.csv": (
        text().replace("1.0", "one").encode(),
        "row 1, column 'p': expected a number, found 'one'",
    ),
    "underscore.csv": (text().replace("1.0", "1_0").encode(), "expected a number, found '1_0'"),
    "comma.csv": (
        text(decimal=",", quoting=1).encode(),
        "row 0, column 'p': expected a number, found '0,25'",
    ),
    "thousands.csv": (
        text(";").replace("1.0", "1.000,5").encode(),
        r"expected a number, found '1\.000,5'",
    ),
    "commas.csv": (
        text(decimal=",", quoting=3, escapechar="\\").replace("\\", "").encode(),
        "row 0: expected as many fields as in the header, 4, found 6; are there decimal commas",
    ),
    "line.csv": (
        text().encode()[:-12],
        "row 1: .* header, 4, found 3; was the file cut",
    ),
    "cat.csv": (text().encode() * 2, "row 3: found the header again; are these two tables"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_are_one_line_that_names_the_file(name, tmp_path):
    content, message = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"(?s)^{tmp_path / name}.*({message})") as caught:
        read_table(tmp_path / name, "votes", numbers=NUMBERS)
    assert type(caught.value) is ValueError
    assert "\n" not in str(caught.value)


def test_neither_folder_nor_nothing_is_a_table(tmp_path):
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        read_table(tmp_path, "votes")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_table(tmp_path / "nowhere", "votes")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (FRAME.assign(p=["a", 1, 2]), "row 0, column 'p': expected a number, found 'a'"),
        (FRAME.assign(p=[1, True, 2]).astype(object), "row 1, column 'p': .* found True"),
        (FRAME.assign(p=[True, False, True]), "row 0, column 'p': .* found True"),
        (FRAME.assign(p=[1j, 0, 0]), "row 0, column 'p': .* found 1j"),
        (FRAME.assign(p=pd.to_datetime(["2020", "2021", None])), "column 'p': .* found 2020-01-01"),
        (pl.DataFrame({"objid": [1, 2], "p": ["0.5", "x"]}), "row 1, column 'p': .* found 'x'"),
        (FRAME[["p", "p"]], "column 'p' stands in the table more than once"),
        (FRAME[:0], "expected a table of votes, found one without rows"),
        ({"p": [1]}, "expected a file name or a table of pandas, .* got dict"),
        (None, "got NoneType"),
    ],
)
def test_tables_with_faults(table, message):
    with pytest.raises(ValueError, match=f"^the table of votes.*{message}"):
        read_table(table, "votes", numbers=NUMBERS)


def test_without_astropy(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "astropy", None)
    (tmp_path / "votes.fits").write_bytes(FILES["votes.fits"])
    with pytest.raises(ImportError, match=r"votes\.fits: .* pip install 'galaxy_sklearn\[fits\]'"):
        read_table(tmp_path / "votes.fits", "votes")


# ------------------------------------------------------------------ missing rows


def test_rows_without_numbers(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("objid,p\n5,0.5\n,,\n,\n\n  \n,0.25\n7,\n", encoding="utf-8")
    frame, name = read_table(path, "votes", numbers=NUMBERS)
    with pytest.warns(UserWarning, match=r"votes\.csv: row 2 of the table: .* no number in column"):
        frame, ids = rows_with_ids(frame, "objid", ["p"], name, stacklevel=1)
    assert ids.tolist() == [5, 7]
    assert frame.index.tolist() == [0, 3]


# ------------------------------------------------------------------------- real


def test_real_tables(catalogue):
    tables = catalogue.parents[1] / "fits" / "14-tables"
    frame, _ = read_table(tables / "hoyle_barlengths.fits", "bars")
    assert len(frame) == 3150 and frame["objid"][0] == 587722981747982465
    names = [f"star_cat_correct.{kind}" for kind in ("fits", "pq", "votable")]
    first, *others = (read_table(tables / name, "stars")[0] for name in names)
    for other in others:
        assert other.columns.tolist() == first.columns.tolist()
        assert other["parent_id"].tolist() == first["parent_id"].tolist()
    frame, _ = read_table(catalogue, "votes")
    assert frame.shape == (19761, 228)
