"""Moved to `galaxy_sklearn.scoring`."""

from galaxy_sklearn._deprecation import moved

__getattr__ = moved(
    __name__,
    {
        "load_model": "galaxy_sklearn.scoring:load_model",
        "prediction_table": "galaxy_sklearn.scoring:prediction_table",
    },
)
