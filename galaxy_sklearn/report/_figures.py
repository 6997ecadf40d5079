"""Figures as SVG that takes the colours of the page, light or dark."""

import io
import re
import zlib

import numpy as np
from markupsafe import Markup
from sklearn.metrics import ConfusionMatrixDisplay

from galaxy_sklearn._tree_of import form_of
from galaxy_sklearn.displays import (
    CoverageDisplay,
    DecisionTreeDisplay,
    HistoryDisplay,
    QuestionScoresDisplay,
    ReliabilityDisplay,
    lay_out,
)
from galaxy_sklearn.report._predictions import COVERAGES

INK = "#010203"
# What displays draw in black and gray.
COLOURS = {
    INK: "currentColor",
    "#4d4d4d": "currentColor",
    "#999999": "var(--faint)",
    "#e6e6e6": "var(--line)",
    "#ededed": "var(--line)",
}
STYLE = {
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.facecolor": "none",
    "svg.fonttype": "none",
    "text.parse_math": False,  # names of classes are anybody's
    "font.size": 10,
}
COLUMNS = 4
# Names of classes are cut after so many characters, to leave room for the drawing.
LONGEST = 24
# Pixels an inch.
PIXELS = 96
# Intervals of no more galaxies, drawn at random, are counted.
MOST_INTERVALS = 20_000


def reliability(target, fractions):
    """Draw whether fractions are predicted as large as they are."""
    names = [question.name for question in target.tree.questions]

    def draw(axes):
        display = ReliabilityDisplay.from_predictions(
            target.votes, fractions, tree=target.tree, ax=axes
        )
        if target.of_classes:
            axes[0].set(xlabel="mean predicted probability", ylabel="part that is right")
        return np.nansum(display.weight * np.abs(display.predicted - display.voted), axis=1)

    svg, off = _panels(len(names), draw)
    worst = int(np.argmax(off))
    return svg.format(
        alt="Mean voted against mean predicted fraction, by question. On average over the "
        f"predictions they differ by {off.mean():.3f}; most for {names[worst]}, by "
        f"{off[worst]:.3f}."
    )


def coverage(target, intervals, form):
    """Draw whether intervals hold what was voted as often as they promise."""
    rows = np.arange(len(target.votes))
    if len(rows) > MOST_INTERVALS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_INTERVALS, replace=False))

    def draw(axes):
        return CoverageDisplay.from_predictions(
            target.votes.iloc[rows],
            intervals[:, rows],
            COVERAGES,
            tree=target.tree,
            pred_form=form,
            ax=axes,
        )

    svg, display = _panels(1 + len(target.tree.questions), draw)
    parts = ", ".join(
        f"{inside:.1%} of those that promise {promised:.0%}"
        for promised, inside in zip(COVERAGES, display.overall, strict=True)
    )
    return svg.format(alt=f"Part of the voted fractions inside intervals: {parts}."), len(rows)


def question_scores(scores):
    """Draw the scores of the questions, those of the model in the first column."""
    svg, _ = _one((7.4, 1.4 + 0.3 * len(scores)), QuestionScoresDisplay(scores).plot)
    model = scores.iloc[:, 0].dropna()
    alt = "RMSE of each question; the table below has the numbers."
    if len(model):
        alt += f" The model is best at {model.idxmin()} and worst at {model.idxmax()}."
    return svg.format(alt=alt)


def confusion(voted, predicted, names):
    """Draw how many galaxies of each label got which."""

    def draw(ax):
        display = ConfusionMatrixDisplay.from_predictions(
            voted,
            predicted,
            labels=names,
            display_labels=[
                name if len(name) <= LONGEST else f"{name[:LONGEST]}…" for name in names
            ],
            ax=ax,
            cmap="Blues",
            colorbar=False,
        )
        ax.set(xlabel="predicted", ylabel="voted")
        ax.tick_params(axis="x", labelrotation=40)
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
        return display

    side = 1.9 + 0.52 * len(names)
    svg, display = _one((side + 0.6, side), draw)
    matrix = display.confusion_matrix
    alt = f"{np.trace(matrix)} of {matrix.sum()} galaxies have the label that was voted."
    off = matrix - np.diag(np.diag(matrix))
    if off.any():
        i, j = np.unravel_index(off.argmax(), off.shape)
        alt += f" What is most often mistaken: {names[i]} for {names[j]}, {off[i, j]} times."
    return svg.format(alt=alt)


