"""What a model says of its training."""

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from galaxy_sklearn._trained import facts
from galaxy_sklearn._tree_of import last_step


def training_summary(model):
    """Return what is known of the training of a model, in words.

    Parameters
    ----------
    model : Pipeline, GalaxyClassifier, GalaxyEnsemble or GalaxyEncoder
        A fitted estimator, a pipeline that ends with one, or a fitted search for one.

    Returns
    -------
    Series of str
        What it learned (``"learned"``), on how many galaxies (``"galaxies"``), in how many epochs
        (``"epochs"``), how good it is on those that were set aside, by which the epoch was chosen
        (``"on galaxies set aside"``), its size (``"weights"``), when it was trained
        (``"finished"``) and by which ``"versions"`` of the packages. What is unknown is left out,
        such as the number of galaxies in files of earlier versions. Where the members of an
        ensemble differ, the values of all.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    ValueError
        If it does not end with an estimator of this package.

    Examples
    --------
    >>> from galaxy_sklearn.sharing import load_pretrained, training_summary
    >>> training_summary(load_pretrained("gz2"))["learned"]
    '37 cumulative vote fractions of Galaxy Zoo 2'
    """
    check_is_fitted(model)
    last = last_step(model)
    members = getattr(last, "estimators_", [last])
    if not all(hasattr(member, "training_") for member in members):
        raise ValueError(
            f"model must end with an estimator of galaxy_sklearn, got {type(last).__name__}."
        )
    found = [facts(member) for member in members]
    words = {name: "; ".join(dict.fromkeys(f[name] for f in found)) for name in found[0]}
    if last is not members[0]:
        words = {"members": str(len(members)), **words}
    return pd.Series(words, dtype=object, name=type(last).__name__)
