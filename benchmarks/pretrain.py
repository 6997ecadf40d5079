"""Train the model "gz2" that the package ships.

    python benchmarks/pretrain.py DIR --output FOLDER [--checkpoint FOLDER]

DIR holds images/ and tables of Galaxy Zoo 2 in the layout of the Kaggle challenge: train.csv,
train_more.csv and train_partial.csv, of which only some questions are known, are trained on;
test.csv scores the model for its card. Takes about 90 minutes on one core that computes in
bfloat16; with --checkpoint an interrupted run goes on. Writes gz2.skops and gz2.md.
"""

import argparse
import os
from copy import deepcopy
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

from galaxy_sklearn import make_galaxy_pipeline, metrics
from galaxy_sklearn._compat import all_layers
from galaxy_sklearn.datasets import load_galaxy_zoo
from galaxy_sklearn.sharing import load_model, save_model
from galaxy_sklearn.sharing._card import card_text

TABLES = ("train", "train_more", "train_partial")
RECIPE = {
    # Four times as many galaxies as in train.csv bear more weights.
    "classifier__network__filters": (4, 12, 32, 64),
    "classifier__network__features": 256,
    "classifier__epochs": 55,
    "classifier__validation_fraction": 0.05,
    "classifier__calibrate": True,
    "classifier__dtype_policy": "mixed_bfloat16",
}
DESCRIPTION = """\
From a colour image of a galaxy to the 37 vote fractions of Galaxy Zoo 2, in cumulative form. It
works without a GPU.

It knows JPEG cutouts of SDSS in the colours of its image server, 424 x 424 pixels with the galaxy
in the centre and a scale that follows the galaxy: 0.02 times the Petrosian radius that holds 90% of
the light, per pixel. `CropToGalaxy` brings cutouts of another scale to that. Do not trust it on
images of other surveys, on colours made in another way, on galaxies much fainter or smaller than
those of Galaxy Zoo 2 (brighter than r = 17), on stars and artifacts. The column `unusual` is above
1 for one in 100 galaxies like those that it knows, and for most images unlike them, but not for
all: wrong colours often pass."""
TRAINED_ON = """\
Images of the Sloan Digital Sky Survey (DR7) and votes of the volunteers of Galaxy Zoo 2, for
10,683 galaxies in the form of the Kaggle challenge of 2014: 6,287 with votes for all questions,
4,396 with votes for questions 1, 2, 6, 7 and 8. Cite Willett et al. 2013 (MNRAS 435, 2835) and Hart
et al. 2016 (MNRAS 461, 3663) for the votes, and SDSS for the images. `benchmarks/pretrain.py` in
the repository of galaxy_sklearn trains it again."""


def fit(folder, checkpoint):
    """Return the fitted pipeline."""
    parts = [load_galaxy_zoo(folder / "images", folder / f"{table}.csv") for table in TABLES]
    pipe = make_galaxy_pipeline(n_jobs=-1, verbose=1, random_state=0)
    pipe.set_params(classifier__checkpoint=checkpoint, **RECIPE)
    pipe.fit(
        np.concatenate([part.data for part in parts]),
        pd.concat([part.target for part in parts], ignore_index=True),
    )
    return pipe.set_params(tensor__verbose=False, tensor__n_jobs=None, classifier__verbose=0)


def in_float32(pipe):
    """Return the pipeline with a network that computes in float32, as fast on any processor."""
    classifier = pipe["classifier"].set_params(dtype_policy="float32", checkpoint=None)
    for layer in all_layers(classifier.model_):
        layer.dtype_policy = "float32"
    return deepcopy(pipe)  # built anew from what its layers say


def main():
    """Train and save the model, and write its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--checkpoint", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    test = load_galaxy_zoo(arguments.folder / "images", arguments.folder / "test.csv")

    def report(name, model):
        rmse = metrics.cumulative_rmse(test.target, model.predict_proba(test.data))
        print(f"RMSE on test.csv, {name}: {rmse:.5f}", flush=True)

    pipe = fit(arguments.folder, arguments.checkpoint)
    report("as trained", pipe)
    pipe = in_float32(pipe)
    report("in float32", pipe)
    file = arguments.output / "gz2.skops"
    save_model(pipe, file, dtype="float16")
    model = load_model(file)
    report("with weights of float16", model)
    text = card_text(
        model,
        test.data,
        test.target,
        title="Galaxy Zoo 2, trained on 10,683 galaxies",
        description=DESCRIPTION,
        trained_on=TRAINED_ON,
        license="bsd-3-clause",
        function="load_pretrained",
        name="gz2",
    )
    (arguments.output / "gz2.md").write_text(text)


if __name__ == "__main__":
    main()
