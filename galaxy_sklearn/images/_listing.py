"""Listing images in folders, archives and tables."""

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_sklearn._ids import as_array, galaxy_id
from galaxy_sklearn.images._archives import ARCHIVES, SUFFIXES, in_archive, is_image
from galaxy_sklearn.images._tables import TABLES, ImageTable, is_table

COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z", ".rar")


def find_images(folder):
    """List the image files of a folder.

    Parameters
    ----------
    folder : str or path-like
        The folder. Its subfolders are not searched.

    Returns
    -------
    Series of str
        The paths, sorted. The index holds the number of the galaxy, which is the file name
        without its suffix: ``00123.jpg`` is galaxy 123. A name that is not a number is kept as
        text.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no images, or two images of the same galaxy.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from galaxy_sklearn.datasets import find_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("00123.jpg", "45.fits", "notes.txt"):
    ...         Path(folder, name).touch()
    ...     find_images(folder).index.tolist()
    [123, 45]
    """
    paths = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            ending = next((s for s in SUFFIXES if entry.name.lower().endswith(s)), None)
            if ending is None or not is_image(entry.name) or not entry.is_file():
                continue
            number = _number_of(entry.name[: -len(ending)])
            if number in paths:
                raise ValueError(f"Two images of one galaxy: {paths[number]} and {entry.path}.")
            paths[number] = entry.path
    if not paths:
        raise ValueError(f"There are no images ({', '.join(SUFFIXES)}) in {os.fspath(folder)!r}.")
    # Without the dtype, pandas turns some large integers into floats.
    index = as_array(list(paths))
    return pd.Series(list(paths.values()), pd.Index(index, dtype=index.dtype), dtype=object)


def iter_images(source):
    """Iterate over the images of a folder tree, an archive or a table.

    The names are yielded one by one, so that memory does not grow with their number.

    Parameters
    ----------
    source : str, path-like, DataFrame or array-like of str
        A folder, which is searched with its subfolders and archives in the order of names (a
        damaged archive is yielded as an image that cannot be read); a ZIP
        or (uncompressed) tar archive; a CSV or Parquet file, or a data frame, with a column
        ``path``, ``file`` or ``file_loc``; a Parquet, HDF5 (with h5py) or Zarr file (with
        zarr; a folder ``x.zarr``, or ``x.zarr.zip``) that holds the images, and the name of their
        column if there are several (``"t.parquet/image"``); or the names themselves.

    Yields
    ------
    str
        Path of an image, or a `PackedImage` for an image in an archive; file, column and number
        of a row (``"t.parquet/image/3"``) for one in a table. Pipelines read them all.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or file.
    ValueError
        If the source is none of these, a table has none of the columns, or an archive is damaged.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import iter_images
    >>> list(iter_images(["1.jpg", "2.jpg"]))
    ['1.jpg', '2.jpg']
    >>> pipe.predict_proba(list(iter_images("shard.tar")))  # doctest: +SKIP
    """
    if isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        if is_table(name):
            yield from (name for (name,) in ImageTable(name))
        elif Path(name).is_dir():
            yield from _in_folder(name.rstrip(os.sep) or os.sep)
        elif not Path(name).exists():
            raise FileNotFoundError(f"There is no folder or file {name!r}.")
        elif name.lower().endswith(ARCHIVES):
            yield from in_archive(name)
        else:
            hint = ""
            if name.lower().endswith(COMPRESSED):
                hint = " The images of a compressed archive cannot be read one by one: unpack it."
            raise ValueError(
                f"{name}: expected a folder, a .zip or .tar archive or a table "
                f"({', '.join(TABLES)}).{hint}"
            )
    elif is_table(source):
        yield from (name for (name,) in ImageTable(source))
    else:
        yield from (os.fspath(path) for path in np.asarray(source, dtype=object).ravel())


def _in_folder(folder):
    seen = set()
    for path, folders, names in os.walk(folder, followlinks=True, onerror=_warn_of_folder):
        # Links may lead in circles.
        seen.add(os.path.realpath(path))
        folders[:] = sorted(
            name
            for name in folders
            if os.path.realpath(os.path.join(path, name)) not in seen  # noqa: PTH118
        )
        packed = sorted(name for name in names if name.lower().endswith(COMPRESSED))
        if packed:
            warnings.warn(
                f"{path}: left out: {len(packed)} compressed archives, such as {packed[0]}, whose "
                "images cannot be read one by one: unpack them.",
                UserWarning,
                stacklevel=3,
            )
        for name in sorted(names):
            file = os.path.join(path, name)  # noqa: PTH118 - pathlib is slow
            if is_image(name):
                yield file
            elif name.lower().endswith(ARCHIVES):
                try:
                    yield from in_archive(file)
                except (OSError, ValueError):
                    # Read as an image it gives an error, as every bad image does.
                    yield file


def _warn_of_folder(error):
    warnings.warn(f"{error.filename}: left out: {error.strerror}.", UserWarning, stacklevel=5)


def _number_of(stem):
    try:
        number = galaxy_id(stem)
    except ValueError:
        return stem  # not a galaxy's number: an image without votes
    return stem if number is None else number
