"""RMSE of cumulative fractions on held-out galaxies, of our recipe and others.

    python benchmarks/accuracy.py DIR [--seeds 3] [--only NAME ...]
    python benchmarks/accuracy.py DIR --ablation [--epochs 20] [--only NAME ...]
    python benchmarks/accuracy.py DIR --more [--seeds 3] [--only NAME ...]
    python benchmarks/accuracy.py DIR --curve [--only NAME ...]
    python benchmarks/accuracy.py DIR --coverage
    python benchmarks/accuracy.py --intervals

DIR holds images/, train.csv and test.csv in the layout of the Kaggle challenge. Every recipe is
trained on train.csv and measured on test.csv. With --ablation our recipe is trained with one
choice changed at a time, for fewer epochs, and measured on galaxies held out from train.csv, to
compare the choices. With --more it is trained on train_more.csv as well, and on train_partial.csv,
of which only some questions are known, for as many steps, and by the recipe of the pretrained
model. With --curve recipes are trained on parts of train.csv and train_more.csv, each for as many
steps at every size (40 epochs of train.csv for ours, the reference's own 25), and measured on the
galaxies held out. With --coverage conformal intervals are measured on test.csv, and with
--intervals credible ones on simulated galaxies. Predictions are cached (--cache FOLDER), and what
was trained is kept after each epoch, so that an interrupted run goes on.
"""

import argparse
import hashlib
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd
from pretrain import RECIPE as PRETRAINED
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.image import extract_patches_2d
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from galaxy_sklearn import CenterCrop, FlattenToTensor, Grayscale, ImageReader, Resize
from galaxy_sklearn.datasets import load_galaxy_zoo

HELD_OUT = 400
# Galaxies with smaller numbers over-represent spirals in the sample of 3,156.
FIRST_UNBIASED = 945990


def rmse(votes, predicted):
    """Root mean squared error without checks: predictions of the baselines do not obey the tree."""
    return float(np.sqrt(np.mean((np.asarray(votes) - predicted) ** 2)))


# ------------------------------------------------------------------------- without networks


def tensors(size, *parts, gray=False, crop=0.5):
    """Read the central part of the images."""
    steps = [ImageReader(), CenterCrop(crop), Grayscale(), Resize(size), FlattenToTensor(n_jobs=-1)]
    pipe = make_pipeline(*(steps if gray else steps[:2] + steps[3:]))
    return [pipe.fit_transform(paths) for paths in parts]


def mean(train, test, seed, folder):
    """Predict the mean of the training galaxies."""
    return np.tile(train[1].mean().to_numpy(), (len(test), 1))


def ridge(train, test, seed, folder):
    """Ridge regression on principal components of 32 x 32 gray pixels."""
    rows = [np.reshape(x, (len(x), -1)) for x in tensors(32, train[0], test, gray=True)]
    model = make_pipeline(
        PCA(150, random_state=seed), StandardScaler(), RidgeCV(10.0 ** np.r_[0:6])
    )
    return model.fit(rows[0], train[1]).predict(rows[1])


def patches(train, test, seed, folder):
    """The recipe of 2014: k-means of whitened patches, ridge regression, then a forest."""
    rng = np.random.default_rng(seed)
    images = tensors(15, train[0], test, crop=0.354)  # 150 of 424 pixels
    side, n_centres = 5, 1000

    def cut(image):
        found = extract_patches_2d(image, (side, side)).reshape(-1, side * side * image.shape[2])
        found = found - found.mean(axis=1, keepdims=True)
        return found / np.sqrt(found.var(axis=1, keepdims=True) + 1e-3)

    chosen = rng.choice(np.concatenate([cut(image)[::7] for image in images[0]]), 60_000)
    white = PCA(whiten=True, n_components=0.99, random_state=seed).fit(chosen)
    centres = MiniBatchKMeans(n_centres, random_state=seed, n_init=1, batch_size=2048)
    centres = centres.fit(white.transform(chosen)).cluster_centers_

    def features(image):
        found = white.transform(cut(image))
        squares = (found**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)
        distance = np.sqrt(np.maximum(squares - 2 * found @ centres.T, 0))
        active = np.maximum(0, distance.mean(axis=1, keepdims=True) - distance)
        n = round(len(active) ** 0.5)
        active, half = active.reshape(n, n, -1), n // 2
        quarters = [
            active[a, b]
            for a in (slice(half), slice(half, None))
            for b in (slice(half), slice(half, None))
        ]
        return np.concatenate([quarter.sum(axis=(0, 1)) for quarter in quarters])

    rows = [np.array([features(image) for image in part], np.float32) for part in images]
    scaler = StandardScaler().fit(rows[0])
    rows = [scaler.transform(part) for part in rows]
    linear = Ridge(1e4).fit(rows[0], train[1])
    forest = RandomForestRegressor(200, min_samples_leaf=5, n_jobs=-1, random_state=seed)
    forest.fit(np.clip(linear.predict(rows[0]), 0, 1), train[1])
    return forest.predict(np.clip(linear.predict(rows[1]), 0, 1))


