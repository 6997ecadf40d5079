"""One spelling of a galaxy's number or name, for everything that compares galaxies."""

import re
from decimal import Decimal
from numbers import Integral

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["as_array", "galaxy_id", "galaxy_ids", "in_words"]

NUMBER = re.compile(r"-?[0-9]+")
# As Python, C and spreadsheets write floats, also with a decimal comma. 1,000 is not one.
FLOAT = re.compile(
    r"[+-]?(?:[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-][0-9]+|inf"
    r"|[0-9]+,0|[0-9]+,[0-9]*[eE][+-]?[0-9]+)"
)
# What `str` makes of a missing value.
MISSING = frozenset({"", "nan", "NaN", "None", "<NA>", "NaT"})


def galaxy_ids(values, what, *, keep_missing=False):
    """Return each galaxy's number or name in the one spelling that is compared.

    Parameters
    ----------
    values : array-like of shape (n_rows,)
        Numbers or names: a list, or an array or column of NumPy, pandas, pyarrow, polars or
        astropy.
    what : str
        What they are, to begin a message with: ``"votes.csv, column 'objid'"``.
    keep_missing : bool, default=False
        Whether a missing number becomes None; an error otherwise.

    Returns
    -------
    ndarray of shape (n_rows,)
        int64 if all are numbers that fit; else objects: int, str and None.

    Raises
    ------
    ValueError
        If a value is neither an integer nor text, or an integer that a float may have changed,
        or if it is missing and may not be. The message names the row.

    Notes
    -----
    Integers are exact, whatever holds them. Text is stripped of blanks; decimal digits are a
    number then, so that ``"00123"`` is 123, and other text is a name. A float, or text as a
    float is written, is taken if it is whole and too small to have lost digits. None, NaN, NA,
    NaT, blank text and what `str` makes of them are missing.

    Examples
    --------
    >>> from galaxy_sklearn._ids import galaxy_ids
    >>> galaxy_ids(["00123", " 45", b"6", 7.0], "galaxies")
    array([123,  45,   6,   7])
    """
    ids = _canonical(_unpacked(values, what), what)
    if ids.dtype == object and not keep_missing:
        missing = np.flatnonzero(pd.isna(ids))
        if len(missing):
            raise ValueError(f"{what}: the number of the galaxy is missing in {in_words(missing)}.")
    return ids


def galaxy_id(value):
    """Return one number or name as `galaxy_ids` does, or raise a ValueError with the cause."""
    if type(value) is int:
        return value
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise ValueError("the bytes are not UTF-8") from None
    if isinstance(value, str):
        text = value.strip()
        if text in MISSING:
            return None
        if NUMBER.fullmatch(text):
            return int(text)
        return _from_text(text) if FLOAT.fullmatch(text) else text
    if value is None or value is pd.NA or value is pd.NaT or value is np.ma.masked:
        return None
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return _from_float(value)
    if isinstance(value, Decimal):
        if value.is_nan():
            return None
        if value.is_finite() and value == value.to_integral_value():
            return int(value)
        raise ValueError("it is not a whole number")
    raise ValueError(f"a {type(value).__name__} is neither an integer nor text")


def as_array(ids):
    """Return int, str and None as an array: int64 if all are numbers that fit, else objects."""
    try:
        if all(type(i) is int for i in ids):
            return np.array(ids, dtype=np.int64)
    except OverflowError:
        pass
    return _objects(ids)


def in_words(rows):
    """Name rows, the first few of many: ``"row 3"``, ``"rows 0, 1, 2 and 40 more"``."""
    first = ", ".join(str(row) for row in rows[:3])
    if len(rows) > 3:
        first += f" and {len(rows) - 3} more"
    return f"row{'s' if len(rows) > 1 else ''} {first}"


