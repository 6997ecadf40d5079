"""Columns of tables that are kept: their types, and their values to the last digit."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from galaxy_sklearn._ids import MISSING

TEXT = pa.string()
INTEGER = "-?(0|[1-9][0-9]*)"
# Zeros before other digits belong to a name. Integers are exact as floats up to 15 digits.
FLOAT = r"-?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|0|[1-9][0-9]{0,14})([eE][+-]?[0-9]+)?|-?(?i:inf)"
# What the text of a column may stand for: the first of these that all of it does.
KINDS = {pa.int64(): INTEGER, pa.uint64(): INTEGER, pa.float64(): FLOAT, TEXT: "(?s).*"}
TEXTS = (
    *(types.is_string, types.is_large_string, types.is_string_view, types.is_null),
    *(types.is_binary, types.is_large_binary, types.is_fixed_size_binary),
)
# Times of day, durations and intervals are not among them: CSV files have no form for all of them.
OTHERS = (
    *(types.is_integer, types.is_floating, types.is_boolean, types.is_decimal),
    *(types.is_date, types.is_timestamp),
)
# Floats are whole from the first on; a number of a galaxy has up to 64 bits.
FIRST_LOST, LARGEST = 2.0**53, 2.0**64


def as_arrow(column, where):
    """Return a column of pandas, NumPy or pyarrow as an array of pyarrow; nothing is rounded."""
    if isinstance(column, (pa.Array, pa.ChunkedArray)):
        return column
    if isinstance(column, np.ndarray):
        column = column.astype(column.dtype.newbyteorder("="))
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError) as error:
        cause = str(error).partition("\n")[0]
        raise ValueError(f"{where}: expected values of one type ({cause}).") from error


def kept_type(kind, where):
    """Return the type in which values of a type are kept."""
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_float16(kind):
        return pa.float32()
    if any(is_text(kind) for is_text in TEXTS):
        return TEXT
    if any(is_other(kind) for is_other in OTHERS):
        return kind
    raise ValueError(
        f"{where}: expected numbers, text, dates or booleans, which can be kept, found {kind}."
    )


def from_text(values):
    """Return the cells of a text table as an array, null where they stand for a missing value."""
    text = pa.array(values, TEXT, from_pandas=True)
    missing = pc.is_in(pc.utf8_trim_whitespace(text), pa.array(sorted(MISSING)))
    return pc.if_else(missing, None, text)


def types_of_text(text, among=None):
    """Return the types, of those given, that all the text of a column can stand for."""
    numbers = _number(text)
    return [kind for kind in among or KINDS if kind == TEXT or _are(numbers, kind)]


def _number(text):
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(text), r"^\+", "")


def _are(numbers, kind):
    matches = pc.match_substring_regex(numbers, f"^({KINDS[kind]})$")
    if not pc.all(matches, min_count=0).as_py():
        return False
    try:
        pc.cast(numbers, kind)
    except pa.ArrowInvalid:  # more than 64 bits
        return False
    return True


def values_of(column, kind, where):
    """Return the values of a column as objects of Python, None where they are missing."""
    column = _typed(column, kind)
    if types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
    values = column.to_pylist()
    if kind != TEXT:
        return values
    try:
        return [value.decode() if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError:
        raise ValueError(f"{where}: expected text, found bytes that are not UTF-8.") from None


def _typed(column, kind):
    """Return numbers in their type, also of text; text as it is."""
    if kind == TEXT:
        return column
    return pc.cast(_number(column) if types.is_string(column.type) else column, kind)


def check_digits(column, kind, where):
    """Refuse numbers of galaxies that were made floats, and have lost digits."""
    if not types.is_floating(kind):
        return
    floats = _typed(column, kind).drop_null().to_numpy(zero_copy_only=False).astype(np.float64)
    floats = np.abs(floats[~np.isnan(floats)])
    lost = floats[(floats >= FIRST_LOST) & (floats < LARGEST)]
    if len(lost) and (floats == np.floor(floats)).all():
        raise ValueError(
            f"{where}: expected whole numbers with all their digits, found floats such as "
            f"{lost[0]:.0f}, which have lost the last ones: read the column as int64 or text."
        )
