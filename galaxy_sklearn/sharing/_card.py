"""Cards: what a model is, what it learned from, how good it is, and how to use it."""

import importlib.metadata
from inspect import isfunction
from pathlib import Path

import numpy as np

from galaxy_sklearn import metrics
from galaxy_sklearn._files import written_whole
from galaxy_sklearn._models import save_model
from galaxy_sklearn._trained import facts
from galaxy_sklearn._tree_of import tree_of
from galaxy_sklearn.decision_tree import DecisionTree

MODEL, CARD, HISTORY = "model.skops", "README.md", "history.png"
TEMPLATE = """\
---
license: {license}
library_name: galaxy_sklearn
pipeline_tag: image-classification
tags:
- astronomy
- galaxies
- scikit-learn
- skops
{index}---

# {title}

{description}

## Use

```python
from galaxy_sklearn.scoring import prediction_table
from galaxy_sklearn.sharing import {function}

pipe = {function}("{name}")
table = prediction_table(pipe, ["galaxy.jpg"])
```

`galaxy-sklearn predict {name} --images DIR --output predictions.csv` does the same for a folder.
The file holds no code: it is safe to load, whoever sends it.

## Training

{trained_on}

{training}
{scores}"""


def write_card(
    model,
    folder,
    *,
    title,
    trained_on,
    description="",
    license="other",
    X=None,
    y=None,
    dtype="float32",
):
    """Write a folder that can be shared: the model, and a card that says what it is.

    The card, ``README.md``, begins with the metadata that model hubs read. A folder is uploaded
    with ``hf upload USER/NAME FOLDER`` of the package huggingface_hub.

    Parameters
    ----------
    model : Pipeline
        A fitted pipeline that ends with a `GalaxyClassifier` or `GalaxyEnsemble`.
    folder : str or path-like
        The folder. It is made if it does not exist; ``model.skops``, ``README.md`` and
        ``history.png`` in it are overwritten.
    title : str
        The heading.
    trained_on : str
        On what the model was trained, with the references to cite.
    description : str, default=""
        What it is for, and where it is not to be trusted.
    license : str, default="other"
        Licence of the model, by its identifier at model hubs, such as ``"cc-by-4.0"``.
    X : array-like of str or path-like, or images, optional
        Images that the model was not trained on.
    y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,), optional
        Their votes or class labels, which the card scores the model by.
    dtype : {"float32", "float16"}, default="float32"
        Precision of the weights in the file, see `save_model`.

    Returns
    -------
    Path
        The card.

    Raises
    ------
    ValueError
        If the model cannot be saved in a safe file, or only one of `X` and `y` is given.

    Examples
    --------
    >>> from galaxy_sklearn.sharing import load_pretrained, write_card
    >>> pipe = load_pretrained("gz2")
    >>> write_card(
    ...     pipe, "gz2-card", title="GZ2", trained_on="Galaxy Zoo 2 (Willett et al. 2013)."
    ... )  # doctest: +SKIP
    PosixPath('gz2-card/README.md')
    """
    if (X is None) != (y is None):
        raise ValueError("X and y belong together: give both, or none.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    save_model(model, folder / MODEL, dtype=dtype)
    words = {"title": title, "trained_on": trained_on, "description": description}
    text = card_text(model, X, y, function="load_model", name=MODEL, license=license, **words)
    last = model[-1] if hasattr(model, "steps") else model
    if hasattr(last, "history_"):
        _draw(last, folder / HISTORY)
        text = text.replace("## Training\n", f"## Training\n\n![Loss by epoch]({HISTORY})\n", 1)
    with written_whole(folder / CARD) as written:
        written.write_text(text, encoding="utf-8")
    return folder / CARD


def card_text(model, X, y, *, title, **words):
    """Return a card: ``function`` loads the model by its ``name``, others see `write_card`."""
    figures, tables = ({}, "") if X is None else _scores(model, X, y)
    parts = {"index": _index(title, figures), "training": _training(model), "scores": tables}
    return TEMPLATE.format(title=title, **parts, **words)


def _index(title, figures):
    """Return the scores as model hubs read them."""
    if not figures:
        return ""
    lines = ["model-index:", f"- name: {title}", "  results:", "  - task:"]
    lines += ["      type: image-classification", "    dataset:", "      name: held-out galaxies"]
    lines += ["      type: images", "    metrics:"]
    for name, value in figures.items():
        lines += [f"    - type: {name}", f"      value: {value:.4f}"]
    return "\n".join(lines) + "\n"


def _draw(classifier, path):
    import matplotlib.pyplot as plt

    from galaxy_sklearn.displays import HistoryDisplay

    display = HistoryDisplay.from_estimator(classifier)
    display.figure_.savefig(path, dpi=100)
    plt.close(display.figure_)


def describe(model):
    """Return sentences in Markdown about the steps and the training of a model."""
    last = model[-1] if hasattr(model, "steps") else model
    sentences = []
    if hasattr(model, "steps"):
        steps = [f"`{step!r}`" for _, step in model.steps[:-1] if step != "passthrough"]
        sentences.append("Steps before the network: " + ", ".join(steps) + ".")
    if hasattr(last, "history_"):
        changed = last.get_params()
        defaults = type(last)().get_params()
        settings = {k: v for k, v in changed.items() if k not in defaults or v != defaults[k]}
        hidden = ("verbose", "checkpoint", "callbacks", "random_state", "pretrained")
        settings = [f"`{k}={_shown(v)}`" for k, v in settings.items() if k not in hidden]
        known = facts(last)
        galaxies = f"Galaxies: {known['galaxies']}. " if "galaxies" in known else ""
        sentences.append(
            f"{galaxies}Network: {known['weights']} weights. Epochs: {known['epochs']}. "
            f"Parameters: {', '.join(settings) or 'defaults'}."
        )
    return sentences


def _shown(value):
    """Return a survey or a function by its name, other values as they are written."""
    if isinstance(value, DecisionTree):
        return value.name
    return value.__name__ if isfunction(value) else repr(value)


def versions():
    """Return the names and versions of the packages that predictions depend on."""
    packages = ("galaxy_sklearn", "keras", "scikit-learn", "tensorflow")
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)


def _training(model):
    """Describe the steps and the training."""
    return "\n\n".join([*describe(model), f"Written by {versions()}."]) + "\n"


def _scores(model, X, y):
    """Return the scores of held-out galaxies by name, and as a section of the card."""
    n = len(X)
    if np.ndim(y) == 1:
        accuracy = model.score(X, y)
        return {"accuracy": accuracy}, f"## Scores\n\nAccuracy on {n} galaxies: {accuracy:.3f}.\n"
    tree = tree_of(model)
    predicted = model.predict_proba(X)
    rmse = metrics.cumulative_rmse(y, predicted, tree=tree)
    questions = metrics.question_scores(y, predicted, tree=tree)
    lines = [
        "## Scores",
        "",
        f"On {n} galaxies that its author set aside: root mean squared error of the cumulative "
        f"vote fractions {rmse:.4f}. By question, weighted by how many volunteers reached it:",
        "",
        "| question | mean reach | RMSE of its fractions | cumulative |",
        "|---|---|---|---|",
    ]
    columns = ["mean_reach", "conditional_rmse", "cumulative_rmse"]
    for name, row in questions[columns].iterrows():
        lines.append(f"| {name} | " + " | ".join(f"{value:.3f}" for value in row) + " |")
    return {"cumulative_rmse": rmse}, "\n".join([*lines, ""])
