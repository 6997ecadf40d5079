"""Reading tables of several file formats and libraries as pandas data frames."""

import bz2
import codecs
import csv
import gzip
import lzma
import os
import re
import warnings
import zlib
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from galaxy_sklearn._ids import as_array, galaxy_ids, in_words
from galaxy_sklearn.datasets._delimited import read_delimited
from galaxy_sklearn.datasets._numbers import as_numbers

__all__ = ["IDS", "read_table", "rows_with_ids"]

# Columns with the numbers or names of galaxies, which are never read as floats: of Galaxy Zoo 2,
# then of Galaxy Zoo DECaLS, DESI and Hubble, and of the tables of galaxy-datasets.
IDS = (
    *("GalaxyID", "asset_id", "dr7objid", "objid"),
    *("iauname", "dr8_id", "zooniverse_id", "id_str"),
)
OPENERS = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x28\xb5\x2f\xfd": lambda name: pa.input_stream(name, compression="zstd"),
}
DAMAGE = (pa.ArrowException, OSError, EOFError, zlib.error, lzma.LZMAError, csv.Error)
HEAD = 4096
BINARY = {
    "Parquet": rb"PAR1",
    "FITS": rb"SIMPLE  =",
    "VOTable": rb"(?s)(\xef\xbb\xbf)?\s*<.*<?VOTABLE",
}
# Nullable dtypes keep integers exact if some are missing.
INTEGERS = {
    pa.from_numpy_dtype(dtype.numpy_dtype): dtype
    for dtype in (
        *(pd.Int8Dtype(), pd.Int16Dtype(), pd.Int32Dtype(), pd.Int64Dtype()),
        *(pd.UInt8Dtype(), pd.UInt16Dtype(), pd.UInt32Dtype(), pd.UInt64Dtype()),
    )
}


def read_table(source, what, *, select=None, numbers=lambda column: False, dtype=None):
    """Read a table from a file or from an object of another library.

    Parameters
    ----------
    source : str, path-like or table
        A file: CSV (separated by commas, semicolons or tabs, in UTF-8, or UTF-16 with a byte
        order mark), Parquet, or, with astropy installed, FITS or VOTable; compressed or not.
        The format is recognized by the content. Or a data frame or table of pandas, polars,
        pyarrow or astropy.
    what : str
        What the table should hold, for messages: ``"votes"``.
    select : callable, optional
        Takes the names of the columns and the name of the table for messages; returns the names
        of the columns to read. By default all are read.
    numbers : callable, optional
        Takes the name of a column and returns whether it must hold numbers. Missing ones become
        NaN.
    dtype : dtype, optional
        Dtype of these numbers. By default float32 is kept and everything else becomes float64.

    Returns
    -------
    frame : DataFrame
        The columns; the values of those named in `IDS` are exact. Rows are numbered from 0. An
        index named in `IDS` becomes a column, unless there is a column of that name.
    name : str
        Name of the table for messages.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        If the format is unknown, the table is damaged or has no rows, or a value is not a number.
    ImportError
        If a FITS file or VOTable is to be read and astropy is not installed.
    """
    is_file = isinstance(source, (str, os.PathLike))
    name = os.fspath(source) if is_file else f"the table of {what}"
    if is_file:
        with Path(name).open("rb") as file:
            start = file.read(8)
    pick = partial(_pick, select, name)
    with _damage_named(name):
        if is_file:
            frame = _read_file(name, start, what, pick, numbers, dtype)
        else:
            frame = _with_numbers(_to_pandas(source, name, pick), name, numbers, dtype)
    if not len(frame):
        raise ValueError(f"{name}: expected a table of {what}, found one without rows.")
    return frame, name


def rows_with_ids(frame, key, votes, name, *, stacklevel):
    """Drop the rows of a table that have no galaxy's number, with a warning if they have votes.

    Parameters
    ----------
    frame : DataFrame
        A table, as `read_table` returns it.
    key : str
        Column with the galaxies' numbers.
    votes : list of str
        Columns of votes. If a dropped row has values in them, there is a warning.
    name : str
        Name of the table for messages.
    stacklevel : int
        Stack level of the warning, counted from the caller.

    Returns
    -------
    frame : DataFrame
        The remaining rows. The index holds their positions in the table.
    ids : ndarray
        The numbers of their galaxies, see `galaxy_ids`.
    """
    ids = galaxy_ids(frame[key], f"{name}, column {key!r}", keep_missing=True)
    if ids.dtype != object or not pd.isna(ids).any():
        return frame, ids
    missing = pd.isna(ids)
    lost = frame.index[missing & frame[votes].notna().any(axis=1).to_numpy()]
    if len(lost):
        warnings.warn(
            f"{name}: {in_words(lost)} of the table: there are votes, but no number in column "
            f"{key!r}; left out.",
            UserWarning,
            stacklevel=stacklevel + 1,
        )
    return frame[~missing], as_array(ids[~missing].tolist())


def _pick(select, name, columns):
    columns = list(columns)
    chosen = columns if select is None else select(columns, name)
    for column in chosen:
        if columns.count(column) > 1:
            raise ValueError(f"{name}: column {column!r} stands in the table more than once.")
    return chosen


