"""Transformers from image files to the tensor that a network takes."""

from galaxy_sklearn.images import ImageStack
from galaxy_sklearn.transformers._colour import ColourComposite
from galaxy_sklearn.transformers._crop import CenterCrop
from galaxy_sklearn.transformers._galaxy import CropToGalaxy
from galaxy_sklearn.transformers._gray import Grayscale
from galaxy_sklearn.transformers._reader import ImageReader
from galaxy_sklearn.transformers._reader import reader_of as reader_of  # for other rooms
from galaxy_sklearn.transformers._resize import Resize
from galaxy_sklearn.transformers._stretch import Stretch
from galaxy_sklearn.transformers._tensor import FlattenToTensor

__all__ = [
    "CenterCrop",
    "ColourComposite",
    "CropToGalaxy",
    "FlattenToTensor",
    "Grayscale",
    "ImageReader",
    "ImageStack",
    "Resize",
    "Stretch",
]
