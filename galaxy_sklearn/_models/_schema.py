"""What the list of contents of a safe file may say, checked before anything is made of it.

skops compares the names of types with those that it is told to trust, not how they are made: by
their own loader, a call with arguments of the file, or a function that gets some of them in
advance. Here each type has its loader.
"""

import json

import numpy as np

from galaxy_sklearn._models._shipped import pretrained_models

PROTOCOL = 2
BUILTINS = {f"builtins.{name}" for name in ("bool", "float", "int", "str")}
OWN = {
    f"galaxy_sklearn.{name}"
    for name in (
        "classifier.GalaxyClassifier",
        "encoder.GalaxyEncoder",
        "ensemble.GalaxyEnsemble",
        "_learner._labels.LabelTarget",
        "_learner._learner.Learner",
        "_learner._pairs.ViewPairs",
        "_learner._votes.VoteTarget",
        "transformers._colour.ColourComposite",
        "transformers._crop.CenterCrop",
        "transformers._galaxy.CropToGalaxy",
        "transformers._gray.Grayscale",
        "transformers._reader.ImageReader",
        "transformers._resize.Resize",
        "transformers._stretch.Stretch",
        "transformers._tensor.FlattenToTensor",
    )
}
# Few: an estimator whose state was made up may read files or crash.
SKLEARN = {
    "sklearn.decomposition._pca.PCA",
    "sklearn.dummy.DummyClassifier",
    "sklearn.frozen._frozen.FrozenEstimator",
    "sklearn.linear_model._logistic.LogisticRegression",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing._label.LabelEncoder",
}
TUPLES = {
    f"galaxy_sklearn.{name}"
    for name in (
        "_learner._conformal.Errors",
        "_learner._novelty.Gaussian",
        "decision_tree.Answer",
        "decision_tree.Question",
    )
}
CALLED = {"galaxy_sklearn.decision_tree.DecisionTree"}
NUMBERS = {f"numpy.{kind.__name__}" for kind in np.sctypeDict.values() if kind is not np.void}
LOADERS = {
    "ConstructorFromReduceNode": CALLED,
    "DictNode": {"builtins.dict"},
    "JsonNode": BUILTINS,
    "ListNode": {"builtins.list"},
    "NdArrayNode": {"numpy.ndarray"} | NUMBERS,
    "ObjectNode": OWN | SKLEARN,
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "TupleNode": {"builtins.tuple"} | TUPLES,
    "TypeNode": BUILTINS,
}
TRUSTED = sorted(set().union(*LOADERS.values()))
# Parameters that name places of one machine. From such a place a `fit` would load pickles.
PLACES = ("checkpoint", "memory", "pretrained")


def check_schema(schema):
    """Refuse a list of contents that holds anything else.

    Parameters
    ----------
    schema : dict
        The parsed ``schema.json``.

    Returns
    -------
    list of str
        The members of the zip file that its arrays are in, as often as they are read.

    Raises
    ------
    ValueError
        With what it holds.
    """
    if schema.get("protocol") != PROTOCOL:
        raise ValueError(f"it is in protocol {schema.get('protocol')!r} of skops, not {PROTOCOL}")
    first, members, pending = {}, [], [schema]
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending.extend(part)
        if not isinstance(part, dict):
            continue
        pending.extend(part.values())
        if "__loader__" not in part:
            if "__id__" in part:
                raise ValueError("it holds a reference without an object")
            continue
        loader, name = part["__loader__"], f"{part.get('__module__')}.{part.get('__class__')}"
        if name not in LOADERS.get(loader, ()):
            raise ValueError(
                f"it holds {name[:200]!r} ({str(loader)[:50]}), which safe files may not"
            )
        # A repeated object is written in full again: a mere reference would be a loop, or a bomb.
        number = part.get("__id__")
        if number is not None:
            known = first.setdefault(number, part)
            if known is not part and _without_numbers(known) != _without_numbers(part):
                raise ValueError("it holds two objects of one number")
        if loader == "DictNode":
            _check_attributes(part)
        if loader == "NdArrayNode" and "file" in part:
            members.append(part["file"])
    return members


def _without_numbers(part):
    if isinstance(part, dict):
        return {k: _without_numbers(v) for k, v in part.items() if k != "__id__"}
    return [_without_numbers(v) for v in part] if isinstance(part, list) else part


def _check_attributes(node):
    kinds = node["key_types"]
    if kinds["__loader__"] != "ListNode" or any(
        kind["__loader__"] != "TypeNode" for kind in kinds["content"]
    ):
        raise ValueError("it holds keys that are no text or numbers")
    for name, value in node["content"].items():
        if name.startswith("__"):
            raise ValueError(f"it holds an attribute {name[:200]!r}")
        if name in PLACES and value.get("__loader__") == "JsonNode":
            place = json.loads(value["content"])
            if isinstance(place, str) and place not in pretrained_models():
                raise ValueError(f"it names a place, {name}={place[:200]!r}")