# ----------------------------------------------------------------------------- networks


def network(recipe="equivariant", **parameters):
    """Return a recipe: a pipeline with some of its parameters set."""

    def fitted(train, seed, folder):
        from galaxy_sklearn import make_galaxy_pipeline

        pipe = make_galaxy_pipeline(recipe, n_jobs=-1, verbose=1, random_state=seed)
        return pipe.set_params(classifier__checkpoint=folder, **parameters).fit(*train)

    def run(train, test, seed, folder):
        return fitted(train, seed, folder).predict_proba(test)

    run.fitted = fitted
    run.parameters = [recipe, repr(sorted(parameters.items()))]
    return run


REFERENCE, RESIDUAL, OURS = "reference: GalaxyID, its own recipe", "residual network", "ours"
# As accurate, and takes two thirds of the time or less if the processor supports it.
BFLOAT16 = {"classifier__dtype_policy": "mixed_bfloat16"}
RECIPES = {
    "mean of the training galaxies": mean,
    "ridge on principal components of pixels": ridge,
    "k-means patches, ridge, forest (2014)": patches,
    REFERENCE: network("galaxy_id", **BFLOAT16),
    "Xception from scratch, the reference's recipe": network(
        "galaxy_id",
        gray="passthrough",
        resize__size=71,
        classifier__network="xception",
        **BFLOAT16,
    ),
    "the winner's network, our recipe, 25 epochs": network(
        resize__size=69, classifier__network="dieleman2015", classifier__epochs=25, **BFLOAT16
    ),
    RESIDUAL: network("residual", **BFLOAT16),
    OURS: network(**BFLOAT16),
}
SEVERAL_SEEDS = (REFERENCE, RESIDUAL, OURS)


