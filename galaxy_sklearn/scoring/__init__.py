"""Tables of predictions, for images in memory or any number of images on disk."""

from galaxy_sklearn.scoring._catalogue import Scored, score_catalogue
from galaxy_sklearn.scoring._predictions import load_model, prediction_table

__all__ = ["Scored", "load_model", "prediction_table", "score_catalogue"]
