"""The evaluation of a model as one HTML page."""

from html import escape
from numbers import Integral

import numpy as np
import pandas as pd

from galaxy_sklearn._files import written_whole
from galaxy_sklearn.images import ImageStack
from galaxy_sklearn.metrics import question_scores, voted_and_predicted
from galaxy_sklearn.report import _figures as figures
from galaxy_sklearn.report._baselines import baselines
from galaxy_sklearn.report._page import page
from galaxy_sklearn.report._predictions import predict_all
from galaxy_sklearn.report._scores import galaxy_errors, labels, question_intervals, scores
from galaxy_sklearn.report._target import find_target, fractions_table
from galaxy_sklearn.scoring import first_and_last
from galaxy_sklearn.transformers import reader_of


class EvaluationReport:
    """Evaluate a fitted model on galaxies, and show it as one self-contained HTML page.

    The page says what model was evaluated on what data, and how good it is beside simple baselines,
    by question; whether its fractions and intervals are calibrated; which labels it mistakes. It
    shows the best, the worst and the most unusual galaxies of each answer, and a table of all, or
    of a sample where there are more than `max_galaxies`. It needs no network when it is opened.

    A galaxy whose file cannot be read is left out, and listed.

    Parameters
    ----------
    estimator : Pipeline or classifier
        Fitted, with ``predict_proba``: mostly a pipeline that ends with a `GalaxyClassifier` or a
        `GalaxyEnsemble`, of votes or of classes.
    X : array-like of str or path-like, or images
        Galaxies that the model was not trained on, as it takes them.
    y : DataFrame or array-like of shape (n_galaxies, n_answers) or (n_galaxies,)
        Their vote fractions or vote counts, or their class labels.
    tree : DecisionTree, optional
        The survey; that of the estimator by default, or else `GZ2`. Ignored for class labels.
    y_train : DataFrame or array-like, optional
        Votes or labels of the training. Their mean is the simplest baseline; by default it is that
        of the galaxies evaluated.
    title : str, default="Evaluation report"
        The heading.
    card : str, default=""
        The card of the model, in Markdown, see `galaxy_sklearn.sharing.card_of`.
    max_galaxies : int, default=1000
        The most galaxies to show; the scores are those of all. The page takes about 5 kB for each.
    n_saliency : int, default=3
        Number of galaxies of which the page shows which pixels speak for an answer. Each takes as
        long as the prediction of 120 galaxies.

    Attributes
    ----------
    scores : DataFrame
        A row for the model and for each baseline; for each score a column, and ``<score>_low`` and
        ``<score>_high``, its 95% bootstrap interval over galaxies.
    questions : DataFrame
        A row for each question, with the columns of `galaxy_sklearn.metrics.question_scores`, the
        interval of ``conditional_rmse``, and the ``conditional_rmse`` of each baseline by its name.
    galaxies : DataFrame
        A row for each galaxy that could be read, by its name: ``row`` in X, the labels that were
        ``voted`` and ``predicted``, ``error`` (the RMSE of its cumulative fractions) and
        ``unusual`` (the opposite of ``score_samples``, only if the model can tell).
    predictions : DataFrame
        Their predicted fractions.
    unreadable : DataFrame
        A row for each of the other galaxies, by its name: ``row`` in X, and the ``reason``.

    See Also
    --------
    galaxy_sklearn.displays : Its figures.
    galaxy_sklearn.sharing.write_card : A model with a description, to share.

    References
    ----------
    .. [1] Efron 1979, Annals of Statistics 7, 1, for the bootstrap.

    Examples
    --------
    >>> from galaxy_sklearn.datasets import make_galaxies
    >>> from galaxy_sklearn.report import EvaluationReport
    >>> from galaxy_sklearn.sharing import load_pretrained
    >>> X, y = make_galaxies(4, image_size=64, random_state=0)
    >>> report = EvaluationReport(load_pretrained("gz2"), X, y, n_saliency=0)
    >>> len(report.galaxies), "cumulative_rmse" in report.scores
    (4, True)
    >>> report.save("report.html")  # doctest: +SKIP
    """

    def __init__(
        self,
        estimator,
        X,
        y,
        *,
        tree=None,
        y_train=None,
        title="Evaluation report",
        card="",
        max_galaxies=1000,
        n_saliency=3,
    ):
        for name, value, least in (
            ("max_galaxies", max_galaxies, 1),
            ("n_saliency", n_saliency, 0),
        ):
            if not isinstance(value, Integral) or value < least:
                raise ValueError(f"{name} must be an int from {least} on, got {value!r}.")
        last = first_and_last(estimator)[1]
        if not (hasattr(last, "predict_proba") and hasattr(last, "classes_")):
            raise ValueError(
                "estimator must be a fitted classifier with predict_proba and classes_, or end "
                f"with one, got {last!r}."
            )
        self.estimator = estimator
        self.X = X
        self.title = title
        self.card = card
        self.max_galaxies = max_galaxies
        self.n_saliency = n_saliency

        target = find_target(last, y, tree)
        if target.votes.isna().all(axis=None):
            raise ValueError("y holds no vote that is known; nothing to evaluate.")
        names = _names(estimator, X, y)
        if len(names) != len(target.votes):
            raise ValueError(f"Found {len(names)} galaxies in X and {len(target.votes)} in y.")
        _check_order(names, y)
        of_training = None if y_train is None else find_target(last, y_train, target.tree)
        self._found = found = predict_all(estimator, X)
        self._target = target = target._replace(votes=target.votes.iloc[found.rows])
        _, predicted = voted_and_predicted(
            target.votes, found.fractions, tree=target.tree, pred_form=_form(last, target)
        )
        self._form = figures.prediction_form(last, predicted.form)
        self.predictions = fractions_table(
            getattr(predicted, self._form)(target.tree), self._form, target.tree
        )
        self.unreadable = pd.DataFrame(
            {"row": list(found.errors), "reason": list(found.errors.values())},
            index=pd.Index(names[list(found.errors)], name="galaxy"),
        )
        simple = baselines(target, found, of_training and of_training.votes)
        self._notes = {name: note for name, (_, note) in simple.items()}
        everything = {"model": self.predictions} | {name: f for name, (f, _) in simple.items()}
        self.scores = scores(target, everything)
        self.questions = _question_table(target, everything)
        self._errors = galaxy_errors(target, self.predictions)
        voted, said = labels(target, self.predictions.to_numpy())
        self.galaxies = pd.DataFrame(
            {"row": found.rows, "voted": voted, "predicted": said, "error": self._errors[:, 0]},
            index=pd.Index(names[found.rows], name="galaxy"),
        )
        if found.unusual is not None:
            self.galaxies["unusual"] = found.unusual
        self._html = None

    def to_html(self):
        """Return the page.

        Returns
        -------
        str
            An HTML document that needs no other file.
        """
        if self._html is None:
            self._html = page(self)
        return self._html

    def save(self, path):
        """Write the page.

        Parameters
        ----------
        path : str or path-like
            The file; an existing one is overwritten.
        """
        with written_whole(path) as written:
            written.write_text(self.to_html(), encoding="utf-8")

    def _repr_html_(self):
        """Return the page in a frame, which keeps it apart from the rest of a notebook."""
        return (
            f'<iframe title="{escape(self.title)}" srcdoc="{escape(self.to_html())}" '
            'style="width: 100%; height: 45rem; border: 1px solid gray"></iframe>'
        )