def _unpacked(values, what):
    """Return the values as an array of NumPy or pyarrow that holds them without loss."""
    if isinstance(values, (str, bytes)) or not np.iterable(values):
        raise ValueError(f"{what}: expected a column of numbers or names, got {values!r}.")
    shape = getattr(values, "shape", (0,))
    if len(shape) != 1:
        raise ValueError(f"{what}: expected one number or name for each row, got shape {shape}.")
    if hasattr(values, "to_arrow"):  # polars
        values = values.to_arrow()
    if isinstance(values, (pd.Series, pd.Index)):
        values = values.array
    if isinstance(values, pd.Categorical):
        # Code -1 means missing, and takes the None at the end.
        values = _objects([*values.categories, None])[values.codes]
    elif isinstance(values, pd.arrays.NumpyExtensionArray):
        values = values.to_numpy()
    elif isinstance(values, pd.api.extensions.ExtensionArray):
        values = pa.array(values, from_pandas=True)
    if isinstance(values, np.ma.MaskedArray):
        data = np.array(values.data)
        if np.any(values.mask):
            data = data.astype(object)
            data[values.mask] = None
        values = data
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return _unpacked_arrow(values)
    values = np.asarray(values) if isinstance(values, np.ndarray) else _objects(list(values))
    return values if values.dtype.kind in "iuf" else values.astype(object)


def _unpacked_arrow(values):
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return values
    if pa.types.is_floating(values.type) or (
        pa.types.is_integer(values.type) and not values.null_count
    ):
        return np.asarray(values)
    return _objects(values.to_pylist())


def _objects(values):
    # np.array(values) would make floats of integers beside a None or a NaN.
    array = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        array[i] = value
    return array


def _canonical(values, what):
    if isinstance(values, np.ndarray):
        if values.dtype.kind == "i" or (values.dtype.kind == "u" and _fits(values)):
            return values.astype(np.int64)
        if values.dtype.kind == "f" and _is_exact(values).all():
            return values.astype(np.int64)
    numbers = _digits(values)
    if numbers is not None:
        return numbers
    ids = values.to_pylist() if not isinstance(values, np.ndarray) else list(values)
    for row, value in enumerate(ids):
        try:
            ids[row] = galaxy_id(value)
        except ValueError as error:
            shown = repr(value) if isinstance(value, (str, bytes)) else str(value)
            raise ValueError(
                f"{what}, row {row}: expected the number or name of a galaxy, found "
                f"{shown[:80]}: {error}."
            ) from None
    return as_array(ids)


def _fits(values):
    return not len(values) or values.max() <= np.iinfo(np.int64).max


def _is_exact(floats):
    """Whether floats are whole and below the first integer that their precision lacks."""
    end = 2.0 ** min(np.finfo(floats.dtype).nmant + 1, 63)
    return (np.abs(floats) < end) & (np.floor(floats) == floats)


def _digits(values):
    """Return text that holds nothing but digits, for speed as a whole; None for other values."""
    if isinstance(values, np.ndarray):
        if values.dtype != object or pd.api.types.infer_dtype(values) != "string":
            return None
        try:
            values = pa.array(values, pa.large_string(), from_pandas=True)
        except (pa.ArrowException, UnicodeEncodeError):
            return None
    text = pc.utf8_trim_whitespace(values)
    # 18 digits always fit 64 bits.
    if text.null_count or not pc.all(pc.match_substring_regex(text, "^[0-9]{1,18}$")).as_py():
        return None
    return pc.cast(text, pa.int64()).to_numpy()


def _from_text(text):
    text = text.replace(",", ".")
    number = _from_float(float(text))
    digits, _, exponent = text.lower().partition("e")
    # As spreadsheets show a long number: 1.23457e+11.
    if exponent and 5 <= sum(map(str.isdigit, digits)) <= int(exponent):
        raise ValueError("its last digits are lost; write the number in full")
    return number


def _from_float(value):
    if np.isnan(value):
        return None
    if _is_exact(np.asarray(value)):
        return int(value)
    if np.isinf(value) or value != np.floor(value):
        raise ValueError("it is not a whole number")
    digits = np.finfo(type(value)).nmant + 1
    raise ValueError(
        f"numbers above 2**{digits} lose their last digits as floats; read the column as int64 "
        f"or text"
    )
