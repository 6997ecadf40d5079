"""Tables of images: their names, and columns to be kept beside the answers, as a stream."""

import os
import warnings
import zlib
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from galaxy_sklearn.images._arrays import ARRAYS, arrays_in, open_arrays, rows_of
from galaxy_sklearn.images._band_files import BandFiles
from galaxy_sklearn.images._columns import (
    TEXT,
    as_arrow,
    check_digits,
    from_text,
    kept_type,
    types_of_text,
    values_of,
)
from galaxy_sklearn.images._rows import is_image_column, split_place

DAMAGE = (
    *(EOFError, OSError, UnicodeError, zlib.error, pa.ArrowException),
    *(pd.errors.EmptyDataError, pd.errors.ParserError, pd.errors.ParserWarning),
)
TABLES = (".csv", ".csv.gz", ".parquet")
# That of the names of the images.
COLUMNS = ("path", "file", "file_loc")
ROWS = 65536
# What pyarrow, astropy, and pandas and polars call the names of the columns of a table.
NAMES = ("column_names", "colnames", "columns")


class ImageTable:
    """The rows of a table of images, read as a stream, as often as they are iterated over.

    Each row is a tuple: the name of the image, and the values of the columns that are kept, with
    None for what is missing.

    Parameters
    ----------
    source : str, path-like, DataFrame or table
        A CSV or Parquet file with names of images; a Parquet, HDF5 or Zarr file that holds the
        images, with the name of their column if there are several (``"t.parquet/image"``); or a
        table of pandas, polars, pyarrow or astropy.
    keep : list of str, default=()
        The columns to keep. The table is read once to check them, and to see what the text of a
        CSV file stands for.
    bands : list of str, optional
        The columns with the names of the files of each band. By default one column, ``path``,
        ``file`` or ``file_loc``, holds the name of the image.

    Attributes
    ----------
    schema : pyarrow.Schema
        Names and types of the kept columns.

    Raises
    ------
    ValueError
        If the source is no table, or is damaged; if a column is missing, stands in the table more
        than once, or cannot be kept. The message names it.

    Examples
    --------
    >>> import pandas as pd
    >>> from galaxy_sklearn.images import ImageTable
    >>> frame = pd.DataFrame({"path": ["1.jpg", "2.jpg"], "objid": [587722981741363294, 7]})
    >>> list(ImageTable(frame, keep=["objid"]))
    [('1.jpg', 587722981741363294), ('2.jpg', 7)]
    """

    def __init__(self, source, keep=(), bands=None):
        self._table = _opened(source)
        self._files, self._holder = _sources(self._table, bands)
        self._keep = list(keep)
        for column in (*self._files, *self._keep):
            n_times = self._table.columns.count(column)
            if n_times != 1:
                found = f"found it {n_times} times" if n_times else f"found {self._table.columns}"
                raise ValueError(f"{self._table.name}: expected a column {column!r}, {found}.")
        kept_types = self._kept_types() if self._keep else []
        self.schema = pa.schema(list(zip(self._keep, kept_types, strict=True)))

    def __iter__(self):
        n_files = len(self._files)
        if not n_files:
            place = "/".join(filter(None, (self._table.name, self._holder)))
            held = (f"{place}/{row}" for row in range(self._table.n_rows))
            if not self._keep:
                yield from zip(held, strict=True)
                return
        for chunk in self._chunks([*self._files, *self._keep]):
            kept = [
                values_of(self._as_arrow(column, where), kind, where)
                for column, kind, where in zip(
                    chunk[n_files:], self.schema.types, self._places, strict=True
                )
            ]
            images = _images(chunk[:n_files]) if n_files else islice(held, len(kept[0]))
            yield from zip(images, *kept, strict=True)

    @property
    def _places(self):
        return [f"{self._table.name}, column {name!r}" for name in self._keep]

    def _as_arrow(self, column, where):
        return from_text(column) if self._table.is_text else as_arrow(column, where)

    def _kept_types(self):
        """Return the types of the kept columns, of which all values can be kept."""
        possible = [[TEXT] for _ in self._keep]  # without rows there is nothing to keep
        for n, chunk in enumerate(self._chunks(self._keep)):
            for i, (column, where) in enumerate(zip(chunk, self._places, strict=True)):
                column = self._as_arrow(column, where)
                if self._table.is_text:
                    possible[i] = types_of_text(column, among=possible[i] if n else None)
                else:
                    possible[i] = [kept_type(column.type, where)]
                check_digits(column, possible[i][0], where)
        return [kinds[0] for kinds in possible]

    def _chunks(self, columns):
        with _damage_named(self._table.name):
            yield from self._table.chunks(columns)


def is_table(source):
    """Tell whether a source of images is a table, or the name of one.

    Parameters
    ----------
    source : object
        What `iter_images` takes.

    Returns
    -------
    bool
        True for tables of pandas, polars, pyarrow and astropy, and names of CSV, Parquet,
        HDF5 and Zarr files and of columns in them.

    Examples
    --------
    >>> from galaxy_sklearn.images import is_table
    >>> is_table("cutouts.csv"), is_table("cutouts/"), is_table(["1.jpg"])
    (True, False, False)
    """
    if isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        is_file = name.lower().endswith((*TABLES, *ARRAYS)) and not Path(name).is_dir()
        return is_file or split_place(name) is not None
    return any(hasattr(source, names) for names in NAMES)


