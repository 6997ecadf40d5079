"""Text tables, separated by commas, semicolons or tabs."""

import codecs
import csv
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from galaxy_sklearn.datasets._numbers import check_cells

__all__ = ["read_delimited"]

SEPARATORS = ",;\t"
# Some tools write "None".
NULLS = [*pa_csv.ConvertOptions().null_values, "None"]
HEAD = 1 << 20
# Numbers are converted in batches of this many bytes, so that the text of a wide table is never in
# memory as a whole.
BLOCK = 1 << 20
# The memory of arrays of at least this many bytes goes back to the system when they are freed.
LARGE = 1 << 26


def read_delimited(open_file, name, pick, ids, numbers, dtype):
    """Read columns of a text table.

    Parameters
    ----------
    open_file : callable
        Opens the file in binary mode.
    name : str
        Name of the table, for messages.
    pick : callable
        Takes the names of all columns and returns those to read.
    ids : tuple of str
        Columns that stay text.
    numbers : callable
        Takes the name of a column and returns whether it must hold numbers.
    dtype : dtype
        Dtype of these numbers.

    Returns
    -------
    DataFrame
        A row for each line that is not empty. Columns that are neither numbers nor `ids` hold
        integers or floats if all their values can be read as such, otherwise text.
    """
    with open_file() as file:
        encoding, separator, header = _sniff(file.read(HEAD))
    names = [column.strip() for column in header]
    chosen = pick(names)
    texts = [column for column in chosen if not numbers(column)]
    numeric = [column for column in chosen if numbers(column)]
    fields = [header[names.index(column)] for column in texts + numeric]
    batches, blocks, large, n_rows = [], [], [], 0
    with open_file() as file:
        for batch in _batches(file, name, encoding, separator, fields):
            _check_header_once(batch.column(0), fields[0], name, n_rows)
            block = np.empty((len(batch), len(numeric)), dtype=dtype)
            for i, column in enumerate(numeric):
                where = f"{name}, row {{}}, column {column!r}"
                text = batch.column(len(texts) + i)
                block[:, i] = _to_numbers(text, where, n_rows, separator, dtype)
            blocks.append(block)
            if sum(block.nbytes for block in blocks) > LARGE:
                large.append(_stacked(blocks))
            batches.append(batch.select(range(len(texts))))
            n_rows += len(batch)
    if not n_rows:
        return pd.DataFrame(columns=chosen)
    table = pa.Table.from_batches(batches)
    columns = {
        column: _to_pandas(values, is_text=column in ids)
        for column, values in zip(texts, table.columns, strict=True)
    }
    if blocks:
        large.append(_stacked(blocks))
    numbers_frame = pd.DataFrame(_stacked(large), columns=numeric, copy=False)
    frame = pd.concat([pd.DataFrame(columns, index=numbers_frame.index), numbers_frame], axis=1)
    return frame if list(frame.columns) == chosen else frame[chosen]


def _stacked(blocks):
    """Concatenate blocks of rows, emptying the list, so that memory holds the rows once."""
    stacked = np.empty((sum(map(len, blocks)), blocks[0].shape[1]), dtype=blocks[0].dtype)
    end = len(stacked)
    while blocks:
        block = blocks.pop()
        stacked[end - len(block) : end] = block
        end -= len(block)
    return stacked


def _sniff(head):
    """Return encoding, separator and header."""
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if utf16 else "utf-8-sig"
    text = codecs.getincrementaldecoder(encoding)().decode(head)
    headers = {}
    for separator in SEPARATORS:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        headers[separator] = next((row for row in rows if row), [])
    separator = max(SEPARATORS, key=lambda separator: len(headers[separator]))
    return encoding, separator, headers[separator]


def _batches(file, name, encoding, separator, fields):
    """Yield batches of text columns; refuse rows with another number of fields."""
    skipped = 0
    message = None

    def invalid(row):
        nonlocal skipped, message
        if not row.text.strip(f"{separator} \t\r\n"):
            skipped += 1
            return "skip"
        cause = "was the file cut short"
        if row.actual_columns > row.expected_columns:
            cause = "are there decimal commas, or commas in text without quotes"
        message = (
            f"{name}, row {row.number - 2 - skipped}: expected as many fields as in the header, "
            f"{row.expected_columns}, found {row.actual_columns}; {cause}?"
        )
        return "error"

    try:
        yield from pa_csv.open_csv(
            file,
            # With any other name than "utf-8" pyarrow checks all the text.
            pa_csv.ReadOptions(encoding=encoding, block_size=BLOCK, use_threads=False),
            pa_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=invalid
            ),
            pa_csv.ConvertOptions(
                include_columns=fields,
                column_types=dict.fromkeys(fields, pa.string()),
                null_values=NULLS,
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        if message is None:
            raise
        raise ValueError(message) from None


def _check_header_once(column, field, name, first_row):
    again = pc.index(column, pa.scalar(field)).as_py()
    if again >= 0:
        raise ValueError(
            f"{name}, row {first_row + again}: found the header again; are these two tables, one "
            f"after the other?"
        )


def _to_numbers(column, where, first_row, separator, dtype):
    commas = separator != ","
    text = pc.replace_substring(column, ",", ".") if commas else column
    try:
        return np.asarray(pc.cast(text, pa.from_numpy_dtype(dtype)))
    except pa.ArrowInvalid:
        return check_cells(column.to_pylist(), where, first_row=first_row, decimal_commas=commas)


def _to_pandas(column, *, is_text):
    if is_text:
        return column.to_pandas()
    for kind, dtype in ((pa.int64(), "Int64"), (pa.float64(), None)):
        try:
            values = pc.cast(column, kind)
        except pa.ArrowInvalid:
            continue
        # With missing values, integers would become floats.
        if dtype and values.null_count:
            return values.to_pandas(types_mapper={kind: pd.Int64Dtype()}.get)
        return values.to_pandas()
    return column.to_pandas()
