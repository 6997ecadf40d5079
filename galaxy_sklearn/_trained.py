"""What a fitted estimator says of its training, in words."""

from datetime import datetime

from galaxy_sklearn._tree_of import tree_of


def _in_words(name, estimator):
    """Return the name of a metric of the training."""
    if name != "mse":
        return name
    # Of what the network puts out, whichever form is predicted.
    form = "conditional" if getattr(estimator, "output", "tree") == "tree" else estimator.form_
    return f"mean squared error of {form} fractions"


def facts(estimator):
    """Return what is known of the training of a classifier or encoder.

    Parameters
    ----------
    estimator : GalaxyClassifier or GalaxyEncoder
        The fitted estimator.

    Returns
    -------
    dict of str
        In words, by name. What is unknown, as it is of files of earlier versions, is left out.
    """
    found = {"learned": _learned(estimator)}
    record = estimator.training_
    if record is not None:
        n, held_out = record["n_galaxies"], record["n_held_out"]
        if n is not None:
            found["galaxies"] = f"{n:,}, of which {held_out:,} set aside" if held_out else f"{n:,}"
    found["epochs"] = _epochs(estimator)
    figures = _held_out_figures(estimator)
    if figures:
        words = [f"{_in_words(name, estimator)} {value:.4g}" for name, value in figures.items()]
        found["on galaxies set aside"] = ", ".join(words)
    found["weights"] = f"{estimator.model_.count_params():,}"
    if record is not None:
        found["finished"] = f"{datetime.fromisoformat(record['finished']):%Y-%m-%d %H:%M} UTC"
        found["versions"] = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
    return found


def _epochs(estimator):
    n = len(estimator.history_["loss"])
    best = getattr(estimator, "best_epoch_", n)
    return f"{n}" if best in (None, n) else f"{n}, number {best} kept"


def _held_out_figures(estimator):
    """Return loss and metric on the galaxies that were set aside, if they are of these weights."""
    history, best = estimator.history_, getattr(estimator, "best_epoch_", None)
    names = [name for name in history if f"val_{name}" in history]
    if best is None or any(len(history[f"val_{name}"]) != len(history["loss"]) for name in names):
        return {}  # weights of another epoch, or of `partial_fit`
    return {name: history[f"val_{name}"][best - 1] for name in names}


def caption(estimator):
    """Return the most important facts in a line."""
    words, record = _learned(estimator), estimator.training_
    if record is not None and record["n_galaxies"] is not None:
        words += f" from {record['n_galaxies']:,} galaxies"
    figures = list(_held_out_figures(estimator).items())
    if figures:
        name, value = figures[-1]
        words += f"; {_in_words(name, estimator)} {value:.3g} on galaxies set aside"
    return words


def _learned(estimator):
    if not hasattr(estimator, "classes_"):
        return "images without labels"
    n = len(estimator.classes_)
    form = estimator.form_
    return (
        f"{n} classes"
        if form is None
        else f"{n} {form} vote fractions of {tree_of(estimator).name}"
    )
