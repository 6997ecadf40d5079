"""Graphs that are exported: the same answers as those of the pipeline."""

import json
import sys

import numpy as np
import pytest
import skimage.transform
from keras import ops
from own_network import own_layers
from PIL import Image
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FunctionTransformer, Pipeline

import galaxy_sklearn
from galaxy_sklearn import (
    GZ2,
    CenterCrop,
    FlattenToTensor,
    GalaxyEnsemble,
    Grayscale,
    Resize,
    make_galaxy_pipeline,
)
from galaxy_sklearn._learner import batch_as_float32
from galaxy_sklearn.datasets import make_galaxies
from galaxy_sklearn.sharing import export_onnx
from galaxy_sklearn.sharing._pixels import OPERATIONS, resampling

onnxruntime = pytest.importorskip("onnxruntime")

# Odd and even, square and not, larger and smaller than what the network takes.
SIZES = [(32, 32), (33, 47), (60, 41), (11, 26), (100, 100)]
SMALL = {
    "equivariant": {"classifier__network__filters": (2, 3), "classifier__network__features": 4},
    "residual": {"classifier__network__filters": (4, 6)},
    "galaxy_id": {
        "classifier__network__filters": (4, 4, 6, 6),
        "classifier__network__dense_units": (16, 16),
    },
}


def pipeline(recipe="equivariant", **parameters):
    pipe = make_galaxy_pipeline(recipe, random_state=0)
    pipe.set_params(resize__size=12, classifier__epochs=1, classifier__run_eagerly=True)
    return pipe.set_params(**SMALL[recipe]).set_params(**parameters)


def shaken(pipe):
    """Give a fitted pipeline weights and temperatures that tell images apart."""
    rng = np.random.default_rng(0)
    classifier = pipe["classifier"]
    for member in getattr(classifier, "estimators_", [classifier]):
        weights = member.model_.get_weights()
        member.model_.set_weights([w * rng.uniform(0.5, 2, size=w.shape) for w in weights])
        target = member.target_encoder_
        target.temperature = rng.uniform(0.3, 2, size=np.shape(target.temperature))[()]
    return pipe


def files(folder, sizes, n=3, mode="RGB"):
    """Write images of each size, decode them and return (names, pixels) of each."""
    found = []
    for height, width in sizes:
        images = make_galaxies(n, image_size=max(height, width), random_state=height)[0]
        paths = []
        for i, image in enumerate(images[:, :height, :width]):
            paths.append(str(folder / f"{height}-{width}-{i}.png"))
            Image.fromarray(image).convert(mode).save(paths[-1])
        pixels = np.stack([np.asarray(Image.open(path)) for path in paths])
        found.append((paths, pixels if pixels.ndim == 4 else pixels[..., None]))
    return found


def run(file, images):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(["fractions"], {"images": images})[0]


def assert_same(pipe, folder, sizes=SIZES, mode="RGB", expected=None, **export):
    file = folder / "model.onnx"
    export_onnx(pipe, file, **export)
    for paths, pixels in files(folder, sizes, mode=mode):
        found = run(file, pixels)
        assert found.dtype == np.float32
        predicted = (expected or pipe).predict_proba(paths)
        assert np.ptp(predicted, axis=0).max() > 1e-3
        np.testing.assert_allclose(found, predicted, rtol=0, atol=1e-5)
    return file


@pytest.fixture(scope="module")
def fitted(paths, galaxies):
    return shaken(pipeline().fit(paths, galaxies[1]))


# ------------------------------------------------------------------------- equality