def ablations(epochs):
    """Return variants of our recipe with one change each, trained for some epochs."""

    def variant(**parameters):
        basis = {"classifier__epochs": epochs, "classifier__validation_fraction": 0}
        return network(**basis, **BFLOAT16 | parameters)

    def start_from(learn):
        """Return the recipe with pretrained weights."""

        def run(train, test, seed, folder):
            from sklearn.frozen import FrozenEstimator

            first = FrozenEstimator(learn(train, seed))
            return variant(classifier__pretrained=first)(train, test, seed, folder)

        run.parameters = [learn.__doc__, epochs]
        return run

    narrow = {
        "classifier__network__filters": (4, 8, 16, 32),
        "classifier__network__features": 128,
        "classifier__network__dropout": 0.3,
    }
    return {
        "ours": variant(),
        "sigmoids, binary cross-entropy": variant(
            classifier__output="sigmoid", classifier__loss="binary_crossentropy"
        ),
        "squares of cumulative fractions": variant(classifier__loss="cumulative_mse"),
        "squares of conditional fractions": variant(classifier__loss="mse"),
        "questions weighted equally": variant(classifier__question_weight=None),
        "balanced answers": variant(classifier__class_weight="balanced"),
        "label smoothing 0.05": variant(classifier__label_smoothing=0.05),
        "gray": variant(gray=Grayscale()),
        "the reference's augmentation": variant(
            classifier__rotation=30.0, classifier__shift=0.1, classifier__flip="horizontal"
        ),
        "no augmentation": variant(
            classifier__rotation=0, classifier__shift=0, classifier__zoom=0, classifier__flip=None
        ),
        "constant learning rate": variant(classifier__schedule="constant"),
        "no weight decay": variant(classifier__weight_decay=0.0),
        "average of the weights over 5% of the steps": variant(classifier__weight_average=0.05),
        "float32 instead of bfloat16": variant(classifier__dtype_policy="float32"),
        "the reference network": variant(classifier__network="galaxy_id"),
        "two residual blocks per stage": variant(classifier__network__blocks=2),
        "the residual network, eight looks": variant(classifier__network="residual"),
        "the residual network, one look": variant(
            classifier__network="residual", classifier__symmetric=False
        ),
        "filters (6, 12, 24, 48)": variant(classifier__network__filters=(6, 12, 24, 48)),
        "filters (4, 8, 16, 32), 128 features": variant(**narrow),
        "the same, 32 features": variant(**narrow | {"classifier__network__features": 32}),
        "the same, 256 features": variant(**narrow | {"classifier__network__features": 256}),
        "the same, 128 features, dropout 0.5": variant(
            **narrow | {"classifier__network__dropout": 0.5}
        ),
        "images of 80 x 80 pixels": variant(resize__size=80),
        "simulated galaxies first": start_from(_simulated),
        "images without labels first": start_from(_unlabelled),
    }


def _simulated(train, seed):
    """8 epochs on 6,000 simulated galaxies."""
    from galaxy_sklearn import make_galaxy_pipeline
    from galaxy_sklearn.datasets import make_galaxies

    pipe = make_galaxy_pipeline(verbose=1, random_state=seed)
    pipe.set_params(classifier__epochs=8, **BFLOAT16)
    return pipe.fit(*make_galaxies(6000, random_state=1))


def _unlabelled(train, seed):
    """20 epochs on the training images without their votes."""
    from galaxy_sklearn import GalaxyClassifier, GalaxyEncoder

    learner = GalaxyClassifier(
        epochs=20, dtype_policy="mixed_bfloat16", batch_size=64, random_state=seed, verbose=1
    )
    return GalaxyEncoder(learner).fit(tensors(64, train[0])[0])


def key_of(name, recipe, train, test, seed):
    """Return what the files of a run are called."""
    identity = [
        name,
        getattr(recipe, "parameters", None),
        seed,
        len(train[0]),
        list(map(str, test)),
    ]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]


def from_cache(folder, name, recipe, train, test, seed):
    """Return predictions and CPU seconds of a recipe, from the cache if it has run before."""
    key = key_of(name, recipe, train, test, seed)
    file = folder / f"{key}.npz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        start = time.process_time()
        predicted = recipe(train, test, seed, folder / f"{key}-training")
        np.savez(file, predicted=predicted, seconds=time.process_time() - start)
    with np.load(file) as found:
        return found["predicted"], float(found["seconds"])


