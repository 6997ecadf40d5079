"""Tables of predictions, for images in memory or any number of images on disk."""

from galaxy_sklearn._models import load_model
from galaxy_sklearn.scoring._catalogue import Scored, score_catalogue

# Names in two spellings are for other rooms.
from galaxy_sklearn.scoring._predictions import CHUNK as CHUNK
from galaxy_sklearn.scoring._predictions import content_id as content_id
from galaxy_sklearn.scoring._predictions import first_and_last as first_and_last
from galaxy_sklearn.scoring._predictions import prediction_table
from galaxy_sklearn.scoring._predictions import read_chunks as read_chunks

__all__ = ["Scored", "load_model", "prediction_table", "score_catalogue"]
