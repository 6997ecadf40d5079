"""A panel for each question."""

import numpy as np

from galaxy_sklearn.displays._words import words

COLUMNS = 4


def make_panels(names, ax, *, xlabel, ylabel):
    """Return an array of matplotlib Axes with titles, one for each name.

    Parameters
    ----------
    names : sequence of str
        Names of questions, or other titles.
    ax : matplotlib Axes, array-like of matplotlib Axes, or None
        Axes to plot on, as many as names; None makes a figure with shared axes.
    xlabel, ylabel : str
        Labels of the figure that is made, or of each of the axes given.

    Returns
    -------
    ndarray of matplotlib Axes, shape (n_names,)
        The panels.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        n_columns = min(COLUMNS, len(names))
        n_rows = -(-len(names) // n_columns)
        figure, axes = plt.subplots(
            n_rows,
            n_columns,
            figsize=(0.4 + 2.2 * n_columns, 0.5 + 2.2 * n_rows),
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        ax = axes.ravel()
        for unused in ax[len(names) :]:
            unused.remove()
        for last in ax[max(0, len(names) - n_columns) : len(names)]:
            last.xaxis.set_tick_params(labelbottom=True)
        ax = ax[: len(names)]
        figure.supxlabel(xlabel, fontsize=10)
        figure.supylabel(ylabel, fontsize=10)
        xlabel = ylabel = None
    panels = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(panels) != len(names):
        raise ValueError(f"Expected {len(names)} axes, one for each panel, got {len(panels)}.")
    for panel, name in zip(panels, names, strict=True):
        panel.set_title(words(name), fontsize=9)
        panel.set(xlabel=xlabel, ylabel=ylabel)
    return panels


def find_questions(tree, questions):
    """Return the positions of the questions with these names; of all questions for None."""
    position = {question.name: i for i, question in enumerate(tree.questions)}
    if questions is None:
        return list(position.values())
    for name in questions:
        if name not in position:
            raise ValueError(
                f"questions: {name!r} is no question of tree {tree.name!r}; expected some of "
                f"{', '.join(position)}."
            )
    return [position[name] for name in questions]
