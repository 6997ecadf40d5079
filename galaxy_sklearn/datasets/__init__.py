"""Galaxy images with vote fractions: readers of real ones and a simulation."""

from galaxy_sklearn.datasets._galaxy_zoo import find_images, load_galaxy_zoo
from galaxy_sklearn.datasets._simulated import make_galaxies

__all__ = ["find_images", "load_galaxy_zoo", "make_galaxies"]
