"""RMSE of cumulative fractions on held-out galaxies, ours beside simple baselines.

    python benchmarks/accuracy.py DIR [MODEL ...]

DIR holds images/, train.csv and test.csv in the layout of the Kaggle challenge; each MODEL is a
file that ``galaxy-sklearn train`` wrote, trained on train.csv.
"""

import argparse
import time
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from galaxy_sklearn import CenterCrop, FlattenToTensor, Grayscale, ImageReader, Resize
from galaxy_sklearn.datasets import load_galaxy_zoo


def rmse(votes, predicted):
    """Root mean squared error; the baselines obey no tree, so no form is checked."""
    return float(np.sqrt(np.mean((np.asarray(votes) - predicted) ** 2)))


def ridge(train, test):
    """Predict from 32 x 32 gray pixels; the penalty is chosen on the training galaxies."""
    pixels = make_pipeline(ImageReader(), CenterCrop(), Grayscale(), Resize(32), FlattenToTensor())
    rows = [
        np.reshape(pixels.fit_transform(data.data), (len(data.data), -1)) for data in (train, test)
    ]
    model = make_pipeline(StandardScaler(), RidgeCV(10.0 ** np.arange(1, 7)))
    return model.fit(rows[0], train.target).predict(rows[1])


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="*", type=Path)
    arguments = parser.parse_args()
    train, test = (
        load_galaxy_zoo(arguments.folder / "images", arguments.folder / f"{part}.csv")
        for part in ("train", "test")
    )
    print(f"{len(train.data)} galaxies to train on, {len(test.data)} to test on")
    mean = np.tile(train.target.mean().to_numpy(), (len(test.data), 1))
    print(f"{'mean of the training galaxies':40s}{rmse(test.target, mean):8.4f}")
    start = time.perf_counter()
    error = rmse(test.target, ridge(train, test))
    print(f"{'ridge on 32 x 32 gray pixels':40s}{error:8.4f}{time.perf_counter() - start:8.0f} s")
    for path in arguments.models:
        error = rmse(test.target, joblib.load(path).predict_proba(test.data))
        print(f"{path.name:40s}{error:8.4f}")


if __name__ == "__main__":
    main()