def _opened(source):
    if not isinstance(source, (str, os.PathLike)):
        return _Frame(source)
    name = os.fspath(source)
    name, column = split_place(name) or (name, "")
    if not Path(name).exists():
        raise FileNotFoundError(f"There is no table {name!r}.")
    with _damage_named(name):
        if name.lower().endswith(ARRAYS):
            return _Arrays(name, column)
        return _Parquet(name, column) if name.lower().endswith(".parquet") else _Text(name)


@contextmanager
def _damage_named(name):
    try:
        yield
    except DAMAGE as error:
        cause = str(error).partition("\n")[0]
        raise ValueError(f"{name}: the table cannot be read ({cause}).") from error


def _sources(table, bands):
    """Return the columns with names of files, or else the column that holds the images."""
    if bands is not None:
        return list(bands), None
    named = next((column for column in COLUMNS if column in table.columns), None)
    if named is not None and not table.chosen:
        return [named], None
    holding = [column for column in table.holding if table.chosen in ("", column)]
    if len(holding) == 1:
        return [], holding[0]
    if holding:
        raise ValueError(
            f"{table.name}: expected a choice of one of the columns of images {holding}, such as "
            f"'{table.name}/{holding[0]}'."
        )
    if table.chosen:
        raise ValueError(
            f"{table.name}: expected images in the column {table.chosen!r}, found them in "
            f"{table.holding}."
        )
    raise ValueError(
        f"{table.name}: expected a column with the names of the images, one of {COLUMNS}; found "
        f"{table.columns[:5]} ..."
    )


def _images(columns):
    """Return the names of images; `BandFiles` if there are several files for each."""
    files = [[_name(file) for file in _as_list(column)] for column in columns]
    return files[0] if len(files) == 1 else map(BandFiles, zip(*files, strict=True))


def _name(file):
    # An empty cell is an image that cannot be read, as other bad ones.
    missing = file is None or file is pd.NA or file != file
    return "" if missing else os.fsdecode(file)


def _as_list(column):
    # Not by pyarrow, for objects of pandas: a `PackedImage` is more than its text.
    return list(column) if isinstance(column, pd.Series) else column.to_pylist()


class _Frame:
    """A table in memory."""

    name, chosen, holding = "the data frame", "", ()
    is_text = False

    def __init__(self, source):
        if hasattr(source, "to_arrow"):  # polars, whose integers pandas would make floats
            source = source.to_arrow()
        elif not isinstance(source, (pd.DataFrame, pa.Table)) and not hasattr(source, "colnames"):
            source = source.to_pandas()
        self._source = source
        self.columns = list(next(getattr(source, n) for n in NAMES if hasattr(source, n)))

    def chunks(self, columns):
        frame = self._source
        if hasattr(frame, "colnames"):  # of several dimensions, for which pandas has no place
            frame = frame[columns].to_pandas()
        yield [frame[column] for column in columns]


class _Parquet:
    """A Parquet file."""

    is_text = False

    def __init__(self, name, chosen):
        self.name, self.chosen = name, chosen
        found = pq.read_metadata(name)
        schema = found.schema.to_arrow_schema()
        self.n_rows, self.columns = found.num_rows, schema.names
        self.holding = [field.name for field in schema if is_image_column(field.type)]

    def chunks(self, columns):
        with pq.ParquetFile(self.name) as table:
            for batch in table.iter_batches(ROWS, columns=columns):
                yield [batch.column(column) for column in columns]


class _Arrays:
    """An HDF5 file or a Zarr store: arrays of images, and others with a value for each of them."""

    is_text = False

    def __init__(self, name, chosen):
        self.name, self.chosen = name, chosen
        with open_arrays(name) as root:
            shapes = {place: array.shape for place, array in arrays_in(root).items()}
        self.holding = [place for place, shape in shapes.items() if len(shape) in (3, 4)]
        images = chosen if chosen in self.holding else next(iter(self.holding), None)
        self.n_rows = 0 if images is None else shapes[images][0]
        self.columns = [place for place, shape in shapes.items() if shape == (self.n_rows,)]

    def chunks(self, columns):
        with open_arrays(self.name) as root:
            for start in range(0, self.n_rows, ROWS):
                yield [rows_of(root, column, slice(start, start + ROWS)) for column in columns]


class _Text:
    """A CSV file; its cells are text until all of them are known."""

    is_text = True
    chosen, holding = "", ()

    def __init__(self, name):
        self.name = name
        self._read = partial(pd.read_csv, name, dtype=str, keep_default_na=False, index_col=False)
        # As a row: pandas gives columns of one name other names.
        self.columns = self._read(header=None, nrows=1).iloc[0].tolist()

    def chunks(self, columns):
        positions = [self.columns.index(column) for column in columns]
        with warnings.catch_warnings():
            # Without `usecols`, which would let rows with too many fields pass, and shift them.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            with self._read(chunksize=ROWS) as reader:
                for rows in reader:
                    yield [rows.iloc[:, position] for position in positions]
