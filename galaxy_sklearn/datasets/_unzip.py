"""Unpacking a large archive in place."""

import json
from pathlib import PurePosixPath
from zipfile import ZipFile

from tqdm.auto import tqdm

from galaxy_sklearn.images import read_zip_member

# Number of members that are unpacked before the archive is truncated.
STEP = 256


def unzip_in_place(archive, folder, *, verbose=False):
    """Unpack a ZIP archive into a folder, truncating, then deleting, the archive.

    The members are unpacked from the last to the first, and the archive is truncated after the
    remaining ones. So no more space is needed than for the archive and a few files. A call that
    was interrupted is resumed by the next one.

    Parameters
    ----------
    archive : Path
        The archive. It is deleted in the end.
    folder : Path
        Destination of the files. Folders within the archive are not created. The folder appears
        when all files are unpacked.
    verbose : bool, default=False
        Whether to show a progress bar.

    Raises
    ------
    ValueError
        If a member's path leads out of the archive, two members have the same name, or a member
        is damaged. The message names it.
    """
    index = archive.with_name(f"{archive.name}.members")
    partial = folder.with_name(f"{folder.name}.partial")
    if archive.exists():
        members = _members(archive, index)
        partial.mkdir(parents=True, exist_ok=True)
        left = [member for member in members if member[1] < archive.stat().st_size]
        with (
            archive.open("r+b") as file,
            tqdm(total=len(members), desc="unpacking", unit=" files", disable=not verbose) as bar,
        ):
            bar.update(len(members) - len(left))
            for i, member in enumerate(left, 1):
                _unpack(file, partial, *member)
                bar.update()
                if i % STEP == 0 or i == len(left):
                    file.truncate(member[1])
        archive.unlink()
    partial.replace(folder)
    index.unlink(missing_ok=True)


def is_being_unzipped(archive):
    """Whether the unpacking of an archive has begun, so that it is no longer complete."""
    return archive.with_name(f"{archive.name}.members").exists()


def _members(archive, index):
    """List (name, offset, compressed size, method, CRC), last first.

    The list is kept in a file, because the archive's own, at its end, is truncated first.
    """
    if not index.exists():
        with ZipFile(archive) as content:
            found = [info for info in content.infolist() if not info.is_dir()]
        names = {}
        for info in found:
            path = PurePosixPath(info.filename.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
                raise ValueError(
                    f"{archive}: the member {info.filename!r} leads out of the archive; "
                    "nothing was unpacked."
                )
            if path.name in names:
                raise ValueError(
                    f"{archive}: the members {names[path.name]!r} and {info.filename!r} have "
                    "one name; nothing was unpacked."
                )
            names[path.name] = info.filename
        rows = [
            (name, info.header_offset, info.compress_size, info.compress_type, info.CRC)
            for name, info in zip(names, found, strict=True)
        ]
        rows.sort(key=lambda row: -row[1])
        written = index.with_name(f"{index.name}.new")
        written.write_text(json.dumps(rows))
        written.replace(index)
    return json.loads(index.read_text())


def _unpack(file, folder, name, *where):
    try:
        content = read_zip_member(file, *where)
    except ValueError as error:
        raise ValueError(f"{file.name}: the member {name!r} is damaged ({error}).") from error
    # Written under another name first: a file that exists is complete.
    written = folder / f"{name}.new"
    with written.open("wb") as target:
        target.write(content)
    written.replace(folder / name)
