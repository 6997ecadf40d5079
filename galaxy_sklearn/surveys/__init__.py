"""The questions that surveys put to their volunteers, as data."""

from galaxy_sklearn.surveys.gz2 import GZ2

__all__ = ["GZ2"]
