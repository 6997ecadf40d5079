"""Moved to `galaxy_sklearn.scoring`."""

from galaxy_sklearn._deprecation import moved

__getattr__ = moved(
    __name__,
    {
        "Scored": "galaxy_sklearn.scoring:Scored",
        "score_catalogue": "galaxy_sklearn.scoring:score_catalogue",
    },
)
