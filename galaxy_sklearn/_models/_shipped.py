"""The models that the package ships."""

from pathlib import Path

SHIPPED = Path(__file__).parent / "shipped"


def pretrained_models():
    """Return the names of the models that the package ships.

    Returns
    -------
    list of str
        The names, in alphabetical order.

    Examples
    --------
    >>> from galaxy_sklearn.sharing import pretrained_models
    >>> pretrained_models()
    ['gz2']
    """
    return sorted(path.stem for path in SHIPPED.glob("*.skops"))