def of_seeds(cache, name, recipe, train, test, n_seeds):
    """Return the errors of a recipe by seed, that of their mean, and CPU seconds of one."""
    runs = [from_cache(cache, name, recipe, train, test[0], seed) for seed in range(n_seeds)]
    errors = [rmse(test[1], predicted) for predicted, _ in runs]
    together = rmse(test[1], np.mean([predicted for predicted, _ in runs], axis=0))
    return errors, together, np.mean([seconds for _, seconds in runs])


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR")
    parser.add_argument("--seeds", type=int, default=3, help="for ours and what it replaces")
    parser.add_argument("--only", nargs="+", default=[""], help="first words of the rows to run")
    parser.add_argument("--epochs", type=int, default=20, help="for --ablation")
    parser.add_argument("--cache", type=Path, default=Path("accuracy-cache"))
    for name in ("ablation", "more", "curve", "coverage", "intervals"):
        parser.add_argument(f"--{name}", action="store_true")
    arguments = parser.parse_args()
    if arguments.intervals:
        intervals()
        return
    if arguments.folder is None:
        parser.error("DIR is missing")

    def load(part):
        data = load_galaxy_zoo(arguments.folder / "images", arguments.folder / f"{part}.csv")
        return data.data, data.target

    for name, show in (("more", more), ("curve", curve), ("coverage", coverage)):
        if getattr(arguments, name):
            show(load, arguments)
            return
    train, test = load("train"), load("test")
    if arguments.ablation:
        train, test = split(*train)
    print(f"{len(train[0])} galaxies to train on, {len(test[0])} to test on\n")
    print("| recipe | RMSE | by seed | training and predicting, CPU s |\n|---|---|---|---|")
    recipes = ablations(arguments.epochs) if arguments.ablation else RECIPES
    for name, recipe in chosen(recipes, arguments).items():
        several = name in SEVERAL_SEEDS and not arguments.ablation
        errors, together, seconds = of_seeds(
            arguments.cache, name, recipe, train, test, arguments.seeds if several else 1
        )
        by_seed = " ".join(f"{error:.4f}" for error in errors) if several else ""
        print(f"| {name} | {np.mean(errors):.4f} | {by_seed} | {seconds:.0f} |", flush=True)
        if several and len(errors) > 1:
            print(f"| ... {len(errors)} of them together | {together:.4f} | | |", flush=True)


def chosen(rows, arguments):
    """Return the rows whose names begin with the words of --only."""
    return {name: row for name, row in rows.items() if name.startswith(tuple(arguments.only))}


def with_steps_of(n_galaxies, n_others, epochs):
    """Return the number of epochs that make as many steps as `epochs` of other galaxies."""
    return max(1, round(epochs * n_others / n_galaxies))


def more(load, arguments):
    """Print what more galaxies are worth, for as many steps."""
    train, test = load("train"), load("test")
    samples, so_far = {}, []
    for part in ("train", "train_more", "train_partial"):
        so_far.append(load(part))
        name = "train.csv" if part == "train" else f"and {part}.csv"
        paths, votes = zip(*so_far, strict=True)
        samples[name] = np.concatenate(paths), pd.concat(votes)
    print(
        "| training galaxies | number | epochs | RMSE | by seed | together |\n"
        "|---|---|---|---|---|---|"
    )
    samples['"gz2"'] = samples["and train_partial.csv"]
    for name, rows in chosen(samples, arguments).items():
        if name == "train.csv":
            label, epochs, recipe = OURS, 100, RECIPES[OURS]
        elif name == '"gz2"':
            label, epochs, recipe = name, PRETRAINED["classifier__epochs"], network(**PRETRAINED)
        else:
            epochs = with_steps_of(len(rows[0]), len(train[0]), 100)
            label, recipe = f"{OURS}, {name}", network(classifier__epochs=epochs, **BFLOAT16)
        errors, together, _ = of_seeds(arguments.cache, label, recipe, rows, test, arguments.seeds)
        print(
            f"| {name} | {len(rows[0])} | {epochs} | {np.mean(errors):.4f} | "
            f"{' '.join(f'{error:.4f}' for error in errors)} | {together:.4f} |",
            flush=True,
        )


def curve(load, arguments):
    """Print the error by the number of training galaxies, for as many steps."""
    rows, test = split(*load("train"))
    further = load("train_more")
    order = np.random.RandomState(1).permutation(len(rows[0]))
    paths = np.concatenate([rows[0][order], further[0]])
    votes = pd.concat([rows[1].iloc[order], further[1]])
    recipes = {
        OURS: lambda n: network(classifier__epochs=with_steps_of(n, len(rows[0]), 40), **BFLOAT16),
        "the reference's recipe": lambda n: network(
            "galaxy_id", classifier__epochs=with_steps_of(n, len(rows[0]), 25), **BFLOAT16
        ),
        "2014": lambda n: patches,
    }
    numbers = (100, 300, 1000, len(rows[0]), len(paths))
    print("| recipe |", " | ".join(map(str, numbers)), "|\n|---" + "|---" * len(numbers) + "|")
    for name, recipe in chosen(recipes, arguments).items():
        errors = []
        for n in numbers:
            part = paths[:n], votes.iloc[:n]
            predicted, _ = from_cache(
                arguments.cache, f"{name} of {n}", recipe(n), part, test[0], 0
            )
            errors.append(rmse(test[1], predicted))
        print(f"| {name} |", " | ".join(f"{error:.4f}" for error in errors), "|", flush=True)


