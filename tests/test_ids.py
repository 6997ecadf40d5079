"""One spelling of a galaxy, whatever holds it."""

from datetime import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from astropy.table import Column, MaskedColumn
from hypothesis import given, settings
from hypothesis import strategies as st

from galaxy_sklearn._ids import galaxy_ids, in_words
from galaxy_sklearn.datasets import split_galaxies

LONG = 587722981741363294  # a float would make 587722981741363328 of it

EXACT = {
    "list": [LONG, 12],
    "text": [f" {LONG}", "00012"],
    "bytes": [b"%d " % LONG, b"012"],
    "mixed": [np.int64(LONG), "12.0"],
    "decimal": [Decimal(LONG), Decimal("12.00")],
    "int64": np.array([LONG, 12]),
    "big-endian": np.array([LONG, 12], dtype=">i8"),
    "uint64": np.array([LONG, 12], dtype="uint64"),
    "unicode": np.array([str(LONG), "12 "]),
    "byte strings": np.array([b"%d" % LONG, b"0012"]),
    "Series": pd.Series([LONG, 12]),
    "Int64": pd.Series([LONG, 12], dtype="Int64"),
    "Arrow-backed": pd.Series([LONG, 12], dtype=pd.ArrowDtype(pa.int64())),
    "text Series": pd.Series([str(LONG), "12"]),
    "objects": pd.Series([LONG, "12"], dtype=object),
    "categorical": pd.Series([LONG, 12], dtype="category"),
    "text categorical": pd.Series([f"{LONG} ", "012"], dtype="category"),
    "Index": pd.Index([LONG, 12]),
    "polars": pl.Series([LONG, 12]),
    "polars text": pl.Series([str(LONG), "12"]),
    "polars categorical": pl.Series([str(LONG), "12"], dtype=pl.Categorical),
    "pyarrow": pa.array([LONG, 12]),
    "pyarrow chunks": pa.chunked_array([[LONG], [12]]),
    "pyarrow decimal": pa.array([Decimal(LONG), Decimal(12)], pa.decimal128(30, 0)),
    "astropy": Column([LONG, 12]),
    "astropy bytes": Column([b"%d" % LONG, b"12"]),
}

WITH_MISSING = {
    "None": [LONG, None],
    "NaN": [LONG, float("nan")],
    "NA": [LONG, pd.NA],
    "NaT": [LONG, pd.NaT],
    "blank": [str(LONG), "  "],
    "empty bytes": [LONG, b""],
    "text of NaN": [str(LONG), "nan"],
    "decimal": [Decimal(LONG), Decimal("NaN")],
    "Int64": pd.Series([LONG, None], dtype="Int64"),
    "Arrow-backed": pd.Series([LONG, None], dtype=pd.ArrowDtype(pa.int64())),
    "text Series": pd.Series([str(LONG), None]),
    "categorical": pd.Series(pd.Categorical([LONG, None])),
    "objects": pd.Series([LONG, np.nan], dtype=object),
    "polars": pl.Series([LONG, None]),
    "pyarrow": pa.array([LONG, None]),
    "masked": np.ma.array([LONG, LONG], mask=[False, True]),
    "astropy": MaskedColumn([LONG, LONG], mask=[False, True]),
}


@pytest.mark.parametrize("values", EXACT.values(), ids=EXACT.keys())
def test_every_container_is_exact(values):
    found = galaxy_ids(values, "galaxies")
    assert found.dtype == np.int64
    assert found.tolist() == [LONG, 12]
    np.testing.assert_array_equal(split_galaxies(values), split_galaxies([LONG, 12]))


@pytest.mark.parametrize("values", WITH_MISSING.values(), ids=WITH_MISSING.keys())
def test_missing_numbers_leave_the_others_exact(values):
    assert galaxy_ids(values, "galaxies", keep_missing=True).tolist() == [LONG, None]
    with pytest.raises(ValueError, match="galaxies: the number of the galaxy is missing in row 1"):
        split_galaxies(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2**70, -1], [2**70, -1]),
        (np.array([2**63 + 1], dtype="uint64"), [2**63 + 1]),
        (["J1234+05 ", "12e4", "7a", "1_0", "+5"], ["J1234+05", "12e4", "7a", "1_0", "+5"]),
        (["-0012", -12], [-12, -12]),
        (["１２"], ["１２"]),  # noqa: RUF001 - digits, but not ASCII's
        (["é".encode(), "é"], ["é", "é"]),
        ([3.0, np.float32(5), "1.5e3", "2E+02", "4,0"], [3, 5, 1500, 200, 4]),
        (np.array([2.0**53 - 1, -7]), [2**53 - 1, -7]),
        (np.array([2**24 - 1], dtype="float32"), [2**24 - 1]),
        ([], []),
    ],
)
def test_numbers_and_names(values, expected):
    assert galaxy_ids(values, "galaxies").tolist() == expected


