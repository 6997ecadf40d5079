"""Names of images, one after the other, from wherever they are listed."""

import os
import tarfile
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd

from galaxy_sklearn._ids import as_array, galaxy_id
from galaxy_sklearn.images._fits import FITS_SUFFIXES
from galaxy_sklearn.images._packed import PackedImage

SUFFIXES = (".jpg", ".jpeg", ".png", *FITS_SUFFIXES)
TABLES = (".csv", ".csv.gz", ".parquet")
COLUMNS = ("path", "file", "file_loc")
ROWS = 65536


def find_images(folder):
    """List the image files of a folder.

    Parameters
    ----------
    folder : str or path-like
        The folder; those below it are not searched.

    Returns
    -------
    Series of str
        Paths, sorted, with the number of the galaxy (the file name without its ending) as the
        index, so that ``00123.jpg`` is galaxy 123; the name itself where it is no number.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no images, or two for one galaxy.
    """
    paths = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            ending = next((s for s in SUFFIXES if entry.name.lower().endswith(s)), None)
            if ending is None:
                continue
            number = _number_of(entry.name[: -len(ending)])
            if number in paths:
                raise ValueError(f"Two images of one galaxy: {paths[number]} and {entry.path}.")
            paths[number] = entry.path
    if not paths:
        raise ValueError(f"There are no images ({', '.join(SUFFIXES)}) in {os.fspath(folder)!r}.")
    # Left to itself, pandas may make an index of floats of some large integers.
    index = as_array(list(paths))
    return pd.Series(list(paths.values()), pd.Index(index, dtype=index.dtype), dtype=object)


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


def _number_of(stem):
    try:
        number = galaxy_id(stem)
    except ValueError:
        return stem  # no galaxy's number, and so an image without votes
    return stem if number is None else number
