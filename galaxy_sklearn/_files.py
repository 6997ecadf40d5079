"""Files that are written whole or not at all."""

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path

# Of files that are being written. Readers of a folder pass over names that begin with a dot.
UNFINISHED, LOCK = ".new-", ".lock"


@contextmanager
def written_whole(path):
    """Write a file under another name first, so that no half of it ever bears its own.

    Parameters
    ----------
    path : str or path-like
        The file.

    Yields
    ------
    Path
        The name to write to. It ends as the file's own does, in the same folder.

    Raises
    ------
    OSError
        If it cannot be written, as on a full disk. The message names the file.
    """
    path = Path(path)
    written = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    try:
        yield written
        with written.open("rb+") as file:
            os.fsync(file.fileno())  # or a loss of power leaves a name without content
        written.replace(path)
    except BaseException as error:
        # On a full disk what is left of it takes the room of other files.
        written.unlink(missing_ok=True)
        if isinstance(error, OSError):
            reason = error.strerror or error
            raise OSError(
                error.errno or errno.EIO, f"{path}: cannot be written: {reason}"
            ) from error
        raise


def delete_unfinished(folder, name="*"):
    """Delete what processes that were killed left of files of a name."""
    for path in Path(folder).glob(f"{UNFINISHED}*-{name}"):
        path.unlink(missing_ok=True)


@contextmanager
def owned(folder, *, by):
    """Make a folder, and keep others out of it; remove it if nothing is left in it.

    Parameters
    ----------
    folder : Path
        The folder.
    by : str
        What it belongs to meanwhile, for the message.

    Raises
    ------
    BlockingIOError
        If it belongs to another one.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BlockingIOError(
            f"{folder} is being written by another {by}; wait for it, or choose another folder."
        ) from None
    try:
        yield
    finally:
        if {path.name for path in folder.iterdir()} <= {LOCK}:
            # While it is held: whoever comes now locks another file. Windows deletes no open file.
            with suppress(PermissionError):
                (folder / LOCK).unlink()
        lock.release()
        with suppress(OSError):  # not empty, or another process' already
            folder.rmdir()