def mean_tree(target, fractions):
    """Draw the tree with the mean votes and predictions."""
    tree = target.tree

    def draw(ax):
        return DecisionTreeDisplay.from_predictions(target.votes, fractions, tree=tree, ax=ax)

    layout = lay_out(tree)
    left, top = layout.corners.min(axis=0)
    right, bottom = layout.corners[:, 0].max() + 1, (layout.corners[:, 1] + layout.sizes).max()
    svg, _ = _one((1.7 * (right - left), 0.8 + 0.33 * (bottom - top)), draw)
    return svg.format(
        alt="The questions of the survey, with branches as wide as the mean voted and predicted "
        "fractions."
    )


def history(estimator):
    """Draw the training, of the first network of several; None if it is not known."""
    networks = getattr(estimator, "estimators_", [estimator])
    first = networks[0] if len(networks) else estimator
    if not hasattr(first, "history_"):
        return None
    names = [name for name in first.history_ if not name.startswith("val_")]

    def draw(axes):
        return HistoryDisplay.from_estimator(first, axes=axes)

    figure = _figure((4.2 * len(names), 3.2))
    with _style():
        draw(figure.subplots(1, len(names)))
        svg = _svg(figure)
    n_epochs = len(first.history_["loss"])
    of = f", of the first of {len(networks)} networks" if len(networks) > 1 else ""
    best = first.best_epoch_
    kept = "" if best is None else f"; that of epoch {best} was kept"
    return svg.format(
        alt=f"Loss of each of {n_epochs} epochs{of}{kept}. "
        f"It ended at {first.history_['loss'][-1]:.4g} in training."
    )


def prediction_form(estimator, found):
    """Return the form in which fractions are shown."""
    form = form_of(estimator) or found
    return form if form in ("conditional", "cumulative") else "conditional"


def _style():
    import matplotlib

    return matplotlib.rc_context(STYLE)


def _figure(size):
    from matplotlib.figure import Figure

    with _style():
        return Figure(figsize=size, layout="constrained")


def _one(size, draw):
    figure = _figure(size)
    with _style():
        drawn = draw(ax=figure.add_subplot())
        return _svg(figure), drawn


def _panels(n, draw):
    """Return the figure of a display that has a panel for each question."""
    n_columns = min(COLUMNS, n)
    n_rows = -(-n // n_columns)
    figure = _figure((0.6 + 2.2 * n_columns, 0.5 + 2.3 * n_rows))
    with _style():
        axes = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
        for unused in axes[n:]:
            unused.remove()
        drawn = draw(axes[:n])
        figure.supxlabel(axes[0].get_xlabel())
        figure.supylabel(axes[0].get_ylabel())
        for ax in axes[:n]:
            ax.set(xlabel=None, ylabel=None)
        for ax in axes[max(0, n - n_columns) : n]:
            ax.xaxis.set_tick_params(labelbottom=True)
        return _svg(figure), drawn


def _svg(figure):
    """Return a figure as markup, with a field for its text alternative."""
    file = io.StringIO()
    figure.savefig(
        file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
    )
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, variable in COLOURS.items():
        text = text.replace(colour, variable)
    # Figures of one page must not share names. Those that nothing refers to are left out.
    used = set(re.findall(r"""(?:url\(#|href="#)([^")]+)""", text))
    mark = f"f{zlib.crc32(text.encode()):x}-"
    text = re.sub(
        r' id="([^"]+)"',
        lambda found: f' id="{mark}{found[1]}"' if found[1] in used else "",
        text,
    )
    text = re.sub(r"""(url\(#|href="#)""", rf"\g<1>{mark}", text)
    text = text.replace("{", "{{").replace("}", "}}")
    # As wide as it was drawn, or as the page is.
    start = '<svg role="img" aria-label="{alt}" style="--width: %dpx" viewBox="0 0 %g %g">'
    start %= (PIXELS * figure.get_figwidth(), *(72 * figure.get_size_inches()))
    return Markup(start + text[text.index(">") + 1 :])
