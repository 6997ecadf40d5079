"""Listing the images of ZIP and tar archives."""

import os
import posixpath
import struct
import tarfile
import threading
import warnings
import zlib
from pathlib import PurePath
from zipfile import BadZipFile, ZipFile

from galaxy_sklearn.images._fits import FITS_SUFFIXES
from galaxy_sklearn.images._packed import PackedImage

SUFFIXES = (
    *(".jpg", ".jpeg", ".jfif", ".png", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".pgm", ".ppm"),
    *FITS_SUFFIXES,
)
ARCHIVES = (".zip", ".tar")
BAD_ARCHIVE = (
    *(BadZipFile, tarfile.TarError, NotImplementedError, OSError, ValueError, struct.error),
    *(EOFError, OverflowError, zlib.error),
)
LISTING = threading.Lock()
# Lists of archives whose images were asked for by their names alone, by name, time and size of the
# archive, which may be overwritten; of so many images together, which take some 100 MB.
LISTED: dict[tuple, tuple] = {}
MOST_LISTED = 400_000


def is_image(name):
    """Tell whether a file is an image, by its name."""
    path = PurePath(name)
    # macOS writes a companion of each file where it has no other place for it.
    return (
        name.lower().endswith(SUFFIXES)
        and not path.name.startswith("._")
        and "__MACOSX" not in path.parts
    )


def in_archive(archive):
    """Yield the images of an archive; links within it come last."""
    members = _in_zip if archive.lower().endswith(".zip") else _in_tar
    try:
        yield from members(archive)
    except BAD_ARCHIVE as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # the archive is missing, say
        raise ValueError(f"{archive}: the archive is damaged ({error}).") from error


def _in_zip(archive):
    with ZipFile(archive) as content:
        members = content.infolist()
    for info in members:
        if is_image(info.filename):
            yield PackedImage(
                f"{archive}/{info.filename}",
                archive,
                info.header_offset,
                info.compress_size,
                info.compress_type,
                info.CRC,
            )


def _in_tar(archive):
    links, images = {}, []
    for info in _tar_members(archive):
        if info.isreg() and is_image(info.name):
            yield PackedImage(f"{archive}/{info.name}", archive, info.offset_data, info.size)
        elif info.issym() or info.islnk():
            # A hard link names a member, a symbolic one a place beside its own.
            folder = posixpath.dirname(info.name) if info.issym() else ""
            name = posixpath.normpath(info.name)
            links[name] = posixpath.normpath(posixpath.join(folder, info.linkname))
            if is_image(info.name):
                images.append(info.name)
    if not images:
        return
    files = {
        posixpath.normpath(info.name): (info.offset_data, info.size)
        for info in _tar_members(archive)
        if info.isreg()
    }
    lost = []
    for name in images:
        target, steps = posixpath.normpath(name), 0
        while target in links and steps <= len(links):  # links may lead in circles
            target, steps = links[target], steps + 1
        if target in files:
            yield PackedImage(f"{archive}/{name}", archive, *files[target])
        else:
            lost.append(name)
    if lost:
        warnings.warn(
            f"{archive}: left out: {len(lost)} links to nothing in it, such as {lost[0]}.",
            UserWarning,
            stacklevel=4,
        )


def _tar_members(archive):
    with tarfile.open(archive, "r:") as content:
        while (info := content.next()) is not None:
            content.members.clear()  # TarFile keeps all members otherwise
            yield info
        # A damaged header looks like the end.
        content.fileobj.seek(content.offset)
        if content.fileobj.read(2 * tarfile.BLOCKSIZE).strip(b"\0"):
            raise tarfile.ReadError("a header in the middle")


def find_packed(name):
    """Find an image in an archive by its name alone, as data frames and arrays keep it.

    Parameters
    ----------
    name : str
        Archive and member, such as ``"shard.tar/3.jpg"``.

    Returns
    -------
    PackedImage or None
        None if no part of the name is an archive that holds the rest.

    Raises
    ------
    ValueError
        If the archive is damaged.
    """
    for folder in PurePath(name).parents:
        archive = os.fspath(folder)
        if archive.lower().endswith(ARCHIVES) and os.path.isfile(archive):  # noqa: PTH113
            state = os.stat(archive)  # noqa: PTH116 - pathlib is slow
            with LISTING:  # once, not once in each thread
                members, fault = _members(archive, state.st_mtime_ns, state.st_size)
            found = members.get(PurePath(name).relative_to(folder).as_posix())
            if found is None and fault is not None:
                raise fault
            return found
    return None


def _members(*state):
    """Return the images of an archive by name, and what is wrong with it, from the cache."""
    found = LISTED.pop(state, None) or _list_members(state[0])
    LISTED[state] = found  # the last one
    while len(LISTED) > 1 and sum(len(members) for members, _ in LISTED.values()) > MOST_LISTED:
        del LISTED[next(iter(LISTED))]
    return found


def _list_members(archive):
    members = {}
    try:
        for image in in_archive(archive):
            members[PurePath(image).relative_to(archive).as_posix()] = image
    except (OSError, ValueError) as error:
        return members, error
    return members, None
