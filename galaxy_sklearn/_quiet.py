"""Starting TensorFlow without the messages that it leaves on standard error."""

import importlib
import os
import sys
from pathlib import Path


def import_tensorflow():
    """Import what trains and predicts, which starts TensorFlow.

    Some of its messages come from C++ before the environment variable against them is read.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    stderr = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        importlib.import_module("galaxy_sklearn.classifier")
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
