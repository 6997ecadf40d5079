"""Models by name: those that the package ships, and files."""

from pathlib import Path

from galaxy_sklearn._models._files import load_model
from galaxy_sklearn._models._shipped import path_of, pretrained_models


def load_pretrained(name):
    """Load a model that the package ships.

    Parameters
    ----------
    name : {"gz2"}
        Its name. "gz2" was trained on images and votes of Galaxy Zoo 2 [1]_; its card,
        ``galaxy-sklearn models gz2``, says on which, how good it is, and where not to trust it.

    Returns
    -------
    Pipeline
        The fitted pipeline.

    Raises
    ------
    ValueError
        If there is no model of that name.

    References
    ----------
    .. [1] Willett et al. 2013, MNRAS 435, 2835.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.sharing import load_pretrained
    >>> pipe = load_pretrained("gz2")
    >>> images, _ = make_galaxies(2, random_state=0)
    >>> pipe.predict_proba(images).shape
    (2, 37)
    """
    return load_model(path_of(name))


def find_model(name):
    """Return the file of a model that is given by the name of a shipped one, or of a file.

    Parameters
    ----------
    name : str or path-like
        The name. A file that bears the name of a shipped model is called for with its folder,
        as in ``./gz2``.

    Returns
    -------
    Path
        The file, which `load_model` loads.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    """
    if str(name) in pretrained_models():
        return path_of(str(name))
    if not Path(name).is_file():
        raise FileNotFoundError(
            f"There is no model file {str(name)!r}, and no pretrained model of that name: those "
            f"are {', '.join(pretrained_models())}."
        )
    return Path(name)
