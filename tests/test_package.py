import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import galaxy_sklearn
from galaxy_sklearn import datasets, metrics, transformers

ROOT = Path(__file__).parents[1]


def test_import_is_light():
    """Neither the package nor what needs no network starts TensorFlow."""
    code = """
import json, sys
import galaxy_sklearn
light = sorted({"tensorflow", "keras", "sklearn", "pandas", "skimage"} & set(sys.modules))
from galaxy_sklearn import GZ2, CenterCrop, DecisionTree, FlattenToTensor, Grayscale
from galaxy_sklearn import ImageReader, Resize, metrics, displays, scoring, cli
from galaxy_sklearn.datasets import load_galaxy_zoo, make_galaxies
print(json.dumps([light, sorted({"tensorflow", "keras"} & set(sys.modules))]))
"""
    found = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
    assert found == [[], []]


def test_public_names():
    for module in (galaxy_sklearn, datasets, metrics, transformers):
        for name in module.__all__:
            assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Classifier'"):
        galaxy_sklearn.Classifier  # noqa: B018
    assert set(galaxy_sklearn.__all__) <= set(dir(galaxy_sklearn))


def test_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == galaxy_sklearn.__version__
    for name in ("CITATION.cff", "CHANGELOG.md"):
        assert galaxy_sklearn.__version__ in (ROOT / name).read_text()
