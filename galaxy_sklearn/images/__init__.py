"""Images: single files, members of archives, and stacks of them that are read on demand."""

from galaxy_sklearn.images._band_files import BandFiles
from galaxy_sklearn.images._containers import first_element, holds_paths
from galaxy_sklearn.images._limits import MAX_PIXELS
from galaxy_sklearn.images._listing import find_images, iter_images
from galaxy_sklearn.images._packed import PackedImage, read_zip_member
from galaxy_sklearn.images._read import read_image
from galaxy_sklearn.images._stack import ImageStack
from galaxy_sklearn.images._tables import ImageTable, is_table

__all__ = [
    "MAX_PIXELS",
    "BandFiles",
    "ImageStack",
    "ImageTable",
    "PackedImage",
    "find_images",
    "first_element",
    "holds_paths",
    "is_table",
    "iter_images",
    "read_image",
    "read_zip_member",
]
