"""Plots of training histories and predictions, as scikit-learn ``Display`` classes."""

from galaxy_sklearn.displays._coverage import CoverageDisplay
from galaxy_sklearn.displays._grid import GalaxyGridDisplay
from galaxy_sklearn.displays._history import HistoryDisplay
from galaxy_sklearn.displays._jpeg import as_jpeg as as_jpeg  # this one is for other rooms
from galaxy_sklearn.displays._reliability import ReliabilityDisplay
from galaxy_sklearn.displays._saliency import SaliencyDisplay
from galaxy_sklearn.displays._scores import QuestionScoresDisplay
from galaxy_sklearn.displays._thumbnails import ThumbnailTable
from galaxy_sklearn.displays._tree import FULL as FULL  # these are for other rooms
from galaxy_sklearn.displays._tree import DecisionTreeDisplay
from galaxy_sklearn.displays._tree_layout import TITLE as TITLE
from galaxy_sklearn.displays._tree_layout import WIDTH as WIDTH
from galaxy_sklearn.displays._tree_layout import lay_out as lay_out
from galaxy_sklearn.displays._words import words as words

__all__ = [
    "CoverageDisplay",
    "DecisionTreeDisplay",
    "GalaxyGridDisplay",
    "HistoryDisplay",
    "QuestionScoresDisplay",
    "ReliabilityDisplay",
    "SaliencyDisplay",
    "ThumbnailTable",
]
