"""Whether a file holds what it should: by its first bytes, by its content, by its checksum."""

import gzip
import hashlib
import zlib
from pathlib import PurePath

# What a file begins with, by the ending of its name.
FIRST_BYTES = {".gz": b"\x1f\x8b", ".zip": b"PK"}
BLOCK = 1 << 20
# A longer first line is no header of a table.
LONGEST_HEADER = 1 << 20


def wrong_start(name, start):
    """Say what a file is instead of what its name says, judged by its first bytes.

    Parameters
    ----------
    name : str
        Name of the file.
    start : bytes
        Its first bytes, at least as many as a page of HTML needs to begin.

    Returns
    -------
    str or None
        None if nothing is wrong.
    """
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "a web page"
    if not start.startswith(FIRST_BYTES.get(PurePath(name).suffix, b"")):
        return "something else"
    return None


def wrong_content(name, path, column=None):
    """Say what is wrong with a file that no checksum is known of.

    Parameters
    ----------
    name : str
        Name of the file. If it ends in ``.gz``, the file is read to its end.
    path : Path
        Where it lies, perhaps under another name.
    column : str, optional
        A column that the file has, which is a gzip file of a CSV table then.

    Returns
    -------
    str or None
        None if nothing is wrong.
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