def _read_file(name, start, what, pick, numbers, dtype):
    opener = next((o for magic, o in OPENERS.items() if start.startswith(magic)), None)
    open_file = partial(opener, name) if opener else partial(Path(name).open, "rb")
    with open_file() as file:
        head = file.read(HEAD)
    kind = next((k for k, pattern in BINARY.items() if re.match(pattern, head)), None)
    if kind is None:
        _check_text(head, name, what)
        return read_delimited(open_file, name, pick, IDS, numbers, dtype or np.float64)
    file = name
    if opener:
        with open_file() as unpacked:
            file = BytesIO(unpacked.read())
    if kind == "Parquet":
        with pq.ParquetFile(file) as parquet:
            table = parquet.read(pick(parquet.schema_arrow.names))
        # Of the metadata nothing is needed, and it may be damaged.
        frame = _from_arrow(table.replace_schema_metadata(None))
    else:
        frame = _to_pandas(_read_astropy(file, name, kind), name, pick)
    return _with_numbers(frame, name, numbers, dtype)


@contextmanager
def _damage_named(name):
    try:
        yield
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: the text is not UTF-8 ({error.reason}).") from error
    except DAMAGE as error:
        cause = str(error).partition("\n")[0]
        raise ValueError(f"{name}: the file is damaged or cut short ({cause}).") from error


def _check_text(head, name, what):
    """Raise an error if a file is not a text table."""
    if not head.strip():
        found = "an empty file"
    elif head.startswith(b"PK"):
        found = "an Excel workbook or another ZIP archive"
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    elif re.search(rb"[\x00-\x08\x0e-\x1f]", head):
        found = "binary data"
    elif head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
        found = "HTML or XML"
    else:
        return
    raise ValueError(
        f"{name}: expected a table of {what} (CSV, Parquet, FITS or VOTable), found {found}."
    )


def _read_astropy(file, name, kind):
    try:
        import astropy  # noqa: F401 - to see whether it is installed
    except ImportError:
        raise ImportError(
            f"{name}: reading {kind} tables needs astropy: pip install 'galaxy_sklearn[fits]'"
        ) from None
    with warnings.catch_warnings():
        # Unknown units and keywords do no harm, truncated data does.
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", ".*truncated", UserWarning)
        try:
            table = _first_fits_table(file) if kind == "FITS" else _first_votable(file)
        except Exception as error:  # astropy fails on damaged files in many ways
            cause = str(error).partition("\n")[0]
            raise ValueError(f"{name}: the file is damaged or cut short ({cause}).") from error
    if table is None:
        raise ValueError(f"{name}: expected a table, found a FITS file with images only.")
    return table


def _first_fits_table(file):
    from astropy.io import fits
    from astropy.table import Table

    with fits.open(file) as units:
        for unit in units:
            # Some versions take a compressed image for a table.
            if isinstance(unit, (fits.BinTableHDU, fits.TableHDU)) and not unit.is_image:
                return Table.read(unit)
    return None


def _first_votable(file):
    from astropy.io import votable

    table = votable.parse(file, verify="ignore").get_first_table()
    return table.to_table(use_names_over_ids=True)


# ----------------------------------------------------------------------- tables


def _to_pandas(table, name, pick):
    if hasattr(table, "to_arrow"):  # polars
        table = table.to_arrow()
    if isinstance(table, pa.Table):
        return _from_arrow(table.select(pick(table.column_names)))
    if isinstance(table, pd.DataFrame):
        table = _with_ids(table)
        return table[pick(table.columns)]
    if hasattr(table, "colnames"):  # astropy
        # A data frame cannot hold columns with several values in each row.
        names = [n for n in table.colnames if getattr(table[n], "shape", ()) == (len(table),)]
        return pd.DataFrame({column: _from_astropy(table[column]) for column in pick(names)})
    raise ValueError(
        f"{name}: expected a file name or a table of pandas, polars, pyarrow or astropy, got "
        f"{type(table).__name__}."
    )


def _from_astropy(column):
    # In some versions Table.to_pandas converts masked integers to floats.
    values = np.asarray(column)
    mask = np.zeros(values.shape, dtype=bool) | getattr(column, "mask", False)
    values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if not mask.any():
        return values
    if values.dtype.kind in "iu":
        return pd.arrays.IntegerArray(values, mask)
    if values.dtype.kind == "f":
        return np.where(mask, values.dtype.type(np.nan), values)
    return np.where(mask, None, values.astype(object))


def _from_arrow(table):
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            values = table.column(i).cast(field.type.value_type)
            table = table.set_column(i, field.name, values)
    return table.to_pandas(types_mapper=INTEGERS.get, ignore_metadata=True)


def _with_ids(frame):
    levels = [level for level in frame.index.names if level in IDS and level not in frame.columns]
    if levels:
        frame = frame.reset_index(level=levels)
    return frame.reset_index(drop=True)


def _with_numbers(frame, name, numbers, dtype):
    columns = {
        column: as_numbers(frame[column], name, dtype) if numbers(column) else frame[column]
        for column in frame.columns
    }
    return pd.DataFrame(columns, index=frame.index)
