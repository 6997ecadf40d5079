"""The page: what the templates are given, and how they are rendered."""

import base64
import hashlib
import pickle
import platform
import re
from datetime import UTC, datetime

import joblib
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from sklearn.utils import estimator_html_repr

from galaxy_sklearn.displays import words
from galaxy_sklearn.report import _figures as figures
from galaxy_sklearn.report._choice import KINDS
from galaxy_sklearn.report._data import page_data
from galaxy_sklearn.report._scores import GREATER_IS_BETTER, N_SAMPLES, TITLES
from galaxy_sklearn.scoring import content_id, first_and_last
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
    drawn = {"history": figures.history(last), "tree": None, "coverage": None, "confusion": None}
    drawn["reliability"] = figures.reliability(target, report.predictions)
    if not target.of_classes:
        shown = report.questions[["conditional_rmse", *report._notes]]
        drawn["questions"] = figures.question_scores(
            shown.rename(columns={"conditional_rmse": "model"})
        )
        drawn["tree"] = figures.mean_tree(target, report.predictions)
    n_coverage = 0
    if found.intervals is not None:
        drawn["coverage"], n_coverage = figures.coverage(target, found.intervals, report._form)
    # A class may have that name.
    known = report.galaxies[target.of_classes | (report.galaxies["voted"] != "unknown")]
    if len(known):
        seen = {*known["voted"], *known["predicted"]}
        names = list(dict.fromkeys(name for name, _ in tree.labels if name in seen))
        names += sorted(seen - set(names))
        drawn["confusion"] = figures.confusion(known["voted"], known["predicted"], names)
    data = page_data(report)
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
        "score_names": {name: TITLES[name] for name in names},
        "greater_is_better": GREATER_IS_BETTER,
        "scores": report.scores,
        "notes": report._notes,
        "n_samples": N_SAMPLES,
        "questions": report.questions,
        "figures": drawn,
        "n_coverage": n_coverage,
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
        model = content_id(report.estimator)
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


def _number(value, digits=4):
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def _digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