LOST = r"above 2\*\*{} lose their last digits as floats; read the column as int64 or text"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, float(LONG)], r"row 1: expected .* found 5\.877229817413633e\+17: numbers " + LOST),
        (np.array([2.0**53]), "row 0: .* found 9007199254740992.0: numbers " + LOST),
        (np.array([2**24], dtype="float32"), LOST.replace("{}", "24")),
        (pa.array([1.0, 2**24], pa.float32()), "row 1: .*" + LOST.replace("{}", "24")),
        (pd.array([2**24], dtype="Float32"), LOST.replace("{}", "24")),
        ([np.float32(2**24)], LOST.replace("{}", "24")),
        (["1", "5.877229817413633e+17"], r"row 1: .* '5\.877229817413633e\+17': numbers " + LOST),
        (["5,87723E+17"], r"found '5,87723E\+17': numbers " + LOST),
        (["1.23457E+11"], r"found '1.23457E\+11': its last digits are lost"),
        ([f"{LONG}.0"], LOST),
        ([1.5], "found 1.5: it is not a whole number"),
        (["1.5"], "found '1.5': it is not a whole number"),
        ([np.inf], "found inf: it is not a whole number"),
        ([Decimal("1.5")], "found 1.5: it is not a whole number"),
        ([1, True], "row 1: .* found True: a bool is neither an integer nor text"),
        (np.array([True]), "found True: a bool is neither"),
        ([datetime(2020, 1, 1)], "a datetime is neither an integer nor text"),
        (pd.Series(pd.to_datetime(["2020-01-01"])), "row 0: .* is neither an integer nor text"),
        (np.array([1j]), "a complex is neither an integer nor text"),
        ([[1]], r"found \[1\]: a list is neither an integer nor text"),
        ([b"\xff"], r"found b'\\xff': the bytes are not UTF-8"),
        (["line\nbreak\n", 1.5], "row 1"),
        ("123", "expected a column of numbers or names, got '123'"),
        (np.array([[1]]), r"expected one number or name for each row, got shape \(1, 1\)"),
        (pd.DataFrame({"id": [1]}), r"got shape \(1, 1\)"),
    ],
)
def test_what_is_no_number_is_refused_with_the_cause(values, message):
    with pytest.raises(ValueError, match="^galaxies.*" + message.replace("{}", "53")):
        split_galaxies(values)


def test_spelling_does_not_matter_to_the_split():
    plain = np.arange(200)
    for spelled in (
        plain.astype(float),
        plain.astype("float32"),
        [f" {i:05d}" for i in plain],
        [f"{i}.0".encode() for i in plain],
        pd.Series(plain, dtype="Int32"),
        pl.Series(plain).cast(pl.Float64),
    ):
        np.testing.assert_array_equal(split_galaxies(spelled), split_galaxies(plain))
    assert (split_galaxies(plain) == "test").sum() > 20


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-(2**70), 2**70), min_size=1, max_size=8), st.data())
def test_one_spelling(numbers, data):
    spell = [
        lambda i: i,
        str,
        lambda i: f"\t{i} ",
        lambda i: str(i).encode(),
        lambda i: f"{'-' * (i < 0)}000{abs(i)}",
        Decimal,
        lambda i: np.int64(i) if abs(i) < 2**63 else i,
        lambda i: float(i) if abs(i) < 2**53 else i,
        lambda i: f"{i}.0" if abs(i) < 2**53 else i,
    ]
    spelled = [data.draw(st.sampled_from(spell))(i) for i in numbers]
    assert galaxy_ids(spelled, "galaxies").tolist() == numbers
    np.testing.assert_array_equal(split_galaxies(spelled), split_galaxies(numbers))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=6), max_size=5))
def test_spelling_again_changes_nothing(names):
    try:
        once = galaxy_ids(names, "galaxies", keep_missing=True)
    except ValueError as error:
        assert "it is not a whole number" in str(error)
    else:
        assert galaxy_ids(once, "galaxies", keep_missing=True).tolist() == once.tolist()


def test_rows_in_words():
    assert in_words([3]) == "row 3"
    assert in_words([3, 5, 8]) == "rows 3, 5, 8"
    assert in_words(range(10)) == "rows 0, 1, 2 and 7 more"


@pytest.mark.parametrize(
    "classes",
    [
        ["a", None, "b"],
        ["a", np.nan, "b"],
        pd.Series([1, None, 2], dtype="Int64"),
        pd.Series(["a", None, "b"], dtype="category"),
        pl.Series([1, None, 2]),
        np.ma.array([1, 1, 2], mask=[False, True, False]),
    ],
)
def test_missing_classes_are_refused(classes):
    with pytest.raises(ValueError, match="stratify: the class is missing in row 1"):
        split_galaxies([1, 2, 3], stratify=classes)


def test_as_many_classes_as_rows():
    with pytest.raises(ValueError, match=r"a class for each of the 3 rows, got shape \(2,\)"):
        split_galaxies([1, 2, 3], stratify=["a", "b"])
