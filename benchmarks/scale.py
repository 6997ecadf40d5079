"""Cost of a survey: rates of one core, core-hours, bytes and memory (docs/scale.md).

    python benchmarks/scale.py IMAGES
    python benchmarks/scale.py --memory [--galaxies 239267] [--dtype uint8]

IMAGES is a folder of JPEG files of 424 x 424 pixels. Times are CPU times of one thread. With
--memory a network is trained for an epoch on a tensor of so many images, and the most memory that
the process took is printed. The network is a narrow one, which takes no less memory by more than
its weights.
"""

import argparse
import io
import itertools
import os
import tarfile
import tempfile
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
os.environ["TF_NUM_INTEROP_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import pandas as pd
from sklearn.utils import gen_batches

from galaxy_sklearn import make_galaxy_pipeline
from galaxy_sklearn.datasets import iter_images, make_galaxies
from galaxy_sklearn.scoring import score_catalogue

N_SCORED = 512
READING = "reading, cropping and resizing in colour"
PART = 16_384
LOOKS = {"equivariant": "equivariant, one look", "residual": "residual, eight looks"}


def cpu(run, n):
    """Return the CPU time per image of the second run, in microseconds."""
    run()
    start = time.process_time()
    run()
    return (time.process_time() - start) / n * 1e6


def listing(images, folder):
    """Time listing the names of images."""
    names = pd.DataFrame({"path": [f"/survey/tile-7/{i}.jpg" for i in range(300_000)]})
    names.to_parquet(folder / "names.parquet")
    with tarfile.open(folder / "shard.tar", "w") as archive:
        for i in range(30_000):
            info = tarfile.TarInfo(f"{i}.jpg")
            info.size = 1000
            archive.addfile(info, io.BytesIO(bytes(1000)))
    n_files = len(list(images.glob("*.jpg")))
    sources = {
        "listing a folder": (images, n_files),
        "listing a Parquet table of paths": (folder / "names.parquet", len(names)),
        "listing a tar archive": (folder / "shard.tar", 30_000),
    }
    return {
        name: cpu(lambda source=source: sum(1 for _ in iter_images(source)), n)
        for name, (source, n) in sources.items()
    }


def scoring(paths):
    """Time reading, training and predicting."""
    some, votes = paths[:N_SCORED], make_galaxies(N_SCORED, image_size=8, random_state=0)[1]
    times = {}
    for recipe, policy in itertools.product(LOOKS, ("float32", "mixed_bfloat16")):
        pipe = make_galaxy_pipeline(recipe, random_state=0).set_params(
            classifier__epochs=1,
            classifier__validation_fraction=0,
            classifier__dtype_policy=policy,
            classifier__warm_start=True,  # the second time nothing is built
        )
        pipe.fit(some, votes)
        read = partial(pipe[:-1].transform, some)
        if not times:
            times[READING] = cpu(read, len(some))
        tensor = read()
        predict = partial(pipe[-1].predict_proba, tensor)
        times[f"predicting, {LOOKS[recipe]}, {policy}"] = cpu(predict, len(some))
        train = partial(pipe[-1].partial_fit, tensor, votes)
        times[f"training for an epoch, {recipe}, {policy}"] = cpu(train, len(some))
    return times, make_galaxy_pipeline().set_params(classifier__epochs=1).fit(some, votes)


def memory(n_galaxies, dtype):
    """Print the most memory that a training takes."""
    import resource

    import numpy as np

    from galaxy_sklearn import GalaxyClassifier

    _, votes = make_galaxies(1000, image_size=8, random_state=0)
    y = votes.iloc[np.arange(n_galaxies) % 1000]
    X = np.empty((n_galaxies, 64, 64, 3), dtype=dtype)
    rng = np.random.default_rng(0)
    for rows in gen_batches(n_galaxies, 1000):
        pixels = rng.integers(256, size=X[rows].shape, dtype=np.uint8)
        X[rows] = pixels if dtype == "uint8" else pixels / 255
    narrow = {"network__filters": (1, 1, 2, 2), "network__features": 8}
    classifier = GalaxyClassifier(epochs=1, batch_size=256, verbose=1, **narrow)
    classifier.fit(X, y)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{n_galaxies} galaxies, {dtype}: tensor {X.nbytes / 1e9:.2f} GB, in all {peak:.2f} GB")


def main():
    """Print the rates and the costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, nargs="?")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--galaxies", type=int, default=239_267)
    parser.add_argument("--dtype", default="uint8")
    arguments = parser.parse_args()
    if arguments.memory:
        memory(arguments.galaxies, arguments.dtype)
        return
    images = arguments.images
    files = sorted(images.glob("*.jpg"))
    n_bytes = sum(file.stat().st_size for file in files) / len(files)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        times = listing(images, folder)
        scored, pipe = scoring([str(file) for file in files])
        score_catalogue(pipe, images, folder / "scores.parquet", verbose=False)
        row = (folder / "scores.parquet").stat().st_size / len(files)
    print("| | us per image |\n|---|---|")
    for name, us in (times | scored).items():
        print(f"| {name} | {us:,.{0 if us > 10 else 1}f} |")
    reading, one, eight = (
        scored[name]
        for name in (
            READING,
            *(f"predicting, {looks}, mixed_bfloat16" for looks in LOOKS.values()),
        )
    )
    print(f"\n{n_bytes:.0f} bytes per JPEG file, {row:.0f} bytes per row of Parquet\n")
    print(
        "| images | core-hours: equivariant / residual (bfloat16) | GB read | GB written "
        "| parts | listing a tar archive twice, h |\n|---|---|---|---|---|---|"
    )
    for exponent in (6, 8, 10):
        n = 10**exponent
        hours = [(reading + predicting) * n / 3.6e9 for predicting in (one, eight)]
        print(
            f"| 10^{exponent} | {hours[0]:,.1f} / {hours[1]:,.1f} | {n * n_bytes / 1e9:,.0f} | "
            f"{n * row / 1e9:,.1f} | {-(-n // PART):,} | "
            f"{2 * times['listing a tar archive'] * n / 3.6e9:.2f} |"
        )


if __name__ == "__main__":
    main()
