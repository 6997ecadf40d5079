"""Files of models: the same bits come back, and nothing in a file runs code."""

import copy
import json
import os
import pickle
import zipfile

import joblib
import numpy as np
import pytest
from own_network import own_layers
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tiny import tiny

from galaxy_sklearn import (
    FlattenToTensor,
    GalaxyClassifier,
    GalaxyEncoder,
    GalaxyEnsemble,
    make_galaxy_pipeline,
)
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.sharing import load_model, save_model

SETTINGS = {
    "network__filters": (2, 2),
    "network__features": 4,
    "epochs": 1,
    "run_eagerly": True,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def data():
    return make_galaxies(16, image_size=12, random_state=0)


@pytest.fixture(scope="module")
def classifier(data):
    return GalaxyClassifier(**SETTINGS).fit(*data)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skops"


@pytest.fixture(scope="module")
def simple():
    """A model that loads in a millisecond."""
    return make_pipeline(FlattenToTensor(), DummyClassifier()).fit(np.zeros((3, 4, 4)), [0, 1, 1])


# ------------------------------------------------------------------- round trips


@pytest.mark.parametrize("kind", ["votes", "labels", "ensemble", "pipeline", "dirichlet"])
def test_the_same_bits_come_back(kind, data, classifier, path):
    X, y = data
    if kind == "votes":
        model = classifier
    elif kind == "labels":
        model = GalaxyClassifier(**SETTINGS).fit(X, np.where(y.iloc[:, 0] > 0.4, "E", "S"))
    elif kind == "ensemble":
        model = GalaxyEnsemble(GalaxyClassifier(**SETTINGS), n_estimators=2, random_state=0)
        model.fit(X, y)
    elif kind == "pipeline":
        model = make_galaxy_pipeline("galaxy_id", random_state=0).set_params(
            resize__size=8,
            classifier__network="equivariant",
            **{f"classifier__{name}": value for name, value in SETTINGS.items()},
        )
        model.fit(X, y)
    else:
        counts = make_galaxies(16, image_size=12, random_state=0, return_X_y=False).counts
        model = GalaxyClassifier(**SETTINGS, loss="dirichlet_multinomial", calibrate=True)
        model.fit(X, counts)
    save_model(model, path)
    again = load_model(path)
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert repr(again.get_params()) == repr(model.get_params())
    if kind in ("votes", "ensemble", "dirichlet"):
        np.testing.assert_array_equal(again.predict_interval(X), model.predict_interval(X))
    with zipfile.ZipFile(path) as file:
        versions = json.loads(file.read("versions.json"))
    assert {"galaxy_sklearn", "keras", "skops", "python"} <= versions.keys()


def test_encoder_comes_back(data, path):
    encoder = GalaxyEncoder(GalaxyClassifier(**SETTINGS)).fit(data[0])
    save_model(encoder, path)
    np.testing.assert_array_equal(load_model(path).transform(data[0]), encoder.transform(data[0]))
    started = GalaxyClassifier(pretrained=str(path), freeze=True, **SETTINGS).fit(*data)
    np.testing.assert_array_equal(started.transform(data[0]), encoder.transform(data[0]))


def test_half_precision(data, classifier, path):
    save_model(classifier, path, dtype="float16")
    before, after = (m.model_.get_weights() for m in (classifier, load_model(path)))
    for w, rounded in zip(before, after, strict=True):
        assert rounded.dtype == w.dtype
        np.testing.assert_array_equal(rounded, w.astype(np.float16).astype(np.float32))
    changed = copy.deepcopy(classifier)
    changed.model_.set_weights([w * 1e6 for w in before])
    with pytest.raises(ValueError, match=r"float16' holds weights up to 65504, found .*e\+"):
        save_model(changed, path, dtype="float16")
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float16', got 'int8'"):
        save_model(classifier, path, dtype="int8")


def test_places_of_this_machine_stay_behind(data, classifier, path, tmp_path):
    """A `fit` of what was loaded would read pickles there."""
    joblib.dump(classifier, tmp_path / "first.joblib")
    pipe = make_galaxy_pipeline(memory=str(tmp_path / "memory")).set_params(
        resize__size=12,
        classifier__checkpoint=str(tmp_path / "checkpoint"),
        **{f"classifier__{name}": value for name, value in SETTINGS.items()},
    )
    pipe.set_params(classifier__pretrained=str(tmp_path / "first.joblib"))
    with pytest.warns(UserWarning, match="is a pickle"):
        pipe.fit(*data)
    save_model(pipe, path)
    again = load_model(path)
    assert again.memory is again[-1].checkpoint is again[-1].pretrained is None
    assert pipe.memory and pipe[-1].checkpoint and pipe[-1].pretrained
    np.testing.assert_array_equal(again.predict_proba(data[0]), pipe.predict_proba(data[0]))
    # A model given as such comes along.
    frozen = GalaxyClassifier(pretrained=FrozenEstimator(classifier), **SETTINGS).fit(*data)
    save_model(frozen, path)
    assert load_model(path).pretrained.estimator.epochs == 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            GalaxyClassifier(network=tiny),
            r"holds 'tiny\.tiny' \(FunctionNode\), which safe files may not.*joblib",
        ),
        (
            FunctionTransformer(os.system),
            "holds 'sklearn.preprocessing._function_transformer.FunctionT",
        ),
        (make_pipeline(object()), "cannot be saved in a safe file|holds builtins.object"),
    ],
    ids=["network", "function", "object"],
)
def test_what_cannot_be_shared_is_not_written(model, message, path):
    with pytest.raises(ValueError, match=message):
        save_model(model, path)
    assert not path.exists()


