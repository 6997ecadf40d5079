"""Train the model "gz2" that the package ships.

    python benchmarks/pretrain.py DIR --model FILE [--checkpoint FOLDER]

DIR holds images/ and tables of Galaxy Zoo 2 in the layout of the Kaggle challenge: train.csv,
train_more.csv and train_partial.csv, of which only some questions are known, are trained on;
test.csv is not. Takes about 90 minutes on one core that computes in bfloat16; with --checkpoint an
interrupted run goes on.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import joblib
import numpy as np
import pandas as pd

from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import load_galaxy_zoo

TABLES = ("train", "train_more", "train_partial")


def main():
    """Train and save the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    arguments = parser.parse_args()
    parts = [
        load_galaxy_zoo(arguments.folder / "images", arguments.folder / f"{table}.csv")
        for table in TABLES
    ]
    pipe = make_galaxy_pipeline(n_jobs=-1, verbose=1, random_state=0)
    pipe.set_params(
        # Four times as many galaxies as in train.csv bear more weights.
        classifier__network__filters=(4, 12, 32, 64),
        classifier__network__features=256,
        classifier__epochs=55,
        classifier__validation_fraction=0.05,
        classifier__calibrate=True,
        classifier__dtype_policy="mixed_bfloat16",
        classifier__checkpoint=arguments.checkpoint,
    )
    pipe.fit(
        np.concatenate([part.data for part in parts]),
        pd.concat([part.target for part in parts], ignore_index=True),
    )
    joblib.dump(pipe, arguments.model)


if __name__ == "__main__":
    main()
