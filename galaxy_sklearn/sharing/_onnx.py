"""A fitted pipeline as a graph in the format ONNX, for programs that know no Python."""

import json
from pathlib import Path

import keras
import numpy as np
from keras import ops
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import galaxy_sklearn
from galaxy_sklearn._files import written_whole
from galaxy_sklearn.classifier import GalaxyClassifier
from galaxy_sklearn.ensemble import GalaxyEnsemble
from galaxy_sklearn.sharing._answers import make_answering
from galaxy_sklearn.sharing._pixels import OPERATIONS, as_float
from galaxy_sklearn.transformers import CenterCrop, Grayscale, ImageReader, Resize

DTYPES = ("uint8", "float32")
INPUT, OUTPUT = "images", "fractions"


def export_onnx(pipe, path, *, dtype="uint8"):
    """Write a fitted pipeline as one ONNX graph, from decoded pixels to vote fractions.

    Any program with an ONNX runtime can then compute what `predict_proba` does, without Python.

    Parameters
    ----------
    pipe : Pipeline
        A fitted pipeline as `galaxy_sklearn.make_galaxy_pipeline` makes it. Its steps may be left
        out or replaced by others of this package; the last one is a `GalaxyClassifier` or a
        `GalaxyEnsemble`, with any network whose operations ONNX has.
    path : str or path-like
        The file to write, ``*.onnx``. A file that exists is replaced.
    dtype : {"uint8", "float32"}, default="uint8"
        Dtype of the pixels that the graph takes. As in the pipeline, "uint8", which JPEG files
        have, is scaled from 0-255 to 0-1; "float32" keeps its scale.

    Raises
    ------
    ImportError
        If onnx or tf2onnx is not installed.
    TypeError
        If `pipe` is not a pipeline.
    ValueError
        If a step cannot be exported, or the file's name does not end in ``.onnx``. The message
        names it, and nothing is written.
    NotFittedError
        If the pipeline is not fitted.
    RuntimeError
        If Keras does not run on TensorFlow.

    Notes
    -----
    The graph has one input, ``images``, of shape (n, height, width, channels): images of one size,
    which may be another one each time. There are three channels if the pipeline has a `Grayscale`,
    else as many as in `fit`. The pixels must be those that the pipeline's `ImageReader` decodes
    (see its ``luma`` and ``reduce``). Without `CenterCrop` and `Resize` the size is that of `fit`.
    The output, ``fractions``, of float32 and shape (n, n_classes), is vote fractions in the form
    seen in `fit`, or the probability of each class. An image that is smaller than the crop is an
    error of the runtime; pixels that are NaN or in other units are not noticed.

    Fractions are those of `predict_proba` to 1e-5. A network that computes in bfloat16 or float16
    is exported in float32, so that the graph is the more exact one; so is a tensor of float16.
    After `FlattenToTensor` with the dtype "uint8", a pixel halfway between two levels may be
    rounded to the other one.

    The graph's metadata are ``galaxy_sklearn``, the version; ``classes``, their names in the order
    of the output, as JSON; and for votes ``form``, "conditional" or "cumulative", and ``tree``, the
    name of the survey.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from galaxy_sklearn import make_galaxy_pipeline
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.sharing import export_onnx
    >>> X, y = make_galaxies(8, image_size=32, random_state=0)
    >>> pipe = make_galaxy_pipeline(random_state=0).set_params(
    ...     resize__size=16,
    ...     classifier__network__filters=(2, 2),
    ...     classifier__epochs=1,
    ...     classifier__run_eagerly=True,
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_onnx(pipe.fit(X, y), Path(folder, "galaxies.onnx"))
    ...     [file.name for file in Path(folder).iterdir()]
    ['galaxies.onnx']
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {DTYPES}, got {dtype!r}.")
    if Path(path).suffix != ".onnx":
        raise ValueError(f"path must end in '.onnx', got {str(path)!r}.")
    steps, members = _checked(pipe)
    model = _convert(pipe, steps, members, dtype)
    _describe(model, members[0])
    content = model.SerializeToString()
    with written_whole(path) as file:
        file.write_bytes(content)


def _checked(pipe):
    """Return the image steps and the classifiers of a pipeline that can be exported."""
    if not isinstance(pipe, Pipeline):
        raise TypeError(
            "export_onnx takes a fitted pipeline such as make_galaxy_pipeline's, got "
            f"{type(pipe).__name__}."
        )
    *named, (name, classifier) = pipe.steps
    steps = []
    for step_name, step in named:
        if step is None or step == "passthrough":
            continue
        if type(step) not in OPERATIONS:
            raise ValueError(
                f"Step {step_name!r} cannot be exported: it is {step!r}, expected 'passthrough', "
                f"{', '.join(kind.__name__ for kind in OPERATIONS)}."
            )
        try:
            clone(step).fit(np.zeros((1, 1, 1, 1), dtype=np.float32))  # checks the parameters
        except ValueError as error:
            raise ValueError(f"Step {step_name!r} cannot be exported: {error}") from None
        steps.append(step)
    members = [classifier]
    if type(classifier) is GalaxyEnsemble:
        check_is_fitted(classifier)
        members = classifier.estimators_
    for member in members:
        if type(member) is not GalaxyClassifier:
            raise ValueError(
                f"Step {name!r} cannot be exported: it has {type(member).__name__}, expected "
                "a GalaxyClassifier or a GalaxyEnsemble of them."
            )
        check_is_fitted(member)
    return steps, members


def _convert(pipe, steps, members, dtype):
    """Trace what a pipeline computes, and translate it to ONNX."""
    onnx, tf2onnx, tensorflow = _imported()
    name = pipe.steps[-1][0]
    image_shape = tuple(members[0].image_shape_in_)
    answering = [make_answering(member) for member in members]

    def compute(images):
        for step in steps:
            images = OPERATIONS[type(step)](step, images)
        images = as_float(images)
        if tuple(images.shape[1:]) != image_shape:
            sides = " x ".join("any" if side is None else str(side) for side in images.shape[1:])
            raise ValueError(
                f"Step {name!r} cannot be exported: it was fitted on images of shape {image_shape} "
                f"(height, width, channels), those that it would get have {sides}. Without a "
                "Resize, the CenterCrop must have a size in pixels."
            )
        answers = [answer(images) for answer in answering]
        return {OUTPUT: ops.cast(sum(answers) / len(answers), "float32")}

    images = tensorflow.TensorSpec(_input_shape(steps, image_shape), dtype, name=INPUT)
    function = tensorflow.function(compute, autograph=False)
    function.get_concrete_function(images)
    try:
        model, _ = tf2onnx.convert.from_function(function, [images])
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # the converter fails in many ways
        raise ValueError(
            f"Step {name!r} cannot be exported: its network has operations that ONNX or its "
            f"converter does not know ({str(error).strip().partition(chr(10))[0]})."
        ) from error
    return model


def _imported():
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"export_onnx needs Keras to run on tensorflow, not on {keras.backend.backend()}."
        )
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise ImportError(
            f"export_onnx needs {error.name}: pip install 'galaxy_sklearn[onnx]'"
        ) from error
    import tensorflow

    return onnx, tf2onnx, tensorflow


def _input_shape(steps, image_shape):
    """Return the shape of the images that a graph takes; None is any number."""
    *sides, channels = image_shape
    if any(isinstance(step, (CenterCrop, Resize)) for step in steps):
        sides = [None, None]
    if any(isinstance(step, Grayscale) for step in steps):
        channels = 1 if any(isinstance(s, ImageReader) and s.luma for s in steps) else 3
    return [None, *sides, channels]


def _describe(model, classifier):
    """Name the dimensions of a graph, and say in its metadata what it is."""
    for value, names in (
        (model.graph.input[0], ("n", "height", "width")),
        (model.graph.output[0], ("n",)),
    ):
        for dimension, name in zip(value.type.tensor_type.shape.dim, names, strict=False):
            if not dimension.dim_value:
                dimension.dim_param = name
    metadata = {
        "galaxy_sklearn": galaxy_sklearn.__version__,
        "classes": json.dumps(classifier.classes_.tolist()),
    }
    if classifier.form_ is not None:
        metadata["form"] = classifier.form_
        metadata["tree"] = classifier.target_encoder_.tree.name
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
