"""Files of fitted estimators, written by skops: whoever wrote one, loading it runs no code."""

import copy
import io
import json
import os
import platform
import re
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

import galaxy_sklearn
from galaxy_sklearn._files import written_whole
from galaxy_sklearn._models._schema import PLACES, TRUSTED, check_schema
from galaxy_sklearn._models._shipped import pretrained_models
from galaxy_sklearn._models._untrusted import UNTRUSTED

# Files with one of these in their names are pickles, which can run code.
PICKLES = {".joblib", ".pickle", ".pkl"}
COMPRESSED = {".bz2", ".gz", ".lzma", ".xz", ".z"}
SCHEMA, VERSIONS = "schema.json", "versions.json"
# A file may unpack to this many bytes, and its list of contents to a part of them.
MOST_BYTES, MOST_SCHEMA_BYTES, MOST_VERSIONS_BYTES = 2**31, 2**26, 2**16


def save_model(model, path, *, dtype="float32"):
    """Save a fitted estimator in a file that is safe to share.

    The file is in the format of skops [1]_. It holds arrays, text and the names of types, no
    code: `load_model` admits this package's types, NumPy's arrays, Keras' common layers, and of
    scikit-learn `Pipeline`, `FrozenEstimator`, `StandardScaler`, `PCA`, `LogisticRegression`,
    `DummyClassifier` and `LabelEncoder`. Places of this machine are left out: the parameters
    ``checkpoint`` and ``memory``, and ``pretrained`` if it is the name of a file, are None in it.
    So are ``callbacks``, which matter for trainings only.

    Parameters
    ----------
    model : estimator
        A fitted pipeline, classifier, encoder or ensemble; of a search, its ``best_estimator_``.
        What is not of the types above, such as a network of your own, can only be saved with
        joblib.
    path : str or path-like
        The file. Its name usually ends in ``.skops``.
    dtype : {"float32", "float16"}, default="float32"
        Precision to which the weights of networks are saved. "float16" halves the file and rounds
        them to three digits.

    Raises
    ------
    ValueError
        If the model holds anything else, or weights that "float16" cannot hold, or the file's
        name is that of a pickle. The message says what.
    OSError
        If the file cannot be written.

    See Also
    --------
    load_model : Load it again.

    References
    ----------
    .. [1] https://skops.readthedocs.io, "Secure persistence with skops".

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from galaxy_sklearn.sharing import load_model, save_model
    >>> model = DummyClassifier().fit(np.zeros((3, 1)), ["disk", "disk", "star"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, Path(folder) / "model.skops")
    ...     load_model(Path(folder) / "model.skops").predict([[0.0]])
    array(['disk'], dtype='<U4')
    """
    path = Path(path)
    if is_pickle(path):
        raise ValueError(
            f"{path}: this name is that of a pickle. Choose one that ends in .skops, or write a "
            "pickle with joblib.dump."
        )
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype must be 'float32' or 'float16', got {dtype!r}.")
    content = _packed(_shareable(model, dtype))
    with written_whole(path) as written:
        written.write_bytes(content)


