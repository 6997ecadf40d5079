"""Models that leave the process: as files, on model hubs, and outside Python."""

from galaxy_sklearn._models import (
    card_of,
    load_model,
    load_pretrained,
    pretrained_models,
    save_model,
)
from galaxy_sklearn.sharing._card import describe as describe  # these two are for other rooms
from galaxy_sklearn.sharing._card import versions as versions
from galaxy_sklearn.sharing._card import write_card
from galaxy_sklearn.sharing._summary import training_summary

__all__ = [
    "card_of",
    "export_onnx",  # noqa: F822 - see `__getattr__`
    "load_model",
    "load_pretrained",
    "pretrained_models",
    "save_model",
    "training_summary",
    "write_card",
]


def __getattr__(name):
    if name == "export_onnx":  # what it needs is optional, and starts TensorFlow
        from galaxy_sklearn.sharing._onnx import export_onnx

        return export_onnx
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
