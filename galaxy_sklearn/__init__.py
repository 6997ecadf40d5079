"""Galaxy morphologies from images with scikit-learn.

Transformers (read, crop, gray, resize, tensor) and a Keras network behind a scikit-learn
classifier, in one `Pipeline` from JPEG to the 37 vote fractions of Galaxy Zoo 2.
"""

import importlib

__version__ = "0.2.0"

# Public names are looked up where they are first used: importing the package must not start
# TensorFlow, which `GalaxyClassifier` stands on.
_HOME = {
    "GZ2": "surveys",
    "DecisionTree": "decision_tree",
    "ImageReader": "transformers",
    "ColourComposite": "transformers",
    "Stretch": "transformers",
    "CenterCrop": "transformers",
    "CropToGalaxy": "transformers",
    "Grayscale": "transformers",
    "Resize": "transformers",
    "FlattenToTensor": "transformers",
    "GalaxyClassifier": "classifier",
    "GalaxyEnsemble": "ensemble",
    "GalaxyEncoder": "encoder",
    "make_galaxy_pipeline": "pipeline",
    "EvaluationReport": "report",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
