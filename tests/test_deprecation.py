"""Old names work and say what to use."""

import importlib

import numpy as np
import pytest

from galaxy_sklearn import GZ2, datasets, images, scoring
from galaxy_sklearn._deprecation import moved, renamed


@pytest.mark.parametrize(
    ("module", "name", "new"),
    [
        ("galaxy_sklearn.survey", "score_catalogue", scoring.score_catalogue),
        ("galaxy_sklearn.catalogue", "prediction_table", scoring.prediction_table),
        ("galaxy_sklearn.catalogue", "load_model", scoring.load_model),
        ("galaxy_sklearn.decision_tree", "GZ2", GZ2),
    ],
)
def test_moved_names(module, name, new):
    place = importlib.import_module(module)
    with pytest.warns(
        FutureWarning, match=rf"{module}.{name} is deprecated .*; use galaxy_sk"
    ) as w:
        assert getattr(place, name) is new
    assert w[0].filename == __file__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        place.nothing  # noqa: B018


def test_names_with_two_homes():
    assert datasets.iter_images is images.iter_images
    assert datasets.find_images is images.find_images


def test_renamed_values():
    with pytest.warns(FutureWarning, match="network='old' is deprecated .* use network='new'"):
        assert renamed("old", "old", "new", "network") == "new"
    assert renamed("other", "old", "new", "network") == "other"
    array = np.zeros(2)
    assert renamed(array, "old", "new", "network") is array


def test_renamed_network():
    from galaxy_sklearn import networks

    with pytest.warns(FutureWarning, match="dieleman2015"):
        assert networks.get_network("many_views") is networks.dieleman2015
    with pytest.warns(FutureWarning, match="dieleman2015"):
        assert networks.many_views is networks.dieleman2015


def test_renamed_columns():
    with pytest.warns(FutureWarning, match="catalogue_columns is .*Tree.debiased_columns") as w:
        assert GZ2.catalogue_columns == GZ2.debiased_columns
    assert w[0].filename == __file__


def test_moved_is_for_modules():
    find = moved("somewhere", {"sqrt": "math:sqrt"})
    with pytest.warns(FutureWarning, match=r"somewhere\.sqrt is .* use math\.sqrt"):
        assert find("sqrt")(4) == 2
