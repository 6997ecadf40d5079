"""Conversion of table columns to numbers, with errors that name the cell."""

from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd

__all__ = ["as_numbers", "check_cells"]


def as_numbers(column, name, dtype=None):
    """Return a column as an array of floats.

    Parameters
    ----------
    column : Series
        Numbers, or text that holds numbers. Missing values become NaN.
    name : str
        Name of the table, for messages.
    dtype : dtype, optional
        Dtype of the result. By default float32 is kept and everything else becomes float64.

    Returns
    -------
    ndarray of float
        The numbers.

    Raises
    ------
    ValueError
        If a value is not a number. The message names table, row, column and value.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    stored = getattr(column.dtype, "numpy_dtype", column.dtype)
    if dtype is None:
        dtype = np.float32 if stored == np.float32 else np.float64
    if getattr(stored, "kind", "O") in "iuf":
        return column.to_numpy(dtype=dtype, na_value=np.nan)
    return check_cells(column.tolist(), f"{name}, row {{}}, column {column.name!r}").astype(dtype)


def check_cells(values, where, *, first_row=0, decimal_commas=False):
    """Convert values to numbers one by one, to find an invalid one.

    Parameters
    ----------
    values : list
        Numbers, text or missing values.
    where : str
        Beginning of the message, with ``{}`` for the row.
    first_row : int, default=0
        Row number of the first value, for messages.
    decimal_commas : bool, default=False
        Whether the decimal separator in text may be a comma.

    Returns
    -------
    ndarray of float64
        NaN for missing numbers.
    """
    numbers = np.empty(len(values))
    for i, value in enumerate(values):
        try:
            numbers[i] = _number(value, decimal_commas)
        except ValueError:
            shown = repr(value) if isinstance(value, (str, bytes)) else str(value)
            raise ValueError(
                f"{where.format(first_row + i)}: expected a number, found {shown[:80]}."
            ) from None
    return numbers


def _number(value, decimal_commas):
    if isinstance(value, (str, bytes)):
        text = (value.decode() if isinstance(value, bytes) else value).strip()
        if decimal_commas:
            text = text.replace(",", ".")
        if "_" in text:  # valid in Python, but not in tables
            raise ValueError
        return float(text) if text else np.nan
    if value is None or value is pd.NA or value is pd.NaT:
        return np.nan
    if isinstance(value, (Real, Decimal)) and not isinstance(value, bool):
        return float(value)
    raise ValueError
