"""Tables of predictions, for images in memory or any number of images on disk."""

from galaxy_sklearn._models import load_model
from galaxy_sklearn.scoring._catalogue import Scored, score_catalogue
from galaxy_sklearn.scoring._predictions import prediction_table

__all__ = ["Scored", "load_model", "prediction_table", "score_catalogue"]
