"""Files that hold arrays or tables, not an image."""

# What a file begins with, what it is, and how its images get in.
ARRAYS = "read its arrays and give them as X, an array (n_images, height, width[, n_channels])"
LIST = "list its images with galaxy_sklearn.datasets.iter_images"
FOREIGN = (
    (b"\x89HDF\r\n\x1a\n", f"an HDF5 file: {LIST}"),
    (b"PAR1", f"a Parquet file: {LIST}"),
    (b"\x93NUMPY", f"a NumPy file: with numpy.load, {ARRAYS}"),
    (b"#ASDF", f"an ASDF file: with asdf, {ARRAYS}"),
    (b"PK\x03\x04", f"a ZIP archive: {LIST}"),
    (b"version https://git-lfs", "the pointer of Git LFS to a file: fetch it with git lfs pull"),
)
ZARR = ("zarr.json", ".zgroup", ".zarray")


def foreign(content):
    """Return what the content of a file is that is not an image; None if it is not known."""
    for start, found in FOREIGN:
        if content.startswith(start):
            return found
    if b"<VOTABLE" in content[:1000]:
        return "a VOTable: read it with astropy.table.Table.read, and give its column of file names"
    return None


def foreign_folder(path):
    """Return what a folder is whose name was given for that of an image."""
    if any((path / name).is_file() for name in ZARR):
        return f"a Zarr store: give it a name that ends in .zarr, and {LIST}"
    return "a folder: list its images with galaxy_sklearn.datasets.find_images or iter_images"
