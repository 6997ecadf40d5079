"""The page: what the templates are given, and how they are rendered."""

import base64
import hashlib
import json
import pickle
import platform
import re
from datetime import UTC, datetime

import joblib
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from sklearn.utils import estimator_html_repr

from galaxy_sklearn.displays import FULL, TITLE, WIDTH, lay_out, words
from galaxy_sklearn.metrics import voted_and_predicted
from galaxy_sklearn.report import _figures as figures
from galaxy_sklearn.report._choice import KINDS, choose
from galaxy_sklearn.report._pictures import pictures
from galaxy_sklearn.report._predictions import COVERAGES, SHOWN
from galaxy_sklearn.report._saliency import most_telling, saliencies
from galaxy_sklearn.report._scores import GREATER_IS_BETTER, N_SAMPLES, TITLES
from galaxy_sklearn.scoring import content_id, copied, first_and_last
from galaxy_sklearn.sharing import describe, versions


def page(report):
    """Render the page of an `EvaluationReport`."""
    environment = Environment(
        loader=PackageLoader("galaxy_sklearn.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters["words"] = words
    environment.filters["number"] = _number
    source = environment.loader.get_source
    style, script = (Markup(source(environment, name)[0]) for name in ("page.css", "page.js"))
    diagram = _diagram(report.estimator)
    scripts = [script, *re.findall(r"<script[^>]*>(.*?)</script>", diagram, re.DOTALL)]
    return environment.get_template("page.html").render(
        **_content(report),
        style=style,
        script=script,
        diagram=diagram,
        script_sources=" ".join(f"'sha256-{_digest(text)}'" for text in scripts),
    )


def _diagram(estimator):
    """Return scikit-learn's diagram without its buttons, whose handlers a strict page refuses."""
    diagram = estimator_html_repr(estimator)
    button = r'<(button|i)\b[^>]*class="copy-paste-icon"[^>]*>.*?</\1>'
    diagram = re.sub(button, "", diagram, flags=re.DOTALL)
    return Markup(re.sub(r'\sonclick="[^"]*"', "", diagram))


def _content(report):
    estimator, target, found = report.estimator, report._target, report._found
    tree, votes = target.tree, target.votes
    last = first_and_last(estimator)[1]
    model = getattr(estimator, "best_estimator_", estimator)  # of a search
    everything = report._everything
    drawn = {"history": figures.history(last), "tree": None, "coverage": None, "confusion": None}
    drawn["reliability"] = figures.reliability(target, report.predictions)
    if not target.of_classes:
        drawn["questions"] = figures.question_scores(target, everything)
        drawn["tree"] = figures.mean_tree(target, report.predictions)
    n_coverage = 0
    if found.intervals is not None:
        drawn["coverage"], n_coverage = figures.coverage(target, found.intervals, report._form)
    known = report.galaxies[report.galaxies["voted"] != "unknown"]
    if len(known):
        seen = {*known["voted"], *known["predicted"]}
        names = list(dict.fromkeys(name for name, _ in tree.labels if name in seen))
        names += sorted(seen - set(names))
        drawn["confusion"] = figures.confusion(known["voted"], known["predicted"], names)
    data = _galaxies(report)
    names = [name for name in TITLES if name in report.scores]
    return {
        "title": report.title,
        "card": re.sub(r"\A---\n.*?\n---\n", "", report.card, flags=re.DOTALL).strip(),
        "facts": _facts(report),
        "sentences": [sentence.replace("`", "") for sentence in describe(model)],
        "n_galaxies": len(votes),
        "n_given": len(votes) + len(report.unreadable),
        "unreadable": list(report.unreadable["reason"].items()),
        "of_classes": target.of_classes,
        "form": report._form,
        "score_names": {name: TITLES[name] for name in names},
        "greater_is_better": GREATER_IS_BETTER,
        "scores": report.scores,
        "notes": report._notes,
        "n_samples": N_SAMPLES,
        "questions": report.questions,
        "figures": drawn,
        "n_coverage": n_coverage,
        "coverages": COVERAGES,
        "n_known_labels": len(known),
        "n_members": len(getattr(last, "estimators_", [])),
        "data": data,
        "n_saliency": sum("saliency" in galaxy for galaxy in data["galaxies"]),
        "kinds": KINDS,
    }


def _facts(report):
    """Return what the page says of model and data, by name."""
    target = report._target
    tree = target.tree
    last = first_and_last(report.estimator)[1]
    if target.of_classes:
        asked = f"{len(tree.answer_names)} classes"
    else:
        asked = (
            f"{tree.name}, {len(tree.questions)} questions with {len(tree.answer_names)} answers"
        )
    n_unreadable = len(report.unreadable)
    left_out = f", and {n_unreadable:,} that could not be read" if n_unreadable else ""
    data = joblib.hash((list(report.galaxies.index), target.votes.to_numpy()))[:16]
    try:
        model = content_id(copied(report.estimator))
    except (pickle.PicklingError, AttributeError, TypeError):
        model = "unknown, the model cannot be saved"
    return {
        "Model": type(last).__name__,
        "Identifier of the model": model,
        "Predicts": asked,
        "Galaxies": f"{len(target.votes):,}{left_out}",
        "Identifier of the data": data,
        "Versions": f"{versions()}, Python {platform.python_version()}",
        "Written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _galaxies(report):
    """Return what the script is given: the questions, and the galaxies on the page."""
    target, found, tree = report._target, report._found, report._target.tree
    voted, predicted = voted_and_predicted(target.votes, report.predictions, tree=tree)
    given = voted.cumulative(tree)
    path = tree.walk(np.nan_to_num(given)).astype(bool)
    rows, most = choose(report._errors, found.unusual, path, tree.slices, report.max_galaxies)
    images = pictures(report.estimator, report.X, found.rows[rows])
    galaxies = []
    shown_voted = getattr(voted, report._form)(tree)
    columns = {
        "voted": _rounded(shown_voted[rows]),
        "predicted": _rounded(report.predictions.to_numpy()[rows]),
        "errors": _rounded(report._errors[rows], 6),
    }
    if report._form != "cumulative":
        columns["votedPaths"] = _rounded(given[rows])
        columns["predictedPaths"] = _rounded(predicted.cumulative(tree)[rows])
    if found.intervals is not None:
        columns["interval"] = _rounded(found.intervals[COVERAGES.index(SHOWN)][rows])
    if found.unusual is not None:
        columns["unusual"] = _rounded(found.unusual[rows], 6)
    table = report.galaxies.iloc[rows]
    for i, (name, galaxy) in enumerate(zip(table.index, table.itertuples(), strict=True)):
        galaxies.append(
            {
                "name": str(name),
                "row": int(galaxy.row),
                "image": images[i],
                "votedLabel": galaxy.voted,
                "predictedLabel": galaxy.predicted,
                "path": np.flatnonzero(path[rows[i]]).tolist(),
            }
            | {key: values[i] for key, values in columns.items()}
        )
    errors = report._errors[rows]
    unusual = None if found.unusual is None else found.unusual[rows]
    chosen = most_telling(errors[:, 0], unusual, report.n_saliency)
    answers = [
        _doubted(tree, errors[i, 1:], path[rows[i]], report.predictions.to_numpy()[rows[i]])
        for i in chosen
    ]
    of_chosen = saliencies(report.estimator, report.X, found.rows[rows[chosen]], answers)
    for i, saliency in zip(chosen, of_chosen, strict=False):
        galaxies[i]["saliency"] = saliency
    layout = lay_out(tree)
    return {
        "questions": [
            {
                "name": words(question.name),
                "answers": [words(answer.name) for answer in question.answers],
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


def _doubted(tree, errors, path, fractions):
    """Return what was predicted for the question of the voted path with the greatest error."""
    on_path = np.array([path[columns].any() for columns in tree.slices])
    question = tree.order[0] if not on_path.any() else int(np.where(on_path, errors, -1).argmax())
    columns = tree.slices[question]
    return columns.start + int(fractions[columns].argmax())


def _rounded(values, n_decimals=3):
    """Return numbers as lists, None for NaN."""
    return json.loads(json.dumps(np.round(values, n_decimals).tolist()).replace("NaN", "null"))


def _number(value, digits=4):
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def _digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
