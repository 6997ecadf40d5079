"""Checks of downloaded files: their first bytes, content and checksum."""

import gzip
import hashlib
import zlib
from pathlib import PurePath

# First bytes of a file by the suffix of its name.
FIRST_BYTES = {".gz": b"\x1f\x8b", ".zip": b"PK"}
BLOCK = 1 << 20
# A longer first line is not the header of a table.
LONGEST_HEADER = 1 << 20


def wrong_start(name, start):
    """Tell by the first bytes of a file whether it is something else than its name says.

    Parameters
    ----------
    name : str
        Name of the file.
    start : bytes
        Its first bytes, enough to recognize a page of HTML.

    Returns
    -------
    str or None
        What the file is instead; None if nothing is wrong.
    """
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "a web page"
    if not start.startswith(FIRST_BYTES.get(PurePath(name).suffix, b"")):
        return "something else"
    return None


def wrong_content(name, path, column=None):
    """Tell what is wrong with a file whose checksum is unknown.

    Parameters
    ----------
    name : str
        Name of the file. If it ends in ``.gz``, the file is read to its end.
    path : Path
        Its location. The file may have another name there.
    column : str, optional
        A column that the table must have, if the file is a gzip-compressed CSV table.

    Returns
    -------
    str or None
        What is wrong; None if nothing is.
    """
    with path.open("rb") as file:
        fault = wrong_start(name, file.read(BLOCK))
    if fault is not None or not name.endswith(".gz"):
        return fault
    try:
        with gzip.open(path) as file:
            header = file.readline(LONGEST_HEADER).decode("utf-8-sig", errors="replace")
            while file.read(BLOCK):
                pass
    except EOFError:
        return "a gzip file cut short"
    except (gzip.BadGzipFile, zlib.error):
        return "a damaged gzip file"
    if column is not None and column not in [part.strip(' "\r\n') for part in header.split(",")]:
        return f"a table without the column {column!r}"
    return None


def checksum_like(path, known):
    """Return the checksum of a file, by the algorithm of a known one (``"md5:..."``)."""
    algorithm = known.partition(":")[0]
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"
