"""Old names that still work, and say what to use instead."""

import importlib
import warnings


def moved(module, places):
    """Make the ``__getattr__`` of a module whose public names have moved.

    Parameters
    ----------
    module : str
        Its name.
    places : dict of str
        Where each name is now, as ``"module:name"``.

    Returns
    -------
    callable
        Warns, and returns the object from its new place.
    """

    def find(name):
        if name not in places:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        place, _, new_name = places[name].partition(":")
        warn(f"{module}.{name}", f"{place}.{new_name}", stacklevel=3)
        return getattr(importlib.import_module(place), new_name)

    return find


def renamed(value, old, new, what):
    """Return the new spelling of a value, with a warning for the old one.

    Parameters
    ----------
    value : object
        What the user gave.
    old, new : str
        The spellings.
    what : str
        What it is a value of, such as ``"network"``.

    Returns
    -------
    object
        ``new`` for ``old``, any other value as it is.
    """
    if isinstance(value, str) and value == old:
        warn(f"{what}={old!r}", f"{what}={new!r}", stacklevel=4)
        return new
    return value


def warn(old, new, *, stacklevel):
    """Warn that an old name will go."""
    warnings.warn(
        f"{old} is deprecated since version 0.2 and will be removed in 0.4; use {new}.",
        FutureWarning,
        stacklevel=stacklevel,
    )