def test_names_of_pickles(simple, tmp_path):
    with pytest.raises(ValueError, match=r"m\.joblib: this name is that of a pickle"):
        save_model(simple, tmp_path / "m.joblib")
    joblib.dump(simple, tmp_path / "m.joblib.gz")
    with pytest.warns(UserWarning, match=r"m\.joblib\.gz is a pickle: whoever wrote it can run"):
        load_model(tmp_path / "m.joblib.gz")
    joblib.dump({}, tmp_path / "m.pkl")
    (tmp_path / "text.pkl").write_text("text")
    with pytest.warns(UserWarning, match="is a pickle"):
        with pytest.raises(ValueError, match=r"m\.pkl: expected a fitted pipeline, found dict"):
            load_model(tmp_path / "m.pkl")
        with pytest.raises(ValueError, match=r"text\.pkl: no model that can be loaded"):
            load_model(tmp_path / "text.pkl")
    with pytest.raises(FileNotFoundError, match=r"load_pretrained\('gz2'\) loads"):
        load_model("gz2")
    with pytest.raises(FileNotFoundError, match=r"no model file .*none\.skops"):
        load_model(tmp_path / "none.skops")


# ------------------------------------------------------------------------ malice


class Payload:
    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (str(self.place),)


def test_pickles_under_other_names(tmp_path):
    for name in ("m.skops", "m", "m.bin"):
        (tmp_path / name).write_bytes(pickle.dumps(Payload(tmp_path / "ran")))
        with pytest.raises(ValueError, match="expected a file of save_model"):
            load_model(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def rewritten(path, change):
    """Write the file anew with its schema changed."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    schema = json.loads(members["schema.json"])
    members["schema.json"] = json.dumps(change(schema) or schema)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)


def nodes(schema):
    """Yield the nodes of a schema."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


def test_foreign_types(simple, path, tmp_path):
    save_model(simple, path)

    def call(schema):
        (node,) = (n for n in nodes(schema) if n.get("__class__") == "FlattenToTensor")
        place = json.dumps(str(tmp_path / "ran"))
        text = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
        text |= {"content": place, "is_json": True}
        arguments = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode"}
        arguments["content"] = [text]
        node.clear()
        node |= {"__class__": "mkdir", "__module__": "os", "content": arguments}
        node["__loader__"] = "ConstructorFromReduceNode"

    rewritten(path, call)
    with pytest.raises(ValueError, match=r"model\.skops was not loaded: it holds 'os\.mkdir'"):
        load_model(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace('"Dropout"', '"Lambda"'), r"keras\.layers\.Lambda"),
        (lambda text: text.replace('"Dropout"', '"TFSMLayer"'), r"keras\.layers\.TFSMLayer"),
        (
            lambda text: text.replace('"keras.layers", "class_name": "Dropout"', '"os", "class_n'
            'ame": "system"'),
            r"os\.system",
        ),
        (
            lambda text: text.replace(
                '"class_name": "Dropout"', '"class_name": "Dropout", "registered_name": "own>Evil"'
            ).replace('"registered_name": null', '"registered_name": "own>Evil"'),
            "has a layer or function",
        ),
    ],
)  # fmt: skip
def test_networks_of_other_layers(change, message, classifier, path):
    save_model(classifier, path)

    def swap(schema):
        (node,) = (
            n for n in nodes(schema) if "Dropout" in str(n.get("content")) and n.get("is_json")
        )
        before = json.loads(node["content"])
        assert change(before) != before
        node["content"] = json.dumps(change(before))

    rewritten(path, swap)
    with pytest.raises(ValueError, match=message):
        load_model(path)


def test_networks_with_layers_of_ones_own(data, path):
    """A pickle names their module, which is imported; a safe file must not."""
    own = GalaxyClassifier(own_layers, epochs=1, run_eagerly=True).fit(*data)
    started = GalaxyClassifier(pretrained=FrozenEstimator(own), epochs=1, run_eagerly=True)
    started.fit(*data).pretrained = None
    with pytest.raises(ValueError, match=r"safe file: its network needs own_network:Scale"):
        save_model(started, path)
    assert not path.exists()


