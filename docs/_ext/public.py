"""What is public: names in `__all__`, and the methods of classes that are ours."""

import importlib
import inspect
import pkgutil
from functools import cache, cached_property

import galaxy_sklearn


@cache
def public_objects():
    """Return all public objects by their full names.

    An object that several modules offer has several names.
    """
    found = {}
    modules = pkgutil.walk_packages(galaxy_sklearn.__path__, "galaxy_sklearn.")
    for name in ["galaxy_sklearn", *(module.name for module in modules)]:
        # A survey's own module is reached through `galaxy_sklearn.surveys`.
        private = "._" in name or name.startswith("galaxy_sklearn.surveys.")
        if private or name in DEPRECATED:
            continue
        module = importlib.import_module(name)
        for attribute in getattr(module, "__all__", ()):
            if attribute != "__version__":
                found[f"{name}.{attribute}"] = getattr(module, attribute)
    return found


# Old names of modules, which warn when they are imported.
DEPRECATED = {"galaxy_sklearn.catalogue", "galaxy_sklearn.survey"}


def resolve(fullname):
    """Return the object with a full name such as ``galaxy_sklearn.votes.check_votes``."""
    module, _, name = fullname.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _definer(cls, name):
    return next((base for base in cls.__mro__ if name in vars(base)), object)


def _members(cls, package):
    for name, value in inspect.getmembers(cls):
        # scikit-learn makes `set_fit_request` and the like for each class.
        made = name.startswith("set_") and name.endswith("_request")
        home = "sklearn" if made else _definer(cls, name).__module__.split(".")[0]
        if not name.startswith("_") and home == package:
            yield name, value


def own_methods(fullname):
    """Return the names of the public methods that the package defines."""
    members = _members(resolve(fullname), "galaxy_sklearn")
    return [name for name, value in members if callable(value)]


def own_properties(fullname):
    """Return the names of the public properties that the package defines."""
    return [
        name
        for name, value in _members(resolve(fullname), "galaxy_sklearn")
        if isinstance(value, property | cached_property)
        and not (value.__doc__ or "").startswith("Deprecated")
    ]


def scikit_learn_methods(fullname):
    """Return the names of the public methods that a class has from scikit-learn."""
    return [name for name, value in _members(resolve(fullname), "sklearn") if callable(value)]


def type_names():
    """Return full names by short ones, for classes in the types of parameters."""
    names = {}
    for fullname, value in public_objects().items():
        short = fullname.rpartition(".")[2]
        if inspect.isclass(value) and len(fullname) <= len(names.get(short, fullname)):
            names[short] = fullname
    return names
