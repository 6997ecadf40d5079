"""The state of a training on disk, so that one that was stopped can go on."""

import json
from contextlib import contextmanager
from pathlib import Path

import joblib
import keras
import numpy as np

import galaxy_sklearn
from galaxy_sklearn._compat import all_layers
from galaxy_sklearn._files import delete_unfinished, owned, written_whole
from galaxy_sklearn._learner._process import MANY_FITS, is_one_of_many

FILE = "training.npz"
# What does not change what is learned, and what the network itself shows.
IGNORED = ("verbose", "checkpoint", "random_state", "network_arguments", "network", "pretrained")


@contextmanager
def kept(folder, call):
    """Keep a training in a folder, which no other one may use meanwhile.

    Parameters
    ----------
    folder : str, path-like or None
        The folder. It is made if it is not there. None keeps nothing.
    call : callable
        Returns what the training is known by, see `describe`.

    Yields
    ------
    Checkpoint or None
        The state.

    Raises
    ------
    ValueError
        If the folder holds another training, or the training is one of many.
    BlockingIOError
        If another process uses the folder.
    """
    if folder is None:
        yield None
        return
    if is_one_of_many(MANY_FITS):
        raise ValueError(
            f"checkpoint={str(folder)!r} holds one training: it cannot be that of a search or a "
            "cross-validation, whose fits differ."
        )
    folder = Path(folder)
    with owned(folder, by="training"):
        yield Checkpoint(folder, call())


class Checkpoint:
    """The state of a training after its last complete epoch.

    It is one file of arrays and text, from which nothing is unpickled.

    Parameters
    ----------
    folder : Path
        Where the file is kept.
    call : dict of str
        What the training is known by: see `describe`.
    """

    def __init__(self, folder, call):
        self.path = folder / FILE
        self.call = call
        delete_unfinished(folder, FILE)
        self._content = self._read()

    def _read(self):
        if not self.path.exists():
            return None
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                content = {name: arrays[name] for name in arrays.files}
            content["text"] = json.loads(str(content["text"]))
            call = content["text"]["call"]
        except Exception as error:  # a damaged file can fail in any way
            raise ValueError(
                f"{self.path} is no checkpoint that can be read ({error}): delete it, or choose "
                "another folder."
            ) from error
        # What the user set comes first, and what follows from it last.
        for name in {**self.call, **call}:
            before, now = call.get(name, "not set"), self.call.get(name, "not set")
            if before != now:
                raise ValueError(
                    f"checkpoint {self.path} is that of another fit: its {name} is {before}, that "
                    f"of this one {now}. Delete it, or choose another folder."
                )
        return content

    def begin(self, rng):
        """Put a random state to where it was when the training first began.

        Parameters
        ----------
        rng : numpy.random.RandomState
            Of this call. It decides if there is nothing to go on with.
        """
        if self._content is None:
            self._first = rng.get_state(legacy=False)
        else:
            self._first = _state(self._content["text"]["first"])
            rng.set_state(self._first)

    def restore(self, trainer, rng, history):
        """Take up the training after its last complete epoch.

        Parameters
        ----------
        trainer : keras.Model
            The model, compiled, its optimizer built.
        rng : numpy.random.RandomState
            Shuffles the rows.
        history : dict
            The figures of each epoch are put here.

        Returns
        -------
        tuple
            The best epoch, its loss, its weights or None; None for a new training.
        """
        content, self._content = self._content, None
        if content is None:
            return None
        text = content["text"]
        for name, variable in _variables(trainer):
            variable.assign(content[name])
        rng.set_state(_state(text["now"]))
        history.update(text["history"])
        best = [content[f"best-{i}"] for i in range(text["n_best"])]
        # A callback may have stopped the training.
        trainer.stop_training = text["stopped"]
        return text["kept"], text["least"], best or None

    def save(self, trainer, rng, history, kept, least, best):
        """Write the state after an epoch, whole or not at all."""
        arrays = {name: variable.numpy() for name, variable in _variables(trainer)}
        arrays |= {f"best-{i}": array for i, array in enumerate(best or ())}
        text = {
            "call": self.call,
            "first": self._first,
            "now": rng.get_state(legacy=False),
            "history": history,
            "kept": kept,
            "least": least,
            "n_best": len(best or ()),
            "stopped": trainer.stop_training,
        }
        text = json.dumps(text, default=lambda array: array.tolist())
        with written_whole(self.path) as written, written.open("wb") as file:
            np.savez(file, text=np.array(text), **arrays)


def describe(params, target, arrays, model):
    """Return what a training is known by.

    Parameters
    ----------
    params : namespace
        Parameters of `GalaxyClassifier`, with those of the network as ``network_arguments``.
    target : VoteTarget, LabelTarget or ViewPairs
        What the network is for.
    arrays : tuple of ndarray
        Images and targets, and weights if there are any.
    model : keras.Model
        The network, as it begins.

    Returns
    -------
    dict of str
        By name: parameters as they are, all else as hashes of what it consists of.
    """
    values = {name: value for name, value in vars(params).items() if name not in IGNORED}
    values |= {f"network__{name}": value for name, value in params.network_arguments.items()}
    values["callbacks"] = params.callbacks and joblib.hash(params.callbacks)
    network = params.network
    values["network"] = getattr(network, "__qualname__", network)
    seeded = isinstance(params.random_state, (int, np.integer))
    if seeded or params.random_state is None:  # the state of an instance moves on
        values["random_state"] = params.random_state
    plain = (str, int, float, bool, tuple, list, dict, type(None))
    call = {
        name: repr(value) if isinstance(value, plain) else joblib.hash(value)
        for name, value in values.items()
    }
    call |= {
        name: f"{array.shape} {joblib.hash(array)}"
        for name, array in zip(("X", "y", "sample_weight"), arrays, strict=False)
    }
    call["target"] = f"{type(target).__name__} {joblib.hash(target)}"
    call["versions"] = f"galaxy_sklearn {galaxy_sklearn.__version__}, Keras {keras.__version__}"
    call["architecture"] = joblib.hash([_anonymous(layer) for layer in all_layers(model)])
    if seeded:  # those of `pretrained` included
        call["initial weights"] = joblib.hash(model.get_weights())
    return call


def _anonymous(layer):
    """Return kind and settings of a layer as text, without its name, which counts on."""
    if isinstance(layer, keras.Model):
        return type(layer).__name__
    config = {name: value for name, value in layer.get_config().items() if name != "name"}
    return f"{type(layer).__name__} {json.dumps(config, default=str, sort_keys=True)}"


def _variables(trainer):
    """Yield names and variables of a model, random states included, and of its optimizer."""
    for kind, variables in (
        ("model", trainer.variables),
        ("optimizer", trainer.optimizer.variables),
    ):
        for i, variable in enumerate(variables):
            yield f"{kind}-{i}", variable


def _state(state):
    """Return a random state as NumPy takes it, from its JSON text."""
    key = np.array(state["state"]["key"], dtype=np.uint32)
    return {**state, "state": {**state["state"], "key": key}}
