"""The output of a scored catalogue: its parts, each complete or absent, and its plan."""

import hashlib
import json
import os
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd

PLAN = "_plan.json"
MODEL = "_model.joblib"
# Suffix of files that are being written. Readers of the folder ignore names that begin with a dot.
TMP_SUFFIX = ".new"
# pyarrow's default, a dictionary, makes columns of fractions 50% larger: all values differ.
PARQUET = {"use_dictionary": ["label", "model"], "compression": "zstd"}
N_MESSAGES = 10


class Part(NamedTuple):
    """File of a part, names of its images, and the folder that the names are made relative to."""

    file: str
    names: tuple
    root: str


def write_part(part, table, model_id):
    """Write a part; return the number of rows and of errors, and the first errors."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    classes = table.columns[:-2]
    columns = {"file": pa.array(_printable(part))}
    columns |= {str(name): pa.array(table[name].to_numpy(np.float32)) for name in classes}
    columns |= {
        name: pa.array([None if pd.isna(x) else str(x) for x in table[name]], pa.string())
        for name in ("label", "error")
    }
    columns["model"] = pa.DictionaryArray.from_arrays(
        np.zeros(len(table), np.int8), pa.array([model_id])
    )
    errors = table["error"].dropna().tolist()
    marks = {"images": _fingerprint(part), "errors": str(len(errors))}
    file = Path(part.file)
    written = file.with_name(f".{file.name}.{os.getpid()}{TMP_SUFFIX}")
    pq.write_table(pa.table(columns).replace_schema_metadata(marks), written, **PARQUET)
    written.replace(file)
    return len(table), len(errors), errors[:N_MESSAGES]


def save_model(model, folder):
    """Write the model beside the parts; return its file and its id."""
    path = folder / MODEL
    written = path.with_name(f"{MODEL}.{os.getpid()}{TMP_SUFFIX}")
    joblib.dump(model, written)
    if path.exists() and digest(path) != digest(written):
        written.unlink()
        raise ValueError(f"{folder} was begun with another model; choose another output.")
    written.replace(path)
    return str(path.absolute()), digest(path)


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def check_plan(folder, plan):
    path = folder / PLAN
    if path.exists():
        try:
            begun = json.loads(path.read_text())
        except ValueError:
            raise ValueError(
                f"{path} is damaged: delete the folder, or choose another output."
            ) from None
        for name, value in plan.items():
            if begun[name] != value:
                raise ValueError(
                    f"{folder} was begun with {name}={begun[name]!r}, not {value!r}; choose "
                    "another output."
                )
    elif any(folder.glob("part-*.parquet")):
        raise ValueError(f"{folder} holds parts of another output; choose another one.")
    # On a full disk half a plan would stop every later call.
    written = path.with_name(f".{PLAN}.{os.getpid()}{TMP_SUFFIX}")
    written.write_text(json.dumps(plan))
    written.replace(path)


def in_parts(names, size):
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
    return hashlib.sha256("\0".join(_printable(part)).encode()).hexdigest()[:16]


def _printable(part):
    """Return the names of a part's images as text that is UTF-8, whatever the file system has."""
    names = (name.removeprefix(part.root) for name in part.names)
    return [os.fsencode(name).decode("utf-8", "backslashreplace") for name in names]


def join_parts(folder, output):
    """Join the parts into one file, and delete them."""
    import pyarrow.csv
    import pyarrow.parquet as pq

    written = folder / f".whole{TMP_SUFFIX}"
    parts = sorted(folder.glob("part-*.parquet"))
    schema = pq.read_schema(parts[0]).remove_metadata()
    if output.suffix == ".parquet":
        writer = pq.ParquetWriter(written, schema, **PARQUET)
    else:  # CSV has no dictionaries
        position = schema.get_field_index("model")
        schema = schema.set(position, pyarrow.field("model", pyarrow.string()))
        writer = pyarrow.csv.CSVWriter(written, schema)
    with writer:
        for part in parts:
            writer.write_table(pq.read_table(part).replace_schema_metadata(None).cast(schema))
    written.replace(output)
    for path in (*parts, folder / PLAN, folder / MODEL):
        path.unlink(missing_ok=True)
    folder.rmdir()
