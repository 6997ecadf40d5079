"""Names of images, one after the other, from wherever they are listed."""

import os
import tarfile
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd

from galaxy_sklearn.datasets._galaxy_zoo import SUFFIXES
from galaxy_sklearn.transformers._packed import PackedImage

__all__ = ["iter_images"]

TABLES = (".csv", ".csv.gz", ".parquet")
COLUMNS = ("path", "file", "file_loc")
ROWS = 65536


def iter_images(source):
    """Go through the images of a folder tree, an archive or a table, without listing them all.

    Parameters
    ----------
    source : str, path-like, DataFrame or array-like of str
        A folder, searched with all folders below it, in the order of their names; archives in
        it are looked into. A ZIP or (uncompressed) tar archive. A CSV or Parquet file, or a data
        frame, with a column ``path``, ``file`` or ``file_loc``. Or the names themselves.

    Yields
    ------
    str
        Path of an image; for an image in an archive a `PackedImage`, which any pipeline reads.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or file.
    ValueError
        If the source is none of these, a table has none of the columns, or an archive is damaged.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import iter_images
    >>> pipe.predict_proba(list(iter_images("shard.tar")))  # doctest: +SKIP
    """
    if isinstance(source, pd.DataFrame):
        yield from source[_column(source.columns, "the data frame")].map(os.fspath)
    elif isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        if Path(name).is_dir():
            yield from _in_folder(name)
        elif not Path(name).exists():
            raise FileNotFoundError(f"There is no folder or file {name!r}.")
        elif name.lower().endswith((".zip", ".tar")):
            yield from _in_archive(name)
        elif name.lower().endswith(TABLES):
            yield from _in_table(name)
        else:
            raise ValueError(
                f"{name}: expected a folder, a .zip or .tar archive or a table "
                f"({', '.join(TABLES)})."
            )
    else:
        yield from (os.fspath(path) for path in np.asarray(source, dtype=object).ravel())


def _in_folder(folder):
    for path, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES):
                yield os.path.join(path, name)  # noqa: PTH118 - a str, and many of them
            elif name.lower().endswith((".zip", ".tar")):
                yield from _in_archive(os.path.join(path, name))  # noqa: PTH118


def _in_archive(archive):
    try:
        if archive.lower().endswith(".zip"):
            with ZipFile(archive) as content:
                members = content.infolist()
            for info in members:
                if info.filename.lower().endswith(SUFFIXES):
                    yield PackedImage(
                        f"{archive}/{info.filename}",
                        archive,
                        info.header_offset,
                        info.compress_size,
                        info.compress_type,
                        info.CRC,
                    )
        else:
            with tarfile.open(archive, "r:") as content:
                while (info := content.next()) is not None:
                    content.members.clear()  # or it would remember them all
                    if info.isreg() and info.name.lower().endswith(SUFFIXES):
                        name = f"{archive}/{info.name}"
                        yield PackedImage(name, archive, info.offset_data, info.size)
    except (BadZipFile, tarfile.TarError) as error:
        raise ValueError(f"{archive}: the archive is damaged ({error}).") from error


def _in_table(name):
    if name.lower().endswith(".parquet"):
        import pyarrow.parquet as pq

        with pq.ParquetFile(name) as table:
            column = _column(table.schema_arrow.names, name)
            for batch in table.iter_batches(ROWS, columns=[column]):
                yield from batch.column(0).to_pylist()
    else:
        column = _column(pd.read_csv(name, nrows=0).columns, name)
        for rows in pd.read_csv(name, usecols=[column], dtype=str, chunksize=ROWS):
            yield from rows[column]


def _column(columns, name):
    for column in COLUMNS:
        if column in columns:
            return column
    raise ValueError(
        f"{name}: expected a column with the names of the images, one of {COLUMNS}; found "
        f"{list(columns[:5])} ..."
    )
