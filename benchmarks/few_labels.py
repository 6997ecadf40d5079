"""Few labels: a fit that starts from a pretrained model, beside others.

    python benchmarks/few_labels.py DIR MODEL [--numbers 30 100 300 1000] [--seeds 1]

DIR holds images/, train_more.csv and test.csv in the layout of the Kaggle challenge. MODEL is a
fitted pipeline that has seen neither, such as one trained on train.csv: a model that has learned
the votes of the galaxies whose labels it is then given would look better than it is. Three tasks
are made of the votes; galaxies of train_more.csv give the labels. Prints the balanced accuracy on
1,000 other galaxies of train_more.csv, or with --test on test.csv. Results are cached (--cache).
"""

import argparse
import hashlib
import json
import os
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from galaxy_sklearn import GZ2, GalaxyClassifier, make_galaxy_pipeline
from galaxy_sklearn._models import find_model, load_model
from galaxy_sklearn.datasets import load_galaxy_zoo

HELD_OUT = 1000


def tasks(votes):
    """Return labels of three tasks, made of votes."""
    fractions = GZ2.to_cumulative(GZ2.normalize(GZ2.to_conditional(votes)))
    column = {name: i for i, name in enumerate(GZ2.answer_names)}
    spiral = fractions[:, column["t04_spiral_a08_spiral"]] > 0.4
    merger = fractions[:, column["t08_odd_feature_a24_merger"]] > 0.15
    kinds = GZ2.label(votes).astype(str)
    kinds[~np.isin(kinds, ("elliptical", "spiral", "edge-on disk", "barred spiral"))] = "other"
    return {
        "spiral or not": np.where(spiral, "spiral", "other"),
        "merger or not": np.where(merger, "merger", "other"),
        "five kinds": kinds,
    }


# -------------------------------------------------------------------------- ways to fit


def epochs_for(n, steps):
    return max(1, round(steps / -(-n // 32)))


def scratch(model, X, y, seed):
    """A fit of the default network from random weights."""
    steps = {30: 200, 100: 400}.get(len(X), 1000)
    classifier = GalaxyClassifier(
        epochs=epochs_for(len(X), steps),
        validation_fraction=0,
        dtype_policy="mixed_bfloat16",
        random_state=seed,
    )
    return classifier.fit(X, y).predict


def logistic(model, X, y, seed):
    """Logistic regression on the features."""
    smallest = np.unique(y, return_counts=True)[1].min()
    head = make_pipeline(
        FrozenEstimator(model),
        StandardScaler(),
        GridSearchCV(
            LogisticRegression(class_weight="balanced", max_iter=2000),
            {"C": np.logspace(-5, 0, 6)},
            cv=max(2, min(5, smallest)),
            scoring="balanced_accuracy",
        ),
    )
    return head.fit(X, y).predict


def fine_tuned(**parameters):
    """Start from the model with some parameters, or those of `make_galaxy_pipeline`."""

    def run(model, X, y, seed):
        pipe = make_galaxy_pipeline(pretrained=FrozenEstimator(model), random_state=seed)
        settings = dict(parameters)
        if "steps" in settings:
            settings["epochs"] = epochs_for(len(X), settings.pop("steps"))
        return pipe["classifier"].set_params(**settings).fit(X, y).predict

    return run


ALL = {"freeze": False, "steps": 200}
WAYS = {
    "from scratch": scratch,
    "features, logistic regression": logistic,
    "make_galaxy_pipeline(pretrained=)": fine_tuned(),
    "the same, classes not balanced": fine_tuned(class_weight=None, steps=200),
    "all weights, rate 1e-4": fine_tuned(**ALL, learning_rate=1e-4, class_weight=None),
    "all weights, rate 3e-4": fine_tuned(**ALL, learning_rate=3e-4, class_weight=None),
    "all weights, rate 3e-4, balanced classes": fine_tuned(**ALL, learning_rate=3e-4),
}


def draw(labels, n, rng):
    """Draw galaxies of each class: at least three, as whoever labels would look for."""
    chosen = rng.permutation(len(labels))[:n]
    for name in np.unique(labels):
        lacking = 3 - (labels[chosen] == name).sum()
        if lacking > 0:
            more = rng.permutation(np.setdiff1d(np.flatnonzero(labels == name), chosen))[:lacking]
            values, counts = np.unique(labels[chosen], return_counts=True)
            spare = np.flatnonzero(labels[chosen] == values[counts.argmax()])[:lacking]
            chosen[spare] = more
    return chosen


def main():
    """Print a table for each task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--numbers", type=int, nargs="+", default=[30, 100, 300, 1000])
    parser.add_argument("--only", nargs="+", default=[""], help="first words of the rows to run")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--test", action="store_true", help="measure on test.csv")
    parser.add_argument("--cache", type=Path, default=Path("few-labels-cache"))
    arguments = parser.parse_args()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is a pickle")
        pipe = load_model(find_model(arguments.model))
    pipe.set_params(tensor__n_jobs=-1)

    def load(part):
        data = load_galaxy_zoo(arguments.folder / "images", arguments.folder / f"{part}.csv")
        return pipe[:-1].transform(data.data), tasks(data.target.to_numpy())

    X, y = load("train_more")
    others = np.random.RandomState(0).permutation(len(X))
    test, pool = others[:HELD_OUT], others[HELD_OUT:]
    X_test, y_test = (
        load("test") if arguments.test else (X[test], {k: v[test] for k, v in y.items()})
    )
    arguments.cache.mkdir(parents=True, exist_ok=True)
    for task, labels in y.items():
        names, counts = np.unique(y_test[task], return_counts=True)
        print(
            f"\n{task}: " + ", ".join(f"{n} {name}" for name, n in zip(names, counts, strict=True))
        )
        print("\n| | " + " | ".join(map(str, arguments.numbers)) + " |")
        print("|---" * (1 + len(arguments.numbers)) + "|")
        for name, way in WAYS.items():
            if not name.startswith(tuple(arguments.only)):
                continue
            scores = []
            for n in arguments.numbers:
                of_seeds = []
                for seed in range(arguments.seeds):
                    identity = [str(arguments.model), task, name, n, seed]
                    key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
                    file = arguments.cache / f"{key}-{len(X_test)}.json"
                    if not file.exists():
                        rows = pool[draw(labels[pool], n, np.random.RandomState(seed))]
                        predict = way(pipe[-1], X[rows], labels[rows], seed)
                        score = balanced_accuracy_score(y_test[task], predict(X_test))
                        file.write_text(json.dumps(score))
                    of_seeds.append(json.loads(file.read_text()))
                scores.append(np.mean(of_seeds))
            print(f"| {name} | " + " | ".join(f"{x:.3f}" for x in scores) + " |", flush=True)


if __name__ == "__main__":
    main()