def _names(estimator, X, y):
    """Return the names of the galaxies: of files, or of the rows of y."""
    images = reader_of(estimator).transform(X)
    if isinstance(images, ImageStack):
        return np.array(images.names, dtype=object)
    index = getattr(y, "index", None)
    is_plain = index is None or callable(index) or isinstance(index, pd.RangeIndex)
    numbers = range(len(images)) if is_plain else index
    names = np.empty(len(images), dtype=object)
    if len(numbers) == len(images):
        names[:] = [f"galaxy {number}" for number in numbers]
    return names


def _check_order(names, y):
    """Refuse votes whose index names the images, but in another order."""
    index = getattr(y, "index", None)
    if index is None or callable(index):
        return
    files = [str(name).partition(".")[0] for name in names]
    rows = [str(row).partition(".")[0] for row in index]
    if files != rows and sorted(files) == sorted(rows):
        i = next(i for i, (file, row) in enumerate(zip(files, rows, strict=True)) if file != row)
        raise ValueError(
            f"The index of y names the images of X in another order: row {i} is {index[i]!s}, the "
            f"image {names[i]}. y.loc[...] brings them into one order."
        )


def _form(last, target):
    """Return the form in which a classifier predicts, None if only its numbers tell."""
    return "cumulative" if target.of_classes else getattr(last, "form_", None)


def _question_table(target, everything):
    """Return the scores of each question, those of the baselines in columns of their own."""
    by_name = {
        name: question_scores(target.votes, fractions, tree=target.tree)
        for name, fractions in everything.items()
    }
    table = by_name.pop("model")
    ends = question_intervals(target, everything["model"]).drop(columns="conditional_rmse")
    others = {name: one["conditional_rmse"] for name, one in by_name.items()}
    return table.join(ends).assign(**others)
