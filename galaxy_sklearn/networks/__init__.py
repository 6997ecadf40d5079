"""Networks: functions that return an uncompiled `keras.Model`.

A network is a function of ``(input_shape, n_outputs, activation)`` and of keyword arguments
with defaults. Its outputs should have the dtype float32 under any dtype policy. An attribute
``is_invariant`` that is true says that its answers do not depend on the orientation of an image.
Networks, layers and losses use `keras.ops` and run on every backend of Keras.
"""

import inspect

from galaxy_sklearn._deprecation import moved, renamed
from galaxy_sklearn.networks._applications import APPLICATIONS
from galaxy_sklearn.networks._dieleman2015 import dieleman2015
from galaxy_sklearn.networks._equivariant import equivariant
from galaxy_sklearn.networks._galaxy_id import galaxy_id
from galaxy_sklearn.networks._group import GroupConv2D
from galaxy_sklearn.networks._layers import QuestionSoftmax
from galaxy_sklearn.networks._residual import residual

__all__ = [
    "NETWORKS",
    "RENAMED",
    "GroupConv2D",
    "QuestionSoftmax",
    "arguments",
    "dieleman2015",
    "equivariant",
    "galaxy_id",
    "get_network",
    "residual",
]

NETWORKS = {
    "galaxy_id": galaxy_id,
    "residual": residual,
    "equivariant": equivariant,
    "dieleman2015": dieleman2015,
    **APPLICATIONS,
}

# Old names, which still work.
RENAMED = {"many_views": "dieleman2015"}
__getattr__ = moved(__name__, {"many_views": "galaxy_sklearn.networks:dieleman2015"})


def get_network(network):
    """Return the function that builds a network.

    Parameters
    ----------
    network : str or callable
        One of the names in `NETWORKS`, or a function, which is returned unchanged.

    Returns
    -------
    callable
        The function.

    Raises
    ------
    ValueError
        If there is no network of that name.

    Examples
    --------
    >>> from galaxy_sklearn.networks import get_network
    >>> get_network("residual").__name__
    'residual'
    """
    if callable(network):
        return network
    for old, new in RENAMED.items():
        network = renamed(network, old, new, "network")
    if not isinstance(network, str) or network not in NETWORKS:
        raise ValueError(
            f"network must be a function or one of {sorted(NETWORKS)}, got {network!r}."
        )
    return NETWORKS[network]


def arguments(network):
    """Return the keyword arguments of a network's function, except the activation.

    Parameters
    ----------
    network : callable
        The function.

    Returns
    -------
    dict
        The default values by name.

    Examples
    --------
    >>> from galaxy_sklearn.networks import arguments, get_network
    >>> arguments(get_network("residual"))
    {'filters': (32, 64, 128, 256), 'blocks': 1, 'dropout': 0.3}
    """
    return {
        name: parameter.default
        for name, parameter in inspect.signature(network).parameters.items()
        if parameter.default is not parameter.empty and name != "activation"
    }
