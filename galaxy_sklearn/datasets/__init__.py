"""Data sets of galaxy images with vote fractions, real and simulated."""

from galaxy_sklearn.datasets._galaxy_zoo import load_galaxy_zoo
from galaxy_sklearn.datasets._gz2 import fetch_gz2
from galaxy_sklearn.datasets._simulated import make_galaxies
from galaxy_sklearn.datasets._split import split_galaxies
from galaxy_sklearn.images import find_images, iter_images

__all__ = [
    "fetch_gz2",
    "find_images",
    "iter_images",
    "load_galaxy_zoo",
    "make_galaxies",
    "split_galaxies",
]
