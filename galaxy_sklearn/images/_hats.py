"""HATS catalogues: folders with a Parquet file for each part of the sky."""

from pathlib import Path

PROPERTIES, COLLECTION = ("hats.properties", "properties"), "collection.properties"
PRIMARY = "hats_primary_table_url"


def split_hats(name):
    """Split the name of a HATS catalogue, or of a column in it.

    Parameters
    ----------
    name : str
        A catalogue, a collection of one with its margins and indices, or one of these and a
        column: ``"survey/image"``.

    Returns
    -------
    tuple of str, or None
        The folder of the catalogue, and the column (or ""); None if it is not such a name.
    """
    path, column = Path(name), ""
    if not path.exists():
        path, column = path.parent, path.name
    if (path / COLLECTION).is_file():
        path = path / _primary(path / COLLECTION)
    is_hats = any((path / file).is_file() for file in PROPERTIES) and (path / "dataset").is_dir()
    return (str(path), column) if is_hats else None


def partitions(folder):
    """Return the Parquet files of a catalogue, in the order of their names.

    Others beside them, such as ``data_thumbnail.parquet``, repeat some of their rows.
    """
    return sorted(map(str, Path(folder, "dataset").glob("Norder=*/**/*.parquet")))


def _primary(file):
    """Return the folder of the catalogue itself among those of a collection."""
    lines = file.read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return values.get(PRIMARY, "").strip()
