"""The models that the package ships."""

from pathlib import Path

SHIPPED = Path(__file__).parent / "shipped"


def card_of(name):
    """Return the card of a model that the package ships.

    Parameters
    ----------
    name : {"gz2"}
        Its name.

    Returns
    -------
    str
        What it is, what it learned from, how good it is, and where not to trust it, in Markdown.

    Raises
    ------
    ValueError
        If there is no model of that name.

    Examples
    --------
    >>> from galaxy_sklearn.sharing import card_of
    >>> "Willett et al. 2013" in card_of("gz2")
    True
    """
    return path_of(name).with_suffix(".md").read_text(encoding="utf-8")


def path_of(name):
    """Return the file of a model that the package ships."""
    if name not in pretrained_models():
        raise ValueError(
            f"name must be one of {pretrained_models()}, got {name!r}. load_model loads files."
        )
    return SHIPPED / f"{name}.skops"


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