def test_places_in_a_file(simple, path):
    save_model(simple, path)

    def change(schema):
        content = schema["content"]["content"]["memory"]
        content |= {"content": json.dumps("cache"), "__id__": -1}

    rewritten(path, change)
    with pytest.raises(ValueError, match="it names a place, memory='cache'"):
        load_model(path)


def test_members_that_save_model_does_not_write(simple, path):
    save_model(simple, path)
    content = path.read_bytes()

    def with_member(name):
        path.write_bytes(content)
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(name, b"")
        return path

    for name in ("../evil.npy", "/evil.npy", "a/b.npy", "evil.py", "C:evil.npy"):
        with pytest.raises(ValueError, match="it has a member"):
            load_model(with_member(name))
    with pytest.warns(UserWarning, match="Duplicate name"):
        with_member("schema.json")
    with pytest.raises(ValueError, match="two members of one name"):
        load_model(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("schema.json", "{}")
    with pytest.raises(ValueError, match="it has no versions.json"):
        load_model(path)


def test_bombs(simple, path):
    """A file that unpacks to too much is refused by what it says of itself, before it does."""
    save_model(simple, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("1.npy", bytes(2**20))
    content = bytearray(path.read_bytes())
    # The size in the central directory, which readers go by, becomes 4 GB.
    place = content.rindex(b"1.npy") - 46 + 24
    assert content[place : place + 4] == (2**20).to_bytes(4, "little")
    content[place : place + 4] = (2**32 - 2).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"it unpacks to 4\.3 GB, no more than 2 are loaded"):
        load_model(path)


@pytest.mark.parametrize("loader", ["ConstructorFromReduceNode", "PartialNode", "LossNode"])
def test_own_types_are_made_in_one_way(loader, classifier, path):
    """skops compares names only: our own `__init__` could be called with what a file says."""
    save_model(classifier, path)

    def call(schema):
        (node,) = (n for n in nodes(schema) if n.get("__class__") == "Learner")
        node["__loader__"] = loader

    rewritten(path, call)
    with pytest.raises(ValueError, match=rf"it holds .*Learner' \({loader}\)"):
        load_model(path)


def test_references_and_attributes(simple, path):
    def referring(schema):
        schema["content"]["content"]["steps"] = {"__id__": schema["__id__"]}

    def hidden(schema):
        schema["content"]["content"]["__getstate__"] = schema["content"]["content"]["memory"]

    def called(schema):
        kinds = schema["content"]["key_types"]["content"]
        kinds[0] = {**kinds[0], "__loader__": "ObjectNode", "__class__": "DummyClassifier"}
        kinds[0] |= {"__module__": "sklearn.dummy", "__id__": -1}

    def older(schema):
        schema["protocol"] = 0

    for change, message in (
        (referring, "a reference without an object"),
        (hidden, "an attribute '__getstate__'"),
        (called, "keys that are no text"),
        (older, "in protocol 0 of skops, not 2"),
    ):
        save_model(simple, path)
        rewritten(path, change)
        with pytest.raises(ValueError, match=message):
            load_model(path)


def test_weights_that_are_no_numbers(classifier, path):
    broken = copy.deepcopy(classifier)
    weights = broken.model_.get_weights()
    weights[0][:] = np.nan
    broken.model_.set_weights(weights)
    with pytest.raises(ValueError, match="weights that are NaN or infinite"):
        save_model(broken, path)


def test_other_compression_is_refused(simple, path):
    """zipfile unpacks all of such a member, whatever size it says it has."""
    save_model(simple, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as file:
        file.writestr("1.npy", b"")
    with pytest.raises(ValueError, match="compressed by another method"):
        load_model(path)


def test_an_inner_ending_makes_no_pickle(tmp_path):
    for name in ("m.joblib.skops", "m.pkl.v2"):
        (tmp_path / name).write_bytes(pickle.dumps(Payload(tmp_path / "ran")))
        with pytest.raises(ValueError, match="expected a file of save_model"):
            load_model(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_damaged_files(simple, path):
    """Any byte changed, any end missing: an error, or the same model."""
    save_model(simple, path)
    content = path.read_bytes()
    expected = simple.predict_proba(np.zeros((2, 4, 4)))
    rng = np.random.default_rng(0)
    refused = 0
    for i in range(400):
        damaged = bytearray(content)
        if i % 4 == 0:
            del damaged[rng.integers(len(content)) :]
        else:
            damaged[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            found = load_model(path)
        except ValueError as error:
            assert str(path) in str(error)
            refused += 1
        else:
            np.testing.assert_array_equal(found.predict_proba(np.zeros((2, 4, 4))), expected)
    assert refused > 200
