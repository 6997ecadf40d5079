"""What a model must beat: a constant, one pixel, and a linear model of a few pixels."""

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from galaxy_sklearn.report._target import fractions_table
from galaxy_sklearn.votes import check_votes

ALPHAS = 10.0 ** np.arange(-1, 6)
FOLDS = 5
# With fewer galaxies nothing is fitted.
FEWEST = 20


def baselines(target, predictions, y_train=None):
    """Predict the galaxies without a network.

    Parameters
    ----------
    target : Target
        The truth about the galaxies that could be read.
    predictions : Predictions
        Their small images.
    y_train : DataFrame, optional
        The votes of the training, as a table of `Target`.

    Returns
    -------
    dict of str to (DataFrame, str)
        Fractions, and how they came about, by the name of the baseline.
    """
    tree = target.tree
    voted = check_votes(target.votes, tree=tree).cumulative(tree)
    known = ~np.isnan(voted)
    n_known = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, voted, 0).sum(axis=0) / n_known
    kind = "class frequencies" if target.of_classes else "mean votes"
    if y_train is None:
        constant, name, note = (
            mean,
            f"{kind} of these galaxies",
            ("the best constant for these galaxies; the votes of the training are not known"),
        )
    else:
        of_training = check_votes(y_train, tree=tree).cumulative(tree)
        given = ~np.isnan(of_training)
        constant = np.where(given, of_training, 0).sum(axis=0) / np.maximum(given.sum(axis=0), 1)
        # A question that the training knows nothing of is not held against it.
        constant = np.where(given.any(axis=0), constant, mean)
        name, note = f"{kind} of the training", "the same prediction for all galaxies"
    found = {name: (np.tile(constant, (len(voted), 1)), note)}
    if predictions.pixels is not None and len(voted) >= FEWEST:
        filled = np.where(known, voted, mean)
        fitted = (
            f"fitted on these galaxies themselves, in {FOLDS} folds, each predicted by a fit on "
            "the others"
        )
        size = "x".join(map(str, predictions.pixels.shape[1:]))
        for name, pixels, of in (
            ("central pixel", predictions.centres, "its colours"),
            (f"ridge on {size} pixels", predictions.pixels, "the gray image that the network gets"),
        ):
            rows = pixels.reshape(len(pixels), -1)
            found[name] = (_cross_fitted(rows, filled), f"ridge regression on {of}, {fitted}")
    if target.of_classes:
        found = {
            name: (tree.normalize(np.maximum(fractions, 0)), note)
            for name, (fractions, note) in found.items()
        }
    return {
        name: (fractions_table(fractions, "cumulative", tree), note)
        for name, (fractions, note) in found.items()
    }


def _cross_fitted(rows, votes):
    ridge = make_pipeline(StandardScaler(), RidgeCV(ALPHAS))
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_predict(ridge, rows, votes, cv=folds).reshape(votes.shape)
