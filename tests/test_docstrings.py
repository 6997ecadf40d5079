"""Docstrings of public objects: in the format of numpydoc, with examples."""

import importlib
import inspect

import pytest
from numpydoc.validate import validate

MODULES = (
    "galaxy_sklearn",
    "galaxy_sklearn.datasets",
    "galaxy_sklearn.decision_tree",
    "galaxy_sklearn.displays",
    "galaxy_sklearn.images",
    "galaxy_sklearn.metrics",
    "galaxy_sklearn.networks",
    "galaxy_sklearn.networks.augmentation",
    "galaxy_sklearn.networks.losses",
    "galaxy_sklearn.networks.self_supervision",
    "galaxy_sklearn.pipeline",
    "galaxy_sklearn.report",
    "galaxy_sklearn.scoring",
    "galaxy_sklearn.sharing",
    "galaxy_sklearn.surveys",
    "galaxy_sklearn.transformers",
    "galaxy_sklearn.votes",
)
# numpydoc's numbers of checks, and why we leave them out.
IGNORED = {
    "ES01": "a summary can say all",
    "EX01": "classes and functions have examples, see below; methods need none",
    "GL01": "the summary is on the line of the quotes, as ruff wants it",
    "RT02": "self has a name in Returns, as in scikit-learn",
    "SA01": "not everything has relatives",
}
# The same for one object.
IGNORED_IN = {
    # The parameter ** is left out of the signature, so that scikit-learn takes it for none.
    "galaxy_sklearn.GalaxyClassifier": {"PR02"},
}


def public(module):
    """Yield the names of the public classes and functions of a module."""
    for name in importlib.import_module(module).__all__:
        value = getattr(importlib.import_module(module), name)
        if inspect.isclass(value) or inspect.isfunction(value):
            yield f"{module}.{name}", value


def methods(name, cls):
    """Yield the names of the public methods and properties that a class of ours defines."""
    for method, value in inspect.getmembers(cls):
        owner = next((base for base in cls.__mro__ if method in vars(base)), object)
        if (
            not method.startswith("_")
            and owner.__module__.startswith("galaxy_sklearn")
            and (callable(value) or isinstance(value, property))
        ):
            yield f"{name}.{method}"


@pytest.mark.parametrize("module", MODULES)
def test_format(module):
    """A name has all the parameters, returns and sections that numpydoc asks for."""
    names = []
    for name, value in public(module):
        names += [name, *(methods(name, value) if inspect.isclass(value) else ())]
    faults = {
        name: [
            error
            for error in validate(name)["errors"]
            if error[0] not in {*IGNORED, *IGNORED_IN.get(name, ())}
        ]
        for name in names
    }
    assert not {name: errors for name, errors in faults.items() if errors}


@pytest.mark.parametrize("module", MODULES)
def test_examples(module):
    """pytest runs them with --doctest-modules."""
    names = {name for name, value in public(module) if ">>>" not in (inspect.getdoc(value) or "")}
    assert not names
