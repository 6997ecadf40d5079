"""Decision trees of surveys: the questions that their volunteers answer."""

from galaxy_sklearn.surveys.gz2 import GZ2

__all__ = ["GZ2"]
