"""What the script of the page is given: the questions, and the galaxies that it shows."""

import json

import numpy as np

from galaxy_sklearn.displays import FULL, TITLE, WIDTH, lay_out, words
from galaxy_sklearn.metrics import voted_and_predicted
from galaxy_sklearn.report._choice import choose
from galaxy_sklearn.report._pictures import pictures
from galaxy_sklearn.report._predictions import COVERAGES, SHOWN
from galaxy_sklearn.report._saliency import most_telling, saliencies


def page_data(report):
    """Return what the script of an `EvaluationReport` needs, as lists and dicts."""
    target, found, tree = report._target, report._found, report._target.tree
    voted, predicted = voted_and_predicted(target.votes, report.predictions, tree=tree)
    cumulative = voted.cumulative(tree)
    path = tree.walk(np.nan_to_num(cumulative)).astype(bool)
    rows, most = choose(report._errors, found.unusual, path, tree.slices, report.max_galaxies)
    values = {
        "voted": _rounded(getattr(voted, report._form)(tree)[rows]),
        "predicted": _rounded(report.predictions.to_numpy()[rows]),
        "errors": _rounded(report._errors[rows], 6),
    }
    if report._form != "cumulative":
        values["votedPaths"] = _rounded(cumulative[rows])
        values["predictedPaths"] = _rounded(predicted.cumulative(tree)[rows])
    if found.intervals is not None:
        values["interval"] = _rounded(found.intervals[COVERAGES.index(SHOWN)][rows])
    if found.unusual is not None:
        values["unusual"] = _rounded(found.unusual[rows], 6)
    table = report.galaxies.iloc[rows]
    values |= {
        "name": [str(name) for name in table.index],
        "row": table["row"].tolist(),
        "votedLabel": table["voted"].tolist(),
        "predictedLabel": table["predicted"].tolist(),
        "path": [np.flatnonzero(answers).tolist() for answers in path[rows]],
        "image": pictures(report.estimator, report.X, found.rows[rows]),
    }
    galaxies = [
        dict(zip(values, galaxy, strict=True)) for galaxy in zip(*values.values(), strict=True)
    ]
    for i, saliency in _saliencies(report, path, rows):
        galaxies[i]["saliency"] = saliency
    said = str if target.of_classes else words
    layout = lay_out(tree)
    return {
        "questions": [
            {
                "name": said(question.name),
                "answers": [said(answer.name) for answer in question.answers],
                "start": columns.start,
            }
            for question, columns in zip(tree.questions, tree.slices, strict=True)
        ],
        "tree": {
            "corners": _rounded(layout.corners),
            "sizes": _rounded(layout.sizes),
            "routes": [_rounded(np.array(route)) for route in layout.routes],
            "title": TITLE,
            "width": WIDTH,
            "full": FULL,
        },
        "form": report._form,
        "most": most,
        "ofClasses": target.of_classes,
        "coverage": SHOWN,
        "galaxies": galaxies,
    }


def _saliencies(report, path, rows):
    """Return the place among the rows, and the saliency, of a few galaxies."""
    tree, found = report._target.tree, report._found
    errors, fractions = report._errors[rows], report.predictions.to_numpy()[rows]
    unusual = None if found.unusual is None else found.unusual[rows]
    chosen = most_telling(errors[:, 0], unusual, report.n_saliency)
    answers = [_doubted(tree, errors[i, 1:], path[rows[i]], fractions[i]) for i in chosen]
    of_chosen = saliencies(report.estimator, report.X, found.rows[rows[chosen]], answers)
    return zip(chosen, of_chosen, strict=False)  # there may be none


def _doubted(tree, errors, path, fractions):
    """Return what was predicted for the question of the voted path with the greatest error."""
    on_path = np.array([path[columns].any() for columns in tree.slices])
    question = tree.order[0] if not on_path.any() else int(np.where(on_path, errors, -1).argmax())
    columns = tree.slices[question]
    return columns.start + int(fractions[columns].argmax())


def _rounded(values, n_decimals=3):
    """Return numbers as lists, None for NaN."""
    return json.loads(json.dumps(np.round(values, n_decimals).tolist()).replace("NaN", "null"))
