"""What is kept of a training beside the network: on how much, when, by which versions."""

import platform
from datetime import UTC, datetime
from importlib import import_module

import keras
import sklearn

import galaxy_sklearn


def versions():
    """Return the versions of Python and of the packages that a network depends on, by name."""
    backend = keras.backend.backend()
    return {
        "galaxy_sklearn": galaxy_sklearn.__version__,
        "keras": keras.__version__,
        backend: import_module(backend).__version__,
        "scikit-learn": sklearn.__version__,
        "python": platform.python_version(),
    }


def make_record(n_galaxies, n_held_out):
    """Return the record of a training that has come to its end.

    Parameters
    ----------
    n_galaxies : int or None
        Number of galaxies that it was given, None if unknown.
    n_held_out : int
        Number of them that were set aside.

    Returns
    -------
    dict
        These, the time and the versions.
    """
    return {
        "n_galaxies": n_galaxies,
        "n_held_out": n_held_out,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
    }
