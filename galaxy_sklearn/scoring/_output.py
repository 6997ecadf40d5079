"""The output of a scored catalogue: its parts, each complete or absent, and its plan."""

import hashlib
import json
import os
from itertools import islice
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd

from galaxy_sklearn._files import written_whole

PLAN, MODEL = "_plan.json", "_model.joblib"
# pyarrow's default, a dictionary, makes columns of fractions 50% larger: all values differ.
PARQUET = {"use_dictionary": ["label", "model"], "compression": "zstd"}
N_MESSAGES = 10


class Part(NamedTuple):
    """File of a part, its images, the folder that their names are made relative to, the model."""

    file: str
    names: tuple
    root: str
    model_id: str


def write_part(part, table):
    """Write a part; return the number of rows and of errors, and the first errors."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"file": pa.array(printable(part.names, part.root))}
    for name in table.columns:
        if name in ("label", "error"):
            values = pa.array([None if pd.isna(x) else str(x) for x in table[name]], pa.string())
        else:
            values = pa.array(table[name].to_numpy(np.float32))
        columns[str(name)] = values
    columns["model"] = pa.DictionaryArray.from_arrays(
        np.zeros(len(table), np.int8), pa.array([part.model_id])
    )
    errors = table["error"].dropna().tolist()
    marks = {"images": _fingerprint(part), "errors": str(len(errors))}
    with written_whole(part.file) as written:
        pq.write_table(pa.table(columns).replace_schema_metadata(marks), written, **PARQUET)
    return len(table), len(errors), errors[:N_MESSAGES]


def keep_copy(model, folder):
    """Write the model beside the parts, for other processes; return its file."""
    path = folder / MODEL
    with written_whole(path) as written:
        joblib.dump(model, written)
    return str(path.absolute())


def check_plan(folder, plan):
    """Refuse a folder that was begun by another plan; keep the plan in a new one."""
    path = folder / PLAN
    if path.exists():
        try:
            begun = dict(json.loads(path.read_text()))
        except (TypeError, ValueError):
            raise ValueError(
                f"{path} is damaged: delete the folder, or choose another output."
            ) from None
        for name, value in plan.items():
            if begun.get(name) != value:
                raise ValueError(
                    f"{folder} was begun with {name}={begun.get(name)!r}, not {value!r}; choose "
                    "another output."
                )
    elif any(folder.glob("part-*.parquet")):
        raise ValueError(f"{folder} holds parts of another output; choose another one.")
    else:
        with written_whole(path) as written:
            written.write_text(json.dumps(plan))


def in_parts(names, size):
    """Cut a stream of names into tuples."""
    while part := tuple(islice(names, size)):
        yield part


def rows_and_errors(part):
    """Return the number of rows and of errors of a part; None if it does not exist yet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(part.file)
    except (FileNotFoundError, pa.ArrowInvalid):
        # Not there, or emptied by a loss of power.
        return None
    if found.metadata[b"images"].decode() != _fingerprint(part):
        raise ValueError(
            f"{part.file} holds other images than those listed now (from {str(part.names[0])!r} "
            "on): some were added or removed since it was begun. Choose another output."
        )
    return found.num_rows, int(found.metadata[b"errors"])


def _fingerprint(part):
    # Not of the folder: it may be named in many ways.
    return hashlib.sha256("\0".join(printable(part.names, part.root)).encode()).hexdigest()[:16]


def printable(names, root):
    """Return names of images as text that is UTF-8, whatever the file system has.

    Those in the folder or archive `root` are made relative to it, with ``/`` on any system.
    """
    names = (_relative(name, root) for name in names)
    return [os.fsencode(name).decode("utf-8", "backslashreplace") for name in names]


def _relative(name, root):
    if root and name.startswith(root) and name[len(root)] in f"{os.sep}/":
        return name[len(root) + 1 :].replace(os.sep, "/")
    return name


def errors_of_finished(output, names, model_id):
    """Return the number of errors in a file that was finished before.

    Parameters
    ----------
    output : Path
        The file.
    names : list of str
        The printable names of the images.
    model_id : str
        The model.

    Returns
    -------
    int
        The number of errors.

    Raises
    ------
    ValueError
        If the file holds something else. It is left as it is.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    columns = ["file", "error", "model"]
    try:
        if output.suffix == ".parquet":
            table = pq.read_table(output, columns=columns)
        else:
            table = pyarrow.csv.read_csv(
                output,
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=columns,
                    column_types=dict.fromkeys(columns, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        found, errors, models = (table[name] for name in columns)
    except (pa.ArrowException, KeyError):
        raise ValueError(
            f"{output} exists and holds no predictions; it is left as it is. Choose another output."
        ) from None
    others = set(models.unique().to_pylist()) - {model_id}
    if others:
        raise ValueError(
            f"{output} exists and holds predictions of the model {others.pop()!r}, not "
            f"{model_id!r}; delete it, or choose another output."
        )
    if found.to_pylist() != names:
        raise ValueError(
            f"{output} exists and holds other images than those listed now; delete it, or choose "
            "another output."
        )
    return len(errors) - errors.null_count


def join_parts(folder, output):
    """Join the parts into one file, and delete them."""
    import pyarrow.csv
    import pyarrow.parquet as pq

    parts = sorted(folder.glob("part-*.parquet"))
    schema = pq.read_schema(parts[0]).remove_metadata()
    with written_whole(output) as written:
        if output.suffix == ".parquet":
            writer = pq.ParquetWriter(written, schema, **PARQUET)
        else:  # CSV has no dictionaries
            position = schema.get_field_index("model")
            schema = schema.set(position, pyarrow.field("model", pyarrow.string()))
            writer = pyarrow.csv.CSVWriter(written, schema)
        with writer:
            for part in parts:
                try:
                    table = pq.read_table(part)
                except (OSError, ValueError) as error:
                    cause = str(error).partition("\n")[0]
                    raise ValueError(
                        f"{part} is damaged ({cause}): delete it, and call again."
                    ) from error
                writer.write_table(table.replace_schema_metadata(None).cast(schema))
    delete_parts(folder)


def delete_parts(folder):
    """Delete what a finished file was made of."""
    for path in (*folder.glob("part-*.parquet"), folder / PLAN, folder / MODEL):
        path.unlink(missing_ok=True)
