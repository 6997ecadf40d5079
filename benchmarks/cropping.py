"""RMSE of cumulative fractions on images of another scale, by the step `crop` of a pipeline.

    python benchmarks/cropping.py DIR MODEL [--table test] [--galaxies N]

DIR holds images/ and the table, in the layout of the Kaggle challenge. MODEL is the name or file of
a pipeline that was fitted to images of 424 x 424 pixels with `CenterCrop`. Each image is changed as
a row of the printed table says, then cropped by `CenterCrop` or by `CropToGalaxy`. Where a galaxy
is made smaller in its frame, the frame is filled by reflection, so that sky and neighbours surround
the galaxy as in a larger field. Choose by train_more.csv, report on test.csv.
"""

import argparse
import os
import warnings
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from accuracy import rmse
from PIL import Image
from sklearn.utils import gen_batches

from galaxy_sklearn import CenterCrop, CropToGalaxy
from galaxy_sklearn._models import find_model, load_model
from galaxy_sklearn.datasets import load_galaxy_zoo
from galaxy_sklearn.images import read_image

CHUNK = 25


def resampled(image, side):
    """Return a square image with another number of pixels."""
    return np.asarray(Image.fromarray(image).resize((side, side), Image.BICUBIC))


def scaled(image, factor):
    """Make the galaxy larger or smaller, in a frame of the same size."""
    side = len(image)
    if factor > 1:
        return resampled(CenterCrop(round(side / factor)).transform(image[None])[0], side)
    small = resampled(image, round(side * factor))
    before = (side - len(small)) // 2
    width = (before, side - len(small) - before)
    return np.pad(small, (width, width, (0, 0)), mode="symmetric")


def shifted(image, fraction):
    """Move the galaxy down and to the right by a fraction of the side."""
    side, n = len(image), round(len(image) * fraction)
    return np.pad(image, ((n, 0), (n, 0), (0, 0)), mode="symmetric")[:side, :side]


CHANGES = {
    "none": lambda image: image,
    "galaxy x 0.5": partial(scaled, factor=0.5),
    "galaxy x 0.7": partial(scaled, factor=0.7),
    "galaxy x 1.4": partial(scaled, factor=1.4),
    "galaxy x 2": partial(scaled, factor=2),
    "shifted by 10%, both axes": partial(shifted, fraction=0.1),
    "300 x 300 pixels": partial(resampled, side=300),
    "848 x 848 pixels": partial(resampled, side=848),
}
CROPS = {"CenterCrop()": CenterCrop(), "CropToGalaxy()": CropToGalaxy()}


def tensor_of(steps, paths, change):
    """Read, change, crop and resize images."""
    chunks = []
    for chunk in gen_batches(len(paths), CHUNK):
        images = [change(read_image(str(path))) for path in paths[chunk]]
        chunks.append(steps.fit_transform(images))
    return np.concatenate(chunks)


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("--table", default="test")
    parser.add_argument("--galaxies", type=int, help="drawn at random; by default all")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "No galaxy that can be measured")
    data = load_galaxy_zoo(arguments.folder / "images", arguments.folder / f"{arguments.table}.csv")
    rows = np.random.default_rng(0).permutation(len(data.data))[: arguments.galaxies]
    paths, votes = np.asarray(data.data)[rows], data.target.iloc[rows]

    pipe = load_model(find_model(arguments.model))
    print(f"{len(paths)} galaxies of {arguments.table}.csv\n")
    print("| change of the images |", " | ".join(CROPS), "|")
    print("|---" * (1 + len(CROPS)) + "|")
    for name, change in CHANGES.items():
        errors = []
        for crop in CROPS.values():
            tensor = tensor_of(pipe[:-1].set_params(crop=crop), paths, change)
            errors.append(rmse(votes, pipe[-1].predict_proba(tensor)))
        print(f"| {name} |", " | ".join(f"{error:.4f}" for error in errors), "|", flush=True)


if __name__ == "__main__":
    main()
