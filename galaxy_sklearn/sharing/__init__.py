"""Models that leave the process: as files, on model hubs, and outside Python."""

import importlib

# Looked up where they are first used: what they need is optional, or starts TensorFlow.
_HOME = {"export_onnx": "_onnx"}

__all__ = ["export_onnx"]  # noqa: F822 - see `__getattr__`


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
