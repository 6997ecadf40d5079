"""Files of arrays: HDF5 and Zarr, whose images are the rows of arrays of several dimensions."""

from contextlib import closing, contextmanager, nullcontext

import numpy as np

from galaxy_sklearn.images._limits import InvalidImageError, check_size

ZARR, ZIPPED = ".zarr", ".zarr.zip"
HDF5 = (".h5", ".hdf5")
ARRAYS = (*HDF5, ZARR, ZIPPED)


@contextmanager
def open_arrays(file):
    """Open a file of arrays, to be read with the functions below.

    Raises
    ------
    OSError
        If the file is missing or damaged, also if that is found later, within the context.
    """
    try:
        if file.lower().endswith(HDF5):
            with _hdf5().File(file) as root:
                yield root
        else:
            zarr = _zarr()
            zipped = file.lower().endswith(ZIPPED)
            store = zarr.storage.ZipStore(file, mode="r") if zipped else file
            root = zarr.open(store, mode="r")
            with closing(store) if zipped else nullcontext():
                yield root
    except (ImportError, InvalidImageError, OSError):
        raise
    except Exception as error:  # of decoders and of metadata, in many ways
        raise OSError(str(error)) from error


def arrays_in(root):
    """Return the arrays by their places; that of a Zarr store that is one array is ""."""
    found = {}
    if hasattr(root, "visititems"):
        root.visititems(lambda place, item: found.update({place: item}))
    elif hasattr(root, "members"):
        found = dict(root.members(max_depth=None))
    else:
        return {"": root}
    return {place: item for place, item in found.items() if hasattr(item, "shape")}


def rows_of(root, place, rows):
    """Return some rows of an array, as NumPy has them."""
    values = (root[place] if place else root)[rows]
    # pyarrow does not know NumPy's strings of differing length.
    return values.astype(object) if values.dtype.kind == "T" else values


def image_in(root, place, row, max_pixels):
    """Return one image.

    Raises
    ------
    InvalidImageError
        If there is no such image, or nothing was written in its place.
    """
    is_array = hasattr(root, "shape")
    if is_array == bool(place) or not (is_array or place in root):
        found = [] if is_array else list(root)
        raise InvalidImageError(f"expected an array {place!r}, found {found}")
    images = root[place] if place else root
    shape = getattr(images, "shape", ())  # groups have none
    if not 3 <= len(shape) <= 4 or row >= shape[0]:
        raise InvalidImageError(f"expected row {row} of images, found shape {shape}")
    check_size(shape[1:], max_pixels)
    image = images[row]
    # Zarr does not tell a chunk that is missing from one that was left out since it is empty.
    if hasattr(images, "fill_value") and _is_all(image, images.fill_value):
        raise InvalidImageError(
            f"expected pixels, found nothing but the fill value, {images.fill_value}: was this "
            "chunk not written or copied?"
        )
    return image


def _is_all(image, value):
    return value is not None and bool(
        np.all((image == value) | ((image != image) & (value != value)))
    )


def _hdf5():
    try:
        import h5py
    except ImportError:
        raise ImportError("reading HDF5 needs h5py: pip install 'galaxy_sklearn[hdf5]'") from None
    return h5py


def _zarr():
    try:
        import zarr
    except ImportError:
        raise ImportError("reading Zarr needs zarr: pip install 'galaxy_sklearn[zarr]'") from None
    return zarr