def coverage(load, arguments):
    """Print the coverage of conformal intervals of the votes of new galaxies."""
    from galaxy_sklearn import GZ2

    train, test = load("train"), load("test")
    recipe, true = RECIPES[OURS], test[1].to_numpy()
    reach = GZ2.reach(test[1].to_numpy(), form="cumulative").mean(axis=0)
    asked = np.flatnonzero(reach > 0.2)
    print("| nominal | seed | all answers | width / that of training quantiles | by question |")
    print("|---|---|---|---|---|")
    for seed in range(arguments.seeds):
        key = key_of(OURS, recipe, train, test[0], seed)
        pipe = recipe.fitted(train, seed, arguments.cache / f"{key}-training")
        tensor = pipe[:-1].transform(test[0])
        for nominal in (0.5, 0.8, 0.9, 0.95):
            low, high = np.moveaxis(pipe[-1].predict_interval(tensor, nominal), -1, 0)
            covered = (low <= true) & (true <= high)
            ends = np.quantile(train[1], [(1 - nominal) / 2, (1 + nominal) / 2], axis=0)
            by_question = [covered[:, GZ2.slices[q]].mean() for q in asked]
            print(
                f"| {nominal} | {seed} | {covered.mean():.3f} | "
                f"{(high - low).mean() / (ends[1] - ends[0]).mean():.2f} | "
                f"{' '.join(f'{x:.3f}' for x in by_question)} |",
                flush=True,
            )


def intervals(n_train=20_000, n_test=1000):
    """Print the coverage of credible intervals."""
    from galaxy_sklearn import GZ2, make_galaxy_pipeline
    from galaxy_sklearn.datasets import make_galaxies

    data = make_galaxies(n_train + n_test, random_state=0, return_X_y=False)
    rest = slice(n_train, None)
    true = data.probabilities[rest]
    pipe = make_galaxy_pipeline(random_state=0, verbose=1).set_params(
        classifier__loss="dirichlet_multinomial",
        classifier__epochs=20,
        classifier__validation_fraction=0.1,
        classifier__calibrate=True,
        **BFLOAT16,
    )
    pipe.fit(data.data[:n_train], data.counts[:n_train])
    tensor, classifier = pipe[:-1].transform(data.data[rest]), pipe[-1]
    reach = GZ2.reach(GZ2.normalize(true), form="conditional")
    temperature = classifier.target_encoder_.temperature.copy()
    print("| calibrated | nominal | all answers | weighted by reach | by question |")
    print("|---|---|---|---|---|")
    for name, temperatures in (("no", np.ones(11)), ("yes", temperature)):
        classifier.target_encoder_.temperature = temperatures
        for nominal in (0.5, 0.8, 0.9, 0.95):
            low, high = np.moveaxis(classifier.predict_interval(tensor, nominal), -1, 0)
            covered = (low <= true) & (true <= high)
            by_question = np.stack([covered[:, columns].mean(axis=1) for columns in GZ2.slices], 1)
            print(
                f"| {name} | {nominal} | {covered.mean():.3f} | "
                f"{np.average(by_question, weights=reach):.3f} | "
                f"{' '.join(f'{x:.2f}' for x in by_question.mean(axis=0))} |",
                flush=True,
            )
    print("Temperatures:", np.round(temperature, 2))


def split(paths, votes):
    """Hold out galaxies from the part of the training table without selection."""
    numbers = np.array([int(Path(path).stem) for path in paths])
    unbiased = np.flatnonzero(numbers >= FIRST_UNBIASED)
    held_out = np.random.RandomState(0).permutation(unbiased)[:HELD_OUT]
    rest = np.setdiff1d(np.arange(len(paths)), held_out)
    return (paths[rest], votes.iloc[rest]), (paths[held_out], votes.iloc[held_out])


if __name__ == "__main__":
    main()
