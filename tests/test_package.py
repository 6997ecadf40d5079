import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import galaxy_sklearn
from galaxy_sklearn import datasets, metrics, sharing, transformers

ROOT = Path(__file__).parents[1]


def test_import_is_light():
    """Neither the package nor what needs no network starts TensorFlow."""
    code = """
import json, sys
import galaxy_sklearn
light = sorted({"tensorflow", "keras", "sklearn", "pandas", "skimage"} & set(sys.modules))
from galaxy_sklearn import GZ2, CenterCrop, DecisionTree, FlattenToTensor, Grayscale
from galaxy_sklearn import ImageReader, Resize, metrics, displays, report, scoring, sharing, cli
from galaxy_sklearn.datasets import load_galaxy_zoo, make_galaxies
print(json.dumps([light, sorted({"tensorflow", "keras", "onnx"} & set(sys.modules))]))
"""
    found = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
    assert found == [[], []]


def test_public_names():
    for module in (galaxy_sklearn, datasets, metrics, sharing, transformers):
        for name in module.__all__:
            assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Classifier'"):
        galaxy_sklearn.Classifier  # noqa: B018
    assert set(galaxy_sklearn.__all__) <= set(dir(galaxy_sklearn))


def test_private_modules_stay_in_their_room():
    """A room takes from another one what that calls public. See the contracts of import-linter."""
    found = []
    for path in sorted((ROOT / "galaxy_sklearn").rglob("*.py")):
        room = path.relative_to(ROOT / "galaxy_sklearn").with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom):
                continue
            package, *parts = node.module.split(".")
            names = [*parts, *(alias.name for alias in node.names)]
            # Private modules of the package itself, such as _ids, serve all rooms.
            private = [name for name in names[1:] if name.startswith("_") and name[1] != "_"]
            if package == "galaxy_sklearn" and private and names[0] != room:
                found.append(f"{path.name}: {node.module} ({', '.join(private)})")
    assert not found


def test_one_version():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["project"]["dynamic"] == ["version"]
    attribute = settings["tool"]["setuptools"]["dynamic"]["version"]["attr"]
    assert attribute == "galaxy_sklearn.__version__"
    for name in ("CITATION.cff", "CHANGELOG.md"):
        assert galaxy_sklearn.__version__ in (ROOT / name).read_text()