def test_the_default_pipeline(fitted, tmp_path):
    file = assert_same(fitted, tmp_path)
    assert [path.name for path in tmp_path.glob("*.onnx")] == ["model.onnx"]
    found = onnxruntime.InferenceSession(file)
    metadata = found.get_modelmeta().custom_metadata_map
    assert metadata.pop("classes") == json.dumps(GZ2.answer_names)
    assert metadata == {
        "galaxy_sklearn": galaxy_sklearn.__version__,
        "form": "conditional",
        "tree": GZ2.name,
    }
    assert found.get_inputs()[0].shape == ["n", "height", "width", 3]
    assert found.get_inputs()[0].type == "tensor(uint8)"
    assert found.get_outputs()[0].shape == ["n", 37]
    # A batch of one, and a JPEG file.
    ((_, pixels),) = files(tmp_path, [(40, 40)], n=1)
    Image.fromarray(pixels[0]).save(tmp_path / "1.jpg")
    pixels = fitted[:1].transform([str(tmp_path / "1.jpg")])[0]
    predicted = fitted.predict_proba([str(tmp_path / "1.jpg")])
    np.testing.assert_allclose(run(file, pixels[None]), predicted, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_mean_over_orientations_and_cumulative_fractions(paths, galaxies, tmp_path):
    votes = GZ2.to_cumulative(galaxies[1])
    for i, size in enumerate([(13, 13), (14, 9)]):
        (tmp_path / str(i)).mkdir()
        pipe = pipeline("residual", resize__size=size, crop__size=(10, 0.7))
        pipe = shaken(pipe.fit(paths, votes))
        assert pipe["classifier"].form_ == "cumulative"
        assert_same(pipe, tmp_path / str(i))


def test_the_references_recipe(paths, galaxies, tmp_path):
    """Gray images and sigmoids, of which each question is scaled."""
    pipe = shaken(pipeline("galaxy_id").fit(paths, galaxies[1]))
    *weights, bias = pipe["classifier"].model_.get_weights()
    # Where nobody was asked, all sigmoids of a question are small.
    pipe["classifier"].model_.set_weights([*weights, bias - 8])
    file = assert_same(pipe, tmp_path)
    found = onnxruntime.InferenceSession(file)
    assert found.get_inputs()[0].shape == ["n", "height", "width", 3]


@pytest.mark.slow
def test_class_labels(paths, galaxies, tmp_path):
    labels = np.where(galaxies[1].iloc[:, 0] > 0.5, "smooth", "featured")
    pipe = shaken(pipeline("residual", classifier__symmetric=False).fit(paths, labels))
    for temperature in (1.0, 1.7):
        pipe["classifier"].target_encoder_.temperature = temperature
        file = assert_same(pipe, tmp_path, SIZES[:2])
        found = onnxruntime.InferenceSession(file).get_modelmeta().custom_metadata_map
        assert json.loads(found["classes"]) == ["featured", "smooth"]
        assert found.keys() == {"classes", "galaxy_sklearn"}


def test_vote_counts(tmp_path):
    survey = make_galaxies(24, image_size=32, random_state=0, return_X_y=False)
    pipe = pipeline(classifier__loss="dirichlet_multinomial").fit(survey.data, survey.counts)
    assert_same(shaken(pipe), tmp_path, SIZES[:2])


@pytest.mark.slow
@pytest.mark.usefixtures("bfloat16")
def test_bfloat16_is_exported_in_single_precision(paths, galaxies, tmp_path):
    pipe = pipeline(classifier__dtype_policy="mixed_bfloat16").fit(paths, galaxies[1])
    single = pipeline().fit(paths, galaxies[1])
    single["classifier"].model_.set_weights(shaken(pipe)["classifier"].model_.get_weights())
    temperature = pipe["classifier"].target_encoder_.temperature
    single["classifier"].target_encoder_.temperature = temperature
    image, _ = files(tmp_path, SIZES[:1])[0]
    before = pipe.predict_proba(image)
    assert np.abs(before - single.predict_proba(image)).max() > 1e-4
    assert_same(pipe, tmp_path, SIZES[:2], expected=single)
    np.testing.assert_array_equal(pipe.predict_proba(image), before)


@pytest.mark.slow
def test_ensemble_and_luma_of_colours(paths, galaxies, tmp_path):
    pipe = pipeline("residual", gray=Grayscale("rec601"))
    member = pipe["classifier"].set_params(network__filters=(2,))
    pipe.set_params(classifier=GalaxyEnsemble(member.set_params(symmetric=False), 2))
    assert_same(shaken(pipe.fit(paths, galaxies[1])), tmp_path, SIZES[:2])


def test_network_of_ones_own(paths, galaxies, tmp_path):
    pipe = make_galaxy_pipeline(random_state=0).set_params(
        resize__size=8,
        classifier__network=own_layers,
        classifier__epochs=1,
        classifier__run_eagerly=True,
    )
    assert_same(pipe.fit(paths, galaxies[1]), tmp_path, SIZES[:2])


@pytest.mark.slow
def test_steps_left_out_and_small_tensors(paths, galaxies, tmp_path):
    pipe = pipeline(crop="passthrough", resize="passthrough", tensor__dtype="uint8")
    pipe = shaken(pipe.fit(paths, galaxies[1]))
    file = assert_same(pipe, tmp_path, [(32, 32)])
    assert onnxruntime.InferenceSession(file).get_inputs()[0].shape == ["n", 32, 32, 3]
    with pytest.raises(Exception, match="invalid dimensions"):
        run(file, np.zeros((1, 16, 64, 3), dtype=np.uint8))
    pipe = pipeline(crop=CenterCrop((20, 17)), resize="passthrough", tensor__dtype="float16")
    pipe = shaken(pipe.fit(paths, galaxies[1])).set_params(tensor__dtype="float32")
    assert_same(pipe, tmp_path, SIZES[:3])


def test_floats_keep_their_scale(fitted, tmp_path):
    export_onnx(fitted, tmp_path / "float.onnx", dtype="float32")
    images = 3 * np.random.default_rng(0).random((3, 40, 51, 3), dtype=np.float32)
    found = run(tmp_path / "float.onnx", images)
    np.testing.assert_allclose(found, fitted.predict_proba(images), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_gray_files(paths, galaxies, tmp_path):
    pipe = pipeline(read__luma=True, gray=Grayscale()).fit(paths, galaxies[1])
    assert_same(shaken(pipe), tmp_path, SIZES[:2], mode="L")


@pytest.mark.parametrize(
    "step",
    [
        CenterCrop(0.5),
        CenterCrop((7, 0.33)),
        Grayscale(),
        Grayscale("rec601"),
        Resize(5),
        Resize((30, 9)),
        FlattenToTensor(dtype="uint8"),
    ],
    ids=str,
)
def test_operations_are_those_of_the_steps(step):
    rng = np.random.default_rng(0)
    for shape in [(8, 8), (7, 15), (22, 13)]:
        floats = rng.random((2, *shape, 3), dtype=np.float32)
        for images in (floats, np.rint(floats * 255).astype(np.uint8), floats[..., :1]):
            expected = step.fit_transform(images)
            if isinstance(step, FlattenToTensor):
                expected = batch_as_float32(expected)
            found = np.asarray(OPERATIONS[type(step)](step, ops.convert_to_tensor(images)))
            expected = expected.reshape(found.shape)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_out", [1, 2, 3, 12, 64])
def test_weights_of_resampling_are_those_of_scikit_image(n_out):
    for n_in in [1, 2, 3, 5, 12, 13, 63, 64, 65, 100, 129, 424]:
        neighbours, weights = map(np.asarray, resampling(n_in, n_out))
        matrix = np.zeros((n_in, n_out))
        np.add.at(matrix, neighbours, weights.T)
        expected = skimage.transform.resize(np.eye(n_in), (n_out, n_in), anti_aliasing=n_out < n_in)
        np.testing.assert_allclose(matrix.T, expected, atol=1e-7)


@pytest.mark.slow
def test_real_images(kaggle, tmp_path):
    """On files of the survey."""
    files = sorted(map(str, (kaggle / "images").glob("*.jpg")))[:20]
    pipe = pipeline("residual", resize__size=64)
    pipe = shaken(pipe.fit(files, make_galaxies(20, image_size=8, random_state=0)[1]))
    export_onnx(pipe, tmp_path / "model.onnx")
    pixels = np.stack(list(pipe[:1].transform(files)))
    found = run(tmp_path / "model.onnx", pixels)
    np.testing.assert_allclose(found, pipe.predict_proba(files), rtol=0, atol=1e-5)


# ------------------------------------------------------------------------- refusals


@pytest.mark.slow
def test_images_smaller_than_the_crop_are_refused(paths, galaxies, tmp_path):
    pipe = pipeline(crop__size=20).fit(paths, galaxies[1])
    assert_same(shaken(pipe), tmp_path, [(20, 20), (21, 30)])
    for shape in [(19, 30), (30, 19), (18, 18), (10, 40), (40, 5), (1, 1)]:
        with pytest.raises(Exception, match="ShapeError|[Rr]eshape"):
            run(tmp_path / "model.onnx", np.zeros((2, *shape, 3), dtype=np.uint8))


def test_steps_that_cannot_be_exported(fitted, paths, galaxies, tmp_path):
    steps = dict(fitted.steps)

    def refused(match, pipe, error=ValueError, **options):
        with pytest.raises(error, match=match):
            export_onnx(pipe, tmp_path / "model.onnx", **options)
        assert not list(tmp_path.iterdir())

    def with_step(**changed):
        return Pipeline(list({**steps, **changed}.items()))

    refused("Step 'gray' cannot be exported: it is Func", with_step(gray=FunctionTransformer()))
    refused(
        "Step 'classifier' cannot be exported: it has LogisticRegression, expected a GalaxyCl",
        with_step(classifier=LogisticRegression()),
    )
    refused("Step 'resize' cannot be exported: size must be", with_step(resize=CenterCrop(0)))
    refused(
        r"Step 'classifier' .* of shape \(12, 12, 3\) .* any x any x 3.* in pixels",
        with_step(resize="passthrough"),
    )
    refused(r"\(12, 12, 3\) .* have 12 x 12 x 1", with_step(gray=Grayscale()))
    refused("not fitted", make_galaxy_pipeline(), NotFittedError)
    refused("takes a fitted pipeline .* got GalaxyClassifier", steps["classifier"], TypeError)
    refused("dtype must be one of .* got 'int8'", fitted, dtype="int8")
    with pytest.raises(ValueError, match=r"path must end in '\.onnx', got 'model\.skops'"):
        export_onnx(fitted, "model.skops")


@pytest.mark.slow
def test_operation_that_onnx_has_not(tmp_path):
    """The views of dieleman2015 are turned by 45 degrees."""
    X, y = make_galaxies(4, image_size=57, random_state=0)
    pipe = make_galaxy_pipeline().set_params(
        crop="passthrough",
        resize="passthrough",
        classifier__network="dieleman2015",
        classifier__network__filters=(2, 2, 2, 2),
        classifier__network__dense_units=(2, 2),
        classifier__epochs=1,
        classifier__run_eagerly=True,
        classifier__symmetric=False,
    )
    pipe.fit(X, y)
    with pytest.raises(ValueError, match="Step 'classifier' .*: its network has operations"):
        export_onnx(pipe, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_without_onnx(fitted, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ImportError, match=r"tf2onnx: pip install 'galaxy_sklearn\[onnx\]'"):
        export_onnx(fitted, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_file_that_was_there(fitted, tmp_path, monkeypatch):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"before")

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match=r"model.onnx: cannot be written: No space left"):
        export_onnx(fitted, file)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert file.read_bytes() == b"before"
