"""Which images the column `unusual` tells apart from those of the training.

    python benchmarks/unusual.py DIR [--model gz2]

DIR holds images/ and test.csv in the layout of the Kaggle challenge. Prints for each kind of image
the part that is above 1, and the median. The pictures of scikit-image are downloaded by it, but for
those that it brings along.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import skimage.data
from PIL import Image
from skimage.transform import resize

from galaxy_sklearn._models import find_model, load_model
from galaxy_sklearn.datasets import load_galaxy_zoo, make_galaxies

SIDE = 424


def kinds(paths):
    """Yield kinds of images: their names, and colour images of uint8."""
    rng = np.random.default_rng(0)
    galaxies = [np.asarray(Image.open(path)) for path in paths[:150]]
    yield "galaxies of test.csv", paths
    yield "... red and blue exchanged", [image[..., ::-1] for image in galaxies]
    yield (
        "... in gray",
        [np.dstack([image.mean(axis=2).astype(np.uint8)] * 3) for image in galaxies],
    )
    yield "... inverted", [255 - image for image in galaxies]
    yield "... off centre by 30% of the side", [np.roll(x, (127, 127), (0, 1)) for x in galaxies]
    for factor in (0.25, 0.5, 0.7, 1.4, 2, 4):
        yield f"... {factor} times as large in the frame", [scaled(x, factor) for x in galaxies]
    yield "simulated galaxies", list(make_galaxies(100, random_state=0)[0])
    yield "stars", [star(rng) for _ in range(50)]
    yield "empty sky", [sky(rng) for _ in range(50)]
    yield "noise", list(rng.integers(0, 256, (50, SIDE, SIDE, 3), dtype=np.uint8))
    yield "black, gray, white", [np.full((SIDE, SIDE, 3), x, np.uint8) for x in (0, 128, 255)]
    deep = skimage.data.hubble_deep_field()
    corners = [(y, x) for y in range(0, 650, 212) for x in range(0, 780, 212)]
    yield "parts of the Hubble Deep Field", [deep[y : y + SIDE, x : x + SIDE] for y, x in corners]
    for name in ("chelsea", "astronaut", "coffee", "rocket", "text", "page", "moon", "coins"):
        picture = getattr(skimage.data, name)()
        picture = picture if picture.ndim == 3 else np.dstack([picture] * 3)
        title = {"chelsea": "a cat"}.get(name, name)
        yield title, [(resize(picture, (SIDE, SIDE)) * 255).astype(np.uint8)]


def scaled(image, factor):
    """Return an image whose galaxy takes another part of the frame."""
    side = round(SIDE * factor)
    image = (resize(image, (side, side), anti_aliasing=factor < 1) * 255).astype(np.uint8)
    if side < SIDE:
        before = (SIDE - side) // 2
        around = (before, SIDE - side - before)
        return np.pad(image, (around, around, (0, 0)), mode="edge")
    start = (side - SIDE) // 2
    return image[start : start + SIDE, start : start + SIDE]


def sky(rng):
    return np.clip(rng.normal(8, 4, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)


def star(rng):
    """Return a point source as SDSS would show it, saturated or not."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    width, colour = rng.uniform(2, 6), rng.uniform(0.6, 1, 3)
    light = np.exp(-(x**2 + y**2) / (2 * width**2))[..., None] * colour * rng.uniform(200, 2000)
    return np.clip(light + sky(rng), 0, 255).astype(np.uint8)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--model", default="gz2", help="name or file")
    arguments = parser.parse_args()
    pipe = load_model(find_model(arguments.model))
    test = load_galaxy_zoo(arguments.folder / "images", arguments.folder / "test.csv")
    print("| images | number | above 1 | median |\n|---|---|---|---|")
    for name, images in kinds(list(test.data)):
        unusual = -pipe.score_samples(images)
        above = np.mean(unusual > 1)
        print(f"| {name} | {len(images)} | {above:.0%} | {np.median(unusual):.2f} |", flush=True)


if __name__ == "__main__":
    main()