def load_model(path):
    """Load a fitted estimator from a file.

    Parameters
    ----------
    path : str or path-like
        A file that `save_model` wrote, whoever it is from. Or a pickle, if its name says so
        (``.joblib``, ``.pickle`` or ``.pkl``): load only those that you trust.

    Returns
    -------
    estimator
        The pipeline, or another estimator.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If it is damaged, or holds something else. The message says what.

    Warns
    -----
    UserWarning
        If the file is a pickle.

    See Also
    --------
    load_pretrained : Load a model that the package ships.

    Notes
    -----
    A safe file runs no code, opens no other file, and unpacks to 2 GB at most. But one that was
    made to do so can describe a network that needs more memory than there is.

    Examples
    --------
    >>> from galaxy_sklearn.sharing import load_model
    >>> pipe = load_model("model.skops")  # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        hint = ""
        if str(path) in pretrained_models():
            hint = f" load_pretrained({str(path)!r}) loads the pretrained model of that name."
        raise FileNotFoundError(f"There is no model file {str(path)!r}.{hint}")
    if zipfile.is_zipfile(path):
        try:
            _check_size(path.stat().st_size)
            estimator = _unpacked(path.read_bytes())
        except ValueError as error:
            raise ValueError(f"{path} was not loaded: {error}.") from error
    elif is_pickle(path):
        warnings.warn(
            f"{path} is a pickle: whoever wrote it can run code on this computer. Load only files "
            "that you trust; galaxy_sklearn.sharing.save_model writes safe ones.",
            UserWarning,
            stacklevel=2,
        )
        try:
            estimator = joblib.load(path)
        except Exception as error:  # a pickle can fail in any way
            raise ValueError(f"{path}: no model that can be loaded ({error!r}).") from error
    else:
        raise ValueError(
            f"{path}: expected a file of save_model, found something else. If it is a pickle, and "
            "you trust it, let its name end in .joblib."
        )
    if not hasattr(estimator, "predict_proba") and not hasattr(estimator, "transform"):
        raise ValueError(f"{path}: expected a fitted pipeline, found {type(estimator).__name__}.")
    return estimator


def is_pickle(path):
    """Whether the name of a file says that it is a pickle."""
    suffixes = Path(path).suffixes
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in PICKLES


# ------------------------------------------------------------------------ writing


def _shareable(model, dtype):
    """Return a model without callbacks and places, and with weights of a precision."""
    places = [
        (i, name)
        for i, estimator in enumerate(_estimators_in(model))
        for name in PLACES
        if _is_place(getattr(estimator, name, None))
    ]
    told = any(_has_callbacks(estimator) for estimator in _estimators_in(model))
    if not places and not told and dtype == "float32":
        return model
    model = copy.deepcopy(model)
    drop_callbacks(model)
    estimators = list(_estimators_in(model))
    for i, name in places:
        setattr(estimators[i], name, None)
    if dtype == "float16":
        for estimator in estimators:
            if hasattr(estimator, "model_"):
                weights = estimator.model_.get_weights()
                estimator.model_.set_weights([_rounded(w) for w in weights])
    return model


def _rounded(weights):
    """Round weights as float16 holds them. They stay float32; what is 0 packs well."""
    if not np.issubdtype(weights.dtype, np.floating):
        return weights
    most = np.abs(weights).max(initial=0)
    if not most <= np.finfo(np.float16).max:
        raise ValueError(f"dtype='float16' holds weights up to 65504, found {most:.4g}.")
    return weights.astype(np.float16).astype(weights.dtype)


def _packed(model):
    import skops.io

    try:
        content = skops.io.dumps(model, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    except Exception as error:  # of its own types, and whatever an object's state raises
        raise ValueError(f"The model cannot be saved in a safe file: {error}") from error
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr(VERSIONS, json.dumps(_versions(), indent=1))
    content = buffer.getvalue()
    try:
        _unpacked(content)  # or what is wrong with it would be found when it is needed
    except ValueError as error:
        raise ValueError(
            f"The model cannot be saved in a safe file: {error}. joblib.dump saves it in a file "
            "for those who trust you."
        ) from error
    return content


def _versions():
    from importlib.metadata import version

    return {
        "galaxy_sklearn": galaxy_sklearn.__version__,
        "keras": version("keras"),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "skops": version("skops"),
    }


# ------------------------------------------------------------------------ reading


def _unpacked(content):
    """Return the estimator that the bytes of a safe file hold."""
    import skops.io

    token = UNTRUSTED.set(True)
    written_by = "an unknown version"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            _check_members(file)
            versions = json.loads(file.read(VERSIONS))
            written_by = "galaxy_sklearn {galaxy_sklearn!r}, skops {skops!r}".format(**versions)
            members = check_schema(json.loads(file.read(SCHEMA)))
            _check_size(sum(file.getinfo(name).file_size for name in members))
        estimator = skops.io.loads(content, trusted=TRUSTED)
        check_is_fitted(estimator)
    except Exception as error:  # of zip files, JSON, arrays and states that are damaged or made up
        raise ValueError(f"{error or type(error).__name__} (written by {written_by})") from error
    finally:
        UNTRUSTED.reset(token)
    return estimator


def _check_members(file):
    """Refuse a zip file that is not what `save_model` writes, before anything is unpacked."""
    names = file.namelist()
    strange = [name for name in names if not re.fullmatch(r"\w+\.(json|npy|npz|bin)", name)]
    if strange:
        raise ValueError(f"it has a member {strange[0]!r}")
    for name in (SCHEMA, VERSIONS):
        if name not in names:
            raise ValueError(f"it has no {name}: it was not written by save_model")
    if len(set(names)) < len(names):
        raise ValueError("it has two members of one name")
    # Others unpack all of a member before they see that it is too long.
    known = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    if not {member.compress_type for member in file.infolist()} <= known:
        raise ValueError("it is compressed by another method than deflate")
    _check_size(sum(member.file_size for member in file.infolist()))
    for name, most in ((SCHEMA, MOST_SCHEMA_BYTES), (VERSIONS, MOST_VERSIONS_BYTES)):
        if file.getinfo(name).file_size > most:
            raise ValueError(f"its {name} has {file.getinfo(name).file_size} bytes")


def _check_size(n_bytes):
    if n_bytes > MOST_BYTES:
        raise ValueError(f"it unpacks to {n_bytes / 1e9:.1f} GB, no more than 2 are loaded")


# --------------------------------------------------------------------- both ways


def _estimators_in(value):
    """Yield an estimator and those in its attributes, in the order of the attributes."""
    if isinstance(value, BaseEstimator):
        yield value
        value = vars(value)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return
    for part in value:
        yield from _estimators_in(part)


def drop_callbacks(model):
    """Take from a model what is told of its trainings; what it answers is the same."""
    for estimator in _estimators_in(model):
        vars(estimator).pop("_skl_callbacks", None)
        if _has_callbacks(estimator):
            estimator.callbacks = None


def forget_training(model):
    """Take from a model what its answers do not depend on: callbacks, and when it was trained."""
    drop_callbacks(model)
    for estimator in _estimators_in(model):
        if hasattr(estimator, "_learner"):
            estimator._learner.training = None


def _has_callbacks(estimator):
    return bool(getattr(estimator, "callbacks", None)) or hasattr(estimator, "_skl_callbacks")


def _is_place(value):
    """Whether a parameter is a file or folder, or joblib's cache in one."""
    if isinstance(value, str) and value in pretrained_models():
        return False
    return isinstance(value, (str, os.PathLike, joblib.Memory))
