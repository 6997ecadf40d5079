"""Images in the rows of tables: encoded files or arrays of pixels."""

import threading
from functools import lru_cache
from pathlib import Path, PurePath

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from galaxy_sklearn.images._arrays import ARRAYS, ZARR, image_in, open_arrays
from galaxy_sklearn.images._limits import InvalidImageError, check_bytes, check_size

HOLDERS = (".parquet", *ARRAYS)
READING = threading.Lock()
# Row groups that were read last, by file, its time and size, column and number; of so many bytes.
HELD: dict[tuple, object] = {}
MOST_HELD = 1 << 30


def split_place(name):
    """Split the name of a place in a file of tables or arrays, ``"t.parquet/image/3"``.

    Returns
    -------
    tuple of str or None
        The file and what follows; None if no part of the name is such a file.
    """
    for folder in (name, *map(str, PurePath(name).parents)):
        if folder.lower().endswith(HOLDERS) and (
            Path(folder).is_file() or (folder.lower().endswith(ZARR) and Path(folder).is_dir())
        ):
            return folder, PurePath(name).relative_to(folder).as_posix().removeprefix(".")
    return None


def is_image_column(kind):
    """Tell whether a column of a Parquet file holds images, by its type."""
    if types.is_struct(kind):
        names = {kind.field(i).name for i in range(kind.num_fields)}
        # As Hugging Face's datasets and the Multimodal Universe have them.
        return {"bytes", "path"} <= names or {"band", "flux"} <= names
    if types.is_binary(kind) or types.is_large_binary(kind):
        return True
    return _depth(kind) in (2, 3)


def _depth(kind):
    depth = 0
    while types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        kind, depth = kind.value_type, depth + 1
    return depth if types.is_integer(kind) or types.is_floating(kind) else 0


def read_row(name, *, max_bytes, max_pixels):
    """Read an image in a row of a table.

    Parameters
    ----------
    name : str
        File, column and row: ``"t.parquet/image/3"``.
    max_bytes, max_pixels : int
        Larger images are refused.

    Returns
    -------
    bytes, or tuple
        The content of an image file; or the names of the bands (None if they have none) and the
        pixels, of shape (n_bands, height, width) if they have, else as they are stored.
        None if the name is not one of a row.
    """
    place = split_place(name)
    if place is None:
        return None
    file = place[0]
    column, _, row = place[1].rpartition("/")
    if not row.isdecimal():
        return None
    if file.lower().endswith(ARRAYS):
        with open_arrays(file) as root:
            return None, image_in(root, column, int(row), max_pixels)
    if not column:
        return None
    value, bands = _of_parquet(file, column, int(row)), None
    if types.is_struct(value.type) and value.is_valid:
        bands = value["band"].as_py() if "flux" in value else None
        value = value["flux" if "flux" in value else "bytes"]
    if not value.is_valid:
        raise InvalidImageError("expected an image, found an empty cell")
    if _depth(value.type):
        return bands, _pixels(value, max_pixels)
    check_bytes(len(value.as_buffer()), max_bytes)
    return value.as_py()


def _pixels(value, max_pixels):
    """Return nested lists of numbers as an array."""
    values, shape = value.values, [len(value.values)]
    while _depth(values.type):
        lengths = pc.unique(pc.list_value_length(values)).to_pylist()
        if len(lengths) != 1 or lengths[0] is None:
            raise InvalidImageError("expected rows of pixels of one length, found several")
        values, shape = values.flatten(), [*shape, lengths[0]]
    check_size(shape, max_pixels)
    return values.to_numpy(zero_copy_only=False).reshape(shape)


def _of_parquet(file, column, row):
    state = Path(file).stat()
    state = (file, state.st_mtime_ns, state.st_size)
    ends = _ends(*state)
    if row >= ends[-1]:
        raise InvalidImageError(f"expected one of {ends[-1]} rows")
    group = int(np.searchsorted(ends, row, side="right"))
    key = (*state, column, group)
    with READING:  # once, not once in each thread
        found = HELD.pop(key, None)
        if found is None:
            found = _read_group(file, column, group)
        HELD[key] = found  # the last one
        while len(HELD) > 1 and sum(held.nbytes for held in HELD.values()) > MOST_HELD:
            del HELD[next(iter(HELD))]
    return found[row - (int(ends[group - 1]) if group else 0)]


@lru_cache(maxsize=64)
def _ends(file, *state):
    found = pq.read_metadata(file)
    return np.cumsum([found.row_group(i).num_rows for i in range(found.num_row_groups)] or [0])


def _read_group(file, column, group):
    with pq.ParquetFile(file) as table:
        parts = table.metadata.row_group(group)
        leaves = [parts.column(i) for i in range(parts.num_columns)]
        leaves = [x for x in leaves if f"{x.path_in_schema}.".startswith(f"{column}.")]
        if column not in table.schema_arrow.names:
            raise InvalidImageError(
                f"expected a column {column!r}, found {table.schema_arrow.names}"
            )
        size = sum(leaf.total_uncompressed_size for leaf in leaves)
        if size > MOST_HELD:
            raise InvalidImageError(
                f"expected row groups of up to {MOST_HELD:,} bytes, found {size:,}: write the "
                "table with smaller ones, such as row_group_size=1000"
            )
        return table.read_row_group(group, columns=[column])[column]


def channels_last(pixels):
    """Return an array of pixels with its channels, if it has some, on the last axis."""
    if pixels.ndim == 2:
        return pixels
    first, height, last = pixels.shape
    if last < min(first, height):
        return pixels
    if first < min(height, last):
        return np.moveaxis(pixels, 0, -1)
    size = " x ".join(map(str, pixels.shape))
    raise InvalidImageError(f"expected an image with its channels on one side, found {size}")
