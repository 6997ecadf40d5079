"""The output of a scored catalogue: its parts, each complete or absent, and its plan."""

import hashlib
import json
import os
from itertools import chain, islice
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from galaxy_sklearn._files import written_whole

PLAN, MODEL = "_plan.json", "_model.joblib"
# pyarrow's default, a dictionary, makes columns of fractions 50% larger: all values differ.
PARQUET = {"use_dictionary": ["label", "model"], "compression": "zstd"}
N_MESSAGES = 10
# Images above this distance are unlike those of the training, see `prediction_table`.
UNUSUAL = 1


class Counts(NamedTuple):
    """Number of errors, and of images unlike those that the model learned from."""

    n_errors: int = 0
    n_unusual: int = 0

    def plus(self, other):
        """Return the sums."""
        return Counts(self.n_errors + other.n_errors, self.n_unusual + other.n_unusual)


class Part(NamedTuple):
    """File of a part, its images, the folder that their names are made relative to, the model.

    And the columns of the table of images that are kept, as a table of pyarrow.
    """

    file: str
    names: tuple
    root: str
    model_id: str
    kept: Any


def write_part(part, table):
    """Write a part; return the number of rows, the `Counts`, and the first errors."""
    columns = _given(part)
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
    n_unusual = int((table["unusual"] > UNUSUAL).sum()) if "unusual" in table else 0
    marks = {
        "given": json.dumps(fingerprints([_given(part)])),
        "errors": str(len(errors)),
        "unusual": str(n_unusual),
    }
    with written_whole(part.file) as written:
        pq.write_table(pa.table(columns).replace_schema_metadata(marks), written, **PARQUET)
    return len(table), Counts(len(errors), n_unusual), errors[:N_MESSAGES]


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


def in_parts(rows, size, schema):
    """Cut a stream of rows into parts: their names, and a table of what is kept."""
    while part := list(islice(rows, size)):
        names, *kept = zip(*part, strict=True)
        columns = [pa.array(v, kind) for v, kind in zip(kept, schema.types, strict=True)]
        yield names, pa.Table.from_arrays(columns, schema=schema)


def rows_and_counts(part):
    """Return the number of rows and the `Counts` of a part; None if it does not exist yet."""
    try:
        found = pq.read_metadata(part.file)
    except (FileNotFoundError, pa.ArrowInvalid):
        # Not there, or emptied by a loss of power.
        return None
    begun = json.loads(found.metadata.get(b"given", b"{}"))
    other = _first_other(begun, fingerprints([_given(part)]))
    if other is not None:
        raise ValueError(
            f"{part.file} holds {other} now (from {str(part.names[0])!r} on): "
            "some were changed, added or removed since it was begun. Choose another output."
        )
    counts = Counts(int(found.metadata[b"errors"]), int(found.metadata[b"unusual"]))
    return found.num_rows, counts


def _given(part):
    """Return the first columns of a part, which are known before its images are read."""
    # Not with the name of the folder: it may be named in many ways.
    files = pa.array(printable(part.names, part.root), pa.string())
    return {"file": files, **dict(zip(part.kept.column_names, part.kept.columns, strict=True))}


def fingerprints(chunks):
    """Return 16 digits for each column that tell its values, however they are cut in chunks."""
    digests = {}
    for chunk in chunks:
        for name, values in chunk.items():
            if name not in digests:
                digests[name] = hashlib.sha256(str(values.type).encode())
            digests[name].update("".join(f"{value!r}\0" for value in values.to_pylist()).encode())
    return {name: digest.hexdigest()[:16] for name, digest in digests.items()}


def _first_other(begun, now):
    """Say what an output has that differs from what it should hold; None if nothing does."""
    for name, digits in now.items():
        if begun.get(name) != digits:
            return (
                "other images than those listed"
                if name == "file"
                else f"other values of the column {name!r} than the table"
            )
    return None


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


def counts_of_finished(output, parts, classes, can_tell):
    """Return the counts of a file that was finished before.

    Parameters
    ----------
    output : Path
        The file.
    parts : iterable of Part
        What it should hold.
    classes : list of str
        The classes of the model.
    can_tell : bool
        Whether the model tells what is unusual.

    Returns
    -------
    Counts
        The counts.

    Raises
    ------
    ValueError
        If the file holds something else. It is left as it is.
    """
    parts = iter(parts)
    first = next(parts)
    types = {name: values.type for name, values in _given(first).items()}
    kept = _kept_in(output, classes)
    if kept != list(types)[1:]:
        raise ValueError(
            f"{output} exists and was written with keep={kept or None}, not "
            f"{list(types)[1:] or None}; delete it, or choose another output."
        )
    counts, models = Counts(), set()
    others_read = {"error": pa.string(), "model": pa.string()}
    if can_tell:
        others_read["unusual"] = pa.float32()

    def given():
        nonlocal counts
        for batch in _batches(output, types | others_read):
            unusual = (
                pc.greater(batch["unusual"], UNUSUAL) if can_tell else pa.array([], pa.bool_())
            )
            n_errors = len(batch) - batch["error"].null_count
            counts = counts.plus(Counts(n_errors, pc.sum(unusual, min_count=0).as_py()))
            models.update(batch["model"].unique().to_pylist())
            yield {name: batch[name] for name in types}

    try:
        found = fingerprints(given())
    except pa.ArrowException as error:
        cause = str(error).partition("\n")[0]
        raise ValueError(
            f"{output} exists and is damaged, or holds other values of {', '.join(types)} than "
            f"now ({cause}); delete it, or choose another output."
        ) from error
    others = models - {first.model_id}
    if others:
        raise ValueError(
            f"{output} exists and holds predictions of the model {others.pop()!r}, not "
            f"{first.model_id!r}; delete it, or choose another output."
        )
    other = _first_other(found, fingerprints(map(_given, chain([first], parts))))
    if other is not None:
        raise ValueError(
            f"{output} exists and holds {other} now; delete it, or choose another output."
        )
    return counts


def _kept_in(output, classes):
    """Return the names of the columns that are kept in a finished file."""
    try:
        if output.suffix.lower() == ".parquet":
            columns = pq.read_schema(output).names
        else:
            with pa_csv.open_csv(output) as table:
                columns = table.schema.names
        end = next(i for i in range(len(columns)) if columns[i : i + len(classes)] == classes)
        if columns[0] == "file" and {"error", "model"} <= set(columns):
            return columns[1:end]
    except (pa.ArrowException, StopIteration):
        pass
    raise ValueError(
        f"{output} exists and holds no predictions; it is left as it is. Choose another output."
    )


def _batches(output, types):
    """Yield batches of columns of a finished file."""
    if output.suffix.lower() == ".parquet":
        with pq.ParquetFile(output) as table:
            yield from table.iter_batches(columns=list(types))
        return
    how = pa_csv.ConvertOptions(
        include_columns=list(types),
        column_types=types,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    parsing = pa_csv.ParseOptions(newlines_in_values=True)
    with pa_csv.open_csv(output, parse_options=parsing, convert_options=how) as table:
        yield from table


def join_parts(folder, output):
    """Join the parts into one file, and delete them."""
    parts = sorted(folder.glob("part-*.parquet"))
    schema = pq.read_schema(parts[0]).remove_metadata()
    with written_whole(output) as written:
        if output.suffix.lower() == ".parquet":
            writer = pq.ParquetWriter(written, schema, **PARQUET)
        else:  # CSV has no dictionaries
            position = schema.get_field_index("model")
            schema = schema.set(position, pa.field("model", pa.string()))
            writer = pa_csv.CSVWriter(written, schema)
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
